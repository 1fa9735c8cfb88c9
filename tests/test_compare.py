#!/usr/bin/env python3
"""scripts/compare: exit codes, options, bad arguments, damaged and hostile runs."""
import subprocess
import sys
from pathlib import Path

from report_helpers import main, rewrite

import madeup_run
from compare_helpers import ONLY, COMPARE, EXITS, changes, compare, found, one_line, run_of

SLOWER_POOL = {("grain", "pool"): 1.3}
FASTER_POOL = {("grain", "pool"): 1 / 1.3}
EVERYTHING_SLOWER = {(experiment, backend): 1.3 for experiment in ONLY for backend in ("pool", "raw", "serial")}
POOL, RAW = ("grain", "pool, 2 workers"), ("grain", "raw")


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


if __name__ == "__main__":
    main(globals())
