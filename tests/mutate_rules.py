#!/usr/bin/env python3
"""Removes the rules of pool/*.c one at a time, those of waking, growing, shrinking, sweeping, passing on, turns and
order, and shows which test fails without each. `make mutants-rules` runs it; it is too long for `make test`.

usage: tests/mutate_rules.py [--list] [--all] [NAME ...]

Each row of rules_of_pool.py is broken in a copy of the library, where the tests that it names are built and run; one
that does not end in its time fails. Where none of them fails, all others are tried. Where no test is named the row says
why none can fail: then no test is run, but with --all all are. The program fails where a rule with a test survives.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rules_of_pool import MUTANTS, Mutant

TOP = Path(__file__).resolve().parent.parent
HANGS_S = {True: 40, False: 10}  # of a long test, and of another
LONG = ("test_pool_elastic", "test_pool_faults", "test_pool_resize", "test_pool_turns", "test_pool_stress",
        "test_pool_stress_handles", "test_pool_stress_imap")
SEED = {"POOLBENCH_STRESS_SEED": "1"}


def all_tests() -> list[str]:
    tests = sorted(path.stem for path in (TOP / "tests").glob("test_pool_*.c"))
    return [test for test in tests if test not in LONG] + list(LONG)


def make(tree: Path, tests: list[str]) -> str:
    """The compiler's complaint, or nothing."""
    env = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(["make", "-s", "BUILD=build", "CFLAGS=-O1 -w", "SAN=", "LDFLAGS=",
                           *(f"build/tests/{test}" for test in tests)],
                          cwd=tree, env=env, capture_output=True, text=True)
    return done.stderr if done.returncode != 0 else ""


def failure(tree: Path, test: str) -> str:
    """How the test fails, or nothing."""
    with tempfile.TemporaryFile(mode="w+", errors="replace") as output, \
            subprocess.Popen([tree / "build/tests" / test], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                             cwd=tree, env={**os.environ, **SEED}) as run:
        try:
            code = run.wait(HANGS_S[test in LONG])
        except subprocess.TimeoutExpired:
            run.kill()
            return "hangs"
        if code == 0:
            return ""
        output.seek(0)
        said = [line for line in output.read().splitlines() if line.strip()]
    return said[0] if said else f"ends with {code}"


def first_failure(tree: Path, tests: list[str]) -> str:
    complaint = make(tree, tests) if tests else ""
    if complaint:
        return f"not built: {complaint}"
    for test in tests:
        how = failure(tree, test)
        if how:
            return f"{test}: {how}"
    return ""


def try_mutant(tree: Path, mutant: Mutant, tries_all: bool) -> str:
    """Which test catches it and how, or nothing."""
    source = tree / "pool" / mutant.file
    text = source.read_text()
    named = [f"test_pool_{name}" for name in mutant.tests.split()]
    others = [test for test in all_tests() if test not in named]
    source.write_text(text.replace(mutant.there, mutant.instead))
    try:
        how = first_failure(tree, named) if named else ""
        if not how and (named or tries_all):
            how = first_failure(tree, others)
    finally:
        source.write_text(text)
        now = time.time() + 1
        os.utime(source, (now, now))  # newer than the object of the mutant
    return how


def check_table(mutants: list[Mutant]) -> list[str]:
    faults = []
    for mutant in mutants:
        n_there = (TOP / "pool" / mutant.file).read_text().count(mutant.there)
        if n_there != 1:
            faults.append(f"{mutant.name}: {n_there} times in pool/{mutant.file}: {mutant.there}")
        if bool(mutant.tests) == bool(mutant.survives):
            faults.append(f"{mutant.name}: has to name its tests or to say why there are none")
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description="Shows which test fails without each rule of the pool's.")
    parser.add_argument("--list", action="store_true", help="print the names and run nothing")
    parser.add_argument("--all", action="store_true", help="run all tests of those that no test is known to catch")
    parser.add_argument("names", nargs="*", metavar="NAME", help="these alone, or those whose names begin so")
    options = parser.parse_args()
    chosen = [mutant for mutant in MUTANTS
              if not options.names or any(mutant.name.startswith(name) for name in options.names)]
    n_survivors = 0
    if options.list:
        print(*(mutant.name for mutant in chosen), sep="\n")
        return 0
    faults = check_table(MUTANTS)
    print(*faults, sep="\n", end="\n" if faults else "")
    if faults:
        return 2
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in ("pool", "rawthread", "tests"):
            shutil.copytree(TOP / name, tree / name, ignore=shutil.ignore_patterns("node_modules", "runs"))
        shutil.copy(TOP / "Makefile", tree)
        how = first_failure(tree, sorted({f"test_pool_{test}" for mutant in chosen for test in mutant.tests.split()}))
        if how:
            print(f"without a change: {how}")
            return 2
        for mutant in chosen:
            if not mutant.tests and not options.all:
                print(f"{mutant.name}: not tried: {mutant.survives}", flush=True)
                continue
            how = try_mutant(tree, mutant, options.all)
            n_survivors += not how and not mutant.survives
            print(f"{mutant.name}: {how or 'survives'}", flush=True)
    print(f"{n_survivors} survive that a test should catch")
    return n_survivors > 0


if __name__ == "__main__":
    sys.exit(main())
