#!/usr/bin/env python3
"""Results where nothing can be written, and disks that are full or fill up during a run.

The disks are small file systems in memory, in a mount namespace of this test's own.
"""
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness import (RUN_ERROR, RUN_OK, Bench, await_true, check, check_complete, check_ended, check_equal, document,
                     end, journal, run_folders, run_parts)

PLAN = ("--profile", "smoke", "--filter", "^(reuse|gap)/", "--rounds", "2")
NOBODY = 65534
NO_ROOT = "only root can mount"
IN_NAMESPACE = "--in-namespace"


@contextmanager
def disk(options: str) -> Iterator[Bench]:
    """Its results are a file system in memory."""
    with Bench() as bench:
        bench.results.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(bench.results)], check=True)
        try:
            yield bench
        finally:
            subprocess.run(["umount", "--lazy", str(bench.results)], check=True)


def fill(path: Path, leave_mib: int) -> None:
    """A file that leaves this much room."""
    space = os.statvfs(path.parent)
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, space.f_bavail * space.f_frsize - leave_mib * 2**20)


def test_no_room() -> str | None:
    if os.geteuid() != 0:
        return NO_ROOT
    with disk("size=200m") as bench:
        for results in bench.results, bench.results / "new" / "newer":
            check_ended(f"{results.name} with 200 MiB", bench.run(*PLAN, "--results", results), RUN_ERROR,
                        "200 MiB are free", "256")
            check_equal("made", list(bench.results.iterdir()), [])
    return None


def test_fills_up() -> str | None:
    if os.geteuid() != 0:
        return NO_ROOT
    with disk("size=300m") as bench:
        filler = bench.results / "filler"
        process = bench.start(*PLAN, "--results", bench.results)
        await_true("a line", lambda: any(len(journal(folder)) > 1 for folder in run_folders(bench.results)))
        fill(filler, leave_mib=200)
        ended, folder = end(process), run_folders(bench.results)[0]
        check_ended("filled during the run", ended, RUN_ERROR, "no room", f"poolbench run --resume {folder}")
        check_equal("status", document(folder)["run"]["status"], "incomplete")
        lines = journal(folder)
        check_ended("still full", bench.run("--resume", folder), RUN_ERROR, "no room")
        check_equal("the journal", journal(folder), lines)
        filler.unlink()
        check_ended("after freeing", bench.run("--resume", folder), RUN_OK)
        check_complete(folder)
        check_equal("the journal's first lines", journal(folder)[:len(lines)], lines)
    return None


def test_read_only() -> str | None:
    if os.geteuid() != 0:
        return NO_ROOT
    with disk("size=300m,ro") as bench:
        check_ended("read-only", bench.run(*PLAN, "--results", bench.results), RUN_ERROR, str(bench.results),
                    "Read-only")
    return None


def test_no_folder() -> str | None:
    with Bench() as bench:
        bench.results.write_text("a file")
        for results in bench.results, bench.results / "below":
            check_ended("a file", bench.run(*PLAN, "--results", results), RUN_ERROR, str(results), "Not a directory")
        check_equal("the file", bench.results.read_text(), "a file")
    return None


def test_not_writable() -> str | None:
    with Bench() as bench:
        bench.results.mkdir(mode=0o555)
        root = os.geteuid() == 0
        before = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups") if root else ()
        for results in bench.results, bench.results / "new":
            check_ended("not writable", bench.run(*PLAN, "--results", results, before=before), RUN_ERROR, str(results),
                        "Permission denied")
        check_equal("made", list(bench.results.iterdir()), [])
    return None


def enter_namespace() -> None:
    """Root runs itself again where its mounts are its own; if that is not allowed, it goes on without."""
    if os.geteuid() == 0 and IN_NAMESPACE not in sys.argv:
        unshare = ["unshare", "--mount"]
        if subprocess.run([*unshare, "true"], capture_output=True).returncode == 0:
            os.execvp("unshare", [*unshare, sys.executable, *sys.argv, IN_NAMESPACE])


if __name__ == "__main__":
    enter_namespace()
    mounts = [test_no_room, test_fills_up, test_read_only] if IN_NAMESPACE in sys.argv else []
    run_parts([*mounts, test_no_folder, test_not_writable])
