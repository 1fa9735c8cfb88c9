"""What a reader needs to judge the numbers: what is not there, how it was measured, where, and how to do it again."""
import re
from collections import Counter
from typing import Any

from base.runs import Run, Side
from base.text import plural, quantity, side_name, significant
from judge.effects import NOT_MEASURED
from judge.verdicts import Judgement
from report.blocks import Block, Bullets, Code, Lines, Link, Paragraph, Section, Table, Words, joined


def known_ns(of: dict[str, Any], name: str) -> str:
    value = of.get(name)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return quantity(value, "ns") if is_number else "an unknown time"


def is_unsettled(run: Run, side: Side) -> bool:
    """Its warm-up did not settle in most rounds."""
    values = [sample.metrics["settled"] for sample in run.samples_of(side) if "settled" in sample.metrics]
    return bool(values) and 2 * sum(values) < len(values)


def unsettled(run: Run) -> list[Side]:
    return [side for side in run.by_side if is_unsettled(run, side)]


def unmeasured(run: Run) -> list[Words]:
    """What failed, and what ended at a limit: once where a backend ended alike in several cells."""
    rounds: Counter[tuple[str, str, str, str]] = Counter(
        (side_name(s.side), s.status, s.reason, s.side.cell) for s in run.samples if s.status != "ok")
    cells: dict[tuple[str, str, str], list[str]] = {}
    for (*what, cell) in sorted(rounds):
        cells.setdefault((what[0], what[1], what[2]), []).append(cell)
    items: list[Words] = []
    for (side, status, reason), of in cells.items():
        n = sum(rounds[side, status, reason, cell] for cell in of)
        more = f" and {plural(len(of) - 1, 'other cell')}" if len(of) > 1 else ""
        items.append([f"{side} in ", Code(of[0]), f"{more} {'ended at a limit' if status == 'limit' else 'failed'} "
                      f"in {plural(n, 'round')}: {reason}"])
    return items


def left_out(judgement: Judgement) -> Section:
    run = judgement.run
    items: list[Words] = []
    if not run.is_complete:
        items.append(f"the run is incomplete: {run.rounds_done} of {run.rounds_planned} rounds are whole")
    if run.document["factors"]["filter"]:
        items.append(["all cells that the filter ", Code(run.document["factors"]["filter"]), " does not match"])
    items += [f"{v.experiment.claim} was not measured: {v.reason}" for v in judgement.verdicts
              if v.word == NOT_MEASURED]
    items += unmeasured(run)
    hardware = run.machine.get("processor")
    threads = hardware.get("hardware_threads") if isinstance(hardware, dict) else None
    usable = run.document["factors"]["cpus_usable"]
    if isinstance(threads, int) and threads > usable:
        items.append(f"{threads - usable} of {plural(threads, 'CPU')}: this process may not use them")
    return Section("Left out", [Bullets(items or ["nothing"])], "left-out")


def checks(run: Run) -> list[Block]:
    if not run.checks:
        return []
    return [Section("What blurred this run", [Bullets([f"{c.text}: {c.advice}" for c in run.checks])], "blurred")]


def method(judgement: Judgement) -> Section:
    clock = judgement.run.document["clock"]
    floors = [f"{mode} {significant(floor)}" for mode, floor in sorted(judgement.largest_floor.items())]
    return Section("Method", [Bullets([
        "The unit of replication is the round. Each side of a cell is measured once a round, in a process of its "
        "own, next to the other sides of its cell.",
        "Values are medians over rounds with exact order-statistic intervals of 95%. Ratios are paired by round and "
        "never averaged.",
        "A claim is decided by its primary contrast alone: the interval against \u03b4, and a signed-rank test with "
        "Holm's correction over the primary contrasts of the run. \u03b4 is the larger of 5% and the A/A floor "
        f"(largest of each mode: {', '.join(floors) if floors else 'none measured'}).",
        f"Clock: {clock['source']}, resolution {known_ns(clock, 'resolution_ns')}, one reading "
        f"{known_ns(clock, 'cost_ns')}; stamping a task in latency cells {known_ns(clock, 'stamp_ns')}, without "
        f"clock readings {known_ns(clock, 'record_ns')}. No number of one mode comes from a cell of the other.",
        "All tasks of a batch are started by one thread, so there is no skew between starters; the backend is there "
        "before, unless its creation is what is measured. Tasks are counted per CPU, and the counts are added "
        "after the last task. Histograms are merged by adding counts; percentiles are never averaged.",
        ["From any number to its samples in two steps. In report.html: the number leads to its row under \u201cAll "
         "cells\u201d, and the row opens on its rounds, each with the line of ", Code("journal.jsonl"),
         " that holds it; a ratio opens the rows of both sides. Without a browser: ", Code("data.csv"),
         " has the row with that cell, backend and metric, and the lines of ", Code("journal.jsonl"),
         " with this cell and backend are its samples."],
        ["What all this means in full: ", Code("docs/method.md"), " of poolbench."]])], "method")


def time_taken(run: Run) -> Section:
    """Where the run's time went: the processes of all sides from start to end, the pilot apart."""
    seconds: Counter[str] = Counter()
    n_samples: Counter[str] = Counter()
    for sample in run.samples:
        experiment, wall_s = run.cells[sample.side.cell].experiment, sample.environment.get("wall_s")
        seconds[experiment] += wall_s if isinstance(wall_s, (int, float)) else 0
        n_samples[experiment] += 1
    rows: list[list[Words]] = []
    for experiment in run.experiments:
        cells = run.cells_of(experiment.name)
        if cells:
            taken_s = seconds[experiment.name]
            rows.append([experiment.name, str(len(cells)), str(sum(len(cell.sides) for cell in cells)),
                         run.in_rounds(cells).partition(" round")[0],
                         f"{1e3 * taken_s / max(1, n_samples[experiment.name]):.0f}", f"{taken_s:.1f}"])
    rows.append(["all", "", "", "", "", f"{sum(seconds.values()):.1f}"])
    header: list[Words] = ["experiment", "cells", "sides", "rounds", "ms a side", "s in all"]
    return Section("What the run took", [Table(header, rows, "Time by experiment")], "time")


def flat(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{key}: {flat(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(flat(item) for item in value)
    return str(value)


def environment(run: Run) -> Section:
    topics = ("factors", "suite", "clock", "calibration", "headroom")
    rows: list[list[Words]] = [[topic, flat(run.document[topic])] for topic in topics if topic in run.document]
    rows += [[topic, flat(value)] for topic, value in run.machine.items()]
    names = sorted({name for sample in run.samples for name in sample.environment})
    rounds: list[list[Words]] = []
    for name in names:
        values = sorted(value for sample in run.samples
                        if isinstance(value := sample.environment.get(name), (int, float)))
        if values:
            rounds.append([Code(name), f"{values[len(values) // 2]:.4g}", f"{values[-1]:.4g}", str(len(values))])
        else:
            rounds.append([Code(name), "unknown", "unknown", "0"])
    return Section("Environment", [Table(["topic", "as it was"], rows, "Factors and machine"),
                                   Paragraph("Over all sides and rounds:"),
                                   Table(["reading", "median", "largest", "samples"], rounds, "Readings")],
                   "environment")


# What a command may look like to be shown to someone who will paste it.
COMMAND = re.compile(r"poolbench run( --[a-z-]+( '[^'\\]*'| [A-Za-z0-9,._:@/+-]+)?)*")


def command_of(run: Run) -> str:
    """The one that measures the same again."""
    command = run.document.get("command")
    return f"build/{command}" if isinstance(command, str) and COMMAND.fullmatch(command) else "make bench"


def reproduce(run: Run) -> Section:
    ids = run.document["run"]
    return Section("Reproduce", [
        Lines([command_of(run)]),
        Paragraph(joined(["Run ", Code(ids["id"]), " on ", Code(ids["machine"]), "; its numbers are in ",
                          Link("data.csv", "data.csv"), " too."], ""))], "reproduce")
