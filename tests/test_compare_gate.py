#!/usr/bin/env python3
"""The comparability gate: each difference alone is named, and decides what may still be compared."""
from pathlib import Path
from typing import Any

from report_helpers import main, rewrite

from compare_helpers import change_machine, compare, found, run_of

POOL_ALONE = ["pool"]


def factor(name: str, value: Any):
    return lambda document: document["factors"].update({name: value})


def part(of: str, name: str, value: Any):
    return lambda document: document.setdefault(of, {}).update({name: value})


# What is changed in run.json, and under which name it must be refused.
REFUSED = [
    (part("suite", "version", "0.2.0"), "suite version"),
    (factor("profile", "full"), "profile"),
    (factor("seed", 2), "seed"),
    (factor("backends", POOL_ALONE), "backends"),
    (factor("plugins", [{"file": "mine.so", "hash": "0123456789abcdef"}]), "plugins"),
    (factor("filter", "^grain/"), "filter"),
    (factor("bind", "core"), "bind"),
    (factor("stack_bytes", 8388608), "stack size"),
    (factor("workers", [1]), "workers"),
    (factor("of_a_newer_version", "yes"), "of_a_newer_version"),
]

# In machine.json: how it was built.
BUILT = [("compiler", "gcc 13.1.0", "compiler"), ("flags", "-O3", "compiler flags"), ("libc", "musl 1.2", "libc"),
         ("google_benchmark", "1.8.0", "Google Benchmark")]

# The setting of the machine: no code verdicts, but nothing is wrong with it.
SET_IN_RUN = [
    (lambda document: document["factors"].update(cpus_usable=1, workers=[1]), "usable CPUs"),
    (factor("cpu_setting", "0-1 quota 1.00"), "quota"),
    (factor("cpu_setting", "0,2 quota none"), "CPUs that may be used"),
    (factor("kernel", "6.5.0"), "kernel"),
    (part("clock", "source", "hpet"), "clock"),
]
SET_IN_MACHINE = [
    (part("memory", "cgroup_limit_bytes", 1 << 30), "memory limit"),
    (part("limits", "cgroup_pids_max", 512), "limit of process ids"),
    (part("processor", "smt", "on"), "SMT"),
    (part("frequency", "governor", "powersave"), "governor"),
    (part("frequency", "boost", "on"), "boost"),
    (part("virtualization", "container", "docker"), "container"),
]


def pair(folder: Path) -> tuple[Path, Path]:
    return run_of(folder, "a", 1, only=["grain"]), run_of(folder, "b", 2, only=["grain"])


def names(document: dict[str, Any], kind: str | None = None) -> list[str]:
    return [of["name"] for of in document["gate"]["differences"] if kind in (None, of["kind"])]


def each(folder: Path, cases: list, change, check) -> None:
    """Every case on its own two runs, of which the second is changed and put back."""
    a, b = pair(folder)
    kept = {path: path.read_bytes() for path in (b / "run.json", b / "machine.json")}
    for case in cases:
        change(b, case)
        check(*found(a, b), case)
        for path, data in kept.items():
            path.write_bytes(data)


def test_alike_runs_differ_in_their_code_alone(folder: Path) -> None:
    code, document = found(*pair(folder))
    assert code == 0 and names(document) == ["commit", "binary"], (code, names(document))
    assert all(of["rules_out"] == "" for of in document["gate"]["differences"])
    assert document["gate"]["allows_code"] and not document["groups"][0]["same_binary"]
    assert document["groups"][0]["code"]


def is_refused(code: int, document: dict[str, Any], name: str) -> None:
    assert code == 3, (name, code, names(document))
    assert [of for of in names(document) if of not in ("commit", "binary")] == [name], (name, names(document))
    assert name in document["gate"]["may"], document["gate"]["may"]
    assert document["found"] == ["incomparable"] and document["groups"][0]["code"] == [], document["found"]


def test_one_factor_is_refused_by_its_name(folder: Path) -> None:
    each(folder, REFUSED, lambda run, case: rewrite(run, case[0]),
         lambda code, document, case: is_refused(code, document, case[1]))


def test_another_build_is_refused_by_its_name(folder: Path) -> None:
    each(folder, BUILT, lambda run, case: change_machine(run, part("build", case[0], case[1])),
         lambda code, document, case: is_refused(code, document, case[2]))


def test_other_rounds_are_refused(folder: Path) -> None:
    code, document = found(run_of(folder, "a", 1, only=["grain"]), run_of(folder, "b", 2, only=["grain"], rounds=12))
    assert code == 3 and names(document, "suite") == ["rounds"], names(document)


def test_a_debug_build_is_named_and_of_grade_d(folder: Path) -> None:
    a, b = pair(folder)
    change_machine(b, part("build", "type", "debug"))
    code, document = found(a, b)
    assert code == 3 and names(document, "build") == ["build type"] and "grade" in names(document), names(document)


def test_the_text_names_the_factor_and_both_values(folder: Path) -> None:
    a, b = pair(folder)
    rewrite(b, factor("bind", "core"))
    done = compare(a, b)
    assert done.returncode == 3
    assert "bind: none | core   rules out all verdicts" in done.stdout, done.stdout
    assert "No code verdicts (bind)" in done.stdout, done.stdout


def is_overlay(code: int, document: dict[str, Any], name: str, kind: str = "setting") -> None:
    assert code == 0, (name, code, names(document))
    assert names(document, kind) == [name], (name, names(document, kind))
    assert len(document["groups"]) == 2 and not any(of["code"] for of in document["groups"]), name
    assert not document["gate"]["allows_code"] and "no code verdicts" in document["gate"]["may"]


def test_another_setting_is_no_code_verdict(folder: Path) -> None:
    each(folder, SET_IN_RUN, lambda run, case: rewrite(run, case[0]),
         lambda code, document, case: is_overlay(code, document, case[1]))


def test_another_setting_in_the_description_of_the_machine(folder: Path) -> None:
    each(folder, SET_IN_MACHINE, lambda run, case: change_machine(run, case[0]),
         lambda code, document, case: is_overlay(code, document, case[1]))


def test_what_follows_from_the_cpus_is_no_difference_of_its_own(folder: Path) -> None:
    a, b = pair(folder)
    rewrite(b, lambda document: document["factors"].update(cpus_usable=1, workers=[1], cpus_open=1,
                                                           generator="shared with the workers"))
    rewrite(a, lambda document: document["factors"].update(cpus_open=2, generator="a core of its own"))
    code, document = found(a, b)
    is_overlay(code, document, "usable CPUs")
    assert names(document, "suite") == []


def test_another_machine_is_an_overlay(folder: Path) -> None:
    a, b = pair(folder)
    rewrite(b, lambda document: document["run"].update(machine="other-cpu-2c-01234567"))
    change_machine(b, lambda machine: (machine["processor"].update(model="Other CPU", microcode="0x2"),
                                       machine["limits"].update(pid_max=99), machine["build"].update(libc="glibc 9")))
    code, document = found(a, b)
    is_overlay(code, document, "machine", "machine")
    assert names(document, "setting") == [], names(document)  # they come with the machine
    assert names(document, "build") == ["libc"]


def test_another_machine_and_another_profile_is_not_the_same_measured(folder: Path) -> None:
    a, b = pair(folder)
    rewrite(b, lambda document: (document["run"].update(machine="other-cpu-2c-01234567"),
                                 document["factors"].update(profile="full")))
    code, document = found(a, b)
    assert code == 3 and document["found"] == ["elsewhere", "incomparable"]
    assert "profile" in document["gate"]["may"] and names(document, "suite") == ["profile"]


def is_withheld(folder: Path, b: Path, *words: str) -> None:
    code, document = found(run_of(folder, "first", 1, only=["grain"]), b)
    assert code == 3 and document["groups"][0]["code"] == [], code
    grade = next(of for of in document["gate"]["differences"] if of["name"] == "grade")
    assert grade["values"][1].startswith("D"), grade
    for word in words:
        assert word in grade["values"][1], grade


def test_grade_d_decides_nothing(folder: Path) -> None:
    b = run_of(folder, "b", 2, only=["grain"], rounds=9)
    a = run_of(folder, "a", 1, only=["grain"], rounds=9)
    code, document = found(a, b)
    assert code == 3 and document["groups"][0]["code"] == [] and names(document, "grade") == ["grade"], document["gate"]
    assert all("9 rounds" in value for value in document["gate"]["differences"][0]["values"]), document["gate"]


def test_uncommitted_changes_are_no_refusal(folder: Path) -> None:
    """Edit, measure, compare: grade D, but the binary is known."""
    a, b = pair(folder)
    rewrite(b, lambda document: document["suite"].update(dirty="yes"))
    code, document = found(a, b)
    assert code == 0 and document["groups"][0]["code"], code
    assert names(document) == ["commit", "uncommitted changes", "binary", "grade"], names(document)
    assert document["runs"][1]["grade"] == "D" and names(document, "grade") == []


def test_python_and_calibration_are_notes(folder: Path) -> None:
    """What runs controls alone; and how long tasks of a length are, beyond what always differs."""
    for change, name in ((factor("python", "3.12.0, with a global lock"), "Python"),
                         (part("calibration", "spin", 1.08e6), "steps of spin in a millisecond"),
                         (part("calibration", "spin", 1.02e6), None)):
        a, b = pair(folder / (name or "near"))
        rewrite(a, part("calibration", "spin", 1e6))
        rewrite(b, part("calibration", "spin", 1e6))
        rewrite(b, change)
        code, document = found(a, b)
        assert code == 0 and names(document, "note") == ([name] if name else []), (name, names(document))


def test_another_place_can_fail(folder: Path) -> None:
    """For a script that relies on code verdicts: none are there in another setting."""
    a, b = pair(folder)
    change_machine(b, part("limits", "rlimit_nofile", 64))
    assert found(a, b)[0] == 0
    code, document = found(a, b, "--fail-on", "regression,elsewhere")
    assert code == 3 and document["found"] == ["elsewhere"], (code, document["found"])
    assert "found: runs side by side" in compare(a, b).stdout


def test_what_follows_is_a_difference_where_it_does_not(folder: Path) -> None:
    """Two runs of one machine differ in what another machine would explain."""
    runs = [run_of(folder, str(seed), seed, only=["grain"]) for seed in (1, 2, 3)]
    rewrite(runs[2], lambda document: document["run"].update(machine="other-cpu-2c-01234567"))
    change_machine(runs[1], part("memory", "transparent_huge_pages", "always"))
    _, document = found(*runs)
    assert set(names(document, "setting")) == {"transparent huge pages"}, names(document)


def test_an_incomplete_run_decides_nothing(folder: Path) -> None:
    b = run_of(folder, "b", 2, only=["grain"])
    rewrite(b, lambda document: document["run"].update(status="incomplete", ended="unknown"))
    is_withheld(folder, b, "incomplete")


def test_smoke_decides_nothing_even_if_both_are_smoke(folder: Path) -> None:
    a, b = (run_of(folder, name, seed, profile="smoke", rounds=3) for name, seed in (("a", 1), ("b", 2)))
    code, document = found(a, b)
    assert code == 3 and document["gate"]["differences"][0]["name"] == "grade", document["gate"]
    assert "smoke" in document["gate"]["differences"][0]["values"][0]


def test_the_same_binary_is_an_a_a_of_runs(folder: Path) -> None:
    a, b = pair(folder)
    rewrite(b, lambda document: document["suite"].update(commit="00000001", binary=f"{1:016x}"))
    code, document = found(a, b)
    assert code == 0 and document["groups"][0]["same_binary"] and names(document) == []
    assert "The binary is the same" in compare(a, b).stdout


def test_cells_that_one_run_lacks_are_named(folder: Path) -> None:
    a, b = run_of(folder, "a", 1, only=["grain", "reuse"]), run_of(folder, "b", 2, only=["grain"])
    code, document = found(a, b)
    assert code == 0 and "cells" in names(document), names(document)
    assert any("reuse" in line and "earlier run alone" in line for line in document["groups"][0]["only_in_one"])


def test_of_many_runs_values_have_the_marks_of_their_runs(folder: Path) -> None:
    runs = [run_of(folder, str(seed), seed, only=["grain"]) for seed in (1, 2, 3)]
    rewrite(runs[1], factor("kernel", "6.5.0"))
    done = compare(*runs)
    assert done.returncode == 0, done.stdout
    assert "kernel: 6.1.0 (1, 3) | 6.5.0 (2)" in done.stdout, done.stdout
    assert "runs 1, 3: Same machine, setting, suite and build" in done.stdout, done.stdout


def test_runs_that_measured_alike_are_held_against_each_other_among_others(folder: Path) -> None:
    """A smoke run beside two others of the machine takes nothing from them."""
    a, b = pair(folder)
    smoke = run_of(folder, "smoke", 3, profile="smoke", rounds=3)
    code, document = found(a, smoke, b)
    assert code == 3 and document["found"] == ["incomparable"], document["found"]
    assert [group["runs"] for group in document["groups"]] == [[1, 3], [2]], document["groups"]
    assert document["groups"][0]["code"] and "profile" in names(document, "suite")


if __name__ == "__main__":
    main(globals())
