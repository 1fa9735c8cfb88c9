#!/usr/bin/env python3
"""--bind is kept or refused: on a machine that is made up, and where the system refuses a mask or takes it and ignores
it, no run says that it was bound, and no generator of an open load that it had a core of its own."""
import errno
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

from harness import (RUN_ERROR, RUN_OK, RUN_STOPPED, Bench, Ended, await_true, check, check_complete, check_ended,
                     check_equal, document, end, journal, run_folders, run_parts)

CPUS = sorted(os.sched_getaffinity(0))
OPEN = ("--profile", "smoke", "--filter", "^(openload|grain|cpu)/|^floors/cache-line", "--rounds", "1")
MADE_UP = {"HWLOC_SYNTHETIC": "pack:2 [numa] l3:8 core:16 pu:2"}
SHIM = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdlib.h>

int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set)
{
    (void)pid, (void)size, (void)set;
    if (getenv("TEST_MASKS_IGNORED"))
        return 0;
    errno = EPERM;
    return -1;
}
"""


def run_with(bench: Bench, variables: dict[str, str], *options: str) -> Ended:
    return bench.run(*OPEN, *options, "--results", bench.results, env={**os.environ, **variables})


def check_shared(what: str, folder: Path, unbound: str = "") -> dict[str, Any]:
    """Nothing claims a place: not the run, not the generator; and all that needs none was measured. What binds its
    processes ended at a limit for that reason, if one is given."""
    check_complete(folder)
    run = document(folder)
    factors = run["factors"]
    check_equal(f"{what}: bind", factors["bind"], "none")
    check_equal(f"{what}: generator", factors["generator"], "shares the tasks' CPU")
    check_equal(f"{what}: CPUs of tasks", factors["cpus_open"], factors["cpus_usable"])
    lines = journal(folder)[1:]
    check("floors/cache-line" in [line["cell"] for line in lines], f"{what}: no floor was measured")
    check("processes" in [line["backend"] for line in lines], f"{what}: nothing was to bind its processes")
    for line in lines:
        if line["cell"] == "floors/cache-line":
            check_equal(f"{what}: {line['cell']}", (line["status"], line["reason"]),
                        ("limit", "needs two CPUs of different cores that can be bound"))
            continue
        reason = unbound and line["backend"] == "processes" and f"cannot bind a process to its CPU: {unbound}"
        check_equal(f"{what}: {line['backend']} {line['cell']}", (line["status"], line["reason"]),
                    ("limit", reason) if reason else ("ok", ""))
    return run


def check_refused(what: str, bench: Bench, variables: dict[str, str]) -> None:
    for bind in ("core", "pu"):
        ended = run_with(bench, variables, "--bind", bind)
        check_ended(f"{what}: {bind}", ended, RUN_ERROR, f"cannot bind to '{bind}'", "use --bind none")
        check_equal(f"{what}: folders", run_folders(bench.results), [])


def test_made_up() -> str | None:
    with Bench() as bench:
        check_refused("made up", bench, MADE_UP)
        ended = run_with(bench, MADE_UP)
        check_ended("made up", ended, RUN_OK)
        run = check_shared("made up", ended.folder)
        check_equal("made up: workers", run["factors"]["workers"], [run["factors"]["cpus_usable"]])
        check(run["factors"]["cpus_usable"] <= len(CPUS), "CPUs that are made up are counted")
        names = [row["name"] for row in run["checks"]]
        check("topology" in names and "binding" in names, f"made up: not warned of: {run['checks']}")
        processor = json.loads((ended.folder / "machine.json").read_text())["processor"]
        check_equal("made up: described", (processor["hardware_threads"], processor["topology"]),
                    (512, "not this system"))
    return None


def test_ignored() -> str | None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        return "a C compiler is needed"
    if len(CPUS) < 2:
        return "two CPUs are needed"
    with Bench() as bench:
        if bench.is_sanitized():
            return "a sanitizer wants to be the first library"
        (bench.top / "shim.c").write_text(SHIM)
        subprocess.run([compiler, "-shared", "-fPIC", "-o", bench.top / "shim.so", bench.top / "shim.c"], check=True)
        shim = {"LD_PRELOAD": str(bench.top / "shim.so")}
        ignored = {**shim, "TEST_MASKS_IGNORED": "1"}
        for what, variables, error in (("refused", shim, errno.EPERM), ("ignored", ignored, errno.ENOTSUP)):
            check_refused(what, bench, variables)
            ended = run_with(bench, variables)
            check_ended(what, ended, RUN_OK)
            run = check_shared(what, ended.folder, os.strerror(error))
            texts = [row["text"] for row in run["checks"] if row["name"] == "binding"]
            check_equal(f"{what}: warned of", texts,
                        [f"the system does not keep to CPU masks: {os.strerror(error)}"])
            shutil.rmtree(bench.results)
    return None


def masks(pid: int) -> list[str]:
    """Of its threads, as far as they are still there."""
    found = []
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        try:
            lines = status.read_text().splitlines()
        except OSError:
            continue
        found += [line.split()[1] for line in lines if line.startswith("Cpus_allowed_list")]
    return found


def test_bound() -> str | None:
    """Where a run says that it binds, its workers are on one CPU each, in the order of the placement."""
    if len(CPUS) < 2:
        return "two CPUs are needed"
    with Bench() as bench:
        process = bench.start("--profile", "smoke", "--filter", "^grain/", "--rounds", "100", "--backends", "pool",
                              "--workers", "2", "--bind", "pu", "--results", bench.results)

        def bound() -> bool:
            ones = {mask for pid in bench.sides() for mask in masks(pid) if mask.isdigit()}
            return len(ones) == 2
        await_true("two workers, each on a CPU", bound)
        process.send_signal(signal.SIGINT)
        check_ended("bound", end(process), RUN_STOPPED)
        run = document(run_folders(bench.results)[0])
        check_equal("bound: bind", run["factors"]["bind"], "pu")
        check("binding" not in [row["name"] for row in run["checks"]], f"bound: warned of: {run['checks']}")
    return None


if __name__ == "__main__":
    run_parts([test_made_up, test_ignored, test_bound])
