#!/usr/bin/env python3
"""The twelve rules and the grade: met by a sound run, and for each a run that breaks it is caught, by name."""
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from report_helpers import main

from base.read import read_run
from draw.views import VIEWS
from judge import verdicts
from judge.verdicts import Judgement
from madeup_run import MACHINE_JSON, make_documents, write_run
from report import grades, lastpage, rules
from report.blocks import Answer
from report.rules import Checked, Drawn

ALL_DRAWN = Drawn(frozenset(VIEWS), "")
Change = Callable[[dict, list[dict]], None]


def judged(folder: Path, change: Change | None = None, machine: dict[str, Any] | None = None,
           **options: Any) -> Judgement:
    run, journal = make_documents(options.pop("profile", "quick"), options.pop("rounds", 20), **options)
    if change:
        change(run, journal)
    path = write_run(folder, run, journal)
    if machine is not None:
        (path / "machine.json").write_text(json.dumps(machine))
    return verdicts.judge(read_run(path))


def broken(checked: list[Checked]) -> dict[int, str]:
    return {of.number: "; ".join(of.problems) for of in checked if not of.is_met}


def breaks(folder: Path, number: int, words: str, change: Change | None = None, drawn: Drawn = ALL_DRAWN,
           **options: Any) -> None:
    """This rule and no other, unless the change says so by its nature."""
    options.setdefault("only", ["floors", "reuse", "grain", "gap"])
    found = broken(rules.check(judged(folder, change, **options), drawn))
    assert number in found and words in found[number], found


def test_sound_run_meets_all(folder: Path) -> None:
    judgement = judged(folder)
    checked = rules.check(judgement, ALL_DRAWN)
    assert [of.number for of in checked] == list(range(1, 13))
    assert broken(checked) == {}, broken(checked)
    found = grades.grade_of(judgement, checked)
    assert found.letter == "A", found.checks


def without(backend: str, experiment: str = "") -> Change:
    def change(run: dict, journal: list[dict]) -> None:
        def goes(of: dict) -> bool:
            return of["backend"] == backend and of["cell"].startswith(experiment)
        run["samples"] = [sample for sample in run["samples"] if not goes(sample)]
        journal[1:] = [line for line in journal[1:] if not goes(line)]
        for cell in run["cells"]:
            if cell["experiment"].startswith(experiment):
                cell["sides"] = [side for side in cell["sides"] if side["backend"] != backend]
    return change


def test_1_base_case(folder: Path) -> None:
    breaks(folder, 1, "grain has no serial beside it", without("serial", "grain"))


def test_2_left_out(folder: Path) -> None:
    def lose(run: dict, journal: list[dict]) -> None:
        del run["samples"][-1]

    def forget_reason(run: dict, journal: list[dict]) -> None:
        run["samples"][-1].update(status="failed", reason="", metrics={})

    breaks(folder / "lost", 2, "lacks 1 round, and nothing says why", lose)
    breaks(folder / "silent", 2, "without a reason", forget_reason)


def of_metric(name: str, **fields: str) -> Change:
    def change(run: dict, journal: list[dict]) -> None:
        next(metric for metric in run["metrics"] if metric["name"] == name).update(fields)
    return change


def test_3_means(folder: Path) -> None:
    breaks(folder / "rate", 3, "time_ns, in ns, is called a rate", of_metric("time_ns", kind="rate"))
    breaks(folder / "cost", 3, "done_per_s, in per s, is called a cost", of_metric("done_per_s", kind="cost"))
    breaks(folder / "other", 3, "neither cost, rate nor count", of_metric("time_ns", kind="score"))


def test_4_no_score(folder: Path) -> None:
    breaks(folder, 4, "compares time_ns, which is no quantity with a unit", of_metric("time_ns", unit="1"))


def test_5_intervals(folder: Path) -> None:
    breaks(folder, 5, "has 5 rounds: no interval", rounds=5)


def test_6_modes(folder: Path) -> None:
    def split(line: dict) -> dict:
        if line["cell"].startswith("grain/") and line["backend"] == "raw" and line["round"] % 2:
            line["metrics"]["time_ns"] *= 3
        return line

    run, journal = make_documents("full", only=["floors", "grain"], change=split)
    found = broken(rules.check(verdicts.judge(read_run(write_run(folder, run, journal))), ALL_DRAWN))
    assert "fall into two groups" in found[6], found


def test_7_contrast(folder: Path) -> None:
    def nameless(run: dict, journal: list[dict]) -> None:
        next(e for e in run["experiments"] if e["name"] == "grain")["rule"].update(
            contrasts=[], supported_all=[], refuted_any=[])

    breaks(folder / "floor", 7, "is held against no A/A floor", without("pool-again"))
    breaks(folder / "none", 7, "C2 names no contrast", nameless)


def test_8_percentiles(folder: Path) -> None:
    def compare_means(run: dict, journal: list[dict]) -> None:
        for experiment in run["experiments"]:
            if experiment["name"] == "gap":
                experiment["rule"]["contrasts"][0]["metric"] = "mean_ns"

    def keep_mean_alone(run: dict, journal: list[dict]) -> None:
        for sample in run["samples"]:
            sample["metrics"].pop("p50_ns", None)

    breaks(folder / "compared", 8, "compares means", compare_means)
    breaks(folder / "alone", 8, "has a mean and no percentile in round 0", keep_mean_alone)


def test_9_set_up(folder: Path) -> None:
    def dirty(run: dict, journal: list[dict]) -> None:
        run["suite"]["dirty"] = "yes"

    def unknown(run: dict, journal: list[dict]) -> None:
        run["suite"]["dirty"] = "unknown"

    breaks(folder / "unknown", 9, "whether the sources were changed since commit 0123abcd is unknown", unknown)
    breaks(folder / "machine", 9, "machine.json does not describe processor", machine={})
    breaks(folder / "dirty", 9, "uncommitted changes", dirty)


def test_10_clock(folder: Path) -> None:
    def unknown(run: dict, journal: list[dict]) -> None:
        run["clock"].update(source="unknown", stamp_ns="unknown")

    breaks(folder, 10, "the source of the clock is unknown; the clock's stamp_ns is unknown", unknown)


def test_11_bounds(folder: Path) -> None:
    breaks(folder, 11, "the floor clone was not measured", only=["grain"])


def test_12_pictures(folder: Path) -> None:
    breaks(folder / "none", 12, "nothing is drawn: no gnuplot", drawn=Drawn(frozenset(), "no gnuplot"))
    breaks(folder / "one", 12, "gap is not drawn", drawn=Drawn(frozenset(VIEWS) - {"gap"}, ""))


def graded(folder: Path, change: Change | None = None, **options: Any) -> grades.Grade:
    options.setdefault("only", ["floors", "reuse", "grain", "gap"])
    judgement = judged(folder, change, **options)
    return grades.grade_of(judgement, rules.check(judgement, ALL_DRAWN))


def check_grade(folder: Path, letter: str, words: str, change: Change | None = None, **options: Any) -> None:
    found = graded(folder, change, **options)
    problems = [problem for _, _, problem in found.checks if problem]
    assert found.letter == letter and any(words in problem for problem in problems), (found.letter, problems)


def test_lost_backend(folder: Path) -> None:
    """One thread per task is not the best of what is left: that the pool has no value stands first, and nothing is
    decided or cited. A control that the machine lacks is no such thing, nor a ramp that ended at a limit."""
    def lose(backends: set[str], **metrics: float) -> Change:
        def change(run: dict, journal: list[dict]) -> None:
            for sample in run["samples"]:
                if sample["backend"] in backends:
                    sample.update(status="limit", reason="memory binds", metrics=metrics)
        return change

    def answer_of(name: str, change: Change) -> Answer:
        judgement = judged(folder / name, change, only=["io", "gil", "depth", "cpu"])
        return lastpage.answer(judgement, grades.grade_of(judgement, rules.check(judgement, ALL_DRAWN)))

    lost = answer_of("pool", lose({"pool"}))
    assert lost.lines[0] == ("NOT MEASURED", "pool, in no cell: memory binds"), lost.lines
    rows = dict(lost.lines)
    assert not any(label.startswith("blocking") for label in rows), rows
    assert rows["claims"] == "none decided: pool could be measured in no cell: memory binds", rows
    for name, change in (("python", lose({"python-threadpool", "processes"})), ("held", lose({"raw"}, held=7))):
        assert "NOT MEASURED" not in dict(answer_of(name, change).lines), name


def test_grades(folder: Path) -> None:
    def has_check(name: str) -> Change:
        def change(run: dict, journal: list[dict]) -> None:
            run["checks"] = [{"name": name, "text": f"about {name}", "advice": "none"}]
        return change

    def fail_one(run: dict, journal: list[dict]) -> None:
        run["samples"][-1].update(status="failed", reason="it broke", metrics={})

    def steal(run: dict, journal: list[dict]) -> None:
        for sample in run["samples"]:
            sample["environment"]["steal_ms"] = 30

    def dirty(run: dict, journal: list[dict]) -> None:
        run["suite"]["dirty"] = "yes"

    def from_archive(run: dict, journal: list[dict]) -> None:
        run["suite"]["dirty"] = "unknown"

    def from_nowhere(run: dict, journal: list[dict]) -> None:
        run["suite"].update(commit="nogit", dirty="unknown")

    def lose_pools(run: dict, journal: list[dict]) -> None:
        """What a build did that took an unknown limit for one of 0."""
        for sample in run["samples"]:
            if sample["backend"].startswith("pool"):
                sample.update(status="limit", reason="memory binds", metrics={"threads_peak": 0})

    check_grade(folder / "lost", "D", "pool could be measured in no cell: memory binds", lose_pools)
    check_grade(folder / "archive", "B", "whether the sources were changed", from_archive)
    check_grade(folder / "nowhere", "D", "nobody can get the version", from_nowhere)
    check_grade(folder / "smoke", "D", "the profile smoke decides nothing", profile="smoke")
    check_grade(folder / "dirty", "D", "nobody can get the version", dirty)
    check_grade(folder / "debug", "D", "the build is debug", machine={**MACHINE_JSON, "build": {"type": "debug"}})
    check_grade(folder / "rules", "D", "rule 1", without("serial", "grain"))
    check_grade(folder / "foreign", "D", "about environment", has_check("environment"))
    check_grade(folder / "made-up", "D", "about topology", has_check("topology"))
    check_grade(folder / "few", "D", "7 rounds", rounds=7)
    check_grade(folder / "failed", "C", "1 side failed", fail_one)
    check_grade(folder / "load", "C", "about load", has_check("load"))
    check_grade(folder / "steal", "C", "was stolen", steal)
    check_grade(folder / "noise", "C", "differs from itself", only=["floors", "gap"], noise=0.3,
                scale={("gap", "raw"): 0.45})
    assert graded(folder / "far", only=["floors", "reuse"], noise=0.1).letter == "A"
    check_grade(folder / "quick", "B", "10 rounds", profile="quick", rounds=10)
    check_grade(folder / "rule", "B", "rule 11", only=["grain"])
    check_grade(folder / "governor", "B", "about governor", has_check("governor"))
    check_grade(folder / "hybrid", "B", "about hybrid", has_check("hybrid"))
    check_grade(folder / "near", "B", "neighbours are not seen", has_check("hypervisor"),
                scale={("grain", "raw"): 0.37})


main(globals())
