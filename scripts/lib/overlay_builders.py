"""Overlays of experiments: a function for each, or one for several that are alike."""
from collections.abc import Callable, Iterable, Sequence

import answers
import stats
import text
from effects import is_late_merged, ratio_values
from overlay import (BYTES, FLOOR, LINEAR, NUMBER, OVER, POOL, POOL_OVER_THREAD, RATE, RATIO, SHARE, THREAD, TIME, Overlay, Panel,
                     Point, kind_of, name_of, point, rate_point, ratio_point, scaled, side_in, style_of)
from picture import is_open
from runs import Cell, Experiment, Run, Side
from stats import Estimate
from verdicts import Judgement
from views_of_cost import KIND_NAMES
from views_of_latency import timeline
from views_of_programs import size_text, slow_down, time_text

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
    return [panel("pool", kind, y_label, [p for x, label, side, _ in sides for p in point(run, x, label, side, metric)]),
            panel(thread, kind, y_label, [p for x, label, _, side in sides for p in point(run, x, label, side, metric)]),
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


def floors(judgement: Judgement, experiment: Experiment) -> Overlay:
    run = judgement.run
    points = [p for cell in run.cells_of(experiment.name) for side in cell.sides
              for p in point(run, 0, cell.name.partition("/")[2], side, experiment.metric)]
    return made(judgement, experiment, "", "",
                [Panel("", "", TIME, "time for one operation", tuple(points))])


def grain(judgement: Judgement, experiment: Experiment) -> Overlay:
    run, workload = judgement.run, answers.main_workload(judgement.run, experiment.name)
    workers = answers.workers_of_primary(judgement, experiment.name)
    cells = [cell for cell in answers.length_cells(run) if cell.workload == workload]
    places = along(cells, "length_ns")

    def efficiencies(backend: str) -> Panel:
        points = []
        for x, _, cell in places:
            side = side_in(cell, backend, workers)
            if side and (of := answers.efficiency(run, cell, side)).n:
                points.append(Point(x, "", of, is_open(run, side, of)))
        return panel(backend, SHARE, "efficiency", points)

    return made(judgement, experiment, "length of a task", TIME,
                [efficiencies("pool"), efficiencies("raw"), three(run, places, "time_ns", workers, "")[2]])


def depth(judgement: Judgement, experiment: Experiment) -> Overlay:
    """A side that was stopped stands at the number that it held, once."""
    run, panels = judgement.run, []
    workers = answers.workers_of_primary(judgement, experiment.name)
    for group, metric, kind, y_label in (("", "bytes_per_task", BYTES, "resident memory for each task"),
                                         ("submit", "submit_ns", TIME, "time to submit a task")):
        for backend in ("pool", "raw"):
            points: list[Point] = []
            for x, _, cell in along(run.cells_of(experiment.name), "tasks"):
                side = side_in(cell, backend, workers)
                stopped = side is not None and run.status(side) == "limit"
                if stopped and side:
                    x = run.estimate(side, "held").value
                points += [p for p in point(run, x, "", side, metric) if p.of.value > 0 and p.x > 0]
                if stopped:
                    break
            panels.append(panel(backend, kind, y_label, points, group))
    return made(judgement, experiment, "tasks outstanding", NUMBER, panels)


def oneoff(judgement: Judgement, experiment: Experiment) -> Overlay:
    run, times, ratios = judgement.run, [], []
    workers = answers.workers_of_primary(judgement, experiment.name)
    for cell in run.cells_of(experiment.name):
        label = {"run": "pool, cold", "warm": "pool, warm"}.get(str(cell.keys.get("life")), cell.name)
        pool, raw = side_in(cell, "pool", workers), side_in(cell, "raw")
        times += point(run, 0, label, pool, "time_ns")
        times += point(run, 0, THREAD, raw, "time_ns") if label == "pool, cold" else []
        ratios += ratio_point(run, 0, label, pool, raw, "time_ns")
    y_label = "time for one task, with creation and destruction"
    return made(judgement, experiment, "", "", [panel("pool", TIME, y_label, times, title="one task"), over(ratios)])


def io(judgement: Judgement, experiment: Experiment) -> Overlay:
    """The main workload: a pool with a worker for each task in flight, one of the CPUs' size, and threads."""
    run, workload = judgement.run, answers.main_workload(judgement.run, experiment.name)
    places = along((cell for cell in run.cells_of(experiment.name) if cell.workload == workload), "inflight")
    cpus = run.document["factors"]["cpus_usable"]

    def rates(pick: Callable[[Cell], Side | None], backend: str, title: str) -> Panel:
        return panel(backend, RATE, "tasks per second", [p for x, _, cell in places
                                                          for p in rate_point(run, x, "", pick(cell))], title=title)

    return made(judgement, experiment, "tasks in flight", NUMBER, [
        rates(for_each, "pool", "pool, a worker for each"),
        rates(lambda cell: exactly(cell, "pool", cpus), "pool-elastic", "pool of the CPUs' size"),
        rates(lambda cell: side_in(cell, "raw"), "raw", THREAD),
        over((p for x, _, cell in places for p in ratio_point(run, x, "", for_each(cell), side_in(cell, "raw"),
                                                              "time_ns")), "pool, a worker for each, over thread")])


def exactly(cell: Cell, backend: str, workers: int) -> Side | None:
    return next((side for side in cell.sides if (side.backend, side.workers) == (backend, workers)), None)


def for_each(cell: Cell) -> Side | None:
    return exactly(cell, "pool", int(cell.number("inflight") or 0))


IO_INFLIGHT = 64


def io_workloads(judgement: Judgement, experiment: Experiment) -> Overlay:
    """Every workload at one number of tasks in flight."""
    run = judgement.run
    cells = [cell for cell in run.cells_of(experiment.name) if cell.number("inflight") == IO_INFLIGHT]
    sides = [(cell.workload, for_each(cell), side_in(cell, "raw")) for cell in cells]
    y_label = f"tasks per second, {IO_INFLIGHT} in flight"
    return made(judgement, experiment, "", "", [
        panel("pool", RATE, y_label, [p for label, side, _ in sides for p in rate_point(run, 0, label, side)],
              title="pool, a worker for each"),
        panel("raw", RATE, y_label, [p for label, _, side in sides for p in rate_point(run, 0, label, side)]),
        over(p for label, a, b in sides for p in ratio_point(run, 0, label, a, b, "time_ns"))])


def cpu(judgement: Judgement, experiment: Experiment) -> Overlay:
    """With the pool over the caller alone: what all CPUs of a machine bring."""
    run, workers = judgement.run, answers.workers_of_primary(judgement, experiment.name)
    places: list[Place] = [(0.0, cell.workload, cell) for cell in run.cells_of(experiment.name)]
    alone = over((p for _, label, cell in places
                  for p in ratio_point(run, 0, label, side_in(cell, "pool", workers), side_in(cell, "serial"),
                                       "time_ns")), "pool over caller alone")
    return made(judgement, experiment, "", "", [*three(run, places, "time_ns", workers, "time for a task"), alone])


def gil(judgement: Judgement, experiment: Experiment) -> Overlay:
    run, points = judgement.run, []
    for workload, work in (("gil-cpu", "computing"), ("gil-io", "waiting")):
        for cell in (cell for cell in run.cells_of(experiment.name) if cell.workload == workload):
            one = {side.backend: side for side in cell.sides if side.workers == 1}
            for two in (side for side in cell.sides if side.workers == 2 and side.backend in one):
                label = f"{work}: {two.backend}" + ("" if cell.keys.get("load") == "python" else ", a lock in C")
                points += ratio_point(run, 0, label, two, one[two.backend], "time_ns")
    return made(judgement, experiment, "", "",
                [Panel("two workers over one", OVER, RATIO, "times the speed of one worker", tuple(points))])


def gap(judgement: Judgement, experiment: Experiment) -> Overlay:
    run, workers = judgement.run, answers.workers_of_primary(judgement, experiment.name)
    places = [(x, text.quantity(x, "ns") if x else "none", cell)
              for x, _, cell in along(run.cells_of(experiment.name), "pause_ns")]
    panels = []
    for group, quantile, of in (("", 0.5, "median"), ("p99", 0.99, "99th percentile")):
        for backend in ("pool", "raw"):
            panels.append(panel(backend, TIME, "time until its end is known",
                                [p for x, label, cell in places
                                 for p in latency_point(run, x, label, side_in(cell, backend, workers), quantile)],
                                group, f"{name_of(backend)}: {of}"))
        if not group:
            panels.append(over((p for x, label, cell in places
                                for p in ratio_point(run, x, label, side_in(cell, "pool", workers),
                                                     side_in(cell, "raw"), "p50_ns")), "pool over thread: median"))
    return made(judgement, experiment, "pause before each task", NUMBER, panels, has_steps=True)


def latency_point(run: Run, x: float, label: str, side: Side | None, quantile: float) -> list[Point]:
    """In doubt where the report does not print it, and where the generator itself was late."""
    of = answers.latency(run, side, quantile) if side else stats.median([])
    if not side or not of.n:
        return []
    return [Point(x, label, of, not of.is_printable or is_late_merged(run, side, quantile))]


def kinds(judgement: Judgement, experiment: Experiment) -> Overlay:
    run, places = judgement.run, []
    for cell in run.cells_of(experiment.name):
        functions, chunk = (int(cell.number(key) or 1) for key in ("functions", "chunk"))
        label = f"{KIND_NAMES.get(cell.workload, cell.workload)}, {text.plural(functions, 'function')}"
        places.append((0.0, label + (f", {chunk} to a task" if chunk > 1 else ""), cell))
    workers = answers.workers_of_primary(judgement, experiment.name)
    return made(judgement, experiment, "", "", three(run, places, "time_ns", workers, "time for a task"))


def longrun(judgement: Judgement, experiment: Experiment) -> Overlay:
    run = judgement.run
    places = [(f"{cell.keys.get('longs')}, long ones {cell.keys.get('long_kind')}", cell)
              for cell in run.cells_of(experiment.name) if cell.load == "open"]
    return made(judgement, experiment, "", "", [
        panel(backend, TIME, "99th percentile of the time of a short task",
              [p for label, cell in places for p in latency_point(run, 0, label, side_in(cell, backend), 0.99)])
        for backend in ("pool", "raw")])


def sizing(judgement: Judgement, experiment: Experiment) -> Overlay:
    run, panels = judgement.run, []
    for cell in run.cells_of(experiment.name):
        sides = sorted((side for side in cell.sides if side.backend == "pool"), key=lambda side: side.workers)
        panels.append(panel("pool", RATE, "tasks per second",
                            [p for side in sides for p in rate_point(run, side.workers, "", side)],
                            title=f"{cell.number('cpu_percent') or 0:g} percent processor time"))
    return made(judgement, experiment, "workers of the pool", NUMBER, panels)


OPEN_BACKENDS = ("pool", "pool-reject", "raw")


def openload(judgement: Judgement, experiment: Experiment) -> Overlay:
    run, workload = judgement.run, answers.main_workload(judgement.run, experiment.name)
    cells = answers.open_cells(run, experiment.name, "poisson", workload)
    return made(judgement, experiment, "offered, percent of the capacity", LINEAR, [
        panel(backend, TIME, "time of a task",
              [p for x, _, cell in along(cells, "percent")
               for p in latency_point(run, x, "", side_in(cell, backend), quantile)],
              group, f"{name_of(backend)}: {of}")
        for group, quantile, of in (("", 0.5, "median"), ("p99", 0.99, "99th percentile"))
        for backend in OPEN_BACKENDS])


def burst(judgement: Judgement, experiment: Experiment) -> Overlay:
    """Through an overload and after it: tasks done in time in each part of the time."""
    run, panels = judgement.run, []
    for cell in answers.open_cells(run, experiment.name, "surge")[:1]:
        for backend in OPEN_BACKENDS:
            side = side_in(cell, backend)
            rows = timeline(run.timelines.get(side, []), "in_time", backend, 0, 1) if side else []
            points = [Point(row.x, "", row.of, row.open) for row in rows if row.of.n]
            panels.append(panel(backend, RATE, "tasks done in time, per second", points))
    return made(judgement, experiment, "time (ms)", LINEAR, panels)


def programs(judgement: Judgement, experiment: Experiment) -> Overlay:
    run, times, ratios = judgement.run, [], []
    for cell in run.primary_cells(experiment.name) or run.cells_of(experiment.name)[:1]:
        raw = side_in(cell, "raw")
        for side in (side for side in cell.sides if not side.backend.endswith("-again")):
            label = name_of(side.backend)
            times += point(run, 0, label, side, experiment.metric)
            ratios += ratio_point(run, 0, label, side, raw, experiment.metric) if side != raw else []
    return made(judgement, experiment, "", "", [
        panel("pool", kind_of(run, experiment.metric), "time for a task", times, title="programs"),
        over(ratios, "over one thread per task")])


def status(judgement: Judgement, experiment: Experiment) -> Overlay:
    run, panels = judgement.run, []
    for backend in ("pool", "raw"):
        points = []
        for x, _, cell in along((c for c in run.cells_of(experiment.name) if c.number("polls_per_s")), "polls_per_s"):
            side = side_in(cell, backend)
            if side and (of := slow_down(run, cell, side)).n:
                points.append(Point(x, "", of, is_open(run, side, of)))
        panels.append(panel(backend, RATIO, "times as long as where nobody looks", points))
    return made(judgement, experiment, "looks at each task per second", NUMBER, panels)


def first(judgement: Judgement, experiment: Experiment) -> Overlay:
    run, points, ratios = judgement.run, [], []
    for cell in run.cells_of(experiment.name):
        tasks = cell.number("tasks") or 1
        ends = [("first result", 1.0, "first_result_ns"), ("all results", tasks, "time_ns")] if cell.primary else \
            [("ended by the error", tasks, "time_ns")]
        for what, times, metric in ends:
            pool, raw = side_in(cell, "pool"), side_in(cell, "raw")
            for name, side in (("pool", pool), ("thread", raw)):
                points += [p._replace(of=scaled(p.of, times))
                           for p in point(run, 0, f"{name}: {what}", side, metric)]
            ratios += ratio_point(run, 0, f"pool: {what}", pool, raw, metric)
    return made(judgement, experiment, "", "", [
        panel("pool", TIME, "time from the start of the program", points, title="programs"), over(ratios)])


# What is not known by name.

def is_like(cell: Cell, other: Cell, keys: Iterable[str]) -> bool:
    return cell.workload == other.workload and all(cell.keys.get(key) == other.keys.get(key) for key in keys)


def generic(judgement: Judgement, experiment: Experiment) -> Overlay:
    """Over the first swept key that is a number, as far as cells are like the primary one in all others."""
    run, cells = judgement.run, judgement.run.cells_of(experiment.name)
    main = (run.primary_cells(experiment.name) or cells)[0]
    axis = next((axis for axis in experiment.axes if len({cell.number(axis) for cell in cells} - {None}) > 1), "")
    if not axis:
        return generic_categories(judgement, experiment, main)
    others = [key for key in experiment.axes if key != axis]
    places = along((cell for cell in cells if cell.number(axis) is not None and is_like(cell, main, others)), axis)
    workers = answers.workers_of_primary(judgement, experiment.name)
    y_label = measured(run, experiment)
    panels = three(run, places, experiment.metric, workers, y_label)
    if not panels[0].points and not panels[1].points:
        backends = list(dict.fromkeys(side.backend for _, _, cell in places for side in cell.sides))
        panels = [panel(backend, kind_of(run, experiment.metric), y_label,
                        [p for x, _, cell in places for p in point(run, x, "", side_in(cell, backend),
                                                                   experiment.metric)]) for backend in backends]
    return made(judgement, experiment, axis, TIME if axis.endswith("length_ns") else NUMBER, panels)


def measured(run: Run, experiment: Experiment) -> str:
    metric = experiment.metric
    unit = run.metrics[metric].unit if metric in run.metrics else ""
    name = metric.replace("_", " ")
    if kind_of(run, metric) in (TIME, BYTES):
        name = name.removesuffix(" ns")
    return TASK_TIME if metric == "time_ns" else name if name.endswith(unit) or kind_of(run, metric) != NUMBER else \
        f"{name} ({unit})"


def generic_categories(judgement: Judgement, experiment: Experiment, cell: Cell) -> Overlay:
    """Every backend of one cell."""
    run, metric = judgement.run, experiment.metric
    sides = [side for side in cell.sides if not side.backend.endswith("-again")]
    several = {side.backend for side in sides if sum(other.backend == side.backend for other in sides) > 1}
    points = [p for side in sides for p in point(
        run, 0, text.side_name(side) if side.backend in several else name_of(side.backend), side, metric)]
    ratios = ratio_point(run, 0, "pool", side_in(cell, "pool"), side_in(cell, "raw"), metric)
    return made(judgement, experiment, "", "", [
        panel("pool", kind_of(run, metric), measured(run, experiment), points, title="backends"),
        *([over(ratios)] if kind_of(run, metric) == TIME else [])])


TASK_TIME = "time for a task"
BUILDERS: dict[str, Builder] = {
    "floors": floors, "grain": grain, "depth": depth, "oneoff": oneoff, "io": io, "cpu": cpu, "gil": gil, "gap": gap,
    "kinds": kinds, "longrun": longrun, "sizing": sizing, "openload": openload, "burst": burst, "fanout": programs,
    "steps": programs, "status": status, "first": first,
    "reuse": swept("batches", "batches in the life of the pool", NUMBER, TASK_TIME),
    "forget": swept("tasks", "tasks, all started at once", NUMBER, "time for each task", "raw-detached"),
    "spawn": swept("n", "which of Fibonacci's numbers the tree finds", LINEAR, "time for the tree of tasks"),
    "map": swept("length_ns", "length of an element", TIME, "time for an element"),
    "results": stepped("result_bytes", "bytes of each argument and each result", TASK_TIME, size_text),
    "state": stepped("build_ns", "time to build the state", TASK_TIME, time_text),
}
FURTHER: dict[str, dict[str, Builder]] = {"io": {"workloads": io_workloads}}


def reduce(judgement: Judgement) -> dict[str, Overlay]:
    """By the names of experiments; a further picture of one has `experiment/name`."""
    run, found = judgement.run, {}
    for experiment in run.experiments:
        if run.cells_of(experiment.name):
            found[experiment.name] = BUILDERS.get(experiment.name, generic)(judgement, experiment)
            for name, build in FURTHER.get(experiment.name, {}).items():
                found[f"{experiment.name}/{name}"] = build(judgement, experiment)
    return {name: overlay for name, overlay in found.items() if overlay.panels}
