"""Three rules for the size of a pool, each fitted on one half of the rounds and judged on the other.

Halves change every second round, so that both have sides in both orders. The best size is that of the first half too:
chosen where it is judged, it would owe some of its lead to chance.

    Goetz       N (1 + W/C): CPUs, and how long a task waits over how long it computes, of the caller's own thread
    Little      the tasks inside at the highest rate: that rate times the time of one task by itself
    scalability Gunther's universal law, fitted to every second size: the size at which it is highest
"""
import math
import warnings
from dataclasses import dataclass

import numpy as np

from base import stats
from base.runs import Cell, Run, Side
from base.stats import Estimate

# What a rule's size must reach of the best for the claim, and below which all of them refute it.
SUPPORTED_FROM, REFUTED_BELOW = 0.9, 0.7
N_RULES = 3


@dataclass(frozen=True)
class Rule:
    name: str
    wanted: float      # the size that it gives
    size: int          # the measured one next to it
    reached: Estimate  # of the throughput of the best size


def half(run: Run, side: Side, metric: str, which: int) -> dict[int, float]:
    every = run.cells[side.cell].every
    return {n: value for n, value in run.values(side, metric).items() if n // every // 2 % 2 == which}


def fitted(run: Run, side: Side, metric: str) -> float:
    """nan where there is none, or where it is no time: what is worked out from that is nan too."""
    value = stats.median(list(half(run, side, metric, 0).values())).value
    return value if value > 0 else math.nan


def goetz(run: Run, cell: Cell) -> float:
    serial = run.first_sides.get((cell.name, "serial"))
    if serial is None:
        return math.nan
    return run.document["factors"]["cpus_usable"] * fitted(run, serial, "time_ns") / fitted(run, serial, "cpu_ns")


def little(run: Run, cell: Cell, pools: list[Side]) -> float:
    serial = run.first_sides.get((cell.name, "serial"))
    if serial is None:
        return math.nan
    return fitted(run, serial, "time_ns") / min(fitted(run, side, "time_ns") for side in pools)


def scalability(run: Run, pools: list[Side]) -> float:
    """X(n) = c n / (1 + a (n - 1) + b n (n - 1)) is highest at sqrt((1 - a) / b)."""
    seen = pools[::2]
    n = np.array([side.workers for side in seen], float)
    per_s = np.array([1e9 / fitted(run, side, "time_ns") for side in seen])

    def law(n: np.ndarray, c: float, a: float, b: float) -> np.ndarray:
        return c * n / (1 + a * (n - 1) + b * n * (n - 1))

    from scipy.optimize import OptimizeWarning, curve_fit  # takes long to import
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", OptimizeWarning)
            (_, a, b), _ = curve_fit(law, n, per_s, p0=(per_s[0] / n[0], 0.02, 1e-4), sigma=per_s,
                                     bounds=([0, 0, 0], [np.inf, 1, 1]))
    except (RuntimeError, ValueError):
        return math.nan
    return math.sqrt((1 - a) / b) if b > 1e-12 else math.inf


def next_size(wanted: float, sizes: list[int]) -> int:
    """By ratio; a size beyond those measured is the last one."""
    if math.isinf(wanted):
        return sizes[-1]
    return min(sizes, key=lambda size: abs(math.log(size / max(wanted, 0.1))))


def judge_rules(run: Run, cell: Cell) -> list[Rule]:
    pools = sorted((side for side in cell.sides if side.backend == "pool" and side.workers
                    and fitted(run, side, "time_ns") > 0 and half(run, side, "time_ns", 1)),
                   key=lambda side: side.workers)
    if len(pools) < 6:
        return []
    judged = {side.workers: half(run, side, "time_ns", 1) for side in pools}
    best = min(pools, key=lambda side: fitted(run, side, "time_ns")).workers
    found = []
    for name, wanted in (("Goetz", goetz(run, cell)), ("Little", little(run, cell, pools)),
                         ("scalability", scalability(run, pools))):
        if not math.isnan(wanted):
            size = next_size(wanted, sorted(judged))
            found.append(Rule(name, wanted, size, stats.median(stats.paired_ratios(judged[best], judged[size]))))
    return found
