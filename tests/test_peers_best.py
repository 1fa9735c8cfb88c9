#!/usr/bin/env python3
"""scripts/peers: the pool beside the best other pool of its kind, over several runs whose truth is known."""
from pathlib import Path

from report_helpers import TOP, main, run_script

from base.read import read_run
from draw import peers_best
from draw.peers import SHORT_TASKS, SUBMIT_BY_1
from draw.peers_best import Kind, Row
from madeup_peers import FACTORS, Cases, run_with
from madeup_run import make_run

# "slow" runs a share of the calls itself, "fast" and "even" none. "busy" would be the best, but is never idle.
WHO_HELPS: Cases = [("handle", {}, {"pool": (100, 0), "even": (100, 0), "fast": (50, 0), "slow": (300, 1)})]
IDLE: Cases = [("idle", {"pause_ns": 200000000}, {"pool": (100, 0), "even": (100, 0), "busy": (100, 0)})]


def with_idle(folder: Path) -> Path:
    return run_with(folder, {**FACTORS, "busy": 0.1}, [*WHO_HELPS, *IDLE],
                    idle_cpu_share={"pool": 0.001, "even": 0.0, "busy": 0.5})


def peers(*runs: Path) -> tuple[int, str, str]:
    done = run_script(TOP / "scripts" / "peers", *runs)
    return done.returncode, done.stdout, done.stderr


def test_the_best_of_its_kind(folder: Path) -> None:
    run = read_run(with_idle(folder))
    assert peers_best.never_idle(run) == ["busy"]
    assert peers_best.rivals(run, Kind.STRICT) == ["even", "fast"]
    assert peers_best.rivals(run, Kind.HELPING) == ["slow"]
    row = Row([run], SHORT_TASKS)
    assert row.ratios(Kind.STRICT) == "2" and row.ratios(Kind.HELPING) == peers_best.NONE, row.ratios(Kind.STRICT)


def test_ahead_in_each_run(folder: Path) -> None:
    """Bold only if it is so in all runs; even is level, and says so."""
    behind, ahead, level = (read_run(run_with(folder / str(factor), {"even": factor})) for factor in (0.5, 3.0, 1.0))
    assert Row([ahead, ahead], SHORT_TASKS).ratios(Kind.STRICT) == "**0.33, 0.33**"
    assert Row([ahead, behind], SHORT_TASKS).ratios(Kind.STRICT) == "0.33, 2"
    assert Row([ahead, level], SHORT_TASKS).ratios(Kind.STRICT) == "0.33, 1?"


def test_who_runs_tasks_himself_is_no_contest(folder: Path) -> None:
    """If there is another one it counts, else the ratio stands in parentheses."""
    alone: Cases = [("inject", {"submitters": 1}, {"pool": (100, 0), "fast": (50, 0.7)})]
    beside: Cases = [("inject", {"submitters": 1}, {"pool": (100, 0), "fast": (50, 0.7), "even": (200, 0)})]
    found = [Row([read_run(run_with(folder / name, FACTORS, cases))], SUBMIT_BY_1).ratios(Kind.STRICT)
             for name, cases in (("alone", alone), ("beside", beside))]
    assert found == ["(2)", "**0.50**"], found


def test_table(folder: Path) -> None:
    one, two = run_with(folder / "one", FACTORS), with_idle(folder / "two")
    code, table, _ = peers(one, two)
    lines = table.splitlines()
    assert code == 0 and lines[0] == "| case | strict | ratio | helping | ratio |", table
    assert len([line for line in lines if line.startswith("|")]) == len(peers_best.CASES) + 2, table
    assert all(line.count("|") == 6 for line in lines if line.startswith("|")), table
    assert "not counted: busy." in table and "| tasks of 1 us |" in table, table
    assert "not counted: none." in peers(one)[1]


def test_refused(folder: Path) -> None:
    code, table, errors = peers(make_run(folder, "quick", only=["floors", "grain"]))
    assert code == 1 and not table and "make peers measures them" in errors, errors
    code, table, errors = peers(folder / "nothing")
    assert code == 1 and not table and len(errors.splitlines()) == 1, errors


main(globals())
