#!/usr/bin/env python3
"""Files of workloads lie in a folder of the run's own in the scratch folder, which is gone when the run has ended, also
by a signal, and at the next run's start if it was killed; and without such a folder nothing is measured."""
import signal
from collections.abc import Callable
from pathlib import Path

from harness import (RUN_ERROR, RUN_OK, RUN_STOPPED, Bench, await_true, check, check_ended, check_equal, document, end,
                     journal, run_folders, run_parts)

PLAN = ("--profile", "full", "--filter", "^io/read-warm/inflight:1/", "--backends", "pool,raw", "--rounds")


def scratch_of(bench: Bench) -> Path:
    scratch = bench.top / "scratch"
    scratch.mkdir()
    return scratch


def test_removed(bench: Bench, scratch: Path) -> None:
    ended = bench.run(*PLAN, "2", "--results", bench.results, "--scratch", scratch)
    check_ended("a run with files", ended, RUN_OK)
    check_equal("left in the scratch folder", list(scratch.iterdir()), [])
    statuses = {sample["status"] for sample in document(ended.folder)["samples"]}
    check_equal("how its sides ended", statuses, {"ok"})


def test_stopped(bench: Bench, scratch: Path) -> None:
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        process = bench.start(*PLAN, "1000", "--results", bench.results / number.name, "--scratch", scratch)
        await_true("a file", lambda: [path for path in scratch.glob("*/read-*") if "." not in path.name])
        process.send_signal(number)
        check_equal(f"exit code after {number.name}", end(process).code, RUN_STOPPED)
        check_equal(f"left after {number.name}", (list(scratch.iterdir()), bench.processes()), ([], []))


def test_hangup_ignored(bench: Bench, scratch: Path) -> None:
    """Behind nohup it goes on when its terminal is gone."""
    process = bench.start(*PLAN, "2", "--results", bench.results, "--scratch", scratch, before=("nohup",))
    await_true("the rounds have begun", lambda: any(map(journal, run_folders(bench.results))))
    process.send_signal(signal.SIGHUP)
    check_equal("exit code behind nohup", end(process).code, RUN_OK)


def test_no_folder(bench: Bench, scratch: Path) -> None:
    ended = bench.run(*PLAN, "2", "--results", bench.results / "none", "--scratch", scratch / "not-there")
    check_equal("exit code without a folder", ended.code, RUN_ERROR)
    check(len(ended.errors) == 1 and f"{scratch}/not-there" in ended.errors[0], f"errors: {ended.errors}")
    check_equal("runs", run_folders(bench.results / "none"), [])


def test_killed(bench: Bench, scratch: Path) -> None:
    """What a killed run left, the next one there removes: nothing of a run that lives, and nothing of anyone else."""
    results = bench.results / "killed"
    killed = bench.start(*PLAN, "1000", "--results", results, "--scratch", scratch)
    await_true("the rounds have begun", lambda: any(map(journal, run_folders(results))))
    killed.kill()
    killed.communicate()
    await_true("nothing is left running", lambda: not bench.processes())
    left = list(scratch.iterdir())
    check_equal("left by a killed run", len(left), 1)
    (left[0] / "deep").mkdir()
    (left[0] / "deep" / "link").symlink_to(bench.top)
    alive = bench.start(*PLAN, "1000", "--results", bench.results / "alive", "--scratch", scratch)
    await_true("it is gone", lambda: not left[0].exists())
    await_true("a file of the next run", lambda: list(scratch.glob("*/read-*")))
    others = list(scratch.iterdir())
    others += [scratch / f"poolbench-{name}" for name in ("master", "scratch-mine-too", "scratch-abcdef",
                                                          "scratch-file00")]
    for path in others[1:4]:
        path.mkdir()  # the mode is not that of a scratch folder
    others[-1].write_text("a file")
    (scratch / "poolbench-scratch-linked").symlink_to(bench.top)
    resumed = bench.start("--resume", run_folders(results)[0], "--scratch", scratch)
    await_true("a third folder", lambda: len(list(scratch.iterdir())) == len(others) + 2)
    await_true("it measures", lambda: len(bench.processes()) >= 3)
    resumed.send_signal(signal.SIGTERM)
    check_equal("exit code of the resumed run", end(resumed).code, RUN_STOPPED)
    check(all(path.exists() for path in others), "a folder of someone else was removed")
    alive.send_signal(signal.SIGTERM)
    check_equal("exit code of the one beside it", end(alive).code, RUN_STOPPED)
    check(bench.binary.exists(), "a link was followed")


def part(test: Callable[[Bench, Path], None]) -> Callable[[], None]:
    def run() -> None:
        with Bench() as bench:
            test(bench, scratch_of(bench))
    run.__name__ = test.__name__
    return run


if __name__ == "__main__":
    run_parts([part(test) for test in (test_removed, test_stopped, test_hangup_ignored, test_no_folder, test_killed)])
