#!/usr/bin/env python3
"""What a report makes of backends of plugins, on made-up runs whose truth is known: the table beside the pool, its
picture, and the band in the picture of grain."""
import json
import shutil
from pathlib import Path

from report_helpers import main, report

from base.read import read_run
from base.runs import Run
from draw import peers
from madeup_run import CPUS, make_documents, write_run

FACTORS = {"fast": 0.5, "even": 1.0, "slow": 3.0}
METRICS = ("time_ns", "p50_ns", "bytes_per_task", "submit_ns")


def run_with(folder: Path, factors: dict[str, float]) -> Path:
    """A run in which each peer does what the pool does, times its factor; without noise, so that ratios are exact."""
    run, journal = make_documents("quick", 8, only=["floors", "grain", "gap", "depth", "oneoff"], noise=0.0)
    run["backends"] = [{**row, "plugin": False} for row in run["backends"]]
    run["backends"] += [{"name": name, "summary": "a peer", "plugin": True} for name in factors]
    run["factors"]["backends"] += list(factors)
    for cell in run["cells"]:
        if any(side["backend"] == "pool" for side in cell["sides"]):
            cell["sides"] += [{"backend": name, "workers": CPUS} for name in factors]
    more = []
    for sample in journal[1:]:
        for name, factor in factors.items() if sample["backend"] == "pool" else []:
            copy = json.loads(json.dumps({**sample, "backend": name}))
            copy["metrics"].update({key: value * factor for key, value in copy["metrics"].items() if key in METRICS})
            if name == "slow":
                copy["metrics"]["inline_share"] = 0.25
            more.append(copy)
    journal += more
    run["samples"] += [{key: line[key] for key in run["samples"][0]} for line in more]
    return write_run(folder, run, journal)


def column(run: Run, title: str) -> dict[str, str]:
    return {row[0]: row[peers.HEADER.index(title)] for row in peers.table(run)}


def test_ratios_are_to_the_pool(folder: Path) -> None:
    run = read_run(run_with(folder, FACTORS))
    assert run.plugin_backends == list(FACTORS)
    for title in ("after 1 ms", "tasks of 1 us", "cold start", "queued task"):
        cells = column(run, title)
        assert list(cells) == ["pool", "even", "fast", "slow", "raw"], cells
        assert [cells[name] for name in FACTORS] == ["0.500 [0.500, 0.500]", "1 [1, 1]", "3 [3, 3]"], (title, cells)


def test_what_was_not_measured_is_left_open(folder: Path) -> None:
    run = read_run(run_with(folder, FACTORS))
    assert set(column(run, "spawn").values()) == {peers.NONE}
    assert set(column(run, "idle CPU").values()) == {peers.NONE}


def test_the_submitters_share(folder: Path) -> None:
    cells = column(read_run(run_with(folder, FACTORS)), "by submitter")
    assert (cells["pool"], cells["slow"]) == ("0%", "25%"), cells


def test_metg_of_each(folder: Path) -> None:
    """A peer that takes three times as long never keeps half the efficiency."""
    cells = column(read_run(run_with(folder, FACTORS)), "METG(50%)")
    assert cells["slow"] == peers.NONE and cells["even"] == cells["pool"] != peers.NONE, cells


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
    assert len(rows) == 2 and rows[0].split()[1:4] == ["3", "[3,", "3]"], done.stdout


def test_none(folder: Path) -> None:
    """A run without plugins, and an older one that does not say, have neither."""
    run, journal = make_documents("quick", 8)
    path = write_run(folder, run, journal)
    assert read_run(path).plugin_backends == []
    assert report(path, "--no-plots").returncode == 0
    assert "other pools" not in (path / "summary.md").read_text() and not (path / "data" / "peers.dat").exists()


if __name__ == "__main__":
    main(globals())
