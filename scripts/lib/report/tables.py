"""data.csv: one row per cell, side and metric."""
import csv
import io
import math

from base.runs import Run
from base.text import csv_field

COLUMNS = ["experiment", "cell", "backend", "workers", "metric", "unit", "n_rounds", "median", "lo", "hi", "status"]


def number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.10g}"


def data_csv(run: Run) -> str:
    """Medians over rounds with their 95% intervals, in the metric's unit. Empty: there is none."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    incomplete = "" if run.is_complete else " (incomplete run)"
    for cell in run.cells.values():
        for side in cell.sides:
            status = run.status(side) + incomplete
            measured = sorted({name for sample in run.samples_of(side) for name in sample.metrics})
            for name in measured or [""]:
                of = run.estimate(side, name)
                unit = run.metrics[name].unit if name in run.metrics else ""
                row = [cell.experiment, cell.name, side.backend, str(side.workers), name, unit, str(of.n)]
                numbers = [number(of.value), number(of.lo), number(of.hi)]
                writer.writerow([*(csv_field(text) for text in row), *numbers, status])
    return out.getvalue()
