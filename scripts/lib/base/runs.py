"""A run, as the scripts know it; read.py makes it from a folder. results/README.md says what each field means.

No name from a run becomes part of a path unless it is a plain name.
"""
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from base import stats

FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


class Side(NamedTuple):
    cell: str
    backend: str
    workers: int


@dataclass(frozen=True)
class Metric:
    name: str
    unit: str
    more_is_better: bool
    kind: str  # cost, rate or count
    summary: str


@dataclass(frozen=True)
class Contrast:
    name: str
    metric: str
    a: Side | None
    b: Side | None


@dataclass(frozen=True)
class Condition:
    contrast: int
    op: str
    value: float


@dataclass(frozen=True)
class Rule:
    contrasts: list[Contrast]
    supported_all: list[Condition]
    refuted_any: list[Condition]
    evaluator: str | None


@dataclass(frozen=True)
class Experiment:
    name: str
    claim: str
    statement: str
    question: str
    axes: list[str]
    metric: str
    base: str
    rule: Rule | None
    primary: str = ""  # the primary cell in words


@dataclass(frozen=True)
class Cell:
    name: str
    experiment: str
    workload: str
    load: str
    mode: str
    keys: dict[str, float | str]
    primary: bool
    sides: list[Side]
    every: int = 1  # it is measured in the first of so many rounds

    @property
    def never_spins(self) -> bool:
        """What a verdict rests on, measured once more with a spin budget of 0."""
        return self.keys.get("spin") == "none"

    def number(self, key: str) -> float | None:
        value = self.keys.get(key)
        return value if isinstance(value, (int, float)) else None


def key_text(cell: Cell, key: str) -> str:
    value = cell.number(key)
    return "unknown" if value is None else f"{value:g}"


@dataclass(frozen=True)
class Sample:
    round: int
    side: Side
    status: str
    reason: str
    metrics: dict[str, float]
    environment: dict[str, float | str]


NO_OPERATION = "the backend has no such operation"


def has_value(sample: Sample) -> bool:
    """It did its tasks, or a ramp held some of them before its limit; or nothing was to be had of it."""
    return (sample.status == "ok" or sample.metrics.get("held", 0) > 0 or sample.reason == NO_OPERATION
            or sample.side.backend.startswith("python-") or sample.side.backend in ("processes", "floor"))


@dataclass(frozen=True)
class Check:
    name: str
    text: str
    advice: str


@dataclass
class Run:
    path: Path
    document: dict[str, Any]  # run.json, its texts cleaned
    machine: dict[str, Any]   # machine.json, {} if there is none
    metrics: dict[str, Metric]
    experiments: list[Experiment]
    cells: dict[str, Cell]
    samples: list[Sample]
    checks: list[Check]
    histograms: dict[Side, dict[int, int]] = field(default_factory=dict)  # all rounds merged
    timelines: dict[Side, list[dict[str, Any]]] = field(default_factory=dict)  # one a round
    latenesses: dict[Side, dict[int, int]] = field(default_factory=dict)  # histograms, all rounds merged
    lines: dict[tuple[int, Side], int] = field(default_factory=dict)  # of the journal, from 1

    @property
    def profile(self) -> str:
        return self.document["factors"]["profile"]

    @property
    def is_complete(self) -> bool:
        return self.document["run"]["status"] == "complete"

    @property
    def rounds_planned(self) -> int:
        return self.document["factors"]["rounds"]

    def rounds_of(self, cell: Cell) -> int:
        return -(-self.rounds_planned // cell.every)

    def in_rounds(self, cells: Iterable[Cell]) -> str:
        """In how many rounds these are measured: "20 rounds", or "20 to 80 rounds"."""
        counts = {self.rounds_of(cell) for cell in cells} or {self.rounds_planned}
        return " to ".join(str(n) for n in sorted({min(counts), max(counts)})) + f" round{'s' * (counts != {1})}"

    @cached_property
    def rounds_done(self) -> int:
        """Rounds of which every side was measured that has its turn there."""
        counts: dict[int, int] = defaultdict(int)
        for sample in self.samples:
            counts[sample.round] += 1
        return sum(n >= sum(len(cell.sides) for cell in self.cells.values() if number % cell.every == 0)
                   for number, n in counts.items())

    @cached_property
    def by_side(self) -> dict[Side, list[Sample]]:
        sides: dict[Side, list[Sample]] = defaultdict(list)
        for sample in sorted(self.samples, key=lambda sample: sample.round):
            sides[sample.side].append(sample)
        return sides

    def samples_of(self, side: Side) -> list[Sample]:
        return self.by_side.get(side, [])

    def values(self, side: Side, metric: str, status: str = "ok") -> dict[int, float]:
        """Round -> value, of the rounds in which the side ended so."""
        return {sample.round: sample.metrics[metric] for sample in self.samples_of(side)
                if sample.status == status and metric in sample.metrics}

    def estimate(self, side: Side, metric: str) -> stats.Estimate:
        """Over the rounds that went well; of a side that always ended at a limit, over those."""
        values = self.values(side, metric) or self.values(side, metric, "limit")
        return stats.median(list(values.values()))

    def status(self, side: Side) -> str:
        """`ok`, or the worst that happened; `absent` where nothing was recorded."""
        seen = {sample.status for sample in self.samples_of(side)}
        return next((status for status in ("failed", "limit", "ok") if status in seen), "absent")

    @cached_property
    def unmeasured(self) -> dict[str, str]:
        """Backends that have no value in any cell, each with the reason; not controls that a machine may lack."""
        seen: dict[str, list[Sample]] = defaultdict(list)
        for sample in self.samples:
            seen[sample.side.backend].append(sample)
        return {backend: next((of.reason for of in samples if of.reason), "no reason given")
                for backend, samples in seen.items() if not any(map(has_value, samples))}

    @cached_property
    def plugin_backends(self) -> list[str]:
        """Those that plugins brought; older runs do not tell."""
        rows = self.document.get("backends")
        return [row["name"] for row in (rows if isinstance(rows, list) else [])
                if isinstance(row, dict) and row.get("plugin") is True and isinstance(row.get("name"), str)]

    @cached_property
    def by_experiment(self) -> dict[str, list[Cell]]:
        found: dict[str, list[Cell]] = defaultdict(list)
        for cell in self.cells.values():
            if not cell.never_spins:
                found[cell.experiment].append(cell)
        return found

    @cached_property
    def twins(self) -> dict[str, Cell]:
        """Cell -> the same cell where nobody spins."""
        def others(cell: Cell) -> tuple[str, str, frozenset[tuple[str, float | str]]]:
            return cell.experiment, cell.workload, frozenset(item for item in cell.keys.items() if item[0] != "spin")

        sleeping = {others(cell): cell for cell in self.cells.values() if cell.never_spins}
        return {name: sleeping[others(cell)] for name, cell in self.cells.items()
                if not cell.never_spins and others(cell) in sleeping}

    @cached_property
    def sides(self) -> set[Side]:
        return {side for cell in self.cells.values() for side in cell.sides}

    @cached_property
    def measured_sides(self) -> dict[str, list[Side]]:
        """By experiment, in the order in which they were measured, but those that never spin."""
        found: dict[str, list[Side]] = defaultdict(list)
        for side in self.by_side:
            if not self.cells[side.cell].never_spins:
                found[self.cells[side.cell].experiment].append(side)
        return found

    @cached_property
    def first_sides(self) -> dict[tuple[str, str], Side]:
        """Cell and backend -> the first side of that backend, whatever its size."""
        return {(side.cell, side.backend): side for cell in self.cells.values() for side in reversed(cell.sides)}

    def cells_of(self, experiment: str) -> list[Cell]:
        """Without those that never spin."""
        return self.by_experiment.get(experiment, [])

    def primary_cells(self, experiment: str) -> list[Cell]:
        return [cell for cell in self.cells_of(experiment) if cell.primary]
