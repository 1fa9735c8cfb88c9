"""Runs with backends of plugins, whose truth is known."""
import json
from pathlib import Path

from base.stats import bucket_middle
from madeup_run import CPUS, bucket_of, make_documents, write_run

FACTORS = {"fast": 0.5, "even": 1.0, "slow": 3.0}
METRICS = ("time_ns", "p50_ns", "bytes_per_task", "submit_ns")

Times = dict[str, tuple[float, float]]          # backend -> time of a task, share that its submitter ran
Cases = list[tuple[str, dict[str, int], Times]]  # experiment, its keys, times


def slower(histogram: list[list[int]], factor: float) -> list[list[int]]:
    counts: dict[int, int] = {}
    for bucket, n in histogram:
        to = bucket_of(bucket_middle(bucket) * factor)
        counts[to] = counts.get(to, 0) + n
    return [[bucket, counts[bucket]] for bucket in sorted(counts)]


def run_with(folder: Path, factors: dict[str, float], more: Cases | None = None,
             idle_cpu_share: dict[str, float] | None = None) -> Path:
    """A run in which each peer does what the pool does, times its factor; without noise, so that ratios are exact."""
    run, journal = make_documents("quick", 8, only=["floors", "grain", "gap", "depth", "oneoff"], noise=0.0)
    run["backends"] = [{**row, "plugin": False} for row in run["backends"]]
    run["backends"] += [{"name": name, "summary": "a peer", "plugin": True} for name in factors]
    run["factors"]["backends"] += list(factors)
    for cell in run["cells"]:
        if any(side["backend"] == "pool" for side in cell["sides"]):
            cell["sides"] += [{"backend": name, "workers": CPUS} for name in factors]
    copies = []
    for sample in journal[1:]:
        for name, factor in factors.items() if sample["backend"] == "pool" else []:
            copy = json.loads(json.dumps({**sample, "backend": name}))
            copy["metrics"].update({key: value * factor for key, value in copy["metrics"].items() if key in METRICS})
            if "histogram" in copy:
                copy["histogram"] = slower(copy["histogram"], factor)
            if name == "slow":
                copy["metrics"]["inline_share"] = 0.25
            copies.append(copy)
    for experiment, keys, times in more or []:
        copies += add_case(run, journal, experiment, keys, times)
    for copy in copies:
        if "pause_ns:200000000" in copy["cell"]:
            copy["metrics"]["idle_cpu_share"] = (idle_cpu_share or {})[copy["backend"]]
    journal += copies
    run["samples"] += [{key: line[key] for key in run["samples"][0]} for line in copies]
    return write_run(folder, run, journal)


def add_case(run: dict, journal: list[dict], experiment: str, keys: dict[str, int], times: Times) -> list[dict]:
    """A cell of an experiment that has no claim; its lines of the journal."""
    every = {**keys, "load": "batch", "mode": "throughput", "tasks": 1000}
    name = "/".join([experiment, "empty", *(f"{key}:{value}" for key, value in sorted(every.items()))])
    like = next(row for row in run["experiments"] if row["name"] == "floors")
    if all(row["name"] != experiment for row in run["experiments"]):
        run["experiments"].append({**like, "name": experiment, "axes": list(keys), "base": "pool"})
    run["cells"].append({"name": name, "experiment": experiment, "workload": "empty", "load": "batch",
                         "mode": "throughput", "keys": every, "primary": False, "iterations": 10, "tasks": 1000,
                         "sides": [{"backend": backend, "workers": CPUS} for backend in times]})
    journal[0]["iterations"].append(10)
    base = next(line for line in journal[1:] if line["backend"] == "pool" and "time_ns" in line["metrics"])
    return [{**base, "cell": name, "backend": backend, "round": number,
             "metrics": {**base["metrics"], "time_ns": time_ns, "p50_ns": time_ns,
                         **({"inline_share": share} if share else {})}}
            for number in range(8) for backend, (time_ns, share) in times.items()]
