#!/usr/bin/env python3
"""Plugins: the examples of docs/plugins are built outside of the tree and measured like what is built in; broken ones
are refused or cost their own cells alone; and no workload's check lets a backend pass that runs a task twice or not."""
import json
import signal
import subprocess
from pathlib import Path

from broken_plugin import backend, build, side
from harness import (BUILD, RUN_ERROR, RUN_OK, RUN_SOME_FAILED, RUN_STOPPED, TOP, Bench, await_true, check,
                     check_complete, check_ended, check_equal, document, end, journal, run_folders, run_parts)


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


def test_older_version() -> None:
    """A plugin of before call and capabilities were added is measured; what it does not have is no failure, and what
    lies behind its struct is not looked at."""
    with Bench() as bench:
        plugin = backend(bench.top, "elder", version="2", call="(int (*)(void *, executor_value_fn *, void *, "
                         "uint64_t *))1")
        ended = bench.run("--plugin", plugin, "--profile", "smoke", "--filter", "^(grain|handle|inject|bounded)/",
                          "--rounds", "1", "--backends", "elder", "--results", bench.results)
        check_ended("an older plugin", ended, RUN_OK)
        found = {s["cell"].split("/")[0]: (s["status"], s["reason"]) for s in document(ended.folder)["samples"]}
        without = ("limit", "the backend has no such operation")
        check_equal("what it did", found,
                    {"grain": ("ok", ""), "handle": without, "inject": without, "bounded": without})


def test_refused() -> None:
    """What is no plugin, or brings what cannot be measured: one line, and nothing is measured."""
    with Bench() as bench:
        (bench.top / "text.so").write_text("no library\n")
        cases = {
            bench.top / "missing.so": "No such file",
            bench.top / "text.so": "file too short",
            build(bench.top, "empty", "int nothing;\n"): "does not define poolbench_plugin",
            backend(bench.top, "old", version="99"): "version 99",
            backend(bench.top, "oldest", version="1"): "version 1 ",
            backend(bench.top, "raw"): "there is a backend 'raw' already",
            backend(bench.top, "No Name"): "lower-case letters",
            backend(bench.top, "crash", more="__attribute__((constructor)) static void crash(void)"
                    "{ raise(SIGSEGV); }\n"): "signal 11",
            build(bench.top, "leave", "#include <stdlib.h>\n__attribute__((constructor)) static void leave(void)"
                  "{ exit(0); }\n"): "code 0",
        }
        for plugin, words in cases.items():
            ended = bench.run("--plugin", plugin, "--profile", "smoke", "--results", bench.results)
            check_ended(f"{plugin.name}", ended, RUN_ERROR, plugin.name, words)
            check(not bench.results.exists(), f"{plugin.name}: something was measured")


# What a backend does wrong, and a part of the reason; None where its sides are well all the same.
BROKEN: dict[str, tuple[dict[str, str], str | None]] = {
    "crashes": ({"body": "raise(SIGSEGV)"}, "signal 11"),
    "aborts": ({"body": "abort()"}, "signal 6"),
    "exits": ({"body": "exit(0)"}, "ended with code 0"),
    "exits-quickly": ({"body": "_exit(3)"}, "ended with code 3"),
    "skips": ({"body": ""}, "ran 0 of"),
    "doubles": ({"body": "fn(arg); fn(arg)"}, "tasks"),
    "loses": ({"body": "if (n % 1000) fn(arg)"}, "tasks"),
    "boasts": ({"accepted": "*n_accepted = 2 * n_tasks"}, "tasks"),
    "belittles": ({"accepted": "*n_accepted = 0"}, "of 0 tasks"),
    "refuses": ({"create": "return -5"}, "Input/output error"),
    "leaks-memory": ({"body": "fn(arg); if (n < 500) leave_memory(65536)"}, None),
    "leaks-threads": ({"body": "fn(arg); if (n < 100) leave_thread()"}, None),
    "leaks-processes": ({"body": "fn(arg); if (n < 5) leave_process()"}, None),
    "miscounts": ({"counters": ".threads_created = 1u << 30, .threads_peak = 1u << 20"}, None),
}


def test_broken() -> None:
    """A backend that breaks costs its own sides, with the reason; the others are whole, and nothing is left."""
    with Bench() as bench:
        plugins = [backend(bench.top, name, **how) for name, (how, _) in BROKEN.items()]
        options = [word for plugin in plugins for word in ("--plugin", plugin)]
        ended = bench.run(*options, "--profile", "smoke", "--filter", "^grain/", "--rounds", "2", "--backends",
                          ",".join(["pool", *BROKEN]), "--results", bench.results)
        check_ended("broken backends", ended, RUN_SOME_FAILED)
        check_complete(ended.folder)
        check_equal("left running", bench.processes(), [])
        for sample in document(ended.folder)["samples"]:
            name, reason = sample["backend"], BROKEN.get(sample["backend"], ({}, None))[1]
            check_equal(f"status of {name}: {sample['reason']}", sample["status"], "failed" if reason else "ok")
            check(not reason or reason in sample["reason"], f"{name}: {sample['reason']}")


def test_measured_nowhere() -> None:
    """What was refused a backend in every cell is said first, and the run does not end as one that went well."""
    with Bench() as bench:
        plugin = backend(bench.top, "refuses", create="return -12")
        ended = bench.run("--plugin", plugin, "--profile", "smoke", "--filter", "^grain/", "--rounds", "1",
                          "--backends", "pool,refuses", "--results", bench.results)
        check_ended("measured nowhere", ended, RUN_SOME_FAILED)
        check_complete(ended.folder)
        lost = [line for line in ended.stderr.splitlines() if not line.startswith(("!", "round"))]
        check(lost[0].startswith("NOT MEASURED: refuses, in no cell: "), ended.stderr)


def start_hanging(bench: Bench) -> subprocess.Popen[str]:
    """A run of a backend that hangs once, in a round: the pilot's time-out is longer."""
    plugin = backend(bench.top, "hangs", f'fn(arg); if (unlink("{bench.top}/hang") == 0) for (;;) pause()')
    process = bench.start("--plugin", plugin, "--profile", "smoke", "--filter", "^grain/", "--rounds", "20",
                          "--backends", "pool,hangs", "--results", bench.results)
    await_true("the pilot has ended", lambda: any(map(journal, run_folders(bench.results))))
    (bench.top / "hang").touch()
    return process


def check_hanging(bench: Bench, process: subprocess.Popen[str]) -> None:
    """Its side of that round is stopped at its time-out, and not tried again; all others are well."""
    ended = end(process)
    check_ended("a backend that hangs", ended, RUN_SOME_FAILED)
    check_complete(ended.folder)
    check_equal("left running", bench.processes(), [])
    failed = [sample for sample in document(ended.folder)["samples"] if sample["status"] != "ok"]
    check_equal("what failed", {(sample["backend"], sample["status"]) for sample in failed}, {("hangs", "failed")})
    check(failed[0]["reason"].startswith("not done after "), f"untrue reason: {failed[0]['reason']}")
    check_equal("rounds", [sample["round"] for sample in failed], list(range(failed[0]["round"], 20)))
    for sample in failed[1:]:
        check(sample["reason"].endswith(f"in round {failed[0]['round'] + 1}: not tried again"), sample["reason"])
    check("at worst that takes 1 min for the 1 sides of plugins" in ended.stderr, f"not said:\n{ended.stderr}")


def test_loaded_where_needed() -> None:
    """A plugin is in the process that describes it and in those that measure its sides, and in no other."""
    with Bench() as bench:
        trace = bench.top / "trace"
        tell = ("\n#include <fcntl.h>\n__attribute__((constructor)) static void tell(void)\n{\n"
                f'    int file = open("{trace}", O_CREAT | O_APPEND | O_WRONLY, 0600);\n'
                '    if (file < 0 || write(file, "x", 1) != 1)\n        abort();\n    close(file);\n}\n')
        noisy = backend(bench.top, "noisy", more=tell)
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


def many_workers(folder: Path, n_backends: int) -> Path:
    """One plugin with so many backends that have workers; nothing is measured with them here."""
    rows = "".join(f'static const struct executor b{i} = {{ "many-{i}", "one of many", EXECUTOR_HAS_WORKERS, create, '
                   "submit, NULL, wait_all, NULL, destroy, NULL, NULL, NULL };\n" for i in range(n_backends))
    return build(folder, "many", f"""
#include <plugin.h>
#include <stddef.h>
static int create(const struct executor_options *o, void **state) {{ (void)o; *state = NULL; return 0; }}
static int submit(void *state, executor_fn *fn, void *arg) {{ (void)state; fn(arg); return 0; }}
static int wait_all(void *state) {{ (void)state; return 0; }}
static void destroy(void *state) {{ (void)state; }}
{rows}
static const struct executor *const backends[] = {{ {", ".join(f"&b{i}" for i in range(n_backends))}, NULL }};
const struct poolbench_plugin poolbench_plugin = {{ POOLBENCH_PLUGIN_VERSION, backends, NULL }};
""")


def test_many_sides() -> None:
    """More sides than a report can hold are refused; with a filter that leaves few enough they are measured."""
    with Bench() as bench:
        options = ("--plugin", many_workers(bench.top, 9), "--profile", "full", "--results", bench.results,
                   "--workers", ",".join(map(str, range(1, 17))))
        check_ended("all", bench.run(*options), RUN_ERROR, "more than 10000 sides", "--filter")
        check_ended("none", bench.run(*options, "--filter", "^grian/"), RUN_ERROR, "no cell matches", "'grain/")
        check(not bench.results.exists(), "something was measured")
        process = bench.start(*options, "--filter", "^grain/")
        await_true("it measures or has ended", lambda: process.poll() is not None or run_folders(bench.results))
        process.send_signal(signal.SIGINT)
        check_ended("filtered", end(process), RUN_STOPPED)


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
    with Bench() as hanging_bench:
        hanging = start_hanging(hanging_bench)  # beside all others, because it waits
        run_parts([test_examples, test_older_version, test_refused, test_broken, test_measured_nowhere,
                   test_loaded_where_needed, test_gone, test_many_sides, test_every_check])
        check_hanging(hanging_bench, hanging)
