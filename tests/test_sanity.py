#!/usr/bin/env python3
"""The comparison with GLib's pool: each measure of each side is there, and the table says what the samples say."""
import os
import subprocess
import sys
from pathlib import Path

TOP, BUILD = Path(os.environ["POOLBENCH_TOP"]), os.environ["POOLBENCH_BUILD"]
MEASURES, SIDES, ROUNDS = 6, {"pool", "GLib exclusive", "GLib shared"}, 8

faults: list[str] = []


def check(holds: bool, what: str) -> None:
    if not holds:
        faults.append(what)


def judge(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([TOP / "scripts/sanity"], input=text, capture_output=True, text=True)


def samples(pool: list[float], other: list[float]) -> str:
    return "".join(f"{i},work,ns,pool,{a}\n{i},work,ns,GLib,{b}\n" for i, (a, b) in enumerate(zip(pool, other)))


def check_verdict(word: str, code: int, pool: list[float], other: list[float]) -> None:
    done = judge(samples(pool, other))
    check(done.returncode == code and done.stdout.strip().endswith(f": pool {word}"), f"{word}: {done}")


def check_refused(word: str, text: str) -> None:
    done = judge(text)
    check(done.returncode == 1 and word in done.stderr and done.stderr.count("\n") == 1, f"{word}: {done}")


def measure() -> None:
    build = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MFLAGS")}
    subprocess.run(["make", f"BUILD={BUILD}", f"{BUILD}/sanity"], cwd=TOP, env=build, check=True, capture_output=True)
    lines = subprocess.run([f"{BUILD}/sanity", "1"], capture_output=True, text=True, check=True).stdout.splitlines()
    rows = [line.split(",") for line in lines]
    check(len({row[1] for row in rows}) == MEASURES and {row[3] for row in rows} == SIDES
          and len(rows) == MEASURES * len(SIDES) and all(float(row[4]) > 0 for row in rows), "\n".join(lines))
    refused = subprocess.run([f"{BUILD}/sanity", "none"], capture_output=True, text=True)
    check(refused.returncode == 1 and "ROUNDS" in refused.stderr, str(refused))


if subprocess.run(["pkg-config", "--exists", "glib-2.0"]).returncode != 0:
    print("GLib is missing")
    sys.exit(77)
even = [100.0 + i for i in range(ROUNDS)]
check_verdict("ahead", 0, even, [2 * value for value in even])
check_verdict("not behind", 0, even, [1.01 * value for value in even])
check_verdict("behind", 2, even, [0.9 * value for value in even])
check_verdict("undecided", 0, even, [value * (0.5 if i % 2 else 2) for i, value in enumerate(even)])
check_refused("nothing", "")
check_refused("not what build/sanity prints", "0,work,ns,pool,fast\n")
check_refused("rounds", samples(even[:3], even[:3]))
measure()
print(*faults, sep="\n")
sys.exit(bool(faults))
