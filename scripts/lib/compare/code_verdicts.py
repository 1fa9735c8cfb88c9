"""What changed between two runs of one machine: code verdicts. Rounds of two runs are not paired."""
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from base import stats
from base.stats import Estimate
from base.text import estimate, plural, significant
from compare.reduced import CONTRAST, CONTROL, SIDE, Reduced, Series
from judge.effects import ALPHA

BETTER, WORSE, SAME, UNDECIDED = "better", "worse", "no difference", "inconclusive"
RESAMPLES = 5000
SEED = 1
NO_RATIO = Estimate(math.nan, math.nan, math.nan, 0)


@dataclass(frozen=True)
class Change:
    """Of one side, effect or control: how many times better the second run is."""
    old: Series
    new: Series
    ratio: Estimate
    p: float
    delta: float
    p_holm: float = math.nan
    word: str = UNDECIDED
    reason: str = ""

    @property
    def is_code(self) -> bool:
        """Whether it counts for the exit code: an effect moves with either of its sides."""
        return self.new.key.kind == SIDE


def median_ratio(over: NDArray, under: NDArray, axis: int = -1) -> NDArray:
    return np.median(over, axis=axis) / np.median(under, axis=axis)


def bootstrap_ratio(over: Sequence[float], under: Sequence[float]) -> Estimate:
    """The ratio of the medians; its interval resamples the rounds of either run by themselves."""
    n = min(len(over), len(under))
    if not n or min(*over, *under) <= 0:
        return NO_RATIO
    value = float(np.median(over) / np.median(under))
    if n < stats.ROUNDS_MIN:
        return Estimate(value, math.nan, math.nan, n)
    from scipy import stats as scipy_stats
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where all values are equal, as counts often are
        found = scipy_stats.bootstrap((np.asarray(over), np.asarray(under)), median_ratio, vectorized=True,
                                      n_resamples=RESAMPLES, confidence_level=stats.CONFIDENCE, method="percentile",
                                      random_state=SEED).confidence_interval
    return Estimate(value, float(found.low), float(found.high), n)


def rank_p(old: Sequence[float], new: Sequence[float]) -> float:
    """Two-sided p of Mann and Whitney's test."""
    if not old or not new:
        return math.nan
    if len({*old, *new}) == 1:
        return 1.0
    from scipy import stats as scipy_stats
    return float(scipy_stats.mannwhitneyu(new, old, alternative="two-sided").pvalue)


def delta_of(old: Series, new: Series, threshold: float) -> float:
    """The larger of the two A/A floors, at least the threshold."""
    floors = [floor - 1 for floor in (old.floor, new.floor) if floor is not None]
    return max([stats.DELTA_MIN, threshold, *floors])


def change_of(old: Series, new: Series, threshold: float) -> Change:
    over, under = (new.values, old.values) if new.more_is_better else (old.values, new.values)
    return Change(old, new, bootstrap_ratio(over, under), rank_p(old.values, new.values),
                  delta_of(old, new, threshold))


def fallen(change: Change) -> tuple[str, str] | None:
    """Rounds that failed, or ended at a limit, in one of the runs alone: the others are not all that there is to it."""
    for what, old, new in (("failed", change.old.failed, change.new.failed),
                           ("ended at a limit", change.old.limited, change.new.limited)):
        if new != old:
            return (WORSE if new > old else UNDECIDED,
                    f"it {what} in {plural(old, 'round')} of the earlier run, and in {new} of the later one")
    return None


def decided(change: Change, threshold: float) -> tuple[str, str]:
    """The word by interval and rank test, and why where there is none."""
    ratio, delta = change.ratio, change.delta
    if fell := fallen(change):
        return fell
    for which, series in (("earlier", change.old), ("later", change.new)):
        if series.problem:
            return UNDECIDED, f"in the {which} run {series.problem}"
    if not ratio.has_interval:
        return UNDECIDED, (f"{plural(ratio.n, 'round')}: {stats.ROUNDS_MIN} are the least" if ratio.n else
                           "a value is not positive")
    is_better, is_worse = ratio.lo > 1 + delta, ratio.hi < 1 / (1 + delta)
    if (is_better or is_worse) and change.p_holm >= ALPHA:
        return UNDECIDED, "the rank test, corrected by Holm, does not confirm it: measure more rounds"
    if is_better or is_worse:
        return BETTER if is_better else WORSE, ""
    if delta > max(stats.DELTA_MAX, threshold):
        return UNDECIDED, "noise is too large for a verdict"
    if 1 / (1 + delta) <= ratio.lo and ratio.hi <= 1 + delta:
        return SAME, ""
    return UNDECIDED, "the interval neither shows nor excludes a change of more than \u03b4"


# Which floors a side hangs on: what it asks of the kernel, and how often a task may at most. `serial` of its own cell
# is a control for every side.
CALLS_OF = {"raw": {"clone": 1, "pthread-tuned": 1, "futex-wake": 2, "futex-round-trip": 1},
            "pool": {"futex-wake": 2, "futex-round-trip": 1}}
FLOOR = "floors/"


def controls_of(change: Change, controls: Sequence[Change]) -> list[Change]:
    key, family = change.new.key, change.new.backend.partition("-")[0]
    floors = {f"{FLOOR}{name}" for name in CALLS_OF.get(family, {})} if is_speed(change) else set()
    return [of for of in controls if of.new.key.cell in floors
            or of.new.key.cell == key.cell and of.new.key.metric == key.metric and of.new.backend == "serial"]


def moved_by(change: Change, control: Change) -> float:
    """By how many times the control's move makes the side better: `serial` by as much as itself, a floor by the part of
    a task's time that it can be."""
    if not control.new.key.cell.startswith(FLOOR) or not change.old.estimate.value > 0:
        return control.ratio.value
    name, family = control.new.key.cell.removeprefix(FLOOR), change.new.backend.partition("-")[0]
    value = change.old.estimate.value
    task_ns = 1e9 / value if change.old.more_is_better else value
    share = min(1.0, CALLS_OF[family][name] * control.old.estimate.value / task_ns)
    return 1 / (1 + share * (1 / control.ratio.value - 1))


def explains(factor: float, word: str, change: Change) -> bool:
    """A control moved in the same direction, and what is left beyond its move decides nothing."""
    ratio = change.ratio
    if word not in (BETTER, WORSE) or word != change.word or not ratio.has_interval:
        return False
    beyond = ratio.lo / factor if word == BETTER else factor / ratio.hi
    return beyond <= 1 + change.delta


def hides(factor: float, word: str, change: Change) -> bool:
    """There is no difference, but a control moved: what is left of the side without that move may be one."""
    if word not in (BETTER, WORSE) or change.word != SAME:
        return False
    lo, hi, delta = change.ratio.lo / factor, change.ratio.hi / factor, change.delta
    return not (1 / (1 + delta) <= lo and hi <= 1 + delta)


@dataclass(frozen=True)
class Drift:
    """Where most of `serial` moved one way, so did the machine, or the work itself."""
    word: str
    ratio: Estimate  # the median of their ratios, without an interval
    n: int
    of: int


def drift_of(controls: Sequence[Change]) -> Drift | None:
    serial = [of for of in controls if of.new.backend == "serial" and is_speed(of)]
    for word in (WORSE, BETTER):
        moved = [of for of in serial if of.word == word]
        if 2 * len(moved) > len(serial):
            value = float(np.median([of.ratio.value for of in moved]))
            return Drift(word, Estimate(value, math.nan, math.nan, len(moved)), len(moved), len(serial))
    return None


def is_speed(change: Change) -> bool:
    """What a slower processor moves."""
    return change.new.unit in ("ns", "per s")


def control_name(control: Change) -> str:
    key = control.new.key
    return f"floor {key.cell.removeprefix('floors/')}" if key.cell.startswith("floors/") else key.name


def excuse(change: Change, controls: Sequence[Change], drift: Drift | None) -> str:
    """What else than the code may have made the change, "" if nothing seen here."""
    for control in controls_of(change, controls):
        if explains(moved_by(change, control), control.word, change):
            return f"{control_name(control)} is {control.word} too, {estimate(control.ratio)} times"
    if drift and is_speed(change) and explains(drift.ratio.value, drift.word, change):
        return f"serial is {drift.word} too in {drift.n} of {drift.of} cells, {significant(drift.ratio.value)} times"
    return ""


def doubt(change: Change, controls: Sequence[Change], drift: Drift | None) -> str:
    """Of no difference: what moved beside it, "" if nothing that could hide one."""
    serial = [of for of in controls_of(change, controls) if not of.new.key.cell.startswith(FLOOR)]
    for control in serial:
        if hides(control.ratio.value, control.word, change):
            return f"serial is {control.word}, {estimate(control.ratio)} times"
    if not serial and drift and is_speed(change) and hides(drift.ratio.value, drift.word, change):
        return f"serial is {drift.word} in {drift.n} of {drift.of} cells, {significant(drift.ratio.value)} times"
    return ""


def held_against_controls(change: Change, controls: Sequence[Change], drift: Drift | None) -> Change:
    moved = excuse(change, controls, drift) if change.is_code else ""
    if moved:
        return replace(change, word=UNDECIDED, reason=f"the machine itself may have changed: {moved}")
    moved = doubt(change, controls, drift) if change.is_code else ""
    return replace(change, word=UNDECIDED, reason=f"the machine itself changed, and this side did not: {moved}") \
        if moved else change


def changes_of(old: Sequence[Series], new: Sequence[Series], threshold: float) -> list[Change]:
    """Of what both runs have. Holm corrects over the sides, by which the runs are judged; over the effects by
    themselves; and not over the controls, whose test excuses and accuses nobody."""
    before = {of.key: of for of in old}
    found = [change_of(before[of.key], of, threshold) for of in new if of.key in before]
    holm: dict[int, float] = {}
    for kind in (SIDE, CONTRAST):
        tested = [of for of in found if of.new.key.kind == kind and not math.isnan(of.p)]
        holm |= zip(map(id, tested), stats.holm([of.p for of in tested]))
    with_p = [replace(of, p_holm=holm.get(id(of), of.p)) for of in found]
    worded = []
    for of in with_p:
        word, reason = decided(of, threshold)
        worded.append(replace(of, word=word, reason=reason))
    controls = [of for of in worded if of.new.key.kind == CONTROL]
    drift = drift_of(controls)
    return [held_against_controls(of, controls, drift) for of in worded]


def only_in_one(old: Reduced, new: Reduced) -> list[str]:
    """Sides that one of the two does not have."""
    both = [{of.key: of for of in run.series if of.key.kind == SIDE} for run in (old, new)]
    return [f"{which} run alone: {key.experiment}, {key.name} ({of.shown})"
            for which, mine, other in (("earlier", *both), ("later", *both[::-1]))
            for key, of in mine.items() if key not in other]


def counts(changes: Sequence[Change], kind: str = SIDE) -> dict[str, int]:
    return {word: sum(of.word == word for of in changes if of.new.key.kind == kind)
            for word in (WORSE, BETTER, SAME, UNDECIDED)}


def by_kind(changes: Sequence[Change]) -> list[tuple[str, list[Change]]]:
    titles = [(SIDE, "sides"), (CONTRAST, "effects"), (CONTROL, "controls")]
    return [(title, [of for of in changes if of.new.key.kind == kind]) for kind, title in titles]
