"""Decides claims by their rules and compares backends cell by cell. docs/method.md says by what rules."""
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from base import stats
from base.runs import Cell, Condition, Experiment, Rule, Run, Side
from base.stats import Estimate
from judge.effects import (INCONCLUSIVE, NOT_MEASURED, QUANTILES, REFUTED, SUPPORTED, Effect, adjust, is_late,
                           is_not_ahead, largest_floors, make_effects, make_effects_without_spin, mode_of,
                           ratio_values)
from judge.evaluators import EVALUATORS, N_CONTRASTS, SENTENCES, too_few


@dataclass
class Verdict:
    experiment: Experiment
    word: str
    reason: str
    effects: list[Effect] = field(default_factory=list)
    without_spin: "Verdict | None" = None  # by the same rule, where nobody spins; None where that was not measured

    @property
    def flips(self) -> bool:
        """The verdict is another one where nobody spins."""
        return self.without_spin is not None and self.without_spin.word not in (self.word, NOT_MEASURED)


@dataclass
class Comparison:
    """Of one cell: a pool and one thread per task."""
    cell: Cell
    pool: Side
    raw: Side
    ratio: Estimate
    delta: float
    word: str


@dataclass
class Judgement:
    run: Run
    undecided: str  # why this run decides nothing, "" if it may decide
    verdicts: list[Verdict]
    deltas: dict[str, float]  # experiment -> δ of its cells
    largest_floor: dict[str, float]  # mode -> the largest A/A floor

    def verdict(self, experiment: str) -> Verdict | None:
        return next((verdict for verdict in self.verdicts if verdict.experiment.name == experiment), None)


def why_undecided(run: Run) -> str:
    """What keeps a whole run from deciding anything."""
    if not run.is_complete:
        return f"the run is incomplete: {run.rounds_done} of {run.rounds_planned} rounds"
    if run.unmeasured:
        return "; ".join(f"{backend} could be measured in no cell: {reason}"
                         for backend, reason in run.unmeasured.items())
    if run.profile == "smoke":
        return "the profile smoke decides nothing"
    return ""


# What a rule compares, where that is not the two that all others do.
COMPARED = {"gil": {"python-threadpool", "python-thread"}}


def why_absent(run: Run, experiment: Experiment) -> str:
    """Why a contrast's side is not among the run's cells."""
    backends = set(run.document["factors"]["backends"])
    lacking = sorted(COMPARED.get(experiment.name, {"pool", "raw"}) - backends)
    if lacking:
        return f"{' and '.join(lacking)} was not among the backends"
    if run.document["factors"]["filter"]:
        return "the filter left its primary cell out"
    if run.primary_cells(experiment.name):
        return "a backend that its rule compares was not among the backends"
    return f"not in the profile {run.profile}"


def why_without_values(run: Run, side: Side) -> str:
    """Why a side that is in the run has no round that went well."""
    samples = run.samples_of(side)
    if not samples:
        return f"{side.backend} was not measured"
    reason = next((sample.reason for sample in samples if sample.reason), "no reason given")
    what = "stopped at a limit" if run.status(side) == "limit" else "failed"
    return f"{side.backend} {what} in every round: {reason}"


def ran_inline(run: Run, side: Side) -> bool:
    return any(sample.metrics.get("inline_tasks", 0) > 0 for sample in run.samples_of(side))


def decide_by_conditions(rule: Rule, effects: Sequence[Effect]) -> tuple[str, str]:
    def holds(condition: Condition) -> bool:
        return effects[condition.contrast].holds(condition.op, condition.value)

    refuted = [condition for condition in rule.refuted_any if holds(condition)]
    if refuted:
        return REFUTED, describe(refuted[0], effects)
    if rule.supported_all and all(holds(condition) for condition in rule.supported_all):
        return SUPPORTED, "; ".join(describe(condition, effects) for condition in rule.supported_all)
    if rule.supported_all and all(effects[c.contrast].interval_holds(c.op, c.value) for c in rule.supported_all):
        p = max(effects[condition.contrast].p_holm for condition in rule.supported_all)
        return INCONCLUSIVE, f"the rank test, corrected by Holm, does not confirm it (p = {p:.2g}): run more rounds"
    return INCONCLUSIVE, "the interval neither shows nor excludes what the claim says"


PHRASES = {"ahead": "is ahead by more than \u03b4", "not_ahead": "is not ahead by more than \u03b4",
           "at_least": "is at least {:g}", "below": "is below {:g}"}


PERCENTILES = {metric: quantile for quantile, metric in QUANTILES.items()}


def sentence(rule: Rule) -> str:
    """What a rule asks for, in words; "" for one that these scripts do not know."""
    def join(conditions: Sequence[Condition], word: str) -> str:
        return f" {word} ".join(f"\u201c{rule.contrasts[of.contrast].name}\u201d {PHRASES[of.op].format(of.value)}"
                                for of in conditions if of.op in PHRASES)

    if rule.evaluator:
        return SENTENCES.get(rule.evaluator, "")
    return f"Supported if {join(rule.supported_all, 'and')}; refuted if {join(rule.refuted_any, 'or')}."


def describe(condition: Condition, effects: Sequence[Effect]) -> str:
    effect = effects[condition.contrast]
    limit = f"{1 + effect.delta:.3g}"
    return effect.contrast.name + {"ahead": f" is ahead: all of the interval is above {limit}",
                                   "not_ahead": f" is not ahead: all of the interval is at or below {limit}",
                                   "at_least": f" is at least {condition.value:g}",
                                   "below": f" is below {condition.value:g}"}[condition.op]


def is_known(rule: Rule) -> bool:
    """Whether these scripts can judge it: an unknown condition must not pass for one that does not hold."""
    if rule.evaluator:
        return N_CONTRASTS.get(rule.evaluator) == len(rule.contrasts)
    return all(condition.op in PHRASES for condition in [*rule.supported_all, *rule.refuted_any])


def decide(run: Run, experiment: Experiment, rule: Rule, effects: Sequence[Effect]) -> tuple[str, str]:
    if not is_known(rule):
        return NOT_MEASURED, "these scripts do not know its rule: use a newer poolbench"
    if not rule.contrasts or len(effects) < len(rule.contrasts):
        return NOT_MEASURED, why_absent(run, experiment)
    measured = [(side, effect.contrast.metric) for effect in effects
                for side in (effect.contrast.a, effect.contrast.b) if side]
    for side, metric in measured:
        if not run.values(side, metric) and not (rule.evaluator and run.status(side) == "limit"):
            return NOT_MEASURED, why_without_values(run, side)
    undecided = why_undecided(run)
    if undecided:
        return INCONCLUSIVE, undecided
    late = [side for side, metric in measured if metric in PERCENTILES and is_late(run, side, PERCENTILES[metric])]
    if late:
        return INCONCLUSIVE, (f"the generator of {late[0].backend} was itself late, by more than a tenth of what is "
                              "compared")
    inline = [side.backend for side, _ in measured if side.backend != "serial" and ran_inline(run, side)]
    if inline:
        return INCONCLUSIVE, f"tasks of {inline[0]} ran on the thread that submits or waits"
    if rule.evaluator:
        return EVALUATORS[rule.evaluator](run, effects)
    fewest = min(effect.ratio.n for effect in effects)
    if fewest < stats.ROUNDS_MIN:
        return INCONCLUSIVE, too_few(fewest)
    return decide_by_conditions(rule, effects)


def compare_cell(run: Run, metric: str, delta: float, cell: Cell, pool: Side, raw: Side) -> Comparison:
    ratio = stats.median(ratio_values(run, metric, pool, raw))
    if why_undecided(run) or not ratio.has_interval:
        word = "undecided"
    elif ratio.lo > 1 + delta:
        word = f"{pool.backend} ahead"
    elif ratio.hi < 1 / (1 + delta):
        word = f"{raw.backend} ahead"
    elif ratio.lo >= 1 / (1 + delta) and is_not_ahead(ratio, delta):
        word = f"no difference over {100 * delta:.2g}%"
    else:
        word = "inconclusive"
    return Comparison(cell, pool, raw, ratio, delta, word)


def compare_cells(judgement: Judgement, experiment: Experiment) -> list[Comparison]:
    """Every pool against raw in every cell that has both."""
    run = judgement.run
    return [compare_cell(run, experiment.metric, judgement.deltas[experiment.name], cell, pool, raw)
            for cell in run.cells_of(experiment.name)
            for pool in cell.sides if pool.backend == "pool"
            for raw in cell.sides if raw.backend == "raw"]


def judge(run: Run) -> Judgement:
    floors = largest_floors(run)
    effects = {experiment.name: make_effects(run, experiment, floors) for experiment in run.experiments}
    sleeping = {experiment.name: make_effects_without_spin(run, experiment, floors) for experiment in run.experiments}
    for family in (effects, sleeping):
        adjust([effect for of_one in family.values() for effect in of_one])
    verdicts, deltas = [], {}
    for experiment in run.experiments:
        present = effects[experiment.name]
        deltas[experiment.name] = (present[0].delta if present else
                                   stats.delta_of(floors.get(mode_of(run, experiment))))
        if experiment.rule:
            word, reason = decide(run, experiment, experiment.rule, present)
            verdicts.append(Verdict(experiment, word, reason, present))
            if sleeping[experiment.name]:
                word, reason = decide(run, experiment, experiment.rule, sleeping[experiment.name])
                verdicts[-1].without_spin = Verdict(experiment, word, reason, sleeping[experiment.name])
    return Judgement(run, why_undecided(run), verdicts, deltas, floors)


# Thresholds on a grid: from where on something holds.

@dataclass(frozen=True)
class Threshold:
    """Holds at `hi` and at every greater point; decidedly not at `lo`, the last such point below it."""
    lo: float | None
    hi: float | None


def threshold(points: Iterable[tuple[float, bool, bool]]) -> Threshold:
    """From points (x, it holds, it decidedly fails)."""
    ordered = sorted(points)
    hi = None
    for x, holds, _ in reversed(ordered):
        if not holds:
            break
        hi = x
    lo = max((x for x, _, fails in ordered if fails and (hi is None or x < hi)), default=None)
    return Threshold(lo, hi)
