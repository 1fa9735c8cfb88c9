#!/usr/bin/env python3
"""Where tasks ran stands beside every hand-over, and says why rounds fall into two groups where it is the reason."""
from collections.abc import Callable
from pathlib import Path

from report_helpers import main, report, rewrite

from base.read import read_run
from base.runs import Run, Side
from judge.modes import modes_of
from madeup_run import CPUS, make_run

GAP = "gap/empty/load:gap/mode:latency/pause_ns:0/tasks:10"
POOL = Side(GAP, "pool", CPUS)
BEGIN = "- pool, 2 workers in `empty/pause_ns:0`: "


def two_modes(is_slow: Callable[[int], bool], share: Callable[[int], float]) -> Callable[[dict], dict]:
    """A change of samples: where the pool takes four times as long, and how many of its tasks ran where."""
    def change(line: dict) -> dict:
        if (line["cell"], line["backend"]) == (GAP, "pool"):
            line["metrics"]["p50_ns"] = 36000 if is_slow(line["round"]) else 9000
            line["metrics"]["same_cpu"] = share(line["round"])
        return line
    return change


def summary_of(run: Path) -> str:
    done = report(run, "--no-plots")
    assert (done.returncode, done.stderr) == (0, ""), done
    return (run / "summary.md").read_text()


def is_late(round_: int) -> bool:
    return round_ % 10 >= 6


def test_the_cpu_is_the_reason(folder: Path) -> None:
    change = two_modes(is_late, lambda n: 0.1 if is_late(n) else 0.98)
    run = make_run(folder, only=["gap"], change=change)
    summary = summary_of(run)
    assert f"{BEGIN}6 of 10 rounds ran on the submitter's CPU and took 9 us, the others 36 us\n" in summary
    assert summary.count("fall into two groups") == 1
    assert "| none | pool, 2 workers | within [9 us, 36 us] | 10 |" in summary
    assert "| 98% [10%, 98%] |\n" in summary and "; on the submitter's CPU 98% and 5%\n" in summary
    assert "Tasks on the submitter's CPU: pool, 2 workers 5% [5%, 5%], raw 5% [5%, 5%]." in summary


def test_it_may_be_the_slow_one(folder: Path) -> None:
    run = make_run(folder, only=["gap"], change=two_modes(is_late, lambda n: 0.9 if is_late(n) else 0.0))
    assert f"{BEGIN}4 of 10 rounds ran on the submitter's CPU and took 36 us, the others 9 us\n" in summary_of(run)


def test_something_else_is(folder: Path) -> None:
    words = f"{BEGIN}6 of 10 rounds took 9 us, the others 36 us; the submitter's CPU does not say why\n"
    for name, share in (("alike", lambda n: 0.95), ("by chance", lambda n: n % 2)):
        assert words in summary_of(make_run(folder / name, only=["gap"], change=two_modes(is_late, share))), name


def test_one_group_is_not_named(folder: Path) -> None:
    summary = summary_of(make_run(folder, only=["gap"], change=two_modes(lambda n: False, lambda n: n % 2)))
    assert "fall into two groups" not in summary


def test_moving_cpus(folder: Path) -> None:
    """A cache line that takes much longer in two rounds of ten tells of it; one round may do so."""
    for n_slow, is_named in ((0, False), (1, False), (2, True), (10, False)):
        def change(line: dict, n_slow: int = n_slow) -> dict:
            if line["cell"] == "floors/cache-line":
                line["metrics"]["time_ns"] = 400 if line["round"] < n_slow else 90
            return line
        run = make_run(folder / str(n_slow), only=["floors", "gap"], change=change)
        words = "! a cache line to another CPU and back takes 90 ns in some rounds and 400 ns in others"
        assert (words in summary_of(run)) == is_named, n_slow


def modes_in(folder: Path, n_wrong: int) -> bool:
    """Of 20 rounds of which 10 are slow, so many of which ran where the fast ones did."""
    change = two_modes(lambda n: n < 10, lambda n: 1.0 if n >= 10 - n_wrong else 0.0)
    found = modes_of(read_run(make_run(folder, only=["gap"], rounds=20, change=change)), POOL, "p50_ns")
    assert found
    return found.by_cpu


def test_one_round_in_ten_may_differ(folder: Path) -> None:
    assert [modes_in(folder / str(n), n) for n in range(3)] == [True, True, False]


def test_each_hand_over_has_it(folder: Path) -> None:
    names = ["gap", "oneoff", "reuse", "forget", "results"]
    chapters = summary_of(make_run(folder, "full", only=[*names, "grain"])).split("\n### ")[1:]
    for chapter in chapters:
        name = chapter.split(":")[0]
        assert ("`same_cpu`" in chapter and "Tasks on the submitter's CPU: " in chapter) == (name in names), name
        assert ("| on the submitter's CPU [95%] |" in chapter) == (name in ("gap", "results")), name


def forget_it(run: dict) -> None:
    run["metrics"] = [metric for metric in run["metrics"] if metric["name"] != "same_cpu"]
    for sample in run["samples"]:
        sample["metrics"].pop("same_cpu", None)


def test_older_runs_do_not_tell(folder: Path) -> None:
    path = make_run(folder, only=["gap", "oneoff"], change=two_modes(is_late, lambda n: 0.0))
    rewrite(path, forget_it)
    run: Run = read_run(path)
    assert modes_of(run, POOL, "p50_ns") is None
    assert "submitter's CPU" not in summary_of(path)


main(globals())
