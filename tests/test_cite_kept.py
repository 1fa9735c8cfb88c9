#!/usr/bin/env python3
"""Every claim and figure of the runs that are kept is cited in each format, and verifies."""
import json
import re
from pathlib import Path

from report_helpers import TOP, main

from cite_helpers import block_of, is_balanced, run_cite

from base.read import read_run
from cite import citation_check, citation_formats as formats
from cite.citations import FILES, PROVES, VERIFY, citer_of
from judge.verdicts import judge

RUNS = ["20261125T215802Z-c8e4fd0a", "20261126T003222Z-0606e8d9", "20261126T003611Z-0606e8d9"]


def kept(name: str) -> Path:
    return next((TOP / "results").glob(f"*/{name}"))


def check_form(name: str, block: str, of: object) -> None:
    assert all(line.isprintable() for line in block.splitlines()), block
    assert f"{VERIFY} {PROVES}" in " ".join(block.split()) or json.loads(block)["verify"] == f"{VERIFY} {PROVES}"
    if name == "text":
        long = [line for line in block.splitlines() if len(line) > formats.COLUMNS]
        assert not long, long
    if name == "bibtex":
        assert is_balanced(block) and re.match(r"@misc\{poolbench-[A-Za-z0-9-]+,\n", block), block
        assert re.search(r"^  year = \{2026\},$", block, re.M), block
        assert not re.search(r"(?<!\\)[%#&_$](?!\\)(?!\$)", block.replace(r"$\delta$", "")), block
    if name == "json":
        assert json.loads(block)["id"] in block


def test_all_that_is_kept(folder: Path) -> None:
    for run in map(kept, RUNS):
        data = read_run(run)
        written, read = citer_of(judge(data)), citer_of(judge(data))
        assert len(written.subjects) > 10
        for subject in written.subjects:
            of = written.cite(subject)
            for name, write in formats.FORMATS.items():
                block = write(of)
                check_form(name, block, of)
                assert of.id in block and all(str(of.files[file]) in block for file in FILES), block
                assert write(read.cite(subject)) == block
                citation_check.hold(block_of(block, folder), read)
        ids = [written.cite(subject).id for subject in written.subjects]
        assert len(set(ids)) == len(ids)


def test_both_absolutes_and_the_effect(_: Path) -> None:
    block = run_cite(kept(RUNS[1]), "C2").stdout
    for words in ("supported: pool over raw at 10 us is ahead", "1.a       value=", "1.b       value=",
                  "1.effect  value=", "p_holm=", "floor=", "delta=", "smallest=", "grade       C: ", "glibc 2.36",
                  "hypervisor kvm", "not met, costs B", "reproduce\nbuild/poolbench run --profile quick"):
        assert words in block, (words, block)


main(globals())
