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


def test_other_lines(bench: Bench, stopped: Path, lines: list[str]) -> None:
    """A line that is none of this run is named by its number; tests/test_check.c has each field."""
    sample = json.loads(lines[1])
    cases = {
        "twice": (lines[1], "line 4", "already"),
        "unknown-cell": (json.dumps({**sample, "cell": "reuse/nothing"}), "line 4", "not one of the plan"),
        "other-round": (json.dumps({**sample, "round": 999}), "line 4", "round 999"),
        "no-metrics": (json.dumps({**sample, "round": 1, "metrics": {}}), "line 4", "metrics"),
    }
    for name, (line, *words) in cases.items():
        check_refused(bench, lay(stopped, name, "".join(lines) + line.rstrip("\n") + "\n"), "journal.jsonl", *words)
    plan = json.loads(lines[0])
    iterations = plan["iterations"]
    plans = [("calibration", {**plan["calibration"], "spin": 7}), ("iterations", iterations[1:]),
             ("iterations", [[iterations[0][0] + 1, *iterations[0][1:]], *iterations[1:]]),
             ("iterations", [iterations[0][1:], *iterations[1:]]), ("iterations", [7, *iterations[1:]]),
             ("iterations", [[0] * len(iterations[0]), *iterations[1:]])]
    for i, (name, value) in enumerate(plans):
        first = json.dumps({**plan, name: value}) + "\n"
        check_refused(bench, lay(stopped, f"plan-{i}", first + lines[1]), "journal.jsonl", "line 1")


FIELDS = [
    ("factors", "profile", "none"), ("factors", "profile", 1), ("factors", "rounds", 0), ("factors", "rounds", 2.5),
    ("factors", "rounds", 1001), ("factors", "seed", -1), ("factors", "workers", []), ("factors", "workers", [0]),
    ("factors", "workers", [1, 1]), ("factors", "workers", ["1"]), ("factors", "backends", ["nonsense"]),
    ("factors", "backends", [7]), ("factors", "backends", {}), ("factors", "bind", "nowhere"), ("factors", "filter", 5),
    ("factors", "filter", "x" * 501), ("factors", "plugins", [1]), ("factors", "kernel", None),
    ("factors", "cpus_open", 99), ("factors", "stack_bytes", 1), ("factors", "cpus_usable", "2"),
    ("run", "id", "../../x"), ("run", "started", "now"), ("run", "resumes", -1), ("run", "resumes", 1e30),
    ("run", "status", "maybe"), ("headroom", "max_threads", -4), ("headroom", "limit", 5), ("suite", "binary", []),
]


def test_other_document(bench: Bench, stopped: Path) -> None:
    """Each field of run.json that is read has its kind; and what was chosen must come out as it went in."""
    for i, (part, name, value) in enumerate(FIELDS):
        folder = lay(stopped, f"field-{i}")
        change(folder, part, name, value)
        check_refused(bench, folder, "run.json", name if name == "plugins" else part)
    for name, value in [("checks", [{"name": "a", "text": "b\x1b[31m", "advice": "c"}]), ("checks", [1]),
                        ("schema", "1"), ("factors", []), ("calibration", None)]:
        folder = lay(stopped, f"document-{name}-{len(str(value))}")
        (folder / "run.json").write_text(json.dumps({**document(stopped), name: value}))
        check_refused(bench, folder, "run.json", name)
    folder = lay(stopped, "bound")
    change(folder, "factors", "bind", "pu")
    check_ended("another binding", bench.run("--resume", folder), RUN_ERROR, "")
    for name, text, words in [("torn", '{"schema": 1, ', ["damaged", "line 1"]),
                              ("twice", '{"id": 1,\n "id": 2}', ["line 2", "duplicate"])]:
        folder = lay(stopped, f"machine-{name}")
        (folder / "machine.json").write_text(text)
        check_refused(bench, folder, "machine.json", *words)
    folder = lay(stopped, "machine-other")
    machine = json.loads((folder / "machine.json").read_text())
    (folder / "machine.json").write_text(json.dumps({**machine, "id": "another"}))
    check_refused(bench, folder, "machine.json")


def test_no_files(bench: Bench, stopped: Path) -> None:
    """Nothing of the folder is followed, waited for, or read without end: its files are regular ones."""
    target = stopped.parent / "target"
    for name in "run.json", "journal.jsonl", "machine.json", "topology.xml", "gbench.json":
        for kind in "link", "dangling", "fifo", "folder":
            folder = lay(stopped, f"{kind}-{name}")
            path = folder / name
            text = path.read_text() if path.exists() else "none"
            path.unlink(missing_ok=True)
            if kind == "link":
                target.write_text(text)
                path.symlink_to(target)
            elif kind == "dangling":
                path.symlink_to("nowhere")
            elif kind == "fifo":
                os.mkfifo(path)
            else:
                path.mkdir()
            check_refused(bench, folder, name, "link" if kind in ("link", "dangling") else "no regular file")
            check(kind != "link" or target.read_text() == text, f"{name}: a link was followed")
    elsewhere = stopped.parent / "elsewhere"
    elsewhere.mkdir()
    folder = lay(stopped, "linked-hist")
    (folder / "hist").symlink_to(elsewhere)
    check_refused(bench, folder, "hist", "link")
    folder = lay(stopped, "folder-in-hist")
    (folder / "hist" / "some.hgrm").mkdir(parents=True)
    check_refused(bench, folder, "hist", "no regular file")
    for name in "journal.jsonl", "run.json", "machine.json":
        folder = lay(stopped, f"endless-{name}")
        (folder / name).unlink()
        (folder / name).touch()
        os.truncate(folder / name, 1 << 40)
        ended = bench.run("--resume", folder)
        check_ended(f"endless {name}", ended, RUN_ERROR, name, "larger")
    folder = lay(stopped, "packed")
    (folder / "journal.jsonl").rename(folder / "journal.jsonl.gz")
    check_refused(bench, folder, "packed")


def test_left_over(bench: Bench, stopped: Path) -> None:
    """Temporary files of a killed writer go, and nothing is written through what lies under their names."""
    folder, target = lay(stopped, "left-over"), stopped.parent / "untouched"
    target.write_text("as it was")
    (folder / "hist").mkdir()
    for name in "run.json", "machine.json", "topology.xml", "gbench.json", "hist/some.hgrm":
        (folder / f"{name}.part").symlink_to(target)
    (folder / "notes.part").write_text("the user's own")
    (folder / "topology.xml").unlink()
    check_ended("with temporary files", bench.run("--resume", folder), RUN_OK)
    check_equal("a file elsewhere", target.read_text(), "as it was")
    check_equal("left", sorted(path.name for path in folder.rglob("*.part")), ["notes.part"])
    check((folder / "topology.xml").read_text().startswith("<?xml"), "there is no topology.xml")
    for name in "gbench.json.part", "hist/some.csv.part":
        folder = lay(stopped, f"in-the-way-{len(name)}")
        (folder / name).mkdir(parents=True)
        check_refused(bench, folder, "temporary files", "directory")


def test_here(bench: Bench, stopped: Path) -> None:
    """A run is taken up from within its folder, also behind a link, as from elsewhere: its id stays."""
    folder, link = lay(stopped, "here"), bench.top / "link"
    link.symlink_to(folder)
    check_ended("from within", bench.run("--resume", ".", cwd=link), RUN_OK)
    check_equal("id", document(folder)["run"]["id"], document(stopped)["run"]["id"])


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
    check("scratch" in json.loads((folder / "machine.json").read_text()), "machine.json was not written again")


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
        test_other_lines(own_bench, stopped_run, own_lines)
        test_other_document(own_bench, stopped_run)
        test_no_files(own_bench, stopped_run)
        test_left_over(own_bench, stopped_run)
        test_here(own_bench, stopped_run)
        test_another_setting(own_bench, stopped_run)
        test_torn(own_bench, stopped_run, own_lines)
        test_killed_in_pilot(own_bench, stopped_run)
        test_other_scratch(own_bench, stopped_run)
        test_other_checks(own_bench, stopped_run)
        test_two_at_once(own_bench, stopped_run)
