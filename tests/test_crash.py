#!/usr/bin/env python3
"""A measuring process that dies costs its side of that round and nothing else, and the run says so."""
import contextlib
import json
import os
import signal

from harness import (RUN_SOME_FAILED, Bench, await_true, check, check_complete, check_equal, document, end,
                     journal, run_folders, side_of)

PLAN = ("--profile", "smoke", "--filter", "^gap/", "--rounds", "3")
DEADLY = {signal.SIGKILL: "killed by signal 9", signal.SIGSEGV: "killed by signal 11"}


def crash_once(bench: Bench, number: signal.Signals) -> None:
    """Ends one side of one round; the others are as ever."""
    results = bench.results / number.name
    process = bench.start(*PLAN, "--results", results)
    await_true("the rounds have begun",
               lambda: any(len(journal(folder)) > 1 for folder in run_folders(results)))
    pid = bench.hold(bench.sides)
    os.kill(pid, number)
    with contextlib.suppress(ProcessLookupError):  # SIGKILL has ended it already, and its parent has seen that
        os.kill(pid, signal.SIGCONT)
    ended = end(process)
    folder = ended.folder
    failed = [line for line in journal(folder)[1:] if line["status"] != "ok"]
    check(ended.code == RUN_SOME_FAILED, f"exit code {ended.code}:\n{ended.stderr}")
    check_equal("lines that are not ok", len(failed), 1)
    check_equal("status", failed[0]["status"], "failed")
    check(DEADLY[number] in failed[0]["reason"], f"untrue reason: {failed[0]['reason']}")
    check("FAILED: {backend}/{cell}/workers:{workers}: ".format(**failed[0]) in ended.stderr,
          f"not named:\n{ended.stderr}")
    check_complete(folder)
    failure = {key: failed[0][key] for key in ("cell", "backend", "workers", "status", "reason")}
    check_equal("failures", document(folder)["failures"], [{**failure, "rounds": 1}])
    check_equal("left running", bench.processes(), [])

    rows = json.loads((folder / "gbench.json").read_text())["benchmarks"]
    names = {row["name"] for row in rows}
    sides = {side_of(line)[2:] for line in journal(folder)[1:]}
    check_equal("backends of gbench.json", {name.split("/")[0] for name in names},
                {backend for backend, _ in sides})
    for name in names:
        check_equal(f"rounds of {name}", sum(row["name"] == name for row in rows), 2)


if __name__ == "__main__":
    with Bench() as own_bench:
        for deadly in DEADLY:
            crash_once(own_bench, deadly)
