"""Rules of claims that are no ratio, a function for each, by the names that run.json gives them."""
from collections.abc import Callable, Sequence

from base import stats
from base.runs import Run
from base.text import estimate, percent, plural, significant
from judge import sizing
from judge.effects import INCONCLUSIVE, NOT_MEASURED, REFUTED, SUPPORTED, Effect


def too_few(n: int) -> str:
    return f"{plural(n, 'paired round')}: an interval needs {stats.ROUNDS_MIN}"


# A depth below which a pool's memory advantage refutes the claim, and from which it supports it.
DEPTH_REFUTED_BELOW, DEPTH_SUPPORTED_FROM = 2, 10


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


def decide_kinds(run: Run, effects: Sequence[Effect]) -> tuple[str, str]:
    """C4: by how many times the pool's lead over raw is larger where tasks differ, round by round."""
    leads = []
    for effect in effects:
        assert effect.contrast.a and effect.contrast.b
        a, b = (run.values(side, effect.contrast.metric) for side in (effect.contrast.a, effect.contrast.b))
        leads.append(stats.ratios_by_round(b, a))
    growth = stats.median(stats.paired_ratios(*leads))
    if growth.n < stats.ROUNDS_MIN:
        return INCONCLUSIVE, too_few(growth.n)
    delta = max(effect.delta for effect in effects)
    shown = f"the pool's lead is {estimate(growth)} times as large where tasks differ"
    if growth.lo > 1 + delta:
        return SUPPORTED, f"{shown}: all of the interval is above {significant(1 + delta)}"
    if growth.hi <= 1 + delta and delta <= stats.DELTA_MAX:
        return REFUTED, f"{shown}: it does not grow by more than {percent(delta)}"
    return INCONCLUSIVE, f"{shown}: the interval neither shows nor excludes that it grows by more than {percent(delta)}"


FAR = 1e9  # stands for a ratio to nothing


def rate_ratio(a: float, b: float) -> float:
    """Of two rates that may be 0: nothing is as good as nothing."""
    if b == 0:
        return 1.0 if a == 0 else FAR
    return a / b


def decide_openload(run: Run, effects: Sequence[Effect]) -> tuple[str, str]:
    """C16: the p99 of what was accepted, and how many tasks were done in time."""
    p99, in_time = effects
    assert in_time.contrast.a and in_time.contrast.b
    pool, raw = (run.values(side, "in_time_per_s") for side in (in_time.contrast.a, in_time.contrast.b))
    ratio = stats.median([rate_ratio(pool[r], raw[r]) for r in sorted(pool.keys() & raw.keys())])
    if min(p99.ratio.n, ratio.n) < stats.ROUNDS_MIN:
        return INCONCLUSIVE, too_few(min(p99.ratio.n, ratio.n))
    delta = p99.delta  # of the same sides: where none is in time, the pool and itself have no ratio
    rates = "done in time: " + " against ".join(estimate(stats.median(list(of.values())), "per s")
                                                for of in (pool, raw))
    if p99.holds("ahead", 0) and delta <= stats.DELTA_MAX and ratio.lo >= 1 / (1 + delta):
        return SUPPORTED, f"the 99th percentile is ahead, and tasks in time are not behind ({rates})"
    if p99.interval_holds("not_ahead", 0) and delta <= stats.DELTA_MAX and ratio.hi <= 1 + delta:
        return REFUTED, f"raw is worse neither in the 99th percentile nor in tasks in time ({rates})"
    return INCONCLUSIVE, f"ahead in one and not in the other, or not decided ({rates})"


def decide_sizing(run: Run, effects: Sequence[Effect]) -> tuple[str, str]:
    """C15: what the sizes of three rules reach of the best one, on rounds that the rules did not see."""
    assert effects[0].contrast.a
    found = sizing.judge_rules(run, run.cells[effects[0].contrast.a.cell])
    if not found or min(rule.reached.n for rule in found) < stats.ROUNDS_MIN:
        return INCONCLUSIVE, "too few rounds: half of them are for the rules, and an interval needs " \
                             f"{stats.ROUNDS_MIN} in the other half"
    if effects[0].delta > stats.DELTA_MAX:
        return INCONCLUSIVE, f"the pool differs from itself by {percent(effects[0].delta)}: no size is surely the best"
    shown = ", ".join(f"{rule.name} {rule.size}: {estimate(rule.reached)}" for rule in found)
    if any(rule.reached.lo >= sizing.SUPPORTED_FROM for rule in found):
        return SUPPORTED, f"a rule's size reaches {percent(sizing.SUPPORTED_FROM)} of the best: {shown}"
    if len(found) < sizing.N_RULES:
        return INCONCLUSIVE, f"not every rule has what it needs, and none surely reaches the best: {shown}"
    if all(rule.reached.hi < sizing.REFUTED_BELOW for rule in found):
        return REFUTED, f"no rule's size reaches {percent(sizing.REFUTED_BELOW)} of the best: {shown}"
    return INCONCLUSIVE, f"none surely reaches {percent(sizing.SUPPORTED_FROM)} of the best: {shown}"


def decide_status(run: Run, effects: Sequence[Effect]) -> tuple[str, str]:
    """C7: by how much looking at tasks slows the pool's program down, and by how much the raw one's."""
    pool, raw = effects
    if min(pool.ratio.n, raw.ratio.n) < stats.ROUNDS_MIN:
        return INCONCLUSIVE, too_few(min(pool.ratio.n, raw.ratio.n))
    polled = run.cells[pool.contrast.b.cell] if pool.contrast.b else None
    polls_per_s = polled.number("polls_per_s") if polled else None
    rate = "looking" if polls_per_s is None else f"looking {polls_per_s:,.0f} times a second"
    if pool.holds("not_ahead", 0):
        return SUPPORTED, f"{rate} slows the pool's program by no more than {percent(pool.delta)}"
    if pool.holds("ahead", 0) and pool.ratio.lo > raw.ratio.hi:
        return REFUTED, (f"{rate} slows the pool's program by more than {percent(pool.delta)}, and by more than the "
                         "one that has flags of its own")
    if pool.holds("ahead", 0):
        return INCONCLUSIVE, (f"{rate} slows the pool's program by more than {percent(pool.delta)}, but not clearly by "
                              "more than the one that has flags of its own")
    return INCONCLUSIVE, "the interval neither shows nor excludes that looking slows the pool's program"


Evaluator = Callable[[Run, Sequence[Effect]], tuple[str, str]]

# Rules that are no ratio, by the name that run.json gives them.
EVALUATORS: dict[str, Evaluator] = {
    "depth": decide_depth, "threads": decide_threads, "cpu": decide_cpu, "kinds": decide_kinds,
    "openload": decide_openload, "sizing": decide_sizing, "status": decide_status}

# The contrasts that each of them takes.
N_CONTRASTS = {"depth": 1, "threads": 1, "cpu": 3, "kinds": 2, "openload": 2, "sizing": 1, "status": 2}

# The same in words.
SENTENCES: dict[str, str] = {
    "depth": "Supported if the pool holds all tasks in every round, and raw is refused, stopped by the reserve, or "
             f"needs at least {DEPTH_SUPPORTED_FROM} times the memory; refuted if raw holds all within "
             f"{DEPTH_REFUTED_BELOW} times the memory.",
    "threads": "Supported if in every round the pool shows no more threads than it has workers, and raw one for each "
               "task; refuted by any round in which one of them does not.",
    "cpu": f"Supported if the pool reaches at least {CPU_SUPPORTED_FROM:g} of the speed of bound processes; refuted if "
           f"it is below {CPU_REFUTED_BELOW:g} times the caller alone where these reach {CPU_REACHED_FROM:g}.",
    "kinds": "Supported if the pool's lead over raw is larger by more than \u03b4 where tasks differ than where they "
             "are alike; refuted if it is not.",
    "openload": "Supported if the 99th percentile of what the pool accepts is ahead of raw's and its tasks in time are "
                "not behind; refuted if raw is worse in neither.",
    "sizing": f"Supported if the size that one of three rules gives reaches {percent(sizing.SUPPORTED_FROM)} of the "
              f"best; refuted if all of them stay below {percent(sizing.REFUTED_BELOW)}.",
    "status": "Supported if looking at its tasks does not slow the pool's program by more than \u03b4; refuted if it "
              "does, and by more than the program that has flags of its own.",
}
