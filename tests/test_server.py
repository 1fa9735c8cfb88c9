#!/usr/bin/env python3
"""A server process that is killed while tasks talk to it costs its side of that round, by name, and nothing else."""
import os
import signal
from pathlib import Path

from harness import (RUN_SOME_FAILED, Bench, await_true, check, check_complete, check_ended, check_equal, document, end,
                     journal, run_folders)

PLAN = ("--profile", "quick", "--filter", "^io/echo/inflight:64/", "--backends", "pool,raw", "--rounds", "5")


def not_ok(folder: Path) -> list[dict]:
    return [line for line in journal(folder)[1:] if line["status"] != "ok"]


def kill_server(bench: Bench, folder: Path) -> bool:
    """Kills the server of one side, and tells whether it was in time: not after the side's last answer."""
    pid = bench.hold(bench.servers)
    n_lines = len(journal(folder))
    os.kill(pid, signal.SIGKILL)
    await_true("the side's line", lambda: len(journal(folder)) > n_lines)
    return bool(not_ok(folder))


if __name__ == "__main__":
    with Bench() as own_bench:
        process = own_bench.start(*PLAN, "--results", own_bench.results)
        await_true("the rounds have begun", lambda: any(map(journal, run_folders(own_bench.results))))
        run_folder = run_folders(own_bench.results)[0]
        while not kill_server(own_bench, run_folder):
            pass
        ended = end(process)
        check_ended("a run whose server was killed", ended, RUN_SOME_FAILED)
        check_complete(run_folder)
        failed = not_ok(run_folder)
        check_equal("how its side ended", [(line["status"], line["reason"]) for line in failed],
                    [("failed", "echo server ended: killed by signal 9")])
        check_equal("failures", [failure["reason"] for failure in document(run_folder)["failures"]],
                    ["echo server ended: killed by signal 9"])
        check("FAILED: {backend}/{cell}/workers:{workers}: echo server ended".format(**failed[0]) in ended.stderr,
              f"not named:\n{ended.stderr}")
        check_equal("left running", own_bench.processes(), [])
