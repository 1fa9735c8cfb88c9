"""What a comparison needs of a run, and no more: small enough to keep for many runs, and to pass between processes."""
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from base.read import read_run
from base.runs import Experiment, Run, Side
from base.stats import Estimate
from base.text import quantity, side_name
from compare import facts, overlays
from judge import answers
from judge.effects import Effect, is_late, ratio_values
from judge.verdicts import PERCENTILES, Judgement, Threshold, judge
from report.chapters import short_names
from report.grades import VERSION_IS_A_COMMIT, grade_of
from report.rules import Drawn, check

SIDE, CONTRAST, CONTROL = "side", "contrast", "control"

# Run neither the pool nor a thread per task of this suite, so a change of its code does not move them.
CONTROL_BACKENDS = {"serial", "processes", "floor"}
FLOORS = ["clone", "pthread-tuned", "futex-wake", "futex-round-trip"]


@dataclass(frozen=True)
class Key:
    """The same in every run that measured it."""
    kind: str
    experiment: str
    claim: str
    cell: str      # "" of a contrast
    name: str      # of the side, or of the contrast
    metric: str


@dataclass(frozen=True)
class Series:
    """One value a round: of a side of a primary contrast, of the contrast's effect, or of a control."""
    key: Key
    backend: str            # "" of a contrast
    shown: str              # the cell, shortened
    unit: str
    more_is_better: bool
    values: tuple[float, ...]
    estimate: Estimate
    floor: float | None     # A/A, of the contrast
    problem: str = ""       # why its values decide nothing
    failed: int = 0         # rounds
    limited: int = 0        # rounds that ended at a limit
    of: tuple[Key, ...] = ()  # the sides of an effect, a before b


@dataclass(frozen=True)
class ContrastResult:
    name: str
    metric: str
    unit: str
    ratio: Estimate
    p_holm: float
    delta: float
    a: Estimate
    b: Estimate
    a_name: str
    b_name: str


@dataclass(frozen=True)
class ClaimResult:
    claim: str
    experiment: str
    statement: str
    word: str
    reason: str
    contrasts: tuple[ContrastResult, ...]


@dataclass(frozen=True)
class BreakEven:
    """From where on something holds, as an interval of the grid."""
    name: str
    unit: str
    found: Threshold


@dataclass(frozen=True)
class Reduced:
    path: str
    id: str
    machine: str
    processor: str
    started: str
    commit: str
    profile: str
    cpus_usable: int
    facts: tuple[facts.Fact, ...]
    grade: str
    grade_reasons: tuple[str, ...]  # of what cost it this letter
    may_decide: bool                # nothing costs it a D but that its version is no commit: its binary is known
    undecided: str
    claims: tuple[ClaimResult, ...]
    break_evens: tuple[BreakEven, ...]
    properties: tuple[tuple[str, str], ...]
    series: tuple[Series, ...]
    floors: dict[str, float]        # mode -> the largest A/A floor
    overlays: dict[str, Any] = field(default_factory=dict)


def unit_of(run: Run, metric: str) -> str:
    return run.metrics[metric].unit if metric in run.metrics else ""


def more_is_better(run: Run, metric: str) -> bool:
    return metric in run.metrics and run.metrics[metric].more_is_better


def is_speed_or_size(run: Run, metric: str) -> bool:
    """Lines of a program and counts of threads are no better or worse by a ratio."""
    return metric in run.metrics and run.metrics[metric].kind in ("cost", "rate")


def is_control(backend: str) -> bool:
    return backend in CONTROL_BACKENDS or backend.startswith("python-")


def side_series(run: Run, experiment: Experiment, side: Side, metric: str, floor: float | None,
                names: dict[str, str]) -> Series:
    values = run.values(side, metric) or run.values(side, metric, "limit")
    kind = CONTROL if is_control(side.backend) else SIDE
    problem = ""
    failed, limited = (sum(of.status == status for of in run.samples_of(side)) for status in ("failed", "limit"))
    if not values:
        problem = "it failed in every round" if failed else "it was not measured"
    elif kind == SIDE and metric in PERCENTILES and is_late(run, side, PERCENTILES[metric]):
        problem = "the generator was itself late"
    key = Key(kind, experiment.name, experiment.claim, side.cell, side_name(side), metric)
    return Series(key, side.backend, names.get(side.cell, side.cell), unit_of(run, metric),
                  more_is_better(run, metric), tuple(values.values()), run.estimate(side, metric), floor, problem,
                  failed, limited)


def contrast_series(run: Run, experiment: Experiment, effect: Effect, sides: tuple[Key, ...], problem: str) -> Series:
    contrast = effect.contrast
    assert contrast.a and contrast.b
    values = ratio_values(run, contrast.metric, contrast.a, contrast.b)
    key = Key(CONTRAST, experiment.name, experiment.claim, "", contrast.name, contrast.metric)
    return Series(key, "", "", "times", True, tuple(values), effect.ratio, effect.floor, problem,
                  of=sides)


def serial_beside(run: Run, side: Side) -> Side | None:
    return run.first_sides.get((side.cell, "serial"))


def series_of(judgement: Judgement) -> tuple[Series, ...]:
    """Every side once for each metric, then the effects; controls behind them."""
    run, found = judgement.run, {}
    for verdict in judgement.verdicts:
        experiment = verdict.experiment
        names = short_names(run, experiment)
        for effect in verdict.effects:
            metric, both = effect.contrast.metric, [effect.contrast.a, effect.contrast.b]
            if not is_speed_or_size(run, metric):
                continue
            sides = [side for side in both if side and side.cell in run.cells]
            beside = [serial for serial in (serial_beside(run, side) for side in sides) if serial]
            made = [side_series(run, experiment, side, metric, effect.floor, names) for side in [*sides, *beside]]
            problem = next((of.problem for of in made[:len(sides)] if of.problem), "")
            keys = tuple(of.key for of in made[:len(sides)])
            of_contrast = contrast_series(run, experiment, effect, keys, problem)
            for of in [*made, *([of_contrast] if of_contrast.values else [])]:
                found.setdefault(of.key, of)
    floors = next((of for of in run.experiments if of.name == "floors"), None)
    for name in FLOORS if floors else []:
        side = Side(f"floors/{name}", "floor", 0)
        if side.cell in run.cells:
            of = side_series(run, floors, side, "time_ns", judgement.largest_floor.get("throughput"), {})
            found.setdefault(of.key, of)
    return tuple(found.values())


def contrast_result(run: Run, effect: Effect) -> ContrastResult:
    contrast = effect.contrast
    a, b = (side_name(side) if side else "" for side in (contrast.a, contrast.b))
    return ContrastResult(contrast.name, contrast.metric, unit_of(run, contrast.metric), effect.ratio, effect.p_holm,
                          effect.delta, effect.a, effect.b, a, b)


def claims_of(judgement: Judgement) -> tuple[ClaimResult, ...]:
    return tuple(ClaimResult(of.experiment.claim, of.experiment.name, of.experiment.statement, of.word, of.reason,
                             tuple(contrast_result(judgement.run, effect) for effect in of.effects))
                 for of in judgement.verdicts)


def break_evens_of(judgement: Judgement) -> tuple[BreakEven, ...]:
    """Of a run that decides nothing there are none."""
    run = judgement.run
    if judgement.undecided:
        return ()
    found = []
    if answers.experiment_of(run, "grain"):
        found.append(BreakEven("thread keeps up from tasks of", "ns", answers.grain_break_even(judgement)))
        size = answers.workers_of_primary(judgement, "grain")
        for of in answers.metgs(run):
            if of.level == 0.5 and (of.backend, of.workers) in (("pool", size), ("raw", 0)):
                who = "thread" if of.backend == "raw" else "pool"
                found.append(BreakEven(f"{who} keeps 50% efficiency from tasks of", "ns", of.length))
    if answers.experiment_of(run, "reuse"):
        found.append(BreakEven("kept pool leads from batches", "", answers.reuse_break_even(judgement)))
    if answers.experiment_of(run, "gap"):
        found.append(BreakEven("thread keeps up from pauses of", "ns", answers.gap_break_even(judgement)))
    if answers.experiment_of(run, "io"):
        found.append(BreakEven("thread leads a pool of the CPUs' size from tasks in flight", "",
                               answers.io_crossover(judgement)))
    return tuple(found)


COSTS = [("clone", "clone"), ("create and join a thread", "pthread-tuned"), ("wake a thread", "futex-wake"),
         ("wake and be woken", "futex-round-trip")]


def properties_of(run: Run) -> tuple[tuple[str, str], ...]:
    machine = run.machine
    cores, threads = (facts.text_of(machine, "processor", name) for name in ("cores", "hardware_threads"))
    out = [("processor", facts.processor(run)), ("cores", cores), ("CPUs", threads),
           ("usable CPUs", str(run.document["factors"]["cpus_usable"])),
           ("CPUs and quota", facts.factor(run, "cpu_setting")), ("SMT", facts.text_of(machine, "processor", "smt")),
           ("kernel", facts.kernel(run)), ("hypervisor", facts.text_of(machine, "virtualization", "hypervisor"))]
    for label, floor in COSTS:
        of = answers.floor_estimate(run, floor)
        out.append((label, quantity(of.value, "ns") if of.n else "not measured"))
    return tuple(out)


def grade(judgement: Judgement) -> tuple[str, tuple[str, ...], bool]:
    """Of the run as it is: whether its pictures were drawn is no part of it."""
    found = grade_of(judgement, check(judgement, Drawn(frozenset(), "")))
    failed = [(what, costs, problem) for what, costs, problem in found.checks if problem]
    return (found.letter, tuple(problem for _, costs, problem in failed if costs == found.letter),
            all(costs != "D" or what == VERSION_IS_A_COMMIT for what, costs, _ in failed))


def reduce_run(run: Run) -> Reduced:
    judgement = judge(run)
    letter, reasons, may_decide = grade(judgement)
    of = run.document
    return Reduced(str(run.path), of["run"]["id"], of["run"]["machine"], facts.processor(run),
                   str(of["run"].get("started", "unknown")), of["suite"]["commit"], run.profile,
                   of["factors"]["cpus_usable"], facts.facts_of(run), letter, reasons, may_decide, judgement.undecided,
                   claims_of(judgement), break_evens_of(judgement), properties_of(run), series_of(judgement),
                   judgement.largest_floor, overlays.reduce(judgement))


def reduce(path: Path) -> Reduced:
    """Reads, judges and reduces a run. Raises RunError."""
    return reduce_run(read_run(path))
