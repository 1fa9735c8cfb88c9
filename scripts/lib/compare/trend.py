"""Runs of one machine over time: each side and effect of the primary contrasts, run by run."""
import shutil
from dataclasses import dataclass
from pathlib import Path

from base.text import plain, quantity, significant
from compare.comparison import Entry, Group
from compare.reduced import CONTRAST, CONTROL, Key, Series
from draw.pictures import PLOT_DIR


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
    return [line for line in every_line(group) if line.key.kind != CONTROL]


def every_line(group: Group) -> list[Line]:
    by_run = [{of.key: of for of in entry.run.series} for entry in group.by_time]
    out = []
    for change in group.changes:
        key, new = change.new.key, change.new
        out.append(Line(key, new.shown, new.unit, new.more_is_better, change.delta,
                        tuple(of.get(key) for of in by_run)))
    return out


# The picture: a panel for each primary contrast, with either side and the effect, each over its first value.

@dataclass(frozen=True)
class Panel:
    title: str
    delta: float
    lines: tuple[Line | None, ...]  # side a, side b, the effect


def panels(group: Group) -> list[Panel]:
    by_key = {line.key: line for line in every_line(group)}
    out = []
    for change in group.changes:
        if change.new.key.kind == CONTRAST:
            found = (*(by_key.get(key) for key in change.new.of), by_key.get(change.new.key))
            out.append(Panel(f"{change.new.key.claim} {change.new.key.name}", change.delta, found))
    return out


def row(entry: Entry, place: int, of: Series, line: Line, base: float) -> str:
    shown = of.estimate
    texts = (line.key.claim or "-", line.key.experiment, line.what, line.key.metric, entry.run.started or "-")
    return "\t".join([str(place), *(f"{value / base:.6g}" for value in (shown.value, shown.lo, shown.hi)), str(shown.n),
                      str(entry.mark), *(plain(text) or "-" for text in texts)])


def block(group: Group, line: Line | None) -> list[str]:
    """Run by run the value over that of the first run. A row for nothing, so that there always is a block."""
    base = next((of.estimate.value for of in line.points if of and of.estimate.n), 0.0) if line else 0.0
    rows = [row(entry, place, of, line, base) for place, (entry, of) in enumerate(zip(group.by_time, line.points), 1)
            if of and of.estimate.n] if line and base > 0 else []
    return rows or ["nan\tnan\tnan\tnan\t0\t0\t-\t-\t-\t-\t-"]


def dat(group: Group) -> str:
    out = ["# place\tover_first\tlo\thi\trounds\trun\tclaim\texperiment\twhat\tmetric\tstarted"]
    for panel in panels(group):
        for line in panel.lines:
            out += ["", ""] * (len(out) > 1) + block(group, line)
    return "\n".join(out) + "\n"


def text_dat(group: Group) -> str:
    """What is written on the panels, and how far \u03b4 reaches."""
    rows = [f"{plain(panel.title) or '-'}\t{panel.delta:.4g}" for panel in panels(group)]
    return "# title\tdelta\n" + "\n".join(rows) + "\n"


def name_of(group: Group) -> str:
    return f"trend-{group.entries[0].mark}"


def write_inputs(group: Group, folder: Path) -> list[str]:
    """Returns the name of the picture, for pictures.draw()."""
    if not panels(group):
        return []
    name, (data, plots) = name_of(group), (folder / "data", folder / "plots")
    marks = " ".join(str(entry.mark) for entry in group.by_time)
    data.mkdir(exist_ok=True)
    plots.mkdir(exist_ok=True)
    (data / f"{name}.dat").write_text(dat(group))
    (data / f"{name}.text.dat").write_text(text_dat(group))
    (plots / f"{name}.gp").write_text(f"name = '{name}'\nn_panels = {len(panels(group))}\n"
                                      f"n_runs = {len(group.entries)}\nmarks = '{marks}'\nload 'trend.gp'\n")
    shutil.copyfile(PLOT_DIR / "trend.gp", plots / "trend.gp")
    return [name]
