"""Rows of pictures of throughput, memory and creation: a function for each experiment."""
import math
from dataclasses import dataclass

from base import stats, text
from base.runs import Cell, Experiment, Run, Side, key_text
from base.stats import Estimate
from draw.picture import BAND_FROM, LIMITS, STYLES, Limit, Picture, Row, Series, is_open, ranked, time_limits
from judge import answers, sizing
from judge.effects import ratio_values
from judge.verdicts import Judgement, compare_cells


REUSE_NAMES = {("pool", "run"): "kept", ("pool", "batch"): "one a batch"}


def reuse(judgement: Judgement, experiment: Experiment) -> Picture:
    run, series, rows = judgement.run, Series(), []
    for cell in run.cells_of(experiment.name):
        life = str(cell.keys.get("life"))
        for side in cell.sides:
            if life == "batch" and side.backend != "pool":
                continue  # a backend without a pool has no life of its own
            name = ", ".join(filter(None, [text.side_name(side), REUSE_NAMES.get((side.backend, life), "")]))
            of = run.estimate(side, "time_ns")
            rows.append(Row(cell.number("batches") or 0, of, name, series.style(side.backend, name),
                            open=is_open(run, side, of)))
    return Picture("batches", "time_ns", rows, time_limits(run, "y"))


def grain(judgement: Judgement, experiment: Experiment) -> Picture:
    run, series, rows = judgement.run, Series(), []
    workload = answers.main_workload(run, experiment.name)
    for cell in run.cells_of(experiment.name):
        length_ns = cell.number("length_ns")
        if cell.workload != workload or length_ns is None:
            continue
        band = set(run.plugin_backends if len(run.plugin_backends) >= BAND_FROM else [])
        rows += peers_band(run, cell, length_ns, band)
        for side in cell.sides:
            if side.backend != "serial" and side.backend not in band:
                of = answers.efficiency(run, cell, side)
                rows.append(Row(length_ns, of, text.side_name(side), series.style(side.backend, text.side_name(side)),
                                open=is_open(run, side, of)))
    limits, found = time_limits(run, "x"), answers.grain_break_even(judgement)
    if found.lo is not None and found.hi is not None:
        limits.append(Limit("band", found.lo, "break-even", found.hi))
    return Picture("length_ns", "efficiency", rows, limits)


def peers_band(run: Run, cell: Cell, x: float, backends: set[str]) -> list[Row]:
    """From the least to the greatest efficiency of these backends."""
    found = [of.value for side in cell.sides if side.backend in backends
             and (of := answers.efficiency(run, cell, side)).n]
    if not found:
        return []
    return [Row(x, Estimate(stats.median(found).value, min(found), max(found), len(found)), "peers", STYLES["peers"])]


def depth(judgement: Judgement, experiment: Experiment) -> Picture:
    """A side that was stopped stands at the number that it held, once. Less than a page for all tasks together is no
    place on the axis."""
    run, series, rows, limits = judgement.run, Series(), [], {}
    for panel, metric in ((1, "bytes_per_task"), (2, "submit_ns")):
        stopped: set[str] = set()
        for cell in sorted(run.cells_of(experiment.name), key=lambda cell: cell.number("tasks") or 0):
            for side in cell.sides:
                name, of = text.side_name(side), run.estimate(side, metric)
                if name in stopped:
                    continue
                if of.value <= 0:
                    continue
                x = cell.number("tasks") or 0
                if run.status(side) == "limit":
                    stopped.add(name)
                    x = run.estimate(side, "held").value
                    limits[panel] = Limit("x", x, f"{limit_name(run, side)} binds at {x:,.0f}", panel=panel)
                rows.append(Row(x, of, name, series.style(side.backend, name), panel, is_open(run, side, of)))
    return Picture("tasks_outstanding", "bytes_per_task_or_submit_ns", rows, list(limits.values()))


def limit_name(run: Run, side: Side) -> str:
    """The limit of which a side says that it binds, or else all that it says."""
    reason = next((sample.reason for sample in run.samples_of(side) if sample.reason), "a limit")
    return reason.removesuffix(" binds").rpartition(": ")[2] if reason.endswith(" binds") else reason


ONEOFF_NAMES = {"run": "cold", "warm": "warm"}


def oneoff(judgement: Judgement, experiment: Experiment) -> Picture:
    """The sides of the cold cell, and the warm pool."""
    run, series, rows = judgement.run, Series(), []
    for cell in run.cells_of(experiment.name):
        life = str(cell.keys.get("life"))
        for side in cell.sides:
            if life != "run" and not side.backend.startswith("pool"):
                continue
            of = run.estimate(side, "time_ns")
            label = text.side_name(side)
            if side.backend.startswith("pool"):
                label += f", {ONEOFF_NAMES.get(life, life)}"
            rows.append(Row(0, of, side.backend, series.style(side.backend, side.backend), label=label,
                            open=is_open(run, side, of)))
    rows += [Row(0, answers.floor_estimate(run, name), "floor", STYLES["floor"], label=f"floor: {label}")
             for name, label in LIMITS.items() if answers.floor_estimate(run, name).n]
    return Picture("position", "time_ns", ranked(rows))


def floors(judgement: Judgement, experiment: Experiment) -> Picture:
    run = judgement.run
    rows = []
    for cell in run.cells_of(experiment.name):
        for side in cell.sides:
            of = run.estimate(side, "time_ns")
            rows.append(Row(0, of, "floor", STYLES["floor"], label=cell.name.partition("/")[2],
                            open=is_open(run, side, of)))
    return Picture("position", "time_ns", ranked(rows))


def sides_ranked(judgement: Judgement, experiment: Experiment) -> Picture:
    """One cell: its sides by the experiment's metric."""
    run, series = judgement.run, Series()
    rows = [Row(0, of, side.backend, series.style(side.backend, side.backend), label=text.side_name(side),
                open=is_open(run, side, of))
            for cell in run.cells_of(experiment.name) for side in cell.sides
            if (of := run.estimate(side, experiment.metric)).n]
    return Picture("position", experiment.metric, ranked(rows))


@dataclass(frozen=True)
class Goetz:
    """The size that the rule gives for a workload: the calibration measured it, beside the sizes of the cells."""
    wanted: float
    has_cells: bool  # as in older runs, which had that size in every cell

    def stands_for(self, cell: Cell, side: Side) -> bool:
        """The size of this cell next to it, by ratio: a pool has no use for more workers than are in flight."""
        sizes = sorted({of.workers for of in cell.sides if of.backend == "pool" and of.workers})
        wanted = self.wanted if self.has_cells else min(self.wanted, cell.number("inflight") or self.wanted)
        return bool(sizes) and side.workers == sizing.next_size(wanted, sizes)

    @property
    def name(self) -> str:
        return "Goetz's size" if self.has_cells else "next to Goetz's size"


def goetz_of(run: Run, cells: list[Cell]) -> Goetz | None:
    calibration = run.document.get("calibration")
    wanted = calibration.get(f"{cells[0].workload}_goetz") if isinstance(calibration, dict) else None
    if not isinstance(wanted, (int, float)) or isinstance(wanted, bool) or not 1 <= wanted < math.inf:
        return None
    return Goetz(wanted, all(any(of.backend == "pool" and of.workers == wanted for of in cell.sides)
                             for cell in cells))


def io_sizes(run: Run, cell: Cell, side: Side, goetz: Goetz | None) -> list[str]:
    """What a number of workers stands for; one size may stand for several things."""
    if not side.workers:
        return [side.backend]
    names = []
    if side.workers in run.document["factors"]["workers"]:
        names.append(text.side_name(side))
    if goetz and goetz.stands_for(cell, side):
        names.append(f"{side.backend}, {goetz.name}")
    if side.workers == cell.number("inflight"):
        names.append(f"{side.backend}, a worker for each")
    return names


def ideal_io(run: Run, cells: list[Cell], panel: int, style: int) -> list[Row]:
    """In flight over latency: the wait that the workload declares, or the time of serial at one in flight. None where
    that is no time."""
    ones = [cell for cell in cells if cell.number("inflight") == 1]
    latency_ns = cells[0].number("wait_ns")
    if latency_ns is None:
        serial = [run.estimate(side, "time_ns") for cell in ones for side in cell.sides if side.backend == "serial"]
        latency_ns = serial[0].value if serial and serial[0].n else None
    if latency_ns is None or latency_ns <= 0:
        return []
    return [Row(inflight, Estimate(rate, rate, rate, 0), "ideal: in flight / latency", style, panel,
                label=cell.workload)
            for cell in cells if (inflight := cell.number("inflight")) and (rate := inflight * 1e9 / latency_ns)]


def io(judgement: Judgement, experiment: Experiment) -> Picture:
    run, series, rows = judgement.run, Series(), []
    workloads = list(dict.fromkeys(cell.workload for cell in run.cells_of(experiment.name)))
    for panel, workload in enumerate(workloads, 1):
        cells = sorted((cell for cell in run.cells_of(experiment.name) if cell.workload == workload),
                       key=lambda cell: cell.number("inflight") or 0)
        goetz = goetz_of(run, cells)
        rows += ideal_io(run, cells, panel, series.style("ideal", "ideal"))
        for cell in cells:
            for side in cell.sides:
                if side.backend in ("pool-again", "serial"):
                    continue
                time = run.estimate(side, "time_ns")
                of = answers.rate_of(time)
                rows += [Row(cell.number("inflight") or 0, of, name, series.style(side.backend, name), panel,
                             is_open(run, side, of), workload) for name in io_sizes(run, cell, side, goetz)]
    return Picture("inflight", "tasks_per_s", rows)


def cpu(judgement: Judgement, experiment: Experiment) -> Picture:
    """Speed over that of the caller alone, over workers; sides without workers stand at the number of CPUs."""
    run, series, rows, limits = judgement.run, Series(), [], []
    cpus = run.document["factors"]["cpus_usable"]
    for panel, cell in enumerate(run.cells_of(experiment.name), 1):
        serial = run.first_sides.get((cell.name, "serial"))
        limits.append(Limit("y", 1, "alone", panel=panel))
        for side in cell.sides if serial else []:
            if side.backend in ("serial", "pool-again"):
                continue
            of = stats.median(ratio_values(run, "time_ns", side, serial))
            rows.append(Row(side.workers or cpus, of, side.backend, series.style(side.backend, side.backend), panel,
                            is_open(run, side, of), cell.workload))
    return Picture("workers", "speed_up", rows, limits)


# What a task of a workload does, and the style of that.
GIL_WORK = {"gil-cpu": ("computing", 30), "gil-io": ("waiting", 10)}


def gil(judgement: Judgement, experiment: Experiment) -> Picture:
    """Speed of two workers over that of one: tasks that compute above, tasks that wait below, CPython's sides first."""
    run, rows = judgement.run, []
    for workload, (work, style) in GIL_WORK.items():
        cells = [cell for cell in run.cells_of(experiment.name) if cell.workload == workload]
        for cell in sorted(cells, key=lambda cell: cell.keys.get("load") != "python"):
            one = {side.backend: side for side in cell.sides if side.workers == 1}
            for two in [side for side in cell.sides if side.workers == 2 and side.backend in one]:
                of = stats.median(ratio_values(run, "time_ns", two, one[two.backend]))
                name = two.backend if cell.keys.get("load") == "python" else f"{two.backend}, a lock in C"
                rows.append(Row(-float(len(rows)), of, work, style, label=f"{work}: {name}",
                                open=is_open(run, two, of) or is_open(run, one[two.backend], of)))
    limits = [Limit("y", 1, "no gain"), Limit("y", 2, "twice as fast")]
    return Picture("position", "speed_up", rows, limits)


def kinds(judgement: Judgement, experiment: Experiment) -> Picture:
    """The pool's lead over raw in each cell."""
    run, rows = judgement.run, []
    for comparison in compare_cells(judgement, experiment):
        functions, chunk = (int(comparison.cell.number(key) or 1) for key in ("functions", "chunk"))
        label = f"{KIND_NAMES.get(comparison.cell.workload, comparison.cell.workload)}, " \
                f"{text.plural(functions, 'function')}"
        if chunk > 1:
            label += f", {chunk} to a task"
        role = "pool" if comparison.cell.primary else "raw" if (functions, chunk) == (1, 1) else "pool-elastic"
        rows.append(Row(0, comparison.ratio, role, STYLES[role], label=label,
                        open=is_open(run, comparison.pool, comparison.ratio)))
    return Picture("position", "pool_over_raw", ranked(rows))


KIND_NAMES = {"spin": "equal lengths", "bimodal": "two lengths", "pareto": "heavy tail"}


def sizes(judgement: Judgement, experiment: Experiment) -> Picture:
    run, series, rows, limits = judgement.run, Series(), [], []
    for panel, cell in enumerate(run.cells_of(experiment.name), 1):
        label = f"{key_text(cell, 'cpu_percent')} percent processor time"
        for side in cell.sides:
            if side.backend == "pool":
                rate = answers.rate_of(run.estimate(side, "time_ns"))
                rows.append(Row(side.workers, rate, "pool", series.style("pool", "pool"), panel,
                                is_open(run, side, rate), label))
            elif side.backend == "raw" and (rate := answers.rate_of(run.estimate(side, "time_ns"))).n:
                limits.append(Limit("y", rate.value, "threads", panel=panel))
        limits += [Limit("x", rule.size, rule.name, panel=panel) for rule in sizing.judge_rules(run, cell)]
    return Picture("workers", "tasks_per_s", rows, limits)
