#!/usr/bin/env python3
"""The statistics of scripts/lib against their definitions and against numpy and scipy."""
import itertools
import math
from pathlib import Path

from report_helpers import main

import numpy as np
from scipy import stats as scipy_stats

from base import stats, text
from base.stats import Estimate
from judge.verdicts import Threshold, threshold


def test_median_needs_six_rounds(_: Path) -> None:
    for n in range(1, 6):
        assert not stats.median(range(n)).has_interval
    assert stats.median([3, 1, 2, 6, 5, 4]) == Estimate(3.5, 1, 6, 6)
    assert stats.median([]).n == 0


def test_interval_of_the_median_covers_at_least_95_percent_and_is_no_wider(_: Path) -> None:
    for n in range(6, 60):
        low, high = stats.order_interval(n, 0.5)
        below = scipy_stats.binom(n, 0.5)

        def coverage(first: int, last: int) -> float:
            return below.cdf(last - 1) - below.cdf(first - 1)

        assert low + high == n + 1
        assert coverage(low, high) >= 0.95
        assert coverage(low + 1, high - 1) < 0.95


def test_ratios_pair_rounds_that_both_have(_: Path) -> None:
    assert stats.paired_ratios({0: 2.0, 1: 9.0, 3: 8.0}, {0: 1.0, 2: 5.0, 3: 2.0}) == [2.0, 4.0]
    assert stats.paired_ratios({0: 0.0, 1: 1.0, 2: 2.0}, {0: 1.0, 1: -1.0, 2: 1.0}) == [2.0]


def test_signed_rank_is_exact(_: Path) -> None:
    assert math.isclose(stats.signed_rank_p([1.1 + i / 100 for i in range(10)]), 2 / 2 ** 10)
    assert math.isclose(stats.signed_rank_p([1.1 + i / 100 for i in range(6)]), 2 / 2 ** 6)
    assert stats.signed_rank_p([1.0] * 8) == 1
    assert stats.signed_rank_p([0.8, 1.25, 0.9, 1.11, 0.95, 1.05, 0.99, 1.01]) > 0.5
    assert stats.signed_rank_p([]) == stats.signed_rank_p([1.5]) == 1


def test_signed_rank_is_that_of_scipy_where_it_is_exact(_: Path) -> None:
    """That is without ties and without ratios of 1."""
    generator = np.random.default_rng(3)
    for n in (*range(1, 40), 60, 200):
        logs = generator.normal(generator.uniform(-1, 1), 1, n)
        wanted = scipy_stats.wilcoxon(logs, method="exact").pvalue
        assert math.isclose(stats.signed_rank_p(np.exp(logs)), wanted, rel_tol=1e-12), (n, logs)


def test_signed_rank_with_ties_and_ones(_: Path) -> None:
    """By trying all signs. Ratios of 1 are left out, ratios equally far from 1 share their ranks."""
    def tried(ratios: list[float]) -> float:
        sizes = [max(ratio, 1 / ratio) for ratio in ratios if ratio != 1]
        ranks = [sum(other < size for other in sizes) + (sum(other == size for other in sizes) + 1) / 2
                 for size in sizes]
        if not ranks:
            return 1.0
        least = min(sum(rank for rank, ratio in zip(ranks, (r for r in ratios if r != 1)) if (ratio > 1) == above)
                    for above in (True, False))
        sums = [sum(rank for rank, sign in zip(ranks, signs) if sign)
                for signs in itertools.product((0, 1), repeat=len(ranks))]
        return min(1.0, 2 * sum(of <= least for of in sums) / len(sums))

    generator = np.random.default_rng(4)
    seen = set()
    for n in range(1, 11):
        for _ in range(30):
            ratios = generator.choice([1.0, 0.5, 2.0, 0.25, 4.0, 8.0, 0.125], n).tolist()
            assert stats.signed_rank_p(ratios) == tried(ratios), ratios
            seen.add(tried(ratios))
    assert len(seen) > 50, len(seen)
    fives = [1.25, 1.25, 1.25, 0.8, 1.25, 1.25]  # their logarithms may differ in the last digit
    assert stats.signed_rank_p(fives) == tried([2.0, 2.0, 2.0, 0.5, 2.0, 2.0]) == 14 / 64
    assert stats.signed_rank_p([1.0, 1.5, 1.6, 1.7, 1.8, 1.9, 2.1]) == 2 / 2 ** 6


def test_holm_steps_down(_: Path) -> None:
    assert np.allclose(stats.holm([0.01, 0.04, 0.03]), [0.03, 0.06, 0.06])
    assert np.allclose(stats.holm([0.5, 0.9, 0.002, 0.01]), [1, 1, 0.008, 0.03])
    assert stats.holm([]) == []


def test_floor_and_delta(_: Path) -> None:
    assert math.isclose(stats.floor_of(Estimate(1, 0.8, 1.1, 10)), 1.25)
    assert stats.floor_of(Estimate(1, 0.99, 1.1, 10)) == 1.1
    assert stats.delta_of(None) == stats.delta_of(1.01) == 0.05
    assert math.isclose(stats.delta_of(1.25), 0.25)
    assert math.isclose(stats.smallest_effect(Estimate(2, 1.6, 2.2, 10), 0.05), 1.05 * 2 / 1.6)


def test_two_groups_are_noticed_and_one_is_not(_: Path) -> None:
    assert stats.forms_two_groups([1.0, 1.1, 1.05, 3.0, 3.1, 3.05])
    assert not stats.forms_two_groups([1.0, 1.1, 1.2, 1.3, 1.4, 9.0])  # one outlier is no group
    assert not stats.forms_two_groups([1.0, 1.1, 3.0, 3.1])
    assert stats.middle_of_groups([3.0, 1.0, 3.1, 1.5, 1.1, 3.2]) == 2.25
    generator = np.random.default_rng(1)
    assert sum(stats.forms_two_groups(generator.normal(size=20)) for _ in range(500)) < 10


def test_buckets_are_those_of_hdrhistogram(_: Path) -> None:
    def bucket(value: int) -> int:
        doubling = max(value.bit_length() - 8, 0)
        return doubling * 128 + (value >> doubling)

    for value in (0, 1, 255, 256, 257, 1000, 65535, 10 ** 6, 10 ** 9):
        assert abs(stats.bucket_middle(bucket(value)) - value) <= max(value / 128, 0)


def test_percentiles_of_counts_are_those_of_the_values(_: Path) -> None:
    values = np.sort(np.random.default_rng(2).integers(0, 255, 3000))
    counts = {int(v): int(n) for v, n in zip(*np.unique(values, return_counts=True))}
    for quantile in (0.1, 0.5, 0.9, 0.99):
        found = stats.histogram_quantile(counts, quantile)
        low, high = stats.order_interval(3000, quantile)
        assert found.value == values[math.ceil(quantile * 3000) - 1]
        assert (found.lo, found.hi, found.n) == (values[low - 1], values[high - 1], 3000)


def test_percentiles_of_few_samples_are_withheld(_: Path) -> None:
    assert stats.histogram_quantile({100: 50}, 0.5).is_printable
    assert not stats.histogram_quantile({100: 50}, 0.99).is_printable
    assert not stats.histogram_quantile({}, 0.5).is_printable
    assert not Estimate(100, 79, 110, 30).is_printable
    assert Estimate(100, 81, 119, 30).is_printable


def test_threshold_is_an_interval_of_the_grid(_: Path) -> None:
    assert threshold([(3, True, False), (1, False, True), (2, False, False)]) == Threshold(1, 3)
    assert threshold([(1, True, False), (2, True, False)]) == Threshold(None, 1)
    assert threshold([(1, True, False), (2, False, True)]) == Threshold(2, None)
    assert threshold([(1, True, False), (2, False, True), (3, True, False)]) == Threshold(2, 3)
    assert threshold([]) == Threshold(None, None)


def test_numbers_are_written_for_people(_: Path) -> None:
    shown = [text.significant(value) for value in (0.00123456, 9.999, 99.96, 1234.5, 30768, 0)]
    assert shown == ["0.00123", "10.0", "100", "1,230", "30,768", "0"], shown
    assert text.quantity(999.7, "ns") == "1.00 us"
    assert text.quantity(1500, "bytes") == "1.50 kB"
    assert text.estimate(Estimate(12345, 12100, 12890, 9), "ns") == "12.3 us [12.1, 12.9]"
    assert text.estimate(Estimate(2.5, math.nan, math.nan, 3)) == "2.50 [no interval]"


main(globals())
