"""The pool beside the best other pool of its kind, in several runs: the rows of a table."""
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from base import stats
from base.runs import Run
from base.stats import Estimate
from draw import peers
from draw.peers import (AFTER_PAUSE, BOUNDED_BY_1, BOUNDED_BY_64, COLD_START, HAND_OVER, HANDLE, IDLE, MAP, MAP_OF_2,
                        MAP_OF_64, MEMORY, SHORT_TASKS, SPAWN, SUBMIT_BY_1, SUBMIT_BY_2, TAIL, WORKERS_2, WORKERS_64,
                        Measure, tail_of)
from draw.peers_table import NONE, as_metg, as_percent, in_digits, in_unit, is_contest, unit_of
from judge import answers

AHEAD = 0.7
PERCENT_IDLE = 2


class Kind(Enum):
    """What callers do while they wait; and the pool's backend of that kind."""
    STRICT = "pool"
    HELPING = "pool-helping"


@dataclass(frozen=True)
class Growth:
    """How many times as much the first takes as the second."""
    title: str
    more: Measure
    fewer: Measure


@dataclass(frozen=True)
class Metg:
    title: str
    level: float


Case = Measure | Growth | Metg

CASES: list[Case] = [
    HAND_OVER, tail_of(HAND_OVER), AFTER_PAUSE, HANDLE, tail_of(HANDLE), MAP_OF_2, tail_of(MAP_OF_2), MAP_OF_64,
    tail_of(MAP_OF_64), MAP, SHORT_TASKS, SUBMIT_BY_1, SUBMIT_BY_2, BOUNDED_BY_1,
    Growth("the same, 64 threads over 1", BOUNDED_BY_64, BOUNDED_BY_1), WORKERS_2, WORKERS_64,
    Growth("64 workers over 2", WORKERS_64, WORKERS_2), SPAWN, *(
        Metg(f"METG({level:.0%})", level) for level in answers.METG_LEVELS), COLD_START, MEMORY, IDLE,
]


def contenders(run: Run) -> list[str]:
    """The pool's backends and those of plugins, if there are any."""
    found = [name for name in peers.backends(run) if name != "raw"]
    return found if run.plugin_backends else []


def never_idle(run: Run) -> list[str]:
    return [name for name in contenders(run) if 100 * peers.absolute(run, IDLE, name).value > PERCENT_IDLE]


def kind_of(run: Run, backend: str) -> Kind:
    """As its callers did where they waited for something."""
    shares = [peers.by_submitter(run, measure, backend) for measure in (HANDLE, MAP_OF_2, MAP_OF_64)]
    return Kind.HELPING if any(share.n and share.value > 0 for share in shares) else Kind.STRICT


def rivals(run: Run, kind: Kind) -> list[str]:
    left_out = {*never_idle(run), *(each.value for each in Kind)}
    return [name for name in contenders(run) if name not in left_out and kind_of(run, name) == kind]


def value(run: Run, case: Case, backend: str) -> Estimate:
    if isinstance(case, Growth):
        return peers.growth(run, case.more, case.fewer, backend)
    if isinstance(case, Metg):
        return peers.metgs(run, case.level).get(backend, stats.median([]))
    return peers.absolute(run, case, backend)


def ratio(run: Run, case: Case, ours: str, other: str) -> Estimate:
    """Paired round by round where there is one value a round."""
    if isinstance(case, Measure) and case.metric != TAIL:
        return stats.median(stats.paired_ratios(peers.values(run, case, ours), peers.values(run, case, other)))
    return peers.quotient(value(run, case, ours), value(run, case, other))


@dataclass(frozen=True)
class Best:
    ratio: Estimate
    is_contest: bool


def best(run: Run, case: Case, kind: Kind) -> Best:
    """The rival that takes least; one that is no contest only if there is no other."""
    found = [(isinstance(case, Measure) and not is_contest(run, case, name), of.value, name)
             for name in rivals(run, kind) if (of := value(run, case, name)).n]
    if not found:
        return Best(stats.median([]), True)
    is_own, _, name = min(found)
    return Best(ratio(run, case, kind.value, name), not is_own)


@dataclass(frozen=True)
class Row:
    runs: Sequence[Run]
    case: Case

    @property
    def title(self) -> str:
        if isinstance(self.case, Measure) and tail_of(self.case) in CASES:
            return f"{self.case.title}, p50"
        return self.case.title

    def values(self, kind: Kind) -> str:
        return ", ".join(self._value(run, value(run, self.case, kind.value)) for run in self.runs)

    def _value(self, run: Run, of: Estimate) -> str:
        if isinstance(self.case, Metg):
            return as_metg(of)
        if not of.n:
            return NONE
        if isinstance(self.case, Growth):
            return in_digits(of)
        return as_percent(of) if self.case is IDLE else in_unit(unit_of(run, self.case))(of)

    def ratios(self, kind: Kind) -> str:
        found = [best(run, self.case, kind) for run in self.runs]
        shown = ", ".join(in_digits(each.ratio) if each.ratio.n else NONE for each in found)
        if not all(each.ratio.n for each in found):
            return shown
        if not all(each.is_contest for each in found):
            return f"({shown})"
        if all(each.ratio.has_interval and each.ratio.hi <= AHEAD for each in found):
            return f"**{shown}**"
        return shown + "?" * any(not each.ratio.has_interval or each.ratio.lo <= 1 <= each.ratio.hi for each in found)
