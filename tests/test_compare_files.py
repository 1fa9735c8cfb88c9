#!/usr/bin/env python3
"""What a comparison prints and writes: CSV, JSON, its folder; the documentation lists it."""
import csv
import io
import json
import shutil
from pathlib import Path

from report_helpers import TOP, files_of, main

from compare_helpers import EXITS, changes, compare, found, one_line, run_of

SLOWER_POOL = {("grain", "pool"): 1.3}
POOL, RAW = ("grain", "pool, 2 workers"), ("grain", "raw")


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


if __name__ == "__main__":
    main(globals())
