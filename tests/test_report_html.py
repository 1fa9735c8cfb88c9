#!/usr/bin/env python3
"""report.html as far as it can be seen without a browser: it is small and alone, its links lead somewhere, and it says
what summary.md and the terminal say."""
import base64
import hashlib
import html
import json
import re
from pathlib import Path

from report_helpers import main, report

from madeup_run import make_documents, make_run, write_run

SIZE_MAX = 5 << 20


def made(folder: Path, *options: str) -> Path:
    run = make_run(folder, "full")
    done = report(run, *options)
    assert done.returncode == 0, done
    return run


def test_it_needs_nothing_else(folder: Path) -> None:
    page = (made(folder) / "report.html").read_text()
    assert len(page.encode()) < SIZE_MAX
    assert "://" not in re.sub(r"http://www\.w3\.org/[\w/]+", "", page), re.findall(r".{40}://.{40}", page)[:3]
    assert not re.search(r"<(script|link|img|iframe)[^>]* (src|href)=(?!\"data:)", page)
    ids = re.findall(r' id="([^"]*)"', page)
    assert len(ids) == len(set(ids)), sorted({of for of in ids if ids.count(of) > 1})[:5]
    targets = set(re.findall(r'href="#([^"]*)"', page))
    assert targets <= set(ids), sorted(targets - set(ids))[:5]


def test_no_script_but_its_own(folder: Path) -> None:
    page = (made(folder, "--no-plots") / "report.html").read_text()
    scripts = re.findall(r"<script>(.*?)</script>", page, re.S)
    assert len(scripts) == 1
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy and policy[1].startswith("default-src 'none';"), policy
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert re.findall(r"script-src ([^;]*)", policy[1]) == [f"'sha256-{digest}'"], policy[1]


def test_experiments_may_have_any_name(folder: Path) -> None:
    """Also one that the page has for something else."""
    run, journal = make_documents("smoke", only=["floors", "grain"])
    path = write_run(folder, *json.loads(json.dumps([run, journal]).replace('"grain', '"samples')))
    assert report(path, "--no-plots").returncode == 0
    ids = re.findall(r' id="([^"]*)"', (path / "report.html").read_text())
    assert len(ids) == len(set(ids)) and "experiment-samples" in ids, ids


def test_it_says_what_the_others_say(folder: Path) -> None:
    run = make_run(folder, "full")
    lines = report(run, "--no-plots").stdout.splitlines()[1:-1]
    page, summary = (run / "report.html").read_text(), (run / "summary.md").read_text()
    words = html.unescape(re.sub(r"<[^>]+>", " ", page))
    for line in lines:
        for part in re.split(r" {2,}", line.removeprefix("! ")):
            assert part in words and part in summary, part
    for verdict in re.findall(r"^- (C\d+ .*)$", summary, re.M):
        assert re.sub(r"\\(.)", r"\1", verdict) in words, verdict


main(globals())
