"""What of a run can be cited, and what a citation of it says. docs/citing.md describes each part.

A citation is made from the run alone: neither where the run lies nor when it is cited is in it, so the same samples
give the same citation, and the same id, on every machine.
"""
import hashlib
import json
import math
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from base.files import sha256_of
from base.runs import FILE_NAME, Cell, Experiment, Run, Side
from base.stats import Estimate
from base.text import plural
from draw import pictures
from draw.picture import Picture, View
from judge.effects import NOT_MEASURED, Effect
from judge.verdicts import Judgement, Verdict
from report import chapters, lastpage, provenance
from report.blocks import Words, pieces
from report.grades import Grade, grade_of
from report.rules import Drawn, check

# The schema counts up when a reader of the former one could misread a citation. The edition counts up when words,
# rounding, grades or rules change: a citation of an older edition is held against its numbers, names and digests alone.
SCHEMA, EDITION = 1, 1
DIGITS = 12  # more than is measured, and fewer than what may differ between two machines' libraries
FILES = ("run.json", "journal.jsonl", "machine.json")
VERIFY = ("scripts/cite --verify FILE works all numbers of this block out again from the stored samples and names the "
          "first that differs.")
PROVES = "Verifying proves the arithmetic, not where the samples came from."

Scalar = float | str | None


@dataclass(frozen=True)
class Subject:
    """A claim that was measured, or a figure that was drawn."""
    kind: str
    name: str
    title: str
    experiment: Experiment
    verdict: Verdict | None = None
    view: View | None = None


@dataclass(frozen=True)
class Citation:
    """Plain data, in the order in which it is shown. `contrasts` are of claims, `figure` is of figures."""
    kind: str
    name: str
    experiment: str
    title: str
    verdict: dict[str, str] | None
    scope: str
    contrasts: list[dict[str, Any]]
    figure: dict[str, Any] | None
    design: dict[str, Any]
    statistics: list[str]
    machine: dict[str, Scalar]
    software: dict[str, Scalar]
    grade: dict[str, Any]
    limits: list[str]
    run: dict[str, Scalar]
    reproduce: str
    samples: list[dict[str, Any]]
    files: dict[str, str | None]
    verify: str = f"{VERIFY} {PROVES}"
    schema: int = SCHEMA

    @cached_property
    def id(self) -> str:
        facts = {name: getattr(self, name) for name in FACTS}
        return f"{self.name}-{digest({'schema': self.schema, **facts})[:8]}"

    def document(self) -> dict[str, Any]:
        of = {"schema": self.schema, "edition": EDITION, "id": self.id, **asdict(self)}
        return {**of, "digest": digest(of)}


# What the id is made from: words may change from one edition to the next.
FACTS = ("kind", "name", "experiment", "contrasts", "figure", "run", "samples", "files")


def canonical(of: Any) -> bytes:
    return json.dumps(of, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def digest(of: Any) -> str:
    return hashlib.sha256(canonical(of)).hexdigest()


def exact(value: float | None) -> float | None:
    """None where there is no number."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.{DIGITS}g}")


def estimate(of: Estimate) -> dict[str, Scalar]:
    return {"value": exact(of.value), "lo": exact(of.lo), "hi": exact(of.hi), "n": of.n}


def scalar(of: Any, *names: str) -> Scalar:
    """A text or a number somewhere in a machine's description, which need not have it."""
    for name in names:
        of = of.get(name) if isinstance(of, dict) else None
    return of if isinstance(of, (int, float, str)) and not isinstance(of, bool) else "unknown"


def flat(words: Words) -> str:
    return "".join(piece if isinstance(piece, str) else piece.text for piece in pieces(words))


# Parts of a citation.

def machine(run: Run) -> dict[str, Scalar]:
    of = run.machine
    return {"id": run.document["run"]["machine"], "processor": lastpage.processor(run),
            "cpus": scalar(of, "processor", "hardware_threads"), "cpus_usable": run.document["factors"]["cpus_usable"],
            "smt": scalar(of, "processor", "smt"), "kernel": scalar(run.document, "factors", "kernel"),
            "clock": run.document["clock"]["source"], "governor": scalar(of, "frequency", "governor"),
            "hypervisor": scalar(of, "virtualization", "hypervisor"),
            "container": scalar(of, "virtualization", "container"), "quota_cpus": scalar(of, "limits", "quota_cpus"),
            "affinity": scalar(of, "limits", "affinity")}


def software(run: Run) -> dict[str, Scalar]:
    suite = {name: scalar(run.document, "suite", name) for name in ("version", "commit", "dirty", "binary")}
    return {**suite, **{name: scalar(run.machine, "build", name)
                        for name in ("compiler", "flags", "type", "libc", "google_benchmark", "hwloc")}}


def identity(run: Run) -> dict[str, Scalar]:
    of = run.document["run"]
    return {"id": of["id"], "machine": of["machine"], "started": scalar(of, "started"), "status": of["status"],
            "profile": run.profile, "rounds": run.rounds_planned, "rounds_done": run.rounds_done}


def contrast(run: Run, effect: Effect) -> dict[str, Any]:
    of = effect.contrast

    def side(which: Side | None, value: Estimate) -> dict[str, Any]:
        assert which
        return {"cell": which.cell, "backend": which.backend, "workers": which.workers, **estimate(value)}

    metric = run.metrics.get(of.metric)
    return {"name": of.name, "metric": of.metric, "unit": metric.unit if metric else "",
            "better": "more" if metric and metric.more_is_better else "less", "a": side(of.a, effect.a),
            "b": side(of.b, effect.b), "effect": estimate(effect.ratio), "p": exact(effect.p),
            "p_holm": exact(effect.p_holm), "floor": exact(effect.floor), "delta": exact(effect.delta),
            "smallest": exact(effect.smallest) if effect.ratio.has_interval else None}


def figure(picture: Picture) -> dict[str, Any]:
    """Every point as data/<name>.dat has it."""
    series: dict[tuple[int, str], list[dict[str, Scalar]]] = {}
    for row in picture.rows:
        if row.of.n or row.series.startswith("ideal"):
            series.setdefault((row.panel, row.series), []).append(
                {"x": exact(row.x), **estimate(row.of), "hollow": int(row.open), "label": row.label})
    return {"x": picture.x_name, "y": picture.y_name,
            "series": [{"panel": panel, "name": name, "points": points} for (panel, name), points in series.items()],
            "limits": [{"axis": of.axis, "value": exact(of.value), "until": exact(of.until), "panel": of.panel}
                       for of in picture.limits]}


def repeats(cell: dict[str, Any]) -> Scalar:
    """How often its sides repeat their load in one round; in runs from before each had a number of its own, all."""
    of = cell.get("iterations")
    counts = [n for n in of if isinstance(n, int)] if isinstance(of, list) else []
    if not counts:
        return scalar(cell, "iterations")
    return counts[0] if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"


def design(run: Run, experiment: Experiment, cells: list[Cell]) -> dict[str, Any]:
    rows = {row["name"]: row for row in run.document["cells"]}
    named = [{"name": cell.name, "workload": cell.workload, "load": cell.load, "mode": cell.mode, "keys": cell.keys,
              "iterations": repeats(rows[cell.name])} for cell in cells]
    return {"profile": run.profile, "rounds": run.rounds_planned, "seed": run.document["factors"]["seed"],
            "bind": scalar(run.document, "factors", "bind"), "metric": experiment.metric, "axes": experiment.axes,
            "cells": named}


STATISTICS = [
    "The round is the unit of replication: each side is measured once a round, in a process of its own.",
    "Values are medians over rounds with exact order-statistic intervals of 95%; nothing is assumed of distributions."]
OF_CLAIMS = [
    "The effect is the median of ratios paired by round; above 1, a is better than b.",
    "p: signed-rank test; Holm's correction over all primary contrasts of the run. floor: the A/A floor, the pool "
    "beside itself. delta: the larger of 5% and floor - 1. smallest: the smallest effect these rounds could show."]
OF_LATENCY = ["Percentiles above the median are of the counts of all rounds together, with order-statistic intervals."]


def limits(judgement: Judgement, experiment: Experiment, undecided: str) -> list[str]:
    run = judgement.run
    found = ["It holds for this machine, kernel, build and the sizes named here; nothing says how it carries over."]
    found += [f"The run decides nothing: {undecided}."] if undecided else []
    found += [f"{sentence(of.text)}." for of in run.checks]
    beware = chapters.warnings(judgement, experiment)
    found += [f"{flat(words)}." for words in beware[:LIMITS_MAX]]
    more = len(beware) - LIMITS_MAX
    return found + ([f"And {plural(more, 'more warning')} in the report."] if more > 0 else [])


LIMITS_MAX = 6


@dataclass
class Citer:
    """Makes the citations of one run."""
    judgement: Judgement
    grade: Grade
    made: dict[tuple[str, str, str], Citation] = field(default_factory=dict)
    side_digests: dict[Side, str] = field(default_factory=dict)

    @property
    def run(self) -> Run:
        return self.judgement.run

    @cached_property
    def subjects(self) -> list[Subject]:
        claims = [Subject("claim", name_of(v.experiment), v.experiment.statement, v.experiment, verdict=v)
                  for v in self.judgement.verdicts if v.word != NOT_MEASURED]
        figures = [Subject("figure", name, view.title or sentence(of.question), of, view=view)
                   for of, name, view in pictures.shown(self.run)
                   if any(row.of.n for row in view.build(self.judgement, of).rows)]
        return claims + figures

    @cached_property
    def files(self) -> dict[str, str | None]:
        return {name: sha256_of(self.run.path / name) for name in FILES}

    def named(self, name: str) -> list[Citation]:
        """Those of this id, or else of this name."""
        short = re.sub(r"-[0-9a-f]{8}$", "", name)
        by_id = [found for of in self.subjects if of.name == short and (found := self.cite(of)).id == name]
        return by_id or [self.cite(of) for of in self.subjects if of.name == name]

    def cite(self, of: Subject) -> Citation:
        key = (of.kind, of.name, of.experiment.name)
        if key not in self.made:
            self.made[key] = self.make(of)
        return self.made[key]

    def make(self, of: Subject) -> Citation:
        run, experiment, verdict = self.run, of.experiment, of.verdict
        picture = of.view.build(self.judgement, experiment) if of.view else None
        cells = contrast_cells(run, verdict) if verdict else run.cells_of(experiment.name)
        has_latency = any(cell.mode == "latency" for cell in cells)
        return Citation(
            of.kind, of.name, experiment.name, of.title,
            {"word": verdict.word, "reason": verdict.reason, "rule": rule_of(experiment),
             "values": flat(chapters.absolutes(run, verdict))} if verdict else None,
            scope(run, experiment, bool(verdict)),
            [contrast(run, effect) for effect in verdict.effects] if verdict else [],
            figure(picture) if picture else None, design(run, experiment, cells),
            [*STATISTICS, *(OF_CLAIMS if verdict else []), *(OF_LATENCY if has_latency else [])],
            machine(run), software(run), graded(self.grade), limits(self.judgement, experiment,
                                                                    self.judgement.undecided),
            identity(run), provenance.command_of(run),
            [self.sample(side) for side in sides_of(run, of, picture)], self.files)

    def sample(self, side: Side) -> dict[str, Any]:
        """What tells whether a side's samples are still those that were cited."""
        if side not in self.side_digests:
            run = self.run
            self.side_digests[side] = digest([
                [[sample.round, sample.status, sample.metrics] for sample in run.samples_of(side)],
                sorted(run.histograms.get(side, {}).items()), sorted(run.latenesses.get(side, {}).items()),
                run.timelines.get(side, [])])
        return {"cell": side.cell, "backend": side.backend, "workers": side.workers,
                "rounds": len(self.run.samples_of(side)), "sha256": self.side_digests[side]}


def citer_of(judgement: Judgement, grade: Grade | None = None) -> Citer:
    return Citer(judgement, grade or grade_of(judgement, check(judgement, Drawn(frozenset(), ""))))


def sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def name_of(experiment: Experiment) -> str:
    """The claim, which becomes part of an id; a claim of any other letters is known by its experiment."""
    return experiment.claim if FILE_NAME.fullmatch(experiment.claim) else f"claim-{experiment.name}"


def rule_of(experiment: Experiment) -> str:
    return chapters.sentence(experiment.rule) if experiment.rule else ""


def scope(run: Run, experiment: Experiment, is_claim: bool) -> str:
    what = experiment.primary if is_claim and experiment.primary else f"all cells of {experiment.name}"
    return f"{what}; on {lastpage.processor(run)}, {lastpage.cpus(run)}; profile {run.profile}"


def graded(grade: Grade) -> dict[str, Any]:
    failed = [{"costs": costs, "check": what, "found": found} for what, costs, found in grade.checks if found]
    return {"letter": grade.letter, "meaning": grade.meaning, "forced": int(grade.letter == "D"), "failed": failed}


def contrast_sides(verdict: Verdict) -> list[Side]:
    return [side for effect in verdict.effects for side in (effect.contrast.a, effect.contrast.b) if side]


def contrast_cells(run: Run, verdict: Verdict) -> list[Cell]:
    return [run.cells[name] for name in dict.fromkeys(side.cell for side in contrast_sides(verdict))]


def sides_of(run: Run, of: Subject, picture: Picture | None) -> list[Side]:
    """Whose samples it was worked out from: of a claim, those of its contrasts, and of the A/A floor beside them; of
    a rule that is no ratio and of a figure, all of the experiment, and the floors where they are drawn as limits."""
    def every(cells: Iterable[Cell]) -> list[Side]:
        return [side for cell in cells for side in cell.sides]

    experiment = of.experiment
    if not run.cells_of(experiment.name):  # the picture of the pool beside others is of many
        sides = every(run.cells.values())
    elif of.verdict and experiment.rule and not experiment.rule.evaluator:
        sides = contrast_sides(of.verdict) + every(run.primary_cells(experiment.name))
    else:
        sides = every(run.cells_of(experiment.name))
        sides += every(run.cells_of("floors")) if picture and picture.limits else []
    return [side for side in dict.fromkeys(sides) if run.samples_of(side)]
