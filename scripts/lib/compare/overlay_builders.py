"""Which experiment has which overlay. One without a row in the table gets a generic one."""
from collections.abc import Iterable

from base import text
from base.runs import Cell, Experiment, Run
from compare.overlay import (BYTES, LINEAR, NUMBER, TIME, Builder, Overlay, along, kind_of, made, name_of, over,
                             panel, point, ratio_point, side_in, stepped, swept, three)
from compare.overlays_of_cost import cpu, depth, floors, gil, grain, io, io_workloads, kinds, oneoff, sizing
from compare.overlays_of_latency import burst, gap, longrun, openload
from compare.overlays_of_programs import first, programs, status
from draw.views_of_programs import size_text, time_text
from judge import answers
from judge.verdicts import Judgement


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
    return TASK_TIME if metric == "time_ns" else name if unit in name or kind_of(run, metric) != NUMBER else \
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
    "spawn": swept("n", "Fibonacci number of the tree", LINEAR, "time for the tree of tasks"),
    "map": swept("length_ns", "length of an element", TIME, "time for an element"),
    "results": stepped("result_bytes", "bytes of each argument and each result", TASK_TIME, size_text),
    "state": stepped("build_ns", "time to build the state", TASK_TIME, time_text),
}
FURTHER: dict[str, dict[str, Builder]] = {"io": {"workloads": io_workloads}}


USUAL_TASK_NS = 100e3  # of open loads; on machines with many CPUs they are longer


def name_in(run: Run, experiment: str) -> str:
    """Times of tasks of other lengths are no line in one picture."""
    lengths = {cell.number("length_ns") or cell.number("mean_ns") for cell in run.cells_of(experiment)
               if cell.load == "open"} - {None, USUAL_TASK_NS}
    return f"{experiment}/tasks of {text.quantity(max(lengths), 'ns')}" if lengths else experiment


def reduce(judgement: Judgement) -> dict[str, Overlay]:
    """By the names of experiments; a further picture of one has `experiment/name`."""
    run, found = judgement.run, {}
    for experiment in run.experiments:
        if run.cells_of(experiment.name):
            found[name_in(run, experiment.name)] = BUILDERS.get(experiment.name, generic)(judgement, experiment)
            for name, build in FURTHER.get(experiment.name, {}).items():
                found[f"{experiment.name}/{name}"] = build(judgement, experiment)
    return {name: overlay for name, overlay in found.items() if overlay.panels}
