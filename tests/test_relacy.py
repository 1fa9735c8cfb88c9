#!/usr/bin/env python3
"""The pool's own code under relacy: each scenario of tests/relacy in many orders, of threads and of memory.

POOLBENCH_RELACY_PERCENT says how much of it (20), POOLBENCH_RELACY_FIRST with which run of the random scheduler it
begins (1): a run is a seed. `make mutants` shows that the scenarios notice weaker orderings.
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from relacy.build import Builder, PROGRAMS, missing_tools

SKIPPED = 77


def main() -> int:
    percent = os.environ.get("POOLBENCH_RELACY_PERCENT", "20")
    first = os.environ.get("POOLBENCH_RELACY_FIRST", "1")
    if lacking := missing_tools():
        print(f"not found: {lacking}")
        return SKIPPED
    failed = 0
    with tempfile.TemporaryDirectory(prefix="poolbench-relacy-") as folder:
        builder = Builder(Path(folder))
        for name in PROGRAMS:
            done = subprocess.run([builder.build(name, Path(folder), {}), percent, first], text=True,
                                  capture_output=True)
            print(f"{name}:\n{done.stdout}{done.stderr}", end="")
            failed += done.returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
