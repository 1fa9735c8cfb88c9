#!/usr/bin/env python3
"""Makes up run folders whose truth is known, for tests of whatever reads runs.

Numbers come from a small model of a machine with two CPUs, times noise that is drawn from a seed. A test
changes the truth with `scale`: {(experiment, backend): factor on that side's cost}, and how well it can be seen
with `noise` (the standard deviation of the logarithm). The folder follows results/README.md.
"""
import argparse
import functools
import json
import math
import pickle
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from madeup_tables import BACKENDS, EXPERIMENTS, FLOORS, GRIDS, METRICS, MS, RAW_MOST_THREADS, ROUNDS, US, WORKLOADS

CPUS = 2
RUN_ID = "20260102T030405Z-0123abcd"
MACHINE = "made-up-cpu-2c-0badcafe"

Scale = dict[tuple[str, str], float]


USUAL_SIDES = [("pool", CPUS), ("raw", 0), ("raw-capped", CPUS), ("serial", 0)]


def make_cell(experiment: str, workload: str, keys: dict[str, Any], sides: list[tuple[str, int]],
              role: str = "") -> dict:
    keys = dict(sorted(keys.items()))
    name = (f"floors/{keys['floor']}" if experiment == "floors" else
            "/".join([experiment, workload, *(f"{key}:{value}" for key, value in keys.items())]))
    if role == "primary" and ("pool", CPUS) in sides:
        sides = [*sides, ("pool-again", CPUS)]
    return {"name": name, "experiment": experiment, "workload": workload, "load": keys["load"], "mode": keys["mode"],
            "keys": keys, "primary": role == "primary", "role": role, "sides": sides, "iterations": [10] * len(sides),
            "tasks": keys.get("tasks", 1) * keys.get("batches", 1)}


def make_cells(profile: str) -> list[dict]:
    grid, batch = GRIDS[profile], {"load": "batch", "mode": "throughput"}
    cells = [make_cell("floors", "", {"load": "floor", "mode": "throughput", "floor": floor, "tasks": 50},
                       [("floor", 0)]) for floor in FLOORS]
    cells += [make_cell("reuse", "empty", {**batch, "batches": n, "tasks": 64, "life": life}, USUAL_SIDES,
                        "primary" if n == 10 and life == "run" else "")
              for n in grid["reuse"] for life in ("run", "batch")]
    cells += [make_cell("grain", "spin", {**batch, "length_ns": ns, "tasks": 1024}, USUAL_SIDES,
                        "primary" if ns == 10 * US else "") for ns in grid["grain"]]
    cells += [make_cell("grain", "hash", {**batch, "size_bytes": n, "tasks": 1024}, USUAL_SIDES)
              for n in grid["hash"]]
    cells += [make_cell("depth", "empty", {**batch, "tasks": n, "gate": "closed"}, [("pool", CPUS), ("raw", 0)],
                        "primary" if n == 100000 else "") for n in grid["depth"]]
    cells += [make_cell("oneoff", "empty", {**batch, "tasks": 1, "life": life}, USUAL_SIDES,
                        "primary" if life == "run" else "") for life in ("run", "warm")]
    cells += [io_cell(workload, n) for workload in ("sleep", "echo") for n in grid[workload]]
    cells += [make_cell("gap", "empty", {"load": "gap", "mode": "latency", "pause_ns": ns, "tasks": 10}, USUAL_SIDES,
                        "primary" if ns == MS else "") for ns in grid["gap"]]
    if profile != "quick":
        cells.append(make_cell("cpu", "hash", {**batch, "size_bytes": 16384, "tasks": 512},
                               [*USUAL_SIDES, ("pool", 1), ("pool", 4), ("processes", CPUS)], "primary"))
        cells += gil_cells()
        cells.append(make_cell("threads", "empty", {**batch, "tasks": 1000, "count": "threads"}, USUAL_SIDES,
                               "primary"))
        cells.append(make_cell("forget", "empty", {**batch, "tasks": 10000}, [*USUAL_SIDES, ("raw-detached", 0)],
                               "primary"))
        cells += kinds_cells() + open_cells()
        window = {"load": "window", "mode": "throughput", "cpu_percent": 10, "tasks": 192}
        cells.append(make_cell("sizing", "mix", window, [*(("pool", n) for n in SIZES), ("serial", 0)], "primary"))
        cells += program_cells()
    return cells


def sleeping_cells(cells: Iterable[dict]) -> list[dict]:
    """What verdicts rest on once more, where nobody spins."""
    return [make_cell(cell["experiment"], cell["workload"], {**cell["keys"], "spin": "none"}, cell["sides"])
            for cell in cells if cell["role"] and cell["experiment"] not in ("gil", "depth")]


SIZES = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64]


def kinds_cells() -> list[dict]:
    batch = {"load": "batch", "mode": "throughput", "tasks": 1024, "chunk": 1}
    return [make_cell("kinds", "spin", {**batch, "length_ns": 20 * US, "functions": 1}, USUAL_SIDES, "base"),
            make_cell("kinds", "bimodal", {**batch, "mean_ns": 20 * US, "functions": 8}, USUAL_SIDES, "primary")]


def open_cells() -> list[dict]:
    """One CPU for the tasks, the other for the generator."""
    keys = {"load": "open", "mode": "latency", "arrivals": "poisson", "duration_ms": 300}
    sides = [("pool", 1), ("pool-reject", 1), ("raw", 0), ("raw-capped", 1)]
    cells = [make_cell("openload", "spin", {**keys, "percent": n, "length_ns": 100 * US}, sides,
                       "primary" if n == 120 else "") for n in (10, 80, 120)]
    cells.append(make_cell("openload", "exponential", {**keys, "percent": 80, "mean_ns": 100 * US}, sides))
    surge = {**keys, "arrivals": "surge", "percent": 150, "length_ns": 100 * US}
    cells.append(make_cell("burst", "spin", surge, sides))
    cells += [make_cell("longrun", "spin", {**keys, "percent": 10, "longs": place, "long_kind": "wait"}, [("pool", 1)],
                        role) for place, role in (("apart", "primary"), ("together", "base"))]
    return cells


PYTHON_SIDES = [(f"python-{kind}", n) for kind in ("threadpool", "thread", "futures") for n in (1, 2)]
LOCK_SIDES = [(backend, n) for backend in ("pool", "raw-capped") for n in (1, 2)]


def gil_cells() -> list[dict]:
    compute: dict[str, Any] = {"mode": "throughput", "tasks": 8, "steps": 100000}
    wait: dict[str, Any] = {"mode": "throughput", "tasks": 16, "steps": 100, "wait_ns": MS}
    return [make_cell("gil", "gil-cpu", {**compute, "load": "python"},
                      [*PYTHON_SIDES, ("python-threadpool-again", 2)], "primary"),
            make_cell("gil", "gil-cpu", {**compute, "load": "batch", "steps": 5000000}, LOCK_SIDES),
            make_cell("gil", "gil-io", {**wait, "load": "python"}, PYTHON_SIDES, "io"),
            make_cell("gil", "gil-io", {**wait, "load": "batch"}, LOCK_SIDES)]


# The lines of each program.
LINES = {"fanout": {"pool": 33, "raw": 55, "raw-group": 33}, "results": {"pool": 29, "pool-copied": 51, "raw": 34},
         "status": {"pool": 42, "raw": 72}, "state": {"pool": 35, "pool-rebuilt": 28, "raw": 55},
         "first": {"pool": 49, "pool-ordered": 49, "raw": 76}, "steps": {"pool": 34, "pool-chained": 38, "raw": 35}}


def program_cells() -> list[dict]:
    def cell(experiment: str, tasks: int, is_primary: bool, role: str = "", **keys: int) -> dict:
        sides = [(name, 0 if name.startswith("raw") else CPUS) for name in LINES[experiment]]
        return make_cell(experiment, "empty" if experiment == "results" else "spin",
                         {"load": "idiom", "mode": "throughput", "life": "run", "tasks": tasks, **keys}, sides,
                         "primary" if is_primary else role)
    return [cell("fanout", 10000, True, fail_every=100),
            *(cell("results", 10000, n == 8, result_bytes=n) for n in (0, 8, 1024, 65536)),
            *(cell("status", 1000, n == 1000, "" if n else "base", polls_per_s=n) for n in (0, 100, 1000, 10000)),
            *(cell("state", 50, ns == MS, build_ns=ns) for ns in (0, 100 * US, MS, 10 * MS)),
            *(cell("first", 100, n == 0, fail_every=n) for n in (0, 50)),
            cell("steps", 1000, True, steps=5)]


def io_cell(workload: str, inflight: int) -> dict:
    sizes = dict.fromkeys([inflight, CPUS, 24])
    sides = [(backend, n) for n in sizes for backend in ("pool", "raw-capped")] + [("raw", 0)]
    if inflight == 1:
        sides += [("pool", 64), ("serial", 0)]
    role = {64: "primary", 1: "base"}.get(inflight, "") if workload == "sleep" else ""
    wait = {"wait_ns": MS} if workload == "sleep" else {"think_ns": 300 * US, "size_bytes": 64}
    keys = {"load": "window", "mode": "throughput", "inflight": inflight, "tasks": 4 * inflight, **wait}
    cell = make_cell("io", workload, keys, sides, role)
    if role == "primary":
        cell["sides"] = [*cell["sides"], ("pool-again", 64)]
    return cell


# What a side costs in truth, in nanoseconds per task. Written for a reader, not for likeness.

def reuse_ns(keys: dict, backend: str, workers: int) -> float:
    create_ns = 40 * US * workers
    if backend == "pool":
        times = keys["batches"] if keys["life"] == "batch" else 1
        return 400 + create_ns * times / (64 * keys["batches"])
    return {"raw": 21 * US, "raw-capped": 23 * US, "serial": 6}[backend]


def grain_ns(keys: dict, backend: str, workers: int) -> float:
    length_ns = keys.get("length_ns") or keys["size_bytes"] * 0.3
    if backend == "serial":
        return length_ns + 4
    return length_ns / CPUS + {"pool": 350, "raw": 11 * US, "raw-capped": 14 * US}[backend]


def oneoff_ns(keys: dict, backend: str, workers: int) -> float:
    if backend == "pool":
        return 95 * US if keys["life"] == "run" else 9 * US
    return {"raw": 32 * US, "raw-capped": 34 * US, "serial": 90}[backend]


def io_ns(keys: dict, backend: str, workers: int) -> float:
    latency_ns = 1.06 * keys.get("wait_ns", 340 * US)
    at_once = min(workers or keys["inflight"], keys["inflight"]) if backend != "serial" else 1
    return max(latency_ns / at_once, {"pool": 3 * US, "raw": 24 * US, "raw-capped": 26 * US, "serial": 0}[backend])


def gap_ns(keys: dict, backend: str, workers: int) -> float:
    cold = {0: 1.0, 10 * US: 1.2}.get(keys["pause_ns"], 2.6 + keys["pause_ns"] / (100 * MS))
    return {"pool": 9 * US, "raw": 24 * US, "raw-capped": 25 * US, "serial": 95}[backend] * cold


def forget_ns(keys: dict, backend: str, workers: int) -> float:
    return {"pool": 150, "raw": 21 * US, "raw-capped": 23 * US, "serial": 6, "raw-detached": 18 * US}[backend]


def cpu_ns(keys: dict, backend: str, workers: int) -> float:
    alone_ns = 5 * US
    if backend == "serial":
        return alone_ns
    extra_ns = {"pool": 100, "raw": 11 * US, "raw-capped": 14 * US, "processes": 10}[backend]
    return alone_ns / min(workers or CPUS, CPUS) + extra_ns


def kinds_ns(keys: dict, backend: str, workers: int) -> float:
    extra_ns = {"pool": 300, "raw": 15 * US if keys["functions"] == 1 else 40 * US, "raw-capped": 14 * US, "serial": 0}
    return 10 * US + extra_ns[backend]


def sizing_ns(keys: dict, backend: str, workers: int) -> float:
    """Tasks of 1 ms of which a tenth is processor time: two CPUs do 20 at a time, and more workers cost a little."""
    alone_ns = 1.01 * MS
    return alone_ns if backend == "serial" else max(alone_ns / workers, 50 * US) * (1 + 0.002 * workers)


def openload_ns(keys: dict, backend: str, workers: int) -> float:
    """Medians. What waits has room for 64 tasks, or none."""
    if keys["percent"] <= 100:
        return {"raw": 180 * US, "raw-capped": 400 * US}.get(backend, 150 * US)
    return {"pool-reject": 6 * MS, "pool": 25 * MS, "raw": 60 * MS, "raw-capped": 120 * MS}[backend]


def longrun_ns(keys: dict, backend: str, workers: int) -> float:
    return 120 * US if keys["longs"] == "apart" else 500 * MS


def gil_ns(keys: dict, backend: str, workers: int) -> float:
    extra_ns = {"python-thread": 60 * US, "raw-capped": 20 * US}.get(backend, 10 * US)
    return 1.1 * MS / workers + extra_ns if "wait_ns" in keys else 6 * MS * (1 + 0.02 * workers) + extra_ns


def fanout_ns(keys: dict, backend: str, workers: int) -> float:
    return {"pool": 5.1 * US, "raw": 24 * US, "raw-group": 25 * US}[backend]


def results_ns(keys: dict, backend: str, workers: int) -> float:
    fixed_ns, byte_ns = {"pool": (30, 0.2), "pool-copied": (2500, 0.1), "raw": (15 * US, 0.2)}[backend]
    return fixed_ns + byte_ns * keys["result_bytes"]


def status_ns(keys: dict, backend: str, workers: int) -> float:
    return MS / CPUS * (1 + keys["polls_per_s"] * {"pool": 4e-6, "raw": 3e-6}[backend])


def state_ns(keys: dict, backend: str, workers: int) -> float:
    times = 1 if backend == "pool-rebuilt" else 1 / 50
    return {"raw": 14 * US}.get(backend, 17 * US) + times * keys["build_ns"]


def first_ns(keys: dict, backend: str, workers: int) -> float:
    return {"pool": 0.14 * MS, "pool-ordered": 10 * MS, "raw": 0.15 * MS}[backend]


def steps_ns(keys: dict, backend: str, workers: int) -> float:
    return {"pool": 50 * US, "pool-chained": 52 * US, "raw": 60 * US}[backend]


COSTS: dict[str, Callable[[dict, str, int], float]] = {
    "reuse": reuse_ns, "grain": grain_ns, "oneoff": oneoff_ns, "io": io_ns, "gap": gap_ns,
    "forget": forget_ns, "cpu": cpu_ns, "threads": forget_ns, "kinds": kinds_ns, "sizing": sizing_ns,
    "openload": openload_ns, "burst": openload_ns, "longrun": longrun_ns, "gil": gil_ns, "fanout": fanout_ns,
    "results": results_ns, "status": status_ns, "state": state_ns, "first": first_ns, "steps": steps_ns}


def counters(backend: str, workers: int, tasks: int) -> dict[str, float]:
    threads = {"raw": tasks, "raw-capped": tasks, "raw-detached": tasks, "serial": 0, "floor": 0}.get(backend, workers)
    return {"iterations": 10, "tasks": tasks * 10, "threads_created": threads, "threads_refused": 0,
            "threads_peak": min(threads, 64), "inline_tasks": tasks * 10 if backend == "serial" else 0, "settled": 1}


def throughput_metrics(time_ns: float, cell: dict, backend: str, workers: int) -> dict[str, float]:
    server = {"server_cpu_ns": 4100.0} if cell["workload"] == "echo" else {}
    return {"time_ns": time_ns, "cpu_ns": time_ns * 1.1, "first_ns": time_ns * 1.5,
            **counters(backend, workers, cell["tasks"]), **server}


def program_metrics(cost_ns: float, cell: dict, backend: str, workers: int) -> dict[str, float]:
    """The cost of `first` is its first result."""
    metrics = throughput_metrics(0.11 * MS if cell["experiment"] == "first" else cost_ns, cell, backend, workers)
    polls_per_s = cell["keys"].get("polls_per_s")
    looks = {"polls": polls_per_s * metrics["time_ns"] * cell["tasks"] * 1e-9} if polls_per_s else {}
    return {**{name: value for name, value in metrics.items() if not name.startswith("threads_")},
            "lines": LINES[cell["experiment"]][backend], "first_result_ns": cost_ns, **looks}


def depth_metrics(cell: dict, backend: str, workers: int, factor: float) -> tuple[str, str, dict[str, float]]:
    raw, tasks = backend == "raw", cell["tasks"]
    held = min(tasks, RAW_MOST_THREADS) if raw and factor == 1 else tasks
    metrics = {**counters(backend, workers, cell["tasks"]), "held": held,
               "submit_ns": (20 * US if raw else 85) * factor, "bytes_per_task": (8400 if raw else 66) * factor,
               "kernel_bytes_per_task": (17000 if raw else 1) * factor, "threads_refused": int(held < tasks)}
    if held < tasks:
        return "limit", f"stopped at {held} threads by the reserve: pid_max binds", metrics
    return "ok", "", metrics


def bucket_of(value_ns: float) -> int:
    value = int(value_ns)
    doubling = max(value.bit_length() - 8, 0)
    return doubling * 128 + (value >> doubling)


def latency_metrics(p50_ns: float, cell: dict, backend: str, workers: int,
                    generator: random.Random) -> tuple[dict[str, float], list[list[int]]]:
    n = 20 if cell["keys"].get("pause_ns", 0) >= 100 * MS else 400
    values = sorted(p50_ns * math.exp(0.15 * abs(generator.gauss(0, 1)) ** 1.7 - 0.05) for _ in range(n))
    scale = p50_ns / values[n // 2]
    values = [value * scale for value in values]
    counts: dict[int, int] = {}
    for value in values:
        counts[bucket_of(value)] = counts.get(bucket_of(value), 0) + 1

    def at(quantile: float) -> float:
        return values[min(n - 1, int(quantile * n))]

    return ({"cpu_ns": p50_ns * 1.3, "p50_ns": at(0.5), "p90_ns": at(0.9), "p99_ns": at(0.99), "p999_ns": at(0.999),
             "max_ns": values[-1], "mean_ns": sum(values) / n, "lateness_p50_ns": 28.0, "queue_p50_ns": p50_ns * 0.6,
             "service_p50_ns": 30.0, "delivery_p50_ns": p50_ns * 0.35, **counters(backend, workers, n // 10)},
            [[bucket, counts[bucket]] for bucket in sorted(counts)])


def measure(cell: dict, backend: str, workers: int, round_: int, seed: int, scale: Scale, noise: float) -> dict:
    """One line of the journal."""
    experiment = cell["experiment"]
    generator = random.Random(f"{seed} {cell['name']} {backend} {workers} {round_}")
    like = backend.removesuffix("-again")
    factor = scale.get((experiment, like), 1.0)
    wobble = math.exp(generator.gauss(0, noise))
    status, reason, metrics, histogram = "ok", "", {}, None
    if experiment == "floors":
        metrics = {"time_ns": FLOORS[cell["keys"]["floor"]] * wobble}
    elif experiment == "depth":
        status, reason, metrics = depth_metrics(cell, like, workers, factor)
        metrics = {name: value * wobble if name.endswith(("_ns", "_per_task")) else value
                   for name, value in metrics.items()}
    else:
        cost_ns = COSTS[experiment](cell["keys"], like, workers) * factor * wobble
        if cell["mode"] == "latency":
            metrics, histogram = latency_metrics(cost_ns, cell, like, workers, generator)
            metrics.update(open_metrics(cell, like, wobble) if cell["load"] == "open" else {})
        elif cell["load"] == "idiom":
            metrics = program_metrics(cost_ns, cell, like, workers)
        else:
            metrics = throughput_metrics(cost_ns, cell, like, workers)
        if experiment == "sizing" and backend == "serial":
            metrics["cpu_ns"] = 0.1 * MS
        if cell["load"] in ("batch", "gap", "idiom"):
            metrics["same_cpu"] = 1.0 if backend == "serial" else 0.05
        if experiment == "threads":
            metrics["threads_seen"] = max(1, metrics["threads_created"])
    line = {"schema": 1, "round": round_, "cell": cell["name"], "backend": backend, "workers": workers,
            "status": status, "reason": reason, "metrics": metrics, "environment": environment(generator),
            "wall_s": 0.06}
    if cell["load"] == "open":
        line["lateness"] = [[bucket_of(300), 400]]
        line["timeline"] = {"bin_ms": 10, "offered": [50, 150, 50], "done": [50, 99, 95], "in_time": [50, 9, 0]}
    return line if histogram is None else {**line, "histogram": histogram}


def open_metrics(cell: dict, backend: str, wobble: float) -> dict[str, float]:
    percent = cell["keys"]["percent"]
    load = min(percent / 100, 0.99)
    in_time = {"pool-reject": 900, "raw": 300}.get(backend, 100) if percent > 100 else percent * 95
    return {"offered_per_s": percent * 100, "done_per_s": min(percent, 99) * 100, "in_time_per_s": in_time / wobble,
            "refused": 400 if backend == "pool-reject" and percent > 100 else 0, "lateness_p99_ns": 300,
            "queue_mean_ns": 100 * US * load / (1 - load) / 2 * wobble, "service_mean_ns": 100 * US}


def environment(generator: random.Random) -> dict[str, Any]:
    return {"load1": round(generator.uniform(0.1, 0.6), 2), "steal_ms": generator.choice([0, 0, 0, 1]),
            "throttled_ms": 0, "frequency_mhz": "unknown", "context_switches_voluntary": 140,
            "context_switches_involuntary": 12, "faults_minor": 410, "faults_major": 0,
            "user_s": 0.05, "system_s": 0.02, "wall_s": 0.06,
            "resident_peak_bytes": 3600000, "cycles": "unknown", "instructions": "unknown"}


def side_of(cells: Iterable[dict], experiment: str, role: str, backend: str, workers: int) -> dict | None:
    for cell in cells:
        for name, n in cell["sides"]:
            if (cell["experiment"], cell["role"], name) == (experiment, role, backend) and workers in (0, n):
                return {"cell": cell["name"], "backend": name, "workers": n}
    return None


def make_experiment(name: str, cells: list[dict]) -> dict:
    claim, statement, question, axes, metric, base, rule = EXPERIMENTS[name]
    if rule is not None:
        contrasts, supported, refuted, evaluator = rule
        rule = {"contrasts": [{"name": title, "metric": of, "a": side_of(cells, name, *a),
                               "b": side_of(cells, name, *b)} for title, of, a, b in contrasts],
                "supported_all": supported, "refuted_any": refuted, "evaluator": evaluator}
    return {"name": name, "claim": claim, "statement": statement, "question": question, "axes": axes,
            "metric": metric, "primary": f"the primary cell of {name}", "base": base, "rule": rule}


def make_failures(samples: list[dict]) -> list[dict]:
    counts: dict[tuple, int] = {}
    for s in samples:
        if s["status"] != "ok":
            key = (s["cell"], s["backend"], s["workers"], s["status"], s["reason"])
            counts[key] = counts.get(key, 0) + 1
    return [dict(zip(("cell", "backend", "workers", "status", "reason"), key), rounds=n) for key, n in counts.items()]


@functools.cache
def measured(profile: str, rounds: int, seed: int, kept: frozenset[str], scale: tuple, noise: float,
             noises: tuple, sleeping: bool) -> tuple[list[dict], bytes]:
    """The cells, and the pickled lines of all samples: tests make many runs that differ in what they change."""
    cells = [cell for cell in make_cells(profile) if cell["experiment"] in kept]
    cells += sleeping_cells(cells) if sleeping else []
    lines = [measure(cell, backend, workers, r, seed, dict(scale), dict(noises).get(cell["experiment"], noise))
             for r in range(rounds) for cell in cells for backend, workers in cell["sides"]]
    return cells, pickle.dumps(lines)


def make_documents(profile: str = "quick", rounds: int | None = None, seed: int = 1, *,
                   only: Iterable[str] | None = None, filter_: str = "", scale: Scale | None = None,
                   noise: float = 0.01, noises: dict[str, float] | None = None,
                   change: Callable[[dict], dict] | None = None,
                   sleeping: bool = False) -> tuple[dict, list[dict]]:
    """run.json of a complete run, and the lines of its journal. `only` names the experiments to keep; `noises` is
    the noise of single experiments; `change` may replace a sample before it is stored; with `sleeping` it has the
    cells where nobody spins, which are as fast as the others."""
    rounds = rounds or ROUNDS[profile]
    cells, pickled = measured(profile, rounds, seed, frozenset(EXPERIMENTS if only is None else only),
                              tuple((scale or {}).items()), noise, tuple((noises or {}).items()), sleeping)
    lines = pickle.loads(pickled)
    if change:
        lines = [change(line) for line in lines]
    samples = [{key: line[key] for key in ("round", "cell", "backend", "workers", "status", "reason", "metrics",
                                           "environment")} for line in lines]
    run = {
        "schema": 1,
        "suite": {"name": "poolbench", "version": "0.1.0", "commit": "0123abcd", "dirty": "no", "binary": "9f8e7d6c"},
        "run": {"id": RUN_ID, "machine": MACHINE, "status": "complete", "started": "2026-01-02T03:04:05Z",
                "ended": "2026-01-02T03:08:17Z", "duration_s": 252.4, "resumes": 0},
        "factors": {"profile": profile, "seed": seed, "rounds": rounds, "workers": [CPUS], "backends": list(BACKENDS),
                    "filter": filter_, "bind": "none", "stack_bytes": 65536, "cpus_usable": CPUS,
                    "cpu_setting": "0-1 quota none", "kernel": "6.1.0",
                    "python": "3.11.2, with a global lock"},
        "command": f"poolbench run --profile {profile} --seed {seed}",
        "clock": {"source": "tsc", "resolution_ns": 1, "cost_ns": 24.5, "stamp_ns": 81.0, "record_ns": 9.5},
        "calibration": {"spin": 812, "sleep_goetz": 24, "echo_goetz": 24},
        "headroom": {"max_threads": RAW_MOST_THREADS, "limit": "pid_max"},
        "metrics": [dict(zip(("name", "unit", "polarity", "kind", "mode", "summary"), row)) for row in METRICS],
        "backends": [{"name": name, "summary": summary} for name, summary in BACKENDS.items()],
        "workloads": [{"name": name, "kind": kind, "summary": f"the {name} workload", "parameters": []}
                      for name, kind in WORKLOADS.items()],
        "experiments": [make_experiment(name, cells) for name in EXPERIMENTS],
        "cells": [{**{key: cell[key] for key in ("name", "experiment", "workload", "load", "mode", "keys",
                                                 "primary")},
                   "sides": [{"backend": backend, "workers": n} for backend, n in cell["sides"]],
                   "iterations": cell["iterations"], "tasks": cell["tasks"]} for cell in cells],
        "samples": samples,
        "failures": make_failures(samples),
        "checks": [{"name": "virtual", "text": "this is a virtual machine: other guests can slow it down",
                    "advice": "repeat the run at another time"}],
    }
    plan = {"schema": 1, "plan": "5a5a5a5a", "calibration": run["calibration"],
            "iterations": [cell["iterations"] for cell in cells]}
    return pickle.loads(pickle.dumps(run)), [plan, *lines]  # a test may change either


MACHINE_JSON = {
    "processor": {"model": "Made-Up CPU 9000", "vendor": "Made-Up", "cores": 2, "hardware_threads": 2, "smt": "no"},
    "memory": {"total_bytes": 8000000000, "page_bytes": 4096},
    "kernel": {"release": "6.1.0", "preemption": "voluntary"},
    "frequency": {"governor": "performance", "boost": "off"},
    "clock": {"source": "tsc", "needs_system_call": "no"},
    "virtualization": {"hypervisor": "none", "container": "none"},
    "limits": {"affinity": "0-1", "quota_cpus": "none", "usable_cpus": 2, "pid_max": 32768},
    "build": {"compiler": "gcc 12.2.0", "flags": "-O2 -g", "type": "release", "libc": "glibc 2.36"},
}


def write_run(results: Path, run: dict, journal: list[dict], *, incomplete: bool = False, torn: bool = False) -> Path:
    """Writes a run folder below `results` and returns it. An incomplete run has its samples in the journal alone; a
    torn one ends in half a line."""
    folder = results / run["run"]["machine"] / run["run"]["id"]
    folder.mkdir(parents=True)
    if incomplete:
        run = {**run, "run": {**run["run"], "status": "incomplete", "ended": "unknown"}, "samples": [],
               "failures": []}
    text = "".join(json.dumps(line) + "\n" for line in journal)
    (folder / "run.json").write_text(json.dumps(run) + "\n")
    (folder / "journal.jsonl").write_text(text + ('{"schema": 1, "round": 99, "ce' if torn else ""))
    (folder / "machine.json").write_text(json.dumps(MACHINE_JSON, indent=1) + "\n")
    return folder


def make_run(results: Path, profile: str = "quick", rounds: int | None = None, seed: int = 1, **options: Any) -> Path:
    """The two steps in one; options are those of make_documents()."""
    return write_run(results, *make_documents(profile, rounds, seed, **options))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Makes up a run folder below RESULTS and prints its path.")
    parser.add_argument("results", type=Path, metavar="RESULTS")
    parser.add_argument("--profile", choices=GRIDS, default="quick")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(make_run(options.results, options.profile, options.rounds, options.seed))
