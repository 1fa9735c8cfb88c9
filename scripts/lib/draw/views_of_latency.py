"""Rows of pictures of latency and open loads: a function for each experiment."""
from typing import Any

from base import stats, text
from base.runs import Experiment
from draw.picture import STYLES, Picture, Row, Series, ranked, time_limits
from judge import answers
from judge.effects import QUANTILES, is_late_merged
from judge.verdicts import Judgement


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
