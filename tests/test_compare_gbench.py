#!/usr/bin/env python3
"""Google Benchmark's compare.py on two runs: every side of the one is held against the same of the other."""
import gzip
import re
import subprocess
import sys
from pathlib import Path

from report_helpers import TOP, main, skip

COMPARE = Path("/usr/share/benchmark/compare.py")


def stored(run: Path) -> bytes | None:
    for path, opener in ((run / "gbench.json", open), (run / "gbench.json.gz", gzip.open)):
        if path.is_file():
            with opener(path, "rb") as file:
                return file.read()
    return None


def test_benchmarks_of_two_runs_are_paired(folder: Path) -> None:
    runs = [data for run in sorted((TOP / "results").glob("*/*/")) if (data := stored(run))]
    runs = [data for data in runs if b'"pool/grain/' in data and b'"raw/grain/' in data][-2:]
    if len(runs) < 2:
        skip("no two runs with grain in results/")
    for name, data in zip("ab", runs):
        (folder / f"{name}.json").write_bytes(data)
    done = subprocess.run([sys.executable, str(COMPARE), "--no-color", "benchmarks", "a.json", "b.json"],
                          capture_output=True, text=True, timeout=200, cwd=folder)
    assert done.returncode == 0, done.stderr[-500:]
    for side in ("pool", "raw"):
        pattern = rf"^{side}/grain/spin/length_ns:10000/\S+\s+[-+][\d.]+\s+[-+][\d.]+\s+\d+\s+\d+\s+\d+\s+\d+$"
        assert re.search(pattern, done.stdout, re.M), f"{side} is not paired"
    assert re.search(r"^pool/grain/\S+_pvalue\s+[\d.]+", done.stdout, re.M), "no U test"


if __name__ == "__main__":
    if not COMPARE.is_file():
        skip("no compare.py: libbenchmark-tools")
    main(globals())
