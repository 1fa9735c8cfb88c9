#!/usr/bin/env python3
"""Memory that is refused is a limit with a name; a side that is killed for it costs itself alone, and says why."""
import os
import signal
import subprocess
from pathlib import Path

from broken_plugin import backend
from harness import (NO_GROUP, RUN_OK, RUN_SOME_FAILED, Bench, await_true, check, check_complete, check_ended,
                     check_equal, end, inside, journal, own_group, run_folders, run_parts)

LIMITED = ("--profile", "full", "--filter", "^(cpu/triad/|depth/.*tasks:1000$|reuse/empty/batches:5/life:batch/)",
           "--backends", "pool,raw", "--workers", "1", "--rounds", "1")
GRAIN = ("--profile", "smoke", "--filter", "^grain/", "--rounds")
GROUP_MIB = 64

# Behind this the kernel's count of what it killed for memory is a file of the test's.
COUNTED = ("unshare", "--mount", "sh", "-c", 'mount --bind "$1" /proc/vmstat && shift && exec "$@"', "sh")


def check_refused(name: str, folder: Path) -> None:
    """Threads end at the reserve, buffers are refused, both with the limit's name; all else is ok."""
    for line in journal(folder)[1:]:
        side = f"{name}: {line['backend']} {line['cell']}: {line['reason']}"
        if line["cell"].startswith("cpu/triad/"):
            check_equal(side, line["status"], "limit")
            check(f"memory ({name}: " in line["reason"], side)
        elif line["cell"].startswith("depth/") and line["backend"] == "raw":
            check_equal(side, line["status"], "limit")
            check(f"by the reserve: {name} binds" in line["reason"], side)
            check(0 < line["metrics"]["held"] < 1000, side)
        else:
            check_equal(side, line["status"], "ok")


def test_refused() -> str | None:
    with Bench() as bench:
        if bench.is_sanitized():
            return "a sanitizer's program maps more memory than any limit leaves"
        for name, limit in ("RLIMIT_AS", "-v 100000"), ("RLIMIT_DATA", "-d 80000"):
            ended = bench.run(*LIMITED, "--results", bench.results,
                              before=("bash", "-c", f'ulimit {limit} && exec "$@"', "bash"))
            check_ended(name, ended, RUN_OK)
            check_complete(ended.folder)
            check_refused(name, ended.folder)
    return None


def test_group() -> str | None:
    """A backend that takes all memory of its group: the kernel ends its sides, not the run."""
    with Bench() as bench, own_group("memory", memory__limit_in_bytes=GROUP_MIB << 20) as group:
        if not group:
            return NO_GROUP.format("memory")
        if bench.is_sanitized():
            return "a sanitizer's program needs more memory than the group has"
        plugin = backend(bench.top, "takes-all", "fn(arg); leave_memory(1 << 20)")
        ended = bench.run(*GRAIN, "1", "--plugin", plugin, "--backends", "pool,takes-all", "--results", bench.results,
                          before=inside(group))
        check_ended("a full group", ended, RUN_SOME_FAILED)
        check_complete(ended.folder)
        for line in journal(ended.folder)[1:]:
            mine = line["backend"] == "takes-all"
            check_equal(f"{line['backend']}: {line['reason']}", line["status"], "failed" if mine else "ok")
            check(not mine or f"out of memory (the control group's limit is {GROUP_MIB} MiB)" in line["reason"],
                  f"untrue reason: {line['reason']}")
    return None


def kill_counted(bench: Bench, n_kills: int) -> str:
    """The reason of a side that is killed while the kernel's count goes up by so many."""
    count = bench.top / "vmstat"
    count.write_text("nr_free_pages 5\noom_kill 7\n")
    results = bench.results / str(n_kills)
    process = bench.start(*GRAIN, "20", "--backends", "pool", "--results", results, before=(*COUNTED, str(count)))
    await_true("the rounds have begun", lambda: any(map(journal, run_folders(results))))
    pid = bench.hold(bench.sides)
    check_equal("what the kernel is to kill first", Path(f"/proc/{pid}/oom_score_adj").read_text().strip(), "1000")
    count.write_text(f"nr_free_pages 5\noom_kill {7 + n_kills}\n")
    os.kill(pid, signal.SIGKILL)
    ended = end(process)
    check_ended("a side that is killed", ended, RUN_SOME_FAILED)
    return str(next(line["reason"] for line in journal(ended.folder)[1:] if line["status"] == "failed"))


def test_counted() -> str | None:
    """Who killed it follows from the kernel's count."""
    if os.geteuid() != 0 or subprocess.run([*COUNTED, "/dev/null", "true"], capture_output=True).returncode != 0:
        return "only root with a mount namespace of its own can mount"
    with Bench() as bench:
        reason = kill_counted(bench, 1)
        check(reason.startswith("killed by signal 9: out of memory") and "someone" not in reason, f"untrue: {reason}")
        check_equal("reason", kill_counted(bench, 0), "killed by signal 9: by someone, not for lack of memory")
    return None


if __name__ == "__main__":
    run_parts([test_refused, test_group, test_counted])
