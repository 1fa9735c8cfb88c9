#!/usr/bin/env python3
"""Cells that are measured in each round, and such as have their turn in each fourth: in a run that is stopped and
goes on, in its report, and where a line claims another round."""
import json
import signal
from pathlib import Path

from harness import (RUN_ERROR, RUN_OK, Bench, await_true, check, check_ended, check_equal, document, end, journal,
                     run_folders)
from report_helpers import report

PLAN = ("--profile", "full", "--filter", "^oneoff/", "--backends", "pool,pool-again,raw", "--rounds", "5")


def rounds_of(lines: list[dict]) -> dict[str, list[int]]:
    """Of each side, in the order in which they were measured."""
    found: dict[str, list[int]] = {}
    for line in lines:
        found.setdefault(f"{line['cell']} {line['backend']}", []).append(line["round"])
    return found


def stop_in_the_middle(bench: Bench) -> Path:
    process = bench.start(*PLAN, "--results", bench.results)
    await_true("three rounds", lambda: any(line["round"] > 2 for folder in run_folders(bench.results)
                                           for line in journal(folder)[1:]))
    process.send_signal(signal.SIGINT)
    end(process)
    return run_folders(bench.results)[0]


def test_goes_on(bench: Bench, folder: Path) -> None:
    check_ended("resume", bench.run("--resume", folder), RUN_OK)
    run = document(folder)
    often = {cell["name"] for cell in run["cells"] if cell["every"] == 1}
    check_equal("cells", sorted(cell["every"] for cell in run["cells"]), [1, 1, 4])
    check(all("life:run" in name for name in often), f"measured in each round: {often}")
    rounds = rounds_of(run["samples"])
    check_equal("sides", len(rounds), sum(len(cell["sides"]) for cell in run["cells"]))
    for side, of in rounds.items():
        check_equal(side, of, [0, 1, 2, 3, 4] if side.split()[0] in often else [0, 4])


def test_report(folder: Path) -> None:
    done = report(folder, "--no-plots")
    check_equal("report", done.returncode, 0)
    check("2 to 5 rounds" in done.stdout and "INCOMPLETE" not in done.stdout, done.stdout)
    check("lacks" not in (folder / "summary.md").read_text(), "the report misses rounds that are no cell's turn")


def test_other_rounds(bench: Bench, folder: Path) -> None:
    """A line of a round in which its cell has no turn is no line of this run: neither resumed nor reported."""
    name = next(cell["name"] for cell in document(folder)["cells"] if cell["every"] == 4)
    lines = journal(folder)
    for line in lines[1:]:
        if line["cell"] == name and line["round"] == 4:
            line["round"] = 3
    (folder / "journal.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    run = document(folder)
    run["run"]["status"] = "incomplete"
    (folder / "run.json").write_text(json.dumps(run))
    check_ended("resume", bench.run("--resume", folder), RUN_ERROR, "round 3", "measured in each 4th, from 0")
    done = report(folder, "--no-plots")
    check_equal("report", done.returncode, 1)
    check("of round 3: that cell is measured in each 4th, from 0" in done.stderr, done.stderr)


def main() -> None:
    with Bench() as bench:
        folder = stop_in_the_middle(bench)
        test_goes_on(bench, folder)
        test_report(folder)
        test_other_rounds(bench, folder)


if __name__ == "__main__":
    main()
