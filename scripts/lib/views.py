"""What each picture shows: a function for each experiment that makes its rows, and a table of how they are drawn. An
experiment without a row there gets a generic picture."""
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import answers
import sizing
import stats
import text
from effects import QUANTILES, is_late_merged, ratio_values
from runs import Cell, Experiment, Run, Side
from stats import Estimate
from verdicts import Judgement, compare_cells


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
    return [Limit(axis, of.value, label, panel=panel) for of, label in found if of.n]


def is_open(run: Run, side: Side, of: Estimate) -> bool:
    return not of.has_interval or run.status(side) != "ok"


# One function per experiment.

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
        band = run.plugin_backends if len(run.plugin_backends) >= BAND_FROM else []
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


def peers_band(run: Run, cell: Cell, x: float, backends: list[str]) -> list[Row]:
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


ONEOFF_NAMES = {"run": "made for the task", "warm": "there before the task"}


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


def ranked(rows: list[Row]) -> list[Row]:
    """Categories from the smallest value, at the top, to the largest."""
    ordered = sorted((row for row in rows if row.of.n), key=lambda row: row.of.value)
    return [Row(-float(i), row.of, row.series, row.style, row.panel, row.open, row.label)
            for i, row in enumerate(ordered)]


def io_sizes(run: Run, cell: Cell, side: Side) -> list[str]:
    """What a number of workers stands for; one size may stand for several things."""
    if not side.workers:
        return [side.backend]
    calibration = run.document.get("calibration")
    goetz = calibration.get(f"{cell.workload}_goetz") if isinstance(calibration, dict) else None
    names = []
    if side.workers in run.document["factors"]["workers"]:
        names.append(text.side_name(side))
    if side.workers == goetz:
        names.append(f"{side.backend}, Goetz's size")
    if side.workers == cell.number("inflight"):
        names.append(f"{side.backend}, a worker for each")
    return names


def ideal_io(run: Run, cells: list[Cell], panel: int, style: int) -> list[Row]:
    """In flight over latency: the wait that the workload declares, or the time of serial at one in flight."""
    ones = [cell for cell in cells if cell.number("inflight") == 1]
    latency_ns = cells[0].number("wait_ns")
    if latency_ns is None:
        serial = [run.estimate(side, "time_ns") for cell in ones for side in cell.sides if side.backend == "serial"]
        latency_ns = serial[0].value if serial and serial[0].n else None
    if latency_ns is None:
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
        rows += ideal_io(run, cells, panel, series.style("ideal", "ideal"))
        for cell in cells:
            for side in cell.sides:
                if side.backend in ("pool-again", "serial"):
                    continue
                time = run.estimate(side, "time_ns")
                of = answers.rate_of(time) if time.n else time
                rows += [Row(cell.number("inflight") or 0, of, name, series.style(side.backend, name), panel,
                             is_open(run, side, of), workload) for name in io_sizes(run, cell, side)]
    return Picture("inflight", "tasks_per_s", rows)


def cpu(judgement: Judgement, experiment: Experiment) -> Picture:
    """Speed over that of the caller alone, over workers; sides without workers stand at the number of CPUs."""
    run, series, rows, limits = judgement.run, Series(), [], []
    cpus = run.document["factors"]["cpus_usable"]
    for panel, cell in enumerate(run.cells_of(experiment.name), 1):
        serial = next((side for side in cell.sides if side.backend == "serial"), None)
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


def gap(judgement: Judgement, experiment: Experiment) -> Picture:
    """Pauses stand side by side, because one of them is none."""
    run, series, rows = judgement.run, Series(), []
    pauses = sorted({cell.number("pause_ns") or 0 for cell in run.cells_of(experiment.name)})
    for panel, quantile in ((1, 0.5), (2, 0.99)):
        for cell in sorted(run.cells_of(experiment.name), key=lambda cell: cell.number("pause_ns") or 0):
            pause_ns = cell.number("pause_ns") or 0
            for side in cell.sides:
                of = answers.latency(run, side, quantile)
                name, label = text.side_name(side), text.quantity(pause_ns, "ns") if pause_ns else "none"
                rows.append(Row(pauses.index(pause_ns), of, name, series.style(side.backend, name), panel,
                                not of.is_printable, label))
    return Picture("pause", "sojourn_ns", rows, time_limits(run, "y", 1))


def kinds(judgement: Judgement, experiment: Experiment) -> Picture:
    """The pool's lead over raw in each cell."""
    run, rows = judgement.run, []
    for comparison in compare_cells(judgement, experiment):
        keys = comparison.cell.keys
        functions, chunk = int(keys.get("functions", 1)), int(keys.get("chunk", 1))
        label = f"{KIND_NAMES.get(comparison.cell.workload, comparison.cell.workload)}, " \
                f"{text.plural(functions, 'function')}"
        if chunk > 1:
            label += f", {chunk} to a task"
        role = "pool" if comparison.cell.primary else "raw" if (functions, chunk) == (1, 1) else "pool-elastic"
        rows.append(Row(0, comparison.ratio, role, STYLES[role], label=label,
                        open=is_open(run, comparison.pool, comparison.ratio)))
    return Picture("position", "pool_over_raw", ranked(rows))


KIND_NAMES = {"spin": "equal lengths", "bimodal": "two lengths", "pareto": "heavy tail"}


def longrun(judgement: Judgement, experiment: Experiment) -> Picture:
    run, series, rows = judgement.run, Series(), []
    for cell in run.cells_of(experiment.name):
        for side in cell.sides:
            of = answers.latency(run, side, 0.99)
            if cell.load == "open" and side.backend != "pool-again":
                label = f"{side.backend}, long ones {cell.keys.get('long_kind')}, {cell.keys.get('longs')}"
                late = is_late_merged(run, side, 0.99)
                rows.append(Row(0, of, side.backend, series.style(side.backend, side.backend), label=label,
                                open=late or not of.is_printable))
    return Picture("position", "p99_ns", ranked(rows))


def sizes(judgement: Judgement, experiment: Experiment) -> Picture:
    run, series, rows, limits = judgement.run, Series(), [], []
    for panel, cell in enumerate(run.cells_of(experiment.name), 1):
        label = f"{cell.number('cpu_percent'):g} percent processor time"
        for side in cell.sides:
            if side.backend == "pool":
                of = run.estimate(side, "time_ns")
                rate = answers.rate_of(of) if of.n else of
                rows.append(Row(side.workers, rate, "pool", series.style("pool", "pool"), panel,
                                is_open(run, side, of), label))
            elif side.backend == "raw" and (of := run.estimate(side, "time_ns")).n:
                limits.append(Limit("y", answers.rate_of(of).value, "threads", panel=panel))
        limits += [Limit("x", rule.size, rule.name, panel=panel) for rule in sizing.judge_rules(run, cell)]
    return Picture("workers", "tasks_per_s", rows, limits)


def openload(judgement: Judgement, experiment: Experiment) -> Picture:
    """Four percentiles over the rate. Hollow: too few samples, or the generator itself was late."""
    run, series, rows = judgement.run, Series(), []
    workload = answers.main_workload(run, experiment.name)
    for panel, quantile in enumerate(QUANTILES, 1):
        for cell in answers.open_cells(run, experiment.name, "poisson", workload):
            for side in cell.sides:
                of = answers.latency(run, side, quantile)
                if side.backend != "pool-again":
                    rows.append(Row(cell.number("percent") or 0, of, side.backend,
                                    series.style(side.backend, side.backend), panel,
                                    not of.is_printable or is_late_merged(run, side, quantile)))
    return Picture("offered_percent", "sojourn_ns", rows)


CURVE_QUANTILES = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999]


def openload_curve(judgement: Judgement, experiment: Experiment) -> Picture:
    """All percentiles at the primary rate, over how rare they are."""
    run, series, rows = judgement.run, Series(), []
    for cell in run.primary_cells(experiment.name):
        for side in cell.sides:
            for quantile in CURVE_QUANTILES if side.backend != "pool-again" else []:
                of = stats.histogram_quantile(run.histograms.get(side, {}), quantile)
                next_known = min((known for known in QUANTILES if known >= quantile), default=0.999)
                if of.has_interval:
                    rows.append(Row(1 / (1 - quantile), of, side.backend, series.style(side.backend, side.backend),
                                    open=not of.is_printable or is_late_merged(run, side, next_known)))
    return Picture("one_in", "sojourn_ns", rows)


def burst(judgement: Judgement, experiment: Experiment) -> Picture:
    """Through an overload and after it: tasks that came, and tasks done in time, in each part of the time."""
    run, series, rows = judgement.run, Series(), []
    for cell in answers.open_cells(run, experiment.name, "surge"):
        for side in (side for side in cell.sides if side.backend not in ("pool-block", "pool-caller")):
            lines = run.timelines.get(side, [])
            for panel, name in enumerate(("done", "in_time"), 1):
                rows += timeline(lines, name, side.backend, series.style(side.backend, side.backend), panel)
                if side.backend == "pool":
                    rows += timeline(lines, "offered", "tasks that came", STYLES["floor"], panel)
    return Picture("time_ms", "tasks_per_s", rows)


def timeline(lines: list[dict[str, Any]], name: str, series: str, style: int, panel: int) -> list[Row]:
    n_bins = min((len(line[name]) for line in lines), default=0)
    rows = []
    for i in range(n_bins):
        of = stats.median([line[name][i] * 1e3 / line["bin_ms"] for line in lines])
        rows.append(Row((i + 0.5) * lines[0]["bin_ms"], of, series, style, panel, not of.has_interval))
    return rows


# Programs: each with its lines.

def program_name(run: Run, side: Side) -> str:
    lines = run.estimate(side, "lines")
    return text.side_name(side) + (f", {lines.value:.0f} lines" if lines.n else "")


def programs(judgement: Judgement, experiment: Experiment) -> Picture:
    """A dot for each program of the primary cell."""
    run, series = judgement.run, Series()
    rows = [Row(0, of, side.backend, series.style(side.backend, side.backend), label=program_name(run, side),
                open=is_open(run, side, of))
            for cell in run.primary_cells(experiment.name) for side in cell.sides
            if (of := run.estimate(side, experiment.metric)).n]
    return Picture("position", experiment.metric, ranked(rows))


def size_text(size: float) -> str:
    return f"{size / 1024:g} KiB" if size >= 1024 else f"{size:g} B"


def time_text(time_ns: float) -> str:
    return text.quantity(time_ns, "ns")


def swept_programs(key: str, shown: Callable[[float], str]) -> Builder:
    """A line for each program. Values stand side by side, because one of them is none."""
    def build(judgement: Judgement, experiment: Experiment) -> Picture:
        run, series, rows = judgement.run, Series(), []
        cells = sorted(run.cells_of(experiment.name), key=lambda cell: cell.number(key) or 0)
        for x, cell in enumerate(cells):
            value = cell.number(key) or 0
            for side in cell.sides:
                if side.backend == "pool-again":
                    continue
                of, name = run.estimate(side, "time_ns"), program_name(run, side)
                rows.append(Row(x, of, name, series.style(side.backend, name), open=is_open(run, side, of),
                                label=shown(value) if value else "none"))
        return Picture(key, "time_ns", rows)
    return build


def slow_down(run: Run, cell: Cell, side: Side) -> Estimate:
    """By how many times a program takes longer than where nobody looks at its tasks."""
    still = next((Side(other.name, side.backend, side.workers) for other in run.cells_of(cell.experiment)
                  if not other.number("polls_per_s")), side)
    return stats.median(ratio_values(run, "time_ns", still, side))


def status(judgement: Judgement, experiment: Experiment) -> Picture:
    run, series, rows = judgement.run, Series(), []
    for cell in run.cells_of(experiment.name):
        polls_per_s = cell.number("polls_per_s")
        for side in cell.sides if polls_per_s else []:
            of, name = slow_down(run, cell, side), program_name(run, side)
            rows.append(Row(polls_per_s or 0, of, name, series.style(side.backend, name), open=is_open(run, side, of)))
    return Picture("polls_per_s", "slow_down", rows, [Limit("y", 1, "nobody looks")])


def first(judgement: Judgement, experiment: Experiment) -> Picture:
    """When the first result was there, when all were, and where a task fails when that had ended the program."""
    run, series, rows = judgement.run, Series(), []
    for cell in run.cells_of(experiment.name):
        ends = [("first result", 1.0, "first_result_ns"), ("all results", cell.number("tasks") or 1, "time_ns")]
        if not cell.primary:
            ends = [("ended by the error", cell.number("tasks") or 1, "time_ns")]
        for what, times, metric in ends:
            for side in cell.sides:
                of = run.estimate(side, metric)
                of = Estimate(of.value * times, of.lo * times, of.hi * times, of.n)
                if side.backend != "pool-again":
                    rows.append(Row(0, of, side.backend, series.style(side.backend, side.backend),
                                    label=f"{side.backend}: {what}", open=is_open(run, side, of)))
    return Picture("position", "time_ns", ranked(rows))


def generic(judgement: Judgement, experiment: Experiment) -> Picture:
    """The metric over the first swept key that is a number, one series for each side and other swept keys."""
    run, series, rows = judgement.run, Series(), []
    cells = run.cells_of(experiment.name)
    axis = next((axis for axis in experiment.axes if any(cell.number(axis) is not None for cell in cells)), "")
    several = len({cell.workload for cell in cells}) > 1
    others = [key for key in experiment.axes if key != axis and len({cell.keys.get(key) for cell in cells}) > 1]
    for cell in cells:
        suffix = [f"{key} {cell.keys[key]}" for key in others if key in cell.keys] + [cell.workload] * several
        for side in cell.sides:
            name, of = ", ".join([text.side_name(side), *suffix]), run.estimate(side, experiment.metric)
            rows.append(Row(cell.number(axis) or 0, of, name, series.style(side.backend, name),
                            open=is_open(run, side, of), label=name))
    unit = run.metrics[experiment.metric].unit if experiment.metric in run.metrics else ""
    y_label = f"{experiment.metric} ({unit})" if unit else experiment.metric
    return Picture(axis or "position", experiment.metric, rows if axis else ranked(rows), [], axis, y_label)


OPEN_METRICS = ["offered_per_s", "done_per_s", "in_time_per_s", "refused", "p50_ns", "p99_ns", "blocked_p50_ns",
                "lateness_p99_ns", "queue_mean_ns", "service_mean_ns"]
LATENCY_PARTS = ["lateness_p50_ns", "queue_p50_ns", "service_p50_ns", "delivery_p50_ns"]

VIEWS: dict[str, View] = {
    "floors": View("floors", floors, ["time_ns"]),
    "reuse": View("reuse", reuse, ["time_ns", "first_ns", "cpu_ns"]),
    "grain": View("grain", grain, ["time_ns", "cpu_ns"]),
    "depth": View("depth", depth,
                  ["held", "bytes_per_task", "kernel_bytes_per_task", "submit_ns", "threads_refused"]),
    "oneoff": View("oneoff", oneoff, ["time_ns", "first_ns", "cpu_ns"]),
    "io": View("io", io, ["time_ns", "cpu_ns", "server_cpu_ns"]),
    "cpu": View("cpu", cpu, ["time_ns", "cpu_ns"]),
    "gil": View("gil", gil, ["time_ns", "cpu_ns", "gave_way"]),
    "threads": View("threads", sides_ranked, ["threads_seen", "threads_created"]),
    "idle": View("idle", sides_ranked, ["idle_cpu_share"]),
    "spawn": View("spawn", generic, ["time_ns", "cpu_ns"]),
    "map": View("map", generic, ["time_ns", "cpu_ns"]),
    "gap": View("gap", gap, LATENCY_PARTS),
    "kinds": View("kinds", kinds, ["time_ns", "cpu_ns"]),
    "longrun": View("longrun", longrun, OPEN_METRICS),
    "sizing": View("sizing", sizes, ["time_ns", "cpu_ns"]),
    "openload": View("openload", openload, OPEN_METRICS),
    "openload-curve": View("openload-curve", openload_curve, [],
                           "How is the time of a task distributed under overload?"),
    "burst": View("burst", burst, OPEN_METRICS),
    "fanout": View("fanout", programs, ["time_ns", "lines", "cpu_ns"]),
    "results": View("results", swept_programs("result_bytes", size_text), ["time_ns", "lines", "cpu_ns"]),
    "status": View("status", status, ["time_ns", "polls", "lines", "cpu_ns"]),
    "state": View("state", swept_programs("build_ns", time_text), ["time_ns", "lines", "cpu_ns"]),
    "first": View("first", first, ["first_result_ns", "time_ns", "lines", "cpu_ns"]),
    "steps": View("steps", programs, ["time_ns", "lines", "cpu_ns"]),
}

# Further pictures of an experiment, by their names in VIEWS.
FURTHER = {"openload": ["openload-curve"]}


def view_of(run: Run, experiment: Experiment) -> View:
    if experiment.name in VIEWS:
        return VIEWS[experiment.name]
    cells = run.cells_of(experiment.name)
    has_axis = any(cell.number(axis) is not None for axis in experiment.axes for cell in cells)
    return View("lines" if has_axis else "dots", generic, [experiment.metric])


def views_of(run: Run, experiment: Experiment) -> dict[str, View]:
    """All pictures of an experiment by their names; the first one has the experiment's."""
    further = {name: VIEWS[name] for name in FURTHER.get(experiment.name, [])}
    return {experiment.name: view_of(run, experiment), **further}
