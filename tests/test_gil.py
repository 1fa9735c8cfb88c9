#!/usr/bin/env python3
"""The sides that CPython runs: what they leave, that their tasks are checked, and what becomes of them where python3 is
missing, crashes, hangs, or is another."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from harness import (BUILD, RUN_ERROR, RUN_OK, RUN_SOME_FAILED, SKIPPED, Bench, await_true, check, check_complete,
                     check_ended, check_equal, document, state)

# The one that PATH has, which need not be this one: where it lies, and its version.
ASK = "import sys; print(sys.executable, *sys.version_info[:3])"
REAL, *VERSION = (subprocess.run(["python3", "-I", "-c", ASK], capture_output=True, text=True).stdout.split()
                  if shutil.which("python3") else [""])

KINDS = ("python-threadpool", "python-thread", "python-futures")
SMOKE = ("--profile", "smoke", "--filter", "^gil/", "--rounds", "1")

# Does as the real one, with something changed before the script begins.
CHANGED = """#!/bin/sh
exec {real} -I -c 'import sys; del sys.argv[1:3]; script = sys.argv.pop(1); {change}; exec(script)' "$@"
"""


def stub(folder: Path, text: str) -> dict[str, str]:
    """An environment in which python3 is this script."""
    folder.mkdir()
    (folder / "python3").write_text(text)
    (folder / "python3").chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:/usr/bin:/bin"}


def changed(folder: Path, change: str) -> dict[str, str]:
    return stub(folder, CHANGED.format(real=REAL, change=change))


def without_python(folder: Path) -> dict[str, str]:
    folder.mkdir()
    return {**os.environ, "PATH": str(folder)}


def start_side(env: dict[str, str] | None, backend: str, workload: str) -> subprocess.Popen[str]:
    """One job of a measuring process, which takes the python3 that PATH has."""
    keys = {"load": "python", "mode": "throughput", "tasks": 20, "steps": 1001, "wait_ns": 1000}
    job = {"cell": "test", "workload": workload, "backend": backend, "workers": 2, "iterations": 3, "keys": keys,
           "side_ms": 1, "seed": 7, "calibration": 0, "stack_bytes": 65536, "max_threads": 0, "thread_limit": "",
           "scratch_dir": ".", "cpusets": [], "plugins": []}
    command = ["/bin/sh", "-c", 'exec "$0" side "$1" 3>&1 >/dev/null', BUILD / "poolbench", json.dumps(job)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)


def side(env: dict[str, str] | None = None, backend: str = "python-thread", workload: str = "gil-cpu") -> dict:
    stdout, stderr = start_side(env, backend, workload).communicate(timeout=60)
    check_equal("what is printed", stderr, "")
    return json.loads(stdout)


def check_answer(what: str, answer: dict, status: str, *words: str) -> None:
    check_equal(f"{what}: status, for {answer['reason']!r}", answer["status"], status)
    for word in words:
        check(word in answer["reason"], f"{what}: '{word}' is missing in {answer['reason']!r}")


def test_whole() -> None:
    with Bench() as bench:
        ended = bench.run(*SMOKE, "--results", bench.results)
        check_ended("run", ended, RUN_OK)
        check_complete(ended.folder)
        run = document(ended.folder)
        check_equal("interpreter", run["factors"]["python"].split(",")[0], ".".join(VERSION))
        check(str(Path(REAL).parent) not in json.dumps(run), "the run tells where the interpreter lies")
        sides = {(s["cell"].split("/")[1], s["backend"], s["workers"]) for s in run["samples"] if s["status"] == "ok"}
        wanted = {(workload, backend, n) for workload in ("gil-cpu", "gil-io") for n in (1, 2)
                  for backend in (*KINDS, "pool", "raw-capped")} | {("gil-cpu", "python-threadpool-again", 2)}
        check_equal("sides", sides, wanted)
        for sample in run["samples"]:
            metrics, what = sample["metrics"], f"{sample['backend']} {sample['workers']} {sample['cell']}"
            check(metrics["time_ns"] > 0 and metrics["cpu_ns"] > 0, f"{what}: {metrics}")
            check(metrics["threads_peak"] >= sample["workers"], f"{what}: {metrics['threads_peak']} threads")
            if sample["backend"] == "python-thread":
                check_equal(f"{what}: most threads", metrics["threads_peak"], sample["workers"])
                check(metrics["threads_created"] >= metrics["tasks"], f"{what}: {metrics['threads_created']} threads")
        rule = next(e["rule"] for e in run["experiments"] if e["name"] == "gil")
        check_equal("workers of the contrasts", [(c["a"]["workers"], c["b"]["workers"]) for c in rule["contrasts"]],
                    [(2, 1)] * 4)
        check_equal("conditions", [c["op"] for c in rule["supported_all"]],
                    ["not_ahead", "not_ahead", "ahead", "ahead"])
        check_equal("conditions", [(c["op"], c["contrast"]) for c in rule["refuted_any"]],
                    [("ahead", 0), ("ahead", 1)])


def test_same_work() -> None:
    """Values are those of the workload in C, and whatever the script gets wrong is seen."""
    with Bench() as bench:
        for kind in KINDS:
            for workload in ("gil-cpu", "gil-io"):
                check_answer(f"{kind} {workload}", side(backend=kind, workload=workload), "ok")
        wrong = {"doubles": 'script = script.replace("return run\\n\\n\\nTASKS", "return lambda t, i: run(t, [*i, *i])'
                            '\\n\\n\\nTASKS")',
                 "skips": 'script = script.replace("for index in indices:", "for index in indices[1:]:")',
                 "differs": 'script = script.replace("range(n_steps)", "range(n_steps - 1)")'}
        for name, change in wrong.items():
            answer = side(changed(bench.top / name, change))
            check_answer(name, answer, "failed", "sum of results is wrong" if name == "differs" else "tasks")


def test_missing() -> None:
    """No python3 is no failure: the cells in C are measured, and the others say why they are not."""
    with Bench() as bench:
        env = without_python(bench.top / "empty")
        ended = bench.run(*SMOKE, "--results", bench.results, env=env)
        check_ended("without python3", ended, RUN_OK)
        run = document(ended.folder)
        check_equal("interpreter", run["factors"]["python"], "none")
        for sample in run["samples"]:
            is_python = sample["backend"].startswith("python-")
            check_equal(f"{sample['backend']}: status", sample["status"], "limit" if is_python else "ok")
            check_equal(f"{sample['backend']}: reason", sample["reason"],
                        "python3 is not installed" if is_python else "")


def test_broken() -> None:
    with Bench() as bench:
        env = stub(bench.top / "ends", "#!/bin/sh\nexit 3\n")
        ended = bench.run(*SMOKE, "--backends", "python-thread,pool", "--results", bench.results, env=env)
        check_ended("a python3 that ends", ended, RUN_SOME_FAILED)
        run = document(ended.folder)
        check_equal("interpreter", run["factors"]["python"], "unknown")
        check_equal("reasons", {s["reason"] for s in run["samples"] if s["backend"] == "python-thread"},
                    {"python3 ended with code 3"})
        cases = {
            "killed": ("failed", "killed by signal 11", stub(bench.top / "killed", "#!/bin/sh\nkill -SEGV $$\n")),
            "talks": ("failed", "something else", stub(bench.top / "talks", "#!/bin/sh\necho hello; exec sleep 60\n")),
            "later": ("failed", "ended with code 5", changed(bench.top / "later", 'script = script.replace('
                                                             '"values = run(", "import os; os._exit(5); run(")')),
            "raises": ("failed", "raised ZeroDivisionError", changed(bench.top / "raises", 'script = script.replace('
                                                                     '"values = run(", "1 / 0; values = run(")')),
            "other": ("limit", "not CPython", changed(bench.top / "other", 'sys.implementation.name = "pypy"')),
        }
        for name, (status, words, env) in cases.items():
            check_answer(name, side(env), status, words)


def test_hangs() -> None:
    """Named after a while, and nothing of it is left; nor if the process that started it is killed meanwhile."""
    with Bench() as bench:
        pid_file = bench.top / "pid"
        env = stub(bench.top / "hangs", f"#!/bin/sh\necho $$ >{pid_file}\nexec sleep 600\n")
        check_answer("hangs", side(env), "failed", "did not answer for 10 s")
        check(state(int(pid_file.read_text())) in "XZ", "it is still running")
        pid_file.unlink()
        killed = start_side(env, "python-thread", "gil-cpu")
        pid = int(await_true("python3", lambda: pid_file.exists() and pid_file.read_text()))
        killed.kill()
        killed.communicate(timeout=60)
        await_true("the end of python3", lambda: state(pid) in "XZ")


def test_without_lock() -> None:
    """A build of CPython that has no global lock is recorded as that; and no other may take a run up."""
    with Bench() as bench:
        env = changed(bench.top / "free", "sys._is_gil_enabled = lambda: False")
        ended = bench.run(*SMOKE, "--backends", "python-thread", "--results", bench.results, env=env)
        check_ended("without a lock", ended, RUN_OK)
        run = document(ended.folder)
        check(run["factors"]["python"].endswith(", without a global lock"), f"recorded: {run['factors']['python']}")
        (ended.folder / "run.json").write_text(json.dumps(run).replace('"complete"', '"incomplete"'))
        again = bench.run("--resume", ended.folder)
        check_ended("taken up with another python3", again, RUN_ERROR, "another python3")


def main() -> int:
    if not REAL:
        print("python3 is not in PATH")
        return SKIPPED
    for test in (test_whole, test_same_work, test_missing, test_broken, test_hangs, test_without_lock):
        test()
    return 0


if __name__ == "__main__":
    sys.exit(main())
