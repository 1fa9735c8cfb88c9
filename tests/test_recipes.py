#!/usr/bin/env python3
"""The recipes of docs/machines.md that gather runs keep what was measured when cells failed on a machine."""
import os
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

from harness import RUN_SOME_FAILED, TOP, check, check_equal, run_parts

TEXT = (TOP / "docs" / "machines.md").read_text()
# Stands in for ssh: a node is a folder.
SSH = """#!/bin/sh
mkdir -p "$NODES/$1" && cd "$NODES/$1" && shift && exec sh -c "$*"
"""
# Stands in for the program: on one node cells fail.
PROGRAM = f"""#!/bin/sh
mkdir -p results/machine/run && echo measured >results/machine/run/run.json
case $PWD in */two/*) exit {RUN_SOME_FAILED} ;; esac
"""


def script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def section(title: str) -> str:
    found = re.search(rf"^## {title}$.*?^```\w+\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    check(found, f"docs/machines.md has no recipe '{title}'")
    return found[1] if found else ""


def test_ssh() -> None:
    with tempfile.TemporaryDirectory(prefix="poolbench-test-") as name:
        top = Path(name)
        (top / "bin").mkdir()
        (top / "scripts").mkdir()
        script(top / "bin" / "ssh", SSH)
        script(top / "scripts" / "report", '#!/bin/sh\necho "$1" >>reported\n')
        script(top / "poolbench", PROGRAM)
        with tarfile.open(top / "poolbench-1.tar.gz", "w:gz") as archive:
            archive.add(top / "poolbench", "poolbench-1/poolbench")
        recipe, n = re.subn(r"^archive=.*$", "archive=poolbench-1.tar.gz", section("By ssh"), flags=re.MULTILINE)
        check_equal("lines that name the archive", n, 1)
        variables = {**os.environ, "PATH": f"{top}/bin:{os.environ['PATH']}", "NODES": f"{top}/nodes"}
        done = subprocess.run(["sh", "-c", recipe], cwd=top, env=variables, capture_output=True, text=True, timeout=60)
        check_equal("errors", (done.returncode, done.stderr), (0, ""))
        reported = (top / "reported").read_text().split() if (top / "reported").exists() else []
        check_equal("gathered and reported", reported,
                    [f"gathered/{node}/machine/run/" for node in ("one", "three", "two")])


def test_ci() -> None:
    """A job whose needs failed is skipped unless it says otherwise; so is a step after one that failed."""
    jobs = dict(re.findall(r"^  (\w+):\n((?:    .*\n)+)", section("On CI runners"), re.MULTILINE))
    check_equal("jobs", list(jobs), ["dist", "measure", "report"])
    check(re.search(r"^    if: \$\{\{ !cancelled\(\) \}\}", jobs["report"], re.MULTILINE),
          "report is skipped when a runner had failing cells")
    check(re.search(r"- if: always\(\).*\n +uses: actions/upload-artifact", jobs["measure"]),
          "what was measured is not kept when cells failed")


if __name__ == "__main__":
    run_parts([test_ssh, test_ci])
