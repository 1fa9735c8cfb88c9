#!/usr/bin/env python3
"""Google Benchmark's own compare.py reads gbench.json and pairs every side, one that was killed apart."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from harness import SKIPPED, Bench, RUN_OK, RUN_SOME_FAILED, check, check_ended, check_equal, document, end, journal

COMPARE = Path("/usr/share/benchmark/compare.py")
ROUNDS = 9  # fewer rows have no U test

Row = dict[str, Any]


def read_rows(folder: Path) -> list[Row]:
    gbench = json.loads((folder / "gbench.json").read_text())
    check(socket.gethostname() not in json.dumps(gbench["context"]), "the host's name is in gbench.json")
    check("host_name" not in gbench["context"], "gbench.json has a host name")
    rows: list[Row] = gbench["benchmarks"]
    for row in rows:
        check_equal("run_type", row["run_type"], "iteration")
        check_equal("time_unit", row["time_unit"], rows[0]["time_unit"])
        check(not re.search(r"iterations:|repeats:|manual_time|_mean|_median|_stddev|_cv$", row["name"]),
              f"a name has a suffix: {row['name']}")
        check(row["real_time"] > 0 and row["cpu_time"] >= 0 and row["iterations"] >= 1, f"no times: {row}")
        check("error_occurred" not in row, f"a row with an error: {row}")
    return rows


def rows_of(rows: list[Row], backend: str) -> dict[str, int]:
    """Names without their backend, and how many rows each has."""
    counts: dict[str, int] = {}
    for row in rows:
        name = row["name"].removeprefix(f"{backend}/")
        if name != row["name"]:
            counts[name] = counts.get(name, 0) + 1
    return counts


def compare(folder: Path, a: str, b: str) -> str:
    done = subprocess.run([sys.executable, str(COMPARE), "--no-color", "filters", str(folder / "gbench.json"), f"^{a}/",
                           f"^{b}/"], capture_output=True, text=True, timeout=60, cwd=folder)
    check_equal(f"compare.py {a} {b}: exit code\n{done.stderr}", done.returncode, 0)
    return done.stdout


def check_pairs(folder: Path, a: str, b: str) -> None:
    """Each name of both sides has a line for each pair of rows, and a U test with all of them."""
    rows = read_rows(folder)
    of_a, of_b = rows_of(rows, a), rows_of(rows, b)
    both = sorted(set(of_a) & set(of_b))
    check(both, f"{a} and {b} have no name in common")
    lines = compare(folder, a, b).splitlines()
    for name in both:
        check_equal(f"rows of {a} and {b} of {name}", of_a[name], of_b[name])
        label = f"[^/ vs. ^{b}/]{name}"
        mine = [line for line in lines if line.split(" ")[0].endswith(f"]{name}") or f"]{name} " in line]
        check_equal(f"lines of compare.py for {label}", len(mine), of_a[name])
        tests = [line for line in lines if f"]{name}_pvalue " in line]
        if of_a[name] >= ROUNDS:
            check(len(tests) == 1 and f"Repetitions: {of_a[name]} vs {of_a[name]}" in tests[0],
                  f"no U test of {name}: {tests}")


def test_whole_run(bench: Bench) -> None:
    ended = bench.run("--profile", "smoke", "--rounds", ROUNDS, "--filter", "^(oneoff|gap)/", "--workers", "1,2",
                      "--results", bench.results)
    check_ended("run", ended, RUN_OK)
    rows, run = read_rows(ended.folder), document(ended.folder)
    cells = [cell["name"] for cell in run["cells"]]
    expected = {f"{cell}/workers:{n}": ROUNDS for cell in cells for n in (1, 2)}
    for backend in ("pool", "raw", "raw-capped", "serial"):
        check_equal(f"names of {backend}", rows_of(rows, backend), expected)
    for other in ("raw", "raw-capped"):
        check_pairs(ended.folder, "pool", other)


def kill_sides(bench: Bench, backend: str, n_wanted: int) -> subprocess.Popen[str]:
    """Starts a run and kills measuring processes of one backend, once the pilot is over."""
    process = bench.start("--profile", "smoke", "--rounds", ROUNDS + 3, "--filter", "^(oneoff|gap)/",
                          "--backends", "pool,raw",
                          "--workers", "2", "--results", bench.results)
    killed: set[int] = set()
    deadline = time.monotonic() + 60
    while process.poll() is None and len(killed) < n_wanted and time.monotonic() < deadline:
        measured = any(path.stat().st_size for path in bench.results.glob("*/*/journal.jsonl"))
        for pid in bench.sides() if measured else []:
            try:
                if f'"backend":"{backend}"' in Path(f"/proc/{pid}/cmdline").read_text():
                    os.kill(pid, signal.SIGKILL)
                    killed.add(pid)
            except OSError:
                pass
        time.sleep(0.0005)
    return process


def test_failed_sides(bench: Bench) -> None:
    """A round in which a side failed is left out on all sides, and all else still pairs."""
    ended = end(kill_sides(bench, "raw", 2))
    check_ended("run with killed processes", ended, RUN_SOME_FAILED)
    lines = journal(ended.folder)[1:]
    failed = {(line["round"], line["cell"]) for line in lines if line["status"] == "failed"}
    check(failed, "no process was killed in time")
    rows = read_rows(ended.folder)
    for cell in document(ended.folder)["cells"]:
        n_whole = ROUNDS + 3 - sum(name == cell["name"] for _, name in failed)
        for backend in ("pool", "raw"):
            check_equal(f"rows of {backend} of {cell['name']}",
                        rows_of(rows, backend).get(f"{cell['name']}/workers:2", 0),
                        n_whole)
    check_pairs(ended.folder, "pool", "raw")


def main() -> int:
    if not COMPARE.exists():
        print("compare.py (libbenchmark-tools) is missing")
        return SKIPPED
    try:
        import numpy  # noqa: F401
        import scipy  # noqa: F401
    except ImportError:
        print("numpy or scipy is missing for this python3")
        return SKIPPED
    for test in (test_whole_run, test_failed_sides):
        with Bench() as bench:
            test(bench)
    return 0


if __name__ == "__main__":
    sys.exit(main())
