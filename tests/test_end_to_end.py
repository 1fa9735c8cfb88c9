#!/usr/bin/env python3
"""From two kept runs to a citation that holds on another machine: compare, cite, verify, archive, open elsewhere,
verify, report, compare. First by the lines of README.md as they stand there; then with all that there is, in a copy of
the scripts and in another one that has no runs; and a count that is changed on the way is found."""
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from report_helpers import TOP, files_of, main, skip

MACHINE = "amd-epyc-2c-4a85924a"
ONE_CPU, BOTH = f"results/{MACHINE}/20261126T010826Z-9613be22", f"results/{MACHINE}/20261126T003222Z-0606e8d9"
SECONDS_MAX = 200
if not shutil.which("zstd"):
    skip("no zstd")


class Checkout:
    """What somebody has who got the scripts, without this one's environment."""

    def __init__(self, top: Path, *runs: str) -> None:
        self.top = top
        for name in ("scripts", "docs", "bench/idioms"):
            shutil.copytree(TOP / name, top / name)
        for run in runs:
            shutil.copytree(TOP / run, top / run)
        self.env = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
        self.env["PYTHON"] = sys.executable

    def run(self, *command: str, code: int = 0) -> str:
        done = subprocess.run(command, cwd=self.top, env=self.env, capture_output=True, text=True, timeout=SECONDS_MAX)
        assert done.returncode == code, (command, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        assert "Traceback" not in done.stderr, done.stderr
        self.err = done.stderr
        return done.stdout


def cite(at: Checkout, run: str, name: str, form: str) -> str:
    """Its block in a file beside the scripts."""
    file = f"{name}.{form}"
    (at.top / file).write_text(at.run("scripts/cite", run, name, "--format", form))
    return file


def change_one_count(run: Path) -> None:
    """Of one of the pool's histograms of gap in the journal, by one task."""
    lines = (run / "journal.jsonl").read_text().splitlines(keepends=True)
    i, line = next((i, of) for i, of in ((i, json.loads(text)) for i, text in enumerate(lines) if '"gap/' in text)
                   if of.get("backend") == "pool" and of.get("histogram"))
    line["histogram"][0][1] += 1
    lines[i] = json.dumps(line) + "\n"
    (run / "journal.jsonl").write_text("".join(lines))


def test_from_runs_to_a_citation_elsewhere(folder: Path) -> None:
    here = Checkout(folder / "here", ONE_CPU, BOTH)
    kept = files_of(here.top / ONE_CPU)
    compared = here.run("scripts/compare", ONE_CPU, BOTH)
    assert "usable CPUs: 1 | 2" in compared and "C2" in compared, compared

    blocks = [cite(here, ONE_CPU, "grain", "json"), cite(here, ONE_CPU, "C18", "text"),
              cite(here, ONE_CPU, "gap", "markdown"), cite(here, BOTH, "C2", "bibtex")]
    for block in blocks:
        assert "holds" in here.run("scripts/cite", "--verify", block)

    archives = {run: here.run("scripts/archive", run).split() for run in (ONE_CPU, BOTH)}
    assert [name for _, name in archives.values()] == [f"{MACHINE}-{Path(run).name}.tar.zst" for run in archives]
    assert files_of(here.top / ONE_CPU) == kept, "packing changed the run"

    there = Checkout(folder / "there")
    for name in [*blocks, *(name for _, name in archives.values())]:
        shutil.move(here.top / name, there.top / name)
    here.run("scripts/report", BOTH)
    drawn = files_of(here.top / BOTH)
    shutil.move(folder / "here", folder / "gone")

    there.run("scripts/cite", "--verify", blocks[0], code=1)  # there is no run yet
    for run, (_, name) in archives.items():
        assert there.run("scripts/archive", "--open", name) == f"{run}\n"
    for block in blocks:
        assert "holds" in there.run("scripts/cite", "--verify", block)
    assert there.run("scripts/compare", ONE_CPU, BOTH) == compared

    there.run("scripts/report", BOTH)
    found = files_of(there.top / BOTH)
    for name in ("report.html", "summary.md", "CITE.md", "data.csv", "plots/grain.svg"):
        # A page links the journal as it lies there, packed or not.
        assert found[name] == drawn[name].replace(b"journal.jsonl.gz", b"journal.jsonl"), f"{name} is another one there"
    there.run("scripts/archive", BOTH, "--output", "drawn.tar.zst")
    assert there.err == "", f"of what a report is made of, an archive leaves out: {there.err}"
    _, name = archives[ONE_CPU]
    again, _ = there.run("scripts/archive", ONE_CPU, "--no-report", "--output", "again.tar.zst").split()
    first = Checkout(folder / "first", ONE_CPU)
    assert first.run("scripts/archive", ONE_CPU, "--no-report").split()[0] == again, "the opened run is another"

    change_one_count(there.top / ONE_CPU)
    there.run("scripts/cite", "--verify", blocks[1], code=1)
    assert "journal.jsonl is not what was cited" in there.err, there.err
    there.run("scripts/cite", "--verify", blocks[2], code=1)
    assert "gap, series pool" in there.err, there.err
    there.run("scripts/archive", "--open", name, code=1)
    assert "'journal.jsonl' differs" in there.err, there.err


def test_lines_of_the_readme(folder: Path) -> None:
    """One after the other, by a shell that stops at the first that fails."""
    chapter = (TOP / "README.md").read_text().partition("\n## Compare, cite, archive\n")[2].partition("\n## ")[0]
    lines = chapter.split("```\n")[1]
    runs = re.findall(r"^[AB]=(results/\S+)$", lines, re.M)
    assert len(runs) == 2, lines
    said = Checkout(folder / "here", *runs).run("bash", "-euc", lines).splitlines()
    assert [line.split()[1] for line in said if " holds: " in line] == ["holds:", "holds:"], said
    assert f"elsewhere/{runs[1].removeprefix('results/')}" in said, said
    assert sum("code of " in line for line in said) == 1, "the two runs have no code verdicts"


main(globals())
