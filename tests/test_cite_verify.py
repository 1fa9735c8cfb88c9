#!/usr/bin/env python3
"""scripts/cite --verify: what was cited from a run of each schema holds with today's scripts, and whatever is changed,
in the samples or in the block, makes it fail and is named."""
import copy
import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from report_helpers import TOP, main

from cite_helpers import (ENDINGS, STORED, block_of, change_json, citer, copy_stored, fault, json_block_of, run_cite,
                          stored_run)

from base import files
from cite import citation_blocks, citation_check, citation_formats, citations
from cite.citation_formats import ENDING, FORMATS, SHORT
from cite.citations import EDITION, FACTS, SCHEMA, digest

NAMES = ["C1", "C18", "reuse", "gap"]
POOL = "pool, 2 workers"


def runs_of(schema: Path) -> list[Path]:
    return [path for path in sorted(schema.glob("*/*")) if path.is_dir()]


def test_every_schema_has_its_run(_: Path) -> None:
    """Whoever raises a schema stores a run of it, and citations of that run."""
    for schema in range(1, files.SCHEMA + 1):
        folder = STORED / f"schema-{schema}"
        assert runs_of(folder), f"{folder} has no run: measure a small one with this schema"
        found = {path.name for path in (folder / "citations").iterdir()}
        assert found == {f"{name}{ending}" for name in NAMES for ending in ENDINGS.values()}, found


def test_stored_citations_hold(_: Path) -> None:
    for folder in sorted(STORED.iterdir()):
        (run,) = runs_of(folder)
        for path in sorted((folder / "citations").iterdir()):
            done = run_cite("--verify", path, "--run", run)
            assert (done.returncode, done.stderr) == (0, ""), (f"{done.stderr}If words, rounding, grades or rules were "
                                                               "changed on purpose, raise EDITION of citations.py")
            assert done.stdout.count(" holds: ") == 1 and "not where the samples came from" in done.stdout, done


def test_run_is_found(folder: Path) -> None:
    """Beside the block, and in results/ from here."""
    run = copy_stored(folder / "results")
    block = run_cite(run, "C1").stdout
    for place, cwd in ((run, Path("/")), (folder, folder)):
        (place / "block.txt").write_text(f"As we saw:\n\n{block}\nRegards\n")
        done = run_cite("--verify", place / "block.txt", cwd=cwd)
        assert (done.returncode, done.stderr) == (0, ""), done
    done = run_cite("--verify", "-", cwd=folder, input=block.replace("\n", "\r\n"))
    assert done.returncode == 0, done
    done = run_cite("--verify", folder / "block.txt", cwd=run)
    assert done.returncode == 1 and "name its folder with --run" in done.stderr, done
    done = run_cite("--verify", "-", cwd=Path("/"), input=block)
    assert done.returncode == 1 and "name its folder with --run" in done.stderr, done
    other = next((TOP / "results").glob("*/20261126T003222Z-*"))
    done = run_cite("--verify", "-", "--run", other, input=block)
    assert done.returncode == 1 and f"it is of run {run.name} on" in done.stderr, done


def test_run_beside_the_block_that_is_another(folder: Path) -> None:
    """A run.json that is none of poolbench's does not end the search, unless there is nothing else."""
    run = copy_stored(folder / "results")
    (folder / "block.txt").write_text(run_cite(run, "C1").stdout)
    (folder / "run.json").write_text('{"scripts": "of another program"}')
    done = run_cite("--verify", folder / "block.txt", cwd=folder)
    assert (done.returncode, done.stderr) == (0, ""), done
    done = run_cite("--verify", folder / "block.txt", cwd="/")
    assert done.returncode == 1 and "run.json' has no 'schema'" in done.stderr, done


def test_names_that_give_the_same_letters(_: Path) -> None:
    of = citer(stored_run())
    experiment = of.subjects[0].experiment
    one, other = (citations.Subject("figure", name, "", replace(experiment, name=rest))
                  for name, rest in (("gap", "s"), ("gaps", "")))
    with patch.object(citations.Citer, "make", lambda _, subject: subject):
        assert (of.cite(one), of.cite(other)) == (one, other)


# Samples that were changed.

def change_histogram(run: Path, cell: str, backend: str, by: int, first: bool = False) -> None:
    """Adds to one count of one round of this side."""
    path = run / "journal.jsonl"
    lines = path.read_text().splitlines()
    for i, line in enumerate(lines[1:], 1):
        sample = json.loads(line)
        if sample["cell"].startswith(cell) and sample["backend"] == backend and sample.get("histogram"):
            counts = sorted(sample["histogram"])
            counts[0 if first else len(counts) // 2][1] += by
            sample["histogram"] = counts
            lines[i] = json.dumps(sample)
            path.write_text("\n".join(lines) + "\n")
            return
    raise AssertionError("no such histogram")


def samples_of(document: dict[str, Any], cell: str, backend: str) -> list[dict[str, Any]]:
    return [of for of in document["samples"] if of["cell"].startswith(cell) and of["backend"] == backend]


def faults(before: Path, after: Path, name: str) -> Iterator[tuple[str, str]]:
    """What is wrong with a citation of the first run beside the second, in each format."""
    of = citer(before).named(name)[0]
    changed = citer(after)
    for form, write in FORMATS.items():
        yield form, fault(lambda: block_of(write(of), after), changed)


def test_one_count_of_a_histogram(folder: Path) -> None:
    run = copy_stored(folder)
    change_histogram(run, "gap/", "pool", 1)
    for name in ("gap", "C18"):
        for form, found in faults(stored_run(), run, name):
            assert "does not hold" in found and f"{POOL}" in found, (name, form, found)
            assert not name.startswith("C") or f"the samples of {POOL} in gap/empty/" in found, found
    for form, found in faults(stored_run(), run, "C1"):
        assert "the file journal.jsonl is not what was cited" in found, (form, found)


def test_many_counts_change_a_point(folder: Path) -> None:
    """Then it is the number that is named, before the samples are."""
    run = copy_stored(folder)
    change_histogram(run, "gap/", "raw", 500, first=True)
    for form, found in faults(stored_run(), run, "gap"):
        assert re.search(r"series raw, panel 2: y_m(in|ax) is cited as|'raw', panel 2, points, the point at 0(\.0)?, "
                         r"value is cited as", found), (form, found)


def test_last_digit_of_one_sample(folder: Path) -> None:
    run = copy_stored(folder)
    of = samples_of(json.loads((run / "run.json").read_text()), "reuse/", "raw")
    middle = sorted(of, key=lambda sample: sample["metrics"]["time_ns"])[len(of) // 2]["round"]

    def change(document: dict[str, Any]) -> None:
        metrics = next(s for s in samples_of(document, "reuse/", "raw") if s["round"] == middle)["metrics"]
        metrics["time_ns"] = round(metrics["time_ns"] + 0.000001, 6)

    change_json(run / "run.json", change)
    for form, found in faults(stored_run(), run, "C1"):
        wanted = r"contrast|'kept pool over raw', b, value is cited as" if form == "json" else \
            r"samples of raw in reuse/\S+ are not what was cited"
        assert re.search(wanted, found), (form, found)


def test_sample_that_is_larger(folder: Path) -> None:
    run = copy_stored(folder)
    change_json(run / "run.json", lambda document: [of["metrics"].update(time_ns=1.02 * of["metrics"]["time_ns"])
                                                    for of in samples_of(document, "reuse/", "pool")])
    for form, found in faults(stored_run(), run, "C1"):
        wanted = "C1, 'kept pool over raw', a, value is cited as" if form == "json" else \
            f"C1, 'kept pool over raw', time_ns of the first side ({POOL}): value is cited as"
        assert wanted in found and "the samples say" in found, (form, found)


def test_sample_that_was_dropped(folder: Path) -> None:
    run = copy_stored(folder)
    change_json(run / "run.json", lambda document: document["samples"].remove(
        samples_of(document, "reuse/", "raw")[3]))
    for form, found in faults(stored_run(), run, "C1"):
        assert "raw" in found and re.search(r"(value|n) is cited as", found), (form, found)


def test_other_files(folder: Path) -> None:
    run = copy_stored(folder)
    path = run / "machine.json"
    path.write_text(path.read_text() + "\n")
    for form, found in faults(stored_run(), run, "C1"):
        assert "the file machine.json is not what was cited, though all numbers" in found, (form, found)
    path.unlink()
    for form, found in faults(stored_run(), run, "C1"):
        assert "does not hold" in found, (form, found)


# Blocks that were edited.

def digit_changed(number: str) -> str:
    place = next(i for i in range(len(number) - 1, -1, -1) if number[i].isalnum() and not number[i - 1:i] == "e")
    new = "5" if number[place] != "5" else "6"
    return number[:place] + new + number[place + 1:]


def test_each_number_of_a_row(folder: Path) -> None:
    of = citer(stored_run())
    for name in ("C1", "gap"):
        made = of.named(name)[0]
        for form in ("text", "markdown", "bibtex"):
            block = FORMATS[form](made)
            rows = list(re.finditer(r"(?<=[ \n])(\d+\.(?:a|b|effect|test)|[sdf]\d+) +((?:[a-z\d\\_]+=\S+ ?)+)", block))
            assert len(rows) >= 10, (form, len(rows))
            for row in rows:
                for field in re.finditer(r"([a-z\d\\_]+)=(\S+)", row[2]):
                    begin, end = row.start(2) + field.start(2), row.start(2) + field.end(2)
                    edited = block[:begin] + digit_changed(field[2]) + block[end:]
                    found = fault(lambda: block_of(edited, folder), of)
                    assert f"{made.id} does not hold: {name}" in found, (form, row[0], field[0], found)
                    if field[1] != "sha256" and row[1][0] not in "df":
                        plain = field[1].replace("\\", "")
                        assert f"{plain} is cited as {digit_changed(field[2])}, the" in found, (row[0], field[0], found)


def leaves(of: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(of, (dict, list)):
        for key, value in of.items() if isinstance(of, dict) else enumerate(of):
            yield from leaves(value, (*path, key))
    else:
        yield path, of


def put(document: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    at: Any = changed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return changed


def test_each_leaf_of_json(folder: Path) -> None:
    of = citer(stored_run())
    for name in ("C1", "reuse"):
        document = of.named(name)[0].document()
        for path, value in leaves(document):
            others = [value + "x"] if isinstance(value, str) else [] if value is None else [
                value + 1 if isinstance(value, int) else value * (1 + 1e-11), None, "5", [], {}, True]
            for other in others:
                found = fault(lambda: json_block_of(put(document, path, other)), of)
                assert found and found.count("\n") == 0, (path, value, other)
                if isinstance(value, (int, float)) and path[0] in ("contrasts", "figure"):
                    assert str(path[-1]) in found, (path, value, other, found)


def test_fields_of_json(folder: Path) -> None:
    of = citer(stored_run())
    document = of.named("C1")[0].document()
    for path in [(), ("contrasts", 0), ("contrasts", 0, "a"), ("machine",), ("grade",), ("samples", 1), ("files",)]:
        at: Any = document
        for key in path:
            at = at[key]
        for name in at:
            changed = copy.deepcopy(document)
            inner: Any = changed
            for key in path:
                inner = inner[key]
            del inner[name]
            assert fault(lambda: json_block_of(changed), of), (path, name)
        changed = put(document, (*path, "more"), 1)
        assert "more" in fault(lambda: json_block_of(changed), of), path


def test_words(folder: Path) -> None:
    """Of the same edition each of them counts; numbers in them too."""
    of = citer(stored_run())
    made = of.named("C1")[0]
    word = str(made.verdict and made.verdict["word"])
    for form, write in FORMATS.items():
        block = write(made)
        for old, new in ((word, "refuted"), ("2 usable", "4 usable"), ("grade", "grape"), ("kvm", "none"),
                         ("paired by", "sorted by"), (made.id, f"C1-{'0' * 8}")):
            assert old in block, (form, old)
            found = fault(lambda: block_of(block.replace(old, new, 1), folder), of)
            assert found, (form, old, found)
    words = fault(lambda: block_of(FORMATS["text"](made).replace(f"{word}:", "refuted:", 1), folder), of)
    assert f"refuted:' stands where '{word}:' should" in words, words


MODULES = (citations, citation_formats, citation_blocks, citation_check)


@contextmanager
def later(name: str, value: int) -> Iterator[None]:
    """As scripts of a later schema or edition do it."""
    with ExitStack() as stack:
        for module in MODULES:
            if hasattr(module, name):
                stack.enter_context(patch.object(module, name, value))
        yield


def signed_text(block: str) -> str:
    """Whoever edits a block can work the digest of its words out again."""
    above, _, rest = block.rpartition(ENDING)
    digest = hashlib.sha256("".join(above.split()).encode()).hexdigest()[:SHORT]
    return f"{above}{ENDING} {digest}{rest[1 + SHORT:]}"


def test_older_edition(folder: Path) -> None:
    """Its numbers count, its id, and the words of its rows; all others only by its own digest."""
    of = citer(stored_run())
    for name in ("C1", "gap"):
        made = of.named(name)[0]
        for form in ("text", "markdown", "bibtex"):
            block = FORMATS[form](made)
            other = signed_text(block.replace("unit of replication", "unit of all things"))
            edited = other.replace("of all things", "of no things")
            row = re.search(r"(?:value|y_min|y\\_min)=(\S+)", block)
            assert row
            number = signed_text(other.replace(row[0], row[0].replace(row[1], digit_changed(row[1])), 1))
            fewer = signed_text(other.replace(row[0], row[0].replace(row[1], f"{float(row[1]):.4g}"), 1))
            with later("EDITION", EDITION + 1):
                for good in (block, other, fewer):
                    assert fault(lambda: block_of(good, folder), of) == "", (form, name)
                assert "its words were changed" in fault(lambda: block_of(edited, folder), of)
                assert "is cited as" in fault(lambda: block_of(number, folder), of), (form, name)
            assert fault(lambda: block_of(other, folder), of), "of this edition every word counts"


def test_older_edition_that_is_forged(folder: Path) -> None:
    of = citer(stored_run())
    made = of.named("C1")[0]
    cases = [(r"(1\.b .*)raw\n", r"\1serial\n", "the words of its rows"),
             (r"(1\.a .*)pool, 2 workers", r"\1pool, 4 workers", "the words of its rows"),
             (r"(time\\?_ns in )ns", r"\1ms", "the words of its rows"),
             ("less is better", "more is better", "the words of its rows"),
             ("1. kept pool", "1. new pool", "the words of its rows"), ("(f2 .*)journal", r"\1machine", "of its rows"),
             (r"started   2026", "started   2025", "the words of its rows"), (made.id, "C1-00000000", "has the id")]
    for form in ("text", "markdown", "bibtex"):
        block = FORMATS[form](made)
        for old, new, words in cases:
            forged, n = re.subn(old, new, block, count=1)
            assert n == 1, (form, old)
            forged = signed_text(forged)
            with later("EDITION", EDITION + 1):
                assert words in fault(lambda: block_of(forged, folder), of), (form, old)


def test_unknown_edition(folder: Path) -> None:
    """A block does not choose the rules that it is held against."""
    of = citer(stored_run())
    made = of.named("C1")[0]
    for edition, words in ((EDITION + 1, "use a newer poolbench"), (999999, "use a newer"), (0, "the first one is 1")):
        for form in ("text", "markdown", "bibtex"):
            block = signed_text(FORMATS[form](made).replace(f"edition={EDITION}", f"edition={edition}"))
            assert words in fault(lambda: block_of(block, folder), of), (form, edition)
        document = signed({**made.document(), "edition": edition})
        assert words in fault(lambda: json_block_of(document), of), edition
    assert "the first one is 1" in fault(lambda: json_block_of(signed({**made.document(), "edition": -5})), of)


def test_older_schema(folder: Path) -> None:
    """Its id was made with its own number."""
    of = citer(stored_run())
    for name in ("C1", "gap"):
        for form, write in FORMATS.items():
            block = write(of.named(name)[0])
            with later("SCHEMA", SCHEMA + 1):
                assert fault(lambda: block_of(block, folder), of) == "", (form, name)


def test_rounded_numbers(_: Path) -> None:
    same = [("0.05", "0.05", "delta"), ("0.050", "0.05", "delta"), ("376", "376.312", "lo"), ("8", "8", "n"),
            ("376.3120", "376.312", "lo"), ("2", "2", "value"), ("none", "none", "p")]
    others = [("0", "0.05", "delta"), ("0.1", "0.05", "delta"), ("0.0", "0.05", "delta"), ("1E1", "8", "n"),
              ("0E9", "8", "n"), ("0E9", "8", "value"), ("1E1", "8", "value"), ("800E-2", "8", "n"), ("8.0", "8", "n"),
              ("38E1", "376.312", "lo"), ("375", "376.312", "lo"), ("none", "2", "p"), ("2", "none", "p"),
              ("000E9", "376.312", "lo"), ("0", "1e-09", "p"), ("100E1", "1000", "rounds")]
    assert [case for case in same if not citation_check.is_same(*case)] == []
    assert [case for case in others if citation_check.is_same(*case)] == []


def signed(of: dict[str, Any]) -> dict[str, Any]:
    """Whoever edits a block can work its id and digest out again."""
    facts = {"schema": of["schema"], **{name: of[name] for name in FACTS}}
    of = {**of, "id": f"{of['name']}-{digest(facts)[:8]}"}
    return {**of, "digest": digest({name: value for name, value in of.items() if name != "digest"})}


def test_seed_of_json(_: Path) -> None:
    """Nothing of a whole number is rounded."""
    assert citation_check.is_equal(2**63 + 1, 2**63 + 1) and citation_check.is_equal(0.3, 0.1 + 0.2)
    for cited in (2**63 + 2, float(2**63), True):
        assert not citation_check.is_equal(cited, 2**63 + 1), cited
    assert not citation_check.is_equal(True, 1) and not citation_check.is_equal(1.0, 1)


def test_older_edition_of_json(_: Path) -> None:
    of = citer(stored_run())
    document = of.named("gap")[0].document()
    document.update(statistics=["in other words"], grade={"letter": "A", "failed": []})
    with later("EDITION", EDITION + 1):
        check_older_edition_of_json(document, of)


def check_older_edition_of_json(document: dict[str, Any], of: citations.Citer) -> None:
    assert fault(lambda: json_block_of(signed(document)), of) == ""
    assert "its words were changed" in fault(lambda: json_block_of({**signed(document), "scope": "all"}), of)
    for path in (("samples", 0, "backend"), ("samples", 0, "cell"), ("design", "metric"), ("run", "started"),
                 ("design", "cells", 0, "workload"), ("figure", "y"), ("figure", "series", 0, "name"), ("experiment",)):
        changed = signed(put(document, path, "other"))
        assert "is cited as 'other', the run says" in fault(lambda: json_block_of(changed), of), path
    for name in ("backend", "cell"):
        claim = of.named("C1")[0].document()
        changed = signed(put(claim, ("contrasts", 0, "a", name), claim["contrasts"][0]["b"][name] + "x"))
        assert f"{name} is cited as" in fault(lambda: json_block_of(changed), of), name
    for name in ("metric", "unit", "better"):
        changed = signed(put(of.named("C1")[0].document(), ("contrasts", 0, name), "more"))
        assert f"{name} is cited as 'more'" in fault(lambda: json_block_of(changed), of), name
    for path in (("figure", "series", 1, "points", 0, "hi"), ("machine", "cpus"),
                 ("design", "cells", 0, "keys", "tasks"), ("samples", 0, "rounds")):
        at: Any = document
        for key in path:
            at = at[key]
        changed = signed(put(document, path, at + 1))
        assert f"{path[-1]} is cited as {at + 1}, the samples say" in fault(lambda: json_block_of(changed), of), path


def test_made_with_make(folder: Path) -> None:
    run = stored_run()
    make = ["make", "-s", "-C", str(TOP), "cite"]
    done = subprocess.run([*make, f"RUN={run}", "ID=C1", "FORMAT=bibtex"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("@misc{poolbench-C1-"), done
    (folder / "block").write_text(done.stdout)
    done = subprocess.run([*make, f"VERIFY={folder / 'block'}", f"RUN={run}"], capture_output=True, text=True)
    assert done.returncode == 0 and " holds: " in done.stdout, done
    done = subprocess.run(make, capture_output=True, text=True)
    assert done.returncode and "make cite: say which run" in done.stderr, done


# Blocks that people and programs would read in different ways.

def refused(folder: Path, data: str) -> str:
    """The line that says why. Nothing in the file holds."""
    (folder / "file").write_text(data)
    done = run_cite("--verify", folder / "file", "--run", stored_run())
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done
    return done.stderr


def test_json_that_is_ambiguous(folder: Path) -> None:
    block = FORMATS["json"](citer(stored_run()).named("C1")[0])
    value = re.search(r'"value": ([\d.]+),', block)
    assert value
    twice = block.replace(value[0], f'"value": 99.9, {value[0]}', 1)
    assert "'value' is there twice" in refused(folder, twice)
    assert "'schema' is there twice" in refused(folder, block.replace('"schema": 1,', '"schema": 1, "schema": 1,', 1))
    for old, new in (("reusing threads", "reusing\\u202e threads"), ("reusing threads", "reusing\u200b threads"),
                     ('"ns"', '" ns"'), ('"unit"', '"unit "')):
        assert old in block
        assert "letters that cannot be seen" in refused(folder, block.replace(old, new, 1)), new


def test_bibtex_that_goes_on(folder: Path) -> None:
    """What stands in the entry behind the digest would be printed, and is in no digest."""
    of = citer(stored_run())
    block = FORMATS["bibtex"](of.named("C1")[0])
    assert block.endswith("}\n}\n")
    for end in ("},\n addendum = {the pool is 9 times faster}}\n", "the pool is 9 times faster}}\n", "", "}"):
        found = fault(lambda: block_of(block.removesuffix("  }\n}\n") + end, folder), of)
        assert "goes on behind its digest" in found, (end, found)
    assert fault(lambda: block_of(block.removesuffix("  }\n}\n") + " }} % as we saw\n", folder), of) == ""


def test_block_beside_one_that_is_not_seen(folder: Path) -> None:
    """It must not seem to hold because the other one does."""
    made = citer(stored_run()).named("C1")[0]
    good = FORMATS["text"](made)
    for form in ("text", "markdown", "bibtex"):
        forged = signed_text(FORMATS[form](made).replace("value=", "value=9"))
        for before in ("> ", "- ", "| "):
            hidden = "".join(f"{before}{line}\n" for line in forged.splitlines())
            for data in (f"{good}\n{hidden}", f"{hidden}\n{good}"):
                found = refused(folder, data)
                assert "cannot be read: give it unquoted" in found, found
    assert "JSON in a file of its own" in refused(folder, f"{good}\n```\n{FORMATS['json'](made)}```\n")


def test_words_that_look_like_a_block(folder: Path) -> None:
    """In the run, or before the block."""
    run = copy_stored(folder)
    statement = "tasks run inline on the submitter, run here on there started now"
    change_json(run / "run.json", lambda document: [
        of.update(statement=statement) for of in document["experiments"] if of["name"] == "reuse"])
    of = citer(run)
    for form, write in FORMATS.items():
        block = write(of.named("C1")[0])
        assert "inline on the submitter" in block
        assert fault(lambda: block_of(block, folder), of) == "", form
        if form != "json":
            words = f"Below is a\npoolbench citation block:\n**poolbench citation is what it is**\n\n{block}"
            assert fault(lambda: block_of(words, folder), of) == "", form


# Files that are no blocks.

def test_hostile_files(folder: Path) -> None:
    run, block = stored_run(), run_cite(stored_run(), "C1").stdout
    document = json.loads(run_cite(run, "C1", "--format", "json").stdout)
    cases: list[tuple[bytes, str]] = [
        (b"", "there is no block in it"), (b"{", "no complete JSON"), (b"{}", "has no 'id'"),
        (b"\xff\xfd", "UTF-8"), (b"\xff\xfex", "UTF-8"),
        (b"[1]", "no block"), (b"\0" * 100, "no block"), (b"x" * ((1 << 24) + 1), "larger than 16 MiB"),
        (block[:400].encode(), "is cut off"), (block.replace("citation=1", "citation=2").encode(), "use a newer pool"),
        (block.replace("citation=1", "citation=x").encode(), "is no whole number"),
        (b"poolbench citation C1-00000000\n" * 300, "300 blocks"),
        (block.replace("  1.b  ", "  1.a  ", 1).encode(), "has 1.a twice"),
        (block.replace("  1.b  ", "  9.b  ", 1).encode(), "its row 1.b is not there"),
        (block.replace(run.parent.name, "..").encode(), "a name that is none"),
        (block.replace(run.name, "/etc/passwd").encode(), "a name that is none"),
        (re.sub(r"value=\S+", "value=1e999999999", block, count=1).encode(), "value is cited as 1e999999999"),
        (re.sub(r"value=\S+", "value=nan", block, count=1).encode(), "value is cited as nan"),
        (re.sub(r"value=\S+", "value=\x1b[2J", block, count=1).encode(), "does not hold"),
        (block.replace("C1-", "C7-", 1).encode(), "no claim or figure 'C7'"),
        (json.dumps({**document, "schema": 2}).encode(), "use a newer poolbench"),
        (json.dumps({**document, "schema": "1"}).encode(), "is not a whole number"),
        (json.dumps({**document, "schema": -1}).encode(), "the first one is 1"),
        (json.dumps({**document, "id": "../../x"}).encode(), "is no id"),
        (json.dumps({**document, "run": {**document["run"], "machine": "../.."}}).encode(), "a name that is none"),
        (json.dumps({**document, "kind": []}).encode(), "kind is cited as"),
        (json.dumps({**document, "contrasts": 1}).encode(), "is not a list"),
        (json.dumps({**document, "contrasts": [1]}).encode(), "is not an object"),
        (b'{"schema":1,"id":' + b"[" * 100000, "no complete JSON"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "too deep"),
    ]
    for data, words in cases:
        (folder / "file").write_bytes(data)
        done = run_cite("--verify", folder / "file", "--run", run)
        assert (done.returncode, done.stdout) == (1, ""), (words, done)
        assert words in done.stderr and done.stderr.count("\n") == 1, (words, done.stderr)
        assert done.stderr[:-1].isprintable() and len(done.stderr) < 1000, done.stderr
    os.mkfifo(folder / "fifo")
    for path in (folder, folder / "fifo", folder / "missing", Path("/dev/zero"), folder / ("x" * 300)):
        done = run_cite("--verify", path, "--run", run)
        assert done.returncode == 1 and "is no file" in done.stderr and done.stderr.count("\n") == 1, done


def test_many_blocks(folder: Path) -> None:
    """Each is verified; what holds before the first that does not is said."""
    run = stored_run()
    blocks = [run_cite(run, name, "--format", form).stdout for name in NAMES for form in ("text", "markdown", "bibtex")]
    done = run_cite("--verify", "-", "--run", run, input="\n".join(blocks))
    assert done.returncode == 0 and done.stdout.count(" holds: ") == len(blocks), done
    blocks[5] = blocks[5].replace("n=10", "n=11", 1)
    done = run_cite("--verify", "-", "--run", run, input="\n".join(blocks))
    assert done.returncode == 1 and done.stdout.count(" holds: ") == 5 and "n is cited as 11" in done.stderr, done


main(globals())
