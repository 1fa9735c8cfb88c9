#!/usr/bin/env python3
"""What a measuring process answers is looked at before it is written down, and what tasks ran is counted, whatever a
workload's own check asks: garbage and a wait that ends too early cost their own sides, with the reason."""
import json
import subprocess
from pathlib import Path

from broken_plugin import build, side
from harness import RUN_ERROR, RUN_SOME_FAILED, TOP, Bench, check, check_complete, check_ended, check_equal, document

GOOD = {"status": "ok", "reason": "", "metrics": {"time_ns": 1.5, "iterations": 1, "tasks": 10}}


def answer(**changed: object) -> str:
    return json.dumps({**GOOD, **changed})


def metrics(**changed: object) -> str:
    return answer(metrics={**GOOD["metrics"], **changed})  # type: ignore[dict-item]


# What is answered, and a part of the reason.
DAMAGED = {
    "no JSON": ("time_ns 5", "no line of JSON"),
    "a torn line": (answer()[:30], "no line of JSON"),
    "two lines": (f"{answer()}\n{answer()}", "no line of JSON"),
    "bytes": ("\xff\xfe", "no line of JSON"),
    "no UTF-8 in it": (answer(reason="x").replace("x", "\xe4"), "no line of JSON"),
    "a name twice": (answer()[:-1] + ', "status": "ok"}', "no line of JSON"),
    "NaN": (metrics(time_ns=float("nan")), "no line of JSON"),
    "too large for a number": (metrics(time_ns=0).replace(": 0,", ": 1e999,"), "no line of JSON"),
    "too large for an integer": (metrics(time_ns=10 ** 30), "no line of JSON"),
    "no object": ("[1, 2]", "no object"),
    "another status": (answer(status="splendid"), "status"),
    "a status that is none": (answer(status=1), "'status' is not a printable text"),
    "failed without a reason": (answer(status="failed"), "no reason"),
    "well with a reason": (answer(reason="because"), "with a reason"),
    "a reason of lines": (answer(status="failed", reason="a\nb"), "'reason' is not a printable text"),
    "a reason without an end": (answer(status="failed", reason=1000 * "a"), "longer than any"),
    "a reason that is a number": (answer(status="failed", reason=5), "'reason' is not a printable text"),
    "no metrics": (json.dumps({"status": "ok", "reason": ""}), "no 'metrics'"),
    "a list of metrics": (answer(metrics=[1]), "'metrics' is not an object"),
    "empty metrics": (answer(metrics={}), "iterations or of tasks"),
    "no metric of its cell": (answer(metrics={"iterations": 1, "tasks": 1}), "no metric 'time_ns'"),
    "a text": (metrics(time_ns="5"), "'time_ns' is not a number"),
    "true": (metrics(time_ns=True), "'time_ns' is not a number"),
    "null": (metrics(time_ns=None), "'time_ns' is not a number"),
    "negative": (metrics(time_ns=-1), "is negative"),
    "a negative count": (metrics(tasks=-1), "is negative"),
    "half a task": (metrics(tasks=0.5), "iterations or of tasks"),
    "more than there is": (metrics(time_ns=1e19), "can be measured"),
    "less than there is": (metrics(time_ns=1e-12), "can be measured"),
    "other iterations": (metrics(iterations=12345678), "asked for"),
    "a metric without a name": (metrics(**{"": 1}), "name that is none"),
    "a name of lines": (metrics(**{"a\nb": 1}), "name that is none"),
    "a histogram of words": (answer(histogram="many"), "'histogram' is not a list"),
    "a histogram where none is": (answer(histogram=[[5, 1]]), "no side of its cell"),
    "a lateness where none is": (answer(lateness=[[5, -1]]), "no side of its cell"),
    "a timeline of nothing": (answer(timeline={}), "no side of its cell"),
    "a negative size": (answer(resident_peak_bytes=-1), "is negative"),
    "a time of text": (answer(iteration_ns="1"), "'iteration_ns' is not a number"),
    "a negative time": (answer(iteration_ns=-1), "is negative"),
}
BACKENDS_OF_PLUGIN = 14  # and one more

# Backends that answer in place of the harness, with what is to be answered or, for the last one, without an end.
ANSWERS = r"""
#include <plugin.h>
#include <string.h>
#include <unistd.h>
static const char *const answers[] = { TEXTS };
static void say(const char *text)
{
    if (write(3, text, strlen(text)) < 0)
        _exit(1);
}
static int submit(void *state, executor_fn *fn, void *arg) { (void)state; fn(arg); return 0; }
static int wait_all(void *state) { (void)state; return 0; }
static void destroy(void *state) { (void)state; }
static char brackets[1 << 16];
static int create_endless(const struct executor_options *o, void **s)
{
    memset(brackets, '[', sizeof brackets);
    for ((void)o; s; )
        if (write(3, brackets, sizeof brackets) < 0)
            return -1;
    return 0;
}
BACKENDS
static const struct executor endless = { "endless", "talks on", 0, create_endless, submit, NULL, wait_all, NULL,
                                         destroy, NULL, NULL, NULL };
static const struct executor *const backends[] = { NAMES, &endless, NULL };
const struct poolbench_plugin poolbench_plugin = { POOLBENCH_PLUGIN_VERSION, backends, NULL };
"""


def c_string(text: str) -> str:
    """Each character is a byte."""
    return '"' + "".join(f"\\{byte:03o}" for byte in text.encode("latin-1")) + '"'


def answering(folder: Path, texts: list[str]) -> Path:
    rows = "".join(f"""
static int create{i}(const struct executor_options *o, void **s) {{ (void)o, (void)s; say(answers[{i}]); _exit(0); }}
static const struct executor backend{i} = {{ "answer-{i}", "answers itself", 0, create{i}, submit, NULL, wait_all, NULL,
                                             destroy, NULL, NULL, NULL }};""" for i in range(len(texts)))
    names = ", ".join(f"&backend{i}" for i in range(len(texts)))
    source = ANSWERS.replace("TEXTS", ",\n".join(map(c_string, texts))).replace("BACKENDS", rows)
    return build(folder, "answers", source.replace("NAMES", names))


def check_damaged(bench: Bench, cases: dict[str, tuple[str, str]]) -> None:
    plugin = answering(bench.top, [text for text, _ in cases.values()])
    names = {f"answer-{i}": name for i, name in enumerate(cases)}
    ended = bench.run("--plugin", plugin, "--profile", "smoke", "--filter", "^grain/", "--rounds", "1", "--backends",
                      ",".join(["pool", *names, "endless"]), "--results", bench.results)
    check_ended("damaged answers", ended, RUN_SOME_FAILED)
    check_complete(ended.folder)
    for sample in document(ended.folder)["samples"]:
        name = names.get(sample["backend"], sample["backend"])
        reason = cases[name][1] if name in cases else "longer than" if name == "endless" else ""
        check_equal(f"{name}: {sample['reason']}", sample["status"], "failed" if reason else "ok")
        check(reason in sample["reason"], f"{name}: {sample['reason']}")
        check("damaged" in sample["reason"] or not reason, f"{name}: {sample['reason']}")
    if "a negative time" not in cases:
        return  # once is enough for the scripts
    shown = subprocess.run([TOP / "scripts" / "cite", ended.folder], capture_output=True, text=True, timeout=60)
    check_equal(f"read by the scripts: {shown.stderr}", shown.returncode, 0)


def test_damaged() -> None:
    """Each costs its own side, and scripts read the run."""
    names = list(DAMAGED)
    for i in range(0, len(names), BACKENDS_OF_PLUGIN):
        with Bench() as bench:
            check_damaged(bench, {name: DAMAGED[name] for name in names[i:i + BACKENDS_OF_PLUGIN]})


def test_described() -> None:
    """What a plugin says of itself before the harness does, and a calibration that is none."""
    say = ("\n#include <stdlib.h>\n__attribute__((constructor)) static void lie(void)\n{\n"
           '    if (write(3, TEXT, sizeof TEXT - 1) > 0)\n        _exit(0);\n}\n')
    cases = {"nothing": "damaged",
             '{"status": "ok", "reason": "", "metrics": {"backends": [{"name": 5}]}}': "does not say",
             '{"status": "ok", "reason": "", "metrics": []}': "'metrics' is not an object"}
    with Bench() as bench:
        for i, (text, words) in enumerate(cases.items()):
            name = c_string(text)
            plugin = build(bench.top, f"lies-{i}", f"#include <unistd.h>\n#define TEXT {name}{say}")
            ended = bench.run("--plugin", plugin, "--profile", "smoke", "--results", bench.results)
            check_ended(text, ended, RUN_ERROR, f"lies-{i}.so", words)
            check(not bench.results.exists(), f"{text}: something was measured")


# A workload that is content with anything, and backends that do not wait for what they run, or run nothing.
LENIENT = r"""
#define _GNU_SOURCE
#include <plugin.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <workload.h>
struct task { executor_fn *fn; void *arg; };
static pthread_t last;
static void *run(void *of)
{
    struct task task = *(struct task *)of;
    free(of);
    task.fn(task.arg);
    return NULL;
}
static int create(const struct executor_options *o, void **state) { (void)o; *state = &last; return 0; }
static int start(executor_fn *fn, void *arg, pthread_t *thread)
{
    struct task *task = malloc(sizeof *task);
    *task = (struct task){ fn, arg };
    return -pthread_create(thread, NULL, run, task);
}
static int nothing(void *state, executor_fn *fn, void *arg) { (void)state, (void)fn, (void)arg; return 0; }
/* Waits for each task when the next one comes, and never for the last. */
static int has_last;
static int all_but_last(void *state, executor_fn *fn, void *arg)
{
    (void)state;
    if (has_last)
        pthread_join(last, NULL);
    has_last = 1;
    return start(fn, arg, &last);
}
static int never(void *state, executor_fn *fn, void *arg)
{
    pthread_t thread;
    (void)state;
    int error = start(fn, arg, &thread);
    return error ? error : -pthread_detach(thread);
}
static int map_never(void *state, executor_fn *fn, char *args, size_t stride, size_t n)
{
    for (size_t i = 0; i < n; i++)
        never(state, fn, args + i * stride);
    return 0;
}
static int wait_all(void *state) { (void)state; return 0; }
static void destroy(void *state) { (void)state; has_last = 0; }
static const struct executor null = { "null", "runs nothing", 0, create, nothing, NULL, wait_all, NULL, destroy, NULL,
                                      NULL, NULL };
static const struct executor early = { "early", "does not wait for the last", 0, create, all_but_last, NULL, wait_all,
                                       NULL, destroy, NULL, NULL, NULL };
static const struct executor hasty = { "hasty", "waits for none", 0, create, never, NULL, wait_all, NULL, destroy, NULL,
                                       map_never, NULL };
static const struct executor *const backends[] = { &null, &early, &hasty, NULL };

static int setup(const struct workload_config *config, void **state) { (void)config; *state = NULL; return 0; }
static uint64_t nap(void *state, uint64_t index)
{
    struct timespec time = { .tv_nsec = 2000000 };
    (void)state;
    nanosleep(&time, NULL);
    return index;
}
static int check(void *state, const struct workload_tally *tally, char *reason, size_t reason_bytes)
{
    (void)state, (void)tally, (void)reason, (void)reason_bytes;
    return 0;
}
static int check_badly(void *state, const struct workload_tally *tally, char *reason, size_t reason_bytes)
{
    (void)state, (void)tally;
    memset(reason, '\xe4', reason_bytes);
    return -1;
}
static size_t measure_time(void *state, struct workload_measure *measures, size_t n_max)
{
    (void)state, (void)n_max;
    measures[0] = (struct workload_measure){ "time_ns", 0.001 };
    return 1;
}
static size_t measure_nothing(void *state, struct workload_measure *measures, size_t n_max)
{
    (void)state, (void)n_max;
    measures[0] = (struct workload_measure){ "mine", 0.0 / 0.0 };
    return 1;
}
static void teardown(void *state) { (void)state; }
static const struct workload_parameter none[] = { { NULL, NULL, 0, 0, 0 } };
#define WORKLOAD(symbol, name, check, measure) \
    static const struct workload symbol = { name, WORKLOAD_IO, "naps", none, NULL, setup, nap, check, measure, \
                                            teardown }
WORKLOAD(lenient, "lenient", check, NULL);
WORKLOAD(rude, "rude", check_badly, NULL);
WORKLOAD(boastful, "boastful", check, measure_time);
WORKLOAD(vague, "vague", check, measure_nothing);
static const struct workload *const workloads[] = { &lenient, &rude, &boastful, &vague, NULL };
const struct poolbench_plugin poolbench_plugin = { POOLBENCH_PLUGIN_VERSION, backends, workloads };
"""

LOADS: dict[str, dict[str, object]] = {
    "batch": {"tasks": 3}, "batches": {"tasks": 1, "batches": 3}, "life": {"tasks": 3, "life": "batch"},
    "map": {"tasks": 3, "call": "map"}, "kinds": {"tasks": 4, "functions": 2, "chunk": 2},
    "idle": {"tasks": 3, "load": "idle", "pause_ns": 1000},
    "gate": {"tasks": 3, "gate": "closed"},
    "window": {"tasks": 3, "load": "window", "inflight": 3}, "inject": {"tasks": 3, "load": "inject"},
    "stamped": {"tasks": 3, "batches": 2, "mode": "latency"},
}


def job(plugin: Path, keys: dict[str, object], **changed: object) -> dict[str, object]:
    return {"cell": "test", "workload": "lenient", "backend": "pool", "workers": 1, "iterations": 1,
            "keys": {"load": "batch", "mode": "throughput", **keys}, "once": keys.get("gate") == "closed",
            "side_ms": 1, "seed": 1, "calibration": 1000, "stack_bytes": 65536, "max_threads": 0,
            "thread_limit": "", "scratch_dir": "/tmp", "cpusets": [], "plugins": [str(plugin)], **changed}


def test_counts() -> None:
    """Tasks that did not run, or that still run when the wait for them has returned, under a workload that does not
    mind, in every load that waits for them with the backend."""
    with Bench() as bench:
        plugin = build(bench.top, "lenient", LENIENT, f"-I{TOP}/workloads")
        for load, keys in LOADS.items():
            for backend in ("pool", "null", "early", "hasty"):
                if (backend, load) in (("null", "window"), ("early", "map"), ("early", "gate")):
                    continue  # waits for ever, has no map
                said = side(job(plugin, keys, backend=backend))
                check_equal(f"{backend} in {load}: {said}", said["status"], "ok" if backend == "pool" else "failed")
                check(backend == "pool" or "by the end of the wait" in said["reason"], f"{backend} in {load}: {said}")
        open_load = {"load": "open", "mode": "latency", "arrivals": "constant", "percent": 50, "duration_ms": 20}
        for backend in ("pool", "null", "early", "hasty"):
            said = side(job(plugin, open_load, backend=backend, capacity_per_s=1000.0, service_ns=1e6,
                            generator_cpu=-1))
            check_equal(f"{backend} in open: {said}", said["status"], "ok" if backend == "pool" else "failed")


def test_workloads() -> None:
    """A reason that is no text, a measure that has a metric's name, and one that is no number."""
    with Bench() as bench:
        plugin = build(bench.top, "lenient", LENIENT, f"-I{TOP}/workloads")
        for workload, words in {"rude": "?", "boastful": "name of a metric: time_ns", "vague": "no number"}.items():
            said = side(job(plugin, {"tasks": 1}, workload=workload))
            check_equal(f"{workload}: {said}", said["status"], "failed")
            check(words in said["reason"], f"{workload}: {said['reason']}")


if __name__ == "__main__":
    test_damaged()
    test_described()
    test_counts()
    test_workloads()
