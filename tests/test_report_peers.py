#!/usr/bin/env python3
"""What a report makes of backends of plugins, on made-up runs whose truth is known: the table beside the pool, its
picture, and the band in the picture of grain."""
import json
import shutil
from pathlib import Path

from report_helpers import main, report

from base.read import read_run
from base.runs import Run
from draw import peers_table
from madeup_peers import FACTORS, Cases, Times, run_with
from madeup_run import make_documents, write_run


def column(run: Run, title: str, subtitle: str, blocks: list[peers_table.Block] = peers_table.BLOCKS) -> dict[str, str]:
    of = next(found for block in blocks if block.title == title for name, found in block.columns if name == subtitle)
    return of(run)


def test_ratios_are_to_the_pool(folder: Path) -> None:
    run = read_run(run_with(folder, FACTORS))
    assert run.plugin_backends == list(FACTORS)
    for title in (("after 1 ms", "p50"), ("tasks", "1 us"), ("cold", "start"), ("queued", "task")):
        cells = column(run, *title)
        assert list(cells) == ["pool", "even", "fast", "slow", "raw"], cells
        assert [cells[name] for name in ("even", "slow")] == ["1?", "3"], (title, cells)
        assert cells["fast"] in ("0.50*", "0.50"), (title, cells)


def test_intervals_in_the_long_table(folder: Path) -> None:
    rows = peers_table.long_table(read_run(run_with(folder, FACTORS)))
    of = {(case, backend): times for case, backend, _, times in rows}
    assert of["tasks of 1 us", "slow"] == "3 [3, 3]" and of["tasks of 1 us", "fast"] == "0.500 [0.500, 0.500]", of
    assert of["tasks of 1 us", "pool"] == peers_table.NONE
    assert ("hand-over, p99", "slow") in of and ("spawn", "pool") not in of


def test_tails_beside_medians(folder: Path) -> None:
    """Of all rounds together, to the width of a bucket; a tail three times as long is decided, an equal one is not."""
    cells = column(read_run(run_with(folder, FACTORS)), "hand-over", "p99")
    assert cells["slow"].startswith(("2.9", "3")) and cells["even"].startswith("1") and "?" in cells["even"], cells


def test_what_was_not_measured_is_left_out(folder: Path) -> None:
    run = read_run(run_with(folder, FACTORS))
    assert set(column(run, "spawn", "").values()) == {peers_table.NONE}
    text = "\n".join(peers_table.terminal(run))
    assert "cold" in text and "spawn" not in text and "64/1" not in text.partition("pool: ")[0], text


def test_the_submitters_share(folder: Path) -> None:
    cells = column(read_run(run_with(folder, FACTORS)), "tasks", "1 us", peers_table.SHARES)
    assert (cells["pool"], cells["slow"]) == ("0%", "25%"), cells


def test_who_runs_tasks_himself_is_not_the_least(folder: Path) -> None:
    """Where they are submitted one by one. Elsewhere who takes part may be ahead."""
    times: Times = {"pool": (100, 0), "even": (90, 0), "fast": (50, 0.7), "slow": (300, 0)}
    run = read_run(run_with(folder, FACTORS, [("inject", {"submitters": 1}, times), ("crowd", {"size": 2}, times),
                                              ("inject", {"submitters": 2}, {**times, "fast": (50, 0)})]))
    assert column(run, "submit", "by 1") == {"pool": "100 ns", "even": "0.90*", "fast": "0.50", "slow": "3",
                                             "raw": peers_table.NONE}
    assert column(run, "submit", "by 1", peers_table.SHARES)["fast"] == "70%"
    assert column(run, "submit", "by 2")["fast"] == "0.50*" and column(run, "workers", "2")["fast"] == "0.50*"


def test_growth(folder: Path) -> None:
    """From few to many, of each backend by itself."""
    few: Times = {"pool": (100, 0), "slow": (100, 0)}
    many: Times = {"pool": (150, 0), "slow": (5000, 0)}
    run = read_run(run_with(folder, FACTORS, [("crowd", {"size": 2}, few), ("crowd", {"size": 64}, many)]))
    cells = column(run, "workers", "64/2")
    assert (cells["pool"], cells["slow"], cells["raw"]) == ("1.5", "50", peers_table.NONE), cells


def test_metg_of_each(folder: Path) -> None:
    """A peer that takes three times as long never keeps half the efficiency, and the longest task says so."""
    run = read_run(run_with(folder, FACTORS))
    half, most = column(run, "METG", "(50%)"), column(run, "METG", "(90%)")
    assert half["slow"] == "> 10 ms" and half["even"] == half["pool"], half
    assert half["pool"].endswith("us") and half["pool"] != most["pool"], (half, most)


def test_metg_has_an_experiment_of_its_own(folder: Path) -> None:
    """Where there is one, lengths of grain are not looked at."""
    made = run_with(folder, FACTORS, [("metg", {"length_ns": ns}, {"pool": (ns / 1.5, 0), "serial": (ns, 0)})
                                      for ns in (20, 50)])
    run = read_run(made)
    assert column(run, "METG", "(50%)")["pool"] == "\u2264 20 ns"
    assert column(run, "METG", "(90%)")["pool"] == "> 50 ns"


def test_fits_a_terminal(folder: Path) -> None:
    every = {"pool": (100.0, 0.0), "a-backend-of-a-long-name": (123456.0, 0.5)}
    cases: Cases = [(name, {key: n}, every) for name, key, values in (
        ("inject", "submitters", (1, 2)), ("bounded", "submitters", (1, 64)), ("crowd", "size", (2, 64)))
        for n in values]
    run = read_run(run_with(folder, {**FACTORS, "a-backend-of-a-long-name": 1000.0}, cases))
    for line in peers_table.terminal(run):
        assert len(line) <= 76, line
    assert len(peers_table.parts(run)) > 2


def band_of(run: Path) -> list[list[str]]:
    rows = [line.split("\t") for line in (run / "data" / "grain.dat").read_text().splitlines() if "\t" in line]
    return [row for row in rows[1:] if row[8] == "peers"]


def test_band(folder: Path) -> None:
    """Several are a band from the least to the greatest; one or two are lines of their own."""
    many = run_with(folder / "many", FACTORS)
    assert report(many, "--no-plots").returncode == 0
    rows = band_of(many)
    assert len(rows) == 9, rows
    for row in rows:
        assert float(row[2]) < float(row[1]) < float(row[3]) and abs(float(row[3]) / float(row[2]) - 6) < 0.01, row
    assert "slow" not in (many / "data" / "grain.dat").read_text()
    one = run_with(folder / "one", {"slow": 3.0})
    assert report(one, "--no-plots").returncode == 0
    assert not band_of(one) and "slow, 2 workers" in (one / "data" / "grain.dat").read_text()


def test_report(folder: Path) -> None:
    run = run_with(folder, FACTORS)
    done = report(run)
    assert done.returncode == 0, done.stderr
    summary = (run / "summary.md").read_text()
    assert "## Beside other pools" in summary and "| fast |" in summary
    if shutil.which("gnuplot"):
        assert (run / "plots" / "peers.svg").exists() and "(plots/peers.svg)" in summary
    assert "by submitter" not in done.stdout  # the table is for the profile peers


def test_terminal(folder: Path) -> None:
    path = run_with(folder, FACTORS)
    document = json.loads((path / "run.json").read_text())
    document["factors"]["profile"] = "peers"
    (path / "run.json").write_text(json.dumps(document))
    done = report(path, "--no-plots")
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("slow ")]
    assert len(rows) == 3 and rows[0].split()[1:3] == ["3", "3.0"] and "  25%" in rows[2], done.stdout
    in_summary = [line for line in (path / "summary.md").read_text().splitlines() if line.startswith("    slow ")]
    assert in_summary == [f"    {row}" for row in rows] and max(map(len, in_summary)) <= 80


def test_none(folder: Path) -> None:
    """A run without plugins, and an older one that does not say, have neither."""
    run, journal = make_documents("quick", 8)
    path = write_run(folder, run, journal)
    assert read_run(path).plugin_backends == []
    assert report(path, "--no-plots").returncode == 0
    assert "other pools" not in (path / "summary.md").read_text() and not (path / "data" / "peers.dat").exists()


if __name__ == "__main__":
    main(globals())
