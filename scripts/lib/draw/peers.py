"""The pool beside the backends that plugins brought: what is measured of each, and the picture of it."""
import math
from collections import Counter
from dataclasses import dataclass, replace

from base import stats
from base.runs import Cell, Experiment, Run, Side
from base.stats import Estimate
from draw.picture import STYLES, Picture, Row, is_open
from judge import answers
from judge.verdicts import Judgement

EXPERIMENT = Experiment("peers", "", "", "how does the pool do beside those of other libraries?", [], "", "", None)
MEDIAN, TAIL = "p50_ns", "p99_ns"


@dataclass(frozen=True)
class Measure:
    """A metric in one cell: that of the experiment which has these keys."""
    title: str
    experiment: str
    metric: str
    keys: tuple[tuple[str, float | str], ...]


HAND_OVER = Measure("hand-over", "gap", MEDIAN, (("pause_ns", 0),))
AFTER_PAUSE = Measure("after 1 ms", "gap", MEDIAN, (("pause_ns", 1000000),))
HANDLE = Measure("handle", "handle", MEDIAN, ())
MAP_OF_2 = Measure("map of 2", "shortmap", MEDIAN, (("tasks", 2),))
MAP_OF_64 = Measure("map of 64", "shortmap", MEDIAN, (("tasks", 64),))
SUBMIT_BY_1 = Measure("submitted by 1 thread", "inject", "time_ns", (("submitters", 1),))
SUBMIT_BY_2 = Measure("submitted by 2 threads", "inject", "time_ns", (("submitters", 2),))
BOUNDED_BY_1 = Measure("bound of 1,000, by 1 thread", "bounded", "time_ns", (("submitters", 1),))
BOUNDED_BY_64 = Measure("bound of 1,000, by 64 threads", "bounded", "time_ns", (("submitters", 64),))
WORKERS_2 = Measure("2 workers", "crowd", "time_ns", (("size", 2),))
WORKERS_64 = Measure("64 workers", "crowd", "time_ns", (("size", 64),))
SHORT_TASKS = Measure("tasks of 1 us", "grain", "time_ns", (("length_ns", 1000),))
SPAWN = Measure("spawn", "spawn", "time_ns", (("n", 16),))
MAP = Measure("map", "map", "time_ns", (("length_ns", 1000),))
COLD_START = Measure("cold start", "oneoff", "time_ns", (("life", "run"),))
MEMORY = Measure("queued task", "depth", "bytes_per_task", (("tasks", 100000),))
IDLE = Measure("idle CPU", "idle", "idle_cpu_share", (("pause_ns", 200000000),))
CPU = Measure("CPU/wall", "grain", "cpu_ns", (("length_ns", 10000),))

# The panels of scripts/plot/peers.gp, in its order; None: the shortest task at half the efficiency.
PANELS = [HAND_OVER, AFTER_PAUSE, None, SPAWN, MAP, COLD_START, MEMORY, IDLE]


def cell_of(run: Run, measure: Measure) -> Cell | None:
    return next((cell for cell in run.cells_of(measure.experiment)
                 if all(cell.keys.get(key) == value for key, value in measure.keys)), None)


def side_of(run: Run, measure: Measure, backend: str) -> Side | None:
    """The first one of that backend, whatever its size."""
    cell = cell_of(run, measure)
    return run.first_sides.get((cell.name, backend)) if cell else None


def values(run: Run, measure: Measure, backend: str) -> dict[int, float]:
    side = side_of(run, measure, backend)
    return run.values(side, measure.metric) if side else {}


def tail_of(measure: Measure) -> Measure:
    return replace(measure, title=f"{measure.title}, p99", metric=TAIL)


def absolute(run: Run, measure: Measure, backend: str) -> Estimate:
    """Of a side that always ended at a limit, as far as it came. A tail is that of all rounds together."""
    side = side_of(run, measure, backend)
    if side is None:
        return stats.median([])
    return answers.latency(run, side, 0.99) if measure.metric == TAIL else run.estimate(side, measure.metric)


def times_the_pool(run: Run, measure: Measure, backend: str) -> Estimate:
    """Paired round by round, but for tails: above 1 the pool takes less."""
    if measure.metric == TAIL:
        return quotient(absolute(run, measure, backend), absolute(run, measure, "pool"))
    return stats.median(stats.paired_ratios(values(run, measure, backend), values(run, measure, "pool")))


def quotient(over: Estimate, under: Estimate) -> Estimate:
    """Of values that are not paired: the interval reaches from one end of theirs to the other."""
    if not over.n or not under.n or under.lo == 0 or under.value == 0:
        return stats.median([])
    return Estimate(over.value / under.value, over.lo / under.hi, over.hi / under.lo, min(over.n, under.n))


def growth(run: Run, more: Measure, fewer: Measure, backend: str) -> Estimate:
    """How many times as much a backend takes in the first as in the second, paired round by round."""
    return stats.median(stats.paired_ratios(values(run, more, backend), values(run, fewer, backend)))


def metgs(run: Run, level: float) -> dict[str, Estimate]:
    """By backend, between two lengths of the grid; without an interval where the shortest one is long enough already,
    and with a lower end alone where none decidedly is. None of a backend that was measured at one length alone."""
    experiment = "metg" if run.cells_of("metg") else "grain"
    lengths = Counter(backend for cell in answers.length_cells(run, experiment)
                      for backend in {of.backend for of in cell.sides})
    found: dict[str, Estimate] = {}
    for of in reversed(answers.metgs(run, experiment)):  # the first size of a backend counts
        lo, hi = of.length.lo, of.length.hi
        if of.level == level and lengths[of.backend] > 1:
            lower, upper = (math.nan if end is None else end for end in (lo, hi))
            found[of.backend] = Estimate(upper, lower, math.nan if lo is None else upper,
                                         0 if hi is None else run.rounds_done)
    return found


def cpu_over_wall(run: Run, backend: str) -> Estimate:
    """Of what processor time is spent in a wall time: 2 is two CPUs that are never idle."""
    side = side_of(run, CPU, backend)
    return stats.median(stats.paired_ratios(run.values(side, "cpu_ns"), run.values(side, "time_ns")) if side else [])


def by_submitter(run: Run, measure: Measure, backend: str) -> Estimate:
    """The share of tasks that a submitting thread ran; backends whose caller never does have no such metric."""
    side = side_of(run, measure, backend)
    shares = run.values(side, "inline_share") if side else {}
    done = values(run, measure, backend)
    return stats.median([shares.get(number, 0.0) for number in done])


def backends(run: Run) -> list[str]:
    """The pool first; what it does where the caller takes part, as with some of the others; and raw threads."""
    present = {side.backend for cell in run.cells.values() for side in cell.sides}
    return [name for name in ["pool", "pool-helping", *sorted(run.plugin_backends), "raw"] if name in present]


def picture(judgement: Judgement, _: Experiment) -> Picture:
    """A panel for each measure, a row for each backend; the one that stands highest is the pool."""
    run, rows = judgement.run, []
    shortest, plugins = metgs(run, answers.METG_LEVELS[0]), set(run.plugin_backends)
    for panel, measure in enumerate(PANELS, 1):
        for position, backend in enumerate(backends(run)):
            of = absolute(run, measure, backend) if measure else shortest.get(backend, stats.median([]))
            side = side_of(run, measure, backend) if measure else None
            series = "peer" if backend in plugins else backend
            if of.n and of.value > 0:
                is_hollow = is_open(run, side, of) if side else not of.has_interval
                rows.append(Row(-position, of, series, STYLES[series], panel, is_hollow, backend))
    return Picture("position", "value", rows)
