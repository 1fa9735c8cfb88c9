"""Reads a run folder as results/README.md describes it, and refuses what does not follow it.

Nothing in a run is trusted: types are checked where they are read, every text is cleaned, and no name from
a run becomes part of a path unless it is a plain name.
"""
import gzip
import json
import math
import re
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import stats
from text import clean

SCHEMA = 1
SIZE_MAX_BYTES = 1 << 29
UNIT = re.compile(r"[A-Za-z0-9 %/]{0,20}")
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")

T = TypeVar("T")


class RunError(Exception):
    """A run that cannot be read, as one line for its reader."""


class Side(NamedTuple):
    cell: str
    backend: str
    workers: int


@dataclass(frozen=True)
class Metric:
    name: str
    unit: str
    more_is_better: bool
    summary: str


@dataclass(frozen=True)
class Contrast:
    name: str
    metric: str
    a: Side | None
    b: Side | None


@dataclass(frozen=True)
class Condition:
    contrast: int
    op: str
    value: float


@dataclass(frozen=True)
class Rule:
    contrasts: list[Contrast]
    supported_all: list[Condition]
    refuted_any: list[Condition]
    evaluator: str | None


@dataclass(frozen=True)
class Experiment:
    name: str
    claim: str
    statement: str
    question: str
    axes: list[str]
    metric: str
    base: str
    rule: Rule | None
    primary: str = ""  # the primary cell in words


@dataclass(frozen=True)
class Cell:
    name: str
    experiment: str
    workload: str
    load: str
    mode: str
    keys: dict[str, float | str]
    primary: bool
    sides: list[Side]

    def number(self, key: str) -> float | None:
        value = self.keys.get(key)
        return value if isinstance(value, (int, float)) else None


@dataclass(frozen=True)
class Sample:
    round: int
    side: Side
    status: str
    reason: str
    metrics: dict[str, float]
    environment: dict[str, float | str]


@dataclass(frozen=True)
class Check:
    text: str
    advice: str


@dataclass
class Run:
    path: Path
    document: dict[str, Any]  # run.json, its texts cleaned
    machine: dict[str, Any]   # machine.json, {} if there is none
    metrics: dict[str, Metric]
    experiments: list[Experiment]
    cells: dict[str, Cell]
    samples: list[Sample]
    checks: list[Check]
    histograms: dict[Side, dict[int, int]] = field(default_factory=dict)  # all rounds merged
    timelines: dict[Side, list[dict[str, Any]]] = field(default_factory=dict)  # one a round
    latenesses: dict[Side, dict[int, int]] = field(default_factory=dict)  # histograms, all rounds merged

    @property
    def profile(self) -> str:
        return self.document["factors"]["profile"]

    @property
    def is_complete(self) -> bool:
        return self.document["run"]["status"] == "complete"

    @property
    def rounds_planned(self) -> int:
        return self.document["factors"]["rounds"]

    @cached_property
    def rounds_done(self) -> int:
        """Rounds of which every side was measured."""
        counts: dict[int, int] = defaultdict(int)
        for sample in self.samples:
            counts[sample.round] += 1
        sides = sum(len(cell.sides) for cell in self.cells.values())
        return sum(n >= sides for n in counts.values())

    @cached_property
    def by_side(self) -> dict[Side, list[Sample]]:
        sides: dict[Side, list[Sample]] = defaultdict(list)
        for sample in sorted(self.samples, key=lambda sample: sample.round):
            sides[sample.side].append(sample)
        return sides

    def samples_of(self, side: Side) -> list[Sample]:
        return self.by_side.get(side, [])

    def values(self, side: Side, metric: str, status: str = "ok") -> dict[int, float]:
        """Round -> value, of the rounds in which the side ended so."""
        return {sample.round: sample.metrics[metric] for sample in self.samples_of(side)
                if sample.status == status and metric in sample.metrics}

    def estimate(self, side: Side, metric: str) -> stats.Estimate:
        """Over the rounds that went well; of a side that always ended at a limit, over those."""
        values = self.values(side, metric) or self.values(side, metric, "limit")
        return stats.median(list(values.values()))

    def status(self, side: Side) -> str:
        """`ok`, or the worst that happened; `absent` where nothing was recorded."""
        seen = {sample.status for sample in self.samples_of(side)}
        return next((status for status in ("failed", "limit", "ok") if status in seen), "absent")

    @cached_property
    def plugin_backends(self) -> list[str]:
        """Those that plugins brought; older runs do not tell."""
        rows = self.document.get("backends")
        return [row["name"] for row in (rows if isinstance(rows, list) else [])
                if isinstance(row, dict) and row.get("plugin") is True and isinstance(row.get("name"), str)]

    def cells_of(self, experiment: str) -> list[Cell]:
        return [cell for cell in self.cells.values() if cell.experiment == experiment]

    def primary_cells(self, experiment: str) -> list[Cell]:
        return [cell for cell in self.cells_of(experiment) if cell.primary]


# Fields of parsed JSON, checked.

KINDS = {dict: "an object", list: "a list", str: "a text", int: "a whole number", float: "a number",
         bool: "true or false"}


def _check(value: Any, kind: type[T], where: str) -> T:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return value  # type: ignore[return-value]
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise RunError(f"{where} is not {KINDS[kind]}")
    return value


def _get(of: dict[str, Any], name: str, kind: type[T], where: str) -> T:
    if name not in of:
        raise RunError(f"{where} has no '{name}'")
    return _check(of[name], kind, f"'{name}' of {where}")


def _objects(of: dict[str, Any], name: str, where: str) -> list[tuple[dict[str, Any], str]]:
    return [(_check(item, dict, f"{name}[{i}] of {where}"), f"{name}[{i}] of {where}")
            for i, item in enumerate(_get(of, name, list, where))]


def _numbers(of: dict[str, Any], name: str, where: str) -> dict[str, float]:
    return {key: _check(value, float, f"'{key}' of {where}") for key, value in _get(of, name, dict, where).items()}


def _scalars(of: dict[str, Any], name: str, where: str) -> dict[str, float | str]:
    values = _get(of, name, dict, where)
    return {key: value if isinstance(value, str) else _check(value, float, f"'{key}' of {where}")
            for key, value in values.items()}


# The parts of run.json.

def _metric(of: dict[str, Any], where: str) -> Metric:
    name, unit, polarity, summary = (_get(of, key, str, where) for key in ("name", "unit", "polarity", "summary"))
    if not UNIT.fullmatch(unit):
        raise RunError(f"{where} has a unit that is none: {unit[:40]}")
    return Metric(name, unit, polarity == "more", summary)


def _side(of: dict[str, Any], name: str, where: str) -> Side | None:
    if of.get(name) is None:
        return None
    side = _get(of, name, dict, where)
    return Side(_get(side, "cell", str, where), _get(side, "backend", str, where), _get(side, "workers", int, where))


def _condition(of: dict[str, Any], n_contrasts: int, where: str) -> Condition:
    condition = Condition(_get(of, "contrast", int, where), _get(of, "op", str, where), float(of.get("value") or 0))
    if not 0 <= condition.contrast < n_contrasts:
        raise RunError(f"{where} speaks of a contrast that is not there")
    return condition


def _rule(of: dict[str, Any], where: str) -> Rule:
    contrasts = [Contrast(_get(c, "name", str, w), _get(c, "metric", str, w), _side(c, "a", w), _side(c, "b", w))
                 for c, w in _objects(of, "contrasts", where)]
    supported, refuted = ([_condition(c, len(contrasts), w) for c, w in _objects(of, name, where)]
                          for name in ("supported_all", "refuted_any"))
    evaluator = of.get("evaluator")
    return Rule(contrasts, supported, refuted, None if evaluator is None else _check(evaluator, str, where))


def _experiment(of: dict[str, Any], where: str) -> Experiment:
    name = _get(of, "name", str, where)
    if not FILE_NAME.fullmatch(name):
        raise RunError(f"{where} has a name that is none: letters, digits, - and _ only")
    claim, statement, question, metric, base = (_get(of, key, str, where)
                                                for key in ("claim", "statement", "question", "metric", "base"))
    axes = [_check(axis, str, f"an axis of {where}") for axis in _get(of, "axes", list, where)]
    rule = None if of.get("rule") is None else _rule(_get(of, "rule", dict, where), f"the rule of {where}")
    return Experiment(name, claim, statement, question, axes, metric, base, rule, _get(of, "primary", str, where))


def _cell(of: dict[str, Any], where: str) -> Cell:
    name, experiment, workload, load, mode = (_get(of, key, str, where)
                                              for key in ("name", "experiment", "workload", "load", "mode"))
    sides = [Side(name, _get(side, "backend", str, w), _get(side, "workers", int, w))
             for side, w in _objects(of, "sides", where)]
    return Cell(name, experiment, workload, load, mode, _scalars(of, "keys", where),
                _get(of, "primary", bool, where), sides)


def _sample(of: dict[str, Any], where: str) -> Sample:
    side = Side(_get(of, "cell", str, where), _get(of, "backend", str, where), _get(of, "workers", int, where))
    return Sample(_get(of, "round", int, where), side, _get(of, "status", str, where), _get(of, "reason", str, where),
                  _numbers(of, "metrics", where), _scalars(of, "environment", where))


def _histogram(of: dict[str, Any], where: str, name: str = "histogram") -> dict[int, int]:
    counts: dict[int, int] = defaultdict(int)
    for pair in of.get(name) or []:
        if not (isinstance(pair, list) and len(pair) == 2
                and all(isinstance(n, int) and 0 <= n < 1 << 53 for n in pair) and pair[0] < 1 << 13):
            raise RunError(f"the histogram of {where} has an entry that is no [bucket, count]")
        counts[pair[0]] += pair[1]
    return counts


# Files.

def _read_bytes(path: Path) -> bytes | None:
    """The file, or the file with .gz behind its name; None if neither is there."""
    packed = path.with_name(path.name + ".gz")
    try:
        if path.exists():
            with path.open("rb") as file:
                data = file.read(SIZE_MAX_BYTES + 1)
        elif packed.exists():
            with gzip.open(packed) as file:
                data = file.read(SIZE_MAX_BYTES + 1)
        else:
            return None
    except (OSError, EOFError, zlib.error) as error:
        raise RunError(f"cannot read '{path}': {getattr(error, 'strerror', None) or error}") from None
    if len(data) > SIZE_MAX_BYTES:
        raise RunError(f"'{path}' is larger than {SIZE_MAX_BYTES >> 20} MiB")
    return data


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _parse_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large")
    return value


def _parse_int(text: str) -> int | float:
    return int(text) if len(text) < 20 else _parse_float(text)


def _clean_all(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_clean_all(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): _clean_all(item) for key, item in value.items()}
    return value


def _parse(data: bytes, what: str) -> dict[str, Any]:
    try:
        parsed = json.loads(data.decode(), parse_constant=_refuse_constant, parse_float=_parse_float,
                            parse_int=_parse_int)
        return _check(_clean_all(parsed), dict, what)
    except (ValueError, RecursionError) as error:
        raise RunError(f"{what} is no complete JSON: {clean(str(error))[:120]}") from None


def _check_schema(of: dict[str, Any], what: str) -> None:
    schema = _get(of, "schema", int, what)
    if schema > SCHEMA:
        raise RunError(f"{what} has schema {schema}, these scripts read up to {SCHEMA}: use a newer poolbench")


def _timeline(of: dict[str, Any], where: str) -> dict[str, Any]:
    """Counts of tasks in equal parts of an open load's duration."""
    timeline = _get(of, "timeline", dict, where)
    counts = {name: [_check(n, int, f"'{name}' of {where}") for n in _get(timeline, name, list, where)]
              for name in ("offered", "done", "in_time")}
    bin_ms = _get(timeline, "bin_ms", float, where)
    if bin_ms <= 0 or len({len(values) for values in counts.values()}) != 1:
        raise RunError(f"the timeline of {where} is of parts that do not fit together")
    return {"bin_ms": bin_ms, **counts}


@dataclass
class Journal:
    samples: list[Sample] = field(default_factory=list)
    histograms: dict[Side, dict[int, int]] = field(default_factory=dict)
    timelines: dict[Side, list[dict[str, Any]]] = field(default_factory=dict)
    latenesses: dict[Side, dict[int, int]] = field(default_factory=dict)


def _read_journal(path: Path) -> Journal:
    data, journal = _read_bytes(path), Journal()
    if data is None:
        return journal
    histograms: dict[Side, dict[int, int]] = {}
    lines = data.split(b"\n")[:-1]  # what stands behind the last end of line is torn
    for number, line in enumerate(lines[1:], 2):
        where = f"'{path}' line {number}"
        parsed = _parse(line, where)
        _check_schema(parsed, where)
        sample = _sample(parsed, where)
        journal.samples.append(sample)
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


def _check_samples(samples: list[Sample], cells: dict[str, Cell]) -> None:
    seen = set()
    for sample in samples:
        key = (sample.round, sample.side)
        if key in seen:
            raise RunError(f"round {sample.round} of {sample.side.backend} in {sample.side.cell} is there twice")
        seen.add(key)
        if sample.side.cell not in cells or sample.side not in cells[sample.side.cell].sides:
            raise RunError(f"a sample of {sample.side.backend} is of no side of a cell: {sample.side.cell}")
        if sample.status not in ("ok", "failed", "limit"):
            raise RunError(f"a sample of {sample.side.cell} has an unknown status: {sample.status}")


# What else of run.json is read, by name and type; the rest is shown where it is known.
READ = {
    "suite": {"version": str, "commit": str}, "run": {"id": str, "machine": str, "status": str, "duration_s": float},
    "factors": {"profile": str, "seed": int, "rounds": int, "workers": list, "backends": list, "filter": str,
                "cpus_usable": int},
    "clock": {"source": str}, "headroom": {},
}


def read_run(path: Path) -> Run:
    """Reads the run in this folder. Raises RunError."""
    if not path.is_dir():
        raise RunError(f"'{path}' is no folder: give the folder of a run, results/<machine>/<run>")
    data = _read_bytes(path / "run.json")
    if data is None:
        raise RunError(f"'{path}' has no run.json: give the folder of a run, results/<machine>/<run>")
    what = f"'{path / 'run.json'}'"
    document = _parse(data, what)
    _check_schema(document, what)
    for name, fields in READ.items():
        for key, kind in fields.items():
            _get(_get(document, name, dict, what), key, kind, f"'{name}' of {what}")

    metrics = [_metric(item, where) for item, where in _objects(document, "metrics", what)]
    experiments = [_experiment(item, where) for item, where in _objects(document, "experiments", what)]
    cells = {cell.name: cell for cell in (_cell(item, where) for item, where in _objects(document, "cells", what))}
    if len({experiment.name for experiment in experiments}) < len(experiments):
        raise RunError(f"{what} has two experiments of one name")
    for cell in cells.values():
        if cell.experiment not in {experiment.name for experiment in experiments}:
            raise RunError(f"a cell of {what} is of no experiment: {cell.name}")

    journal = _read_journal(path / "journal.jsonl")
    samples = [_sample(item, where) for item, where in _objects(document, "samples", what)]
    if document["run"]["status"] != "complete":
        samples = journal.samples
    for of in (samples, journal.samples):  # histograms and timelines come from the journal
        _check_samples(of, cells)
    if not samples:
        raise RunError(f"'{path}' has no samples: nothing was measured")
    checks = [Check(_get(item, "text", str, where), _get(item, "advice", str, where))
              for item, where in _objects(document, "checks", what)]
    machine = _read_bytes(path / "machine.json")
    return Run(path, document, _parse(machine, f"'{path / 'machine.json'}'") if machine is not None else {},
               {metric.name: metric for metric in metrics}, experiments, cells, samples, checks, journal.histograms,
               journal.timelines, journal.latenesses)
