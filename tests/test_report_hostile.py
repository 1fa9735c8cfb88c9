#!/usr/bin/env python3
"""Runs come from anywhere: nothing of their text runs, becomes markup, moves the terminal's cursor or is taken for a
formula."""
import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from report_helpers import TOP, main, report, run_script

from madeup_run import make_documents, write_run

from base import text
from base.files import RunError
from base.read import read_run


def evil(folder: Path) -> str:
    """Each way that we know to be taken for something else. Every trial to run a command makes a file."""
    trap = folder / "trapped"
    return (f"</script><script>alert(1)</script>\"><img src=x onerror=alert(1)>' onmouseover='alert(1) "
            f"javascript:alert(1) --><svg onload=alert(1)>&#60;b&#62;{{{{7*7}}}}=cmd|' /C'!A0"
            f"`touch {trap}`$(touch {trap})'; system('touch {trap}') #\"; system(\"touch {trap}\")\n"
            f"![x](https://example.org/x)<script>alert(1)</script>|```\x1b[2J\x1b]0;title\x07\u202e\u200b@x %s %c "
            f"{{/:Bold=99 x}} @TRAP {trap}")


def poison(value: Any, words: str, keep: set[str], key: str = "") -> Any:
    """Every text but those that the format itself fixes, made hostile."""
    if isinstance(value, str):
        return value if key in keep or value in keep else value + words
    if isinstance(value, list):
        return [poison(item, words, keep, key) for item in value]
    if isinstance(value, dict):
        return {name: poison(item, words, keep, name) for name, item in value.items()}
    return value


FIXED = {"status", "op", "evaluator", "profile", "mode", "polarity", "unit"}


class Elements(HTMLParser):
    """Elements of a page with the names of their attributes, where its links lead, and what its scripts hold."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[tuple[str, ...]] = set()
        self.links: set[str] = set()
        self.scripts: list[str] = []
        self.in_script = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add((tag, *sorted(name for name, _ in attrs)))
        self.links |= {value or "" for name, value in attrs if name in ("href", "src", "xlink:href", "action", "data")}
        self.in_script = tag == "script"
        if self.in_script:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.in_script = False

    def handle_data(self, data: str) -> None:
        if self.in_script:
            self.scripts[-1] += data


def make_hostile(folder: Path, words: str, **options: Any) -> Path:
    run, journal = make_documents(**{"profile": "quick", **options})
    names = {experiment["name"] for experiment in run["experiments"]}
    metrics = {metric["name"] for metric in run["metrics"]}
    keep = FIXED | names | metrics | {"pool", "raw", "serial", "floor"}
    for sample in run["samples"][:40]:
        sample.update(status="failed", reason="it broke", metrics={})
    run_id, machine = run["run"]["id"], run["run"]["machine"]
    hostile = poison(run, words, keep)
    path = write_run(folder, {**hostile, "run": {**hostile["run"], "id": run_id, "machine": machine}}, [])
    hostile["run"]["machine"] += words
    (path / "run.json").write_text(json.dumps(hostile))
    (path / "machine.json").write_text(json.dumps(poison({"processor": {"model": "x", "hardware_threads": 2},
                                                          "kernel": {"a": ["b"]}}, words, set())))
    return path


def test_nothing_runs_and_nothing_escapes(folder: Path) -> None:
    words = evil(folder)
    run = make_hostile(folder, words)
    done = report(run)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert not (folder / "trapped").exists()
    assert len(done.stdout.splitlines()) <= 20
    made = [path for path in run.rglob("*") if path.is_file() and path.name not in ("run.json", "journal.jsonl",
                                                                                    "machine.json")]
    assert any(path.suffix == ".png" for path in made)
    for path in made:
        if path.suffix == ".png":
            continue
        content = path.read_text()
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u200b]", content), path
        assert path.suffix != ".gp" or "trapped" not in content, path
        assert path.suffix != ".html" or not re.search("<script>alert|<img|<svg onload|href=.https?:", content), path
        assert path.suffix not in (".svg", ".dat") or not re.search("[`$]|<script", content), path
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u200b]", done.stdout)


def test_page_has_the_elements_of_a_harmless_one(folder: Path) -> None:
    words = evil(folder)
    pages = []
    for name, of in (("harmless", " harmless"), ("hostile", words)):
        run = make_hostile(folder / name, of)
        assert report(run).returncode == 0
        pages.append(Elements((run / "report.html").read_text()))
    harmless, hostile = pages
    assert hostile.found == harmless.found, hostile.found ^ harmless.found
    assert not [name for _, *names in hostile.found for name in names if name.startswith("on")]
    assert hostile.links == harmless.links, hostile.links ^ harmless.links
    assert all(re.fullmatch(r"#[\w-]*|data:,|(data|plots)/[\w-]+\.(dat|gp)|data\.csv|journal\.jsonl", link)
               for link in hostile.links), hostile.links
    samples, script = hostile.scripts
    assert script == harmless.scripts[1]
    assert not re.search("[<>&]", samples)
    assert any(text.clean(words) in side["cell"] for side in json.loads(samples)["sides"])


def test_a_folder_of_any_name(folder: Path) -> None:
    trap = folder / "trapped"
    for i, name in enumerate(("a\x1b[2J\x1b]0;t\x07\nb\u202e\x9b2J'\"`touch trapped`$(touch trapped)\\", "--help",
                              "' set print '|sh' #", "-", "*.gp", "\udcff")):
        run = folder / f"{i}" / name
        run.parent.mkdir()
        write_run(folder / f"made{i}", *make_documents("smoke", only=["floors", "grain"])).rename(run)
        for given, cwd in ((run, folder), (Path(f"./{name}"), run.parent)):
            done = report(given, cwd=cwd)
            assert (done.returncode, done.stderr) == (0, ""), done
            assert all(line.isprintable() for line in done.stdout.splitlines()), done.stdout
            assert done.stdout.count("\n") == len(done.stdout.splitlines()) and "report.html" in done.stdout
        (run / "run.json").unlink()
        for script, *options in (("report",), ("advise", "--task-us", "10", "--rate", "1000"), ("trust", "smallest"),
                                 ("cite",)):
            done = run_script(TOP / "scripts" / script, *options, run, cwd=folder)
            assert (done.returncode, done.stdout) == (1, "") and done.stderr.endswith("\n"), done
            assert done.stderr.removesuffix("\n").isprintable(), done.stderr
    assert not trap.exists() and not list(folder.rglob("trapped"))


def test_terminals_of_every_script(folder: Path) -> None:
    """What of a run reaches a terminal, in answers and in errors, is letters and ends of lines."""
    words = evil(folder)
    one, two = (make_hostile(folder / name, words, profile="smoke", only=["grain", "gap"]) for name in "ab")
    odd = folder / "odd\x1b[2J\u202e\udcff\n"
    odd.mkdir()
    (odd / "run.json").write_text("{}")
    wrong = folder / "wrong"
    wrong.mkdir()

    def say(name: str, *arguments: object) -> str:
        done = run_script(TOP / "scripts" / name, *arguments, cwd=folder)
        said = done.stdout + done.stderr
        assert "Traceback" not in said and all(line.isprintable() for line in said.split("\n")), (name, said)
        return said

    assert "alert" in say("compare", one, two, odd, folder / "no\x1b\u202e\udcff")
    assert say("cite", one)
    say("trust", "smallest", one)
    say("advise", "--task-us", 10, "--rate", 1000, one)
    for arguments in (["cite", "--verify", odd], ["archive", one], ["archive", "--check", odd]):
        assert "scripts/" in say(*map(str, arguments)), arguments
    document = json.loads((one / "run.json").read_text())
    for change in ({"schema": words}, {"samples": [{**document["samples"][0], "cell": words}]},
                   {"experiments": [{**document["experiments"][0], "name": words}]}, {"checks": [words]},
                   {"metrics": [{**document["metrics"][0], "unit": words}]}, {"cells": [document["cells"][0]] * 2},
                   {"samples": [{**document["samples"][0], "metrics": {words: "x"}}]}):
        (wrong / "run.json").write_text(json.dumps({**document, **change}))
        try:
            read_run(wrong)
            raise AssertionError(f"it was read: {list(change)}")
        except RunError as error:
            assert text.clean(str(error)) == str(error), error


def test_summary_has_no_foreign_markup(folder: Path) -> None:
    run = make_hostile(folder, evil(folder))
    report(run, "--no-plots")
    summary = re.sub(r"^    .*$", "", (run / "summary.md").read_text(), flags=re.M)  # indented: shown as it is
    assert "<script" not in summary and "https://" not in summary and "```" not in summary
    outside_code = re.sub(r"(?<!\\)`[^`\n]*`", "", summary)
    assert not re.search(r"(?<!\\)\]\(http", outside_code) and "\\!\\[x\\](https&#58;//" in outside_code
    assert not re.search(r"(?<!\\)`", outside_code)
    columns = [len(re.findall(r"(?<!\\)\|", line)) for line in summary.splitlines() if line.startswith("| C")]
    assert len(set(columns)) == 1, columns


def test_command_to_paste_is_a_command_of_poolbench(folder: Path) -> None:
    for i, (command, is_shown) in enumerate((
            ("poolbench run --profile quick --filter '^grain/|x y'", True),
            ("poolbench run --profile quick; rm -rf x", False),
            ("poolbench run --filter 'a'\\''b'", False),
            ("curl x | sh", False))):
        run, journal = make_documents("smoke", only=["grain"])
        path = write_run(folder / str(i), {**run, "command": command}, journal)
        assert report(path, "--no-plots").returncode == 0
        assert (f"    build/{command}\n" in (path / "summary.md").read_text()) == is_shown, command


def test_formulas_are_neutral(folder: Path) -> None:
    run, journal = make_documents("smoke", only=["grain"])
    renamed = json.loads(json.dumps(run).replace('"raw-capped"', '"=2+5"'))
    path = write_run(folder, renamed, [])
    assert report(path, "--no-plots").returncode == 0
    rows = list(csv.reader(io.StringIO((path / "data.csv").read_text())))
    assert "'=2+5" in {row[2] for row in rows}
    assert not [field for row in rows for field in row if field[:1] in ("=", "+", "@") or re.match(r"-[^\d.]", field)]


def test_cleaning(_: Path) -> None:
    assert text.clean("a\x1b[31mb\r\nc\u202ed\u200be") == "a[31mb cde"
    assert text.plain("a`b$c\"d|e") == "abcde"
    assert text.code("a`b") == "a\\`b" and text.code("a/b:c") == "`a/b:c`"
    assert text.markdown("a|b") == "a\\|b"


main(globals())
