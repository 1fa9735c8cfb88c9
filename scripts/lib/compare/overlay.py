"""What a run contributes to pictures of several machines. Only what means the same on every machine is compared: the
pool of an experiment's contrast, one thread per task, and one over the other. Small, and fit to be pickled."""
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from base import stats
from base.runs import Cell, Experiment, Run, Side
from base.stats import Estimate
from draw.picture import STYLES, is_open
from judge import answers
from judge.effects import ratio_values
from judge.verdicts import Judgement

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


# What builders are made of.

Builder = Callable[[Judgement, Experiment], Overlay]
RATIO_LABEL = "times better"


def made(judgement: Judgement, experiment: Experiment, x_label: str, x_kind: str, panels: Iterable[Panel],
         has_steps: bool = False) -> Overlay:
    """Panels without a point are left out."""
    return Overlay(experiment.question, x_label, x_kind, tuple(panel for panel in panels if panel.points),
                   answers.floor_estimate(judgement.run, FLOOR), has_steps)


def panel(backend: str, kind: str, y_label: str, points: Iterable[Point], group: str = "", title: str = "") -> Panel:
    return Panel(title or name_of(backend), group, kind, y_label, tuple(points), style_of(backend))


def over(points: Iterable[Point], title: str = POOL_OVER_THREAD) -> Panel:
    return Panel(title, OVER, RATIO, RATIO_LABEL, tuple(points))


Place = tuple[float, str, Cell]  # x, label of the category, cell


def three(run: Run, places: Sequence[Place], metric: str, workers: int, y_label: str, thread: str = "raw"
          ) -> list[Panel]:
    """The pool, one thread per task, and the one over the other."""
    kind = kind_of(run, metric)
    sides = [(x, label, side_in(cell, "pool", workers), side_in(cell, thread)) for x, label, cell in places]
    pools = [p for x, label, side, _ in sides for p in point(run, x, label, side, metric)]
    threads = [p for x, label, _, side in sides for p in point(run, x, label, side, metric)]
    return [panel("pool", kind, y_label, pools), panel(thread, kind, y_label, threads),
            over(p for x, label, a, b in sides for p in ratio_point(run, x, label, a, b, metric))]


def along(cells: Iterable[Cell], key: str) -> list[Place]:
    return sorted(((cell.number(key) or 0.0, "", cell) for cell in cells), key=lambda place: place[0])


def swept(key: str, x_label: str, x_kind: str, y_label: str, thread: str = "raw") -> Builder:
    """Over a number that cells differ in, on the main workload."""
    def build(judgement: Judgement, experiment: Experiment) -> Overlay:
        run, name = judgement.run, experiment.name
        workload = answers.main_workload(run, name)
        cells = [cell for cell in run.cells_of(name) if cell.workload == workload and cell.number(key) is not None
                 and cell.keys.get("life") != "batch"]
        panels = three(run, along(cells, key), experiment.metric, answers.workers_of_primary(judgement, name), y_label,
                       thread)
        return made(judgement, experiment, x_label, x_kind, panels)
    return build


def stepped(key: str, x_label: str, y_label: str, shown: Callable[[float], str]) -> Builder:
    """Over numbers of which one is none, so that they stand side by side."""
    def build(judgement: Judgement, experiment: Experiment) -> Overlay:
        run = judgement.run
        places = [(x, shown(x) if x else "none", cell) for x, _, cell in along(run.cells_of(experiment.name), key)]
        panels = three(run, places, experiment.metric, answers.workers_of_primary(judgement, experiment.name), y_label)
        return made(judgement, experiment, x_label, NUMBER, panels, has_steps=True)
    return build
