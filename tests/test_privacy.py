#!/usr/bin/env python3
"""No name of host, user or folder is in any file of a run or of its report."""
import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

from harness import SKIPPED, TOP, Bench, check, check_equal

HOST, USER, HOME = "quagmirehost", "zebuprivate", "walrusfolder"
WORDS = (HOST, USER, HOME)

# In a host name and a file of users of their own; the rest of the machine sees nothing of it.
IN_NAMESPACE = """set -e
hostname "$1"
mount --bind "$2" /etc/passwd
shift 2
exec "$@"
"""


def write_users(home: Path) -> Path:
    """/etc/passwd, in which this user has the odd name and home."""
    users = home / "users"
    lines = [line for line in Path("/etc/passwd").read_text().splitlines() if line.split(":")[2] != str(os.getuid())]
    users.write_text("\n".join([f"{USER}:x:{os.getuid()}:{os.getgid()}:{USER}:{home}:/bin/sh", *lines]) + "\n")
    return users


def can_unshare() -> bool:
    if os.getuid() != 0:
        return False
    try:
        return subprocess.run(["unshare", "--uts", "--mount", "true"], capture_output=True).returncode == 0
    except OSError:
        return False


def leaks(folder: Path) -> list[str]:
    """Files that hold one of the words, in their names too; compressed ones are looked into."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
        data = (str(path.relative_to(folder)) + "\n").encode() + data
        found += [f"{path.name}: {word}" for word in WORDS if word.encode() in data.lower()]
    return found


def check_looks(folder: Path) -> None:
    """The search itself must find what is there."""
    for name, data in (("a", b"\0\xff" + HOST.upper().encode()), ("b.gz", gzip.compress(USER.encode())), (HOME, b"")):
        path = folder / name
        path.write_bytes(data)
        check(leaks(folder), f"the search does not find what is in {name}")
        path.unlink()


def main() -> int:
    with Bench() as bench:
        home = bench.top / HOME / USER
        home.mkdir(parents=True)
        check_looks(home)
        binary = shutil.copy(bench.binary, home / f"poolbench-{HOME}")
        results, scratch = home / "results", home / "scratch"
        scratch.mkdir()
        env = {**os.environ, "HOME": str(home), "USER": USER, "LOGNAME": USER, "HOSTNAME": HOST, "TMPDIR": str(scratch),
               "PWD": str(home)}
        private = can_unshare()
        enter = ["unshare", "--uts", "--mount", "sh", "-c", IN_NAMESPACE, "sh", HOST, str(write_users(home))]
        before = enter if private else []
        command = [*before, str(binary), "run", "--profile", "smoke", "--rounds", "2",
                   "--filter", "^(oneoff|gap|io/echo|depth)/",
                   "--results", str(results), "--scratch", str(scratch)]
        done = subprocess.run(command, cwd=home, env=env, capture_output=True, text=True, timeout=100)
        check_equal(f"run: exit code\n{done.stderr}", done.returncode, 0)
        folder = Path(done.stdout.strip())
        check((folder / "run.json").exists() and (folder / "topology.xml").exists(), f"no run in {folder}")
        check_equal("words in the run's files", leaks(folder), [])

        report = TOP / "scripts" / "report"
        if report.exists():
            done = subprocess.run([*before, sys.executable, str(report), str(folder)], cwd=home, env=env,
                                  capture_output=True,
                                  text=True, timeout=100)
            check_equal(f"report: exit code\n{done.stderr}", done.returncode, 0)
            check((folder / "summary.md").exists(), "the report wrote no summary.md")
            check_equal("words in the report's files", leaks(folder), [])
        if not private:
            print("not on this machine: needs root for a host name and a user of its own (the rest holds)")
            return SKIPPED
    return 0


if __name__ == "__main__":
    sys.exit(main())
