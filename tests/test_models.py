#!/usr/bin/env python3
"""The models of tests/models hold, and none of them does once it is weakened in one of the ways that it lists.

A model is verified by spin, exhaustively. A line ` * WEAKEN_X: what` of its first comment is a mutation, which is made
by -DWEAKEN_X. One that spin or the compiler refuses, or that the verifier does not get through, shows nothing, and is
no better than a model that fails. What is listed and what the model asks for are the same. Mutations are verified with
--all alone.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import SKIPPED, TOP, check, check_equal, fail

MODELS = TOP / "tests" / "models"
MEMORY_MIB = 1024
VERIFY_S = 60.0 * 4  # the longest takes a tenth of it on a quiet machine
MUTATION = re.compile(r"^ \* (WEAKEN_[A-Z_]+): (.+)$", re.M)

# A mutation fails soon, so that what costs most is to compile its verifier.
FAST, QUICKLY_MADE = "-O1", "-O0"

# Safety: assertions, and who waits for ever. Nothing here is about who is served first.
PAN_FLAGS = ["-w", "-DSAFETY", "-DNOFAIR", "-DCOLLAPSE", f"-DMEMLIM={MEMORY_MIB}"]


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    check(done.returncode == 0, f"{' '.join(command)}: exit code {done.returncode}:\n{done.stdout}")
    return done.stdout


def verify(model: Path, mutation: str | None) -> bool:
    """Whether the model holds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        what = f"{model.name}{f' with {mutation}' if mutation else ''}"
        made = run(["spin", "-a", *([f"-D{mutation}"] if mutation else []), str(model)], folder)
        check("rror" not in made, f"{what}: spin says:\n{made}")
        speed = QUICKLY_MADE if mutation else FAST
        run([*os.environ.get("CC", "cc").split(), speed, *PAN_FLAGS, "-o", "pan", "pan.c"], folder)
        try:
            done = subprocess.run(["./pan", "-m100000", "-n"], cwd=folder, capture_output=True, text=True,
                                  timeout=VERIFY_S)
        except subprocess.TimeoutExpired:
            fail(f"{what}: not verified within {VERIFY_S:.0f} s")
        errors = re.search(r"^State-vector .* errors: (\d+)$", done.stdout, re.M)
        check(done.returncode == 0 and errors and "aborted" not in done.stdout and "too small" not in done.stdout
              and (mutation or "Search not completed" not in done.stdout),
              f"{what}: the verifier did not end as it should:\n{done.stdout}{done.stderr}")
        assert errors is not None
        if not mutation and errors[1] != "0":
            print(done.stdout)
        return errors[1] == "0"


def read_mutations(model: Path) -> dict[str, str]:
    text = model.read_text()
    comment = text[:text.index("*/")]
    mutations = dict(MUTATION.findall(comment))
    check(comment.startswith("/* ") and mutations, f"{model.name} does not begin with what it shows and its mutations")
    asked_for = set(re.findall(r"WEAKEN_\w+", re.sub(r"/\*.*?\*/", "", text, flags=re.S)))
    check_equal(f"{model.name}: mutations listed", sorted(mutations), sorted(asked_for))
    return mutations


def main() -> None:
    if shutil.which("spin") is None:
        print("no spin: scripts/setup --test installs it")
        sys.exit(SKIPPED)
    models = sorted(MODELS.glob("*.pml"))
    check(models, f"no model in {MODELS}")
    mutations = {model: read_mutations(model) for model in models}
    jobs = [(model, None) for model in models] + [
        (model, name) for model in models for name in (mutations[model] if "--all" in sys.argv else ())]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
        for (model, name), holds in zip(jobs, threads.map(lambda job: verify(*job), jobs)):
            if name is None:
                check(holds, f"{model.name} does not hold")
            else:
                check(not holds, f"{model.name} holds in spite of {name}: {mutations[model][name]}")
    print(f"{len(models)} models hold, and none of {len(jobs) - len(models)} weakened ones does")


main()
