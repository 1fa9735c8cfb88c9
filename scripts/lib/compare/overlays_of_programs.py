"""Overlays of programs: a function for each experiment, or one for several."""
from base.runs import Experiment
from compare.overlay import (NUMBER, RATIO, TIME, Overlay, Point, along, kind_of, made, name_of, over, panel, point,
                             ratio_point, scaled, side_in)
from draw.picture import is_open
from draw.views_of_programs import slow_down
from judge.verdicts import Judgement


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
