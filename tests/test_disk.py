#!/usr/bin/env python3
"""Results where nothing can be written, and disks that are full, fill up or are lost during a run.

The disks are small file systems in memory, in a mount namespace of this test's own.
"""
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from broken_plugin import backend
from harness import (RUN_ERROR, RUN_OK, RUN_SOME_FAILED, Bench, Ended, await_true, check, check_complete, check_ended,
                     check_equal, document, end, journal, planned_sides, run_folders, run_parts)

PLAN = ("--profile", "smoke", "--filter", "^(reuse|gap)/", "--rounds", "2")
REUSE = "reuse/empty/batches:5/life:batch/"
ONE_CELL = ("--profile", "full", "--filter", f"^{REUSE}", "--backends", "pool,raw", "--rounds")
SCRATCH = ("--profile", "full", "--filter", f"^(io/read-warm/inflight:1/|{REUSE})", "--backends", "pool,raw",
           "--workers", "1", "--rounds", "1")
NOBODY = 65534
IN_NAMESPACE = "--in-namespace"
CAN_MOUNT = IN_NAMESPACE in sys.argv
NO_MOUNT = "only root with a mount namespace of its own can mount"


@contextmanager
def disk(options: str, name: str = "results") -> Iterator[Bench]:
    """A folder of it is a file system in memory."""
    with Bench() as bench:
        folder = bench.top / name
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
        try:
            yield bench
        finally:
            if folder.is_mount():
                subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(path: Path, leave_mib: int) -> None:
    """A file that leaves this much room."""
    space = os.statvfs(path.parent)
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, space.f_bavail * space.f_frsize - leave_mib * 2**20)


def test_no_room() -> str | None:
    if not CAN_MOUNT:
        return NO_MOUNT
    with disk("size=200m") as bench:
        for results in bench.results, bench.results / "new" / "newer":
            check_ended(f"{results.name} with 200 MiB", bench.run(*PLAN, "--results", results), RUN_ERROR,
                        "200 MiB are free", "256")
            check_equal("made", list(bench.results.iterdir()), [])
    return None


def test_fills_up() -> str | None:
    if not CAN_MOUNT:
        return NO_MOUNT
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


class Gate:
    """A backend whose tasks wait while a file is there: a side on its way that does nothing, and is not stopped."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.closed, self.seen = bench, bench.top / "closed", bench.top / "seen"
        self.plugin = backend(bench.top, "waits", f'while (link("{self.closed}", "{self.seen}") == 0 '
                              f'|| access("{self.closed}", F_OK) == 0) {{ }} fn(arg)')

    def open(self) -> None:
        self.closed.unlink()
        self.seen.unlink(missing_ok=True)

    def hold_when(self, is_time: Callable[[Path], bool]) -> Path:
        """A side whose line is the one to fail waits now."""
        await_true("the rounds have begun", lambda: any(map(journal, run_folders(self.bench.results))))
        folder = run_folders(self.bench.results)[0]
        while True:
            self.closed.touch()
            await_true("a side waits", self.seen.exists)
            if is_time(folder):
                return folder
            n_lines = len(journal(folder))
            self.open()
            await_true("its line", lambda: len(journal(folder)) > n_lines)  # or else it may never see the gate open


def has_no_page(folder: Path) -> bool:
    """No line fits any more into the last page that the journal has."""
    path = folder / "journal.jsonl"
    text = path.read_bytes()
    n_least = min(map(len, text.splitlines()[1:]), default=0) * 9 // 10  # lines differ by some digits
    return len(journal(folder)) > 2 and -len(text) % os.sysconf("SC_PAGESIZE") < n_least


def is_last(folder: Path) -> bool:
    return len(journal(folder)) == len(planned_sides(folder))


def test_full() -> str | None:
    """Not a byte is left when the line of a side is to be written, or the files at the end: it stops and goes on."""
    if not CAN_MOUNT:
        return NO_MOUNT
    for what, rounds, is_time, words in (("full at a line", "80", has_no_page, "cannot write the journal"),
                                         ("full at the end", "20", is_last, "cannot write")):
        with disk("size=300m") as bench:
            gate = Gate(bench)
            options = ("--plugin", gate.plugin)
            process = bench.start(*ONE_CELL[:-2], "waits", "--rounds", rounds, *options, "--results", bench.results)
            folder = gate.hold_when(is_time)
            filler = bench.results / "filler"
            fill(filler, leave_mib=0)
            gate.open()
            check_ended(what, end(process), RUN_ERROR, words, "No space left", f"poolbench run --resume {folder}")
            check_equal(f"{what}: left running", bench.processes(), [])
            lines = journal(folder)
            filler.unlink()
            check_ended(f"{what}, then freed", bench.run("--resume", folder, *options), RUN_OK)
            check_complete(folder)
            check_equal("the journal's first lines", journal(folder)[:len(lines)], lines)
    return None


def check_scratch(what: str, bench: Bench, ended: Ended, status: str, *words: str) -> None:
    """Sides on files end so, with a reason that does not tell where the folder was; all others are ok."""
    check_ended(what, ended, RUN_SOME_FAILED if status == "failed" else RUN_OK)
    check_complete(ended.folder)
    for line in journal(ended.folder)[1:]:
        on_files = line["cell"].startswith("io/")
        side = f"{what}: {line['backend']} {line['cell']}: {line['reason']}"
        check_equal(side, line["status"], status if on_files else "ok")
        check(not on_files or all(word in line["reason"] for word in words), side)
    for path in ended.folder.iterdir():
        check(path.is_dir() or str(bench.top) not in path.read_text(), f"{what}: {path.name} tells the scratch folder")
    check("/workers:1: " in ended.stderr, f"{what}: not named:\n{ended.stderr}")


def test_small_scratch() -> str | None:
    """It has room for the file, but not for what is left alone beside it."""
    if not CAN_MOUNT:
        return NO_MOUNT
    with disk("size=100m", "scratch") as bench:
        ended = bench.run(*SCRATCH, "--results", bench.results, "--scratch", bench.top / "scratch")
        check_scratch("small scratch", bench, ended, "limit", "needs 16 MiB", "100 are free", "last 256", "--scratch")
        check_equal("left in the scratch folder", list((bench.top / "scratch").iterdir()), [])
    return None


def test_lost_scratch() -> str | None:
    """Once the run's folder is gone, a side on files fails and the others are measured; once the disk is, the run
    stops, and goes on with one like it."""
    if not CAN_MOUNT:
        return NO_MOUNT
    for loses_disk in (False, True):
        with disk("size=300m", "scratch") as bench:
            scratch = bench.top / "scratch"
            process = bench.start(*SCRATCH, "--results", bench.results, "--scratch", scratch)
            await_true("the pilot", lambda: bench.sides() and any(
                (folder / "journal.jsonl").exists() for folder in run_folders(bench.results)))
            if not loses_disk:
                for folder in scratch.iterdir():
                    shutil.rmtree(folder)
                check_scratch("lost folder", bench, end(process), "failed", "in the scratch folder: no such file")
                continue
            subprocess.run(["umount", "--lazy", str(scratch)], check=True)
            check_ended("lost disk", end(process), RUN_ERROR, "the file system or disk of --scratch changed")
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", str(scratch)], check=True)
            ended = bench.run("--resume", run_folders(bench.results)[0], "--scratch", scratch)
            check_ended("another disk like it", ended, RUN_OK)
            check_complete(ended.folder)
    return None


def test_read_only() -> str | None:
    if not CAN_MOUNT:
        return NO_MOUNT
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
        bench.results.parent.chmod(0o755)
        scratch = bench.results.parent / "scratch"
        scratch.mkdir()
        scratch.chmod(0o777)
        root = os.geteuid() == 0
        before = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups") if root else ()
        for results in bench.results, bench.results / "new":
            check_ended("not writable", bench.run(*PLAN, "--results", results, "--scratch", scratch, before=before),
                        RUN_ERROR, str(results), "Permission denied")
        check_equal("made", list(bench.results.iterdir()), [])
    return None


def enter_namespace() -> None:
    """Root runs itself again where its mounts are its own; if that is not allowed, it goes on without."""
    if os.geteuid() == 0 and not CAN_MOUNT:
        unshare = ["unshare", "--mount"]
        if subprocess.run([*unshare, "true"], capture_output=True).returncode == 0:
            os.execvp("unshare", [*unshare, sys.executable, *sys.argv, IN_NAMESPACE])


if __name__ == "__main__":
    enter_namespace()
    run_parts([test_no_room, test_fills_up, test_full, test_read_only, test_small_scratch, test_lost_scratch,
               test_no_folder, test_not_writable])
