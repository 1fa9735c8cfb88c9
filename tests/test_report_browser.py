#!/usr/bin/env python3
"""report.html and the page of a comparison in a real browser, from a file: no error, no request, no serious violation
of axe, filter, sort and
samples by keyboard, nothing wider than a phone or than paper, readable without scripts. POOLBENCH_PICTURES names a
folder for pictures of it."""
import os
import shutil
import subprocess
from pathlib import Path

from report_helpers import TOP, main, report, skip

from compare import overlays
from draw import pictures
from report import as_html

from madeup_run import make_run
from overlay_fleet import fleet, page_document

NPM = TOP / "tests" / "npm"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
NODE = shutil.which("node") or ""

if not CHROMIUM or not NODE or not (NPM / "node_modules" / "playwright-core").is_dir():
    skip("no chromium, node or playwright-core: scripts/setup --test installs them")


def check(script: str, page: Path) -> None:
    folder = os.environ.get("POOLBENCH_PICTURES")
    done = subprocess.run([NODE, str(NPM / script), str(page), CHROMIUM, *([folder] if folder else [])],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_report(folder: Path) -> None:
    run = make_run(folder, "quick")
    assert report(run).returncode == 0
    check("check_report.mjs", run / "report.html")


def test_comparison(folder: Path) -> None:
    program, reason = pictures.find_gnuplot()
    if not program:
        skip(reason)
    for n, experiments in ((12, {"floors", "grain", "gap"}), (13, {"floors", "grain"})):
        of = folder / str(n)
        of.mkdir()
        subjects = [overlays.Subject(f"machine {each.mark}", each.mark, {
            name: overlay for name, overlay in each.overlays.items() if name in experiments}) for each in fleet(n)]
        names = overlays.write_inputs(subjects, of)
        assert pictures.draw(program, of / "plots", names, lambda _: None) == []
        (of / "comparison.html").write_text(as_html.render_comparison(page_document(subjects, names), of / "plots"))
        check("check_comparison.mjs", of / "comparison.html")


main(globals())
