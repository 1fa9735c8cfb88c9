#!/usr/bin/env python3
"""Control groups as they are: what their quota, CPUs and number of threads leave is what a run uses and says."""
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness import (NO_GROUP, RUN_ERROR, RUN_OK, RUN_STOPPED, Bench, await_true, check, check_complete, check_ended,
                     check_equal, document, end, inside, journal, own_group, remove_group, run_folders, run_parts)

CPUS = sorted(os.sched_getaffinity(0))
PERIOD_US = 20000
SMOKE = ("--profile", "smoke", "--rounds", "1")
REUSE = (*SMOKE, "--filter", "^reuse/")
GRAIN = (*SMOKE, "--filter", "^(grain|cpu)/")


@contextmanager
def below(group: Path, **limits: object) -> Iterator[Path]:
    """A group in the group, removed before it."""
    inner = group / "inner"
    inner.mkdir()
    try:
        for name, value in limits.items():
            (inner / name.replace("__", ".")).write_text(str(value))
        yield inner
    finally:
        remove_group(inner)


def quota(cpus: float) -> dict[str, int]:
    return {"cpu__cfs_period_us": PERIOD_US, "cpu__cfs_quota_us": int(cpus * PERIOD_US)}


def machine(bench: Bench, group: Path) -> dict[str, Any]:
    done = subprocess.run([*inside(group), str(bench.binary), "machine", "--json"], capture_output=True, text=True,
                          timeout=60, check=True)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def usable(cpus: float) -> int:
    return min(len(CPUS), max(1, -int(-cpus // 1)))


def check_limits(what: str, bench: Bench, group: Path, cpus: float) -> None:
    limits = machine(bench, group)["limits"]
    check_equal(f"{what}: quota", limits["quota_cpus"], cpus)
    check_equal(f"{what}: usable", (limits["affinity_cpus"], limits["usable_cpus"]), (len(CPUS), usable(cpus)))


def check_run(what: str, folder: Path, n_cpus: int) -> dict[str, Any]:
    """Its plan is for so many CPUs: what a pool gets if nobody says more, and the batches."""
    check_complete(folder)
    run = document(folder)
    check_equal(f"{what}: CPUs", (run["factors"]["cpus_usable"], run["factors"]["workers"]), (n_cpus, [n_cpus]))
    for cell in run["cells"]:
        if cell["name"].startswith("grain/"):
            check_equal(f"{what}: pools", {s["workers"] for s in cell["sides"] if s["backend"] == "pool"}, {n_cpus})
    return run


def test_quotas() -> str | None:
    for cpus in (0.5, 1, 1.5):
        with Bench() as bench, own_group("cpu", **quota(cpus)) as group:
            if not group:
                return NO_GROUP.format("cpu")
            check_limits(f"quota of {cpus}", bench, group, cpus)
    with Bench() as bench, own_group("cpu", **quota(1.5)) as group:
        assert group
        ended = bench.run(*GRAIN, "--results", bench.results, before=inside(group))
        check_ended("quota", ended, RUN_OK)
        run = check_run("quota", ended.folder, usable(1.5))
        check(run["factors"]["cpu_setting"].endswith(" quota 1.50"), run["factors"]["cpu_setting"])
        check("quota" in [row["name"] for row in run["checks"]], "quota: not warned of")
    return None


def test_nested_quota() -> str | None:
    """A quota of a group above counts, whichever is the lower one."""
    with Bench() as bench, own_group("cpu", **quota(1.5)) as group:
        if not group:
            return NO_GROUP.format("cpu")
        with below(group) as inner:
            check_limits("quota above, none below", bench, inner, 1.5)
        with below(group, **quota(0.5)) as inner:
            check_limits("less below", bench, inner, 0.5)
    return None


def test_one_cpu() -> str | None:
    """A set of one CPU: binding to cores is to that one, and what generates an open load has none of its own."""
    memory = Path("/sys/fs/cgroup/cpuset/cpuset.mems")
    mems = memory.read_text().strip() if memory.exists() else ""
    with Bench() as bench, own_group("cpuset", cpuset__cpus=CPUS[-1], cpuset__mems=mems) as group:
        if not group:
            return NO_GROUP.format("cpuset")
        limits = machine(bench, group)["limits"]
        check_equal("one CPU", (limits["affinity"], limits["affinity_cpus"], limits["usable_cpus"]),
                    (str(CPUS[-1]), 1, 1))
        ended = bench.run(*SMOKE, "--filter", "^(grain|openload)/", "--bind", "core", "--results", bench.results,
                          before=inside(group))
        check_ended("one CPU", ended, RUN_OK)
        run = check_run("one CPU", ended.folder, 1)
        factors = run["factors"]
        check_equal("one CPU: open load", (factors["cpus_open"], factors["generator"]), (1, "shares the tasks' CPU"))
        check_equal("one CPU: setting", factors["cpu_setting"], f"{CPUS[-1]} quota none")
        check(len(CPUS) == 1 or "affinity" in [row["name"] for row in run["checks"]], "one CPU: not warned of")
        check_equal("one CPU: bound", {line["status"] for line in journal(ended.folder)[1:]}, {"ok"})
    return None


def check_few_threads(what: str, folder: Path, most: int) -> None:
    """Threads are refused by the group, a pool makes do with what it gets, and no side is lost."""
    check_complete(folder)
    held = [line["metrics"]["held"] for line in journal(folder)[1:]
            if line["backend"] == "raw" and line["cell"].startswith("depth/")]
    check(held and all(0 < n <= most for n in held), f"{what}: held {held}, not up to {most}")
    for line in journal(folder)[1:]:
        side = f"{what}: {line['backend']} {line['cell']}: {line['reason']}"
        check(line["status"] in ("ok", "limit"), f"{side}: {line['status']}")
        check(line["status"] == "ok" or "cgroup pids.max" in line["reason"], f"{side}: the limit is not named")
        check(line["backend"] != "pool" or line["status"] == "ok", f"{side}: {line['status']}")
    check_equal(f"{what}: ahead of the run", document(folder)["headroom"]["limit"], "cgroup pids.max")


def test_few_threads() -> str | None:
    depth = (*SMOKE, "--filter", "^(depth|reuse|grain)/", "--backends", "pool,raw,raw-capped", "--workers", "2")
    with Bench() as bench, own_group("pids", pids__max=40) as group:
        if not group:
            return NO_GROUP.format("pids")
        if bench.is_sanitized():
            return "a sanitizer's program starts a thread of its own when it ends"
        ended = bench.run(*depth, "--results", bench.results, before=inside(group))
        check_ended("40 threads", ended, RUN_OK)
        check_few_threads("40 threads", ended.folder, 30)
        (group / "pids.max").write_text("max")
        ended = bench.run(*depth, "--results", bench.results, before=inside(group))
        check_ended("no limit any more", ended, RUN_OK)
        check_equal("no limit any more", {line["status"] for line in journal(ended.folder)[1:]}, {"ok"})
    with Bench() as bench, own_group("pids", pids__max=60) as group:
        assert group
        with below(group, pids__max=500) as inner:
            ended = bench.run(*depth, "--results", bench.results, before=inside(inner))
            check_ended("60 threads above", ended, RUN_OK)
            check_few_threads("60 threads above", ended.folder, 45)
            check_equal("60 threads above", machine(bench, inner)["limits"]["cgroup_pids_max"], 60)
    return None


def test_changed_quota() -> str | None:
    """A run that began under one quota does not go on under another."""
    with Bench() as bench, own_group("cpu", **quota(1.5)) as group:
        if not group:
            return NO_GROUP.format("cpu")
        process = bench.start("--profile", "smoke", "--filter", "^reuse/", "--rounds", "50", "--results", bench.results,
                              before=inside(group))
        await_true("a line", lambda: any(len(journal(folder)) > 1 for folder in run_folders(bench.results)))
        process.send_signal(signal.SIGINT)
        check_ended("stopped", end(process), RUN_STOPPED)
        folder = run_folders(bench.results)[0]
        before = (folder / "journal.jsonl").read_bytes()
        (group / "cpu.cfs_quota_us").write_text(str(PERIOD_US))
        ended = bench.run("--resume", folder, before=inside(group))
        check_ended("another quota", ended, RUN_ERROR, "another CPU mask or quota")
        check_equal("nothing is lost", (folder / "journal.jsonl").read_bytes(), before)
        (group / "cpu.cfs_quota_us").write_text(str(PERIOD_US * 3 // 2))
        check_ended("the first quota", bench.run("--resume", folder, before=inside(group)), RUN_OK)
        check_complete(folder)
    return None


if __name__ == "__main__":
    run_parts([test_quotas, test_nested_quota, test_one_cpu, test_few_threads, test_changed_quota])
