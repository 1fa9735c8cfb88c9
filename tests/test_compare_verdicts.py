#!/usr/bin/env python3
"""Code verdicts on made-up runs whose truth is known, and the controls that they are held against."""
from pathlib import Path

from report_helpers import main

from compare import code_verdicts
from compare.reduced import Reduced, reduce
from compare_helpers import ONLY, EXITS, changes, found, run_of

SLOWER_POOL = {("grain", "pool"): 1.3}
FASTER_POOL = {("grain", "pool"): 1 / 1.3}
EVERYTHING_SLOWER = {(experiment, backend): 1.3 for experiment in ONLY for backend in ("pool", "raw", "serial")}
POOL, RAW = ("grain", "pool, 2 workers"), ("grain", "raw")


def test_no_change_is_no_difference(folder: Path) -> None:
    for seed in (1, 2, 3):
        code, document = found(run_of(folder, f"a{seed}", seed), run_of(folder, f"b{seed}", seed + 10))
        assert code == EXITS["same"] and document["found"] == [], (seed, code, document["found"])
        of = changes(document)
        assert len(of) == 6 and all(row["verdict"] == "no difference" for row in of.values()), of
        for row in of.values():
            ratio = row["times_better"]
            assert 0.95 < ratio["lo"] <= ratio["value"] <= ratio["hi"] < 1.05, row


def test_a_regression_is_found_where_it_is(folder: Path) -> None:
    for seed in (1, 2, 3):
        code, document = found(run_of(folder, f"a{seed}", seed), run_of(folder, f"b{seed}", seed + 10,
                                                                        scale=SLOWER_POOL))
        of = changes(document)
        assert code == EXITS["regression"] and document["found"] == ["regression"], (seed, document["found"])
        assert [key for key, row in of.items() if row["verdict"] == "worse"] == [POOL], of
        ratio = of[POOL]["times_better"]
        assert ratio["lo"] < 1 / 1.3 < ratio["hi"] and of[POOL]["p_holm"] < 0.05, of[POOL]
        effect = changes(document, "contrast")["grain", "pool over raw at 10 us"]
        assert effect["verdict"] == "worse", effect  # it moves with its side


def test_an_improvement_is_found_where_it_is(folder: Path) -> None:
    code, document = found(run_of(folder, "a", 1), run_of(folder, "b", 2, scale=FASTER_POOL))
    of = changes(document)
    assert code == EXITS["improvement"] and document["found"] == ["improvement"], document["found"]
    assert [key for key, row in of.items() if row["verdict"] == "better"] == [POOL], of
    assert abs(of[POOL]["times_better"]["value"] - 1.3) < 0.03, of[POOL]


def test_a_regression_counts_more_than_an_improvement(folder: Path) -> None:
    code, document = found(run_of(folder, "a", 1), run_of(folder, "b", 2, scale={**SLOWER_POOL, ("gap", "raw"): 0.7}))
    assert code == EXITS["regression"] and document["found"] == ["improvement", "regression"], document["found"]


def test_a_worse_thread_is_no_better_pool(folder: Path) -> None:
    """The effect of the contrast improves; what changed is the other side."""
    code, document = found(run_of(folder, "a", 1), run_of(folder, "b", 2, scale={("grain", "raw"): 1.3}))
    assert code == EXITS["regression"], code
    assert changes(document)[POOL]["verdict"] == "no difference" and changes(document)[RAW]["verdict"] == "worse"
    assert changes(document, "contrast")["grain", "pool over raw at 10 us"]["verdict"] == "better"


def test_more_is_better_where_the_metric_says_so(folder: Path) -> None:
    """Tasks in time per second: fewer are worse."""
    def halve(sample: dict) -> dict:
        if sample["cell"].startswith("openload/") and sample["backend"] == "pool-reject":
            sample["metrics"]["in_time_per_s"] /= 2
        return sample
    a = run_of(folder, "a", 1, profile="full", only=["gap", "openload"])
    code, document = found(a, run_of(folder, "b", 2, profile="full", only=["gap", "openload"], change=halve))
    rows = [row for row in document["groups"][0]["code"] if row["metric"] == "in_time_per_s" and row["kind"] == "side"]
    of_pool = next(row for row in rows if row["name"].startswith("pool-reject"))
    assert code == EXITS["regression"] and of_pool["verdict"] == "worse", of_pool
    assert abs(of_pool["times_better"]["value"] - 0.5) < 0.02, of_pool


def test_noise_is_no_verdict(folder: Path) -> None:
    """The A/A floor of a noisy run raises delta; what lies within it is not worse."""
    a = run_of(folder, "a", 1, noises={"grain": 0.15})
    code, document = found(a, run_of(folder, "b", 2, noises={"grain": 0.15}, scale={("grain", "pool"): 1.07}))
    of = changes(document)[POOL]
    assert of["delta"] > 0.05 and of["verdict"] in ("inconclusive", "no difference"), of
    assert code == EXITS["same"], code


def test_delta_is_the_larger_floor_of_the_two(folder: Path) -> None:
    quiet, noisy = run_of(folder, "a", 1), run_of(folder, "b", 2, noises={"grain": 0.1})
    for pair in ((quiet, noisy), (noisy, quiet)):
        _, document = found(*pair)
        assert changes(document)[POOL]["delta"] > 0.051, changes(document)[POOL]
        assert changes(document)["reuse", "raw"]["delta"] == 0.05


def test_few_rounds_decide_nothing(folder: Path) -> None:
    """With fewer than ten, the grade refuses the run before."""
    code, document = found(run_of(folder, "a", 1, rounds=5), run_of(folder, "b", 2, rounds=5, scale=SLOWER_POOL))
    assert code == EXITS["incomparable"] and document["groups"][0]["code"] == [], code


def test_a_side_that_fails_now_is_worse(folder: Path) -> None:
    def fail(sample: dict) -> dict:
        if sample["cell"].startswith("grain/") and sample["backend"] == "raw":
            sample.update(status="failed", reason="killed by signal 11", metrics={})
        return sample

    def fail_often(sample: dict) -> dict:
        return fail(sample) if sample["round"] < 14 else sample

    def stop(sample: dict) -> dict:
        if sample["cell"].startswith("grain/") and sample["backend"] == "raw":
            sample.update(status="limit", reason="pid_max binds")
        return sample

    def of_grain(old: Reduced, new: Reduced) -> dict[str, code_verdicts.Change]:
        return {of.new.key.name: of for of in code_verdicts.changes_of(old.series, new.series, 0)
                if of.new.key.experiment == "grain"}
    a = reduce(run_of(folder, "a", 1))
    for name, change, words in (("b", fail, "failed in 0 rounds of the earlier run, and in 20"),
                                ("c", fail_often, "failed in 0 rounds of the earlier run, and in 14"),
                                ("d", stop, "ended at a limit in 0 rounds of the earlier run, and in 20")):
        b = reduce(run_of(folder, name, 2, change=change))
        of, back = of_grain(a, b)["raw"], of_grain(b, a)["raw"]
        assert of.word == "worse" and words in of.reason, (of.word, of.reason)
        assert back.word == "inconclusive" and "of the earlier run" in back.reason, (back.word, back.reason)


def test_lines_and_counts_are_no_regression(folder: Path) -> None:
    """A longer program, and a pool that shows fewer threads, are shown elsewhere."""
    def change(sample: dict) -> dict:
        for metric in ("lines", "threads_seen"):
            if metric in sample["metrics"]:
                sample["metrics"][metric] *= 2
        return sample
    only = ["fanout", "threads"]
    a, b = run_of(folder, "a", 1, profile="full", only=only), run_of(folder, "b", 2, profile="full", only=only,
                                                                     change=change)
    code, document = found(a, b)
    assert {row["metric"] for row in document["groups"][0]["code"]} == {"time_ns"}, document["groups"][0]["code"]
    assert code == EXITS["same"], code


def test_the_interval_is_that_of_both_runs_resampled(_: Path) -> None:
    import numpy
    from compare.code_verdicts import bootstrap_ratio
    generator = numpy.random.default_rng(7)
    inside = 0
    for _ in range(200):
        old, new = (generator.lognormal(0, 0.05, 20) for _ in range(2))
        ratio = bootstrap_ratio((1.2 * old).tolist(), new.tolist())
        assert ratio.lo <= ratio.value <= ratio.hi
        inside += ratio.lo <= 1.2 <= ratio.hi
    assert inside >= 180, inside  # of 200; 95% are 190
    assert bootstrap_ratio([1.0] * 20, [1.0] * 20).lo == 1 and not bootstrap_ratio([1.0] * 5, [1.0] * 5).has_interval
    assert bootstrap_ratio([0.0] * 10, [1.0] * 10).n == 0


def test_a_slower_machine_is_no_regression(folder: Path) -> None:
    code, document = found(run_of(folder, "a", 1), run_of(folder, "b", 2, scale=EVERYTHING_SLOWER))
    assert code == EXITS["incomparable"] and document["found"] == ["inconclusive"], (code, document["found"])
    for row in changes(document).values():
        assert row["verdict"] == "inconclusive" and "machine itself" in row["reason"], row
    assert all(row["verdict"] == "worse" for (_, name), row in changes(document, "control").items() if name == "serial")


def test_a_faster_machine_hides_no_regression(folder: Path) -> None:
    """All is faster but the pool, which is as it was."""
    faster = {key: 1 / 1.3 for key in EVERYTHING_SLOWER if key != ("grain", "pool")}
    code, document = found(run_of(folder, "a", 1), run_of(folder, "b", 2, scale=faster))
    of = changes(document)[POOL]
    assert of["verdict"] == "inconclusive" and "serial is better" in of["reason"], of


def test_a_floor_excuses_no_more_than_its_part(folder: Path) -> None:
    """A wake that takes 1.3 times as long is nothing beside a task of 10 us, and all of one of its own length."""
    def slower(sample: dict) -> dict:
        if sample["cell"] == "floors/futex-wake":
            sample["metrics"]["time_ns"] *= 1.3
        return sample
    code, document = found(run_of(folder, "a", 1), run_of(folder, "b", 2, change=slower, scale={
        **SLOWER_POOL, ("reuse", "pool"): 1.3}))
    of = changes(document)
    assert of[POOL]["verdict"] == "worse" and code == EXITS["regression"], of[POOL]
    reuse = of["reuse", "pool, 2 workers"]
    assert reuse["verdict"] == "inconclusive" and "floor futex-wake" in reuse["reason"], reuse


def test_a_regression_beyond_what_the_machine_lost_is_one(folder: Path) -> None:
    scale = {**EVERYTHING_SLOWER, ("grain", "pool"): 2.0}
    code, document = found(run_of(folder, "a", 1), run_of(folder, "b", 2, scale=scale))
    assert code == EXITS["regression"], code
    assert [key for key, row in changes(document).items() if row["verdict"] == "worse"] == [POOL], changes(document)


def test_a_slower_serial_excuses_no_improvement(folder: Path) -> None:
    scale = {("grain", "serial"): 1.3, **FASTER_POOL}
    code, document = found(run_of(folder, "a", 1), run_of(folder, "b", 2, scale=scale))
    assert changes(document)[POOL]["verdict"] == "better" and code == EXITS["improvement"], code


def test_a_slower_clone_excuses_the_thread_and_not_the_pool(folder: Path) -> None:
    def slower(sample: dict) -> dict:
        if sample["cell"] in ("floors/clone", "floors/pthread-tuned"):
            sample["metrics"]["time_ns"] *= 1.3
        return sample
    both = {("grain", "raw"): 1.3, ("grain", "pool"): 1.3}
    code, document = found(run_of(folder, "a", 1), run_of(folder, "b", 2, scale=both, change=slower))
    of = changes(document)
    assert of[RAW]["verdict"] == "inconclusive" and "floor clone" in of[RAW]["reason"], of[RAW]
    assert of[POOL]["verdict"] == "worse" and code == EXITS["regression"], of[POOL]


if __name__ == "__main__":
    main(globals())
