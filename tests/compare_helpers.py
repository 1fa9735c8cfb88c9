"""What tests of scripts/compare share: made-up runs of one machine and of others, and the script itself."""
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from report_helpers import TOP, rewrite, run_script

import madeup_run

COMPARE = TOP / "scripts" / "compare"
ONLY = ["floors", "grain", "reuse", "gap"]  # enough for most, and quick to make
EXITS = {"same": 0, "error": 1, "regression": 2, "incomparable": 3, "improvement": 4}

Change = Callable[[dict[str, Any]], None]


def compare(*arguments: object, timeout: float = 100, **environment: str) -> subprocess.CompletedProcess:
    return run_script(COMPARE, *arguments, timeout=timeout, **environment)


def run_of(folder: Path, name: str, noise_seed: int, *, profile: str = "quick", only: list[str] | None = None,
           **options: Any) -> Path:
    """A run whose noise is its own and whose factor `seed` is that of all others. Its binary is its own too."""
    document, journal = madeup_run.make_documents(profile, options.pop("rounds", 20), noise_seed,
                                                  only=ONLY if only is None else only, **options)
    document["factors"]["seed"] = 1
    document["suite"].update(commit=f"{noise_seed:08x}", binary=f"{noise_seed:016x}")
    document["run"]["started"] = f"2026-01-{noise_seed % 28 + 1:02d}T03:04:05Z"
    return madeup_run.write_run(folder / name, document, journal)


def change_machine(run: Path, change: Change) -> None:
    path = run / "machine.json"
    machine = json.loads(path.read_text())
    change(machine)
    path.write_text(json.dumps(machine))


def other_machine(run: Path, name: str = "other-cpu-2c-01234567") -> Path:
    rewrite(run, lambda document: document["run"].update(machine=name))
    return run


def found(*arguments: object, **environment: str) -> tuple[int, dict[str, Any]]:
    """The exit code, and the JSON."""
    done = compare(*arguments, "--format", "json", **environment)
    assert done.stderr == "", done.stderr
    return done.returncode, json.loads(done.stdout)


def changes(document: dict[str, Any], kind: str = "side") -> dict[tuple[str, str], dict[str, Any]]:
    """By experiment and side, of the only group."""
    return {(row["experiment"], row["name"]): row for row in document["groups"][0]["code"] if row["kind"] == kind}


def one_line(done: subprocess.CompletedProcess, *words: str) -> None:
    assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
    assert done.stdout == "", done.stdout
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("scripts/compare: "), done.stderr
    for word in words:
        assert word in done.stderr, (word, done.stderr)
