#!/usr/bin/env python3
"""scripts/compare on made-up runs: code verdicts whose truth is known, controls, exit codes, formats, files."""
import csv
import io
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from report_helpers import TOP, files_of, main, rewrite

import madeup_run
from compare_helpers import COMPARE, EXITS, ONLY, changes, compare, found, one_line, other_machine, run_of

SLOWER_POOL = {("grain", "pool"): 1.3}
FASTER_POOL = {("grain", "pool"): 1 / 1.3}
POOL, RAW = ("grain", "pool, 2 workers"), ("grain", "raw")
EVERYTHING_SLOWER = {(experiment, backend): 1.3 for experiment in ONLY for backend in ("pool", "raw", "serial")}


# Code verdicts.

def test_no_change_is_no_difference(folder: Path) -> None:
    for seed in (1, 2, 3):
        code, document = found(run_of(folder, f"a{seed}", seed), run_of(folder, f"b{seed}", seed + 10))
        assert code == EXITS["same"] and document["found"] == [], (seed, code, document["found"])
        of = changes(document)
        assert len(of) == 6 and all(row["verdict"] == "no difference" for row in of.values()), of
        for row in of.values():
            ratio = row["times_better"]
            assert 0.95 < ratio["lo"] <= ratio["value"] <= ratio["hi"] < 1.05, row


def test_a_regression_is_found_where_it_is(folder: Path) -> None:
    for seed in (1, 2, 3):
        code, document = found(run_of(folder, f"a{seed}", seed), run_of(folder, f"b{seed}", seed + 10,
                                                                        scale=SLOWER_POOL))
        of = changes(document)
        assert code == EXITS["regression"] and document["found"] == ["regression"], (seed, document["found"])
        assert [key for key, row in of.items() if row["verdict"] == "worse"] == [POOL], of
        ratio = of[POOL]["times_better"]
        assert ratio["lo"] < 1 / 1.3 < ratio["hi"] and of[POOL]["p_holm"] < 0.05, of[POOL]
        effect = changes(document, "contrast")["grain", "pool over raw at 10 us"]
        assert effect["verdict"] == "worse", effect  # it moves with its side


def test_an_improvement_is_found_where_it_is(folder: Path) -> None:
    code, document = found(run_of(folder, "a", 1), run_of(folder, "b", 2, scale=FASTER_POOL))
    of = changes(document)
    assert code == EXITS["improvement"] and document["found"] == ["improvement"], document["found"]
    assert [key for key, row in of.items() if row["verdict"] == "better"] == [POOL], of
    assert abs(of[POOL]["times_better"]["value"] - 1.3) < 0.03, of[POOL]


def test_a_regression_counts_more_than_an_improvement(folder: Path) -> None:
    code, document = found(run_of(folder, "a", 1), run_of(folder, "b", 2, scale={**SLOWER_POOL, ("gap", "raw"): 0.7}))
    assert code == EXITS["regression"] and document["found"] == ["improvement", "regression"], document["found"]


def test_a_worse_thread_is_no_better_pool(folder: Path) -> None:
    """The effect of the contrast improves; what changed is the other side."""
    code, document = found(run_of(folder, "a", 1), run_of(folder, "b", 2, scale={("grain", "raw"): 1.3}))
    assert code == EXITS["regression"], code
    assert changes(document)[POOL]["verdict"] == "no difference" and changes(document)[RAW]["verdict"] == "worse"
    assert changes(document, "contrast")["grain", "pool over raw at 10 us"]["verdict"] == "better"


def test_more_is_better_where_the_metric_says_so(folder: Path) -> None:
    """Tasks in time per second: fewer are worse."""
    def halve(sample: dict) -> dict:
        if sample["cell"].startswith("openload/") and sample["backend"] == "pool-reject":
            sample["metrics"]["in_time_per_s"] /= 2
        return sample
    a = run_of(folder, "a", 1, profile="full", only=["gap", "openload"])
    code, document = found(a, run_of(folder, "b", 2, profile="full", only=["gap", "openload"], change=halve))
    rows = [row for row in document["groups"][0]["code"] if row["metric"] == "in_time_per_s" and row["kind"] == "side"]
    of_pool = next(row for row in rows if row["name"].startswith("pool-reject"))
    assert code == EXITS["regression"] and of_pool["verdict"] == "worse", of_pool
    assert abs(of_pool["times_better"]["value"] - 0.5) < 0.02, of_pool


def test_noise_is_no_verdict(folder: Path) -> None:
    """The A/A floor of a noisy run raises delta; what lies within it is not worse."""
    a = run_of(folder, "a", 1, noises={"grain": 0.15})
    code, document = found(a, run_of(folder, "b", 2, noises={"grain": 0.15}, scale={("grain", "pool"): 1.07}))
    of = changes(document)[POOL]
    assert of["delta"] > 0.05 and of["verdict"] in ("inconclusive", "no difference"), of
    assert code == EXITS["same"], code


def test_delta_is_the_larger_floor_of_the_two(folder: Path) -> None:
    quiet, noisy = run_of(folder, "a", 1), run_of(folder, "b", 2, noises={"grain": 0.1})
    for pair in ((quiet, noisy), (noisy, quiet)):
        _, document = found(*pair)
        assert changes(document)[POOL]["delta"] > 0.051, changes(document)[POOL]
        assert changes(document)["reuse", "raw"]["delta"] == 0.05


def test_few_rounds_decide_nothing(folder: Path) -> None:
    """With fewer than ten, the grade refuses the run before."""
    code, document = found(run_of(folder, "a", 1, rounds=5), run_of(folder, "b", 2, rounds=5, scale=SLOWER_POOL))
    assert code == EXITS["incomparable"] and document["groups"][0]["code"] == [], code


def test_a_side_that_fails_now_is_worse(folder: Path) -> None:
    def fail(sample: dict) -> dict:
        if sample["cell"].startswith("grain/") and sample["backend"] == "raw":
            sample.update(status="failed", reason="killed by signal 11", metrics={})
        return sample
    import code_verdicts
    from reduced import reduce
    a, b = reduce(run_of(folder, "a", 1)), reduce(run_of(folder, "b", 2, change=fail))
    of = {row.new.key.name: row for row in code_verdicts.changes_between(a, b, 0) if row.new.key.experiment == "grain"}
    assert of["raw"].word == "worse" and "failed in every round" in of["raw"].reason, of["raw"]
    found_back = code_verdicts.changes_between(b, a, 0)
    back = {row.new.key.name: row for row in found_back if row.new.key.experiment == "grain"}
    assert back["raw"].word == "inconclusive" and "earlier run" in back["raw"].reason, back["raw"]


def test_the_interval_is_that_of_both_runs_resampled(_: Path) -> None:
    import numpy
    from code_verdicts import bootstrap_ratio
    generator = numpy.random.default_rng(7)
    inside = 0
    for _ in range(200):
        old, new = (generator.lognormal(0, 0.05, 20) for _ in range(2))
        ratio = bootstrap_ratio((1.2 * old).tolist(), new.tolist())
        assert ratio.lo <= ratio.value <= ratio.hi
        inside += ratio.lo <= 1.2 <= ratio.hi
    assert inside >= 180, inside  # of 200; 95% are 190
    assert bootstrap_ratio([1.0] * 20, [1.0] * 20).lo == 1 and not bootstrap_ratio([1.0] * 5, [1.0] * 5).has_interval
    assert bootstrap_ratio([0.0] * 10, [1.0] * 10).n == 0


# Controls.

def test_a_slower_machine_is_no_regression(folder: Path) -> None:
    code, document = found(run_of(folder, "a", 1), run_of(folder, "b", 2, scale=EVERYTHING_SLOWER))
    assert code == EXITS["incomparable"] and document["found"] == ["inconclusive"], (code, document["found"])
    for row in changes(document).values():
        assert row["verdict"] == "inconclusive" and "machine itself" in row["reason"], row
    assert all(row["verdict"] == "worse" for (_, name), row in changes(document, "control").items() if name == "serial")


def test_a_regression_beyond_what_the_machine_lost_is_one(folder: Path) -> None:
    scale = {**EVERYTHING_SLOWER, ("grain", "pool"): 2.0}
    code, document = found(run_of(folder, "a", 1), run_of(folder, "b", 2, scale=scale))
    assert code == EXITS["regression"], code
    assert [key for key, row in changes(document).items() if row["verdict"] == "worse"] == [POOL], changes(document)


def test_a_slower_serial_excuses_no_improvement(folder: Path) -> None:
    scale = {("grain", "serial"): 1.3, **FASTER_POOL}
    code, document = found(run_of(folder, "a", 1), run_of(folder, "b", 2, scale=scale))
    assert changes(document)[POOL]["verdict"] == "better" and code == EXITS["improvement"], code


def test_a_slower_clone_excuses_the_thread_and_not_the_pool(folder: Path) -> None:
    def slower(sample: dict) -> dict:
        if sample["cell"] in ("floors/clone", "floors/pthread-tuned"):
            sample["metrics"]["time_ns"] *= 1.3
        return sample
    both = {("grain", "raw"): 1.3, ("grain", "pool"): 1.3}
    code, document = found(run_of(folder, "a", 1), run_of(folder, "b", 2, scale=both, change=slower))
    of = changes(document)
    assert of[RAW]["verdict"] == "inconclusive" and "floor clone" in of[RAW]["reason"], of[RAW]
    assert of[POOL]["verdict"] == "worse" and code == EXITS["regression"], of[POOL]


# Exit codes and options.

def test_threshold_raises_delta(folder: Path) -> None:
    a, b = run_of(folder, "a", 1), run_of(folder, "b", 2, scale={("grain", "pool"): 1.15})
    assert found(a, b)[0] == EXITS["regression"]
    code, document = found(a, b, "--threshold", "30")
    assert code == EXITS["same"] and changes(document)[POOL]["verdict"] == "no difference", document["found"]
    assert changes(document)[POOL]["delta"] == 0.3
    assert found(a, b, "--threshold", "1")[0] == EXITS["regression"]  # never below 5%
    assert changes(found(a, b, "--threshold", "1")[1])[POOL]["delta"] == 0.05


def test_fail_on_names_what_fails(folder: Path) -> None:
    a, worse = run_of(folder, "a", 1), run_of(folder, "b", 2, scale=SLOWER_POOL)
    better, machine = run_of(folder, "c", 3, scale=FASTER_POOL), run_of(folder, "d", 4, scale=EVERYTHING_SLOWER)
    other = run_of(folder, "e", 5)
    rewrite(other, lambda document: document["factors"].update(bind="core"))
    for pair, fail_on, code in [
            ((a, worse), "regression", 2), ((a, worse), "improvement,incomparable", 0), ((a, worse), "never", 0),
            ((a, better), "regression", 0), ((a, better), "improvement", 4), ((a, better), "never", 0),
            ((a, machine), "regression", 0), ((a, machine), "regression,inconclusive", 3),
            ((a, other), "regression", 0), ((a, other), "incomparable", 3)]:
        done = compare(*pair, "--fail-on", fail_on)
        assert done.returncode == code, (pair, fail_on, done.returncode, done.stdout[-200:])


def test_inconclusive_beside_others_fails_only_by_name(folder: Path) -> None:
    scale = {("grain", "pool"): 1.05}
    code, document = found(run_of(folder, "a", 1), run_of(folder, "b", 2, scale=scale))
    assert document["found"] == ["inconclusive"] and code == 0, (code, document["found"])
    done = compare(folder / "a" / madeup_run.MACHINE / madeup_run.RUN_ID,
                   folder / "b" / madeup_run.MACHINE / madeup_run.RUN_ID, "--fail-on", "inconclusive")
    assert done.returncode == EXITS["incomparable"]


def test_bad_arguments_are_one_line(folder: Path) -> None:
    a, b = run_of(folder, "a", 1, only=["grain"]), run_of(folder, "b", 2, only=["grain"])
    one_line(compare(a), "give 2 to 100")
    one_line(compare(), "RUN")
    one_line(compare(a, a), "given twice")
    one_line(compare(a, f"{a}/../{a.name}"), "given twice")
    one_line(compare(a, b, "--threshold", "-1"), "'-1'", "percent above 0")
    one_line(compare(a, b, "--threshold", "nan"), "'nan'")
    one_line(compare(a, b, "--fail-on", "regressions"), "'regressions'", "regression,")
    one_line(compare(a, b, "--fail-on", "never,regression"), "never")
    one_line(compare(a, b, "--format", "xml"), "xml")
    one_line(compare(a, b, "--label", "one"), "1 times, for 2 runs")
    one_line(compare(a, b, "--label", "one", "--label", "one"), "own")
    one_line(compare(a, b, "--label", "", "--label", "one"), "name")
    one_line(compare(a, b, "--no-plots"), "--output")
    one_line(compare(a, folder / "none"), "is no folder")
    one_line(compare(a, folder), "no run.json")


def test_help_lists_the_exit_codes(folder: Path) -> None:
    done = compare("--help")
    assert done.returncode == 0
    for code, words in enumerate(("no difference", "error", "regression", "not comparable", "improvement")):
        assert any(line.startswith(f"  {code}  ") and words in line for line in done.stdout.splitlines()), done.stdout


def test_damaged_runs_are_one_line(folder: Path) -> None:
    a = run_of(folder, "a", 1, only=["grain"])
    for n, damage in enumerate([
            lambda text: text[:len(text) // 2], lambda text: "", lambda text: "[]", lambda text: "{" * 100000,
            lambda text: text.replace('"schema": 1', '"schema": 99', 1),
            lambda text: text.replace('"status": "ok"', '"status": "fine"', 1),
            lambda text: text.replace('"time_ns": ', '"time_ns": -', 1),
            lambda text: text.replace('"time_ns": ', '"time_ns": 1e999, "was": ', 1)]):
        b = run_of(folder, f"b{n}", 2, only=["grain"])
        text = (b / "run.json").read_text()
        assert damage(text) != text
        (b / "run.json").write_text(damage(text))
        one_line(compare(a, b))


def test_a_damaged_histogram_is_one_line(folder: Path) -> None:
    a, b = run_of(folder, "a", 1, only=["gap"]), run_of(folder, "b", 2, only=["gap"])
    text = (b / "journal.jsonl").read_text()
    (b / "journal.jsonl").write_text(text.replace('"histogram": [[', '"histogram": [[-1, 1], [', 1))
    one_line(compare(a, b), "histogram", "line")


def test_hostile_texts_stay_text(folder: Path) -> None:
    a, b = run_of(folder, "a", 1, only=["grain"]), run_of(folder, "b", 2, only=["grain"])
    evil = "\x1b[31m=cmd|'/c calc'!A1\u202e<script>alert(1)</script>\n`x`](http://x)"
    rewrite(b, lambda document: (document["factors"].update(kernel=evil), document["run"].update(started=evil),
                                 document["suite"].update(version=evil, commit=evil)))
    done = compare(a, b, "--output", folder / "out", "--no-plots")
    assert done.returncode == 3 and "\x1b" not in done.stdout and "\u202e" not in done.stdout
    for path in (folder / "out").glob("comparison.*"):
        text = path.read_text()
        assert "\x1b" not in text and "\u202e" not in text, path
        shown = [line for line in text.splitlines() if not line.startswith("    ")]  # which Markdown shows as it is
        assert path.suffix not in (".html", ".md") or "<script>alert" not in "".join(shown), path
    assert "\n=cmd" not in compare(a, b, "--format", "csv").stdout.replace(",", "\n")


def test_a_reader_that_leaves_is_no_error(folder: Path) -> None:
    a, b = run_of(folder, "a", 1), run_of(folder, "b", 2)
    done = subprocess.run(["/bin/bash", "-c", f"set -o pipefail; '{sys.executable}' '{COMPARE}' '{a}' '{b}' | true"],
                          capture_output=True, text=True, timeout=100)
    assert done.returncode == 0 and done.stderr == "", (done.returncode, done.stderr)


# Several runs.

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


# Formats and files.

def test_csv_is_tidy(folder: Path) -> None:
    a, b = run_of(folder, "a", 1), run_of(folder, "b", 2, scale=SLOWER_POOL)
    done = compare(a, b, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert done.returncode == EXITS["regression"] and not any(None in row for row in rows)
    of_pool = [row for row in rows if row["table"] == "change of side" and row["experiment"] == "grain"
               and row["name"] == POOL[1]]
    assert len(of_pool) == 1 and of_pool[0]["word"] == "worse" and float(of_pool[0]["hi"]) < 1 / 1.05, of_pool
    tables = {row["table"] for row in rows}
    assert tables >= {"run", "property", "break-even", "gate", "claim", "contrast", "together", "change of contrast"}
    json_row = changes(found(a, b)[1])[POOL]
    assert float(of_pool[0]["value"]) == json_row["times_better"]["value"]


def test_output_is_a_folder_that_is_replaced_as_a_whole(folder: Path) -> None:
    a, b, out = run_of(folder, "a", 1), run_of(folder, "b", 2), folder / "deep" / "out"
    done = compare(a, b, "--output", out, "--no-plots")
    assert done.returncode == 0 and (out / "comparison.json").is_file(), done.stderr
    first = files_of(out)
    assert {"comparison.html", "comparison.json", "comparison.csv", "comparison.md"} <= set(first), list(first)
    (out / "left.txt").write_text("of the run before")
    assert compare(a, b, "--output", out, "--no-plots").returncode == 0
    assert files_of(out) == first  # the same runs give the same bytes, and nothing is left
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    assert files_of(a) == files_of(run_of(folder, "again", 1)), "a run was written to"


def test_output_replaces_nothing_else(folder: Path) -> None:
    a, b = run_of(folder, "a", 1, only=["grain"]), run_of(folder, "b", 2, only=["grain"])
    (folder / "mine").mkdir()
    (folder / "mine" / "letter").write_text("dear")
    (folder / "file").write_text("x")
    (folder / "link").symlink_to(folder / "mine")
    one_line(compare(a, b, "--output", folder / "mine"), "something else")
    one_line(compare(a, b, "--output", folder / "file"), "no folder")
    one_line(compare(a, b, "--output", folder / "link"), "symbolic link")
    one_line(compare(a, b, "--output", folder / "file" / "below"), "cannot write")
    one_line(compare(a, b, "--output", a), "something else")
    assert (folder / "mine" / "letter").read_text() == "dear"


def test_the_same_runs_give_the_same_answer(folder: Path) -> None:
    runs = [run_of(folder, str(seed), seed) for seed in (1, 2, 3)]
    for form in ("text", "json", "csv"):
        one, two = (compare(*runs, "--format", form, PYTHONHASHSEED=str(seed)).stdout for seed in (1, 2))
        assert one == two and one, form


def test_json_has_numbers_only(folder: Path) -> None:
    done = compare(run_of(folder, "a", 1), run_of(folder, "b", 2), "--format", "json")
    assert json.loads(done.stdout, parse_constant=lambda name: 1 / 0)["schema"] == 1


def test_pictures_of_overlays_and_trend(folder: Path) -> None:
    if not shutil.which("gnuplot"):
        return
    runs = [run_of(folder, str(seed), seed) for seed in (1, 2, 3)]
    out = folder / "out"
    done = compare(*runs, "--output", out)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    for name in ("grain", "trend-1"):
        for path in (f"plots/{name}.svg", f"plots/{name}.gp", f"data/{name}.dat"):
            assert (out / path).is_file(), path
    assert "plots/trend-1.svg" in (out / "comparison.md").read_text()
    assert (out / "comparison.html").read_text().count("<svg") >= 5


def test_the_documentation_lists_every_option_and_outcome(_: Path) -> None:
    text, shown = (TOP / "docs" / "comparing.md").read_text(), compare("--help").stdout
    options = {word.strip("[],") for word in shown.split() if word.strip("[],").startswith("--")} - {"--help"}
    assert len(options) >= 6 and all(option in text for option in options), options
    assert all(f"`{name}`" in text for name in ("regression", "inconclusive", "improvement", "incomparable", "never"))


def test_the_documentation_lists_the_fields(folder: Path) -> None:
    text = (TOP / "docs" / "comparing.md").read_text()
    a, b = run_of(folder, "a", 1), run_of(folder, "b", 2)
    _, document = found(a, b)
    every = [*document, *document["runs"][0], *document["gate"], *document["groups"][0], *document["claims"][0],
             *document["groups"][0]["code"][0], *document["runs"][0]["break_evens"][0]]
    assert not [name for name in every if f"`{name}`" not in text], every
    columns = compare(a, b, "--format", "csv").stdout.splitlines()[0].split(",")
    assert not [name for name in columns if f"`{name}`" not in text], columns


# Many runs.

def test_thirty_runs_take_a_bounded_memory(folder: Path) -> None:
    first = run_of(folder, "r00", 1, profile="full", only=list(madeup_run.EXPERIMENTS))
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


if __name__ == "__main__":
    main(globals())
