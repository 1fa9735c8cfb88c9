"""How many times better one side is than another, and how much of that noise can make."""
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from base import stats
from base.runs import Cell, Contrast, Experiment, Run, Side
from base.stats import Estimate

SUPPORTED, REFUTED, INCONCLUSIVE, NOT_MEASURED = "supported", "refuted", "inconclusive", "not measured"
ALPHA = 0.05
NEED_RANK_TEST = {"ahead", "at_least"}


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
    """The A/A floor of a metric: what is in the primary cells a second time, as pool-again, against the first."""
    floors = []
    for cell in cells:
        for again in cell.sides:
            once = Side(cell.name, again.backend.removesuffix("-again"), again.workers)
            if once != again and once in run.sides:
                ratio = stats.median(ratio_values(run, metric, again, once))
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
    """That of what is compared: an open load's cell for the capacity is of another."""
    cells = run.primary_cells(experiment.name) or run.cells_of(experiment.name)
    return cells[-1].mode if cells else ""


# The generator's own delay at a percentile may be so much of the sojourn's; beyond that, it is not the backend that is
# seen there.
QUANTILES = {0.5: "p50_ns", 0.9: "p90_ns", 0.99: "p99_ns", 0.999: "p999_ns"}
LATENESS_SHARE_MAX = 0.1


def is_late(run: Run, side: Side, quantile: float) -> bool:
    """Of the median over rounds of each round's percentile: both are such medians."""
    lateness, sojourn = (run.estimate(side, f"{part}{QUANTILES[quantile]}") for part in ("lateness_", ""))
    return lateness.n > 0 and sojourn.n > 0 and lateness.value > LATENESS_SHARE_MAX * sojourn.value


def is_late_merged(run: Run, side: Side, quantile: float) -> bool:
    """Of a percentile of all rounds together, against that of the generator's delays, where the run has them."""
    if quantile == 0.5 or side not in run.latenesses:
        return is_late(run, side, quantile)
    lateness = stats.histogram_quantile(run.latenesses[side], quantile)
    sojourn = stats.histogram_quantile(run.histograms.get(side, {}), quantile)
    return sojourn.n > 0 and lateness.value > LATENESS_SHARE_MAX * sojourn.value


def make_effect(run: Run, experiment: Experiment, contrast: Contrast, floors: dict[str, float],
                cells: list[Cell]) -> Effect | None:
    """None where the run does not have both sides. The cells tell the A/A floor."""
    if contrast.a is None or contrast.b is None:
        return None
    ratios = ratio_values(run, contrast.metric, contrast.a, contrast.b)
    floor = floor_in(run, cells, contrast.metric)
    if floor is None:
        floor = floors.get(mode_of(run, experiment))
    return Effect(contrast, stats.median(ratios), run.estimate(contrast.a, contrast.metric),
                  run.estimate(contrast.b, contrast.metric), stats.signed_rank_p(ratios) if ratios else math.nan,
                  floor=floor, delta=stats.delta_of(floor), two_groups=stats.forms_two_groups(ratios))


def make_effects(run: Run, experiment: Experiment, floors: dict[str, float]) -> list[Effect]:
    """Of the contrasts whose sides the run has."""
    contrasts = experiment.rule.contrasts if experiment.rule else []
    cells = run.primary_cells(experiment.name)
    effects = (make_effect(run, experiment, contrast, floors, cells) for contrast in contrasts)
    return [effect for effect in effects if effect]


def twin_of(run: Run, side: Side | None) -> Side | None:
    """The same side where nobody spins."""
    twin = run.twins.get(side.cell) if side else None
    return Side(twin.name, side.backend, side.workers) if side and twin else None


def make_effects_without_spin(run: Run, experiment: Experiment, floors: dict[str, float]) -> list[Effect]:
    """The same contrasts where nobody spins; [] where the run does not have them all."""
    contrasts = experiment.rule.contrasts if experiment.rule else []
    cells = [run.twins[cell.name] for cell in run.primary_cells(experiment.name) if cell.name in run.twins]
    effects = [make_effect(run, experiment, replace(of, a=twin_of(run, of.a), b=twin_of(run, of.b)), floors, cells)
               for of in contrasts]
    found = [effect for effect in effects if effect]
    return found if len(found) == len(contrasts) else []


def adjust(effects: list[Effect]) -> None:
    """Holm over all primary contrasts of the run."""
    tested = [effect for effect in effects if not math.isnan(effect.p)]
    for effect, p in zip(tested, stats.holm([effect.p for effect in tested])):
        effect.p_holm = p
