"""What a run answers beyond its verdicts: break-evens, efficiencies, the best way to wait."""
from collections.abc import Callable
from dataclasses import dataclass

from base import stats
from base.runs import Cell, Experiment, Run, Side
from base.stats import Estimate
from judge.effects import SUPPORTED, is_late_merged, is_not_ahead, ratio_values
from judge.verdicts import Comparison, Judgement, Threshold, compare_cell, compare_cells, threshold


def experiment_of(run: Run, name: str) -> Experiment | None:
    """An experiment that has cells in this run."""
    return next((e for e in run.experiments if e.name == name and run.cells_of(name)), None)


def main_workload(run: Run, name: str) -> str:
    """The workload of the primary cell, or of the first cell."""
    cells = run.primary_cells(name) or run.cells_of(name)
    return cells[0].workload


Points = list[tuple[float, Comparison]]


def curve(judgement: Judgement, name: str, axis: str, workers: int, life: str | None = None) -> Points:
    """Pool of this size against raw along an axis, on the main workload. Without such a size, of the first one."""
    run = judgement.run
    experiment = experiment_of(run, name)
    if experiment is None:
        return []
    workload = main_workload(run, name)
    compared = [c for c in compare_cells(judgement, experiment)
                if c.cell.workload == workload and c.cell.number(axis) is not None
                and c.cell.keys.get("life") == life]
    sizes = {c.pool.workers for c in compared}
    size = workers if workers in sizes else min(sizes, default=0)
    return [(c.cell.number(axis) or 0.0, c) for c in compared if c.pool.workers == size]


def workers_of_primary(judgement: Judgement, name: str) -> int:
    """The pool size that an experiment's contrast is about."""
    verdict = judgement.verdict(name)
    sides = [side for effect in (verdict.effects if verdict else [])
             for side in (effect.contrast.a, effect.contrast.b) if side and side.backend == "pool"]
    return sides[0].workers if sides else judgement.run.document["factors"]["cpus_usable"]


def keeps_up(c: Comparison) -> tuple[bool, bool]:
    """Raw stays within δ of the pool; it decidedly does not."""
    return is_not_ahead(c.ratio, c.delta), c.ratio.lo > 1 + c.delta


def leads(c: Comparison) -> tuple[bool, bool]:
    """The pool is ahead by more than δ; it decidedly is not."""
    return c.ratio.lo > 1 + c.delta, is_not_ahead(c.ratio, c.delta)


def is_led(c: Comparison) -> tuple[bool, bool]:
    """Raw is ahead by more than δ; it decidedly is not."""
    return c.ratio.hi < 1 / (1 + c.delta), c.ratio.lo >= 1 / (1 + c.delta)


def along(points: Points, question: Callable[[Comparison], tuple[bool, bool]]) -> Threshold:
    return threshold((x, *question(c)) for x, c in points)


def grain_curve(judgement: Judgement) -> Points:
    return curve(judgement, "grain", "length_ns", workers_of_primary(judgement, "grain"))


def grain_break_even(judgement: Judgement) -> Threshold:
    """Lengths from which on raw keeps up."""
    return along(grain_curve(judgement), keeps_up)


def reuse_break_even(judgement: Judgement) -> Threshold:
    """Batches from which on the kept pool leads."""
    return along(curve(judgement, "reuse", "batches", workers_of_primary(judgement, "reuse"), life="run"), leads)


def gap_break_even(judgement: Judgement) -> Threshold:
    """Pauses from which on raw keeps up."""
    return along(curve(judgement, "gap", "pause_ns", workers_of_primary(judgement, "gap")), keeps_up)


def io_crossover(judgement: Judgement) -> Threshold:
    """Tasks in flight from which on raw leads a pool of the CPUs' size."""
    return along(curve(judgement, "io", "inflight", judgement.run.document["factors"]["cpus_usable"]), is_led)


# Efficiency: the time that ideal workers would need, over the time that was needed.

def efficiency(run: Run, cell: Cell, side: Side) -> Estimate:
    serial = run.first_sides.get((cell.name, "serial"))
    cpus = run.document["factors"]["cpus_usable"]
    workers = min(side.workers or cpus, cpus)
    ratios = ratio_values(run, "time_ns", side, serial) if serial else []
    return stats.median([ratio / workers for ratio in ratios])


@dataclass(frozen=True)
class Metg:
    """The shortest task from which a backend keeps an efficiency, as an interval of the grid."""
    backend: str
    workers: int
    level: float
    length: Threshold


def length_cells(run: Run, experiment: str = "grain") -> list[Cell]:
    return [cell for cell in run.cells_of(experiment) if cell.number("length_ns") is not None]


def grain_backends(run: Run, experiment: str = "grain") -> list[tuple[str, int]]:
    """Backends and their sizes, in the order of the cells."""
    return list(dict.fromkeys((side.backend, side.workers) for cell in length_cells(run, experiment)
                              for side in cell.sides
                              if side.backend not in ("serial", "pool-again")))


def break_even_of(judgement: Judgement, backend: str, workers: int) -> Threshold:
    """Lengths from which on raw keeps up with this backend."""
    run, points = judgement.run, []
    for cell in length_cells(run):
        side, raw = Side(cell.name, backend, workers), Side(cell.name, "raw", 0)
        if side in run.sides and raw in run.sides:
            points.append((cell.number("length_ns") or 0.0,
                           compare_cell(run, "time_ns", judgement.deltas["grain"], cell, side, raw)))
    return along(points, keeps_up)


METG_LEVELS = (0.5, 0.9)


def metgs(run: Run, experiment: str = "grain") -> list[Metg]:
    cells, found = length_cells(run, experiment), []
    for backend, workers in grain_backends(run, experiment):
        points = [(cell.number("length_ns") or 0.0, efficiency(run, cell, Side(cell.name, backend, workers)))
                  for cell in cells if Side(cell.name, backend, workers) in run.sides]
        for level in METG_LEVELS:
            found.append(Metg(backend, workers, level,
                              threshold((x, e.lo >= level, e.hi < level) for x, e in points)))
    return found


def latency(run: Run, side: Side, quantile: float) -> Estimate:
    """The median over rounds of each round's median; higher percentiles from the counts of all rounds."""
    if quantile == 0.5:
        return run.estimate(side, "p50_ns")
    return stats.histogram_quantile(run.histograms.get(side, {}), quantile)


# Open load.

def open_cells(run: Run, experiment: str, arrivals: str, workload: str | None = None) -> list[Cell]:
    """By rising rate."""
    cells = [cell for cell in run.cells_of(experiment) if cell.keys.get("arrivals") == arrivals
             and workload in (None, cell.workload)]
    return sorted(cells, key=lambda cell: (cell.workload, cell.number("percent") or 0))


@dataclass(frozen=True)
class Queue:
    """What theory says of the mean wait in a queue, and what was measured."""
    cell: Cell
    side: Side
    model: str
    load: float  # offered over what the workers can do
    measured: Estimate
    theory_ns: float


def erlang_c(workers: int, load: float) -> float:
    """The share of tasks that wait at all in M/M/k, by the recursion of Erlang's B."""
    blocked = 1.0
    for n in range(1, workers + 1):
        blocked = load * workers * blocked / (n + load * workers * blocked)
    return blocked / (1 - load * (1 - blocked))


def queues(run: Run) -> list[Queue]:
    """Of the pool without a bound, wherever tasks come as Poisson's do and a formula fits."""
    found = []
    for cell in open_cells(run, "openload", "poisson"):
        side = next((side for side in cell.sides if side.backend == "pool" and side.workers), None)
        if side is None:
            continue
        waits, service, offered = (stats.mean(list(run.values(side, name).values())) for name in
                                   ("queue_mean_ns", "service_mean_ns", "offered_per_s"))
        if not waits.n:
            continue
        load = offered.value * service.value * 1e-9 / side.workers
        if not load < 1:  # nan where one of them is missing
            continue
        if cell.workload == "exponential":
            wait_ns = erlang_c(side.workers, load) * service.value / (side.workers * (1 - load))
            found.append(Queue(cell, side, f"M/M/{side.workers}", load, waits, wait_ns))
        elif side.workers == 1:
            found.append(Queue(cell, side, "M/D/1", load, waits, load * service.value / (2 * (1 - load))))
    return found


@dataclass(frozen=True)
class Overload:
    percent: float
    side: Side
    p99: Estimate
    refused: float
    offered: float
    late: bool


def refusals(run: Run, side: Side) -> tuple[float, float]:
    """Tasks that were refused, and all that came, over all rounds."""
    refused = sum(run.values(side, "refused").values())
    return refused, refused + sum(run.values(side, "tasks").values())


def overload(judgement: Judgement) -> list[Overload]:
    """The two sides of the claim about overload."""
    run, verdict = judgement.run, judgement.verdict("openload")
    if not verdict or not verdict.effects:
        return []
    contrast = verdict.effects[0].contrast
    found = []
    for side in (contrast.a, contrast.b):
        if side and run.values(side, "p99_ns"):
            found.append(Overload(run.cells[side.cell].number("percent") or 0, side, latency(run, side, 0.99),
                                  *refusals(run, side), is_late_merged(run, side, 0.99)))
    return found


# Single numbers of the last page.

@dataclass(frozen=True)
class HandOver:
    pool: Estimate
    raw: Estimate
    clone: Estimate
    same_cpu: tuple[Estimate, Estimate]  # the share of their tasks that ran on the submitter's CPU


def floor_estimate(run: Run, name: str) -> Estimate:
    return run.estimate(Side(f"floors/{name}", "floor", 0), "time_ns")


def hand_over(judgement: Judgement) -> HandOver | None:
    points = curve(judgement, "gap", "pause_ns", workers_of_primary(judgement, "gap"))
    at_once = [c for x, c in points if x == 0]
    if not at_once:
        return None
    run = judgement.run
    sides = (at_once[0].pool, at_once[0].raw)
    pool, raw = (run.estimate(side, "p50_ns") for side in sides)
    pool_same, raw_same = (run.estimate(side, "same_cpu") for side in sides)
    return HandOver(pool, raw, floor_estimate(run, "clone"), (pool_same, raw_same)) if pool.n and raw.n else None


@dataclass(frozen=True)
class Waiting:
    """Tasks that wait: the side with the highest rate, and by how many times a pool of the CPUs' size is slower."""
    inflight: float
    best: Side
    per_s: Estimate
    cpu_pool_slower: Estimate | None


def rate_of(time: Estimate) -> Estimate:
    """Tasks per second from nanoseconds per task. There is none of tasks that took no time."""
    if not time.n or time.value <= 0 or time.lo <= 0:
        return stats.median([])
    return Estimate(1e9 / time.value, 1e9 / time.hi, 1e9 / time.lo, time.n)


def waiting(judgement: Judgement) -> Waiting | None:
    run = judgement.run
    cells = run.primary_cells("io")
    if not cells:
        return None
    cell = cells[0]
    times = {side: run.estimate(side, "time_ns") for side in cell.sides if side.backend != "pool-again"}
    times = {side: time for side, time in times.items() if rate_of(time).n}
    if {side.backend for side in cell.sides} & {"pool", "raw"} - {side.backend for side in times}:
        return None  # what is left would be the best without having won
    best = min(times, key=lambda side: times[side].value)
    cpu_pool = Side(cell.name, "pool", run.document["factors"]["cpus_usable"])
    slower = None
    if cpu_pool in times and cpu_pool != best:
        slower = stats.median(ratio_values(run, "time_ns", best, cpu_pool))
    return Waiting(cell.number("inflight") or 0, best, rate_of(times[best]), slower)


def one_task_is_better_raw(judgement: Judgement) -> bool:
    verdict = judgement.verdict("oneoff")
    return verdict is not None and verdict.word == SUPPORTED
