#!/usr/bin/env python3
"""report.html in a real browser, from a file: no error, no request, no serious violation of axe, filter, sort and
samples by keyboard, nothing wider than a phone or than paper, readable without scripts. POOLBENCH_PICTURES names a
folder for pictures of it."""
import os
import shutil
import subprocess
from pathlib import Path

from report_helpers import TOP, main, report, skip

from madeup_run import make_run

NPM = TOP / "tests" / "npm"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
NODE = shutil.which("node") or ""

if not CHROMIUM or not NODE or not (NPM / "node_modules" / "playwright-core").is_dir():
    skip("no chromium, node or playwright-core: scripts/setup --test installs them")


def test_in_a_browser(folder: Path) -> None:
    run = make_run(folder, "full")
    assert report(run).returncode == 0
    pictures = os.environ.get("POOLBENCH_PICTURES")
    done = subprocess.run([NODE, str(NPM / "check_report.mjs"), str(run / "report.html"), CHROMIUM,
                           *([pictures] if pictures else [])], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


main(globals())
