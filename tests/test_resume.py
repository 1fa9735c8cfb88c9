#!/usr/bin/env python3
"""A run that is killed again and again and resumed measures what an undisturbed one does, each side once.

The moments of the kills come from a seed, which is printed and can be given as the only argument.
"""
import os
import random
import signal
import sys
import time
from pathlib import Path

from harness import (RUN_OK, RUN_STOPPED, Bench, await_true, check, check_complete, check_ended, check_equal,
                     document, end, journal, run_folders, sides_of)

KILLS = 20
PLAN = ("--profile", "smoke", "--filter", "^(reuse|oneoff|gap|openload)/", "--rounds", "3", "--seed", "7")
ECHO = ("--profile", "quick", "--filter", "^io/echo/inflight:1/", "--rounds", "1")


class Watched:
    """A run's folder over its resumes: what was written once must stay."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.lines: list[dict] = []

    def look(self, results: Path) -> None:
        folders = [path for path in run_folders(results) if (path / "run.json").exists()]
        self.folder = self.folder or (folders[0] if folders else None)
        if not self.folder:
            return
        lines = journal(self.folder)
        check_equal("what the journal held before", lines[:len(self.lines)], self.lines)
        self.lines = lines


def check_rates(folder: Path) -> None:
    """All open loads of a round go by what its first cell found, whichever process measured that."""
    found: dict[int, set[float]] = {}
    for sample in document(folder)["samples"]:
        if "/load:open/" in sample["cell"]:
            found.setdefault(sample["round"], set()).add(sample["metrics"]["unloaded_ns"])
    check_equal("different capacities in a round", [len(of) for of in found.values()], [1] * len(found))
    check(found, "no open load was measured")


def kill_at_random(bench: Bench, chance: random.Random, results: Path, usual_s: float,
                   most: int) -> tuple[int, Path]:
    """One run until it is complete. Returns how many kills hit it, and its folder."""
    watched, n_kills = Watched(), 0
    while True:
        options = ["--resume", watched.folder] if watched.folder else [*PLAN, "--results", results]
        process = bench.start(*options)
        if n_kills < most:
            time.sleep(chance.uniform(0, usual_s / 3))
            process.kill()
        ended = end(process)
        await_true("nothing is left running", lambda: not bench.processes())
        watched.look(results)
        if ended.code == -signal.SIGKILL:
            n_kills += 1
            if watched.folder and document(watched.folder)["run"]["status"] == "complete":
                return n_kills, watched.folder  # killed with nothing left to do but to end
            continue
        check_ended("resumed run", ended, RUN_OK)
        check_equal("the folder that it prints", ended.folder, watched.folder)
        return n_kills, ended.folder


def test_kills(bench: Bench, chance: random.Random) -> None:
    started = time.monotonic()
    undisturbed = bench.run(*PLAN, "--results", bench.results / "undisturbed")
    usual_s = time.monotonic() - started
    check_ended("undisturbed run", undisturbed, RUN_OK)
    check_complete(undisturbed.folder)
    n_kills = n_runs = 0
    while n_kills < KILLS:
        n_runs += 1
        n, folder = kill_at_random(bench, chance, bench.results / f"killed-{n_runs}", usual_s, KILLS // 2)
        n_kills += n
        check_complete(folder)
        check_rates(folder)
        check_equal("lines of a killed run", sides_of(folder), sides_of(undisturbed.folder))
        check_equal("the plan's cells", [c["name"] for c in document(folder)["cells"]],
                    [c["name"] for c in document(undisturbed.folder)["cells"]])
        check_equal("iterations in run.json", [c["iterations"] for c in document(folder)["cells"]],
                    journal(folder)[0]["iterations"])
        check(document(folder)["run"]["resumes"] <= n, "run.json counts too many resumes")
    print(f"{n_kills} kills in {n_runs} runs")


def await_echo(bench: Bench) -> None:
    await_true("parent, side and echo server are there", lambda: len(bench.processes()) >= 3)


def test_nothing_left(bench: Bench) -> None:
    """However the parent ends, measuring process and echo server go with it."""
    results = bench.results / "echo"
    process = bench.start(*ECHO, "--results", results)
    await_echo(bench)
    process.kill()
    process.communicate()
    await_true("no side and no server is left", lambda: not bench.processes())
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        folder = run_folders(results)
        process = bench.start(*(("--resume", folder[0]) if folder else (*ECHO, "--results", results)))
        await_echo(bench)
        process.send_signal(number)
        ended = end(process)
        check_equal(f"left after {number.name}", bench.processes(), [])
        check(ended.code == RUN_STOPPED, f"{number.name}: exit code {ended.code}:\n{ended.stderr}")


def test_signals(bench: Bench) -> None:
    """SIGINT and SIGTERM stop a run, in its pilot as well as later; the message is the command to go on."""
    results = bench.results / "signals"
    process = bench.start(*PLAN, "--results", results)
    await_true("the pilot has begun",
               lambda: any((folder / "journal.jsonl").exists() for folder in run_folders(results)))
    for number in signal.SIGINT, signal.SIGTERM:
        n_lines = len(journal(run_folders(results)[0]))
        process.send_signal(number)
        ended, folder = end(process), run_folders(results)[0]
        check_ended(number.name, ended, RUN_STOPPED, f"poolbench run --resume {folder}")
        check_equal("left running", bench.processes(), [])
        check_equal("status", document(folder)["run"]["status"], "incomplete")
        check_equal("samples in run.json", document(folder)["samples"], [])
        command = ended.errors[0].split("poolbench run ")[1].split()
        process = bench.start(*command)
        await_true("it goes on", lambda: len(journal(folder)) > max(n_lines, 1))
    check_ended("resumed run", end(process), RUN_OK)
    check_complete(folder)
    check_equal("resumes", document(folder)["run"]["resumes"], 2)


if __name__ == "__main__":
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed}", flush=True)
    with Bench() as own_bench:
        test_kills(own_bench, random.Random(seed))
        test_nothing_left(own_bench)
        test_signals(own_bench)
