#!/usr/bin/env python3
"""scripts/advise: cells that are held back from it check what it says of them, and it says nothing of what lies
outside."""
import dataclasses
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from report_helpers import TOP, main, run_script

from base.read import read_run
from judge import advice, answers, verdicts
from judge.advice import CHANGES, EITHER, OPEN, OUTSIDE, Question
from judge.verdicts import Judgement
from madeup_run import MS, US, make_documents, make_run, write_run

ADVISE = TOP / "scripts" / "advise"


def judged(folder: Path, profile: str = "full", without: set[str] | None = None, **options) -> Judgement:
    run, journal = make_documents(profile, **options)
    hidden = without or set()
    run["cells"] = [cell for cell in run["cells"] if cell["name"] not in hidden]
    run["samples"] = [sample for sample in run["samples"] if sample["cell"] not in hidden]
    journal[1:] = [line for line in journal[1:] if line["cell"] not in hidden]
    return verdicts.judge(read_run(write_run(folder, run, journal)))


def computing(judgement: Judgement, length_ns: float) -> advice.Evidence:
    found = advice.computing(judgement, Question(length_ns, 1, 100))
    assert found is not None
    return found


def test_held_back_cells_agree(folder: Path) -> None:
    """Lengths between others, hidden one at a time: where both sides of it agree, they must be right about it."""
    whole = judged(folder / "whole", only=["grain", "floors"])
    curve = answers.grain_curve(whole)
    inner = random.Random(7).sample(curve[1:-1], 8)
    agreed = 0
    for n, (length_ns, c) in enumerate(inner):
        found = computing(judged(folder / str(n), without={c.cell.name}, only=["grain", "floors"]), length_ns)
        assert len(found.cells) == 2, found
        if found.word not in (CHANGES, OPEN):
            agreed += 1
            assert advice.word_of(c) in (found.word, OPEN), (length_ns, found, c)
    assert agreed >= 5, agreed


def test_held_back_cells_of_a_real_run_agree(_: Path) -> None:
    """The same on the run that README.md names, for every length between two others."""
    found = re.search(r"<!-- the answer of (results/[\w.-]+/[\w.-]+), by", (TOP / "README.md").read_text())
    assert found, "README.md names no run"
    run = read_run(TOP / found[1])
    asked, right, open_ones = 0, 0, 0
    for length_ns, c in answers.grain_curve(verdicts.judge(run))[1:-1]:
        rest = dataclasses.replace(run, cells={name: cell for name, cell in run.cells.items()
                                               if name != c.cell.name and cell.experiment == "grain"},
                                   samples=[sample for sample in run.samples if sample.side.cell != c.cell.name
                                            and sample.side.cell.startswith("grain/")])
        word = computing(verdicts.judge(rest), length_ns).word
        if word not in (CHANGES, OPEN):
            asked += 1
            right += advice.word_of(c) == word
            open_ones += advice.word_of(c) == OPEN
    assert asked >= 10 and right + open_ones == asked and right >= 0.8 * asked, (asked, right, open_ones)


def test_a_measured_length_is_answered_by_its_cell(folder: Path) -> None:
    judgement = judged(folder, only=["grain", "floors"])
    found = computing(judgement, 10 * US)
    assert len(found.cells) == 1 and found.word == "a pool" and "10 us: pool ahead" in found.cells[0], found
    assert computing(judgement, 5 * MS).word == EITHER


def test_outside_is_said(folder: Path) -> None:
    judgement = judged(folder, only=["grain", "floors", "io", "gap", "sizing"])
    assert computing(judgement, 20).word == OUTSIDE and computing(judgement, 50 * MS).word == OUTSIDE
    waits = advice.waiting(judgement, Question(9 * MS, 0.1, 1000))
    assert waits and waits.word == OUTSIDE and waits.cells == ["measured: waits of 1 ms"], waits
    pauses = advice.handing_over(judgement, Question(10 * US, 1, 0.5))
    assert pauses and pauses.word == OUTSIDE, pauses
    assert any(OUTSIDE in line for line in advice.sizes(judgement, Question(MS, 0.9, 100)))
    far = advice.advise(judgement, Question(50 * 1000 * MS, 1, 0.001))
    assert far.answer == OUTSIDE, far.answer


def test_where_it_changes_both_sides_are_shown(folder: Path) -> None:
    judgement = judged(folder, "quick", only=["grain", "floors"])
    found = computing(judgement, 600 * US)
    assert found.word == CHANGES and "grain, 300 us: pool ahead" in found.cells[0] and "grain, 1 ms" in found.cells[1]


def test_size_and_queue(folder: Path) -> None:
    judgement = judged(folder, only=["grain", "floors", "sizing"])
    question = Question(MS, 0.1, 5000)
    lines = advice.sizes(judgement, question)
    assert lines[0].startswith("Little: tasks at a time: 5: fewer than 5 workers cannot keep up"), lines
    assert lines[1].startswith("Goetz: CPUs x wall time / processor time = 20 workers"), lines
    assert any("sizing, 10% processor time: held: " in line for line in lines), lines
    assert advice.queue(question)[0].startswith("Little: at 5,000 per s a queue of 50 is a wait of 10 ms"), lines
    assert "2.50 times what 2 CPUs can compute" in advice.advise(judgement, Question(MS, 1, 5000)).answer


def run_advise(*arguments: object, **options: Any) -> subprocess.CompletedProcess:
    return run_script(ADVISE, *arguments, **options)


def test_program(folder: Path) -> None:
    run = make_run(folder, "full")
    done = run_advise("--task-us", 200, "--cpu-share", 0.3, "--rate", 5000, run)
    assert (done.returncode, done.stderr) == (0, ""), done
    for label in ("question", "run", "answer", "computing", "waiting", "load", "size", "queue", "changes"):
        assert any(line.startswith(label) for line in done.stdout.splitlines()), (label, done.stdout)
    again = run_advise("--task-us", 200, "--cpu-share", 0.3, "--rate", 5000, run)
    assert again.stdout == done.stdout


def test_output_that_cannot_be_written(folder: Path) -> None:
    command = [sys.executable, str(ADVISE), "--task-us", "10", "--rate", "5", str(make_run(folder, "smoke"))]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=100)
    assert done.returncode == 1 and done.stderr == "scripts/advise: cannot go on: No space left on device\n", done
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as closed:
        done = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, text=True, timeout=100)
    assert (done.returncode, done.stderr) == (0, ""), done


def test_bad_questions(folder: Path) -> None:
    for arguments, words in ((["--rate", "5"], "--task-us"), (["--task-us", "0", "--rate", "5"], "above 0"),
                             (["--task-us", "nan", "--rate", "5"], "above 0"),
                             (["--task-us", "1", "--rate", "5", "--cpu-share", "1.5"], "from 0 to 1"),
                             (["--task-us", "1", "--rate", "5", folder], "has no run.json")):
        done = run_advise(*arguments)
        assert done.returncode == 1 and words in done.stderr and len(done.stderr.splitlines()) == 1, done


main(globals())
