#!/usr/bin/env python3
"""run.json of a whole run and of one that was stopped fits its schema, and journal lines have the documented fields."""
import gzip
import json
import signal
import sys
from pathlib import Path
from typing import Any

from harness import (SKIPPED, TOP, Bench, RUN_OK, RUN_STOPPED, await_true, check, check_ended, check_equal,
                     document, end,
                     journal, run_folders)

SCHEMA = TOP / "docs" / "run.schema.json"

COMMON = {"round", "cell", "backend", "workers", "status", "reason", "metrics", "environment"}
ENVIRONMENT = {"load1", "steal_ms", "throttled_ms", "frequency_mhz", "context_switches_voluntary",
               "context_switches_involuntary", "faults_minor", "faults_major", "user_s", "system_s", "wall_s",
               "resident_peak_bytes", "cycles", "instructions"}
COUNTERS = {"cpu_ns", "iterations", "tasks", "threads_created", "threads_refused", "threads_peak", "inline_tasks"}
THREADS = {"threads_created", "threads_refused", "threads_peak"}
THROUGHPUT = {"time_ns", "first_ns"}
LATENCY = {"p50_ns", "max_ns", "mean_ns", "lateness_p50_ns", "queue_p50_ns", "service_p50_ns", "delivery_p50_ns"}
DEPTH = {"held", "submit_ns", "bytes_per_task", "kernel_bytes_per_task"}
OPEN = {"offered_per_s", "done_per_s", "in_time_per_s", "refused", "unloaded_ns", "blocked_p50_ns", "lateness_p90_ns",
        "lateness_p99_ns", "lateness_p999_ns", "queue_mean_ns", "service_mean_ns"}

Object = dict[str, Any]


def validate(what: str, run: Object) -> None:
    import jsonschema
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    errors = [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(run)]
    check(not errors, f"{what} does not fit the schema:\n" + "\n".join(errors[:5]))


def expected_metrics(cell: Object, backend: str) -> set[str]:
    if backend == "floor":
        return {"time_ns", "iterations", "tasks"}
    if cell["keys"].get("gate") == "closed":
        return COUNTERS - {"cpu_ns"} | DEPTH
    if cell["load"] == "idle":
        return COUNTERS - {"cpu_ns"} | {"idle_cpu_share"}
    if backend == "processes":  # whose processor time is not the measuring process's
        return COUNTERS - {"cpu_ns"} | THROUGHPUT
    if cell["load"] == "idiom":
        once = {"first_ns"} if cell["experiment"] == "status" else set()
        looked = {"polls"} if cell["keys"].get("polls_per_s") else set()
        return COUNTERS - THREADS | THROUGHPUT - once | {"first_result_ns", "lines"} | looked
    if cell["keys"].get("count") == "threads":
        return COUNTERS | THROUGHPUT - {"first_ns"} | {"threads_seen"}
    if cell["load"] == "open":
        return COUNTERS - {"cpu_ns"} | LATENCY | OPEN
    if cell["workload"].startswith("gil-") and cell["load"] != "python":
        return COUNTERS | THROUGHPUT | {"gave_way"}
    if cell["load"] == "batch" and cell["mode"] == "latency":  # of whole batches, which have no parts
        return COUNTERS | {"p50_ns", "max_ns", "mean_ns"}
    return COUNTERS | (LATENCY if cell["mode"] == "latency" else THROUGHPUT)


def check_line(line: Object, cell: Object, known: set[str], has_own_core: bool) -> None:
    what = f"{line['backend']} {line['cell']}"
    latency = cell["mode"] == "latency"
    fields = COMMON | {"schema", "wall_s"} | ({"histogram"} if latency else set())
    fields |= {"timeline", "lateness"} if cell["load"] == "open" else set()
    check_equal(f"fields of {what}", set(line), fields)
    check_equal(f"status of {what}", (line["status"], line["reason"]), ("ok", ""))
    check_equal(f"environment of {what}", set(line["environment"]), ENVIRONMENT)
    for name, value in line["environment"].items():
        check(value == "unknown" or isinstance(value, (int, float)), f"{what}: {name} is {value!r}")
    metrics = line["metrics"]
    missing = expected_metrics(cell, line["backend"]) - set(metrics)
    check(not missing, f"{what}: no {sorted(missing)}")
    check(set(metrics) <= known, f"{what}: metrics without a row in metrics: {sorted(set(metrics) - known)}")
    other = THROUGHPUT if latency else LATENCY
    check(not set(metrics) & other, f"{what}: numbers of the other mode: {sorted(metrics)}")
    if latency:
        check_equal(f"tasks in the histogram of {what}", sum(count for _, count in line["histogram"]), metrics["tasks"])
    if cell["keys"].get("gate") == "closed":
        check_equal(f"held of {what}", metrics["held"], cell["keys"]["tasks"])
    if line["backend"] != "floor":
        is_serial = line["backend"] == "serial"
        if line["backend"] != "pool-caller":  # which runs tasks inline when it is full
            check_equal(f"whether tasks ran inline in {what}", metrics["inline_tasks"] > 0, is_serial)
    is_known = cell["load"] in ("batch", "gap", "idle", "idiom") or cell["load"] == "open" and has_own_core
    check_equal(f"whether {what} tells where its tasks ran", "same_cpu" in metrics, is_known)
    if "threads_created" in metrics:
        check_equal(f"whether {what} created threads", metrics["threads_created"] > 0,
                    line["backend"] not in ("serial", "processes"))


def check_journal(folder: Path, run: Object) -> list[Object]:
    plan, *lines = journal(folder)
    check_equal("fields of the plan", set(plan), {"schema", "plan", "calibration", "iterations"})
    cells = {cell["name"]: cell for cell in run["cells"]}
    known = {metric["name"] for metric in run["metrics"]}
    has_own_core = run["factors"]["generator"] == "a core of its own"
    for line in lines:
        check_line(line, cells[line["cell"]], known, has_own_core)
    return lines


def test_complete() -> None:
    with Bench() as bench:
        ended = bench.run("--profile", "smoke", "--rounds", 1, "--workers", "2,1,2", "--backends",
                          "pool,raw,raw-capped,serial,pool-again,pool,python-thread", "--results", bench.results)
        check_ended("run", ended, RUN_OK)
        run = document(ended.folder)
        validate("run.json of a whole run", run)
        lines = check_journal(ended.folder, run)
        check_equal("iterations", journal(ended.folder)[0]["iterations"], [cell["iterations"] for cell in run["cells"]])
        stripped = [{key: line[key] for key in COMMON} for line in lines]
        check(stripped == run["samples"], "samples are not the lines of the journal")
        check_equal("experiments", {cell["experiment"] for cell in run["cells"]},
                    {experiment["name"] for experiment in run["experiments"]})



def test_stopped() -> None:
    with Bench() as bench:
        process = bench.start("--profile", "smoke", "--rounds", 50, "--filter", "^(oneoff|depth)/",
                              "--results", bench.results)
        await_true("a sample in the journal",
                   lambda: [folder for folder in run_folders(bench.results) if len(journal_lines(folder)) > 2])
        process.send_signal(signal.SIGINT)
        check_ended("stopped run", end(process), RUN_STOPPED)
        folder, = run_folders(bench.results)
        run = document(folder)
        check_equal("status", run["run"]["status"], "incomplete")
        validate("run.json of a stopped run", run)
        check(len(check_journal(folder, run)) >= 1, "nothing was measured before the stop")


def journal_lines(folder: Path) -> list[str]:
    path = folder / "journal.jsonl"
    return path.read_text().split("\n") if path.exists() else []


def test_kept() -> None:
    """The runs that lie in results/."""
    paths = sorted(TOP.glob("results/*/*/run.json*"))
    check(len(paths) >= 2, f"a quick and a full run are kept, found {len(paths)}")
    for path in paths:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt") as file:
            validate(str(path), json.load(file))


def main() -> int:
    try:
        import jsonschema  # noqa: F401
    except ImportError:
        print("jsonschema (python3-jsonschema) is missing")
        return SKIPPED
    test_complete()
    test_stopped()
    test_kept()
    return 0


if __name__ == "__main__":
    sys.exit(main())
