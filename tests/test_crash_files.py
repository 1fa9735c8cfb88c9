#!/usr/bin/env python3
"""Whenever a run is killed, from its first moment on, what is in its folder can be taken up.

The run is held before each call that changes its files, while a copy is made of all that is there: what a kill at that
moment leaves. Each copy that differs from those before is then resumed.
"""
import os
import subprocess
from pathlib import Path

from harness import (RUN_ERROR, RUN_OK, Bench, check, check_complete, check_ended, check_equal, journal, run_folders,
                     run_parts)

PLAN = ("--profile", "smoke", "--filter", "^gap/", "--backends", "pool,serial", "--rounds", "1")

# Before each call on a file below RESULTS, all of it is copied to SNAPSHOTS/<number>.
HOOKS = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
static void copy(const char *path)
{
    static int n;
    const char *results = getenv("RESULTS"), *snapshots = getenv("SNAPSHOTS");
    char command[8192];
    if (!results || !snapshots || strncmp(path, results, strlen(results)) != 0)
        return;
    snprintf(command, sizeof command, "test ! -d '%s' || env -u LD_PRELOAD cp -a '%s' '%s/%04d'", results, results,
             snapshots, ++n);
    if (system(command) != 0)
        abort();
}
static void copy_of(int fd)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    path[n > 0 ? n : 0] = '\0';
    copy(path);
}
#define NEXT(name) __typeof__(name) *next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)
int mkdir(const char *path, mode_t mode) { NEXT(mkdir); copy(path); return next(path, mode); }
int rename(const char *from, const char *to) { NEXT(rename); copy(to); return next(from, to); }
int unlink(const char *path) { NEXT(unlink); copy(path); return next(path); }
int fsync(int fd) { NEXT(fsync); copy_of(fd); return next(fd); }
int fdatasync(int fd) { NEXT(fdatasync); copy_of(fd); return next(fd); }
int ftruncate(int fd, off_t size) { NEXT(ftruncate); copy_of(fd); return next(fd, size); }
ssize_t pwrite(int fd, const void *b, size_t n, off_t at) { NEXT(pwrite); copy_of(fd); return next(fd, b, n, at); }
int open(const char *path, int flags, ...)
{
    NEXT(open);
    va_list arguments;
    va_start(arguments, flags);
    int mode = flags & O_CREAT ? va_arg(arguments, int) : 0;
    va_end(arguments);
    if (flags & O_CREAT)
        copy(path);
    return next(path, flags, mode);
}
"""


def hooks(folder: Path) -> Path:
    source, library = folder / "hooks.c", folder / "hooks.so"
    source.write_text(HOOKS)
    done = subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-o", library, source, "-ldl"],
                          capture_output=True, text=True)
    check_equal("building the hooks", (done.returncode, done.stderr), (0, ""))
    return library


def state(folder: Path) -> tuple[object, ...]:
    """Two copies that are alike in this need not both be resumed: the names, and whether there are a plan and lines."""
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
    n_hist = sum(name.startswith("hist/") and not name.endswith(".part") for name in names)
    status = '"complete"' in (folder / "run.json").read_text() if (folder / "run.json").exists() else None
    return (tuple(name for name in names if not name.startswith("hist/")), any(".part" in name for name in names),
            min(n_hist, 1), min(len(journal(folder)), 2), status)


def check_taken_up(bench: Bench, folder: Path, what: str) -> None:
    had_run, lines = (folder / "run.json").exists(), journal(folder)
    ended = bench.run("--resume", folder)
    if not had_run:
        check(not lines, f"{what}: there are lines and no run.json")
        check_ended(what, ended, RUN_ERROR, "no run.json")
        return
    if "it is complete" in ended.stderr:
        check_ended(what, ended, RUN_ERROR, "complete")
    else:
        check_ended(what, ended, RUN_OK)
    check_complete(folder)
    check_equal(f"{what}: what the journal held", journal(folder)[:len(lines)], lines)
    for name in "machine.json", "topology.xml", "hist":
        check((folder / name).exists(), f"{what}: there is no {name}")


def test_each_moment() -> str | None:
    with Bench() as bench:
        if bench.is_sanitized():
            return "a sanitizer must be loaded first"
        snapshots = bench.top / "snapshots"
        snapshots.mkdir()
        env = {**os.environ, "LD_PRELOAD": str(hooks(bench.top)), "RESULTS": str(bench.results),
               "SNAPSHOTS": str(snapshots)}
        check_ended("the run", bench.run(*PLAN, "--results", bench.results, env=env), RUN_OK)
        seen = set()
        for copy in sorted(snapshots.iterdir()):
            for folder in run_folders(copy):
                if state(folder) not in seen:
                    seen.add(state(folder))
                    names = " ".join(sorted(path.name for path in folder.iterdir()))
                    check_taken_up(bench, folder, f"{copy.name} with {names}")
        print(f"{len(list(snapshots.iterdir()))} moments, {len(seen)} states")
        check(len(seen) >= 12, "too few states: the hooks do not see what is written")
    return None


if __name__ == "__main__":
    run_parts([test_each_moment])
