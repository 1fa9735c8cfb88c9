"""How far the verdicts can be trusted, on data whose truth is known: false alarms, effects that are found, intervals
that cover. What is tried is the code that judges runs, not a model of it.

Noise is this machine's own: the ratios of rounds of a run, drawn again with their sign at random where two equal things
were compared, since either could have been the first.
"""
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from base import stats
from base.files import RunError
from base.runs import Cell, Contrast, Run, Side
from base.stats import Estimate
from judge.answers import along, is_led, keeps_up
from judge.effects import Effect, ratio_values
from judge.verdicts import Comparison, Judgement, Threshold

DIFFERENT_MAX = 0.05   # "different" of equal things: the interval of its rate reaches down to this
AHEAD_MAX = 0.01       # "ahead" of equal things
FOUND_MIN = 0.9        # effects that are there
COVERED_MIN = 0.93     # break-evens within their interval
NONE_MIN = 0.95        # curves that never cross
DELAYS_MIN = 34 / 40   # delays within their interval
FAMILY = 40            # Holm corrects over so many contrasts at most: more than any profile has

Ratios = np.ndarray


@dataclass(frozen=True)
class Rate:
    """How often something happened, with its exact interval."""
    n: int
    of: int

    @property
    def value(self) -> float:
        return self.n / self.of

    @property
    def interval(self) -> tuple[float, float]:
        from scipy import stats as scipy_stats
        found = scipy_stats.binomtest(self.n, self.of).proportion_ci(stats.CONFIDENCE, "exact")
        return float(found.low), float(found.high)


# Noise.

@dataclass(frozen=True)
class Noise:
    """Ratios of rounds around 1."""
    name: str
    logs: Ratios
    is_symmetric: bool  # two equal things: either could have been the first

    def draw(self, rng: np.random.Generator, rounds: int) -> Ratios:
        logs = rng.choice(self.logs, rounds)
        return np.exp(logs * rng.choice([-1.0, 1.0], rounds) if self.is_symmetric else logs)

    @property
    def spread(self) -> float:
        """Half of the rounds are within this factor of 1."""
        return float(np.exp(np.median(np.abs(self.logs))))


def pairs_of_equals(run: Run) -> list[tuple[Cell, str, Side, Side]]:
    """Cells with what is in them a second time, and the metric of their experiment."""
    metrics = {experiment.name: experiment.metric for experiment in run.experiments}
    found = []
    for cell in run.cells.values():
        for again in cell.sides if not cell.never_spins else []:
            once = Side(cell.name, again.backend.removesuffix("-again"), again.workers)
            if once != again and once in run.sides and run.values(once, metrics[cell.experiment]):
                found.append((cell, metrics[cell.experiment], once, again))
    return found


def noise_of_equals(run: Run) -> list[Noise]:
    return [Noise(cell.experiment, np.log(ratios), True) for cell, metric, once, again in pairs_of_equals(run)
            if len(ratios := ratio_values(run, metric, again, once)) >= stats.ROUNDS_MIN]


def noise_of_contrasts(judgement: Judgement) -> list[Noise]:
    """Of every primary contrast, around its own median."""
    found = []
    for verdict in judgement.verdicts:
        for effect in verdict.effects:
            a, b, metric = effect.contrast.a, effect.contrast.b, effect.contrast.metric
            ratios = ratio_values(judgement.run, metric, a, b) if a and b else []
            if len(ratios) >= stats.ROUNDS_MIN:
                logs = np.log(ratios)
                name = f"{verdict.experiment.claim} {effect.contrast.name}"
                found.append(Noise(name, logs - np.median(logs), False))
    return found


# Two equal things.

EXAMPLE = Contrast("", "", None, None)


def effect_of(ratios: Sequence[float] | Ratios, floor: float | None) -> Effect:
    """As of a contrast of a run with as many contrasts as any has."""
    values = [float(ratio) for ratio in ratios]
    nothing = stats.median([])
    p = stats.signed_rank_p(values)
    return Effect(EXAMPLE, stats.median(values), nothing, nothing, p, min(1.0, FAMILY * p), floor,
                  stats.delta_of(floor))


def is_different(effect: Effect) -> bool:
    return effect.ratio.has_interval and (effect.ratio.lo > 1 or effect.ratio.hi < 1)


def is_ahead(effect: Effect) -> bool:
    """Either of the two."""
    of = effect.ratio
    turned = Effect(EXAMPLE, Estimate(1 / of.value, 1 / of.hi, 1 / of.lo, of.n), effect.b, effect.a, effect.p,
                    effect.p_holm, effect.floor, effect.delta)
    return effect.holds("ahead", 0) or turned.holds("ahead", 0)


@dataclass(frozen=True)
class Alarms:
    """Of comparisons of equal things."""
    name: str
    different: Rate
    ahead: Rate

    @property
    def is_met(self) -> bool:
        return self.different.interval[0] <= DIFFERENT_MAX and self.ahead.value <= AHEAD_MAX


def alarms(name: str, comparisons: Sequence[Effect]) -> Alarms:
    return Alarms(name, Rate(sum(map(is_different, comparisons)), len(comparisons)),
                  Rate(sum(map(is_ahead, comparisons)), len(comparisons)))


def floor_of(ratios: Sequence[float] | Ratios) -> float:
    return stats.floor_of(stats.median([float(ratio) for ratio in ratios]))


def synthetic_alarms(noises: Sequence[Noise], trials: int, rounds: int, seed: int) -> list[Alarms]:
    """Each with a floor from rounds of its own; trials of all noises together."""
    rng = np.random.default_rng(seed)
    each = [math.ceil(trials / len(noises))] * len(noises)
    found = [alarms(noise.name, [effect_of(noise.draw(rng, rounds), floor_of(noise.draw(rng, rounds)))
                                 for _ in range(n)]) for noise, n in zip(noises, each)]
    return [*found, together(found)]


def together(found: Sequence[Alarms]) -> Alarms:
    return Alarms("all", Rate(sum(of.different.n for of in found), sum(of.different.of for of in found)),
                  Rate(sum(of.ahead.n for of in found), sum(of.ahead.of for of in found)))


def chunks(ratios: Sequence[float], rounds: int) -> list[Sequence[float]]:
    """Rounds that follow each other, none of them twice."""
    return [ratios[i:i + rounds] for i in range(0, len(ratios) - rounds + 1, rounds)]


def real_alarms(run: Run, rounds: int) -> list[Alarms]:
    """Each comparison has the floor of the one before it in the same cell, so that none is held against itself."""
    found = []
    for cell, metric, once, again in pairs_of_equals(run):
        parts = chunks(ratio_values(run, metric, again, once), rounds)
        if len(parts) > 1:
            found.append(alarms(cell.experiment, [effect_of(part, floor_of(parts[i - 1])) for i, part in
                                                  enumerate(parts)]))
    if not found:
        raise RunError(f"this run has no {2 * rounds} rounds of a pool beside itself: make trust measures them")
    return [*found, together(found)]


# Effects that are there.

@dataclass(frozen=True)
class Power:
    """What of an effect is found with so many rounds."""
    name: str
    spread: float
    delta: float           # the median one
    different: Rate        # of 5%
    ahead: Rate            # of twice delta
    found_different: float  # the effect that is found different in 90%
    found_ahead: float

    @property
    def is_met(self) -> bool:
        return self.different.value >= FOUND_MIN and self.ahead.value >= FOUND_MIN


def power(noise: Noise, floors: Noise | None, trials: int, rounds: int, seed: int) -> Power:
    """An effect times the noise: the interval moves with it, so that one draw answers for every effect."""
    rng = np.random.default_rng(seed)
    deltas, different, ahead, needed, needed_ahead = [], 0, 0, [], []
    for _ in range(trials):
        ratios = noise.draw(rng, rounds)
        floor = floor_of(floors.draw(rng, rounds)) if floors else None
        delta = stats.delta_of(floor)
        different += is_different(effect_of(ratios * (1 + stats.DELTA_MIN), floor))
        ahead += effect_of(ratios * (1 + 2 * delta), floor).holds("ahead", 0)
        lo = stats.median([float(ratio) for ratio in ratios]).lo
        deltas.append(delta)
        needed.append(1 / lo)
        needed_ahead.append((1 + delta) / lo)
    return Power(noise.name, noise.spread, float(np.median(deltas)), Rate(different, trials), Rate(ahead, trials),
                 float(np.quantile(needed, FOUND_MIN)), float(np.quantile(needed_ahead, FOUND_MIN)))


# Delays that were added.

@dataclass(frozen=True)
class Delays:
    delay_ns: float
    covered: Rate
    median_ns: float
    width_ns: float  # of the interval, the median one

    @property
    def is_met(self) -> bool:
        return self.covered.value >= DELAYS_MIN


UNDELAYED = "delayed-0ns"
DELAYED = {"delayed-500ns": 500.0, "delayed-2us": 2000.0, "delayed-10us": 10000.0}


def differences(over: Mapping[int, float], under: Mapping[int, float]) -> list[float]:
    return [over[r] - under[r] for r in sorted(over.keys() & under.keys())]


def delays(run: Run, rounds: int) -> list[Delays]:
    """Time per task with the delay, minus time per task without it, paired by round."""
    found = []
    for cell in run.cells.values():
        for side in cell.sides:
            base = Side(cell.name, UNDELAYED, side.workers)
            if side.backend not in DELAYED or side.workers != 1 or base not in run.sides:
                continue
            trials = [stats.median(part) for part in
                      chunks(differences(run.values(side, "time_ns"), run.values(base, "time_ns")), rounds)]
            if trials:
                truth = DELAYED[side.backend]
                found.append(Delays(truth, Rate(sum(of.lo <= truth <= of.hi for of in trials), len(trials)),
                                    float(np.median([of.value for of in trials])),
                                    float(np.median([of.hi - of.lo for of in trials]))))
    if not found:
        raise RunError("this run has no pool with a delay and one worker: make trust measures them")
    return found


# Break-evens.

@dataclass(frozen=True)
class Curve:
    """Raw over pool along an axis. None: it never crosses."""
    name: str
    at: Callable[[float, float], float]  # (x, where it crosses)
    question: Callable[[Comparison], tuple[bool, bool]]
    crosses: bool = True


DELTA = stats.DELTA_MIN
CURVES = [
    Curve("steep", lambda x, at: 1 + DELTA * (at / x), keeps_up),
    Curve("shallow", lambda x, at: 1 + DELTA * (at / x) ** 0.4, keeps_up),
    Curve("with a kink", lambda x, at: 1.3 if x < at else 1.0, keeps_up),
    Curve("the sign flips", lambda x, at: (at / x) ** 0.5 / (1 + DELTA), is_led),
    Curve("never, level", lambda x, at: 1 + 3 * DELTA, keeps_up, False),
    Curve("never, falling", lambda x, at: 1 + 2 * DELTA + DELTA * (at / x), keeps_up, False),
]


@dataclass(frozen=True)
class Covered:
    name: str
    right: Rate          # the interval covers the truth, or "none" where it never crosses
    open: Rate           # no end was found
    width: float         # its end over its beginning, the median of those that have both
    needed: float

    @property
    def is_met(self) -> bool:
        return self.right.value >= self.needed


def covers(found: Threshold, truth: float) -> bool:
    return (found.lo or 0) <= truth <= (math.inf if found.hi is None else found.hi)


def measured(curve: Curve, grid: Sequence[float], crossing: float, noise: Noise, rng: np.random.Generator,
             rounds: int) -> Threshold:
    side, cell = Side("", "", 0), None
    points = [(x, Comparison(cell, side, side, stats.median(list(curve.at(x, crossing) * noise.draw(rng, rounds))),
                             DELTA, "")) for x in grid]  # type: ignore[arg-type]
    return along(points, curve.question)


def crossings(grid: Sequence[float], rng: np.random.Generator) -> Iterator[float]:
    """Anywhere between the second point of the grid and the last but one."""
    while True:
        yield float(np.exp(rng.uniform(np.log(grid[1]), np.log(grid[-2]))))


def coverage(curve: Curve, grid: Sequence[float], noise: Noise, trials: int, rounds: int, seed: int) -> Covered:
    rng = np.random.default_rng(seed)
    right, is_open, widths = 0, 0, []
    for _, crossing in zip(range(trials), crossings(grid, rng)):
        found = measured(curve, grid, crossing, noise, rng, rounds)
        right += covers(found, crossing) if curve.crosses else found.hi is None
        is_open += found.hi is None
        if found.lo is not None and found.hi is not None:
            widths.append(found.hi / found.lo)
    return Covered(curve.name, Rate(right, trials), Rate(is_open, trials),
                   float(np.median(widths)) if widths else math.nan, COVERED_MIN if curve.crosses else NONE_MIN)
