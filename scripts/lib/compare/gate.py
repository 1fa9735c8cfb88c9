"""The comparability gate: how runs differ, and what may still be compared. docs/comparing.md lists what it looks at."""
from collections.abc import Sequence
from dataclasses import dataclass

from compare.facts import BUILD, CALIBRATION, CODE, MACHINE, NOTE, SETTING, SUITE, may_follow
from compare.reduced import Reduced

GRADE = "grade"
NOT_CITED = "D"
VALUE_MAX = 60

RULES_OUT = {
    MACHINE: "code verdicts: another machine",
    SETTING: "code verdicts: another setting of the machine",
    SUITE: "all verdicts: not the same was measured",
    BUILD: "code verdicts: not built alike",
    GRADE: "code verdicts: a run of grade D decides nothing",
    CODE: "",
    NOTE: "",
}


@dataclass(frozen=True)
class Difference:
    """One fact in which runs differ: the value of each run, in their order."""
    name: str
    kind: str
    values: tuple[str, ...]

    @property
    def rules_out(self) -> str:
        return RULES_OUT[self.kind]


@dataclass(frozen=True)
class Gate:
    """Between some runs."""
    differences: tuple[Difference, ...]

    def named(self, *kinds: str) -> list[str]:
        return [of.name for of in self.differences if of.kind in kinds]

    @property
    def is_one_place(self) -> bool:
        """The same machine in the same setting."""
        return not self.named(MACHINE, SETTING)

    @property
    def refused(self) -> list[str]:
        """What keeps runs of one machine and setting from code verdicts."""
        return self.named(SUITE, BUILD, GRADE)

    @property
    def not_alike(self) -> list[str]:
        """What was chosen differently, on whatever machine."""
        return self.named(SUITE)

    @property
    def allows_code(self) -> bool:
        return self.is_one_place and not self.refused


def known(of: Reduced, name: str) -> str | None:
    return next((fact.value for fact in of.facts if fact.name == name), None)


def place(of: Reduced) -> tuple[tuple[str, str], ...]:
    """The machine and its setting."""
    return tuple((fact.name, fact.value) for fact in of.facts if fact.kind in (MACHINE, SETTING))


def measured_alike(of: Reduced) -> tuple[object, ...]:
    """What else must be equal for code verdicts."""
    return (of.may_decide, *((fact.name, fact.value) for fact in of.facts if fact.kind in (SUITE, BUILD)))


def fact_names(runs: Sequence[Reduced]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((fact.name, fact.kind) for run in runs for fact in run.facts))


def shown_grade(of: Reduced) -> str:
    return of.grade + (f" ({of.grade_reasons[0]})" if of.grade_reasons and of.grade == NOT_CITED else "")


def grades(runs: Sequence[Reduced]) -> list[Difference]:
    """Grade D is named even where all have it: nothing may be decided from it."""
    values = tuple(shown_grade(run) for run in runs)
    if not all(run.may_decide for run in runs):
        return [Difference("grade", GRADE, values)]
    return [Difference("grade", NOTE, values)] if len(set(values)) > 1 else []


def follows(of: Difference, other: Difference) -> bool:
    """Another difference explains this one: runs that are alike in that are alike in this."""
    return may_follow(of.name, of.kind, other.name) and len(set(zip(other.values, of.values))) == len(set(other.values))


CALIBRATION_MAX = 1.05


def is_near(values: Sequence[str]) -> bool:
    """What every run measures anew differs by a little."""
    try:
        found = [float(value) for value in values]
    except ValueError:
        return False
    return min(found) > 0 and max(found) / min(found) <= CALIBRATION_MAX


def gate(runs: Sequence[Reduced]) -> Gate:
    """What one run does not say and another does is a difference too."""
    out = []
    for name, kind in fact_names(runs):
        values = tuple("unknown" if (value := known(run, name)) is None else value for run in runs)
        if len(set(values)) > 1:
            out.append(Difference(name, kind, values))
    out = [of for of in out if not any(follows(of, other) for other in out)
           and not (of.name == CALIBRATION and is_near(of.values))]
    order = [MACHINE, SETTING, SUITE, BUILD, GRADE, CODE, NOTE]
    return Gate(tuple(sorted([*out, *grades(runs)], key=lambda of: order.index(of.kind))))


def is_same_binary(runs: Sequence[Reduced]) -> bool:
    """An A/A of runs: whatever differs between them is no code."""
    binaries = {known(run, "binary") for run in runs}
    return len(binaries) == 1 and not binaries & {None, "unknown"}


def may_compare(found: Gate, n_runs: int) -> str:
    """What may still be compared, in a sentence."""
    which = "both" if n_runs == 2 else "all"
    none = "No code verdicts" if n_runs == 2 else "No code verdicts of all against each other"
    if found.allows_code:
        return "Same machine, setting, suite and build: code verdicts."
    if found.is_one_place:
        return (f"{none} ({', '.join(found.refused)}): what {which} measured is shown side by side, and says "
                "nothing about code.")
    where = "another machine" if found.named(MACHINE) else "another setting of one machine"
    if found.not_alike:
        return (f"Not the same was measured ({', '.join(found.not_alike)}), and in {where}: what {which} measured is "
                "shown side by side.")
    return (f"The same was measured in {where}: claims, break-evens and overlays side by side, no code verdicts from "
            "one to the other.")


def shortened(value: str) -> str:
    return value if len(value) <= VALUE_MAX else value[:VALUE_MAX - 3] + "..."


def by_value(of: Difference) -> str:
    """`quick | full`, or of more than two runs each value with the runs' marks."""
    if len(of.values) == 2:
        return " | ".join(shortened(value) or "none" for value in of.values)
    marks: dict[str, list[str]] = {}
    for mark, value in enumerate(of.values, 1):
        marks.setdefault(value, []).append(str(mark))
    return " | ".join(f"{shortened(value) or 'none'} ({', '.join(which)})" for value, which in marks.items())
