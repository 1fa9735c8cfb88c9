"""Plugins for the tests: a backend that does with each task what a test says."""
import json
import os
import subprocess
from pathlib import Path
from typing import Any

from harness import BUILD, TOP, check_equal

# Runs the tasks on a thread that does with each what BODY says; n counts them.
BACKEND = r"""
#include <plugin.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
struct batch { executor_fn *fn; char *args; size_t stride, n; };
static size_t n;
static void *stay(void *arg) { sleep(1000); return arg; }
static char *volatile left;
static void leave_memory(size_t n_bytes)
{
    left = malloc(n_bytes);
    memset(left, 1, n_bytes);
}
static void leave_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, stay, NULL) == 0)
        pthread_detach(thread);
}
static void leave_process(void) /* in a session of its own */
{
    if (fork() == 0) {
        setsid();
        stay(NULL);
    }
}
static void one(executor_fn *fn, void *arg)
{
    n++;
    (void)fn, (void)arg, (void)leave_memory, (void)leave_thread, (void)leave_process;
    BODY;
}
static void *run(void *arg)
{
    struct batch *batch = arg;
    for (size_t i = 0; i < batch->n; i++)
        one(batch->fn, batch->args + i * batch->stride);
    return NULL;
}
static int create(const struct executor_options *o, void **state) { (void)o; *state = &n; CREATE; return 0; }
static int submit_many(void *state, executor_fn *fn, char *args, size_t stride, size_t n_tasks, size_t *n_accepted)
{
    struct batch batch = { fn, args, stride, n_tasks };
    pthread_t thread;
    (void)state;
    *n_accepted = n_tasks;
    pthread_create(&thread, NULL, run, &batch);
    pthread_join(thread, NULL);
    ACCEPTED;
    return 0;
}
static int submit(void *state, executor_fn *fn, void *arg)
{
    size_t n_accepted;
    return submit_many(state, fn, arg, 0, 1, &n_accepted);
}
static int wait_all(void *state) { (void)state; return 0; }
static void counters(void *state, struct executor_counters *c)
{
    (void)state;
    *c = (struct executor_counters){ COUNTERS };
}
static void destroy(void *state) { (void)state; }
static int fork_task(void *state, executor_fn *fn, void *left, void *right)
{
    (void)state;
    fn(left);
    fn(right);
    return 0;
}
static const struct executor backend = { "NAME", "made to be broken", 0, create, submit, submit_many, wait_all,
                                         counters, destroy, fork_task, NULL, CALL };
static const struct executor *const backends[] = { &backend, NULL };
const struct poolbench_plugin poolbench_plugin = { VERSION, backends, NULL };
"""


def side(job: dict[str, Any]) -> dict[str, Any]:
    """One job of a measuring process."""
    done = subprocess.run(["sh", "-c", 'exec "$0" side "$1" 3>&1 >/dev/null', BUILD / "poolbench", json.dumps(job)],
                          capture_output=True, text=True, timeout=60)
    ended = {"status": "failed", "reason": f"ended with {done.returncode}"}
    return json.loads(done.stdout) if done.stdout else ended  # type: ignore[no-any-return]


def build(folder: Path, name: str, source: str, *options: str) -> Path:
    file, plugin = folder / f"{name}.c", folder / f"{name}.so"
    file.write_text(source)
    done = subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-Wall", "-Wextra", "-shared", "-fPIC", "-O1",
                           f"-I{TOP}/bench", *options, "-o", plugin, file], capture_output=True, text=True)
    check_equal(f"building {name}", (done.returncode, done.stderr), (0, ""))
    return plugin


def backend(folder: Path, name: str, body: str = "fn(arg)", *, create: str = "", accepted: str = "",
            counters: str = "0", call: str = "NULL", version: str = "POOLBENCH_PLUGIN_VERSION", more: str = "") -> Path:
    words = {"BODY": body, "CREATE": create, "ACCEPTED": accepted, "COUNTERS": counters, "CALL": call, "NAME": name,
             "{ VERSION,": f"{{ {version},"}
    text = BACKEND
    for word, stands_for in words.items():
        text = text.replace(word, stands_for)
    return build(folder, name, text + more)
