"""What a run contributes to pictures of several machines. Only what means the same on every machine is compared: the
pool of an experiment's contrast, one thread per task, and one over the other. Small, and fit to be pickled."""
from dataclasses import dataclass
from typing import NamedTuple

import answers
import stats
from effects import ratio_values
from picture import STYLES, is_open
from runs import Cell, Run, Side
from stats import Estimate

FLOOR = "pthread-tuned"  # create + join: what one thread per task cannot go below
FLOOR_UNIT = "thread creations"

# What an axis shows. Times and rates change in the relative picture; the others are relative already.
TIME, RATE, SHARE, RATIO, BYTES, NUMBER = "time", "rate", "share", "ratio", "bytes", "number"
LINEAR = "linear"  # a number whose logarithm says nothing
KINDS = {"ns": TIME, "per s": RATE, "bytes": BYTES, "B": BYTES}
OVER = "over"  # the group of ratios between sides

POOL, THREAD = "pool", "one thread per task"
POOL_OVER_THREAD = "pool over thread"
NAMES = {"raw": THREAD, "raw-detached": "detached thread per task", "pool-reject": "refusing pool"}


class Point(NamedTuple):
    x: float    # its place, or nothing where the axis has categories
    label: str  # of its category
    of: Estimate
    in_doubt: bool  # no interval, too few samples, a late generator, or stopped at a limit


@dataclass(frozen=True)
class Panel:
    title: str
    group: str  # panels of a group have one axis of values
    kind: str
    y_label: str
    points: tuple[Point, ...]
    style: int = STYLES["pool"]  # where a picture shows one machine


@dataclass(frozen=True)
class Overlay:
    question: str
    x_label: str
    x_kind: str  # "" where x has categories
    panels: tuple[Panel, ...]
    floor: Estimate
    has_steps: bool = False  # numbers stand side by side, at equal distances, each with its label

    @property
    def has_categories(self) -> bool:
        return not self.x_kind

    @property
    def changes_with_floor(self) -> bool:
        return self.x_kind == TIME and not self.has_steps or any(panel.kind in (TIME, RATE) for panel in self.panels)


def scaled(of: Estimate, factor: float) -> Estimate:
    return Estimate(of.value * factor, of.lo * factor, of.hi * factor, of.n)


def name_of(backend: str) -> str:
    return NAMES.get(backend, backend)


def style_of(backend: str) -> int:
    return STYLES.get(backend, STYLES["pool-elastic"])


def kind_of(run: Run, metric: str) -> str:
    return KINDS.get(run.metrics[metric].unit if metric in run.metrics else "", NUMBER)


def side_in(cell: Cell, backend: str, workers: int = 0) -> Side | None:
    """The side of this backend: of this many workers, or else of the fewest."""
    sides = sorted((side for side in cell.sides if side.backend == backend), key=lambda side: side.workers)
    return next((side for side in sides if side.workers == workers), sides[0] if sides else None)


def point(run: Run, x: float, label: str, side: Side | None, metric: str) -> list[Point]:
    """None where nothing was measured."""
    of = run.estimate(side, metric) if side else stats.median([])
    return [Point(x, label, of, is_open(run, side, of))] if side and of.n else []


def rate_point(run: Run, x: float, label: str, side: Side | None) -> list[Point]:
    """Tasks per second."""
    of = answers.rate_of(run.estimate(side, "time_ns")) if side else stats.median([])
    return [Point(x, label, of, is_open(run, side, of))] if side and of.n else []


def ratio_point(run: Run, x: float, label: str, a: Side | None, b: Side | None, metric: str) -> list[Point]:
    """By how many times a is better than b, paired by round."""
    of = stats.median(ratio_values(run, metric, a, b)) if a and b else stats.median([])
    return [Point(x, label, of, is_open(run, a, of) or is_open(run, b, of))] if a and b and of.n else []
