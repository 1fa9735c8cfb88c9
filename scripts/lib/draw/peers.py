"""The pool beside the backends that plugins brought: all that tells pools apart, in one table and one picture."""
import math
from dataclasses import dataclass

from base import stats
from base.runs import Cell, Experiment, Run, Side
from base.stats import Estimate
from base.text import estimate, percent, quantity, significant
from draw.picture import STYLES, Picture, Row, is_open
from judge import answers
from judge.verdicts import Judgement

EXPERIMENT = Experiment("peers", "", "", "how does the pool do beside those of other libraries?", [], "", "", None)
NONE = "\u2013"
METG_LEVEL = 0.5
GRAIN_NS = 10000.0  # where processor time and the submitter's tasks are looked at


@dataclass(frozen=True)
class Measure:
    """A metric in one cell: that of the experiment which has these keys."""
    title: str
    experiment: str
    metric: str
    keys: tuple[tuple[str, float | str], ...]


HAND_OVER = Measure("hand-over", "gap", "p50_ns", (("pause_ns", 0),))
AFTER_PAUSE = Measure("after 1 ms", "gap", "p50_ns", (("pause_ns", 1000000),))
SHORT_TASKS = Measure("tasks of 1 us", "grain", "time_ns", (("length_ns", 1000),))
SPAWN = Measure("spawn", "spawn", "time_ns", (("n", 16),))
MAP = Measure("map", "map", "time_ns", (("length_ns", 1000),))
COLD_START = Measure("cold start", "oneoff", "time_ns", (("life", "run"),))
MEMORY = Measure("queued task", "depth", "bytes_per_task", (("tasks", 100000),))
IDLE = Measure("idle CPU", "idle", "idle_cpu_share", (("pause_ns", 200000000),))
CPU = Measure("CPU/wall", "grain", "cpu_ns", (("length_ns", GRAIN_NS),))
COMPARED = [HAND_OVER, AFTER_PAUSE, SHORT_TASKS, SPAWN, MAP, COLD_START, MEMORY]

# The panels of scripts/plot/peers.gp, in its order; None: the shortest task at half the efficiency.
PANELS = [HAND_OVER, AFTER_PAUSE, None, SPAWN, MAP, COLD_START, MEMORY, IDLE]


def cell_of(run: Run, measure: Measure) -> Cell | None:
    return next((cell for cell in run.cells_of(measure.experiment)
                 if all(cell.keys.get(key) == value for key, value in measure.keys)), None)


def side_of(run: Run, measure: Measure, backend: str) -> Side | None:
    """The first one of that backend, whatever its size."""
    cell = cell_of(run, measure)
    return next((side for side in cell.sides if side.backend == backend), None) if cell else None


def values(run: Run, measure: Measure, backend: str) -> dict[int, float]:
    side = side_of(run, measure, backend)
    return run.values(side, measure.metric) if side else {}


def absolute(run: Run, measure: Measure, backend: str) -> Estimate:
    """Of a side that always ended at a limit, as far as it came."""
    side = side_of(run, measure, backend)
    return run.estimate(side, measure.metric) if side else stats.median([])


def times_the_pool(run: Run, measure: Measure, backend: str) -> Estimate:
    """Paired round by round: above 1 the pool takes less."""
    return stats.median(stats.paired_ratios(values(run, measure, backend), values(run, measure, "pool")))


def metg(run: Run, backend: str) -> Estimate:
    """Between two lengths of the grid; without an interval where the shortest one is long enough already. None of a
    backend that was measured at one length alone."""
    lengths = [cell for cell in run.cells_of("grain") if cell.number("length_ns") is not None
               and any(side.backend == backend for side in cell.sides)]
    found = next((of.length for of in answers.metgs(run) if of.backend == backend and of.level == METG_LEVEL), None)
    if len(lengths) < 2 or found is None or found.hi is None:
        return stats.median([])
    has_lo = found.lo is not None
    return Estimate(found.hi, found.lo if has_lo else math.nan, found.hi if has_lo else math.nan, run.rounds_done)


def cpu_over_wall(run: Run, backend: str) -> Estimate:
    """Of what processor time is spent in a wall time: 2 is two CPUs that are never idle."""
    side = side_of(run, CPU, backend)
    return stats.median(stats.paired_ratios(run.values(side, "cpu_ns"), run.values(side, "time_ns")) if side else [])


def by_submitter(run: Run, backend: str) -> Estimate:
    """The share of tasks that the submitting thread ran; backends whose caller never does have no such metric."""
    side = side_of(run, CPU, backend)
    shares = run.values(side, "inline_share") if side else {}
    done = run.values(side, "time_ns") if side else {}
    return stats.median([shares.get(number, 0.0) for number in done])


def backends(run: Run) -> list[str]:
    """The pool first; what it does where the caller takes part, as with some of the others; and raw threads."""
    present = {side.backend for cell in run.cells.values() for side in cell.sides}
    return [name for name in ["pool", "pool-helping", *sorted(run.plugin_backends), "raw"] if name in present]


def shown(of: Estimate, digits: int = 3) -> str:
    if not of.n:
        return NONE
    if not of.has_interval:
        return significant(of.value, digits)
    return f"{significant(of.value, digits)} [{significant(of.lo, digits)}, {significant(of.hi, digits)}]"


def metg_text(of: Estimate) -> str:
    if not of.n:
        return NONE
    return f"at most {quantity(of.value, 'ns')}" if not of.has_interval else \
        f"{quantity(of.lo, 'ns')} to {quantity(of.hi, 'ns')}"


HEADER = ["backend", *(measure.title for measure in COMPARED), f"METG({percent(METG_LEVEL)})", IDLE.title, CPU.title,
          "by submitter"]


def row(run: Run, backend: str, digits: int) -> list[str]:
    """The pool in its own units, the others as multiples of it; the last four columns are absolute for all."""
    if backend == "pool":
        units = [run.metrics[measure.metric].unit if measure.metric in run.metrics else "" for measure in COMPARED]
        cells = [estimate(of, unit) if (of := absolute(run, measure, backend)).n else NONE
                 for measure, unit in zip(COMPARED, units)]
    else:
        cells = [shown(times_the_pool(run, measure, backend), digits) for measure in COMPARED]
    idle, share = absolute(run, IDLE, backend), by_submitter(run, backend)
    return [backend, *cells, metg_text(metg(run, backend)), percent(idle.value) if idle.n else NONE,
            shown(cpu_over_wall(run, backend), digits), percent(share.value) if share.n else NONE]


def table(run: Run, digits: int = 3) -> list[list[str]]:
    return [row(run, backend, digits) for backend in backends(run)]


COLUMNS_EACH = 6  # of the terminal's tables


def terminal(run: Run) -> list[str]:
    """The table in parts that fit beside each other."""
    rows, out = [HEADER, *table(run, 2)], []
    for first in range(1, len(HEADER), COLUMNS_EACH):
        part = [[line[0], *line[first:first + COLUMNS_EACH]] for line in rows]
        widths = [max(len(line[i]) for line in part) for i in range(len(part[0]))]
        out += ["", *("  ".join(word.ljust(width) for word, width in zip(line, widths)).rstrip() for line in part)]
    return [*out, "", "pool: its own values; others: times what the pool takes [95%]; from METG on, values of all"]


def picture(judgement: Judgement, _: Experiment) -> Picture:
    """A panel for each measure, a row for each backend; the one that stands highest is the pool."""
    run, rows = judgement.run, []
    for panel, measure in enumerate(PANELS, 1):
        for position, backend in enumerate(backends(run)):
            of = absolute(run, measure, backend) if measure else metg(run, backend)
            side = side_of(run, measure, backend) if measure else None
            series = "peer" if backend in run.plugin_backends else backend
            if of.n and of.value > 0:
                is_hollow = is_open(run, side, of) if side else not of.has_interval
                rows.append(Row(-position, of, series, STYLES[series], panel, is_hollow, backend))
    return Picture("position", "value", rows)
