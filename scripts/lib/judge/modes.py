"""Sides of hand-overs whose rounds fall into two groups, and whether the CPU on which their tasks ran says why."""
from collections.abc import Iterable
from dataclasses import dataclass

from base import stats
from base.runs import Run, Side
from base.stats import Estimate

HAND_OVERS = {"gap", "oneoff", "reuse", "forget", "results"}
MOST = 0.5       # a round ran on the submitter's CPU if more of its tasks than this did
ALIKE_MIN = 0.9  # of the rounds of a group, for the CPU to be the reason of both


@dataclass(frozen=True)
class Modes:
    """The values of two kinds of rounds: on the submitter's CPU and elsewhere if that is the reason, or else the lower
    and the higher ones."""
    first: Estimate
    others: Estimate
    by_cpu: bool


def share_of(flags: list[bool]) -> float:
    return sum(flags) / len(flags)


def modes_of(run: Run, side: Side, metric: str) -> Modes | None:
    """None where there is one group, or the run does not tell where tasks ran."""
    values, shares = run.values(side, metric), run.values(side, "same_cpu")
    rounds = values.keys() & shares.keys()
    middle = stats.middle_of_groups(values[n] for n in rounds)
    if middle is None:
        return None

    def median(of: Iterable[int]) -> Estimate:
        return stats.median([values[n] for n in of])

    low, high = ([n for n in rounds if (values[n] > middle) == is_high] for is_high in (False, True))
    same = {n for n in rounds if shares[n] > MOST}
    in_low, in_high = (share_of([n in same for n in group]) for group in (low, high))
    if max(min(in_low, 1 - in_high), min(1 - in_low, in_high)) >= ALIKE_MIN:
        return Modes(median(same), median(rounds - same), True)
    return Modes(median(low), median(high), False)
