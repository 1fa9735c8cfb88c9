#!/usr/bin/env python3
"""scripts/report as a program: what it writes, that it writes the same again, and what it says when it cannot."""
import csv
import gzip
import io
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from report_helpers import REPORT, TOP, files_of, main, report, rewrite, skip

from madeup_run import EXPERIMENTS, MACHINE, RUN_ID, make_cells, make_documents, make_run, write_run

if not shutil.which("gnuplot"):
    skip("no gnuplot")


def experiments_of(profile: str) -> set[str]:
    return {cell["experiment"] for cell in make_cells(profile)}


FULL_ONLY = sorted(experiments_of("full") - experiments_of("quick"))
PROGRAMS = ["fanout", "results", "status", "state", "first", "steps"]


def claims_of(names: Iterable[str]) -> str:
    return " ".join(sorted((claim for name in names if (claim := EXPERIMENTS[name][0])),
                           key=lambda claim: int(claim[1:])))


def check_written(run: Path, experiments: Iterable[str]) -> str:
    done = report(run)
    assert (done.returncode, done.stderr) == (0, ""), done
    summary = (run / "summary.md").read_text()
    for name in experiments:
        for path in (f"data/{name}.dat", f"plots/{name}.svg", f"plots/{name}.png", f"plots/{name}.gp"):
            assert (run / path).stat().st_size > 0, path
        assert f"(plots/{name}.svg)" in summary, name
    assert not list(run.glob(".report*"))
    return summary


def test_what_only_full_has_is_written(folder: Path) -> None:
    run = make_run(folder, "full", only=FULL_ONLY)
    summary = check_written(run, FULL_ONLY)
    assert "CPython: 3.11.2, with a global lock." in summary
    under_lock = [line.split("\t") for line in (run / "data" / "gil.dat").read_text().splitlines() if "\t" in line][1:]
    assert [(line[-1], round(float(line[1]))) for line in sorted(under_lock, key=lambda line: -float(line[0]))] == [
        (f"{work}: {side}", speed_up) for work, speed_up in (("computing", 1), ("waiting", 2))
        for side in ("python-threadpool", "python-thread", "python-futures", "pool, a lock in C",
                     "raw-capped, a lock in C")]
    for claim, word in (("C13", "supported"), ("C14", "supported"), ("C17", "supported"), ("C19", "refuted"),
                        ("C5", "supported"), ("C6", "supported"), ("C7", "supported"), ("C10", "supported"),
                        ("C11", "supported"), ("C20", "refuted")):
        assert re.search(rf"\| {claim} \| .* \*\*{word}\*\* \|", summary), claim


def test_lines_and_numbers_of_programs_stand_next_to_each_other(folder: Path) -> None:
    run = make_run(folder, "full", only=PROGRAMS)
    report(run, "--no-plots")
    summary = (run / "summary.md").read_text()
    for name, lines, time in (("fanout_pool", 33, "5.1"), ("fanout_raw", 55, "2[34]"),
                              ("results_pool_copied", 51, "2.5"), ("status_raw", 72, "50"),
                              ("state_pool_rebuilt", 28, "1.0"), ("first_raw", 76, "15[01]"),
                              ("steps_pool_chained", 38, "5[12]")):
        assert re.search(rf"^\| `{name}.c` \| [a-z-]+(, 2 workers)? \| {lines} \| {time}", summary, re.M), name
    assert re.search(r"A task with a result of 8 bytes over one with none, in times: pool, 2 workers 1.0\d \[", summary)
    assert re.search(r"^\| 10,000 \| pool, 2 workers \| 10,000 \[.* \| 1.0[345]", summary, re.M)


def test_one_thread_per_task_stands_from_the_lower_bound_up(folder: Path) -> None:
    run, journal = make_documents("smoke", 10, only=["floors"], noise=0.0)
    summary = check_written(write_run(folder / "new", run, journal), ["floors"])
    table = summary.split("| one thread |")[1].split("\n\n")[0].splitlines()[2:]
    assert [tuple(row.replace("\\", "").split(" | ")) for row in table] == [
        ("| clone(2): reused stack, joined through CLONE_CHILD_CLEARTID", "14 us [14, 14]", "1 [1, 1] |"),
        ("| pthread_create: default attributes, joined", "33 us [33, 33]", "2.36 [2.36, 2.36] |"),
        ("| one thread per task as measured here, joined", "22 us [22, 22]", "1.57 [1.57, 1.57] |"),
        ("| one thread per task as measured here, detached", "23 us [23, 23]", "1.64 [1.64, 1.64] |")], table
    run["samples"] = [of for of in run["samples"] if of["cell"] not in ("floors/raw", "floors/raw-detached")]
    assert "| one thread |" not in check_written(write_run(folder / "old", run, journal), ["floors"])


def test_everything_is_written(folder: Path) -> None:
    run = make_run(folder)
    summary = check_written(run, EXPERIMENTS.keys() - set(FULL_ONLY))
    for claim in ("C1", "C2", "C3", "C8", "C12", "C18"):
        assert re.search(rf"\| {claim} \| .* \*\*supported\*\* \|", summary), claim
    assert "between 300 us and 1 ms" in summary and "build/poolbench run --profile quick" in summary


def test_last_page(folder: Path) -> None:
    lines = report(make_run(folder)).stdout.splitlines()
    assert len(lines) <= 20
    first = ["poolbench quick", "Made-Up CPU 9000, 2 CPUs (2 usable)", "10 rounds", "4.2 min"]
    assert lines[0] == " \u00b7 ".join(first)
    begins = ["cost of one hand-over     pool ",
              "short CPU-bound tasks     pool ahead below 1 ms [300 us, 1 ms]; above, no difference over 5%",
              "blocking IO, 64 waiting   best: pool, 64 workers, ",
              "would change if           tasks take 1 ms or more / ",
              "claims                    supported: C1 C2 C3 C8 C12 C18",
              "grade                     B: cite it with what it says of itself",
              f"not answered by quick     {claims_of(FULL_ONLY)}: make bench PROFILE=full",
              "! this is a virtual machine"]
    for line, begin in zip(lines[1:], begins):
        assert line.startswith(begin), line
    assert lines[-1].startswith("report  ") and lines[-1].endswith(f"{RUN_ID}/report.html")
    assert "\033" not in "".join(lines)


def test_refused_threads_are_reported(folder: Path) -> None:
    def refuse(document: dict) -> None:
        sample = next(s for s in document["samples"] if s["backend"] == "raw" and s["cell"].startswith("grain/"))
        sample["metrics"]["threads_refused"] = 17

    run = make_run(folder)
    report(run, "--no-plots")
    assert "threads were refused" not in (run / "summary.md").read_text()
    rewrite(run, refuse)
    report(run, "--no-plots")
    assert "17 creations of threads were refused" in (run / "summary.md").read_text()


def test_last_page_is_in_the_summary(folder: Path) -> None:
    run = make_run(folder)
    lines = report(run, "--no-plots").stdout.splitlines()
    summary = (run / "summary.md").read_text()
    assert "".join(f"    {line}\n" for line in lines[:-1]) in summary


def test_lines_of_what_is_not_in_the_run_are_left_out(folder: Path) -> None:
    run = make_run(folder, only=["grain"], filter_="^grain/")
    out = report(run, "--no-plots").stdout
    assert "short CPU-bound tasks" in out and "hand-over" not in out and "blocking IO" not in out
    left = claims_of(EXPERIMENTS.keys() - {"grain"})
    assert re.search(f"not answered by quick +{left}: make bench PROFILE=full", out)


def test_path_is_shown_from_here(folder: Path) -> None:
    run = make_run(folder / "results", "smoke")
    out = report(run, "--no-plots", cwd=folder).stdout
    assert out.splitlines()[-1] == f"report  results/{MACHINE}/{RUN_ID}/report.html"


def test_same_run_gives_the_same_bytes(folder: Path) -> None:
    run = make_run(folder / "a")
    assert report(run).returncode == 0
    first = files_of(run)
    assert report(run).returncode == 0
    assert files_of(run) == first
    other = make_run(folder / "b")
    assert report(other, cwd=folder, LC_ALL="C", TZ="Asia/Tokyo").returncode == 0
    assert files_of(other) == first


def test_plots_are_drawn_by_hand_too(folder: Path) -> None:
    run = make_run(folder, "smoke")
    report(run)
    for name in EXPERIMENTS:
        (run / "plots" / f"{name}.svg").unlink()
        assert os.system(f"cd '{run}/plots' && gnuplot {name}.gp 2>/dev/null") == 0
        assert (run / "plots" / f"{name}.svg").stat().st_size > 0


def test_experiment_without_a_picture_of_its_own(folder: Path) -> None:
    for place, axes in ((folder / "lines", ["length_ns"]), (folder / "dots", ["mode"])):
        run = make_run(place, only=["grain"])

        def rename(document: dict, axes: list = axes) -> None:
            for cell in document["cells"]:
                cell.update(name=cell["name"].replace("grain/", "novel/"), experiment="novel")
            for sample in document["samples"]:
                sample["cell"] = sample["cell"].replace("grain/", "novel/")
            document["experiments"] = [{**document["experiments"][2], "name": "novel", "rule": None, "axes": axes}]

        rewrite(run, rename)
        (run / "journal.jsonl").unlink()
        done = report(run)
        assert (done.returncode, done.stderr) == (0, ""), done
        assert (run / "plots/novel.svg").stat().st_size > 0 and "novel" in (run / "summary.md").read_text()


def test_data_csv_is_tidy(folder: Path) -> None:
    run = make_run(folder)
    report(run, "--no-plots")
    rows = list(csv.DictReader(io.StringIO((run / "data.csv").read_text())))
    assert ",".join(rows[0]) == "experiment,cell,backend,workers,metric,unit,n_rounds,median,lo,hi,status"
    keys = [(row["cell"], row["backend"], row["workers"], row["metric"]) for row in rows]
    assert len(set(keys)) == len(keys)
    document = json.loads((run / "run.json").read_text())
    sides = {(cell["name"], side["backend"], str(side["workers"]))
             for cell in document["cells"] for side in cell["sides"]}
    assert {key[:3] for key in keys} == sides
    for row in rows:
        assert row["n_rounds"] == "10" and float(row["lo"]) <= float(row["median"]) <= float(row["hi"])
    assert {row["status"] for row in rows} == {"ok", "limit"}


def test_packed_files_are_read(folder: Path) -> None:
    run, packed = make_run(folder / "a", "smoke"), make_run(folder / "b", "smoke")
    for name in ("run.json", "journal.jsonl"):
        (packed / f"{name}.gz").write_bytes(gzip.compress((packed / name).read_bytes()))
        (packed / name).unlink()
    assert report(run, "--no-plots").returncode == report(packed, "--no-plots").returncode == 0
    assert (run / "summary.md").read_bytes() == (packed / "summary.md").read_bytes()


def test_incomplete_run_is_marked(folder: Path) -> None:
    run, journal = make_documents("quick")
    sides = sum(len(cell["sides"]) for cell in run["cells"])
    path = write_run(folder, run, journal[:1 + 7 * sides + 5], incomplete=True, torn=True)
    done = report(path)
    assert done.returncode == 0, done.stderr
    assert "INCOMPLETE: 7 of 10 rounds" in done.stdout and "none decided" in done.stdout
    assert "decides nothing" in (path / "summary.md").read_text()
    assert "INCOMPLETE" in (path / "plots/grain.svg").read_text()
    assert "incomplete" in (path / "data.csv").read_text()


def test_smoke_says_that_it_decides_nothing(folder: Path) -> None:
    out = report(make_run(folder, "smoke"), "--no-plots").stdout
    assert "none decided: the profile smoke decides nothing" in out
    assert re.search(f"not answered by smoke +{claims_of(EXPERIMENTS)}: make bench$", out, re.M)


def test_no_plots(folder: Path) -> None:
    run = make_run(folder, "smoke")
    done = report(run, "--no-plots")
    assert (done.returncode, done.stderr) == (0, "")
    assert not list(run.glob("plots/*.svg")) and list(run.glob("plots/*.gp")) and (run / "data/grain.dat").exists()
    assert "![" not in (run / "summary.md").read_text()


def on_a_terminal(run: Path, **environment: str) -> str:
    """What the report prints where standard output is a terminal."""
    ours, theirs = pty.openpty()
    done = subprocess.run([sys.executable, str(REPORT), str(run), "--no-plots"], stdout=theirs,
                          env={**os.environ, "TERM": "xterm", **environment})
    os.close(theirs)
    assert done.returncode == 0
    out = b""
    try:
        while block := os.read(ours, 65536):
            out += block
    except OSError:  # the end of a terminal that nobody else has open
        pass
    os.close(ours)
    return out.decode()


def test_colour_only_on_a_terminal_that_wants_it(folder: Path) -> None:
    run = make_run(folder, "smoke")
    assert "\033[" in on_a_terminal(run, NO_COLOR="")
    assert "\033[" not in on_a_terminal(run, NO_COLOR="1")
    assert "\033[" not in on_a_terminal(run, NO_COLOR="", TERM="dumb")
    assert "\033[" not in (run / "summary.md").read_text()


def test_reader_that_leaves_early(folder: Path) -> None:
    run = make_run(folder, "smoke")
    done = subprocess.run(f"'{sys.executable}' '{REPORT}' '{run}' --no-plots | true", shell=True, capture_output=True)
    assert done.stderr == b""


def test_help_and_gnuplot_files(folder: Path) -> None:
    done = report("--help")
    assert done.returncode == 0 and "--no-plots" in done.stdout
    for path in (TOP / "scripts/plot").glob("*.gp"):
        assert "`" not in path.read_text() and "system(" not in path.read_text(), path


main(globals())
