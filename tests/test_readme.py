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
    """README.md, the scripts and the run that it names."""
    found = re.search(r"<!-- the answer of (results/[\w.-]+/[\w.-]+), by", (TOP / "README.md").read_text())
    assert found, "README.md names no run"
    shutil.copy(TOP / "README.md", folder)
    shutil.copytree(TOP / "scripts", folder / "scripts")
    shutil.copytree(TOP / found[1], folder / found[1])
    return folder


def test_readme_is_of_the_run(_: Path) -> None:
    done = run_readme(TOP, "--check")
    assert (done.returncode, done.stderr) == (0, ""), done


def test_change_is_noticed_and_mended(folder: Path) -> None:
    top = copy(folder)
    readme = top / "README.md"
    before = readme.read_text()
    changed = re.sub(r"(\d)( us \[)", lambda found: f"{(int(found[1]) + 1) % 10}{found[2]}", before, count=1)
    assert changed != before
    readme.write_text(changed)
    done = run_readme(top, "--check")
    assert done.returncode == 1 and "README.md does not say what 'results/" in done.stderr, done
    assert run_readme(top).returncode == 0 and readme.read_text() == before


def test_readme_without_marks(folder: Path) -> None:
    top = copy(folder)
    (top / "README.md").write_text("# poolbench\n")
    done = run_readme(top)
    assert done.returncode == 1 and "no place for an answer" in done.stderr, done


main(globals())
