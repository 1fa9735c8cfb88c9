"""The twelve rules of Hoefler and Belli (Scientific Benchmarking of Parallel Computing Systems, SC'15) as checks on a
run and on what is drawn of it: met or not, and why."""
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from base import stats
from base.runs import Experiment, Run
from base.text import plural, side_name
from draw.picture import Picture
from draw.views import views_of
from judge import answers
from judge.effects import Effect
from judge.verdicts import Judgement

SHOWN_MAX = 3  # of what breaks a rule


@dataclass(frozen=True)
class Drawn:
    """What there is of pictures: those that were drawn, or why there are none."""
    names: frozenset[str]
    reason: str


Problems = Iterator[str]
Rule = Callable[[Judgement, Drawn], Problems]


@dataclass(frozen=True)
class Checked:
    number: int
    rule: str
    how: str  # what is checked
    problems: list[str]  # the first of them, the rest counted

    @property
    def is_met(self) -> bool:
        return not self.problems


def effects_of(judgement: Judgement) -> Iterator[tuple[Experiment, Effect]]:
    for verdict in judgement.verdicts:
        for effect in verdict.effects:
            yield verdict.experiment, effect


def measured(run: Run) -> list[Experiment]:
    return [experiment for experiment in run.experiments if run.cells_of(experiment.name)]


def has_base(judgement: Judgement, _: Drawn) -> Problems:
    run = judgement.run
    for experiment in measured(run):
        sides = [side for cell in run.cells_of(experiment.name) for side in cell.sides]
        if not any(side.backend == experiment.base and run.samples_of(side) for side in sides):
            yield f"{experiment.name} has no {experiment.base or 'base case'} beside it"
    for experiment, effect in effects_of(judgement):
        stopped = [side for side in (effect.contrast.a, effect.contrast.b) if side and run.status(side) == "limit"]
        if not stopped and not (effect.a.n and effect.b.n):
            yield f"{effect.contrast.name} ({experiment.claim}) has no value for both sides"


def names_what_is_missing(judgement: Judgement, _: Drawn) -> Problems:
    run = judgement.run
    if not run.is_complete:
        yield f"only {run.rounds_done} of {run.rounds_planned} rounds are whole"
        return
    for cell in run.cells.values():
        for side in cell.sides:
            lacking = run.rounds_of(cell) - len(run.samples_of(side))
            if lacking:
                yield f"{side_name(side)} in {cell.name} lacks {plural(lacking, 'round')}, and nothing says why"
    for sample in run.samples:
        if sample.status != "ok" and not sample.reason:
            yield f"{side_name(sample.side)} in {sample.side.cell} ended in round {sample.round} without a reason"


KINDS = {"cost", "rate", "count"}


def averages_by_kind(judgement: Judgement, _: Drawn) -> Problems:
    for metric in judgement.run.metrics.values():
        is_rate = metric.unit.endswith("per s")
        if metric.kind not in KINDS:
            yield f"{metric.name} is neither cost, rate nor count, but '{metric.kind}'"
        elif is_rate != (metric.kind == "rate"):
            yield f"{metric.name}, in {metric.unit}, is called a {metric.kind}"


def has_no_score(judgement: Judgement, _: Drawn) -> Problems:
    run = judgement.run
    for _experiment, effect in effects_of(judgement):
        metric = run.metrics.get(effect.contrast.metric)
        if metric is None or metric.unit in ("", "1", "%") or metric.kind not in KINDS:
            yield f"{effect.contrast.name} compares {effect.contrast.metric}, which is no quantity with a unit"


def has_intervals(judgement: Judgement, _: Drawn) -> Problems:
    run = judgement.run
    for experiment in measured(run):
        for cell in run.cells_of(experiment.name):
            for side in cell.sides:
                of = run.estimate(side, experiment.metric)
                if of.n and not of.has_interval:
                    yield f"{side_name(side)} in {cell.name} has {plural(of.n, 'round')}: no interval"


def has_one_mode(judgement: Judgement, _: Drawn) -> Problems:
    """Of counts, few values are no groups."""
    for experiment, effect in effects_of(judgement):
        metric = judgement.run.metrics.get(effect.contrast.metric)
        if effect.two_groups and (metric is None or metric.kind != "count"):
            yield f"the rounds of {effect.contrast.name} ({experiment.claim}) fall into two groups"


def has_one_contrast(judgement: Judgement, _: Drawn) -> Problems:
    for verdict in judgement.verdicts:
        rule = verdict.experiment.rule
        if rule and not rule.contrasts:
            yield f"{verdict.experiment.claim} names no contrast"
    for experiment, effect in effects_of(judgement):
        if effect.floor is None and effect.ratio.n:
            yield f"{effect.contrast.name} ({experiment.claim}) is held against no A/A floor"


def has_percentiles(judgement: Judgement, _: Drawn) -> Problems:
    run = judgement.run
    for experiment, effect in effects_of(judgement):
        if effect.contrast.metric in ("mean_ns", "queue_mean_ns", "service_mean_ns"):
            yield f"{effect.contrast.name} ({experiment.claim}) compares means"
    for side in run.by_side:
        for sample in run.samples_of(side):
            if "mean_ns" in sample.metrics and "p50_ns" not in sample.metrics:
                yield f"{side_name(side)} in {side.cell} has a mean and no percentile in round {sample.round}"


SET_UP = ("processor", "memory", "kernel", "frequency", "clock", "virtualization", "limits", "build")


def has_set_up(judgement: Judgement, _: Drawn) -> Problems:
    run = judgement.run
    for topic in SET_UP:
        if not run.machine.get(topic):
            yield f"machine.json does not describe {topic}"
    suite = run.document["suite"]
    if suite["commit"] in ("nogit", "unknown", ""):
        yield "the version of poolbench is no commit: unknown"
    elif suite.get("dirty") == "yes":
        yield "the version of poolbench is no commit: uncommitted changes"
    elif suite.get("dirty") != "no":
        yield f"whether the sources were changed since commit {suite['commit']} is unknown"


def names_clock(judgement: Judgement, _: Drawn) -> Problems:
    clock = judgement.run.document["clock"]
    if clock["source"] in ("unknown", ""):
        yield "the source of the clock is unknown"
    for name in ("resolution_ns", "cost_ns", "stamp_ns"):
        if not isinstance(clock.get(name), (int, float)):
            yield f"the clock's {name} is unknown"


def draws_bounds(judgement: Judgement, _: Drawn) -> Problems:
    for name in ("clone", "pthread-tuned", "futex-round-trip"):
        if not answers.floor_estimate(judgement.run, name).n:
            yield f"the floor {name} was not measured"


def pictures_of(judgement: Judgement) -> Iterator[tuple[str, str, Picture]]:
    for experiment in measured(judgement.run):
        for name, view in views_of(judgement.run, experiment).items():
            yield name, view.script, view.build(judgement, experiment)


def draws_intervals(judgement: Judgement, drawn: Drawn) -> Problems:
    if drawn.reason:
        yield f"nothing is drawn: {drawn.reason}"
        return
    for name, script, picture in pictures_of(judgement):
        rows = [row for row in picture.rows if row.of.n]
        if rows and name not in drawn.names:
            yield f"{name} is not drawn"
        if any(not row.of.has_interval and not row.open for row in rows):
            yield f"{name} has a full point without an interval"
        if script == "lines" and len({row.x for row in rows}) < 2 and rows:
            yield f"{name} draws a line along an axis with one value"


RULES: list[tuple[str, str, Rule]] = [
    ("a speed-up names its base case and shows both absolutes",
     "every experiment has its base case measured, every contrast both values", has_base),
    ("what was left out is listed with its reason",
     "every side has every round, or a sample that says why not", names_what_is_missing),
    ("costs have the arithmetic mean, rates their totals",
     "every metric is a cost, a rate or a count, as its unit says", averages_by_kind),
    ("no overall score; ratios are never averaged",
     "what contrasts compare are quantities with units", has_no_score),
    ("every number has an interval and its count of samples",
     f"every side has the {stats.ROUNDS_MIN} rounds that an interval takes", has_intervals),
    ("no distribution is assumed, and several modes are flagged",
     "order statistics throughout; no primary contrast has rounds in two groups", has_one_mode),
    ("a claim is decided by one contrast, named beforehand, against the A/A floor",
     "every rule is in run.json with its contrasts; each has a floor; Holm corrects over all", has_one_contrast),
    ("latency is never a mean alone",
     "no contrast compares means, and every mean has the median beside it", has_percentiles),
    ("all factors and the whole set-up are in the run's folder",
     "machine.json describes the machine; the version is a commit", has_set_up),
    ("clock, start and merging are stated",
     "source, resolution and cost of the clock are known; the rest stands under Method", names_clock),
    ("upper bounds are drawn", "the floors that pictures have as limits were measured", draws_bounds),
    ("points have intervals, lines run along numbers only",
     "every picture is drawn; a point without an interval is hollow", draws_intervals),
]


def check(judgement: Judgement, drawn: Drawn) -> list[Checked]:
    found = []
    for number, (rule, how, problems_of) in enumerate(RULES, 1):
        problems = list(dict.fromkeys(problems_of(judgement, drawn)))
        shown = list(islice(problems, SHOWN_MAX))
        if len(problems) > SHOWN_MAX:
            shown.append(f"and {len(problems) - SHOWN_MAX} more")
        found.append(Checked(number, rule, how, shown))
    return found

