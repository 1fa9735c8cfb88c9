#!/usr/bin/env python3
"""`list` and `machine` name everything there is, as text and as JSON."""
import json
import re
import subprocess
import sys
from typing import Any

from harness import BUILD, TOP, Bench, check, check_equal, document

BINARY = str(BUILD / "poolbench")
TOPICS = ["experiments", "workloads", "backends", "loads", "idioms", "floors", "profiles", "budget"]


def run(*arguments: str) -> str:
    done = subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=60)
    check_equal(f"{arguments}: exit code", (done.returncode, done.stderr), (0, ""))
    return done.stdout


def names(rows: list[dict[str, Any]]) -> list[str]:
    return [row["name"] for row in rows]


def source_names(path: str, pattern: str) -> list[str]:
    """Names as the sources of that path have them."""
    found = [name for file in sorted(TOP.glob(path)) for name in re.findall(pattern, file.read_text(), re.MULTILINE)]
    check(found, f"no names found in {path}")
    return found


def test_names(everything: dict[str, Any]) -> None:
    check_equal("experiments", names(everything["experiments"]),
                source_names("bench/plan/experiments.c", r'^        \.name = "([a-z0-9-]+)"'))
    check_equal("workloads", sorted(names(everything["workloads"])),
                sorted(source_names("workloads/*.c", r'^ +\.name = "([a-z0-9-]+)"')))
    check_equal("loads", names(everything["loads"]), source_names("bench/load/load.c", r'^    \{ "([a-z0-9-]+)"'))
    check_equal("idioms", sorted(name.replace("/", "_").replace("-", "_") for name in names(everything["idioms"])),
                sorted(path.stem for path in TOP.glob("bench/idioms/*_*.c")))
    check_equal("profiles", names(everything["profiles"]), ["smoke", "quick", "full", "peers"])
    for backend in ("pool", "raw", "raw-capped", "serial", "pool-again"):
        check(backend in names(everything["backends"]), f"list does not name the backend {backend}")
    for topic in TOPICS[:-1]:
        for row in everything[topic]:
            check(row["summary"], f"{topic}: '{row['name']}' has no summary")


def test_parameters(everything: dict[str, Any]) -> None:
    parameters = {row["name"]: row.get("parameters", []) for row in everything["workloads"]}
    for name, rows in parameters.items():
        for row in rows:
            check(row["min"] <= row["default"] <= row["max"] and row["name"] and row["summary"], f"{name}: {row}")
    check_equal("parameters of spin", names(parameters["spin"]), ["length_ns"])
    check_equal("parameters of empty", parameters["empty"], [])


def test_claims(everything: dict[str, Any]) -> None:
    """A claim is whole; what has none is no experiment of the guidance."""
    for row in everything["experiments"]:
        whole = re.fullmatch(r"C\d+", row["claim"]) and row["statement"] and row["primary"]
        check(row["claim"] == row["statement"] == "" or whole, f"{row['name']} has no claim, statement or primary cell")


def test_budget(everything: dict[str, Any]) -> None:
    """What a profile is said to take is what its sides add up to."""
    for row in everything["budget"]:
        total_s = row["samples"] * row["side_ms"] * 1e-3
        check(abs(total_s - row["total_s"]) <= 1e-4 * total_s + 1e-6, f"budget does not add up: {row}")
    for profile in everything["profiles"]:
        rows = [row for row in everything["budget"] if row["profile"] == profile["name"]]
        often = {row["experiment"] for row in rows if row["rounds"] == profile["rounds"]}
        rare = {row["rounds"] for row in rows if row["experiment"] not in {*often, "pilot"}}
        check_equal("rounds of what is measured less often", rare, {20} if profile["name"] == "full" else set())
        if profile["name"] == "full":
            check_equal("measured in each round", often, {"reuse", "oneoff", "gap", "forget", "results"})


def test_sides_of_a_run(everything: dict[str, Any]) -> None:
    """What is listed before a run is what the run has, whatever it found out: Goetz's size is none of the cells'."""
    with Bench() as bench:
        ended = bench.run("--profile", "smoke", "--filter", "^io/", "--rounds", "1", "--results", bench.results)
        check_equal("a run of io", ended.code, 0)
        made = document(ended.folder)
    row = next(of for of in everything["budget"] if (of["profile"], of["experiment"]) == ("smoke", "io"))
    check_equal("sides", sum(len(cell["sides"]) for cell in made["cells"]), row["sides"])
    check(made["calibration"]["sleep_goetz"] >= 1, "the rule's size is not there")


def test_topics(everything: dict[str, Any]) -> None:
    for topic in TOPICS:
        alone = json.loads(run("list", topic, "--json"))
        check_equal(f"list {topic} --json", list(alone), [topic])
        check_equal(f"list {topic} --json", alone[topic], everything[topic])


def test_text(everything: dict[str, Any]) -> None:
    """Whatever the JSON says, the text says too."""
    text = run("list")
    for topic in TOPICS:
        check(re.search(rf"^{topic}$", text, re.MULTILINE), f"list has no heading {topic}")
        part = run("list", topic)
        check(part in text, f"list {topic} is not what list shows")
        for row in everything[topic]:
            for key in ("name", "summary", "claim", "statement", "experiment"):
                check(str(row.get(key, "")) in part, f"list {topic} does not show {row.get(key)!r}")
            for parameter in row.get("parameters", []):
                pattern = (rf"{parameter['name']} +{re.escape(parameter['summary'])}: "
                           rf"{parameter['min']} to {parameter['max']} \({parameter['default']}\)")
                check(re.search(pattern, part), f"list does not show {parameter}")


def test_readable() -> None:
    """What a plan may have at most, the scripts read: no run that is measured is refused by its report."""
    header = (TOP / "bench/plan/plan.h").read_text()
    constants = dict(re.findall(r"^    ([A-Z_]+_MAX) = ([\w *]+),", header, re.MULTILINE))
    workers = int(constants["PLAN_WORKERS_MAX"])
    sides_of_cell = int(constants["CELL_SIDES_MAX"].split(" * ")[0]) * workers
    cells = int(source_names("bench/plan/plan.c", r"PLAN_CELLS_MAX = (\d+)")[0])
    reader = (TOP / "scripts/lib/base/read.py").read_text()
    limits = re.search(r"CELLS_MAX, SIDES_MAX, SIDES_OF_CELL_MAX = \d+, (\d+), (\d+), (\d+)", reader)
    check(limits, "the limits of scripts/lib/base/read.py are not found")
    assert limits
    check(int(limits[1]) >= cells, f"cells: {limits[1]} are read, {cells} planned")
    check_equal("sides of a plan", int(limits[2]), int(constants["PLAN_SIDES_MAX"]))
    check_equal("sides of a cell", int(limits[3]), sides_of_cell)


def test_machine() -> None:
    machine = json.loads(run("machine", "--json"))
    check(isinstance(machine, dict) and machine, "machine --json is no object")
    text = run("machine")
    for section in ("processor", "memory", "kernel", "clock"):
        check(section in machine and section in text, f"machine does not tell about '{section}'")


def main() -> int:
    everything = json.loads(run("list", "--json"))
    check_equal("topics", list(everything), TOPICS)
    for test in (test_names, test_parameters, test_claims, test_budget, test_sides_of_a_run, test_topics, test_text):
        test(everything)
    test_readable()
    test_machine()
    return 0


if __name__ == "__main__":
    sys.exit(main())
