"""Decides claims by their rules and compares backends cell by cell. docs/method.md says by what rules."""
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import stats
from runs import Cell, Condition, Contrast, Experiment, Rule, Run, Side
from stats import Estimate
from text import plural

SUPPORTED, REFUTED, INCONCLUSIVE, NOT_MEASURED = "supported", "refuted", "inconclusive", "not measured"
ALPHA = 0.05
NEED_RANK_TEST = {"ahead", "at_least"}

# A depth below which a pool's memory advantage refutes the claim, and from which it supports it.
DEPTH_REFUTED_BELOW, DEPTH_SUPPORTED_FROM = 2, 10


@dataclass
class Effect:
    """How many times better a is than b, over the rounds that both have."""
    contrast: Contrast
    ratio: Estimate
    a: Estimate
    b: Estimate
    p: float                 # of the signed-rank test alone; nan where there is no pair
    p_holm: float = math.nan
    floor: float | None = None
    delta: float = stats.DELTA_MIN
    two_groups: bool = False

    def holds(self, op: str, value: float) -> bool:
        """One condition of a rule. What puts a ahead also needs the rank test."""
        return self.interval_holds(op, value) and (op not in NEED_RANK_TEST or self.p_holm < ALPHA)

    def interval_holds(self, op: str, value: float) -> bool:
        return self.ratio.has_interval and {
            "ahead": self.ratio.lo > 1 + self.delta,
            "at_least": self.ratio.lo >= value,
            "not_ahead": is_not_ahead(self.ratio, self.delta),
            "below": self.ratio.hi < value,
        }.get(op, False)

    @property
    def smallest(self) -> float:
        return stats.smallest_effect(self.ratio, self.delta)


@dataclass
class Verdict:
    experiment: Experiment
    word: str
    reason: str
    effects: list[Effect] = field(default_factory=list)


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


def is_not_ahead(ratio: Estimate, delta: float) -> bool:
    """The other side is not slower: the interval excludes a lead of more than delta."""
    return ratio.hi <= 1 + delta and delta <= stats.DELTA_MAX


def ratio_values(run: Run, metric: str, a: Side, b: Side) -> list[float]:
    """By how many times a is better than b, round by round."""
    over, under = run.values(b, metric), run.values(a, metric)
    if metric in run.metrics and run.metrics[metric].more_is_better:
        over, under = under, over
    return stats.paired_ratios(over, under)


def floor_in(run: Run, cells: Iterable[Cell], metric: str) -> float | None:
    """The A/A floor of a metric: pool-again against pool in the primary cells."""
    floors = []
    for cell in cells:
        for again in cell.sides:
            pool = Side(cell.name, "pool", again.workers)
            if again.backend == "pool-again" and pool in cell.sides:
                ratio = stats.median(ratio_values(run, metric, again, pool))
                if ratio.has_interval:
                    floors.append(stats.floor_of(ratio))
    return max(floors, default=None)


def largest_floors(run: Run) -> dict[str, float]:
    floors: dict[str, float] = {}
    for experiment in run.experiments:
        for cell in run.primary_cells(experiment.name):
            floor = floor_in(run, [cell], experiment.metric)
            if floor is not None:
                floors[cell.mode] = max(floor, floors.get(cell.mode, 0))
    return floors


def mode_of(run: Run, experiment: Experiment) -> str:
    cells = run.cells_of(experiment.name)
    return cells[0].mode if cells else ""


def make_effect(run: Run, experiment: Experiment, contrast: Contrast, floors: dict[str, float]) -> Effect | None:
    """None where the run does not have both sides."""
    if contrast.a is None or contrast.b is None:
        return None
    ratios = ratio_values(run, contrast.metric, contrast.a, contrast.b)
    floor = floor_in(run, run.primary_cells(experiment.name), contrast.metric)
    if floor is None:
        floor = floors.get(mode_of(run, experiment))
    return Effect(contrast, stats.median(ratios), run.estimate(contrast.a, contrast.metric),
                  run.estimate(contrast.b, contrast.metric), stats.signed_rank_p(ratios) if ratios else math.nan,
                  floor=floor, delta=stats.delta_of(floor), two_groups=stats.forms_two_groups(ratios))


def make_effects(run: Run, experiment: Experiment, floors: dict[str, float]) -> list[Effect]:
    """Of the contrasts whose sides the run has."""
    contrasts = experiment.rule.contrasts if experiment.rule else []
    effects = (make_effect(run, experiment, contrast, floors) for contrast in contrasts)
    return [effect for effect in effects if effect]


def adjust(effects: list[Effect]) -> None:
    """Holm over all primary contrasts of the run."""
    tested = [effect for effect in effects if not math.isnan(effect.p)]
    for effect, p in zip(tested, stats.holm([effect.p for effect in tested])):
        effect.p_holm = p


def why_undecided(run: Run) -> str:
    """What keeps a whole run from deciding anything."""
    if not run.is_complete:
        return f"the run is incomplete: {run.rounds_done} of {run.rounds_planned} rounds"
    if run.profile == "smoke":
        return "the profile smoke decides nothing"
    return ""


def why_absent(run: Run, experiment: Experiment) -> str:
    """Why a contrast's side is not among the run's cells."""
    backends = set(run.document["factors"]["backends"])
    lacking = sorted({"pool", "raw"} - backends)
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


def describe(condition: Condition, effects: Sequence[Effect]) -> str:
    effect = effects[condition.contrast]
    limit = f"{1 + effect.delta:.3g}"
    return effect.contrast.name + {"ahead": f" is ahead: all of the interval is above {limit}",
                                   "not_ahead": f" is not ahead: all of the interval is at or below {limit}",
                                   "at_least": f" is at least {condition.value:g}",
                                   "below": f" is below {condition.value:g}"}[condition.op]


def decide_depth(run: Run, effects: Sequence[Effect]) -> tuple[str, str]:
    """C3: the pool holds all tasks, and one thread per task is refused or costs much more memory."""
    effect = effects[0]
    assert effect.contrast.a and effect.contrast.b
    pool, raw = run.samples_of(effect.contrast.a), run.samples_of(effect.contrast.b)
    tasks = run.cells[effect.contrast.a.cell].number("tasks") or 0
    if not all(sample.status == "ok" and sample.metrics.get("held", 0) >= tasks for sample in pool):
        least = min(sample.metrics.get("held", 0) for sample in pool)
        return INCONCLUSIVE, f"the pool itself held only {least:,.0f} of {tasks:,.0f} tasks"
    if len(raw) < stats.ROUNDS_MIN:
        return INCONCLUSIVE, too_few(len(raw))
    if all(sample.status == "limit" or sample.metrics.get("held", tasks) < tasks for sample in raw):
        most = max(sample.metrics.get("held", 0) for sample in raw)
        reason = next((sample.reason for sample in raw if sample.reason), "threads were refused")
        return SUPPORTED, f"the pool holds all {tasks:,.0f}, raw at most {most:,.0f}: {reason}"
    if effect.holds("at_least", DEPTH_SUPPORTED_FROM):
        return SUPPORTED, f"both hold all; raw needs at least {DEPTH_SUPPORTED_FROM} times the memory"
    held_all = all(sample.status == "ok" and sample.metrics.get("held", tasks) >= tasks for sample in raw)
    if held_all and effect.holds("below", DEPTH_REFUTED_BELOW):
        return REFUTED, f"raw holds all {tasks:,.0f} within {DEPTH_REFUTED_BELOW} times the memory"
    return INCONCLUSIVE, "neither refused, nor 10 times the memory, nor within 2 times"


def decide_threads(run: Run, effects: Sequence[Effect]) -> tuple[str, str]:
    """C17: in every round the pool shows no more threads than it has workers, and raw one for each task."""
    effect = effects[0]
    assert effect.contrast.a and effect.contrast.b
    tasks, workers = run.cells[effect.contrast.b.cell].number("tasks") or 0, effect.contrast.a.workers
    pool, raw = (list(run.values(side, "threads_seen").values()) for side in (effect.contrast.a, effect.contrast.b))
    if min(len(pool), len(raw)) < stats.ROUNDS_MIN:
        return INCONCLUSIVE, too_few(min(len(pool), len(raw)))
    if max(pool) > workers:
        return REFUTED, f"a pool of {plural(workers, 'worker')} ran its tasks on {max(pool):,.0f} threads"
    if min(raw) < tasks:
        return REFUTED, f"raw ran {tasks:,.0f} tasks on {min(raw):,.0f} threads"
    return SUPPORTED, (f"a pool of {plural(workers, 'worker')} ran {tasks:,.0f} tasks on at most {max(pool):,.0f} "
                       "threads, raw on one each, in every round")


# Speed-up over serial below which the pool refutes C14 where bound processes reach the second; and the share of what
# these reach that supports it.
CPU_REFUTED_BELOW, CPU_REACHED_FROM, CPU_SUPPORTED_FROM = 1.2, 1.6, 0.8


def decide_cpu(run: Run, effects: Sequence[Effect]) -> tuple[str, str]:
    """C14: the pool's speed-up over serial, held against that of bound processes."""
    share, pool, processes = effects
    if run.document["factors"]["cpus_usable"] < 2:
        return NOT_MEASURED, "there is one CPU: nothing can be faster than alone on it"
    if min(effect.ratio.n for effect in effects) < stats.ROUNDS_MIN:
        return INCONCLUSIVE, too_few(min(effect.ratio.n for effect in effects))
    if pool.interval_holds("below", CPU_REFUTED_BELOW) and processes.interval_holds("at_least", CPU_REACHED_FROM):
        return REFUTED, (f"{pool.contrast.name} is below {CPU_REFUTED_BELOW:g}, where bound processes reach "
                         f"{CPU_REACHED_FROM:g}")
    if share.interval_holds("at_least", CPU_SUPPORTED_FROM):
        return SUPPORTED, (f"the pool reaches at least {CPU_SUPPORTED_FROM:g} of what bound processes reach: "
                           f"{pool.ratio.value:.3g} and {processes.ratio.value:.3g} times serial")
    return INCONCLUSIVE, (f"neither {CPU_SUPPORTED_FROM:g} of what bound processes reach, nor below "
                          f"{CPU_REFUTED_BELOW:g} times serial where they reach {CPU_REACHED_FROM:g}")


Evaluator = Callable[[Run, Sequence[Effect]], tuple[str, str]]

# Rules that are no ratio, by the name that run.json gives them.
EVALUATORS: dict[str, Evaluator] = {"depth": decide_depth, "threads": decide_threads, "cpu": decide_cpu}


def too_few(n: int) -> str:
    return f"{plural(n, 'paired round')}: an interval needs {stats.ROUNDS_MIN}"


def decide(run: Run, experiment: Experiment, rule: Rule, effects: Sequence[Effect]) -> tuple[str, str]:
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
    inline = [side.backend for side, _ in measured if side.backend != "serial" and ran_inline(run, side)]
    if inline:
        return INCONCLUSIVE, f"tasks of {inline[0]} ran on the thread that submits or waits"
    if rule.evaluator:
        if rule.evaluator not in EVALUATORS:
            return NOT_MEASURED, "these scripts do not know its rule: use a newer poolbench"
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
    adjust([effect for of_one in effects.values() for effect in of_one])
    verdicts, deltas = [], {}
    for experiment in run.experiments:
        present = effects[experiment.name]
        deltas[experiment.name] = (present[0].delta if present else
                                   stats.delta_of(floors.get(mode_of(run, experiment))))
        if experiment.rule:
            word, reason = decide(run, experiment, experiment.rule, present)
            verdicts.append(Verdict(experiment, word, reason, present))
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
