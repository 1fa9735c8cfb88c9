#!/usr/bin/env python3
"""Histograms agree with HdrHistogram's own implementation (hdr-histogram-js), in numbers and in form."""
import json
import math
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

from harness import BUILD, SKIPPED, TOP, Bench, RUN_OK, check, check_ended, check_equal, journal

NPM = TOP / "tests" / "npm"
PERCENTILES = [50, 90, 99, 99.9, 100]

# Reads numbers, prints percentiles and the text format as JSON.
ORACLE = """
const hdr = require('hdr-histogram-js');
const values = require('fs').readFileSync(0, 'utf8').split('\\n').filter(Boolean).map(Number);
const histogram = hdr.build({ bitBucketSize: 64, lowestDiscernibleValue: 1, highestTrackableValue: 2 ** 42,
                              numberOfSignificantValueDigits: 2, useWebAssembly: false });
for (const value of values) histogram.recordValue(value);
console.log(JSON.stringify({ percentiles: PERCENTILES.map(p => histogram.getValueAtPercentile(p)),
                             text: histogram.outputPercentileDistribution(5, 1) }));
"""

Line = tuple[float, float, int]
FOOTER = [r"#\[Mean += +[\d.]+, StdDeviation += +[\d.]+\]", r"#\[Max += +[\d.]+, Total count += +\d+\]",
          r"#\[Buckets += +\d+, SubBuckets += +\d+\]"]


def parse(text: str) -> list[Line]:
    """Value, quantile and count of each line; the form must be HdrHistogram's."""
    lines = text.rstrip("\n").split("\n")
    check_equal("columns", lines[0].split(), ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"])
    check_equal("the line after the columns", lines[1], "")
    for pattern, line in zip(FOOTER, lines[-3:]):
        check(re.fullmatch(pattern, line), f"not a footer: {line!r}")
    found = []
    for line in lines[2:-3]:
        match = re.fullmatch(r" *(\d+\.\d+) ([01]\.\d{12}) +(\d+)( +[\d.]+| +Infinity)?", line)
        check(match, f"not a line of percentiles: {line!r}")
        assert match
        found.append((float(match[1]), float(match[2]), int(match[3])))
    check(all(a[0] <= b[0] and a[1] <= b[1] and a[2] <= b[2] for a, b in zip(found, found[1:])), "lines do not go up")
    check_equal("the last quantile", found[-1][1], 1.0)
    return found


def footer(text: str) -> dict[str, float]:
    footer = re.findall(r"([A-Z][\w ]+?) += +([\d.]+)", text.split("#", 1)[1])
    return {name.strip(): float(value) for name, value in footer}


def value_at(lines: list[Line], percentile: float) -> float:
    return next(value for value, quantile, _ in lines if quantile * 100 >= percentile - 1e-9)


def near(what: str, a: float, b: float, tolerance: float = 0.008) -> None:
    check(abs(a - b) <= tolerance * max(a, b) + 1e-9, f"{what}: {a} and {b} differ by more than {tolerance:.1%}")


def check_values(what: str, values: list[int]) -> None:
    numbers = "\n".join(map(str, values)) + "\n"
    ours = subprocess.run([str(BUILD / "tests" / "test_histogram"), "print"], input=numbers, capture_output=True,
                          text=True,
                          timeout=60, check=True).stdout
    text, _, table = ours.partition("\n\nlowest_ns,highest_ns,count\n")
    oracle = ORACLE.replace("PERCENTILES", json.dumps(PERCENTILES))
    theirs = json.loads(subprocess.run(["node", "-e", oracle], input=numbers,
                                       cwd=NPM, capture_output=True, text=True, timeout=60, check=True).stdout)
    our_lines, their_lines = parse(text), parse(theirs["text"])
    for percentile, value in zip(PERCENTILES, theirs["percentiles"]):
        near(f"{what}: p{percentile}", value_at(our_lines, percentile), value)
    counts = {count: value for value, _, count in our_lines}
    for value, quantile, count in their_lines:
        if count in counts:
            near(f"{what}: value of {count} counts", counts[count], value)
        near(f"{what}: value at {quantile}", value_at(our_lines, quantile * 100), value)
    our_footer, their_footer = footer(text), footer(theirs["text"])
    check_equal("names in the footer", sorted(our_footer), sorted(their_footer))
    for name in ("Mean", "Max", "Total count"):
        near(f"{what}: {name}", our_footer[name], their_footer[name])
    # One takes deviations from the exact mean, the other from that of the buckets' middles.
    apart = abs(our_footer["StdDeviation"] - their_footer["StdDeviation"])
    check(apart <= 0.008 * (our_footer["Mean"] + our_footer["StdDeviation"]), f"{what}: deviations are {apart} apart")
    check_equal(f"{what}: counts of the table", sum(int(row.split(",")[2]) for row in table.split()), len(values))


def test_numbers() -> None:
    draw = random.Random(20260102)
    check_values("even", [draw.randrange(1, 10 ** 6) for _ in range(20000)])
    check_values("tail", [int(100 * draw.paretovariate(1.1)) for _ in range(20000)])
    check_values("lognormal", [1 + int(math.exp(draw.gauss(10, 2))) for _ in range(20000)])
    check_values("two modes", [draw.choice((50, 10 ** 9)) + draw.randrange(40) for _ in range(5000)])
    check_values("one value", [12345])


def read_table(path: Path) -> list[tuple[int, int, int]]:
    header, *rows = path.read_text().splitlines()
    check_equal("columns of the table", header, "lowest_ns,highest_ns,count")
    return [(int(a), int(b), int(c)) for a, b, c in (row.split(",") for row in rows)]


def check_files(path: Path, n_tasks: int) -> None:
    """The two files of a side show the same counts, and all tasks of all rounds."""
    table, lines = read_table(path), parse(path.with_suffix(".hgrm").read_text())
    check_equal(f"rows of {path.name}", len(table), len(lines))
    check_equal(f"tasks in {path.name}", sum(count for _, _, count in table), n_tasks)
    seen = 0
    for (lowest, highest, count), (value, quantile, total) in zip(table, lines):
        seen += count
        check(lowest <= value <= highest, f"{path.name}: {value} is not within {lowest} and {highest}")
        check_equal(f"{path.name}: count up to {value}", total, seen)
        check(abs(quantile - seen / n_tasks) < 1e-9, f"{path.name}: quantile of {value}")


def test_run() -> None:
    with Bench() as bench:
        ended = bench.run("--profile", "smoke", "--filter", "^gap/", "--backends", "pool,raw,serial",
                          "--results", bench.results)
        check_ended("run", ended, RUN_OK)
        n_tasks: dict[str, int] = {}
        for line in journal(ended.folder)[1:]:
            name = f"{line['cell']}-{line['backend']}" + (f"-{line['workers']}" if line["workers"] else "") + ".csv"
            name = re.sub(r"[^A-Za-z0-9.]", "-", name)
            n_tasks[name] = n_tasks.get(name, 0) + line["metrics"]["tasks"]
        files = {path.name for path in (ended.folder / "hist").glob("*.csv")}
        check_equal("tables of histograms", files, set(n_tasks))
        for name, n in n_tasks.items():
            check_files(ended.folder / "hist" / name, n)


def main() -> int:
    test_run()
    if not shutil.which("node"):
        print("node is missing")
        return SKIPPED
    if not (NPM / "node_modules" / "hdr-histogram-js").is_dir():
        print("hdr-histogram-js is missing: npm ci in tests/npm")
        return SKIPPED
    test_numbers()
    return 0


if __name__ == "__main__":
    sys.exit(main())
