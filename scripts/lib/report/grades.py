"""How far a run may be cited: A to D, from checks of which each says what it costs. docs/method.md lists them."""
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from base.runs import Run
from base.text import percent, plural
from judge.effects import REFUTED, SUPPORTED, Effect
from judge.verdicts import Judgement
from report import provenance
from report.rules import Checked

GRADES = {"A": "cite it", "B": "cite it with what it says of itself", "C": "a hint: measure again before it is cited",
          "D": "do not cite"}
ROUNDS_TO_CITE, ROUNDS_TO_DECIDE = 20, 10
FLOOR_MAX = 1.10
STEAL_MAX, UNSETTLED_MAX = 0.01, 0.05
VERSION_IS_A_COMMIT = "the version is a commit without known changes"
MARGIN_MIN = 1.10  # a verdict nearer to its limit could be the doing of what is not seen


@dataclass(frozen=True)
class Grade:
    letter: str
    meaning: str
    checks: list[tuple[str, str, str]]  # what is checked, what a failure costs, what was found: "" where it is met


Problems = Iterator[str]


def is_undecided(judgement: Judgement, _: list[Checked]) -> Problems:
    if judgement.undecided:
        yield judgement.undecided


def is_no_version(judgement: Judgement, _: list[Checked]) -> Problems:
    suite = judgement.run.document["suite"]
    if suite.get("dirty") == "yes" or suite["commit"] in ("nogit", "unknown", ""):
        yield "nobody can get the version that was measured"


def is_no_release(judgement: Judgement, _: list[Checked]) -> Problems:
    build = judgement.run.machine.get("build")
    kind = build.get("type") if isinstance(build, dict) else None
    if kind != "release":
        yield f"the build is {kind if isinstance(kind, str) else 'unknown'}"


def breaks_core_rules(_: Judgement, checked: list[Checked]) -> Problems:
    for of in checked:
        if of.number in (1, 2, 7) and not of.is_met:
            yield f"rule {of.number}: {of.problems[0]}"


def runs_foreign_code(judgement: Judgement, _: list[Checked]) -> Problems:
    yield from (check.text for check in judgement.run.checks if check.name in ("environment", "topology"))


def fewest_rounds(run: Run) -> int:
    return min((run.rounds_of(cell) for cell in run.cells.values()), default=run.rounds_planned)


def has_few_rounds(judgement: Judgement, _: list[Checked]) -> Problems:
    rounds = fewest_rounds(judgement.run)
    if rounds < ROUNDS_TO_DECIDE:
        yield f"{plural(rounds, 'round')}: {ROUNDS_TO_DECIDE} are the least"


def lost_sides(judgement: Judgement, _: list[Checked]) -> Problems:
    failed = [side for side in judgement.run.by_side if judgement.run.status(side) == "failed"]
    if failed:
        yield f"{plural(len(failed), 'side')} failed"


def has_company(judgement: Judgement, _: list[Checked]) -> Problems:
    names = {"load", "battery", "swap", "steal"}
    yield from (check.text for check in judgement.run.checks if check.name in names)


def was_stolen_from(judgement: Judgement, _: list[Checked]) -> Problems:
    run = judgement.run
    stolen = known(run, "steal_ms") + known(run, "throttled_ms")
    wall = 1e3 * known(run, "wall_s") * run.document["factors"]["cpus_usable"]
    if wall > 0 and stolen > STEAL_MAX * wall:
        yield f"{percent(stolen / wall)} of the processor time was stolen or throttled"


def known(run: Run, name: str) -> float:
    values = (sample.environment.get(name) for sample in run.samples)
    return sum(value for value in values if isinstance(value, (int, float)))


def is_noisy(judgement: Judgement, _: list[Checked]) -> Problems:
    noisy = sorted({v.experiment.name for v in judgement.verdicts for e in v.effects
                    if e.ratio.has_interval and e.delta > FLOOR_MAX - 1 and not is_far(e)})
    if noisy:
        yield (f"the pool differs from itself by over {percent(FLOOR_MAX - 1)} in {', '.join(noisy)}, which is much "
               "beside the effect")


def is_far(effect: Effect) -> bool:
    """Twice as far from 1 as noise reaches, by ratio."""
    noise = (1 + effect.delta) ** 2
    return effect.ratio.lo > noise or effect.ratio.hi < 1 / noise


def is_unsettled(judgement: Judgement, _: list[Checked]) -> Problems:
    n, of = len(provenance.unsettled(judgement.run)), len(judgement.run.by_side)
    if n > UNSETTLED_MAX * of:
        yield f"{n} of {of} sides never settled"


def breaks_other_rules(_: Judgement, checked: list[Checked]) -> Problems:
    for of in checked:
        if of.number in (3, 4, 5, 6, 8, 9, 10, 11) and not of.is_met:
            yield f"rule {of.number}: {of.problems[0]}"


def has_rounds_of_quick(judgement: Judgement, _: list[Checked]) -> Problems:
    rounds = fewest_rounds(judgement.run)
    if rounds < ROUNDS_TO_CITE:
        yield f"{plural(rounds, 'round')}: {ROUNDS_TO_CITE} are for citing"


def is_near_what_is_unseen(judgement: Judgement, _: list[Checked]) -> Problems:
    """A virtual machine's neighbours cost a grade only where they could have changed a verdict."""
    if not any(check.name == "hypervisor" for check in judgement.run.checks):
        return
    near = [v.experiment.claim for v in judgement.verdicts if v.word in (SUPPORTED, REFUTED)
            and any(1 / MARGIN_MIN < margin(e.ratio.lo, e.delta) < MARGIN_MIN
                    for e in v.effects if e.ratio.has_interval)]
    if near:
        yield ("a virtual machine, whose neighbours are not seen; verdicts that are within "
               f"{percent(MARGIN_MIN - 1)} of their limit: {' '.join(near)}")


def margin(lo: float, delta: float) -> float:
    return lo / (1 + delta) if lo > 0 else 0.0


def blurs(judgement: Judgement, _: list[Checked]) -> Problems:
    names = {"binding", "clock", "unseen", "process", "governor", "boost", "smt", "quota", "affinity", "hybrid",
             "memory", "build"}
    yield from (check.text for check in judgement.run.checks if check.name in names)


CHECKS: list[tuple[str, str, Callable[[Judgement, list[Checked]], Problems]]] = [
    ("D", "the run is complete, and its profile decides", is_undecided),
    ("D", VERSION_IS_A_COMMIT, is_no_version),
    ("D", "the build is a release", is_no_release),
    ("D", "base cases, left out and contrasts are as the rules 1, 2 and 7 say", breaks_core_rules),
    ("D", "no foreign code and no made-up topology in what is measured", runs_foreign_code),
    ("D", f"at least {ROUNDS_TO_DECIDE} rounds", has_few_rounds),
    ("C", "no side failed", lost_sides),
    ("C", "nothing else ran on the machine", has_company),
    ("C", f"at most {percent(STEAL_MAX)} of the processor time was stolen or throttled", was_stolen_from),
    ("C", f"the pool differs from itself by at most {percent(FLOOR_MAX - 1)}, or by half of the effect", is_noisy),
    ("C", f"at most {percent(UNSETTLED_MAX)} of the sides never settled", is_unsettled),
    ("B", "the other rules about the run are met: 3 to 6, 8 to 11", breaks_other_rules),
    ("B", f"at least {ROUNDS_TO_CITE} rounds", has_rounds_of_quick),
    ("B", "no verdict is near enough to its limit for unseen neighbours to have made it", is_near_what_is_unseen),
    ("B", "clock, frequency and limits are as a quiet machine has them", blurs),
]


def grade_of(judgement: Judgement, checked: list[Checked]) -> Grade:
    rows, letter = [], "A"
    for costs, what, problems_of in CHECKS:
        problems = list(dict.fromkeys(problems_of(judgement, checked)))
        rows.append((what, costs, "; ".join(problems)))
        if problems:
            letter = max(letter, costs)
    return Grade(letter, GRADES[letter], rows)
