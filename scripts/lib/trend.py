"""Runs of one machine over time: each side and effect of the primary contrasts, run by run."""
from collections.abc import Sequence
from dataclasses import dataclass

from comparison import Group
from reduced import CONTROL, Key, Series
from stats import Estimate
from text import plain, quantity, significant


@dataclass(frozen=True)
class Line:
    key: Key
    shown: str
    unit: str
    more_is_better: bool
    delta: float
    points: tuple[Series | None, ...]  # in the order of time

    @property
    def what(self) -> str:
        return f"{self.key.name} ({self.shown})" if self.shown else self.key.name

    @property
    def last_over_first(self) -> str:
        values = [of.estimate.value for of in self.points if of and of.estimate.n]
        return significant(values[-1] / values[0]) if len(values) > 1 and values[0] else "-"


def text_of(point: Series | None) -> str:
    if point is None or not point.estimate.n:
        return "-"
    return quantity(point.estimate.value, "" if point.unit == "times" else point.unit)


def lines(group: Group) -> list[Line]:
    """Of everything that code verdicts are about, in their order."""
    by_run = [{of.key: of for of in entry.run.series} for entry in group.by_time]
    out = []
    for change in group.changes:
        key = change.new.key
        if key.kind != CONTROL:
            out.append(Line(key, change.new.shown, change.new.unit, change.new.more_is_better, change.delta,
                            tuple(of.get(key) for of in by_run)))
    return out


def over(of: Estimate, base: float) -> Estimate:
    return Estimate(of.value / base, of.lo / base, of.hi / base, of.n)


def dat(groups: Sequence[Group]) -> str:
    """A block for each line: run by run its value over that of the first run."""
    out = ["# claim\texperiment\twhat\tmetric\trun\tstarted\tover_first\tlo\thi\trounds\tdelta"]
    for group in groups:
        for line in lines(group):
            base = next((of.estimate.value for of in line.points if of and of.estimate.n), 0)
            rows = []
            for entry, of in zip(group.by_time, line.points):
                if of and of.estimate.n and base > 0:
                    at = over(of.estimate, base)
                    rows.append("\t".join([*map(plain, (line.key.claim or "-", line.key.experiment, line.what,
                                                        line.key.metric)), str(entry.mark),
                                           plain(entry.run.started) or "-", *(f"{v:.6g}" for v in (at.value, at.lo,
                                           at.hi)), str(at.n), f"{line.delta:.4g}"]))
            out += [*rows, "", ""] if rows else []
    return "\n".join(out).rstrip("\n") + "\n"
