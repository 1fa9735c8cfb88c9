#!/usr/bin/env python3
"""What a resume repairs, and what it refuses in one line: damage, another setting, a second process."""
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

from harness import (RUN_ERROR, RUN_OK, Bench, await_true, check, check_complete, check_ended, check_equal,
                     document, end, journal, run_folders)

PLAN = ("--profile", "smoke", "--filter", "^(reuse|oneoff)/", "--rounds", "2")


def lay(folder: Path, name: str, text: str | None = None) -> Path:
    """A copy of a run's folder, with another journal if one is given."""
    copy = folder.parent / name
    shutil.copytree(folder, copy)
    if text is not None:
        (copy / "journal.jsonl").write_text(text)
    return copy


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def check_refused(bench: Bench, folder: Path, *words: str, options: tuple[str, ...] = (),
                  before: tuple[str, ...] = ()) -> None:
    """It says why in one line and changes nothing."""
    files = files_of(folder)
    ended = bench.run("--resume", folder, *options, before=before)
    check_ended(f"resume of {folder.name}", ended, RUN_ERROR, *words)
    check(files_of(folder) == files, f"{folder.name}: a refused resume changed the folder")


def change(folder: Path, part: str, name: str, value: object) -> None:
    run = document(folder)
    check(name in run[part], f"run.json has no {part}.{name}")
    run[part][name] = value
    (folder / "run.json").write_text(json.dumps(run))


def stop_early(bench: Bench, results: Path) -> Path:
    """A run that was killed when its journal had a plan and at least two lines."""
    process = bench.start(*PLAN, "--results", results)
    await_true("two lines", lambda: any(len(journal(folder)) > 2 for folder in run_folders(results)))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    await_true("nothing is left running", lambda: not bench.processes())
    return run_folders(results)[0]


def test_torn(bench: Bench, stopped: Path, lines: list[str]) -> None:
    """Half a line at the end is dropped, whatever the half is; so is half a plan."""
    for name, text in [("torn", "".join(lines[:3]) + lines[2][:40]), ("torn-plan", lines[0][:30]),
                       ("empty", ""), ("whole-but-newline", "".join(lines[:2]) + lines[2].rstrip("\n"))]:
        folder = lay(stopped, name, text)
        check_ended(name, bench.run("--resume", folder), RUN_OK)
        check_complete(folder)


def test_killed_in_pilot(bench: Bench, stopped: Path) -> None:
    folder = lay(stopped, "no-journal")
    (folder / "journal.jsonl").unlink()
    (folder / "run.json.part").write_text("{")
    check_ended("resume without a journal", bench.run("--resume", folder), RUN_OK)
    check_complete(folder)


def test_damaged(bench: Bench, stopped: Path, lines: list[str]) -> None:
    check_refused(bench, lay(stopped, "damaged", lines[0] + lines[1][:40] + "\n" + lines[2]), "damaged")
    check_refused(bench, lay(stopped, "damaged-plan", "{}\n" + lines[1]), "journal")
    newer = json.dumps({**json.loads(lines[0]), "schema": 2}) + "\n"
    check_refused(bench, lay(stopped, "newer", newer + lines[1]), "newer version")
    other = json.dumps({**json.loads(lines[0]), "plan": "0123456789abcdef"}) + "\n"
    check_refused(bench, lay(stopped, "other-plan", other + lines[1]), "another plan")
    folder = lay(stopped, "damaged-document")
    (folder / "run.json").write_text("{")
    check_refused(bench, folder, "run.json")
    folder = lay(stopped, "no-document")
    (folder / "run.json").unlink()
    check_refused(bench, folder, "run.json")
    check_ended("resume of nothing", bench.run("--resume", stopped.parent / "nothing"), RUN_ERROR, "nothing")


def test_another_setting(bench: Bench, stopped: Path) -> None:
    for part, name, word in [("suite", "binary", "build"), ("factors", "kernel", "kernel"),
                             ("factors", "cpu_setting", "CPU mask"), ("run", "machine", "machine")]:
        folder = lay(stopped, f"other-{name}")
        change(folder, part, name, "another")
        check_refused(bench, folder, f"another {word}" if name != "cpu_setting" else word)
    check_refused(bench, stopped, "leave them out", options=("--profile", "quick"))
    binary = bench.binary.read_bytes()
    with bench.binary.open("ab") as file:
        file.write(b"\0")
    check_refused(bench, stopped, "another build")
    bench.binary.unlink()
    bench.binary.write_bytes(binary)
    bench.binary.chmod(0o755)
    cpus = os.sched_getaffinity(0)
    if len(cpus) > 1:
        check_refused(bench, stopped, "CPU mask", before=("taskset", "-c", str(min(cpus))))


def change_scratch(folder: Path, key: str, value: str | None) -> None:
    machine = json.loads((folder / "machine.json").read_text())
    check(key in machine["scratch"], f"machine.json has no scratch.{key}")
    machine["scratch"][key] = value
    (folder / "machine.json").write_text(json.dumps(machine))


def test_other_scratch(bench: Bench, stopped: Path) -> None:
    """Files on another file system or disk; how much is free there may differ. Nothing to compare with is no reason."""
    for key, value in [("file_system", "another"), ("options", "rw,sync"), ("device", "another"), ("model", None)]:
        folder = lay(stopped, f"other-scratch-{key}")
        change_scratch(folder, key, value)
        check_refused(bench, folder, "another file system", "--scratch")
    memory = Path("/dev/shm")
    types = [subprocess.run(["stat", "-f", "-c", "%T", path], capture_output=True, text=True, check=True).stdout
             for path in (memory, bench.top) if path.is_dir()]
    if len(types) == 2 and types[0] != types[1] and os.access(memory, os.W_OK):
        before = set(memory.iterdir())
        check_refused(bench, stopped, "another file system", options=("--scratch", str(memory)))
        check(not [path for path in set(memory.iterdir()) - before if path.name.startswith("poolbench-")],
              "a refused resume left its scratch folder")
    folder = lay(stopped, "more-free")
    change_scratch(folder, "free_mib", "1")
    check_ended("other free space", bench.run("--resume", folder), RUN_OK)
    folder = lay(stopped, "no-machine")
    (folder / "machine.json").unlink()
    check_ended("resume without machine.json", bench.run("--resume", folder), RUN_OK)


def test_other_checks(bench: Bench, stopped: Path) -> None:
    """What blurs only the second part stands in the run beside what blurred the first, once."""
    folder = lay(stopped, "other-checks")
    before = [{"name": "governor", "text": "of the first part", "advice": "none"}]
    run = document(folder)
    (folder / "run.json").write_text(json.dumps({**run, "checks": before}))
    ended = bench.run("--resume", folder, env={**os.environ, "LD_AUDIT": ""})
    check_ended("resume in another environment", ended, RUN_OK)
    checks = document(folder)["checks"]
    check_equal("the first part's checks", checks[:1], before)
    check("environment" in [row["name"] for row in checks], f"LD_AUDIT is not named: {checks}")
    check_equal("governors", [row["text"] for row in checks if row["name"] == "governor"], ["of the first part"])
    check("LD_AUDIT" in ended.stderr, "LD_AUDIT is not warned of")


def test_two_at_once(bench: Bench, stopped: Path) -> None:
    """While one measures (held still, so that it does not end too soon), another may not."""
    folder = lay(stopped, "two")
    first = bench.start("--resume", folder)
    await_true("the first goes on", lambda: len(journal(folder)) > 3)
    os.kill(first.pid, signal.SIGSTOP)
    check_equal("status", document(folder)["run"]["status"], "incomplete")
    check_refused(bench, folder, "another process")
    os.kill(first.pid, signal.SIGCONT)
    check_ended("the first", end(first), RUN_OK)
    check_complete(folder)
    check_refused(bench, folder, "complete")


if __name__ == "__main__":
    with Bench() as own_bench:
        stopped_run = stop_early(own_bench, own_bench.results)
        own_lines = (stopped_run / "journal.jsonl").read_text().splitlines(keepends=True)[:3]
        (stopped_run / "journal.jsonl").write_text("".join(own_lines))
        test_damaged(own_bench, stopped_run, own_lines)
        test_another_setting(own_bench, stopped_run)
        test_torn(own_bench, stopped_run, own_lines)
        test_killed_in_pilot(own_bench, stopped_run)
        test_other_scratch(own_bench, stopped_run)
        test_other_checks(own_bench, stopped_run)
        test_two_at_once(own_bench, stopped_run)
