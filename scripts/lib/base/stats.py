"""The statistics of rounds. A round is the unit of replication; nothing is assumed about distributions.

What is here is what scipy does not have in this form; docs/method.md says what each means. scipy.stats itself takes
longer to import than most scripts run, and so is imported where it is used.
"""
import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import bdtr, bdtrc

CONFIDENCE = 0.95
ROUNDS_MIN = 6  # with fewer, no two order statistics enclose the median with 95%
DELTA_MIN = 0.05
DELTA_MAX = 0.25  # beyond it, "no difference over delta" would be a verdict that noise alone can give
PERCENTILE_WIDTH_MAX = 0.2
LOG_PLACES = 12  # of the logarithm of a ratio: 2 and 1/2 are equally far from 1, whatever the last digit says


@dataclass(frozen=True)
class Estimate:
    """A median or a percentile, its 95% interval (nan where there is none) and the count of samples."""
    value: float
    lo: float
    hi: float
    n: int

    @property
    def has_interval(self) -> bool:
        return math.isfinite(self.lo) and math.isfinite(self.hi)

    @property
    def is_printable(self) -> bool:
        """The rule for percentiles: the interval exists and lies within 20% of the value."""
        return (self.has_interval and self.hi - self.value <= PERCENTILE_WIDTH_MAX * self.value
                and self.value - self.lo <= PERCENTILE_WIDTH_MAX * self.value)


@lru_cache(maxsize=None)
def order_interval(n: int, quantile: float) -> tuple[int, int] | None:
    """Ranks (from 1) of the order statistics of n samples that enclose a quantile with at least 95%. Exact: how many
    samples lie below the quantile is binomial. None where the samples are too few."""
    if n == 0:
        return None
    tail = (1 - CONFIDENCE) / 2
    counts = range(n + 1)
    low = bisect_left(counts, True, key=lambda k: bool(bdtr(k, n, quantile) >= tail))
    high = bisect_left(counts, True, key=lambda k: bool(bdtrc(k, n, quantile) <= tail)) + 1
    return (low, high) if low >= 1 and high <= n else None


def median(values: Sequence[float]) -> Estimate:
    """The median with its order-statistic interval."""
    ordered = np.sort(np.asarray(values, float))
    if not len(ordered):
        return Estimate(math.nan, math.nan, math.nan, 0)
    ranks = order_interval(len(ordered), 0.5)
    lo, hi = (ordered[ranks[0] - 1], ordered[ranks[1] - 1]) if ranks else (math.nan, math.nan)
    return Estimate(float(np.median(ordered)), float(lo), float(hi), len(ordered))


def ratios_by_round(over: Mapping[int, float], under: Mapping[int, float]) -> dict[int, float]:
    """over/under of each round that has both, in the order of rounds. No ratio where either is not positive."""
    return {r: over[r] / under[r] for r in sorted(over.keys() & under.keys()) if over[r] > 0 and under[r] > 0}


def paired_ratios(over: Mapping[int, float], under: Mapping[int, float]) -> list[float]:
    return list(ratios_by_round(over, under).values())


def mean(values: Sequence[float]) -> Estimate:
    """The mean with its interval by bootstrap, for what is compared with a mean."""
    if len(values) < 2:
        return median(values)
    from scipy import stats
    found = stats.bootstrap((values,), np.mean, confidence_level=CONFIDENCE, n_resamples=2000, method="percentile",
                            random_state=1).confidence_interval
    return Estimate(float(np.mean(values)), float(found.low), float(found.high), len(values))


def signed_rank_p(ratios: Sequence[float]) -> float:
    """Two-sided p of Wilcoxon's signed-rank test on the logarithms: could the ratios lie around 1? Exact: the share of
    all signs that these ranks could have whose sum of positive, or of negative ranks is as small as the smaller one.
    Ratios of 1 are left out, equal ones share their ranks. What scipy makes of these hangs on its version."""
    logs = np.round(np.log(ratios), LOG_PLACES)
    logs = logs[logs != 0]
    _, of, n_equal = np.unique(abs(logs), return_inverse=True, return_counts=True)
    doubled = (2 * np.cumsum(n_equal) - n_equal + 1)[of]  # shared ranks may be halves
    least = int(min(doubled[logs > 0].sum(), doubled[logs < 0].sum()))
    shares = np.zeros(least + 1)  # of the signs that give each sum; powers of 2 divide without error
    shares[0] = 1
    for rank in doubled:
        shares[rank:] += shares[:max(0, least + 1 - rank)].copy()
        shares /= 2
    return min(1.0, 2 * math.fsum(shares))


def holm(ps: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment: a family of tests at 5% keeps 5% over all of them."""
    adjusted, highest = [0.0] * len(ps), 0.0
    for rank, i in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[i]))
        adjusted[i] = highest
    return adjusted


def floor_of(again: Estimate) -> float:
    """How far from 1 a ratio of a thing to itself may seem: the farther end of its interval."""
    return max(again.hi, 1 / again.lo)


def delta_of(floor: float | None) -> float:
    return DELTA_MIN if floor is None else max(DELTA_MIN, floor - 1)


def smallest_effect(effect: Estimate, delta: float) -> float:
    """The smallest true effect whose interval, as wide as this one is, would have been ahead by more than delta."""
    return (1 + delta) * effect.value / effect.lo


def middle_of_groups(values: Iterable[float]) -> float | None:
    """The middle of the gap between two groups: it is wider than all else together, with at least three values on
    either side of it. None where no gap is."""
    ordered = np.sort(np.fromiter(values, float))
    if len(ordered) < 6:
        return None
    gaps = np.diff(ordered)
    i = 2 + int(gaps[2:len(gaps) - 2].argmax())
    return float(ordered[i] + ordered[i + 1]) / 2 if gaps[i] > (ordered[-1] - ordered[0]) / 2 else None


def forms_two_groups(values: Iterable[float]) -> bool:
    return middle_of_groups(values) is not None


def bucket_middle(bucket: int) -> float:
    """The value that stands for a bucket of HdrHistogram's layout with 2 significant digits."""
    doubling = max(bucket // 128 - 1, 0)
    return float((bucket - doubling * 128) << doubling) + ((1 << doubling) - 1) / 2


def histogram_quantile(counts: Mapping[int, int], quantile: float) -> Estimate:
    """A percentile of merged counts with its order-statistic interval."""
    buckets = sorted(counts)
    seen = np.cumsum([counts[bucket] for bucket in buckets])
    n = int(seen[-1]) if buckets else 0
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)

    def at(rank: int) -> float:
        return bucket_middle(buckets[int(np.searchsorted(seen, rank))])

    ranks = order_interval(n, quantile)
    lo, hi = (at(ranks[0]), at(ranks[1])) if ranks else (math.nan, math.nan)
    return Estimate(at(max(1, math.ceil(quantile * n))), lo, hi, n)
