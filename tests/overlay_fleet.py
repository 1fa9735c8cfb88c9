"""Machines that differ, made up, as subjects of overlays: for tests of whatever shows several of them."""
import random
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import report_helpers  # noqa: F401  # finds the modules of scripts/lib

from base.read import read_run
from compare import overlays
from judge.verdicts import Judgement, judge
from report.blocks import Answer, Document, Number, Section, Table

import madeup_run

LABELS = ["epyc-7763-64c", "xeon-8480-56c", "ryzen-5950x-16c", "graviton3-64c", "apple-m2-8c", "rpi4-4c"]


def make(folder: Path, number: int, profile: str = "full", change: Callable[[dict], None] | None = None) -> Path:
    """A run of the machine of this number: it has a speed, floors and costs of its own."""
    rng = random.Random(number)
    speed, charge = 0.5 * 4 ** rng.random(), 0.4 * 6 ** rng.random()
    scale = {(experiment, backend): factor for experiment in madeup_run.EXPERIMENTS for backend, factor in
             (("raw", speed * charge), ("pool", speed * (0.7 + 0.6 * rng.random())), ("serial", speed))}
    floors = dict(madeup_run.FLOORS)
    madeup_run.FLOORS.update({name: ns * charge * (0.8 + 0.4 * rng.random()) for name, ns in floors.items()})
    run, journal = madeup_run.make_documents(profile, None, number + 1, scale=scale, noise=0.03)
    madeup_run.FLOORS.update(floors)
    if change:
        change(run)
    return madeup_run.write_run(folder / str(number), run, journal)


def read(path: Path) -> Judgement:
    return judge(read_run(path))


@lru_cache(maxsize=None)
def _judged(number: int, profile: str) -> Judgement:
    with tempfile.TemporaryDirectory() as folder:
        return read(make(Path(folder), number, profile))


def judged(n: int, profile: str = "full") -> list[Judgement]:
    return [_judged(number, profile) for number in range(n)]


def fleet(n: int, profile: str = "quick") -> list[overlays.Subject]:
    """Of more than six, the others are alike those before but for their numbers: what is read is read once."""
    found = [overlays.reduce(judgement) for judgement in judged(min(n, len(LABELS)), profile)]
    return [overlays.Subject(f"{LABELS[i % len(LABELS)]}, {2 ** (i % 7)} CPUs", i + 1, found[i % len(LABELS)])
            for i in range(n)]


def page_document(subjects: list[overlays.Subject], names: list[str]) -> Document:
    rows = [[subject.label, Number(f"{9 - i} us", 9.0 - i)] for i, subject in enumerate(subjects)]
    return Document("a <comparison> & more", Answer("what differs", [("gate", "a & b")], ["beware <of>"]), [
        Section("Machines", [Table(["machine", "floor"], [*rows], "Floors")], "machines"),
        Section("Overlays", [*overlays.sections(subjects, names)], "overlays")])
