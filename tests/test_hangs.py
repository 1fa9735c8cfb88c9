#!/usr/bin/env python3
"""A side that hung, in the pilot or in a round, is not tried again, after a resume neither; what that costs is said."""
import json
import signal
import subprocess
from pathlib import Path
from typing import Any

from harness import (BUILD, RUN_SOME_FAILED, Bench, await_true, check, check_complete, check_ended, check_equal,
                     document, journal, run_folders)

PLAN = ("--profile", "smoke", "--filter", "^gap/", "--backends", "pool,raw", "--rounds", "6")


def stop_early(bench: Bench) -> Path:
    process = bench.start(*PLAN, "--results", bench.results)
    await_true("four lines", lambda: any(len(journal(folder)) > 4 for folder in run_folders(bench.results)))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    await_true("nothing is left running", lambda: not bench.processes())
    return run_folders(bench.results)[0]


def resume(bench: Bench, folder: Path, lines: list[dict[str, Any]], why: str) -> None:
    (folder / "journal.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    check_ended(why, bench.run("--resume", folder), RUN_SOME_FAILED)
    check_complete(folder)
    for sample in document(folder)["samples"][len(lines) - 1:]:
        raw = sample["backend"] == "raw"
        check_equal(f"{why}: {sample['backend']}: {sample['reason']}", sample["status"], "failed" if raw else "ok")
        check_equal(f"{why}: reason", sample["reason"], f"{why}: not tried again" if raw else "")
    check("timed_out" not in json.dumps(document(folder)["samples"]), "a field of the journal is in run.json")


def test_pilot(bench: Bench, folder: Path) -> None:
    lines = journal(folder)
    cell = lines[1]["cell"]
    hangs = {f"raw/{cell}/workers:0": "not done after 60 s in the pilot"}
    resume(bench, folder, [{**lines[0], "hangs": hangs}], hangs[f"raw/{cell}/workers:0"])


def test_round(bench: Bench, folder: Path) -> None:
    lines = journal(folder)[:3]
    for line in lines[1:]:
        if line["backend"] == "raw":
            line.update(status="failed", reason="not done after 21 s: stopped", metrics={}, timed_out=1)
            line.pop("histogram", None)
    resume(bench, folder, lines, "not done after 21 s in round 1")


def test_budget() -> None:
    """Each side of a profile may take a time-out once."""
    command = [BUILD / "poolbench", "list", "budget"]
    listed = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout
    for row in json.loads(listed)["budget"]:
        is_pilot = row["experiment"] == "pilot"
        check(row["hang_s"] == 0 if is_pilot else row["hang_s"] >= 60 * row["sides"], f"{row}")
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    check("if all of them hang" in text, "the worst case is not said")


if __name__ == "__main__":
    for test in test_pilot, test_round:
        with Bench() as own_bench:
            test(own_bench, stop_early(own_bench))
    test_budget()
