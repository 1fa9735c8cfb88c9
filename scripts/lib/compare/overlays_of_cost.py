"""Overlays of throughput, memory and creation: a function for each experiment."""
from collections.abc import Callable

from base import text
from base.runs import Cell, Experiment, Side
from compare.overlay import (BYTES, NUMBER, OVER, RATE, RATIO, SHARE, THREAD, TIME, Overlay, Panel, Place, Point,
                             along, made, over, panel, point, rate_point, ratio_point, side_in, three)
from draw.picture import is_open
from draw.views_of_cost import KIND_NAMES
from judge import answers
from judge.verdicts import Judgement


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


def kinds(judgement: Judgement, experiment: Experiment) -> Overlay:
    run, places = judgement.run, []
    for cell in run.cells_of(experiment.name):
        functions, chunk = (int(cell.number(key) or 1) for key in ("functions", "chunk"))
        label = f"{KIND_NAMES.get(cell.workload, cell.workload)}, {text.plural(functions, 'function')}"
        places.append((0.0, label + (f", {chunk} to a task" if chunk > 1 else ""), cell))
    workers = answers.workers_of_primary(judgement, experiment.name)
    return made(judgement, experiment, "", "", three(run, places, "time_ns", workers, "time for a task"))


def sizing(judgement: Judgement, experiment: Experiment) -> Overlay:
    run, panels = judgement.run, []
    for cell in run.cells_of(experiment.name):
        sides = sorted((side for side in cell.sides if side.backend == "pool"), key=lambda side: side.workers)
        panels.append(panel("pool", RATE, "tasks per second",
                            [p for side in sides for p in rate_point(run, side.workers, "", side)],
                            title=f"{cell.number('cpu_percent') or 0:g} percent processor time"))
    return made(judgement, experiment, "workers of the pool", NUMBER, panels)
