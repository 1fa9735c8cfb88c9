#!/usr/bin/env python3
"""However a service, a container or a shell starts it, a run measures the same cells with the same outcome, or one line
says what is missing."""
import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from harness import RUN_ERROR, RUN_OK, Bench, Ended, check, check_equal, document, journal, run_folders, run_parts

OPTIONS = ("--profile", "smoke", "--filter", "^threads/|^gil/gil-io/.*load:python", "--rounds", "1",
           "--backends", "pool,raw,python-threadpool")
SYSTEM_PATH = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
Sides = list[tuple[str, str, int, str, str]]


def shell(command: str) -> tuple[str, ...]:
    return "sh", "-c", f'{command} exec "$@"', "sh"


def limited(name: int, soft: int, hard: int = -1) -> dict[str, Any]:
    most = resource.getrlimit(name)[1] if hard < 0 else hard
    return {"preexec_fn": lambda: resource.setrlimit(name, (soft, most))}


def ignore_all() -> None:
    for number in range(1, 32):
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_IGN)


def block_all() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


STARTS: dict[str, dict[str, Any]] = {
    "stdin closed": {"before": ("sh", "-c", 'exec "$@" <&-', "sh")},
    "stderr closed": {"before": ("sh", "-c", 'exec "$@" 2>&-', "sh")},
    "all closed": {"before": ("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh")},
    "all signals ignored": {"preexec_fn": ignore_all},
    "all signals blocked": {"preexec_fn": block_all},
    "umask 777": {"before": shell("umask 777;")},
    "few files": limited(resource.RLIMIT_NOFILE, 16),
    "no limit of stacks": limited(resource.RLIMIT_STACK, resource.RLIM_INFINITY),
    "small stacks": limited(resource.RLIMIT_STACK, 128 << 10),
    "no locked memory": limited(resource.RLIMIT_MEMLOCK, 0),
    "no signals pending": limited(resource.RLIMIT_SIGPENDING, 0),
    "an empty environment": {"env": {}},
    "a system's environment": {"env": SYSTEM_PATH},
    "a home that is not there": {"env": {**os.environ, "HOME": "/nonexistent"}},
    "no new privileges": {"before": ("setpriv", "--no-new-privs")},
    "another personality": {"before": ("setarch", "-R")},
}

# In a mount namespace: how it is made, and a word of the line that says what is missing, or "" where nothing is.
MOUNTS: dict[str, tuple[str, str]] = {
    "/proc shows processes alone": ("mount -t proc -o subset=pid proc /proc", "/proc shows processes alone"),
    "no /sys": ("umount -l /sys; mount -t tmpfs none /sys", "/sys is not mounted"),
    "no control groups": ("mount -t tmpfs none /sys/fs/cgroup", "control groups are not mounted"),
}


def start(bench: Bench, what: str, before: tuple[str, ...] = (), **popen: Any) -> tuple[Ended, Path]:
    results = bench.results / what.replace("/", "_").replace(" ", "-")
    return bench.run(*OPTIONS, "--results", results, before=before, **popen), results


def measured(what: str, results: Path) -> Sides:
    folders = run_folders(results)
    check_equal(f"{what}: runs", len(folders), 1)
    check_equal(f"{what}: status", document(folders[0])["run"]["status"], "complete")
    return sorted((line["cell"], line["backend"], line["workers"], line["status"], line["reason"])
                  for line in journal(folders[0])[1:])


def each(tries: list[Callable[[], None]]) -> None:
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(of) for of in tries]:
            done.result()


def test_starts() -> str | None:
    with Bench() as bench:
        _, results = start(bench, "usual")
        usual = measured("usual", results)

        def try_one(what: str, how: dict[str, Any]) -> None:
            if shutil.which(how.get("before", ("sh",))[0]) is None:
                return
            ended, of = start(bench, what, **how)
            expected = RUN_ERROR if what == "all closed" else RUN_OK  # the folder's name goes nowhere
            check(ended.code == expected, f"{what}: exit code {ended.code}: {ended.stderr}")
            check_equal(what, measured(what, of), usual)

        each([lambda what=what, how=how: try_one(what, how) for what, how in STARTS.items()])
    return None


def may_mount() -> bool:
    made = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/run"], capture_output=True)
    return made.returncode == 0


def test_mounts() -> str | None:
    if not shutil.which("unshare") or not may_mount():
        return "file systems cannot be mounted"
    with Bench() as bench:
        _, results = start(bench, "usual")
        usual = measured("usual", results)

        def try_one(what: str, mount: str, word: str) -> None:
            ended, of = start(bench, what, ("unshare", "-m", *shell(f"{mount} || exit 99;")))
            if ended.code == 99:
                return  # an older kernel
            check(ended.code == RUN_OK, f"{what}: exit code {ended.code}: {ended.stderr}")
            check_equal(what, measured(what, of), usual)
            check(word in ended.stderr, f"{what}: nothing says '{word}': {ended.stderr}")

        def without_proc() -> None:
            ended, of = start(bench, "no /proc", ("unshare", "-m", *shell("umount -l /proc;")))
            check_equal("no /proc", (ended.code, len(ended.errors), run_folders(of)), (RUN_ERROR, 1, []))
            check("mount /proc" in ended.errors[0], ended.stderr)

        def without_shm() -> None:
            """CPython's ThreadPool has its locks there: a limit with its reason, and the rest as ever."""
            what = "no /dev/shm"
            ended, of = start(bench, what, ("unshare", "-m", *shell("mount -t tmpfs -o ro none /dev/shm;")))
            for got, want in zip(measured(what, of), usual):
                python = got[1] == "python-threadpool"
                check_equal(what, got[:4], (*want[:3], "limit" if python else "ok"))
                check(not python or "cannot make its pool" in got[4], f"{what}: {got[4]}")

        def at_read_only() -> None:
            results = bench.results / "read-only"
            ended = bench.run(*OPTIONS, "--results", results, "--scratch", "/run", before=(
                "unshare", "-m", *shell("mount -t tmpfs -o ro none /run;")))
            check_equal("read only", (ended.code, len(ended.errors), run_folders(results)), (RUN_ERROR, 1, []))
            check("choose another with --scratch" in ended.errors[0], ended.stderr)

        each([*(lambda what=what, of=of: try_one(what, *of) for what, of in MOUNTS.items()),
              without_proc, without_shm, at_read_only])
    return None


if __name__ == "__main__":
    run_parts([test_starts, test_mounts])
