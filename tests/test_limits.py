#!/usr/bin/env python3
"""A limit of the machine is a result that is named, not a failure; CPUs that may not be used are not counted."""
import os
from pathlib import Path

from harness import (NO_GROUP, RUN_OK, Bench, check, check_complete, check_ended, check_equal, document, inside,
                     journal, own_group, run_parts)

NOBODY = 65534
DEPTH = ("--profile", "smoke", "--filter", "^(depth|reuse)/", "--backends", "pool,raw", "--rounds", "1")
REUSE = ("--profile", "smoke", "--filter", "^reuse/", "--rounds", "1")


def check_depth(what: str, folder: Path, limit: str) -> None:
    """Only raw in depth meets the limit: its line says where, and all others are ok."""
    check_complete(folder)
    for line in journal(folder)[1:]:
        met = line["backend"] == "raw" and line["cell"].startswith("depth/")
        side = f"{what}: {line['backend']} {line['cell']}: {line['reason']}"
        check_equal(side, line["status"], "limit" if met else "ok")
        check(not met or limit in line["reason"], f"{side}: '{limit}' is not named")
        check(not met or 0 < line["metrics"]["held"] < 1000, f"{side}: held {line['metrics'].get('held')}")
    run = document(folder)
    check_equal(f"{what}: the limit ahead of the run", run["headroom"]["limit"], limit)
    check_equal(f"{what}: failures", [(f["backend"], f["status"]) for f in run["failures"]], [("raw", "limit")])


def test_user_processes() -> str | None:
    with Bench() as bench:
        before: tuple[str, ...] = ("bash", "-c", 'ulimit -u 300 && exec "$@"', "bash")
        if os.geteuid() == 0:
            bench.results.mkdir()
            os.chown(bench.results, NOBODY, NOBODY)
            before += ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
        ended = bench.run(*DEPTH, "--results", bench.results, before=before, cwd=bench.top)
        check_ended("few processes", ended, RUN_OK)
        check_depth("few processes", ended.folder, "RLIMIT_NPROC")
    return None


def test_pids_group() -> str | None:
    with Bench() as bench, own_group("pids", pids__max=200) as group:
        if not group:
            return NO_GROUP.format("pids")
        ended = bench.run(*DEPTH, "--results", bench.results, before=inside(group))
        check_ended("pids.max", ended, RUN_OK)
        check_depth("pids.max", ended.folder, "cgroup pids.max")
    return None


def test_open_files() -> str | None:
    with Bench() as bench:
        ended = bench.run("--profile", "quick", "--filter", "^io/echo/inflight:64/", "--rounds", "1", "--results",
                          bench.results, before=("bash", "-c", 'ulimit -n 64 && exec "$@"', "bash"))
        check_ended("few files", ended, RUN_OK)
        check_complete(ended.folder)
        for line in journal(ended.folder)[1:]:
            check_equal(f"few files: {line['backend']}", line["status"], "limit")
            check("RLIMIT_NOFILE" in line["reason"], f"few files: {line['reason']}")
        check("RLIMIT_NOFILE" in ended.stderr, f"few files: not said:\n{ended.stderr}")
    return None


def test_quota() -> str | None:
    with Bench() as bench, own_group("cpu", cpu__cfs_period_us=100000, cpu__cfs_quota_us=50000) as group:
        if not group:
            return NO_GROUP.format("cpu")
        ended = bench.run(*REUSE, "--results", bench.results, before=inside(group))
        check_ended("quota", ended, RUN_OK)
        check_complete(ended.folder)
        factors = document(ended.folder)["factors"]
        check_equal("quota: CPUs", (factors["cpus_usable"], factors["workers"]), (1, [1]))
        check("none" not in factors["cpu_setting"], f"quota: {factors['cpu_setting']}")
    return None


def test_affinity() -> str | None:
    cpu = str(min(os.sched_getaffinity(0)))
    with Bench() as bench:
        ended = bench.run(*REUSE, "--results", bench.results, before=("taskset", "-c", cpu))
        check_ended("affinity", ended, RUN_OK)
        check_complete(ended.folder)
        factors = document(ended.folder)["factors"]
        check_equal("affinity: CPUs", (factors["cpus_usable"], factors["workers"]), (1, [1]))
    return None


if __name__ == "__main__":
    run_parts([test_user_processes, test_pids_group, test_open_files, test_quota, test_affinity])
