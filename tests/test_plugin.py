#!/usr/bin/env python3
"""Plugins: the examples of docs/plugins are built outside of the tree and measured like what is built in; broken ones
are refused or cost their own cells alone; and no workload's check lets a backend pass that runs a task twice or not."""
import json
import os
import subprocess
from pathlib import Path

from harness import (BUILD, RUN_ERROR, RUN_OK, RUN_SOME_FAILED, TOP, Bench, check, check_ended, check_equal, document,
                     run_parts)

# Runs the tasks on a thread that does with each what BODY says; n counts them.
BACKEND = r"""
#include <plugin.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
struct batch { executor_fn *fn; char *args; size_t stride, n; };
static size_t n;
static void one(executor_fn *fn, void *arg) { n++; (void)fn; (void)arg; BODY; }
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
    return 0;
}
static int submit(void *state, executor_fn *fn, void *arg)
{
    size_t n_accepted;
    return submit_many(state, fn, arg, 0, 1, &n_accepted);
}
static int wait_all(void *state) { (void)state; return 0; }
static void counters(void *state, struct executor_counters *c) { (void)state; *c = (struct executor_counters){ 0 }; }
static void destroy(void *state) { (void)state; }
static int fork_task(void *state, executor_fn *fn, void *left, void *right)
{
    (void)state;
    fn(left);
    fn(right);
    return 0;
}
static const struct executor backend = { "NAME", "made to be broken", 0, create, submit, submit_many, wait_all,
                                         counters, destroy, fork_task, NULL };
static const struct executor *const backends[] = { &backend, NULL };
const struct poolbench_plugin poolbench_plugin = { VERSION, backends, NULL };
"""


def build(folder: Path, name: str, source: str) -> Path:
    file, plugin = folder / f"{name}.c", folder / f"{name}.so"
    file.write_text(source)
    done = subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-Wall", "-Wextra", "-shared", "-fPIC", "-O1",
                           f"-I{TOP}/bench", "-o", plugin, file], capture_output=True, text=True)
    check_equal(f"building {name}", (done.returncode, done.stderr), (0, ""))
    return plugin


def backend(folder: Path, name: str, body: str = "fn(arg)", create: str = "",
            version: str = "POOLBENCH_PLUGIN_VERSION") -> Path:
    text = BACKEND.replace("BODY", body).replace("CREATE", create).replace("NAME", name).replace("VERSION;", "")
    return build(folder, name, text.replace("{ VERSION,", f"{{ {version},"))


def example(folder: Path, name: str) -> Path:
    return build(folder, name, (TOP / "docs" / "plugins" / f"{name}.c").read_text())


def test_examples() -> None:
    """Listed, planned, measured, recorded."""
    with Bench() as bench:
        plugins = [example(bench.top, "naive"), example(bench.top, "sort")]
        options = [word for plugin in plugins for word in ("--plugin", plugin)]
        listed = subprocess.run([bench.binary, "list", "--json", *options], capture_output=True, text=True, timeout=60)
        everything = json.loads(listed.stdout)
        check("naive" in [row["name"] for row in everything["backends"]], "the backend is not listed")
        sort = next(row for row in everything["workloads"] if row["name"] == "sort")
        check_equal("parameters of sort", [row["name"] for row in sort["parameters"]], ["count"])
        ended = bench.run(*options, "--profile", "smoke", "--filter", "^(cpu/sort|grain)/", "--backends",
                          "pool,raw,serial,naive", "--results", bench.results)
        check_ended("the examples", ended, RUN_OK)
        short = bench.run("--plug", plugins[0], "--backends", "naive", "--profile", "smoke", "--filter", "^grain/",
                          "--rounds", "1", "--results", bench.results)
        check_ended("a shortened option", short, RUN_OK)
        run = document(ended.folder)
        seen = {(s["cell"].partition("/length")[0].split("/")[0], s["backend"], s["status"]) for s in run["samples"]}
        check({("cpu", "naive", "ok"), ("grain", "naive", "ok"), ("cpu", "pool", "ok")} <= seen, f"measured: {seen}")
        check_equal("plugins", [row["file"] for row in run["factors"]["plugins"]], ["naive.so", "sort.so"])
        check(str(bench.top) not in json.dumps(run), "the run tells where the plugins lie")


def test_refused() -> None:
    """What is no plugin, or brings what cannot be measured: one line, and nothing is measured."""
    with Bench() as bench:
        (bench.top / "text.so").write_text("no library\n")
        cases = {
            bench.top / "missing.so": "No such file",
            bench.top / "text.so": "file too short",
            build(bench.top, "empty", "int nothing;\n"): "does not define poolbench_plugin",
            backend(bench.top, "old", version="99"): "version 99",
            backend(bench.top, "raw"): "there is a backend 'raw' already",
            backend(bench.top, "No Name"): "lower-case letters",
            build(bench.top, "crash", BACKEND.replace("VERSION", "POOLBENCH_PLUGIN_VERSION", 1).replace(
                "BODY", "fn(arg)").replace("CREATE", "").replace("NAME", "crash")
                + "__attribute__((constructor)) static void crash(void) { raise(SIGSEGV); }\n"): "signal 11",
            build(bench.top, "leave", "#include <stdlib.h>\n__attribute__((constructor)) static void leave(void)"
                  "{ exit(0); }\n"): "code 0",
        }
        for plugin, words in cases.items():
            ended = bench.run("--plugin", plugin, "--profile", "smoke", "--results", bench.results)
            check_ended(f"{plugin.name}", ended, RUN_ERROR, plugin.name, words)
            check(not bench.results.exists(), f"{plugin.name}: something was measured")


def test_broken() -> None:
    """A backend that breaks costs its own sides, with the reason; the others are whole."""
    bodies = {"crashes": ("raise(SIGSEGV)", "signal 11"), "exits": ("exit(0)", "ended with code 0"),
              "skips": ("", "ran 0 of"), "doubles": ("fn(arg); fn(arg)", "tasks"),
              "loses": ("if (n % 1000) fn(arg)", "tasks")}
    with Bench() as bench:
        plugins = [backend(bench.top, name, body) for name, (body, _) in bodies.items()]
        options = [word for plugin in plugins for word in ("--plugin", plugin)]
        ended = bench.run(*options, "--profile", "smoke", "--filter", "^grain/", "--rounds", "2", "--backends",
                          ",".join(["pool", *bodies]), "--results", bench.results)
        check_ended("broken backends", ended, RUN_SOME_FAILED)
        for sample in document(ended.folder)["samples"]:
            name = sample["backend"]
            if name in bodies:
                check_equal(f"status of {name}", sample["status"], "failed")
                check(bodies[name][1] in sample["reason"], f"{name}: {sample['reason']}")
            else:
                check_equal(f"status of {name}", sample["status"], "ok")


def test_loaded_where_needed() -> None:
    """A plugin is in the process that describes it and in those that measure its sides, and in no other."""
    with Bench() as bench:
        trace = bench.top / "trace"
        noisy = build(bench.top, "noisy", BACKEND.replace("VERSION", "POOLBENCH_PLUGIN_VERSION", 1).replace(
            "BODY", "fn(arg)").replace("CREATE", "").replace("NAME", "noisy") + "#include <fcntl.h>\n"
            "__attribute__((constructor)) static void tell(void) { int file = open(\"" + str(trace) + "\", O_CREAT |"
            " O_APPEND | O_WRONLY, 0600); if (file < 0 || write(file, \"x\", 1) != 1) abort(); close(file); }\n")
        for backends in ("pool", "pool,noisy"):
            trace.write_text("")
            ended = bench.run("--plugin", noisy, "--profile", "smoke", "--filter", "^threads/|^grain/", "--rounds", "2",
                              "--backends", backends, "--results", bench.results)
            check_ended(backends, ended, RUN_OK)
            n_sides = len([s for s in document(ended.folder)["samples"] if s["backend"] == "noisy"])
            n_loaded = len(trace.read_text()) - 1  # once it was described
            check(n_loaded >= n_sides and (n_loaded > 0) == (n_sides > 0), f"{backends}: loaded {n_loaded} times")


def test_gone() -> None:
    """A plugin that is no longer there when its side's turn comes: the reason does not tell where it was."""
    with Bench() as bench:
        job = {"cell": "test", "workload": "spin", "backend": "naive", "plugins": [str(bench.top / "gone.so")]}
        answer = side(job)
        check_equal("status", answer["status"], "failed")
        check(answer["reason"].startswith("gone.so: "), f"reason: {answer['reason']}")


def side(job: dict) -> dict:
    """One job of a measuring process."""
    done = subprocess.run(["sh", "-c", 'exec "$0" side "$1" 3>&1 >/dev/null', BUILD / "poolbench", json.dumps(job)],
                          capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout) if done.stdout else {"status": "failed", "reason": f"ended with {done.returncode}"}


def test_every_check() -> None:
    """Backends that run nothing, run each task twice, or one in a thousand not, under every workload."""
    workloads = json.loads(subprocess.run([BUILD / "poolbench", "list", "workloads", "--json"], capture_output=True,
                                          text=True, check=True).stdout)["workloads"]
    with Bench() as bench:
        bodies = {"right": "fn(arg)", "null": "", "twice": "fn(arg); fn(arg)", "loses": "if (n % 1000) fn(arg)"}
        plugins = {name: str(backend(bench.top, name, body)) for name, body in bodies.items()}
        for workload in workloads:
            keys = {row["name"]: row["min"] for row in workload["parameters"]}
            for name, plugin in plugins.items():
                job = {"cell": "test", "workload": workload["name"], "backend": name, "workers": 1, "iterations": 1,
                       "keys": {"load": "batch", "mode": "throughput", "tasks": 1000, **keys}, "once": True,
                       "side_ms": 1, "seed": 1, "calibration": 1000, "stack_bytes": 65536, "max_threads": 0,
                       "thread_limit": "", "scratch_dir": str(bench.top), "cpusets": [], "plugins": [plugin]}
                answer = side(job)
                if answer["status"] == "limit":
                    continue  # no disk here
                check_equal(f"{workload['name']} on {name}: {answer['reason']}", answer["status"],
                            "ok" if name == "right" else "failed")


if __name__ == "__main__":
    run_parts([test_examples, test_refused, test_broken, test_loaded_where_needed, test_gone, test_every_check])
