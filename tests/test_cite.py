#!/usr/bin/env python3
"""scripts/cite: ids are those of the content; a run of grade D is refused; the report leads to all that it cites; words
of others stay words."""
import gzip
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from report_helpers import main, report

from cite_helpers import CITE, citer, copy_stored, is_balanced, run_cite, stored_run
from madeup_run import make_documents, make_run, write_run

from cite import citation_formats as formats


def test_content_gives_the_id(folder: Path) -> None:
    """Wherever the run lies, and whether its files are packed or not; another sample gives another one."""
    packed, plain = stored_run(), copy_stored(folder / "elsewhere")
    blocks = [[write(of.named(name)[0]) for name in ("C1", "gap") for write in formats.FORMATS.values()]
              for of in map(citer, (packed, plain, Path(os.path.relpath(plain))))]
    assert blocks[0] == blocks[1] == blocks[2]
    (plain / "journal.jsonl.gz").write_bytes(gzip.compress((plain / "journal.jsonl").read_bytes(), 1))
    (plain / "journal.jsonl").unlink()
    assert run_cite(plain, "gap").stdout == run_cite(packed, "gap").stdout
    document = json.loads((plain / "run.json").read_text())
    next(of for of in document["samples"] if of["cell"].startswith("reuse"))["metrics"]["time_ns"] += 0.001
    (plain / "run.json").write_text(json.dumps(document))
    ids = [{line.split()[0] for line in run_cite(run).stdout.splitlines()} for run in (packed, plain)]
    assert len(ids[0]) == len(ids[1]) == 4 and not ids[0] & ids[1], ids


def test_list_and_names(folder: Path) -> None:
    run = make_run(folder, "quick")
    listed = run_cite(run).stdout.splitlines()
    rows = {row.split()[0]: row.split()[1] for row in listed}
    assert set(rows.values()) == {"claim", "figure"}, listed
    for id, kind in rows.items():
        done = run_cite(run, id) if id.startswith(("C2-", "grain-")) else None
        assert done is None or done.stdout.startswith(f"poolbench citation {id}\n"), done
    for name, words in (("C99", "no claim, figure or id of this run"), ("grain-00000000", "no claim, figure or id"),
                        ("C13", "C13 was not measured: not in the profile quick"), ("\x1b[2J", "no claim, figure")):
        done = run_cite(run, name)
        assert done.returncode == 1 and done.stdout == "" and words in done.stderr, done
        assert done.stderr.count("\n") == 1 and done.stderr[:-1].isprintable(), done
    for arguments in ((), ("--force",), ("--run", run), (run, "C2", "--verify", "x"), (run, "C2", "--format", "pdf")):
        done = run_cite(*arguments)
        assert done.returncode == 1 and done.stdout == "" and done.stderr.count("\n") == 1, done


def test_claim_that_is_named_like_a_figure(folder: Path) -> None:
    document, journal = make_documents("quick", only=["floors", "grain"])
    next(of for of in document["experiments"] if of["name"] == "grain")["claim"] = "grain"
    run = write_run(folder, document, journal)
    done = run_cite(run, "grain")
    found = re.search(r"'grain' is (grain-[0-9a-f]{8}) or (grain-[0-9a-f]{8}): give the id", done.stderr)
    assert done.returncode == 1 and found, done
    for id, kind in ((found[1], "claim"), (found[2], "figure")):
        done = run_cite(run, id, "--format", "json")
        assert json.loads(done.stdout)["kind"] == kind, done
        (folder / "block").write_text(done.stdout)
        assert run_cite("--verify", folder / "block", "--run", run).returncode == 0


def test_grade_d(folder: Path) -> None:
    smoke = make_run(folder / "smoke", "smoke", only=["floors", "grain", "gap"])
    part = write_run(folder / "part", *make_documents("quick", only=["grain"]), incomplete=True)
    for run, words in ((smoke, "the profile smoke decides nothing"), (part, "the run is incomplete")):
        done = run_cite(run, "grain")
        assert (done.returncode, done.stdout) == (1, "") and done.stderr.count("\n") == 1, done
        assert "grade D, do not cite: " in done.stderr and words in done.stderr and "--force" in done.stderr, done
        for form in formats.FORMATS:
            done = run_cite(run, "grain", "--format", form, "--force")
            said = done.stdout if form != "json" else json.dumps(json.loads(done.stdout)["grade"])
            assert (formats.FORCED if form != "json" else '"letter": "D"') in said, done
            assert form != "bibtex" or f"note = {{{formats.FORCED}" in said, done
            (folder / form).write_text(done.stdout)
            done = run_cite("--verify", folder / form, "--run", run)
            assert (done.returncode, done.stderr) == (0, ""), done
        assert report(run, "--no-plots").returncode == 0
        page = (run / "CITE.md").read_text()
        assert "**Do not cite it.**" in page and "--force" in page and words in page, page
        assert "Not to be cited, grade D: " in (run / "report.html").read_text()


def test_report_leads_to_it(folder: Path) -> None:
    if not shutil.which("gnuplot"):
        return
    run = make_run(folder, "quick")
    assert report(run).returncode == 0
    of, page, html, summary = citer(run), *((run / name).read_text() for name in ("CITE.md", "report.html",
                                                                                 "summary.md"))
    for subject in of.subjects:
        made = of.cite(subject)
        command = f"scripts/cite results/{run.parent.name}/{run.name} {made.id}"
        assert page.count(f"\n    {command}\n") == 1, made.id
        assert f"<summary>Cite this: <code>{made.id}</code></summary>" in html, made.id
        assert f"Cite this: `{made.id}`, the block by `{command}`" in summary, made.id
        folded = html.partition(f"Cite this: <code>{made.id}</code>")[2].partition("</details>")[0]
        assert folded.count('tabindex="0"') == 2 and f"@misc{{poolbench-{made.id}," in folded
    before = [(run / name).read_bytes() for name in ("CITE.md", "report.html")]
    assert report(run).returncode == 0
    assert before == [(run / name).read_bytes() for name in ("CITE.md", "report.html")]


def test_blocks_in_the_report_verify(folder: Path) -> None:
    """As they are copied from the page."""
    run = copy_stored(folder)
    if not shutil.which("gnuplot"):
        return
    assert report(run).returncode == 0
    html = (run / "report.html").read_text()
    blocks = re.findall(r'<div class="scroll block"[^>]*><pre>(.*?)</pre>', html, re.S)
    assert len(blocks) == 8, len(blocks)
    for old, new in (("&lt;", "<"), ("&gt;", ">"), ("&#34;", '"'), ("&#39;", "'"), ("&amp;", "&")):
        blocks = [block.replace(old, new) for block in blocks]
    done = run_cite("--verify", "-", "--run", run, input="\n\n".join(blocks))
    assert done.returncode == 0 and done.stdout.count(" holds: ") == 8, done


def test_command_over_several_lines(_: Path) -> None:
    """The shell takes it for what it was."""
    for command in ("printf '%s;' a", "printf '%s;' " + ",".join(f"backend-{i}" for i in range(60)),
                    "printf '%s;' --filter '" + "^(a b|c)$ " * 30 + "' x", "printf '%s;' " + "x" * 100 + " y " * 90):
        lines = formats.shell_lines(command, formats.COLUMNS)
        assert all(len(line) <= formats.COLUMNS for line in lines), lines
        done = subprocess.run(["sh", "-c", "\n".join(lines)], capture_output=True, text=True)
        assert done.stdout.split(";")[:-1] == shlex.split(command)[2:], (command, lines, done)


def test_run_of_hostile_words(folder: Path) -> None:
    document, journal = make_documents("quick", only=["floors", "grain"])
    evil = "```\\end{x}} %$&#_~^ <b>@misc{a, poolbench citation C9-00000000 1.a value=3 \"" + "x" * 300
    experiment = next(of for of in document["experiments"] if of["name"] == "grain")
    experiment.update(statement=evil, primary=evil, question=evil)
    experiment["rule"]["contrasts"][0]["name"] = evil
    run = write_run(folder, document, journal)
    for name in ("C2", "grain"):
        for form in formats.FORMATS:
            block = run_cite(run, name, "--format", form).stdout
            assert form != "bibtex" or is_balanced(block) and "@misc{a" not in block, block
            assert form != "text" or max(map(len, block.splitlines())) <= formats.COLUMNS, block
            assert form != "markdown" or not re.search(r"^[^ \n].*(<b>|(?<!\\)`)", block, re.M), block
            (folder / "block").write_text(block)
            done = run_cite("--verify", folder / "block", "--run", run)
            assert "Traceback" not in done.stderr and done.stderr.count("\n") <= 1, done
            assert form != "json" or done.returncode == 0, done


def test_output_that_cannot_be_written(_: Path) -> None:
    command = [sys.executable, str(CITE), str(stored_run()), "C1"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=100)
    assert done.returncode == 1 and done.stderr == "scripts/cite: cannot go on: No space left on device\n", done
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as closed:
        done = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, text=True, timeout=100)
    assert (done.returncode, done.stderr) == (0, ""), done


main(globals())
