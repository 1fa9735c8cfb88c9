"""How often runs of one code are called different: runs of so many rounds, cut one after the other from a long run of
the pool beside itself, and held against each other as runs of two commits are. What drifts from one to the next is the
machine's own drift; there are no controls in such a run to excuse it."""
from collections.abc import Sequence

from base import stats
from base.files import RunError
from base.runs import Cell, Run, Side
from base.text import side_name
from compare.code_verdicts import BETTER, WORSE, Change, changes_of
from compare.reduced import SIDE, Key, Series, more_is_better, unit_of
from judge.trust import Rate, pairs_of_equals

Part = list[Series]


def series(run: Run, cell: Cell, metric: str, sides: Sequence[Side], rounds: range) -> Part:
    """Of either side, with the floor between them."""
    values = [{r: value for r, value in run.values(side, metric).items() if r in rounds} for side in sides]
    ratio = stats.median(stats.paired_ratios(*values))
    floor = stats.floor_of(ratio) if ratio.has_interval else None
    return [Series(Key(SIDE, cell.experiment, "", cell.name, side_name(side), metric), side.backend, "",
                   unit_of(run, metric), more_is_better(run, metric), tuple(of.values()),
                   stats.median(list(of.values())), floor) for side, of in zip(sides, values)]


def parts_of(run: Run, rounds: int) -> list[Part]:
    pairs = pairs_of_equals(run)
    found = [[each for cell, metric, once, again in pairs
              for each in series(run, cell, metric, (once, again), range(first, first + rounds))]
             for first in range(0, run.rounds_planned - rounds + 1, rounds)]
    if len(found) < 2 or not pairs:
        raise RunError(f"this run has no {2 * rounds} rounds of a pool beside itself: make trust measures them")
    return found


def is_alarm(change: Change) -> bool:
    return change.word in (BETTER, WORSE)


def alarms(parts: Sequence[Part], apart: int) -> list[tuple[str, Rate]]:
    """By experiment, of all sides, and of whole comparisons: those in which anything is called better or worse. Each
    part is held against the one that came so many before it."""
    compared = [changes_of(old, new, 0.0) for old, new in zip(parts, parts[apart:])]
    names = list(dict.fromkeys(of.key.experiment for of in parts[0]))
    every = [of for changes in compared for of in changes]
    by_name = {name: [of for of in every if of.new.key.experiment == name] for name in names}
    return [*((name, Rate(sum(map(is_alarm, of)), len(of))) for name, of in [*by_name.items(), ("all sides", every)]),
            ("any of them", Rate(sum(any(map(is_alarm, changes)) for changes in compared), len(compared)))]
