#!/usr/bin/env python3
"""docs/run.schema.json accepts what runs leave and refuses what does not follow results/README.md."""
import json
from collections.abc import Callable
from pathlib import Path

from report_helpers import TOP, main, skip

from base.read import READ
from madeup_run import make_documents

try:
    from jsonschema import Draft202012Validator
except ImportError:
    skip("no Python module jsonschema")

SCHEMA = json.loads((TOP / "docs" / "run.schema.json").read_text())


def faults(document: dict) -> list[str]:
    return [f"{list(error.absolute_path)}: {error.message[:200]}"
            for error in Draft202012Validator(SCHEMA).iter_errors(document)]


def test_schema_is_one(_: Path) -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_made_up_runs_follow_it(_: Path) -> None:
    for profile in ("smoke", "quick", "full"):
        run, _ = make_documents(profile, 6)
        assert faults(run) == []
    incomplete = {**run, "run": {**run["run"], "status": "incomplete", "ended": "unknown"}, "samples": []}
    assert faults(incomplete) == []


def test_deviations_are_found(_: Path) -> None:
    changes: list[Callable[[dict], object]] = [
        lambda run: run.update(schema=2),
        lambda run: run.update(hostname="x"),
        lambda run: run.pop("checks"),
        lambda run: run["run"].update(id="../x"),
        lambda run: run["run"].update(status="incomplete"),
        lambda run: run["factors"].update(workers=[0]),
        lambda run: run["metrics"][0].update(unit="`x`"),
        lambda run: run["metrics"][0].update(polarity="better"),
        lambda run: run["experiments"][1].update(name="a/b"),
        lambda run: run["experiments"][1]["rule"]["supported_all"][0].update(op="wins"),
        lambda run: run["cells"][0]["keys"].update(load=None),
        lambda run: run["cells"][0]["sides"].append(run["cells"][0]["sides"][0]),
        lambda run: run["samples"][0].update(status="ok", reason="because"),
        lambda run: run["samples"][0].update(status="failed"),
        lambda run: run["samples"][0]["metrics"].update(time_ns="unknown"),
        lambda run: run["samples"][0]["metrics"].update(same_cpu=1.5),
        lambda run: run["samples"][0]["environment"].update(load1=""),
        lambda run: run["clock"].update(cost_ns=""),
    ]
    for i, change in enumerate(changes):
        run, _ = make_documents("smoke")
        assert not faults(run)
        change(run)
        assert faults(run), i


def test_reader_accepts_what_the_schema_requires(_: Path) -> None:
    """Every field that the reader needs is one that the schema requires."""
    for part, fields in READ.items():
        assert part in SCHEMA["required"]
        assert set(fields) <= set(SCHEMA["properties"][part]["required"]), part


main(globals())
