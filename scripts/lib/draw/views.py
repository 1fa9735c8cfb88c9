"""How each experiment is shown: a table of pictures. An experiment without a row there gets a generic one."""
from base import text
from base.runs import Experiment, Run
from draw.picture import Picture, Row, Series, View, is_open, ranked
from draw.views_of_cost import cpu, depth, floors, gil, grain, io, kinds, oneoff, reuse, sides_ranked, sizes
from draw.views_of_latency import burst, gap, longrun, openload, openload_curve
from draw.views_of_programs import first, programs, size_text, status, swept_programs, time_text
from judge.verdicts import Judgement


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
    "reuse": View("reuse", reuse, ["time_ns", "same_cpu", "first_ns", "cpu_ns"]),
    "grain": View("grain", grain, ["time_ns", "cpu_ns"]),
    "depth": View("depth", depth,
                  ["held", "bytes_per_task", "kernel_bytes_per_task", "submit_ns", "threads_refused"]),
    "oneoff": View("oneoff", oneoff, ["time_ns", "same_cpu", "first_ns", "cpu_ns"]),
    "io": View("io", io, ["time_ns", "cpu_ns", "server_cpu_ns"]),
    "cpu": View("cpu", cpu, ["time_ns", "cpu_ns"]),
    "gil": View("gil", gil, ["time_ns", "cpu_ns", "gave_way"]),
    "threads": View("threads", sides_ranked, ["threads_seen", "threads_created"]),
    "idle": View("idle", sides_ranked, ["idle_cpu_share"]),
    "spawn": View("spawn", generic, ["time_ns", "cpu_ns"]),
    "map": View("map", generic, ["time_ns", "cpu_ns"]),
    "inject": View("lines", generic, ["time_ns", "cpu_ns", "inline_share"]),
    "bounded": View("lines", generic, ["time_ns", "cpu_ns", "inline_share"]),
    "shortmap": View("lines", generic, ["p50_ns", "p99_ns", "inline_share"]),
    "handle": View("lines", generic, ["p50_ns", "p99_ns", "inline_share"]),
    "metg": View("lines", generic, ["time_ns", "cpu_ns", "inline_share"]),
    "crowd": View("lines", generic, ["time_ns", "cpu_ns", "inline_share"]),
    "gap": View("gap", gap, ["same_cpu", *LATENCY_PARTS]),
    "forget": View("forget", generic, ["time_ns", "same_cpu", "cpu_ns"]),
    "kinds": View("kinds", kinds, ["time_ns", "cpu_ns"]),
    "longrun": View("longrun", longrun, OPEN_METRICS),
    "sizing": View("sizing", sizes, ["time_ns", "cpu_ns"]),
    "openload": View("openload", openload, OPEN_METRICS),
    "openload-curve": View("openload-curve", openload_curve, [],
                           "How is the time of a task distributed under overload?"),
    "burst": View("burst", burst, OPEN_METRICS),
    "fanout": View("fanout", programs, ["time_ns", "lines", "cpu_ns"]),
    "results": View("results", swept_programs("result_bytes", size_text),
                    ["time_ns", "same_cpu", "lines", "cpu_ns"]),
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
