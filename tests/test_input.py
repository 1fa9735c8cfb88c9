#!/usr/bin/env python3
"""Bad input gives exactly one clear line, exit code 1, and leaves nothing behind."""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import BUILD, TOP, check, check_equal

BINARY = str(BUILD / "poolbench")

# Arguments, and words that the one line must hold.
CASES: list[tuple[list[str], list[str]]] = [
    (["nonsense"], ["unknown command 'nonsense'", "did you mean"]),
    (["lst"], ["did you mean 'list'"]),
    (["run", "--nonsense"], ["unknown option '--nonsense'", "did you mean '--"]),
    (["run", "--filer", "x"], ["did you mean '--filter'"]),
    (["run", "--filer=x"], ["did you mean '--filter'"]),
    (["run", "-x"], ["'-x'"]),
    (["run", "--profile"], ["'--profile'", "needs a value"]),
    (["run", "--seed", "1", "--rounds"], ["'--rounds'", "needs a value"]),
    (["run", "--help=x"], ["takes no value"]),
    (["run", "stray"], ["unexpected argument 'stray'"]),
    (["run", "--seed", "1", "stray"], ["unexpected argument 'stray'"]),
    (["run", "--profile", "quikc"], ["unknown profile 'quikc'", "did you mean 'quick'"]),
    (["run", "--profile", ""], ["unknown profile ''"]),
    (["run", "--backends", "pol"], ["unknown backend 'pol'", "did you mean 'pool'"]),
    (["run", "--backends", "pool,nonsense"], ["unknown backend 'nonsense'"]),
    (["run", "--backends", ""], ["backends", "at least one"]),
    (["run", "--backends", ","], ["backends", "at least one"]),
    (["run", "--workers", "0"], ["workers '0'", "from 1"]),
    (["run", "--workers", "a"], ["workers 'a'"]),
    (["run", "--workers", "1,,x"], ["workers 'x'"]),
    (["run", "--workers", "-1"], ["workers '-1'"]),
    (["run", "--workers", "1.5"], ["workers '1.5'"]),
    (["run", "--workers", "99999999999999999999"], ["workers '99999999999999999999'"]),
    (["run", "--workers", ""], ["workers", "at least one"]),
    (["run", "--workers", ","], ["workers", "at least one"]),
    (["run", "--workers", ",".join(map(str, range(1, 18)))], ["workers", "at most 16"]),
    (["run", "--rounds", "0"], ["rounds '0'", "from 1"]),
    (["run", "--rounds", "-1"], ["rounds '-1'"]),
    (["run", "--rounds", "x"], ["rounds 'x'"]),
    (["run", "--rounds", "3x"], ["rounds '3x'"]),
    (["run", "--rounds", " 3"], ["rounds ' 3'"]),
    (["run", "--rounds", ""], ["rounds ''"]),
    (["run", "--rounds", "99999999999"], ["rounds '99999999999'"]),
    (["run", "--seed", "-1"], ["seed '-1'"]),
    (["run", "--seed", "x"], ["seed 'x'"]),
    (["run", "--seed", "9223372036854775808"], ["seed '9223372036854775808'"]),
    (["run", "--bind", "foo"], ["unknown binding 'foo'", "did you mean"]),
    (["run", "--benchmark_filter=x"], ["Google Benchmark's", "--filter"]),
    (["run", "--benchmark_repetitions=9"], ["Google Benchmark's", "--rounds"]),
    (["run", "--filter", "("], ["filter '('", "regular expression"]),
    (["run", "--filter", "^grian/"], ["no cell matches", "'^grian/'", "'grain/spin/"]),
    (["run", "--filter", "nonsense that is longer than any name of a cell could be" * 8], ["no cell matches"]),
    (["run", "--profile", "smoke", "--filter", "^floors/", "--backends", "pool", "--filter", "^nothing$"],
     ["no cell matches"]),
    (["run", "--resume", "nothing"], ["'nothing'"]),
    (["run", "--resume", ""], ["resume ''"]),
    (["run", "--resume", "empty"], ["'empty'", "run.json"]),
    (["run", "--resume", "torn"], ["'torn'", "run.json"]),
    (["run", "--resume", "array"], ["'array'", "run.json"]),
    (["run", "--resume", "hollow"], ["'hollow'", "run.json"]),
    (["run", "--resume", "newer"], ["'newer'", "newer version"]),
    (["run", "--resume", "newer", "--rounds", "3"], ["--resume", "leave them out"]),
    (["run", "--profile", "smoke", "--filter", "^gap/", "--results", "file"], ["'file'"]),
    (["run", "--profile", "smoke", "--filter", "^gap/", "--results", "file/below"], ["'file/below'"]),
    (["run", "--profile", "smoke", "--filter", "^gap/", "--results", ""], ["results ''"]),
    (["run", "--profile", "smoke", "--filter", "^gap/", "--scratch", ""], ["scratch ''"]),
    (["list", "nonsense"], ["unknown topic 'nonsense'", "did you mean"]),
    (["list", "experiment"], ["did you mean 'experiments'"]),
    (["list", "loads", "nonsense"], ["unknown topic 'nonsense'"]),
    (["list", "--jsn"], ["did you mean '--json'"]),
    (["machine", "foo"], ["'foo'", "--json"]),
    (["machine", "--json", "foo"], ["--json"]),
]


def furnish(folder: Path) -> None:
    """What the cases name: a file, and run folders that are none."""
    (folder / "file").write_text("a file\n")
    runs = {"empty": None, "torn": '{"schema": 1, "run": {"sta', "array": "[1, 2]\n", "hollow": '{"schema": 1}\n',
            "newer": json.dumps({"schema": 999, "run": {"status": "incomplete"}, "factors": {}})}
    for name, text in runs.items():
        (folder / name).mkdir()
        if text is not None:
            (folder / name / "run.json").write_text(text)


def contents(folder: Path) -> dict[str, str | None]:
    return {str(path.relative_to(folder)): path.read_text() if path.is_file() else None
            for path in folder.rglob("*")}


def try_bad(folder: Path, arguments: list[str], words: list[str]) -> None:
    what = "poolbench " + " ".join(arguments)
    before = contents(folder)
    done = subprocess.run([BINARY, *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60)
    check_equal(f"{what}: exit code", done.returncode, 1)
    check_equal(f"{what}: stdout", done.stdout, "")
    check(done.stderr.startswith("poolbench: ") and done.stderr.endswith("\n") and done.stderr.count("\n") == 1,
          f"{what}: not one line: {done.stderr!r}")
    for word in words:
        check(word in done.stderr, f"{what}: '{word}' is missing in {done.stderr!r}")
    check_equal(f"{what}: files", contents(folder), before)


def test_bad_input() -> None:
    with tempfile.TemporaryDirectory(prefix="poolbench-input-") as name:
        folder = Path(name)
        furnish(folder)
        for arguments, words in CASES:
            try_bad(folder, arguments, words)


def shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", command, "bash", BINARY], capture_output=True, text=True, timeout=60)


def test_no_arguments() -> None:
    done = shell('"$1"')
    check_equal("no arguments: exit code", done.returncode, 1)
    check(done.stdout == "" and done.stderr.startswith("usage: poolbench"), "no arguments: no usage on stderr")


def test_help() -> None:
    for arguments in ("--help", "-h", "run --help", "list --help"):
        done = shell(f'"$1" {arguments}')
        check_equal(f"{arguments}: exit code", (done.returncode, done.stderr), (0, ""))
        check(done.stdout.startswith("usage: poolbench"), f"{arguments}: no usage on stdout")
    done = shell('"$1" run --help')
    for option in ("profile", "filter", "backends", "workers", "rounds", "seed", "results", "scratch", "resume",
                   "bind"):
        check(f"--{option}" in done.stdout, f"run --help does not name --{option}")
    done = shell('"$1" --version')
    check_equal("--version", (done.returncode, done.stderr, done.stdout.split()[0]), (0, "", "poolbench"))


def test_readers_and_disks() -> None:
    """A reader that has seen enough is no error; a full disk is one."""
    for command in ("list", "list --json", "machine --json", "run --help"):
        done = shell(f'"$1" {command} | head -n 1 >/dev/null; exit "${{PIPESTATUS[0]}}"')
        check_equal(f"{command} | head", (done.returncode, done.stderr), (0, ""))
    for command in ("list", "list --json", "list loads", "machine", "machine --json", "run --help", "--version"):
        done = shell(f'"$1" {command} >/dev/full')
        check_equal(f"{command} >/dev/full: exit code", done.returncode, 1)
        check(done.stderr.startswith("poolbench: ") and done.stderr.count("\n") == 1,
              f"{command} >/dev/full: not one line: {done.stderr!r}")


def test_make() -> None:
    """Each option has a variable of make, and only those that are set are passed on."""
    values = {"PROFILE": "full", "FILTER": "^grain/", "BACKENDS": "pool,raw", "WORKERS": "1,2", "ROUNDS": "7",
              "SEED": "5",
              "RESULTS": "else where", "SCRATCH": "/some/where", "BIND": "core"}
    make = ["make", "-n", "-C", str(TOP), f"BUILD={BUILD}", "bench"]
    done = subprocess.run([*make, *(f"{key}={value}" for key, value in values.items())], capture_output=True, text=True)
    check_equal("make -n bench: exit code", done.returncode, 0)
    for key, value in values.items():
        check(f"--{key.lower()} '{value}'" in done.stdout,
              f"make bench does not pass on {key}={value}: {done.stdout[-900:]}")
    done = subprocess.run(make, capture_output=True, text=True)
    check("--profile 'quick' --results 'results'" in done.stdout, "make bench: not the defaults")
    for key in ("FILTER", "BACKENDS", "WORKERS", "ROUNDS", "SEED", "SCRATCH", "BIND"):
        check(f"--{key.lower()} " not in done.stdout, f"make bench passes on {key}, which is not set")
    done = subprocess.run([*make, "RESUME=a run"], capture_output=True, text=True)
    check("--resume 'a run'" in done.stdout and "--profile" not in done.stdout,
          "make bench RESUME= is not passed on alone")


def main() -> int:
    for test in (test_bad_input, test_no_arguments, test_help, test_readers_and_disks, test_make):
        test()
    return 0


if __name__ == "__main__":
    sys.exit(main())
