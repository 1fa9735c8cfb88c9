"""Runs poolbench for the tests of whole runs, and reads what it leaves.

Each test measures with a copy of the program, so that /proc tells its processes from all others.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Whoever started the tests with nohup had it ignored here, and in all that is started from here.
signal.signal(signal.SIGHUP, signal.SIG_DFL)

TOP = Path(os.environ.get("POOLBENCH_TOP", Path(__file__).resolve().parent.parent))
BUILD = Path(os.environ.get("POOLBENCH_BUILD", TOP / "build"))

SKIPPED = 77
NO_GROUP = "no control group of version 1 for {} that this process may divide"
CGROUPS = Path("/sys/fs/cgroup")
GENEROUS_S = 240

RUN_OK, RUN_ERROR, RUN_SOME_FAILED, RUN_STOPPED = 0, 1, 3, 130

Side = tuple[int, str, str, int]


class Ended:
    """A process that ended: its code, or the negative number of its signal, and what it printed."""

    def __init__(self, code: int, stdout: str, stderr: str):
        self.code, self.stdout, self.stderr = code, stdout, stderr

    @property
    def folder(self) -> Path:
        return Path(self.stdout.strip())

    @property
    def errors(self) -> list[str]:
        """Lines that are neither warnings nor progress."""
        return [line for line in self.stderr.splitlines() if line.startswith("poolbench: ")]


class Bench:
    """A folder of its own with a copy of the program and room for results; ends with nothing left running."""

    def __init__(self) -> None:
        self.top = Path(tempfile.mkdtemp(prefix="poolbench-test-"))
        self.top.chmod(0o755)
        self.binary = self.top / "poolbench"
        self.results = self.top / "results"
        shutil.copy(BUILD / "poolbench", self.binary)

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        shutil.rmtree(self.top, ignore_errors=True)

    def start(self, *options: str | Path, before: Sequence[str] = (), **popen: Any) -> subprocess.Popen[str]:
        """Starts `poolbench run`, behind another command that ends by executing it, if one is given."""
        return subprocess.Popen([*before, str(self.binary), "run", *map(str, options)],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, **popen)

    def run(self, *options: str | Path, before: Sequence[str] = (), **popen: Any) -> Ended:
        return end(self.start(*options, before=before, **popen))

    def is_sanitized(self) -> bool:
        described = subprocess.run([self.binary, "machine", "--json"], capture_output=True, text=True, check=True)
        return bool(json.loads(described.stdout)["build"]["type"] == "sanitizer")

    def processes(self) -> list[int]:
        """All that execute this copy: the parent, measuring processes and echo servers. No zombies."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.readlink(entry / "exe").startswith(str(self.binary)):
                    found.append(int(entry.name))
            except OSError:
                pass
        return found

    def sides(self) -> list[int]:
        """The measuring processes themselves, without their servers."""
        mine = {pid: parent(pid) for pid in self.processes()}
        return [pid for pid in mine
                if arguments(pid)[1:2] == ["side"] and arguments(mine[pid])[1:2] == ["run"]]

    def servers(self) -> list[int]:
        """The server processes of the sides."""
        sides = self.sides()
        return [pid for pid in self.processes() if parent(pid) in sides]

    def hold(self, find: Callable[[], list[int]]) -> int:
        """A process of those that it finds, which stands still now, so that it is known not to have ended."""
        def try_each() -> int | None:
            for pid in find():
                try:
                    os.kill(pid, signal.SIGSTOP)
                except ProcessLookupError:
                    continue
                if await_true("it stands still or has ended", lambda: state(pid) in "TZX" and state(pid)) == "T":
                    return pid
            return None
        return int(await_true("a process to hold", try_each))


def may_divide(controller: str) -> bool:
    """Root may, where it is in the top group: other groups are their makers' to divide."""
    groups = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    return os.geteuid() == 0 and any(controller in names.split(",") and path == "/" for _, names, path in groups)


def remove_group(group: Path) -> None:
    """What still runs in it is ended first."""
    def is_gone() -> bool:
        for pid in (group / "cgroup.procs").read_text().split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            group.rmdir()
        except OSError:
            return False
        return True
    await_true(f"{group} is empty", is_gone)


@contextmanager
def own_group(controller: str, **limits: object) -> Iterator[Path | None]:
    """A control group of version 1 with these limits, or None where none can be made."""
    group = CGROUPS / controller / f"poolbench-test-{os.getpid()}"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # a time-out removes it too
    try:
        if not may_divide(controller):
            raise PermissionError
        group.mkdir()
        for name, value in limits.items():
            (group / name.replace("__", ".")).write_text(str(value))
    except OSError:
        if group.exists():
            group.rmdir()
        yield None
        return
    try:
        yield group
    finally:
        remove_group(group)


def inside(group: Path) -> tuple[str, ...]:
    """What to start a run behind, so that it is in the group."""
    return "sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$@"', "sh"


def end(process: subprocess.Popen[str]) -> Ended:
    stdout, stderr = process.communicate(timeout=GENEROUS_S)
    return Ended(process.returncode, stdout, stderr)


def parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def state(pid: int) -> str:
    """The letter that /proc has for it, X if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def arguments(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def await_true(what: str, condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + GENEROUS_S
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.002)
    fail(f"waited in vain: {what}")


def run_folders(results: Path) -> list[Path]:
    return sorted(path for path in results.glob("*/*") if path.is_dir())


def document(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "run.json").read_text())  # type: ignore[no-any-return]


def journal(folder: Path) -> list[dict[str, Any]]:
    """The plan's line, if it is there, and all others but for a torn one at the end."""
    path = folder / "journal.jsonl"
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]


def side_of(line: dict[str, Any]) -> Side:
    return line["round"], line["cell"], line["backend"], line["workers"]


def sides_of(folder: Path) -> list[Side]:
    return sorted(side_of(line) for line in journal(folder)[1:])


def planned_sides(folder: Path) -> list[Side]:
    """What the journal of a whole run must hold, as its run.json has it."""
    run = document(folder)
    return sorted((number, cell["name"], side["backend"], side["workers"])
                  for cell in run["cells"] for side in cell["sides"]
                  for number in range(0, run["factors"]["rounds"], cell["every"]))


def check_complete(folder: Path) -> None:
    run = document(folder)
    check_equal("status", run["run"]["status"], "complete")
    check_equal("lines of the journal", sides_of(folder), planned_sides(folder))
    check_equal("samples", sorted(side_of(sample) for sample in run["samples"]), planned_sides(folder))
    check((folder / "gbench.json").exists(), "there is no gbench.json")
    check(not list(folder.rglob("*.part")), "a temporary file is left")


def fail(why: str) -> None:
    print(why, flush=True)
    sys.exit(1)


def check(is_true: Any, why: str) -> None:
    if not is_true:
        fail(why)


def check_equal(what: str, is_value: Any, should_be: Any) -> None:
    check(is_value == should_be, f"{what}: {is_value!r}, not {should_be!r}")


def check_ended(what: str, ended: Ended, code: int, *words: str) -> None:
    """Its exit code, and one line of error that holds the words, if any are given."""
    check(ended.code == code, f"{what}: exit code {ended.code}, not {code}:\n{ended.stdout}{ended.stderr}")
    if words:
        check(len(ended.errors) == 1, f"{what}: not one line of error:\n{ended.stderr}")
        for word in words:
            check(word in ended.errors[0], f"{what}: '{word}' is missing in: {ended.errors[0]}")


def run_parts(parts: Sequence[Callable[[], str | None]]) -> None:
    """Runs the parts of a test. A part that cannot run on this machine returns why; all of them: a skip."""
    reasons = []
    for part in parts:
        reason = part()
        if reason:
            reasons.append(reason)
            print(f"left out {part.__name__}: {reason}", flush=True)
    if len(reasons) == len(parts):
        print(f"not on this machine: {reasons[0]}")
        sys.exit(SKIPPED)
