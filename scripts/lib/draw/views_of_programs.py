"""Rows of pictures of programs: a function for each experiment, or one for several."""
from collections.abc import Callable

from base import stats, text
from base.runs import Cell, Experiment, Run, Side
from base.stats import Estimate
from draw.picture import Builder, Limit, Picture, Row, Series, is_open, ranked
from judge.effects import ratio_values
from judge.verdicts import Judgement


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
