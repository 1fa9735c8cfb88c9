"""Overlays of latency and open loads: a function for each experiment."""
from base import stats, text
from base.runs import Experiment, Run, Side
from compare.overlay import (LINEAR, NUMBER, RATE, TIME, Overlay, Point, along, made, name_of, over, panel,
                             ratio_point, side_in)
from draw.views_of_latency import timeline
from judge import answers
from judge.effects import is_late_merged
from judge.verdicts import Judgement


def latency_point(run: Run, x: float, label: str, side: Side | None, quantile: float) -> list[Point]:
    """In doubt where the report does not print it, and where the generator itself was late."""
    of = answers.latency(run, side, quantile) if side else stats.median([])
    if not side or not of.n:
        return []
    return [Point(x, label, of, not of.is_printable or is_late_merged(run, side, quantile))]


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


def longrun(judgement: Judgement, experiment: Experiment) -> Overlay:
    run = judgement.run
    places = [(f"{cell.keys.get('longs')}, long ones {cell.keys.get('long_kind')}", cell)
              for cell in run.cells_of(experiment.name) if cell.load == "open"]
    return made(judgement, experiment, "", "", [
        panel(backend, TIME, "99th percentile of the time of a short task",
              [p for label, cell in places for p in latency_point(run, 0, label, side_in(cell, backend), 0.99)])
        for backend in ("pool", "raw")])


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
