#!/usr/bin/env python3
"""What reaches the numbers and what a process can read of itself is in machine.json, is a named difference in compare,
and is warned of and costs a grade where it is not usual."""
import json
import os
import shutil
import subprocess
import sys
from typing import Any

from harness import (BUILD, RUN_ERROR, RUN_STOPPED, TOP, Bench, await_true, check, check_ended, check_equal, document,
                     end, journal, run_folders, run_parts)

sys.path.insert(0, str(TOP / "scripts" / "lib"))

# How it is started: the field, what it says then, and the check that the run has.
STARTS: dict[str, tuple[tuple[str, ...], dict[str, str], tuple[str, str], Any, str]] = {
    "nice": (("nice", "-n", "7"), {}, ("process", "nice"), 7, "process"),
    "idle": (("chrt", "--idle", "0"), {}, ("kernel", "scheduling_policy"), "idle", "process"),
    "batch": (("chrt", "--batch", "0"), {}, ("kernel", "scheduling_policy"), "batch", "process"),
    "real-time": (("chrt", "--fifo", "7"), {}, ("process", "scheduling_priority"), 7, "process"),
    "IO": (("ionice", "-c", "3"), {}, ("process", "io_priority"), "idle", "process"),
    "addresses": (("setarch", "-R"), {}, ("process", "addresses"), "fixed for this process", "process"),
    "processor time": (("bash", "-c", 'ulimit -t 99; exec "$@"', "bash"), {}, ("limits", "rlimit_cpu_s"), 99,
                       "process"),
    "traced": (("strace", "-f", "-o", "/dev/null"), {}, ("process", "traced"), "yes", "environment"),
    "NUMA": (("numactl", "--interleave=0"), {}, ("process", "numa_policy"), "interleave", "process"),
    "hwloc": ((), {"HWLOC_COMPONENTS": "no_os"}, ("process", "variables"), {"HWLOC_COMPONENTS": "no_os"}, "topology"),
    "OpenMP": ((), {"OMP_PROC_BIND": "true", "OMP_PLACES": "/a path"}, ("process", "variables"),
               {"OMP_PROC_BIND": "true"}, ""),
}

# Of the hardware, which compare knows by the machine's id; of the moment; or what another field says.
NOT_COMPARED: dict[str, set[str]] = {
    "memory": {"total_bytes"}, "kernel": {"system", "release"}, "limits": {"affinity", "affinity_cpus", "quota_cpus",
                                                                          "usable_cpus"},
    "frequency": {"minimum_mhz", "maximum_mhz", "measured_mhz"}, "process": {"libraries"},
    "build": set(),
}


for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):  # which make hands down, and which would be recorded too
    os.environ.pop(name, None)


def described(before: tuple[str, ...] = (), variables: dict[str, str] | None = None) -> dict[str, Any] | None:
    """None where it cannot be started so."""
    done = subprocess.run([*before, BUILD / "poolbench", "machine", "--json"], capture_output=True, text=True,
                          env={**os.environ, **(variables or {})})
    return json.loads(done.stdout) if done.returncode == 0 else None  # type: ignore[no-any-return]


def can(before: tuple[str, ...]) -> bool:
    return not before or shutil.which(before[0]) is not None and subprocess.run(
        [*before, "true"], capture_output=True).returncode == 0


def test_starts() -> str | None:
    with Bench() as bench:
        usual = bench.run("--profile", "smoke", "--filter", "^threads/", "--backends", "raw", "--rounds", "1",
                          "--results", bench.results / "usual")
        known = {row["text"] for row in document(usual.folder)["checks"]}
        for what, (before, variables, (topic, field), value, name) in STARTS.items():
            if not can(before):
                continue
            ended = bench.run("--profile", "smoke", "--filter", "^threads/", "--backends", "raw", "--rounds", "1",
                              "--results", bench.results / what.replace(" ", "-"), before=before,
                              env={**os.environ, **variables})
            check_equal(f"{what}: exit code", ended.code, 0)
            found = json.loads((ended.folder / "machine.json").read_text())[topic][field]
            if what == "OpenMP":
                check(found["OMP_PLACES"].startswith("#"), f"{what}: a path is told: {found}")
                value = {**value, "OMP_PLACES": found["OMP_PLACES"]}
            check_equal(f"{what}: {topic}.{field}", found, value)
            new = [row["name"] for row in document(ended.folder)["checks"] if row["text"] not in known]
            check(not name or name in new, f"{what}: nothing is warned of: {new}")
    return None


def test_resumed_otherwise() -> str | None:
    """A run that was started with another nice value is not gone on with, and the field is named."""
    with Bench() as bench:
        process = bench.start("--profile", "smoke", "--filter", "^threads/", "--backends", "raw", "--rounds", "1000",
                              "--results", bench.results)
        await_true("a side is measured", lambda: any(len(journal(run)) > 1 for run in run_folders(bench.results)))
        process.terminate()
        check_equal("stopped", end(process).code, RUN_STOPPED)
        folder = run_folders(bench.results)[0]
        ended = bench.run("--resume", folder, before=("nice", "-n", "3"))
        check_ended("resumed with another nice value", ended, RUN_ERROR, "it was started with another nice")
        process = bench.start("--resume", folder)
        n_before = len(journal(folder))
        await_true("it goes on as before", lambda: len(journal(folder)) > n_before)
        process.terminate()
        check_equal("stopped again", end(process).code, RUN_STOPPED)
    return None


def test_every_field_is_compared() -> str | None:
    from compare import facts
    named = {(part, field) for part, field, _ in facts.SETTINGS} | {("build", field) for field, _ in facts.BUILDS}
    machine = described()
    assert machine
    for topic, left in NOT_COMPARED.items():
        for field in machine[topic]:
            check((topic, field) in named or field in left, f"compare does not look at {topic}.{field}")
    names = [name for _, _, name in facts.SETTINGS] + [name for _, name in facts.BUILDS]
    check_equal("names that stand for two things", sorted(set(of for of in names if names.count(of) > 1)), [])


def test_every_check_costs() -> str | None:
    """What a run warns of is known to the grade, but for those that it weighs with the verdicts."""
    import re
    grades = (TOP / "scripts/lib/report/grades.py").read_text()
    sources = [*TOP.glob("bench/machine/warnings.c"), *TOP.glob("bench/run/prepare.c")]
    text = "".join(path.read_text() for path in sources)
    names = set(re.findall(r'warn\(list, "([a-z]+)"', text)) | set(re.findall(r'"name", "([a-z]+)"', text))
    check({"build", "process", "unseen", "quota", "environment"} <= names, f"not found: {sorted(names)}")
    for name in sorted(names):
        check(f'"{name}"' in grades, f"the check '{name}' costs no grade")


def test_the_documented_table() -> str | None:
    """Every field of what a process was started with is in the table of docs/machines.md."""
    machine, text = described(), (TOP / "docs/machines.md").read_text()
    assert machine
    for field in machine["process"]:
        check(f"`{field}`" in text, f"docs/machines.md does not name process.{field}")


def test_flags() -> str | None:
    """Every flag that shapes the code is told, whatever it is called, and no path is."""
    given = "-Ofast -march=native -flto -DPOOL_SPIN=7 -DAT=/home/x -Wall -I/home/x -pg -O1"
    with Bench() as bench:
        folder = bench.top / "build"
        make = ["make", "-s", "-C", str(TOP), f"BUILD={folder}", f"CFLAGS={given}", "CXXFLAGS=-O3",
                "LDFLAGS=-Wl,-z,now", str(folder / "version.h")]
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
        subprocess.run(make, check=True, env=environment, capture_output=True)
        compiler = os.environ.get("CC", "cc").split()
        (bench.top / "main.c").write_text("""
#include "machine/build.c"
json_t *machine__describe_build(const struct machine *machine);
void machine__set_text(json_t *object, const char *key, const char *text)
{ (void)object; printf("%s=%s\\n", key, text); }
void machine__describe_hwloc(const struct machine *machine, json_t *build) { (void)machine, (void)build; }
int main(void) { machine__describe_build(NULL); return 0; }
""")
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "jansson", "hwloc"], capture_output=True, text=True)
        built = subprocess.run([*compiler, "-O1", "-D_GNU_SOURCE", f"-I{folder}", f"-I{TOP}/bench", "-o",
                                bench.top / "main", bench.top / "main.c", *flags.stdout.split()], capture_output=True,
                               text=True)
        check_equal("building", (built.returncode, built.stderr), (0, ""))
        told = dict(line.split("=", 1) for line in
                    subprocess.run([bench.top / "main"], capture_output=True, text=True).stdout.splitlines())
    check_equal("flags", told["flags"], "-Ofast -march=native -flto -DPOOL_SPIN=7 -DAT=(path) -pg -O1")
    check_equal("others", (told["cxx_flags"], told["linker_flags"]), ("-O3", "-Wl,-z,now"))
    check_equal("type", told["type"], "instrumented")


if __name__ == "__main__":
    run_parts([test_starts, test_resumed_otherwise, test_every_field_is_compared, test_every_check_costs,
               test_the_documented_table, test_flags])
