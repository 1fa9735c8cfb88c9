#!/usr/bin/env python3
"""A limit of the machine is a result that is named, not a failure; CPUs that may not be used are not counted."""
import os
import resource
from pathlib import Path

from harness import (NO_GROUP, RUN_ERROR, RUN_OK, RUN_SOME_FAILED, Bench, Ended, await_true, check, check_complete,
                     check_ended, check_equal, document, end, inside, journal, own_group, run_folders, run_parts)

NOBODY = 65534
NO_THREAD = "a sanitizer's program starts a thread of its own when it ends"
DEPTH = ("--profile", "smoke", "--filter", "^(depth|reuse)/", "--backends", "pool,raw", "--rounds", "1")
REUSE = ("--profile", "smoke", "--filter", "^reuse/", "--rounds", "1")


def check_depth(what: str, folder: Path, limit: str) -> None:
    """Only raw in depth meets the limit: its line says where, and all others are ok."""
    check_complete(folder)
    for line in journal(folder)[1:]:
        met = line["backend"] == "raw" and line["cell"].startswith("depth/")
        side = f"{what}: {line['backend']} {line['cell']}: {line['reason']}"
        check_equal(side, line["status"], "limit" if met else "ok")
        check(not met or f"by the reserve: {limit} binds" in line["reason"], f"{side}: '{limit}' is not named")
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
        check_equal("threads that the kernel refused", (group / "pids.events").read_text(), "max 0\n")
        for line in journal(ended.folder)[1:]:
            held = line["metrics"].get("held", 0) if line["backend"] == "raw" else 0
            check(held <= 150, f"{held} threads are held: a quarter of 200 is not left alone")
    return None


def test_lowered() -> str | None:
    """A limit that is lowered during the run binds from then on."""
    with Bench() as bench, own_group("pids") as group:
        if not group:
            return NO_GROUP.format("pids")
        process = bench.start("--profile", "smoke", "--filter", "^depth/", "--backends", "raw", "--rounds", "20",
                              "--results", bench.results, before=inside(group))
        await_true("a line", lambda: any(len(journal(folder)) > 1 for folder in run_folders(bench.results)))
        (group / "pids.max").write_text("200")
        ended = end(process)
        check_ended("lowered", ended, RUN_OK)
        lines = journal(ended.folder)[1:]
        check_equal("the first side", (lines[0]["status"], lines[0]["metrics"]["held"]), ("ok", 1000))
        for line in lines:  # at most that which was on its way up
            check("refused" not in line["reason"] or "a limit that is not known" in line["reason"],
                  f"lowered: {line['reason']}")
        check_equal("the last side", lines[-1]["status"], "limit")
        check("by the reserve: cgroup pids.max binds" in lines[-1]["reason"], f"lowered: {lines[-1]['reason']}")
        check(lines[-1]["metrics"]["held"] <= 150, "a quarter of 200 is not left alone")
    return None


def test_no_server() -> str | None:
    """Room for the run and a measuring process, none for the server that this needs: nothing has a value anywhere."""
    with Bench() as bench, own_group("pids", pids__max=2) as group:
        if not group:
            return NO_GROUP.format("pids")
        if bench.is_sanitized():
            return NO_THREAD
        ended = bench.run("--profile", "quick", "--filter", "^io/echo/inflight:1/", "--rounds", "1", "--backends",
                          "serial,pool", "--workers", "1", "--results", bench.results, before=inside(group))
        check_ended("no server", ended, RUN_SOME_FAILED)
        check_complete(ended.folder)
        for line in journal(ended.folder)[1:]:
            check_equal(f"no server: {line['backend']}", line["status"], "limit")
            check("cannot start the echo server" in line["reason"] and "(cgroup pids.max binds)" in line["reason"],
                  f"no server: {line['reason']}")
    return None


def test_no_process() -> str | None:
    """Where not even a measuring process may be started, nothing is measured, and it can be later."""
    with Bench() as bench, own_group("pids", pids__max=1) as group:
        if not group:
            return NO_GROUP.format("pids")
        if bench.is_sanitized():
            return NO_THREAD
        ended = bench.run(*REUSE, "--results", bench.results, before=inside(group))
        folder = run_folders(bench.results)[0]
        check_ended("no process", ended, RUN_ERROR, "cannot start a process", f"poolbench run --resume {folder}")
        (group / "pids.max").write_text("max")
        check_ended("a process again", bench.run("--resume", folder, before=inside(group)), RUN_OK)
        check_complete(folder)
    return None


def echo(bench: Bench, limit: str) -> Ended:
    return bench.run("--profile", "quick", "--filter", "^io/echo/inflight:64/", "--rounds", "1", "--results",
                     bench.results, before=("bash", "-c", f'ulimit {limit} && exec "$@"', "bash"))


def test_open_files() -> str | None:
    with Bench() as bench:
        ended = echo(bench, "-n 64")
        check_ended("few files", ended, RUN_SOME_FAILED)
        check_complete(ended.folder)
        for line in journal(ended.folder)[1:]:
            check_equal(f"few files: {line['backend']}", line["status"], "limit")
            check("RLIMIT_NOFILE" in line["reason"], f"few files: {line['reason']}")
        check("RLIMIT_NOFILE" in ended.stderr, f"few files: not said:\n{ended.stderr}")
    return None


def test_soft_open_files() -> str | None:
    """A soft limit is raised by who needs more."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < 256:
        return "a hard limit of 256 open files is needed"
    with Bench() as bench:
        ended = echo(bench, "-Sn 64")
        check_ended("few files at first", ended, RUN_OK)
        check_complete(ended.folder)
        for line in journal(ended.folder)[1:]:
            check_equal(f"few files at first: {line['backend']}: {line['reason']}", line["status"], "ok")
    return None


def test_quota() -> str | None:
    with Bench() as bench, own_group("cpu", cpu__cfs_period_us=10000, cpu__cfs_quota_us=2000) as group:
        if not group:
            return NO_GROUP.format("cpu")
        ended = bench.run(*REUSE, "--results", bench.results, before=inside(group))
        check_ended("quota", ended, RUN_OK)
        check_complete(ended.folder)
        run = document(ended.folder)
        check_equal("quota: CPUs", (run["factors"]["cpus_usable"], run["factors"]["workers"]), (1, [1]))
        check(run["factors"]["cpu_setting"].endswith(" quota 0.20"), f"quota: {run['factors']['cpu_setting']}")
        check("quota" in [row["name"] for row in run["checks"]], f"quota: not warned of: {run['checks']}")
        throttled_ms = sum(sample["environment"]["throttled_ms"] for sample in run["samples"])
        check(throttled_ms > 0, "quota: no sample tells that it was throttled")
    return None


def test_affinity() -> str | None:
    cpu = str(min(os.sched_getaffinity(0)))
    with Bench() as bench:
        ended = bench.run(*REUSE, "--results", bench.results, before=("taskset", "-c", cpu))
        check_ended("affinity", ended, RUN_OK)
        check_complete(ended.folder)
        factors = document(ended.folder)["factors"]
        check_equal("affinity: CPUs", (factors["cpus_usable"], factors["workers"]), (1, [1]))
        ended = bench.run("--profile", "smoke", "--filter", "^openload/", "--rounds", 1, "--results", bench.results,
                          before=("taskset", "-c", cpu))
        check_ended("open load on one CPU", ended, RUN_OK)
        check_complete(ended.folder)
        factors = document(ended.folder)["factors"]
        check_equal("open load on one CPU", (factors["cpus_open"], factors["generator"]), (1, "shares the tasks' CPU"))
    return None


if __name__ == "__main__":
    run_parts([test_user_processes, test_pids_group, test_lowered, test_no_server, test_no_process,
               test_open_files, test_soft_open_files, test_quota, test_affinity])
