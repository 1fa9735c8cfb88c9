#!/usr/bin/env python3
"""Several runs: trend, claims by machine, break-evens, labels; and thirty of them in a bounded memory."""
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from report_helpers import TOP, main, rewrite

import madeup_run
from base.read import newest_runs, read_run
from compare.reduced import reduce
from compare_helpers import COMPARE, compare, found, other_machine, run_of

POOL, RAW = ("grain", "pool, 2 workers"), ("grain", "raw")


def test_trend_over_time(folder: Path) -> None:
    scales = [{}, {("grain", "pool"): 1.1}, {("grain", "pool"): 1.3}, {}]
    runs = [run_of(folder, str(seed), seed, scale=scale) for seed, scale in enumerate(scales, 1)]
    code, document = found(*[runs[i] for i in (0, 2, 1, 3)])  # time is in their start, not in their order
    lines = {(line["experiment"], line["name"]): line for line in document["groups"][0]["trend"]}
    points = lines[POOL]["points"]
    assert [point["run"] for point in points] == [1, 3, 2, 4], points
    ratios = [point["value"] / points[0]["value"] for point in points]
    assert all(abs(ratio - want) < 0.03 for ratio, want in zip(ratios, (1, 1.1, 1.3, 1))), ratios
    assert code == 0  # the last given against the first given
    assert "trend over 4 runs" in compare(*runs).stdout


def test_two_runs_have_no_trend(folder: Path) -> None:
    _, document = found(run_of(folder, "a", 1), run_of(folder, "b", 2))
    assert document["groups"][0]["trend"] == []


def test_claims_by_machine_flip_and_hold(folder: Path) -> None:
    a = run_of(folder, "a", 1)
    b = other_machine(run_of(folder, "b", 2, scale={("grain", "pool"): 4}))
    code, document = found(a, b)
    of = {row["claim"]: row for row in document["claims"]}
    assert code == 0 and of["C2"]["flips"] and of["C2"]["together"].startswith("FLIPS"), of["C2"]
    assert [row["verdict"] for row in of["C2"]["verdicts"]] == ["supported", "refuted"]
    assert of["C1"]["together"] == "supported everywhere" and not of["C1"]["flips"]
    assert of["C16"]["together"] == "not measured"
    assert list(of) == sorted(of, key=lambda claim: int(claim[1:])), list(of)
    done = compare(a, b)
    assert "! C2 flips" in done.stdout and "measured nowhere: C3" in done.stdout, done.stdout


def test_break_evens_and_machines_are_side_by_side(folder: Path) -> None:
    a, b = run_of(folder, "a", 1), other_machine(run_of(folder, "b", 2, scale={("grain", "pool"): 1.3}))
    _, document = found(a, b)
    for run, floor in zip(document["runs"], ("14.0 us", "14.0 us")):
        assert run["properties"]["clone"][:2] == floor[:2], run["properties"]
        names = [of["name"] for of in run["break_evens"]]
        assert "thread keeps up from tasks of" in names and "kept pool leads from batches" in names, names
    first, second = (next(of for of in run["break_evens"] if of["name"] == "thread keeps up from tasks of")
                     for run in document["runs"])
    assert first["to"] > second["to"], (first, second)  # a slower pool is caught up with earlier


def test_labels_are_what_tells_runs_apart(folder: Path) -> None:
    a, b = run_of(folder, "a", 1, only=["grain"]), run_of(folder, "b", 2, only=["grain"])
    c = other_machine(run_of(folder, "c", 3, only=["grain"]))
    d = run_of(folder, "d", 4, only=["grain"])
    rewrite(d, lambda document: document["factors"].update(cpus_usable=1, workers=[1]))

    def labels(*runs: Path) -> list[str]:
        return [run["label"] for run in found(*runs)[1]["runs"]]

    assert labels(a, c) == ["made-up-cpu-2c", "other-cpu-2c"]
    assert labels(a, d) == ["made-up-cpu-2c, 2 CPUs", "made-up-cpu-2c, 1 of 2 CPUs"]
    assert labels(a, b) == ["made-up-cpu-2c, 00000001", "made-up-cpu-2c, 00000002"]
    assert len(set(labels(a, b, c, d))) == 4
    assert labels(a, b, "--label", "old", "--label", "new") == ["old", "new"]


def test_what_is_no_run_is_left_out(folder: Path) -> None:
    """It is named, the others are compared, and the exit code says that they are not all."""
    runs = [run_of(folder, str(seed), seed, only=["grain"]) for seed in (1, 2, 3)]
    torn, slow = run_of(folder, "torn", 4, only=["grain"]), run_of(folder, "slow", 5, only=["grain"],
                                                                   scale={("grain", "pool"): 1.3})
    with (torn / "journal.jsonl").open("a") as file:
        file.write("{\n")  # of a complete run, whose samples are in run.json too
    (folder / "empty").mkdir()
    bad = [(folder / "empty", "has no run.json"), (torn, "is no complete JSON"), (folder / "file", "is no folder")]
    (folder / "file").write_text("x")
    done = compare(*(path for path, _ in bad), *runs, "--format", "json", *(
        word for name in "xyzabc" for word in ("--label", name)))
    document = json.loads(done.stdout)
    assert done.returncode == document["exit"] == 1 and document["left_out"] == 3, (done.returncode, done.stderr)
    assert [run["label"] for run in document["runs"]] == ["a", "b", "c"]
    lines = done.stderr.splitlines()
    assert len(lines) == 3 and all("left out: " in line and str(path) in line and why in line
                                   for line, (path, why) in zip(lines, bad)), lines
    assert "! 1 run left out" in compare(*runs, torn).stdout
    assert compare(runs[0], folder / "empty", slow).returncode == 2
    for readable in ([], runs[:1]):
        done = compare(folder / "empty", torn, *readable)
        assert done.returncode == 1 and done.stdout == "" and "left out" not in done.stderr, done
        assert len(done.stderr.splitlines()) == 2, done.stderr


def test_thirty_runs_take_a_bounded_memory(folder: Path) -> None:
    first = run_of(folder, "r00", 1, profile="full", rounds=10, only=list(madeup_run.EXPERIMENTS))
    runs = [first]
    for n in range(1, 30):
        copy = folder / f"r{n:02d}"
        shutil.copytree(first, copy)
        rewrite(copy, lambda document: document["run"].update(id=f"run{n}"))
        runs.append(copy)
    started = time.monotonic()
    program = (f"import resource, subprocess, sys; done = subprocess.run([sys.executable, {str(COMPARE)!r}, "
               "*sys.argv[1:]], stdout=subprocess.DEVNULL); u = resource.getrusage(resource.RUSAGE_CHILDREN); "
               "print(done.returncode, u.ru_maxrss)")
    done = subprocess.run([sys.executable, "-c", program, *map(str, runs)], capture_output=True, text=True, timeout=300)
    code, peak_kib = map(int, done.stdout.split())
    n_processes = 1 + min(4, len(os.sched_getaffinity(0)))
    assert code == 0, (code, done.stderr)
    assert n_processes * peak_kib <= 1 << 20, f"{n_processes} processes of up to {peak_kib >> 10} MiB"
    assert time.monotonic() - started < 240


def test_a_kept_run_has_every_experiment_in_its_overlays(_: Path) -> None:
    run = read_run(newest_runs(TOP / "results")[0])
    names = {of.name for of in run.experiments if run.cells_of(of.name)}
    found = reduce(run.path).overlays
    assert names <= {name.partition("/")[0] for name in found}, names - set(found)


def test_a_kept_run_against_itself(folder: Path) -> None:
    """With all that a real run has: sides of which nothing is in time, that end at limits, that were late."""
    kept = newest_runs(TOP / "results")[0]
    runs = [folder / name for name in "ab"]
    for run in runs:
        shutil.copytree(kept, run, ignore=shutil.ignore_patterns("plots", "data", "hist", "report.html"))
    code, document = found(*runs)
    rows = document["groups"][0]["code"]
    assert code == 0 and document["groups"][0]["same_binary"], (code, document["found"])
    assert {row["verdict"] for row in rows} <= {"no difference", "inconclusive"}
    assert all(row["times_better"]["value"] in (1, None) for row in rows)
    assert any(row["before"]["value"] == 0 for row in rows), "no side of which nothing was in time"


def test_open_loads_of_longer_tasks_have_a_picture_of_their_own(folder: Path) -> None:
    def longer(document: dict) -> None:
        for cell in document["cells"]:
            if cell["load"] == "open":
                cell["keys"]["length_ns"] = 200000
    a, b = (run_of(folder, name, seed, profile="full", only=["openload"]) for name, seed in (("a", 1), ("b", 2)))
    rewrite(b, longer)
    assert "openload" in reduce(a).overlays and set(reduce(b).overlays) == {"openload/tasks of 200 us"}


if __name__ == "__main__":
    main(globals())
