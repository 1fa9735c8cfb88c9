#!/usr/bin/env python3
"""How far verdicts can be trusted, on the stored runs of make trust: a small version of what docs/method.md prints, and
that a suite which says "different" too easily, or never, is caught."""
import math
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest import mock

from report_helpers import TOP, main, run_script, skip

from base import stats
from base.read import read_run
from base.runs import Run, Side
from compare import between
from compare.code_verdicts import changes_of
from harness import BUILD
from judge import trust

TRUST = TOP / "scripts" / "trust"
METHOD = (TOP / "docs" / "method.md").read_text()
GRID = [50.0, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7]


def stored(of: str) -> Path:
    """The run that docs/method.md names for this figure."""
    found = re.search(rf"scripts/trust {of} \.?\.?/?(results/[\w.-]+/[\w.-]+)", METHOD)
    if not found:
        skip(f"docs/method.md names no run for {of}")
    assert found
    return TOP / found[1]


EQUAL: Run = read_run(stored("false-alarms"))
DELAYED: Run = read_run(stored("delays"))


def narrower(n: int, quantile: float) -> tuple[int, int] | None:
    return (n // 2 - 1, n // 2 + 2) if n >= stats.ROUNDS_MIN else None


def wider(n: int, quantile: float) -> tuple[int, int] | None:
    return (1, n) if n >= stats.ROUNDS_MIN else None


def judged_with(interval: Callable[[int, float], tuple[int, int] | None], of: Callable[[], bool]) -> bool:
    with mock.patch.object(stats, "order_interval", interval):
        return of()


def test_false_alarms(_: Path) -> None:
    def is_met() -> bool:
        return (trust.synthetic_alarms(trust.noise_of_equals(EQUAL), 300, 10, 1)[-1].is_met
                and trust.real_alarms(EQUAL, 10)[-1].is_met)

    assert is_met()
    assert not judged_with(narrower, is_met)


def test_real_comparisons_are_enough_and_share_no_round(_: Path) -> None:
    assert trust.real_alarms(EQUAL, 10)[-1].different.of >= 200
    assert trust.chunks(list(range(25)), 10) == [list(range(10)), list(range(10, 20))]


def test_power(_: Path) -> None:
    quiet = trust.Noise("quiet", trust.noise_of_equals(EQUAL)[0].logs * 0 + 0.001, True)
    assert trust.power(quiet, quiet, 100, 20, 1).is_met

    def is_found() -> bool:
        steady = trust.Noise("steady", trust.np.linspace(-0.2, 0.2, 41), True)
        return trust.power(steady, None, 100, 20, 1).different.value >= trust.FOUND_MIN

    assert not judged_with(wider, is_found)


def test_power_of_what_was_measured(_: Path) -> None:
    for noise in trust.noise_of_equals(EQUAL):
        found = trust.power(noise, noise, 100, 20, 1)
        assert 1 <= found.found_different <= found.found_ahead < 10, found
        assert found.different.of == 100 and found.delta >= stats.DELTA_MIN


def test_delays(_: Path) -> None:
    def is_met() -> bool:
        return all(of.is_met for of in trust.delays(DELAYED, 10))

    found = trust.delays(DELAYED, 10)
    assert [of.delay_ns for of in found] == [500, 2000, 10000] and all(of.covered.of >= 40 for of in found)
    assert is_met(), found
    assert not judged_with(narrower, is_met)


def test_break_even(_: Path) -> None:
    noise = next(noise for noise in trust.noise_of_equals(EQUAL) if noise.name == "grain")

    def is_met() -> bool:
        return all(trust.coverage(curve, GRID, noise, 150, 20, 1).is_met for curve in trust.CURVES)

    assert is_met()
    loud = trust.Noise("loud", trust.np.linspace(-0.1, 0.1, 41), True)
    assert not judged_with(narrower, lambda: all(trust.coverage(curve, GRID, loud, 150, 20, 1).is_met
                                                 for curve in trust.CURVES))


def test_covering(_: Path) -> None:
    assert trust.covers(trust.Threshold(10, 30), 20) and not trust.covers(trust.Threshold(10, 30), 31)
    assert trust.covers(trust.Threshold(10, None), 1e9) and not trust.covers(trust.Threshold(None, 5), 6)
    assert math.isclose(trust.Rate(1, 2).value, 0.5) and trust.Rate(0, 40).interval[0] == 0


def test_delays_can_be_measured(folder: Path) -> None:
    """What make trust runs, a few rounds of it: each side goes well, and ten times the delay takes longer."""
    plugin = BUILD / "trust" / "delayed.so"
    if not plugin.exists():
        return  # a build for a sanitizer
    backends = ["delayed-0ns", "delayed-500ns", "delayed-2us", "delayed-10us"]
    done = subprocess.run([str(BUILD / "poolbench"), "run", "--profile", "smoke", "--rounds", "2", "--workers", "1",
                           "--filter", "^forget/", "--backends", ",".join(backends), "--plugin", str(plugin),
                           "--results", str(folder)], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    run = read_run(Path(done.stdout.strip()))
    cell = next(iter(run.cells.values()))
    times = [min(run.values(side, "time_ns").values()) for side in cell.sides]
    assert [side.backend for side in cell.sides] == backends and times[0] < times[-1], times


def run_trust(*arguments: object) -> subprocess.CompletedProcess:
    return run_script(TRUST, *arguments)


def test_between_runs(_: Path) -> None:
    """Parts share no round; a part is like itself; what is slower by half is worse everywhere, faster better."""
    parts = between.parts_of(EQUAL, 10)
    assert len(parts) == EQUAL.rounds_planned // 10 and all(len(of.values) == 10 for part in parts for of in part)
    once = [list(EQUAL.values(Side(of.key.cell, of.backend, 2), of.key.metric).values()) for of in parts[0][:2]]
    assert [list(of.values) for of in parts[3][:2]] == [values[30:40] for values in once]
    assert not any(rate.n for _, rate in between.alarms([parts[0], parts[0]], 1))
    calm = [of for of in parts[0] if of.key.experiment in ("grain", "io", "gap")]
    for factor, word in ((1.5, "worse"), (1 / 1.5, "better")):
        slower = [replace(of, values=tuple(factor * value for value in of.values)) for of in calm]
        assert {of.word for of in changes_of(calm, slower, 0.0)} == {word}
        assert all(rate.n == rate.of for _, rate in between.alarms([calm, slower], 1))


def test_program(folder: Path) -> None:
    done = run_trust("delays", DELAYED.path)
    assert done.returncode == 0 and done.stdout.count("| met") == 3, done
    done = run_trust("smallest", EQUAL.path, DELAYED.path)
    assert done.returncode == 0 and "smallest effect" in done.stdout, done
    for arguments, words in ((["delays", EQUAL.path], "make trust measures them"), (["delays"], "RUN"),
                             (["luck", EQUAL.path], "invalid choice"), (["delays", folder], "has no run.json"),
                             (["delays", EQUAL.path, "--trials", "0"], "at least 1")):
        done = run_trust(*arguments)
        assert done.returncode == 1 and words in done.stderr and len(done.stderr.splitlines()) == 1, done


main(globals())
