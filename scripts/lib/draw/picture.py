"""What a picture is made of: rows and limits, and the styles of series."""
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from base import text
from base.runs import Experiment, Run, Side
from base.stats import Estimate
from judge import answers
from judge.verdicts import Judgement


@dataclass(frozen=True)
class Row:
    x: float
    of: Estimate
    series: str
    style: int
    panel: int = 1
    open: bool = False  # drawn hollow: no interval, too few samples, or stopped at a limit
    label: str = ""     # of a category, or of the panel


@dataclass(frozen=True)
class Limit:
    axis: str  # x, y, or band: a region of x from value to until
    value: float
    label: str
    until: float = math.nan
    panel: int = 1


@dataclass
class Picture:
    x_name: str
    y_name: str
    rows: list[Row]
    limits: list[Limit] = field(default_factory=list)
    x_label: str = ""  # for generic pictures
    y_label: str = ""


# Backend -> its line style in scripts/plot/style.gp. Up to four sizes of one backend have styles of their own.
STYLES = {"pool": 10, "pool-again": 20, "raw": 30, "raw-capped": 40, "serial": 50, "pool-helping": 60,
          "pool-elastic": 65, "floor": 70, "ideal": 80, "processes": 85, "raw-detached": 35, "raw-group": 36,
          "pool-reject": 60, "pool-block": 65, "pool-caller": 92, "peers": 110, "peer": 111, "pool-copied": 66,
          "pool-rebuilt": 66, "pool-ordered": 66, "pool-chained": 66}
STYLE_OTHERS = 90
VARIANTS = 4
VARIANTS_OTHERS = 10  # of backends that have no style of their own

# From so many backends of plugins on, their lines cannot be told apart: they become a band.
BAND_FROM = 3

# Floors that other pictures draw as limits, where a time is on an axis.
LIMITS = {"clone": "clone", "pthread-tuned": "create + join", "futex-round-trip": "futex round trip"}

Builder = Callable[[Judgement, Experiment], Picture]


@dataclass(frozen=True)
class View:
    """How an experiment is shown: its script, its rows, and the metrics of its table."""
    script: str
    build: Builder
    metrics: list[str]
    title: str = ""  # the experiment's question, if there is none


class Series:
    """Gives series their names and styles, in order of appearance."""

    def __init__(self) -> None:
        self.styles: dict[str, int] = {}
        self.counts: dict[int, int] = {}

    def style(self, backend: str, series: str) -> int:
        if series not in self.styles:
            first = STYLES.get(backend, STYLE_OTHERS)
            variant = self.counts.get(first, 0)
            self.counts[first] = variant + 1
            most = VARIANTS_OTHERS if first == STYLE_OTHERS else VARIANTS
            self.styles[series] = first + min(variant, most - 1)
        return self.styles[series]


def time_limits(run: Run, axis: str, panel: int = 1) -> list[Limit]:
    found = [(answers.floor_estimate(run, name), label) for name, label in LIMITS.items()]
    return [Limit(axis, of.value, f"{label} {text.quantity(of.value, 'ns')}", panel=panel)
            for of, label in found if of.n]


def is_open(run: Run, side: Side, of: Estimate) -> bool:
    return not of.has_interval or run.status(side) != "ok"


def ranked(rows: list[Row]) -> list[Row]:
    """Categories from the smallest value, at the top, to the largest."""
    ordered = sorted((row for row in rows if row.of.n), key=lambda row: row.of.value)
    return [Row(-float(i), row.of, row.series, row.style, row.panel, row.open, row.label)
            for i, row in enumerate(ordered)]
