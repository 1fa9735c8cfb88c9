"""Puts runs beside each other: who is who, what the gate allows in each group, how it all ends."""
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from compare import code_verdicts
from compare.code_verdicts import BETTER, UNDECIDED, WORSE, Change
from compare.gate import Gate, gate, is_same_binary, known, measured_alike, place
from compare.reduced import ClaimResult, Reduced
from judge.effects import INCONCLUSIVE, NOT_MEASURED, REFUTED, SUPPORTED


class Exit(IntEnum):
    SAME, ERROR, REGRESSION, INCOMPARABLE, IMPROVEMENT = range(5)


ELSEWHERE = "elsewhere"
OUTCOMES = ["regression", "inconclusive", "improvement", "incomparable", ELSEWHERE]
LABEL_MAX = 80


@dataclass(frozen=True)
class Entry:
    """A run under its name and its mark, which are the same everywhere."""
    mark: int
    label: str
    run: Reduced

    @property
    def name(self) -> str:
        return f"{self.mark} {self.label}"


@dataclass(frozen=True)
class Group:
    """Runs of one machine in one setting that measured the same, in the order in which they were given. Where the gate
    allows it, the last of them against the first."""
    entries: tuple[Entry, ...]
    gate: Gate
    changes: tuple[Change, ...]
    only_in_one: tuple[str, ...]

    @property
    def is_code(self) -> bool:
        return len(self.entries) > 1 and self.gate.allows_code

    @property
    def is_same_binary(self) -> bool:
        return is_same_binary([self.entries[0].run, self.entries[-1].run])

    @property
    def by_time(self) -> list[Entry]:
        return sorted(self.entries, key=lambda entry: (entry.run.started, entry.mark))


@dataclass(frozen=True)
class ClaimRow:
    claim: str
    statement: str
    by_entry: tuple[ClaimResult | None, ...]
    summary: str
    flips: bool


@dataclass(frozen=True)
class Comparison:
    entries: tuple[Entry, ...]
    gate: Gate
    groups: tuple[Group, ...]
    claims: tuple[ClaimRow, ...]
    outcomes: frozenset[str]
    ends: Exit
    threshold: float
    left_out: int  # of what was given and is no run


# Labels.

def slug(run: Reduced) -> str:
    """The machine's name without its hash."""
    head, _, tail = run.machine.rpartition("-")
    return head if head and len(tail) == 8 else run.machine


def setting(run: Reduced) -> str:
    """`2 CPUs`, `1 of 2 CPUs`, `quota 1.5 of 4 CPUs`."""
    cpus = next((value for name, value in run.properties if name == "CPUs"), "unknown")
    usable, quota = str(run.cpus_usable), known(run, "quota") or "none"
    has_quota = quota not in ("none", "unknown")
    share = f"quota {quota.rstrip('0').rstrip('.') if '.' in quota else quota}" if has_quota else usable
    return f"{share} of {cpus} CPUs" if cpus != "unknown" and share != cpus else f"{share} CPUs"


def minutes(run: Reduced) -> str:
    return run.started[:16].replace("T", " ")


# What tells runs apart, the first that are needed.
ASPECTS = [slug, setting, lambda run: known(run, "kernel") or "unknown", lambda run: run.profile,
           lambda run: run.commit, minutes, lambda run: run.machine, lambda run: run.id]


def labels(runs: Sequence[Reduced]) -> list[str]:
    """The machine, and with it only what tells these runs apart."""
    columns = [[str(aspect(run)) for run in runs] for aspect in ASPECTS]
    used = [columns[0]]
    for column in columns[1:]:
        n_before = len(set(zip(*used)))
        if n_before == len(runs):
            break
        if len(set(zip(*used, column))) > n_before:
            used.append(column)
    return [", ".join(parts)[:LABEL_MAX] for parts in zip(*used)]


# Claims by machine.

NUMBER_MAX_DIGITS = 9


def claim_order(claim: str) -> tuple[str, int]:
    digits = claim.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= NUMBER_MAX_DIGITS
    return claim[:len(claim) - len(digits)], int(digits) if is_number else 0


def summarized(words: Sequence[str]) -> tuple[str, bool]:
    """Which verdicts hold everywhere, and which flip."""
    decided = [word for word in words if word in (SUPPORTED, REFUTED)]
    if len(set(decided)) == 2:
        return f"FLIPS: supported in {decided.count(SUPPORTED)}, refuted in {decided.count(REFUTED)}", True
    measured = [word for word in words if word != NOT_MEASURED]
    absent = f", not measured in {len(words) - len(measured)}" if len(measured) < len(words) else ""
    if not measured:
        return "not measured", False
    if not decided:
        return "decided nowhere" + absent, False
    if len(decided) == len(measured):
        return f"{decided[0]} " + ("everywhere" if not absent else f"in {len(decided)}{absent}"), False
    return f"{decided[0]} in {len(decided)}, undecided in {len(measured) - len(decided)}{absent}", False


def counted_word(entry: Entry, of: ClaimResult | None) -> str:
    """A run of grade D says nothing for or against a claim."""
    if of is None:
        return NOT_MEASURED
    return INCONCLUSIVE if of.word in (SUPPORTED, REFUTED) and not entry.run.may_decide else of.word


def claim_rows(entries: Sequence[Entry]) -> tuple[ClaimRow, ...]:
    statements = {of.claim: of.statement for entry in reversed(entries) for of in entry.run.claims if of.claim}
    rows = []
    for claim in sorted(statements, key=claim_order):
        found = tuple(next((of for of in entry.run.claims if of.claim == claim), None) for entry in entries)
        rows.append(ClaimRow(claim, statements[claim], found,
                             *summarized([counted_word(entry, of) for entry, of in zip(entries, found)])))
    return tuple(rows)


# The whole.

def group_of(entries: Sequence[Entry], threshold: float) -> Group:
    runs = [entry.run for entry in entries]
    found = gate(runs)
    if len(runs) < 2 or not found.allows_code:
        return Group(tuple(entries), found, (), ())
    return Group(tuple(entries), found, tuple(code_verdicts.changes_of(runs[0].series, runs[-1].series, threshold)),
                 tuple(code_verdicts.only_in_one(runs[0], runs[-1])))


def outcomes_of(groups: Sequence[Group], found: Gate) -> frozenset[str]:
    out = set()
    words = {change.word for group in groups for change in group.changes if change.is_code}
    for word, outcome in ((WORSE, "regression"), (BETTER, "improvement"), (UNDECIDED, "inconclusive")):
        if word in words:
            out.add(outcome)
    places = [place(group.entries[0].run) for group in groups]
    if (found.not_alike or len(set(places)) < len(places)
            or any(len(group.entries) > 1 and not group.is_code for group in groups)):
        out.add("incomparable")
    if len(set(places)) > 1 and not any(group.is_code for group in groups):
        out.add(ELSEWHERE)
    return frozenset(out)


def decides_nothing(groups: Sequence[Group]) -> bool:
    """There are code verdicts, and all of them are inconclusive."""
    words = [change.word for group in groups for change in group.changes if change.is_code]
    return any(group.is_code for group in groups) and set(words) <= {UNDECIDED}


def ends_with(outcomes: frozenset[str], nothing_decided: bool, fail_on: frozenset[str] | None) -> Exit:
    """By default a part that is inconclusive fails nothing; where it is named, it does."""
    def fails(outcome: str, otherwise: bool) -> bool:
        return outcome in outcomes and (outcome in fail_on if fail_on is not None else otherwise)

    if fails("regression", True):
        return Exit.REGRESSION
    if fails("incomparable", True) or fails(ELSEWHERE, False) or fails("inconclusive", nothing_decided):
        return Exit.INCOMPARABLE
    return Exit.IMPROVEMENT if fails("improvement", True) else Exit.SAME


def compare(runs: Sequence[Reduced], names: Sequence[str], threshold: float, fail_on: frozenset[str] | None,
            left_out: int = 0) -> Comparison:
    """Where a run was left out, nothing but a regression is an answer to what was asked."""
    chosen = list(names) or labels(runs)
    entries = tuple(Entry(mark, label, run) for mark, (label, run) in enumerate(zip(chosen, runs), 1))
    alike: dict[object, list[Entry]] = {}
    for entry in entries:
        alike.setdefault((place(entry.run), measured_alike(entry.run)), []).append(entry)
    groups = tuple(group_of(of, threshold) for of in alike.values())
    found = gate(runs)
    outcomes = outcomes_of(groups, found)
    if decides_nothing(groups):
        outcomes |= {"inconclusive"}
    ends = ends_with(outcomes, decides_nothing(groups), fail_on)
    if left_out and ends != Exit.REGRESSION:
        ends = Exit.ERROR
    return Comparison(entries, found, groups, claim_rows(entries), outcomes, ends, threshold, left_out)
