#!/usr/bin/env python3
"""docs/features.md: each call, example and test that it names is there, and every call has a row. Each feature's test
fails when the feature is broken: the library is changed in a copy, where the test is built and run. The same for what
the inside of the pool promises itself."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(os.environ["POOLBENCH_TOP"])
ROW = re.compile(r"^\| (?!feature|-)(.+?) \| (.+?) \| (.+?) \| (.+?) \|$", re.M)
CALL = re.compile(r"^(?!typedef)[a-z].*?\b((?:pool|rawthread)_\w+)\(", re.M)
HANGS_S = 5

# Feature: file, what is there, what stands there instead.
BREAKS = {
    "create": ("pool/worker.c", "error = pool->options.initializer(pool->options.context, worker->index);", ""),
    "apply": ("pool/calls.c", "code = pool_handle_get(handle, POOL_FOREVER, error);", "code = 0;"),
    "apply_async": ("pool/task.c", "callbacks->callback(callbacks->context, handle->calls.results);", ";"),
    "submit": ("pool/task.c", "        range->arg += range->stride_bytes;", "        range->arg += 0;"),
    "map": ("pool/calls.c", "task->begin = handle->calls.n_calls - handle->n_unclaimed;", "task->begin = 0;"),
    "starmap": ("pool/calls.c", "index, handle->star_args[i].stride_bytes", "0, handle->star_args[i].stride_bytes"),
    "imap": ("pool/iterator.c", "return start(pool, feed, true, out);", "return start(pool, feed, false, out);"),
    "imap_unordered": ("pool/iterator.c", "return start(pool, feed, false, out);",
                       "return start(pool, feed, true, out);"),
    "handle": ("pool/handle.c", "return handle->error.code == 0;", "return 1;"),
    "several handles": ("pool/several.c", "return pool_handle_successful(handle) == 0;", "return true;"),
    "errors": ("pool/task.c", "error->index = index;", "error->index = 0;"),
    "close, terminate, join": ("pool/pool.c", "pool__cancel((struct pool_handle *)range->arg);",
                               "break;"),
    "scope": ("pool/pool.c", "        pool_terminate(*pool);", "        pool_close(*pool);"),
    "heterogeneous": ("pool/calls.c", ".calls = {.fn = fn, .args = arg,", ".calls = {.fn = fn, .args = NULL,"),
    "reuse": ("pool/submit.c", "pool__wake(pool, &pool->idle, range->n_tasks)", "0"),
    "deep queue": ("pool/submit.c", "pool->n_queued < max_queued)\n", "pool->n_queued <= max_queued)\n"),
    "nested": ("pool/task.c", "return !pool->options.strict || pool__is_worker(pool);",
               "return !pool->options.strict;"),
    "several pools": ("pool/worker.c", "return self != NULL && self->pool == pool;", "return self != NULL;"),
    "fork": ("pool/fork.c", "return pool->fork_generation != generation;", "return false;"),
    "size": ("pool/pool.c", "pool__call_for_workers(pool, pool__queue_count(&pool->queue, n_workers));", ";"),
    "target": ("rawthread/thread.c", "thread->arg = arg;", "thread->arg = thread;"),
    "extended": ("rawthread/thread.c", "thread->fn(thread->arg);", ";"),
    "single use": ("rawthread/thread.c", "int error = -EALREADY;", "int error = 0;"),
    "start, join, is_alive, name, native id": ("rawthread/thread.c",
                                               "thread->state == STARTED || thread->state == RUNNING;",
                                               "thread->state != NEW;"),
    "detached": ("rawthread/thread.c", "parting.fn(parting.arg);", ";"),
    "service": ("rawthread/thread.c", "    thread->stop = true;", ""),
    "refused creation": ("rawthread/group.c", "return refuse(group, -EDQUOT);", "return -EDQUOT;"),
    "executor": ("rawthread/group.c", "group->options.max_alive - 1", "group->options.max_alive"),
}
# What is promised: its test, and as above.
INSIDE = {
    "blocks are kept": ("test_pool_allocations", "pool/queue.c", "if (queue->n_spare == N_SPARE_MAX) {", "if (true) {"),
    "joining waits for helpers": ("test_pool_join", "pool/pool.c", "|| pool->n_unfinished > 0", ""),
    "who has left is joined": ("test_pool_exit", "pool/thread.c", "    join_worker(before);", ""),
    "both halves run": ("test_rawthread_fork", "rawthread/fork.c", "    fn(right);", ""),
    "one worker is ready": ("test_pool_lazy", "pool/worker.c", "while (pool->n_ready <= pool->max_workers) {",
                            "while (pool->n_alive <= pool->max_workers) {"),
}
NOT_IN_A_LIBRARY = {"no result, no status"}

faults: list[str] = []


def check(holds: bool, what: str) -> None:
    if not holds:
        faults.append(what)


def check_table(rows: list[tuple[str, ...]]) -> None:
    calls = {call for name in ("pool", "rawthread") for call in CALL.findall((TOP / f"{name}/{name}.h").read_text())}
    named = {call for row in rows for call in re.findall(r"`(\w+)`", row[1])}
    check(named == calls, f"calls without a row or that do not exist: {sorted(named ^ calls)}")
    check({row[0] for row in rows} == BREAKS.keys() | NOT_IN_A_LIBRARY, "rows and breaks are not the same features")
    for feature, _, examples, test in rows:
        for example in re.findall(r"\((.+?)\)", examples):
            check((TOP / "docs" / example).exists(), f"{feature}: docs/{example} does not exist")
        check((TOP / "tests" / test).exists() or (TOP / f"tests/{test}.c").exists(), f"{feature}: no test {test}")


def make(tree: Path, test: str) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    return subprocess.run(["make", "BUILD=build", "CFLAGS=-O0 -w", "SAN=", "LDFLAGS=", f"build/tests/{test}"],
                          cwd=tree, env=env, capture_output=True, text=True)


def passes(tree: Path, test: str) -> bool:
    with subprocess.Popen([tree / "build/tests" / test], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        try:
            return run.wait(HANGS_S) == 0
        except subprocess.TimeoutExpired:
            run.kill()
            return False


def check_break(tree: Path, feature: str, test: str, name: str, there: str, instead: str) -> None:
    source = tree / name
    text = source.read_text()
    check(text.count(there) == 1, f"{feature}: {text.count(there)} times in {name}: {there}")
    source.write_text(text.replace(there, instead))
    built = make(tree, test)
    check(built.returncode == 0, f"{feature}: {built.stderr}")
    check(built.returncode != 0 or not passes(tree, test), f"{feature} is broken and {test} passes")
    source.write_text(text)


def main() -> int:
    rows = ROW.findall((TOP / "docs/features.md").read_text())
    check_table(rows)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in ("pool", "rawthread", "tests"):
            shutil.copytree(TOP / name, tree / name, ignore=shutil.ignore_patterns("node_modules"))
        shutil.copy(TOP / "Makefile", tree)
        for feature, _, _, test in rows:
            if feature in BREAKS:
                check_break(tree, feature, test, *BREAKS[feature])
        for promise, how in INSIDE.items():
            check_break(tree, promise, *how)
    print(*faults, sep="\n")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
