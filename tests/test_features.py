#!/usr/bin/env python3
"""docs/features.md: each call, example and test that it names is there, and every call has a row. Each feature's test
fails when the feature is broken: the library is changed in a copy, where the test is built and run. The same for what
the inside of the pool promises itself."""
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

TOP = Path(os.environ["POOLBENCH_TOP"])
ROW = re.compile(r"^\| (?!feature|-)(.+?) \| (.+?) \| (.+?) \| (.+?) \|$", re.M)
CALL = re.compile(r"^(?!typedef)[a-z].*?\b((?:pool|rawthread)_\w+)\(", re.M)
HANGS_S = 5
N_TREES = 3  # most of the time goes by in waiting for tests that hang

# Feature: file, what is there, what stands there instead.
BREAKS = {
    "create": ("pool/worker.c", "error = pool->options.initializer(pool->options.context, worker->index);", ""),
    "apply": ("pool/calls.c", "code = pool_handle_get(handle, POOL_FOREVER, error);", "code = 0;"),
    "apply_async": ("pool/frame.c", "callbacks->callback(callbacks->context, handle->work.calls.results);", ";"),
    "submit": ("pool/task.c", "        range->arg += range->stride_bytes;", "        range->arg += 0;"),
    "map": ("pool/calls.c", "task->begin = calls->n_calls - n_unclaimed;", "task->begin = 0;"),
    "starmap": ("pool/calls.c", "task->begin, work->star_args[i].stride_bytes", "0, work->star_args[i].stride_bytes"),
    "imap": ("pool/iterator.c", "return start(pool, feed, true, out);", "return start(pool, feed, false, out);"),
    "imap_unordered": ("pool/iterator.c", "return start(pool, feed, false, out);",
                       "return start(pool, feed, true, out);"),
    "handle": ("pool/wait.c", "return handle->error.code == 0;", "return 1;"),
    "several handles": ("pool/several.c", "return pool_handle_successful(handle) == 0;", "return true;"),
    "errors": ("pool/frame.c", "error->index = index;", "error->index = 0;"),
    "close, terminate, join": ("pool/pool.c", "pool__cancel((struct pool_handle *)range->arg);",
                               "break;"),
    "scope": ("pool/pool.c", "        pool_terminate(*pool);", "        pool_close(*pool);"),
    "heterogeneous": ("pool/calls.c", ".calls = {.fn = fn, .args = arg,", ".calls = {.fn = fn, .args = NULL,"),
    "reuse": ("pool/call.c", "n_there = pool->n_searching + pool->n_idle + pool->n_alive - pool->n_ready;",
              "n_there = 0;"),
    "deep queue": ("pool/room.c", "pool__n_queued(pool) < pool->options.max_queued;",
                   "pool__n_queued(pool) <= pool->options.max_queued;"),
    "nested": ("pool/frame.c", "return !pool->options.strict || pool__is_worker(pool);",
               "return !pool->options.strict;"),
    "several pools": ("pool/frame.c", "return self != NULL && self->pool == pool ? self : NULL;", "return self;"),
    "fork": ("pool/fork.c", "return pool->fork_generation != generation;", "return false;"),
    "size": ("pool/pool.c", "pool__call(pool, n_workers);", ";"),
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
    "blocks are kept": ("test_pool_allocations", "pool/spare.c", "< POOL__SPARE_MAX) {", "< 0) {"),
    "joining waits for helpers": ("test_pool_join", "pool/pool.c", "|| pool__unfinished(pool) > 0", ""),
    "who helps tells who waits for all": ("test_pool_join", "pool/quiet.c", "memory_order_seq_cst) & POOL__QUIET)",
                                          "memory_order_seq_cst) & 0)"),
    "who sleeps for a handle is woken": ("test_pool_handle", "pool/complete.c", "if (state & POOL__AWAITED)",
                                         "if (false)"),
    "claimed ranges are swept": ("test_pool_allocations", "pool/stock.c",
                                 "return count_stale_handles(pool) > POOL__STALE_MIN;", "return false;"),
    "who has left is joined": ("test_pool_exit", "pool/thread.c", "    join_worker(before);", ""),
    "both halves run": ("test_rawthread_fork", "rawthread/fork.c", "    fn(right);", ""),
    "one worker is ready": ("test_pool_lazy", "pool/worker.c", "has_found && pool->n_ready <= pool->max_workers) {",
                            "has_found && pool->n_alive <= pool->max_workers) {"),
    "a refused submitter passes its place on": ("test_pool_tokens", "pool/calls.c",
                                                "error == 1, is_watched, out);\n        pool__pass_on_room(pool);",
                                                "error == 1, is_watched, out);"),
    "a map of 0 waits for no room": ("test_pool_tokens", "pool/calls.c", "if (work->calls.n_calls == 0)", "if (false)"),
    "who runs a task does not block": ("test_pool_tokens", "pool/room.c", "!pool__is_inside(pool))",
                                       "!pool__is_worker(pool))"),
    "workers that could run are busy": ("test_pool_elastic", "pool/elastic.c", "was_busy = are_runnable(scout);",
                                        "was_busy = are_runnable(scout) && false;"),
    "a stuck pool grows": ("test_pool_elastic", "pool/elastic.c", "is_busy ? is_stuck :",
                           "is_busy ? is_stuck && false :"),
    "tasks that begin are progress": ("test_pool_elastic", "pool/worker.c",
                                      "runs_item = true;\n    count_one(&worker->seat->n_begun);", "runs_item = true;"),
    "woken workers take tasks": ("test_pool_elastic", "pool/elastic.c", " + pool->n_searching;", ";"),
    "no more workers than tasks wait": ("test_pool_elastic", "pool/elastic.c", "if (growth > n_waiting)",
                                        "if (n_waiting == 0)"),
    "surplus workers stay for a second": ("test_pool_elastic", "pool/worker.c", "SURPLUS_NS = 1000 *",
                                          "SURPLUS_NS = 100 *"),
    "joining is no cancellation point": ("test_pool_cancel", "pool/pool.c",
                                         "cancel_state = pool__disable_cancel();\n    pthread_mutex_lock",
                                         "cancel_state = 0;\n    pthread_mutex_lock"),
    "callbacks are not cancelled": ("test_pool_cancel", "pool/frame.c",
                                    "frame;\n    int cancel_state = pool__disable_cancel();",
                                    "frame;\n    int cancel_state = 0;"),
    "reading quotas is not cancelled": ("test_pool_cancel", "pool/cpus.c", "cancel_state = pool__disable_cancel();",
                                        "cancel_state = 0;"),
    "memory of handles goes back": ("test_pool_allocations", "pool/handle.c",
                                    "if (pool->n_free_slabs < FREE_SLABS_MAX) {", "if (true) {"),
    "sleepers leave in one step": ("test_pool_growth", "pool/sleep.c", "    put_last(list, &sleeper);",
                                   "    for (struct pool__sleeper *s = list->first; s != NULL; s = s->next)\n"
                                   "        continue;\n    put_last(list, &sleeper);"),
    "what was dropped is told": ("test_pool_source", "pool/iterator.c",
                                 "drop_fed(iterator_of(task->handle), task->next_slot->arg);", ";"),
    "a new deque is empty": ("test_pool_others_tasks", "pool/deque.c", "        return false;\n    bottom--;",
                             "        ;\n    bottom--;"),
    "workers do not wait for room": ("test_pool_others_tasks", "pool/room.c",
                                     "max_queued == 0 || !pool__is_inside(pool))", "max_queued == 0 || true)"),
    "what has not begun is waited for": ("test_pool_others", "pool/quiet.c",
                                         "&pool->ports[i].n_put, memory_order_relaxed",
                                         "&pool->ports[i].n_taken, memory_order_relaxed"),
    "parts that have begun do not wait": ("test_pool_elastic", "pool/queue.c", "more = count(&block->slots[at++]);",
                                          "more = block->slots[at++].n_tasks;\n        (void)count;"),
    "what was not delivered is told": ("test_pool_source", "pool/iterator.c", "    hand_back(iterator);\n", ""),
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


def break_all(tree: Path, jobs: "queue.SimpleQueue[tuple[str, ...]]") -> None:
    while True:
        try:
            feature, test, *how = jobs.get_nowait()
        except queue.Empty:
            return
        check_break(tree, feature, test, *how)


def main() -> int:
    rows = ROW.findall((TOP / "docs/features.md").read_text())
    check_table(rows)
    jobs: "queue.SimpleQueue[tuple[str, ...]]" = queue.SimpleQueue()
    for feature, _, _, test in rows:
        if feature in BREAKS:
            jobs.put((feature, test, *BREAKS[feature]))
    for promise, how in INSIDE.items():
        jobs.put((promise, *how))
    with tempfile.TemporaryDirectory() as folder:
        trees = [Path(folder) / str(i) for i in range(N_TREES)]
        for name in ("pool", "rawthread", "tests"):
            shutil.copytree(TOP / name, trees[0] / name, ignore=shutil.ignore_patterns("node_modules"))
        shutil.copy(TOP / "Makefile", trees[0])
        make(trees[0], "test_pool_map")
        make(trees[0], "test_rawthread")
        for tree in trees[1:]:
            shutil.copytree(trees[0], tree)
        threads = [threading.Thread(target=break_all, args=(tree, jobs)) for tree in trees]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    print(*faults, sep="\n")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
