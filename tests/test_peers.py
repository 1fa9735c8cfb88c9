#!/usr/bin/env python3
"""Each peer that is built is measured in every experiment of the profile peers: it does each task once, and what it
cannot do ends at a limit with a reason. Nothing is asked about how fast it is."""
import json
import subprocess
import sys
from collections import defaultdict

from harness import BUILD, RUN_OK, SKIPPED, TOP, Bench, check, check_complete, check_ended, check_equal, document

PEERS = sorted((BUILD / "peers").glob("*.so"))
SOURCES = {"openmp-gomp": "openmp.c", "openmp-llvm": "openmp.c"}

# Cells that a peer cannot do, by their beginnings; all others it must.
ALONE = {"gap/", "depth/", "inject/", "handle/"}  # a task comes alone
TREE = {"spawn/"}                                # tasks wait for tasks
BOUND = {"bounded/"}                             # so many tasks wait at most
RESULT = {"handle/"}
CANNOT = {"boost-asio": TREE | BOUND, "eigen": TREE | BOUND | {"depth/"}, "glib": TREE | BOUND | RESULT,
          "libuv": TREE | BOUND | {"oneoff/empty/life:run", "inject/empty/load:inject/mode:throughput/submitters:2"},
          "moodycamel": TREE | BOUND | RESULT, "onetbb": BOUND, "openmp-gomp": ALONE | BOUND,
          "openmp-llvm": ALONE | BOUND, "pthreadpool": ALONE | TREE | BOUND}
ALWAYS_CANNOT = BOUND | RESULT | {"inject/"}  # whose limit is no matter of how fast the machine is
OWN = {"pool", "pool-helping"}
HELPS = {"pool-helping", "eigen", "onetbb", "openmp-gomp", "openmp-llvm", "pthreadpool"}
EXPERIMENTS = {"grain", "gap", "spawn", "map", "oneoff", "idle", "depth", "handle", "metg", "inject", "bounded",
               "shortmap", "crowd"}


def options() -> list[str]:
    return [word for path in PEERS for word in ("--plugin", str(path))]


def test_listed() -> None:
    done = subprocess.run([BUILD / "poolbench", "list", "backends", "--json", *options()], capture_output=True,
                          text=True, timeout=60)
    rows = {row["name"]: row for row in json.loads(done.stdout)["backends"]}
    for path in PEERS:
        check(rows.get(path.stem, {}).get("plugin") is True, f"{path.stem} is not listed as a plugin's: {done.stdout}")
        source = TOP / "bench" / "peers" / SOURCES.get(path.stem, f"{path.stem}.c")
        check(source.exists() or source.with_suffix(".cc").exists(), f"{path.stem} has no source")


def measure(*more: str) -> list[dict]:
    names = [path.stem for path in PEERS]
    with Bench() as bench:
        ended = bench.run(*options(), "--profile", "peers", "--rounds", "1", "--backends",
                          ",".join(["pool", "pool-helping", *names]), "--results", bench.results, *more)
        check_ended(f"run {more}", ended, RUN_OK)
        check_complete(ended.folder)
        run = document(ended.folder)
        check_equal("plugins", [row["file"] for row in run["factors"]["plugins"]], [path.name for path in PEERS])
        return run["samples"]


def check_sample(sample: dict) -> None:
    name, cell = sample["backend"], sample["cell"]
    what = f"{name} in {cell}: {sample['status']}, {sample['reason']}"
    check(name in CANNOT or name in OWN, f"{name} is not known here")
    lacks = [start for start in CANNOT.get(name, set()) if cell.startswith(start)]
    if not lacks:
        check_equal(what, sample["status"], "ok")
    elif any(start.startswith(tuple(ALWAYS_CANNOT)) for start in lacks):
        check_equal(what, (sample["status"], sample["reason"]), ("limit", "the backend has no such operation"))
    else:
        check(sample["status"] == "ok" or sample["status"] == "limit" and sample["reason"], what)
    if name not in HELPS:
        check_equal(f"tasks by the submitter: {what}", sample["metrics"]["inline_tasks"], 0)
    elif sample["status"] == "ok":
        share, n_inline = sample["metrics"]["inline_share"], sample["metrics"]["inline_tasks"]
        check(0 <= share <= 1 and (share > 0) == (n_inline > 0), f"share of {n_inline} is {share}: {what}")


def test_every_experiment() -> None:
    """Without the cells that take their time and show nothing more."""
    seen = defaultdict(set)
    for part in ("^(gap|idle|handle)/|^(grain|metg)/.*:(20|300|100000)/|^depth/.*tasks:1000$",
                 "^(spawn|oneoff|inject|bounded|shortmap|crowd)/|^map/.*:100/"):
        for sample in measure("--filter", part):
            check_sample(sample)
            seen[sample["backend"]].add(sample["cell"].split("/")[0])
    for name, experiments in seen.items():
        check_equal(f"experiments of {name}", experiments, EXPERIMENTS)


def test_sizes() -> None:
    """One worker, and more than there are CPUs."""
    for sample in measure("--workers", "1,5", "--filter", "^(grain/.*:3000|oneoff/.*:run|gap/.*_ns:0|spawn/.*n:16)/"):
        check_sample(sample)


def test_full_queue() -> None:
    """A queue with an end is a limit that says how far it went, not a task that waits for itself."""
    for sample in measure("--filter", "^depth/.*tasks:10000$"):
        if sample["backend"] == "eigen":
            check_equal("status of eigen", sample["status"], "limit")
            check("queue was full" in sample["reason"] and sample["metrics"]["held"] >= 1024, f"eigen: {sample}")
        else:
            check_sample(sample)


def test_submitters_share() -> None:
    """What the submitter runs is seen where a backend has it do all: a task that it asks the result of, by the helping
    pool, by threads of oneTBB's arena. The strict pool crosses over each time."""
    seen = {sample["backend"]: sample["metrics"] for sample in measure("--filter", "^handle/")
            if sample["status"] == "ok"}
    check_equal("by the strict pool", (seen["pool"]["inline_tasks"], "inline_share" in seen["pool"]), (0, False))
    for name in {"pool-helping", "onetbb"} & seen.keys():
        check(seen[name]["inline_share"] > 0, f"{name}: {seen[name]}")
    for name, metrics in seen.items():
        check(metrics["p50_ns"] <= metrics["p99_ns"], f"{name}: {metrics}")


if __name__ == "__main__":
    if not PEERS:
        print("no peer's library (libglib2.0-dev, libtbb-dev, ...) is there: scripts/setup --peers")
        sys.exit(SKIPPED)
    for test in (test_listed, test_every_experiment, test_sizes, test_full_queue, test_submitters_share):
        test()
