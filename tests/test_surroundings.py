#!/usr/bin/env python3
"""What changes while a run is measured stops it, whenever that is; what went before is kept, and it can go on."""
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from broken_plugin import backend
from harness import (CGROUPS, NO_GROUP, RUN_ERROR, RUN_OK, RUN_STOPPED, Bench, await_true, check, check_complete,
                     check_ended, check_equal, document, end, inside, journal, own_group, run_folders, run_parts,
                     state)

MEASURED = ("--profile", "smoke", "--filter", "^gap/", "--rounds", "15", "--seed", "3")
PLAN = (*MEASURED, "--backends", "pool,raw")


def last_round(folder: Path) -> int:
    return max([line["round"] for line in journal(folder)[1:]], default=-1)


def await_round(bench: Bench, number: int) -> Path:
    def folder() -> Path | None:
        return next((path for path in run_folders(bench.results) if last_round(path) >= number), None)
    return Path(await_true(f"round {number}", folder))


def check_stopped(bench: Bench, process: subprocess.Popen[str], *words: str) -> Path:
    """It has stopped in the round that it was in, of which nothing is left, and nothing of those before is gone."""
    ended, folder = end(process), run_folders(bench.results)[0]
    check_ended("the run", ended, RUN_ERROR, *words, f"poolbench run --resume {folder}")
    check_equal("status", document(folder)["run"]["status"], "incomplete")
    check_equal("left running", bench.processes(), [])
    lines = journal(folder)[1:]
    rounds = {number: sum(line["round"] == number for line in lines) for number in range(last_round(folder) + 1)}
    check_equal("sides of the rounds that are kept", len(set(rounds.values())) <= 1, True)
    check(len(rounds) < document(folder)["factors"]["rounds"], "nothing is left to do")
    return folder


def check_goes_on(bench: Bench, folder: Path, *options: str | Path, before: tuple[str, ...] = ()) -> None:
    lines = journal(folder)
    check_ended("the resumed run", bench.run("--resume", folder, *options, before=before), RUN_OK)
    check_equal("what was kept", journal(folder)[:len(lines)], lines)
    check_complete(folder)


def stand_still(bench: Bench, process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGSTOP)
    await_true("it stands still", lambda: state(process.pid) == "T")


def change(bench: Bench, process: subprocess.Popen[str], do: Callable[[], object], *words: str) -> Path:
    """After some rounds, in the middle of one."""
    await_round(bench, 1)
    stand_still(bench, process)
    do()
    process.send_signal(signal.SIGCONT)
    folder = check_stopped(bench, process, *words)
    check(last_round(folder) >= 0, "the rounds before the change are gone")
    return folder


def test_mask() -> str | None:
    """In a round, and again in the resume; with the other mask the run does not go on."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        return "two CPUs are needed"
    with Bench() as bench:
        process = bench.start(*PLAN, "--results", bench.results)
        folder = change(bench, process, lambda: os.sched_setaffinity(process.pid, cpus[:1]),
                        "the CPU mask or quota changed", f"is now '{cpus[0]} quota")
        refused = bench.run("--resume", folder, before=("taskset", "-c", str(cpus[0])))
        check_ended("resume with the other mask", refused, RUN_ERROR, "another CPU mask or quota")
        kept = last_round(folder)
        process = bench.start("--resume", folder)
        await_true("it goes on", lambda: last_round(folder) > kept)
        os.sched_setaffinity(process.pid, cpus[:1])
        check_stopped(bench, process, "the CPU mask or quota changed")
        check_goes_on(bench, folder)
    return None


def test_no_line() -> str | None:
    """At no moment there is a line of the other setting: were it killed, a resume would keep that."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        return "two CPUs are needed"
    with Bench() as bench:
        process = bench.start("--profile", "smoke", "--filter", "^(gap|reuse|oneoff)/", "--results", bench.results)
        folder = await_round(bench, 0)
        stand_still(bench, process)
        n_lines = len(journal(folder))
        os.sched_setaffinity(process.pid, cpus[:1])
        process.send_signal(signal.SIGCONT)
        while process.poll() is None:
            check(len(journal(folder)) <= n_lines, "a side of another setting has a line")
        check_ended("the run", end(process), RUN_ERROR, "the CPU mask or quota changed")
    return None


def test_pilot() -> str | None:
    """In the pilot: it is done again."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        return "two CPUs are needed"
    with Bench() as bench:
        process = bench.start(*PLAN, "--results", bench.results)
        await_true("the pilot has begun", lambda: bench.sides() and any(
            (folder / "journal.jsonl").exists() for folder in run_folders(bench.results)))
        os.sched_setaffinity(process.pid, cpus[:1])
        folder = check_stopped(bench, process, "the CPU mask or quota changed", "the pilot")
        check_equal("journal", journal(folder), [])
        check_goes_on(bench, folder)
    return None


def test_quota() -> str | None:
    """A quota that is set, and a run that is moved to another group."""
    with Bench() as bench, own_group("cpu") as group:
        if not group:
            return NO_GROUP.format("cpu")
        process = bench.start(*PLAN, "--results", bench.results, before=inside(group))
        change(bench, process, lambda: (group / "cpu.cfs_quota_us").write_text("150000"),
               "the CPU mask or quota changed", "quota 1.50'")
        shutil.rmtree(bench.results)
        process = bench.start(*PLAN, "--results", bench.results, before=inside(group))
        folder = change(bench, process, lambda: (CGROUPS / "cpu" / "cgroup.procs").write_text(str(process.pid)),
                        "the CPU mask or quota changed", "quota none'")
        check_goes_on(bench, folder, before=inside(group))
    return None


def test_plugin() -> str | None:
    """A plugin that is built again."""
    with Bench() as bench:
        plugin = backend(bench.top, "mine")
        process = bench.start(*MEASURED, "--plugin", plugin, "--backends", "pool,mine", "--results", bench.results)
        kept = plugin.read_bytes()

        def replace() -> None:
            plugin.unlink()
            plugin.write_bytes(kept + b"\0")
        folder = change(bench, process, replace, "a plugin's file changed")
        plugin.write_bytes(kept)
        check_goes_on(bench, folder, "--plugin", plugin)
    return None


def test_scratch() -> str | None:
    """Another file system over the scratch folder, and the same one with other options."""
    with Bench() as bench:
        scratch = bench.top / "scratch"
        scratch.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", scratch], capture_output=True, check=False).returncode:
            return "may not mount"
        try:
            process = bench.start(*PLAN, "--scratch", scratch, "--results", bench.results)
            folder = change(bench, process,
                            lambda: subprocess.run(["mount", "-o", "remount,sync", scratch], check=True),
                            "the file system or disk of --scratch changed")
            subprocess.run(["mount", "-o", "remount,async", scratch], check=True)
            check_goes_on(bench, folder, "--scratch", scratch)
        finally:
            subprocess.run(["umount", scratch], check=True)
    return None


def test_process() -> str | None:
    """What the run hands on to all that it measures."""
    with Bench() as bench:
        process = bench.start(*PLAN, "--results", bench.results)
        change(bench, process, lambda: os.setpriority(os.PRIO_PROCESS, process.pid, os.nice(0) + 3),
               "a setting of this process: its nice changed")
    return None


def test_python() -> str | None:
    """The python3 of PATH, where the plan has sides of it."""
    real = shutil.which("python3")
    if not real:
        return "python3 is needed"
    with Bench() as bench:
        python = bench.top / "bin" / "python3"
        python.parent.mkdir()
        python.symlink_to(real)
        process = bench.start("--profile", "smoke", "--filter", "^gil/gil-io/", "--rounds", "8", "--backends",
                              "python-thread", "--results", bench.results,
                              env={**os.environ, "PATH": f"{python.parent}:{os.environ['PATH']}"})

        def break_it() -> None:
            python.unlink()
            python.write_text("#!/bin/sh\nexit 1\n")
            python.chmod(0o755)
        change(bench, process, break_it, "python3 changed", "is now 'unknown'")
    return None


def test_stopped() -> str | None:
    """A run that is stopped by hand keeps what it has of its round."""
    with Bench() as bench:
        process = bench.start(*PLAN, "--results", bench.results)
        folder = await_round(bench, 1)
        process.send_signal(signal.SIGINT)
        check_equal("exit code", end(process).code, RUN_STOPPED)
        check_goes_on(bench, folder)
    return None


if __name__ == "__main__":
    run_parts([test_mask, test_no_line, test_pilot, test_quota, test_plugin, test_scratch, test_process, test_python,
               test_stopped])
