#!/usr/bin/env python3
"""What README.md says of a run is what scripts/readme writes from it, and the check notices a change of one digit."""
import re
import shutil
import subprocess
import sys
from pathlib import Path

from report_helpers import TOP, main


def run_readme(top: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, str(top / "scripts" / "readme"), *arguments], capture_output=True, text=True,
                          timeout=200)


def copy(folder: Path) -> Path:
    """README.md, the scripts, the runs that it names, and the pictures of several runs."""
    shutil.copy(TOP / "README.md", folder)
    for name in ("scripts", "docs/comparison/plots"):
        shutil.copytree(TOP / name, folder / name)
    marks = re.findall(r"<!-- (.*by scripts/readme.*) -->", (TOP / "README.md").read_text())
    assert len(marks) == 2, "README.md has no places for an answer and for runs side by side"
    for run in set(re.findall(r"results/[\w.-]+/[\w.-]+", " ".join(marks))):
        shutil.copytree(TOP / run, folder / run)
    return folder


def test_readme_is_of_the_run(_: Path) -> None:
    done = run_readme(TOP, "--check")
    assert (done.returncode, done.stderr) == (0, ""), done


def test_change_is_noticed_and_mended(folder: Path) -> None:
    top = copy(folder)
    readme = top / "README.md"
    before = readme.read_text()
    for place in ("answer", "side by side"):
        begin = before.index(f"<!-- the {place} of" if place == "answer" else f"<!-- {place}, by")
        changed = before[:begin] + re.sub(r"(\d)( us)", lambda found: f"{(int(found[1]) + 1) % 10}{found[2]}",
                                          before[begin:], count=1)
        assert changed != before
        readme.write_text(changed)
        done = run_readme(top, "--check")
        assert done.returncode == 1 and "README.md does not say what these runs do: results/" in done.stderr, done
        assert run_readme(top).returncode == 0 and readme.read_text() == before, place


def test_readme_without_marks(folder: Path) -> None:
    top = copy(folder)
    (top / "README.md").write_text("# poolbench\n")
    done = run_readme(top)
    assert done.returncode == 1 and "README.md has no place for it" in done.stderr, done


main(globals())
