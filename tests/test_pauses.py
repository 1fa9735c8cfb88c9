#!/usr/bin/env python3
"""What stands still while a side is measured, for a reason of its own, is not measured then: the side has another turn,
and the run says so. A slow side is none that stood still."""
import functools
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Callable

from harness import (NO_GROUP, RUN_OK, RUN_SOME_FAILED, Bench, await_true, check, check_complete,
                     check_ended, check_equal, document, end, inside, journal, own_group, run_folders, run_parts)

PLAN = ("--profile", "smoke", "--filter", "^gap/", "--backends", "pool,raw", "--rounds", "3")
ECHO = ("--profile", "quick", "--filter", "^io/echo/inflight:64/", "--backends", "pool", "--rounds", "3")
PAUSE_S = 2.2
TRIES = 5
FOR_TWO_SECONDS = "its process was stopped by a signal for 2"


def again(folder: Path) -> list[dict[str, Any]]:
    return [line for line in journal(folder)[1:] if "again" in line]


def begin(bench: Bench, plan: tuple[str, ...], before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    process = bench.start(*plan, "--results", bench.results, before=before)
    await_true("the rounds have begun", lambda: any(len(journal(folder)) > 1 for folder in run_folders(bench.results)))
    return process


class NotHit(Exception):
    """What was stopped had measured already, or had not begun to."""


def check_again(process: subprocess.Popen[str], words: str) -> None:
    """One side or more has had a second turn, at the end of its round, and is well."""
    ended = end(process)
    check_ended(words, ended, RUN_OK)
    check_complete(ended.folder)
    lines = again(ended.folder)
    if not lines:
        raise NotHit(ended.stderr)
    check(all(words in line["again"] and line["status"] == "ok" for line in lines), f"'{words}' is not said: {lines}")
    samples = [sample for sample in document(ended.folder)["samples"] if "again" in sample]
    check_equal("samples that say it", len(samples), len(lines))
    checks = [row["text"] for row in document(ended.folder)["checks"] if row["name"] == "pauses"]
    check(len(checks) == 1 and words in checks[0], f"the run does not say it: {checks}")
    check(f"is measured again: {lines[0]['again']}" in ended.stderr, f"not said:\n{ended.stderr}")


def until_hit(test: Callable[[], str | None]) -> Callable[[], str | None]:
    @functools.wraps(test)
    def tried() -> str | None:
        for _ in range(TRIES):
            try:
                return test()
            except NotHit as why:
                said = str(why)
        check(False, f"no side was measured again, {TRIES} times; at last:\n{said}")
        return None
    return tried


@until_hit
def test_side() -> str | None:
    """A measuring process that is stopped and goes on, after however short a time."""
    with Bench() as bench:
        process = begin(bench, PLAN)
        os.kill(bench.hold(bench.sides), signal.SIGCONT)
        check_again(process, "its process was stopped by a signal")
    return None


def start_stopped(bench: Bench) -> subprocess.Popen[str]:
    process = begin(bench, PLAN)
    bench.hold(bench.sides)
    return process


@until_hit
def test_twice() -> str | None:
    """Stopped in its second turn as well: it is left out of this round, and of no other."""
    with Bench() as bench:
        process = begin(bench, (*PLAN[:4], "--backends", "pool", "--rounds", "3"))
        folder = run_folders(bench.results)[0]
        os.kill(bench.hold(bench.sides), signal.SIGCONT)
        while process.poll() is None and not again(folder):
            os.kill(bench.hold(bench.sides), signal.SIGCONT)
        ended = end(process)
        if ended.code == RUN_OK:
            raise NotHit(ended.stderr)
        left_out = [line for line in journal(folder)[1:] if line["status"] == "failed"]
        check_ended("twice", ended, RUN_SOME_FAILED)
        check(left_out and left_out[0]["reason"].startswith("left out: its process was stopped"), f"{left_out}")
        check_complete(folder)
    return None


@until_hit
def test_server() -> str | None:
    """The server that a side talks to."""
    with Bench() as bench:
        process = begin(bench, ECHO)
        pid = bench.hold(bench.servers)
        time.sleep(PAUSE_S)
        os.kill(pid, signal.SIGCONT)
        check_again(process, "a process that it needs was stopped by a signal")
    return None


@until_hit
def test_run() -> str | None:
    """The run, and its side with it."""
    with Bench() as bench:
        process = begin(bench, PLAN)
        side = bench.hold(bench.sides)
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(PAUSE_S)
        for pid in (side, process.pid):
            os.kill(pid, signal.SIGCONT)
        check_again(process, "st")
    return None


@until_hit
def test_frozen() -> str | None:
    """A control group that is frozen as a whole, as a container that is paused: no signal tells it."""
    with Bench() as bench, own_group("freezer") as group:
        if not group:
            return NO_GROUP.format("freezer")
        process = begin(bench, PLAN, inside(group))
        await_true("a side", lambda: bench.sides())
        (group / "freezer.state").write_text("FROZEN")
        await_true("frozen", lambda: (group / "freezer.state").read_text().strip() == "FROZEN")
        is_measuring = bool(bench.sides())
        time.sleep(PAUSE_S)
        (group / "freezer.state").write_text("THAWED")
        if not is_measuring:
            check_ended("frozen between sides", end(process), RUN_OK)
            return None
        check_again(process, "stood still for")
    return None


def test_slow() -> str | None:
    """Sides that take long because they wait, or because others have the CPUs, are as good as any."""
    with Bench() as bench, own_group("cpu", cpu__cfs_period_us=100000, cpu__cfs_quota_us=5000) as group:
        if not group:
            return NO_GROUP.format("cpu")
        ended = bench.run("--profile", "smoke", "--filter", "^(longrun|gap)/", "--rounds", "1", "--backends",
                          "pool,serial", "--results", bench.results, before=inside(group))
        check(ended.code in (RUN_OK, RUN_SOME_FAILED), f"slow: exit code {ended.code}:\n{ended.stderr}")
        check_complete(ended.folder)
        check_equal("measured again", again(ended.folder), [])
    return None


if __name__ == "__main__":
    with Bench() as stopped_bench:
        stopped = start_stopped(stopped_bench)  # beside all others, because it waits for its time-out
        run_parts([test_side, test_twice, test_server, test_run, test_frozen, test_slow])
        try:
            check_again(stopped, FOR_TWO_SECONDS)
        except NotHit:
            until_hit(lambda: check_again(start_stopped(stopped_bench), FOR_TWO_SECONDS))()
