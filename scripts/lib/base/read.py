"""Reads a run folder as results/README.md describes it, and refuses what does not follow it."""
import os
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from base.files import (RunError, check_kind, check_schema, check_size, get, is_usual, items, numbers, objects, parse,
                        read_bytes, read_lines, scalars)
from base.runs import (FILE_NAME, Cell, Check, Condition, Contrast, Experiment, Metric, Rule, Run, Sample, Side)

# Many times what the largest run has. Of what has no limit here, the size of its file is one.
ROUNDS_MAX = 1000
EXPERIMENTS_MAX, CELLS_MAX, SIDES_MAX, SIDES_OF_CELL_MAX = 100, 2000, 10000, 384
METRICS_MAX, BACKENDS_MAX, CHECKS_MAX, RULE_MAX, AXES_MAX, KEYS_MAX = 500, 500, 100, 100, 20, 50
WORKERS_MAX, CPUS_MAX, DURATION_MAX_S = 1 << 16, 1 << 16, 1e9
TASKS_MAX = 1 << 40  # of one line of the journal
TIMELINE_MAX = 100000
MACHINE_MAX_BYTES = 1 << 24
DIFFERENCES = {"cpu_ns", "bytes_per_task", "kernel_bytes_per_task"}  # of two readings, which noise can turn around
SHARES = {"same_cpu", "inline_share"}
UNIT = re.compile(r"[A-Za-z0-9 %/]{0,20}")


# The parts of run.json.

def _metric(of: dict[str, Any], where: str) -> Metric:
    name, unit, polarity, kind, summary = (get(of, key, str, where)
                                           for key in ("name", "unit", "polarity", "kind", "summary"))
    if not UNIT.fullmatch(unit):
        raise RunError(f"{where} has a unit that is none: {unit[:40]}")
    return Metric(name, unit, polarity == "more", kind, summary)


def _side(of: dict[str, Any], cell: str, where: str) -> Side:
    workers = get(of, "workers", int, where)
    if not 0 <= workers <= WORKERS_MAX:
        raise RunError(f"{where} has {workers} workers: no backend has")
    return Side(cell, get(of, "backend", str, where), workers)


def _side_of_contrast(of: dict[str, Any], name: str, where: str) -> Side | None:
    if of.get(name) is None:
        return None
    side = get(of, name, dict, where)
    return _side(side, get(side, "cell", str, where), where)


def _condition(of: dict[str, Any], n_contrasts: int, where: str) -> Condition:
    value = check_kind(of.get("value") or 0, float, f"'value' of {where}")
    check_size(value, f"'value' of {where}")
    condition = Condition(get(of, "contrast", int, where), get(of, "op", str, where), float(value))
    if not 0 <= condition.contrast < n_contrasts:
        raise RunError(f"{where} speaks of a contrast that is not there")
    return condition


def _rule(of: dict[str, Any], where: str) -> Rule:
    contrasts = [Contrast(get(c, "name", str, w), get(c, "metric", str, w), _side_of_contrast(c, "a", w),
                          _side_of_contrast(c, "b", w)) for c, w in objects(of, "contrasts", where, RULE_MAX)]
    supported, refuted = ([_condition(c, len(contrasts), w) for c, w in objects(of, name, where, RULE_MAX)]
                          for name in ("supported_all", "refuted_any"))
    evaluator = of.get("evaluator")
    return Rule(contrasts, supported, refuted, None if evaluator is None else check_kind(evaluator, str, where))


def _experiment(of: dict[str, Any], where: str) -> Experiment:
    name = get(of, "name", str, where)
    if not FILE_NAME.fullmatch(name):
        raise RunError(f"{where} has a name that is none: letters, digits, - and _ only")
    claim, statement, question, metric, base = (get(of, key, str, where)
                                                for key in ("claim", "statement", "question", "metric", "base"))
    axes = items(of, "axes", str, where, AXES_MAX)
    rule = None if of.get("rule") is None else _rule(get(of, "rule", dict, where), f"the rule of {where}")
    return Experiment(name, claim, statement, question, axes, metric, base, rule, get(of, "primary", str, where))


def _cell(of: dict[str, Any], where: str) -> Cell:
    name, experiment, workload, load, mode = (get(of, key, str, where)
                                              for key in ("name", "experiment", "workload", "load", "mode"))
    sides = [_side(side, name, w) for side, w in objects(of, "sides", where, SIDES_OF_CELL_MAX)]
    if len(set(sides)) < len(sides):
        raise RunError(f"{where} has one side twice")
    keys = scalars(of, "keys", where)
    if len(keys) > KEYS_MAX:
        raise RunError(f"'keys' of {where} has {len(keys)} entries: no run has more than {KEYS_MAX}")
    every = check_kind(of.get("every", 1), int, f"'every' of {where}")
    if not 1 <= every <= ROUNDS_MAX:
        raise RunError(f"'every' of {where} is {every}: it is a number of rounds, 1 to {ROUNDS_MAX}")
    return Cell(name, experiment, workload, load, mode, keys, get(of, "primary", bool, where), sides, every)


def _sample(of: dict[str, Any], where: str) -> Sample:
    side = Side(get(of, "cell", str, where), get(of, "backend", str, where), get(of, "workers", int, where))
    return Sample(get(of, "round", int, where), side, get(of, "status", str, where), get(of, "reason", str, where),
                  numbers(of, "metrics", where), scalars(of, "environment", where))


def _histogram(of: dict[str, Any], where: str, name: str = "histogram") -> dict[int, int]:
    counts: dict[int, int] = defaultdict(int)
    for pair in check_kind(of.get(name) or [], list, f"'{name}' of {where}"):
        try:
            bucket, count = pair
            is_one = type(bucket) is type(count) is int and 0 <= bucket < 1 << 13 and 0 <= count <= TASKS_MAX
        except (TypeError, ValueError):
            is_one = False
        if not is_one:
            raise RunError(f"the histogram of {where} has an entry that is no [bucket, count]")
        counts[bucket] += count
    if sum(counts.values()) > TASKS_MAX:
        raise RunError(f"the histogram of {where} is of more tasks than any process runs")
    return counts


def _timeline(of: dict[str, Any], where: str) -> dict[str, Any]:
    """Counts of tasks in equal parts of an open load's duration."""
    timeline = get(of, "timeline", dict, where)
    counts = {name: items(timeline, name, int, where, TIMELINE_MAX) for name in ("offered", "done", "in_time")}
    bin_ms = get(timeline, "bin_ms", float, where)
    check_size(bin_ms, f"'bin_ms' of {where}")
    if not all(0 <= n <= TASKS_MAX for values in counts.values() for n in values):
        raise RunError(f"the timeline of {where} has a count that is none")
    if bin_ms <= 0 or len({len(values) for values in counts.values()}) != 1:
        raise RunError(f"the timeline of {where} is of parts that do not fit together")
    return {"bin_ms": bin_ms, **counts}


@dataclass
class Journal:
    samples: list[Sample] = field(default_factory=list)
    histograms: dict[Side, dict[int, int]] = field(default_factory=dict)
    timelines: dict[Side, list[dict[str, Any]]] = field(default_factory=dict)
    latenesses: dict[Side, dict[int, int]] = field(default_factory=dict)
    lines: dict[tuple[int, Side], int] = field(default_factory=dict)


def _read_journal(path: Path, checks: "_Checks", keeps_samples: bool) -> Journal:
    """What a complete run has in run.json is checked here too, but not kept twice."""
    journal = Journal()
    histograms: dict[Side, dict[int, int]] = {}
    for number, line in enumerate(read_lines(path), 1):
        if number == 1:
            continue  # the plan
        where = f"'{path}' line {number}"
        parsed = parse(line, where)
        check_schema(parsed, where)
        sample = _sample(parsed, where)
        checks.check(sample)
        if keeps_samples:
            journal.samples.append(sample)
        journal.lines[sample.round, sample.side] = number
        into = histograms.setdefault(sample.side, defaultdict(int))
        for bucket, count in _histogram(parsed, where).items():
            into[bucket] += count
        late = _histogram(parsed, where, "lateness")
        into = journal.latenesses.setdefault(sample.side, defaultdict(int)) if late else {}
        for bucket, count in late.items():
            into[bucket] += count
        if "timeline" in parsed:
            journal.timelines.setdefault(sample.side, []).append(_timeline(parsed, where))
    journal.histograms = {side: counts for side, counts in histograms.items() if counts}
    return journal


class _Checks:
    """Refuses a sample that cannot be one of this run, as soon as it is read."""

    def __init__(self, cells: dict[str, Cell], metrics: dict[str, Metric], rounds: int) -> None:
        self.every = {side: cell.every for cell in cells.values() for side in cell.sides}
        self.metrics, self.rounds = metrics, rounds
        self.seen: set[tuple[int, Side]] = set()

    def check(self, sample: Sample) -> None:
        side = sample.side
        if (sample.round, side) in self.seen:
            raise RunError(f"round {sample.round} of {side.backend} in {side.cell} is there twice")
        self.seen.add((sample.round, side))
        if side not in self.every:
            raise RunError(f"a sample of {side.backend} is of no side of a cell: {side.cell}")
        if not 0 <= sample.round < self.rounds:
            raise RunError(f"a sample of {side.cell} is of round {sample.round}, of {self.rounds}")
        if sample.round % self.every[side]:
            raise RunError(f"a sample of {side.cell} is of round {sample.round}: that cell is measured in each "
                           f"{self.every[side]}th, from 0")
        if sample.status not in ("ok", "failed", "limit"):
            raise RunError(f"a sample of {side.cell} has an unknown status: {sample.status}")
        for name, value in sample.metrics.items():
            if value > 1 and name in SHARES or not is_usual(value):
                self.check_value(sample, name, value)

    def check_value(self, sample: Sample, name: str, value: float) -> None:
        """No machine can have measured what this refuses."""
        where = f"{name} of {sample.side.backend} in {sample.side.cell}, round {sample.round},"
        check_size(value, where)
        if value < 0 and name not in DIFFERENCES:
            raise RunError(f"{where} is {value:g}: it cannot be negative")
        if value > 1 and name in SHARES:
            raise RunError(f"{where} is {value:g}: it is a share, and cannot be more than 1")


# What else of run.json is read, by name and type; the rest is shown where it is known.
READ = {
    "suite": {"version": str, "commit": str}, "run": {"id": str, "machine": str, "status": str, "duration_s": float},
    "factors": {"profile": str, "seed": int, "rounds": int, "workers": list, "backends": list, "filter": str,
                "cpus_usable": int},
    "clock": {"source": str}, "headroom": {},
}


def _check_factors(document: dict[str, Any], what: str) -> None:
    of = document["factors"]
    if not (1 <= of["rounds"] <= ROUNDS_MAX and 1 <= of["cpus_usable"] <= CPUS_MAX):
        raise RunError(f"{what} has factors that no run has: rounds are 1 to {ROUNDS_MAX}, CPUs 1 to {CPUS_MAX}")
    items(of, "workers", int, f"'factors' of {what}", AXES_MAX)
    items(of, "backends", str, f"'factors' of {what}", BACKENDS_MAX)
    if isinstance(document.get("backends"), list):
        items(document, "backends", dict, what, BACKENDS_MAX)
    if not 0 <= document["run"]["duration_s"] <= DURATION_MAX_S:
        raise RunError(f"{what} has a duration that no run has: {document['run']['duration_s']:g} s")


def _cells(document: dict[str, Any], experiments: list[Experiment], what: str) -> dict[str, Cell]:
    cells: dict[str, Cell] = {}
    names = {experiment.name for experiment in experiments}
    if len(names) < len(experiments):
        raise RunError(f"{what} has two experiments of one name")
    for item, where in objects(document, "cells", what, CELLS_MAX):
        cell = _cell(item, where)
        if cell.name in cells:
            raise RunError(f"{what} has two cells of one name: {cell.name}")
        if cell.experiment not in names:
            raise RunError(f"a cell of {what} is of no experiment: {cell.name}")
        cells[cell.name] = cell
    if sum(len(cell.sides) for cell in cells.values()) > SIDES_MAX:
        raise RunError(f"the cells of {what} have more than {SIDES_MAX} sides: no run has")
    return cells


def _samples(document: dict[str, Any], checks: _Checks, what: str) -> list[Sample]:
    """Takes them out of the document, which would hold them a second time."""
    samples = []
    for i, item in enumerate(items(document, "samples", dict, what, ROUNDS_MAX * SIDES_MAX)):
        samples.append(_sample(item, f"samples[{i}] of {what}"))
        checks.check(samples[-1])
    document["samples"] = []
    return samples


def read_run(path: Path) -> Run:
    """Reads the run in this folder, for every script: what one refuses, all do. Raises RunError."""
    if not os.path.isdir(path):  # is_dir() of Path raises where a name is too long or may not be looked at
        raise RunError(f"'{path}' is no folder: give the folder of a run, results/<machine>/<run>")
    data = read_bytes(path / "run.json")
    if data is None:
        raise RunError(f"'{path}' has no run.json: give the folder of a run, results/<machine>/<run>")
    what = f"'{path / 'run.json'}'"
    document = parse(data, what)
    check_schema(document, what)
    for name, fields in READ.items():
        for key, kind in fields.items():
            get(get(document, name, dict, what), key, kind, f"'{name}' of {what}")

    _check_factors(document, what)
    metrics = [_metric(item, where) for item, where in objects(document, "metrics", what, METRICS_MAX)]
    experiments = [_experiment(item, where) for item, where in objects(document, "experiments", what, EXPERIMENTS_MAX)]
    cells = _cells(document, experiments, what)

    by_name, rounds = {metric.name: metric for metric in metrics}, document["factors"]["rounds"]
    is_complete = document["run"]["status"] == "complete"
    samples = _samples(document, _Checks(cells, by_name, rounds), what) if is_complete else []
    journal = _read_journal(path / "journal.jsonl", _Checks(cells, by_name, rounds), not is_complete)
    samples += journal.samples
    if not samples:
        raise RunError(f"'{path}' has no samples: nothing was measured")
    checks = [Check(*(get(item, key, str, where) for key in ("name", "text", "advice")))
              for item, where in objects(document, "checks", what, CHECKS_MAX)]
    machine = read_bytes(path / "machine.json", MACHINE_MAX_BYTES)
    return Run(path, document, parse(machine, f"'{path / 'machine.json'}'") if machine is not None else {},
               by_name, experiments, cells, samples, checks, journal.histograms,
               journal.timelines, journal.latenesses, journal.lines)


def newest_runs(results: Path) -> list[Path]:
    """Complete runs below this folder: those of full, the newest first, and then those of quick."""
    found: dict[str, list[Path]] = {"full": [], "quick": []}
    for path in sorted(results.glob("*/*/"), key=lambda path: path.name, reverse=True):
        try:
            document = parse(read_bytes(path / "run.json") or b"", f"'{path}'")
            profile = get(get(document, "factors", dict, "it"), "profile", str, "it")
            is_whole = not get(document["factors"], "filter", str, "it")
            if is_whole and get(get(document, "run", dict, "it"), "status", str, "it") == "complete":
                found.get(profile, []).append(path)
        except RunError:
            continue
    return found["full"] + found["quick"]


def read_newest(results: Path, say: Callable[[str], None]) -> Run:
    """The first of them that can be read; what cannot is named. Raises RunError."""
    for path in newest_runs(results):
        try:
            return read_run(path)
        except RunError as error:
            say(f"left out: {error}")
    raise RunError(f"no complete run of quick or full in '{results}': name one, or measure with make bench")
