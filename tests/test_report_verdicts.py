#!/usr/bin/env python3
"""Each claim's rule on made-up runs that must support it, refute it, and leave it open; and what keeps a claim from
being decided at all."""
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from report_helpers import main

from base.read import read_run
from base.runs import Contrast, Run, Side
from base.stats import Estimate
from draw import views, views_of_cost
from judge import answers, verdicts
from judge.effects import INCONCLUSIVE, NOT_MEASURED, REFUTED, SUPPORTED, Effect
from judge.verdicts import Judgement, Verdict
from report import as_markdown, lastpage
from report.contents import contents
from madeup_run import MS, US, bucket_of, make_documents, write_run


def judge(folder: Path, change_run: Callable[[dict], None] | None = None, incomplete: bool = False,
          **options: Any) -> Judgement:
    run, journal = make_documents(options.pop("profile", "quick"), options.pop("rounds", None), **options)
    if change_run:
        change_run(run)
    return verdicts.judge(read_run(write_run(folder, run, journal, incomplete=incomplete)))


FOUR = ["reuse", "grain", "oneoff", "gap"]


def verdict_of(folder: Path, experiment: str, **options: Any) -> Verdict:
    found = judge(folder, only=[experiment], **options).verdict(experiment)
    assert found is not None
    return found


def times(factor: float, experiment: str, backend: str, key: str, metric: str = "time_ns") -> Callable[[dict], dict]:
    """A change of samples: one metric of one backend, in cells whose name has this key."""
    def change(line: dict) -> dict:
        if line["cell"].startswith(experiment) and line["backend"] == backend and f"/{key}/" in line["cell"]:
            line["metrics"][metric] *= factor
        return line
    return change


def check(folder: Path, experiment: str, word: str, **options: Any) -> Verdict:
    found = verdict_of(folder / word, experiment, **options)
    assert found.word == word, (experiment, found.word, found.reason, found.effects)
    assert found.reason
    return found


def test_c1_reuse(folder: Path) -> None:
    check(folder, "reuse", SUPPORTED)
    check(folder, "reuse", REFUTED, scale={("reuse", "raw"): 0.02})
    check(folder, "reuse", INCONCLUSIVE, scale={("reuse", "raw"): 0.035}, noise=0.4)


def test_c2_grain(folder: Path) -> None:
    check(folder, "grain", SUPPORTED)
    check(folder, "grain", REFUTED, scale={("grain", "raw"): 0.335})
    check(folder, "grain", INCONCLUSIVE, scale={("grain", "raw"): 0.5}, noise=0.3)


def test_c3_depth(folder: Path) -> None:
    refused = check(folder / "refused", "depth", SUPPORTED)
    assert "30,768" in refused.reason and "pid_max binds" in refused.reason
    memory = check(folder / "memory", "depth", SUPPORTED, scale={("depth", "raw"): 0.5})
    assert "times the memory" in memory.reason
    check(folder, "depth", REFUTED, scale={("depth", "raw"): 0.012})
    check(folder, "depth", INCONCLUSIVE, scale={("depth", "raw"): 0.04})


def test_the_limit_that_bound_is_drawn(folder: Path) -> None:
    """It need not be the one that was known before the run."""
    def lower(line: dict) -> dict:
        line["reason"] = line["reason"].replace("pid_max", "cgroup pids.max")
        return line
    judgement = judge(folder, only=["depth"], change=lower)
    experiment = next(row for row in judgement.run.experiments if row.name == "depth")
    labels = {limit.label for limit in views.depth(judgement, experiment).limits}
    assert labels == {"cgroup pids.max binds at 30,768"}, labels


def test_c3_is_open_if_the_pool_itself_is_refused(folder: Path) -> None:
    def refuse(line: dict) -> dict:
        if line["backend"] == "pool" and line["cell"].endswith("tasks:100000"):
            line["metrics"]["held"] = 70000
        return line
    assert "70,000" in check(folder, "depth", INCONCLUSIVE, change=refuse).reason


def test_c8_oneoff(folder: Path) -> None:
    check(folder, "oneoff", SUPPORTED)
    check(folder, "oneoff", REFUTED, scale={("oneoff", "pool"): 0.3})
    check(folder, "oneoff", INCONCLUSIVE, scale={("oneoff", "pool"): 0.4}, noise=0.3)


def test_c12_io(folder: Path) -> None:
    check(folder, "io", SUPPORTED)
    check(folder, "io", REFUTED, change=times(30, "io/sleep", "raw", "inflight:64"))
    check(folder, "io", INCONCLUSIVE, change=times(8, "io/sleep", "raw", "inflight:64"))


def test_the_size_next_to_goetz_is_marked(folder: Path) -> None:
    """Older runs have the rule's size in every cell, others those of the plan, of which the nearest stands for it."""
    for wanted, name, at in ((24, "pool, Goetz's size", {1: 24, 16: 24, 64: 24}),
                             (90, "pool, next to Goetz's size", {1: 1, 16: 16, 64: 64}),
                             (20, "pool, next to Goetz's size", {1: 1, 16: 16, 64: 24})):
        run, journal = make_documents("full", only=["io"])
        run["calibration"]["sleep_goetz"] = wanted
        judgement = verdicts.judge(read_run(write_run(folder / str(wanted), run, journal)))
        experiment = next(of for of in judgement.run.experiments if of.name == "io")
        rows = views_of_cost.io(judgement, experiment).rows
        marked = {row.x: row.of for row in rows if row.series == name and row.label == "sleep"}
        for cell in judgement.run.cells_of("io"):
            if cell.workload == "sleep" and cell.number("inflight") in at:
                side = Side(cell.name, "pool", at[int(cell.number("inflight") or 0)])
                rate = answers.rate_of(judgement.run.estimate(side, "time_ns"))
                assert marked[cell.number("inflight")] == rate, (wanted, cell.name)
        other = {"pool, Goetz's size", "pool, next to Goetz's size"} - {name}
        assert not any(row.series in other and row.label == "sleep" for row in rows)


def test_c18_gap(folder: Path) -> None:
    check(folder, "gap", SUPPORTED)
    check(folder, "gap", REFUTED, scale={("gap", "raw"): 0.375})
    check(folder, "gap", INCONCLUSIVE, scale={("gap", "raw"): 0.6}, noise=0.4)


def test_c14_cpu(folder: Path) -> None:
    check(folder, "cpu", SUPPORTED, profile="full")
    check(folder, "cpu", REFUTED, profile="full", scale={("cpu", "pool"): 1.8})
    check(folder / "between", "cpu", INCONCLUSIVE, profile="full", scale={("cpu", "pool"): 1.4})
    check(folder / "noise", "cpu", INCONCLUSIVE, profile="full", scale={("cpu", "pool"): 1.3}, noise=0.4)

    def have_one_cpu(run: dict) -> None:
        run["factors"]["cpus_usable"] = 1
    check(folder, "cpu", NOT_MEASURED, profile="full", change_run=have_one_cpu)


def test_c13_gil(folder: Path) -> None:
    def two(factor: float, workload: str, backend: str) -> Callable[[dict], dict]:
        def change(line: dict) -> dict:
            like = line["backend"].removesuffix("-again")
            if line["cell"].startswith(f"gil/{workload}/") and (like, line["workers"]) == (backend, 2):
                line["metrics"]["time_ns"] *= factor
            return line
        return change
    both = [("threadpool", "python-threadpool"), ("thread", "python-thread")]
    floor = check(folder, "gil", SUPPORTED, profile="full").effects[0].floor
    assert floor is not None and 1 < floor < 1.05
    for name, backend in both:
        check(folder / name, "gil", REFUTED, profile="full", change=two(0.55, "gil-cpu", backend))
        check(folder / name, "gil", INCONCLUSIVE, profile="full", change=two(2, "gil-io", backend))
    check(folder / "futures", "gil", SUPPORTED, profile="full", change=two(0.55, "gil-cpu", "python-futures"))
    check(folder / "in C", "gil", SUPPORTED, profile="full", change=two(0.55, "gil-cpu", "pool"))
    check(folder / "noise", "gil", INCONCLUSIVE, profile="full", noise=0.3)


def test_c13_is_not_measured_without_python(folder: Path) -> None:
    def be_missing(line: dict) -> dict:
        if line["backend"].startswith("python-"):
            line.update(status="limit", reason="python3 is not installed", metrics={})
        return line
    assert "python3 is not installed" in check(folder, "gil", NOT_MEASURED, profile="full", change=be_missing).reason


def test_c17_threads(folder: Path) -> None:
    def see(backend: str, n: int, rounds: range = range(20)) -> Callable[[dict], dict]:
        def change(line: dict) -> dict:
            if line["backend"] == backend and line["round"] in rounds:
                line["metrics"]["threads_seen"] = n
            return line
        return change
    assert "1,000 tasks on at most 2 threads" in check(folder, "threads", SUPPORTED, profile="full").reason
    check(folder / "pool", "threads", REFUTED, profile="full", change=see("pool", 3, range(1)))
    check(folder / "raw", "threads", REFUTED, profile="full", change=see("raw", 999, range(1)))
    check(folder, "threads", INCONCLUSIVE, profile="full", rounds=5)


def test_c19_forget(folder: Path) -> None:
    check(folder, "forget", REFUTED, profile="full")
    check(folder, "forget", SUPPORTED, profile="full", scale={("forget", "raw-detached"): 0.008})
    check(folder, "forget", INCONCLUSIVE, profile="full", scale={("forget", "raw-detached"): 0.01}, noise=0.4)


def test_c4_kinds(folder: Path) -> None:
    check(folder, "kinds", SUPPORTED, profile="full")
    check(folder, "kinds", REFUTED, profile="full", change=times(0.5, "kinds/bimodal", "raw", "functions:8"))
    alike = check(folder / "equal", "kinds", REFUTED, profile="full",
                  change=times(25.3 / 50.3, "kinds/bimodal", "raw", "functions:8"))
    assert "does not grow" in alike.reason
    check(folder, "kinds", INCONCLUSIVE, profile="full", noise=0.3,
          change=times(0.6, "kinds/bimodal", "raw", "functions:8"))


def test_c9_longrun(folder: Path) -> None:
    check(folder, "longrun", SUPPORTED, profile="full")
    together = times(1 / 4500, "longrun", "pool", "longs:together", "p99_ns")
    check(folder, "longrun", REFUTED, profile="full", change=together)
    check(folder, "longrun", INCONCLUSIVE, profile="full", change=together, noise=0.3)


def test_c15_sizing(folder: Path) -> None:
    found = check(folder, "sizing", SUPPORTED, profile="full")
    assert "Goetz 24" in found.reason and "Little" in found.reason and "scalability" in found.reason

    def mislead(line: dict) -> dict:
        """Tasks are slow on any pool, the sizes that the scalability law sees say 12, and 64 is far ahead."""
        if line["backend"] in ("pool", "pool-again"):
            usual_ms = 4 / min(line["workers"], 12)
            line["metrics"]["time_ns"] = {24: 2, 48: 3, 64: 0.05}.get(line["workers"], usual_ms) * MS
        return line
    refuted = check(folder, "sizing", REFUTED, profile="full", change=mislead)
    assert "70%" in refuted.reason

    def be_without_serial(line: dict) -> dict:
        if line["backend"] == "serial" and line["cell"].startswith("sizing"):
            line.update(status="failed", reason="killed by signal 9", metrics={})
        return mislead(line) if line["metrics"] else line
    check(folder / "one rule", "sizing", INCONCLUSIVE, profile="full", change=be_without_serial)
    check(folder, "sizing", INCONCLUSIVE, profile="full", noise=0.5)
    assert "half of them" in check(folder / "few", "sizing", INCONCLUSIVE, profile="full", rounds=10).reason


def in_time(pool: float, raw: float) -> Callable[[dict], dict]:
    def change(line: dict) -> dict:
        if line["backend"] in ("pool-reject", "raw") and line["cell"].endswith("percent:120"):
            line["metrics"]["in_time_per_s"] = pool if line["backend"] == "pool-reject" else raw
        return line
    return change


def changed(experiment: str, backend: str, metric: str, factor: float) -> Callable[[dict], dict]:
    """A change of samples: one metric of one backend in all cells of an experiment."""
    def change(line: dict) -> dict:
        if line["cell"].startswith(f"{experiment}/") and line["backend"] in (backend, f"{backend}-again"):
            line["metrics"][metric] *= factor
        return line
    return change


def test_c16_openload(folder: Path) -> None:
    check(folder, "openload", SUPPORTED, profile="full")
    check(folder / "none in time", "openload", SUPPORTED, profile="full", change=in_time(0, 0))
    noisy = times(3, "longrun", "pool", "longs:apart", "p99_ns")
    assert judge(folder / "noise elsewhere", profile="full", only=["openload", "longrun"],
                 change=lambda line: noisy(in_time(0, 0)(line))).verdict("openload").word == SUPPORTED
    check(folder / "raw none", "openload", SUPPORTED, profile="full", change=in_time(10, 0))
    slow = {("openload", "pool-reject"): 20.0}
    check(folder / "slow", "openload", REFUTED, profile="full", scale=slow, change=in_time(100, 300))
    check(folder / "slow, none", "openload", REFUTED, profile="full", scale=slow, change=in_time(0, 300))
    check(folder / "torn", "openload", INCONCLUSIVE, profile="full", change=in_time(100, 300))
    check(folder / "pool none", "openload", INCONCLUSIVE, profile="full", change=in_time(0, 300))
    check(folder / "noise", "openload", INCONCLUSIVE, profile="full", noise=0.5,
          scale={("openload", "pool-reject"): 9.0})

    def now_and_then(line: dict) -> dict:
        """Of the pool none in time in most rounds, and of raw some in all."""
        return in_time(12 if line["round"] < 7 else 0, 10)(line)
    check(folder / "now and then", "openload", INCONCLUSIVE, profile="full", change=now_and_then)


def be_late(rounds: range) -> Callable[[dict], dict]:
    def change(line: dict) -> dict:
        if line["cell"].endswith("percent:120") and line["backend"] == "raw" and line["round"] in rounds:
            line["metrics"]["lateness_p99_ns"] = 40 * MS
            line["lateness"] = [[bucket_of(40 * MS), 400]]
        return line
    return change


def test_late_generator_decides_nothing(folder: Path) -> None:
    """A single late round withholds the percentile of all rounds together, and most of them the verdict."""
    for rounds, word in ((range(3, 4), SUPPORTED), (range(3, 20), INCONCLUSIVE)):
        found = judge(folder / word, profile="full", only=["openload"], change=be_late(rounds))
        verdict = found.verdict("openload")
        assert verdict.word == word and ("late" in verdict.reason) == (word == INCONCLUSIVE)
        raw = verdict.effects[0].contrast.b
        assert answers.is_late_merged(found.run, raw, 0.99) and not answers.is_late_merged(found.run, raw, 0.5)
        assert [of.late for of in answers.overload(found)] == [False, True]


def test_open_loads_take_the_floor_of_latency(folder: Path) -> None:
    noisy = times(1.6, "forget", "pool-again", "mode:throughput")
    found = judge(folder, profile="full", only=["forget", "gap", "openload"], change=noisy)
    assert found.largest_floor["throughput"] > 1.5
    assert all(effect.delta < 0.2 for effect in found.verdict("openload").effects)


def test_without_spin(folder: Path) -> None:
    """Each verdict once more where nobody spins, by the same rule and a floor of its own, and nowhere else."""
    whole = judge(folder / "whole", profile="full", sleeping=True)
    for verdict in whole.verdicts:
        other = verdict.without_spin
        assert (other is None) == (verdict.experiment.name in ("gil", "depth")), verdict.experiment.name
        assert other is None or (other.word == verdict.word and not verdict.flips and other.reason)
    assert not any(cell.never_spins for of in whole.run.experiments for cell in whole.run.cells_of(of.name))
    assert not any(of.flips or of.without_spin for of in judge(folder / "none").verdicts)
    assert whole.largest_floor == judge(folder / "plain", profile="full").largest_floor


def test_flips_without_spin(folder: Path) -> None:
    slow, again = times(9, "grain", "pool", "spin:none"), times(9, "grain", "pool-again", "spin:none")
    found = judge(folder, only=FOUR, sleeping=True, change=lambda line: again(slow(line)))
    flips = {verdict.experiment.claim: verdict for verdict in found.verdicts if verdict.flips}
    assert list(flips) == ["C2"] and flips["C2"].word == SUPPORTED and flips["C2"].without_spin.word == REFUTED
    document = contents(found, [], "")
    assert "other verdicts where no thread spins before it sleeps: C2" in "\n".join(lastpage.page(document.answer))
    summary = as_markdown.render(document)
    assert "C2 is supported, and refuted where none does" in summary and "flips to **refuted**" in summary
    assert "judged once more where no thread does: 1 verdict flips." in summary
    noisy = judge(folder / "noisy", only=FOUR, sleeping=True, change=times(1.6, "grain", "pool-again", "spin:none"))
    assert noisy.verdict("grain").effects[0].delta < 0.06 < 0.5 < noisy.verdict("grain").without_spin.effects[0].delta


def test_queueing_theory(folder: Path) -> None:
    assert math.isclose(answers.erlang_c(1, 0.8), 0.8)
    assert math.isclose(answers.erlang_c(2, 0.5), 1 / 3)
    found = {(q.cell.workload, q.cell.number("percent")): q for q in answers.queues(judge(folder, profile="full").run)}
    assert found["spin", 80].model == "M/D/1" and math.isclose(found["spin", 80].theory_ns, 200 * US)
    assert found["exponential", 80].model == "M/M/1" and math.isclose(found["exponential", 80].theory_ns, 400 * US)
    assert ("spin", 120) not in found


def test_c5_fanout(folder: Path) -> None:
    """The pool must be ahead and its program shorter; one of them that decidedly fails refutes it."""
    check(folder, "fanout", SUPPORTED, profile="full")
    check(folder / "slow", "fanout", REFUTED, profile="full", scale={("fanout", "raw"): 0.21})
    longer = check(folder / "long", "fanout", REFUTED, profile="full", change=changed("fanout", "pool", "lines", 2))
    assert longer.reason.startswith("lines, pool over raw")
    check(folder, "fanout", INCONCLUSIVE, profile="full", scale={("fanout", "raw"): 0.3}, noise=0.4)


def test_c6_results(folder: Path) -> None:
    check(folder, "results", SUPPORTED, profile="full")
    check(folder, "results", REFUTED, profile="full", scale={("results", "raw"): 0.001})
    check(folder, "results", INCONCLUSIVE, profile="full", scale={("results", "raw"): 0.0025}, noise=0.4)


def test_c7_status(folder: Path) -> None:
    """Slower than the raw program with its flags is what refutes it, not slower alone."""
    slow = times(1.3, "status", "pool", "polls_per_s:1000")
    both = times(1.3, "status", "raw", "polls_per_s:1000")
    check(folder, "status", SUPPORTED, profile="full")
    again = times(1.3, "status", "pool-again", "polls_per_s:1000")
    check(folder, "status", REFUTED, profile="full", change=lambda line: again(slow(line)))
    found = check(folder / "both", "status", INCONCLUSIVE, profile="full",
                  change=lambda line: again(both(slow(line))))
    assert "flags of its own" in found.reason
    check(folder / "noise", "status", INCONCLUSIVE, profile="full", noise=0.3)
    check(folder / "few", "status", INCONCLUSIVE, profile="full", rounds=5)


def test_c10_state(folder: Path) -> None:
    check(folder, "state", REFUTED, profile="full", scale={("state", "pool"): 0.9})
    check(folder, "state", SUPPORTED, profile="full", scale={("state", "pool"): 1.5})
    check(folder, "state", INCONCLUSIVE, profile="full", scale={("state", "pool"): 1.2}, noise=0.4)


def test_c11_first(folder: Path) -> None:
    """The pool must keep up with threads, and results as they come must be there much earlier than in order."""
    check(folder, "first", SUPPORTED, profile="full")
    check(folder / "behind", "first", REFUTED, profile="full", scale={("first", "raw"): 0.7})
    check(folder / "in order", "first", REFUTED, profile="full", scale={("first", "pool-ordered"): 0.0154})
    check(folder / "between", "first", INCONCLUSIVE, profile="full", scale={("first", "pool-ordered"): 0.021})
    check(folder, "first", INCONCLUSIVE, profile="full", noise=0.4)


def test_c20_steps(folder: Path) -> None:
    """A thread must be ahead of chained tasks and keep up with one task, which refutes it by being ahead."""
    check(folder, "steps", REFUTED, profile="full")
    check(folder, "steps", SUPPORTED, profile="full", scale={("steps", "raw"): 0.8})
    check(folder / "chained", "steps", INCONCLUSIVE, profile="full", scale={("steps", "raw"): 0.86})
    check(folder, "steps", INCONCLUSIVE, profile="full", noise=0.4)


def test_every_rule_has_its_sentence(folder: Path) -> None:
    for experiment in judge(folder, profile="full").run.experiments:
        if experiment.rule:
            words = verdicts.sentence(experiment.rule)
            assert words.startswith("Supported if ") and "; refuted " in words and words.endswith("."), words
            assert "  " not in words and "if ;" not in words and "if ." not in words, words
    grain = next(e for e in judge(folder / "b", only=["grain"]).run.experiments if e.name == "grain")
    assert verdicts.sentence(grain.rule) == (
        "Supported if \u201cpool over raw at 10 us\u201d is ahead by more than \u03b4; "
        "refuted if \u201cpool over raw at 10 us\u201d is not ahead by more than \u03b4.")


def test_a_missing_backend_is_told(folder: Path) -> None:
    def leave_out(run: dict) -> None:
        contrast = next(e for e in run["experiments"] if e["name"] == "forget")["rule"]["contrasts"][0]
        contrast["b"] = None
    found = check(folder, "forget", NOT_MEASURED, profile="full", change_run=leave_out)
    assert "was not among the backends" in found.reason


def test_a_backend_of_another_rule_may_be_missing(folder: Path) -> None:
    def leave_out(*names: str) -> Callable[[dict], None]:
        def change(run: dict) -> None:
            run["factors"]["backends"] = [name for name in run["factors"]["backends"] if name not in names]
            for contrast in next(e for e in run["experiments"] if e["name"] == "gil")["rule"]["contrasts"]:
                for side in ("a", "b"):
                    contrast[side] = None if contrast[side]["backend"] in names else contrast[side]
        return change
    found = check(folder, "gil", NOT_MEASURED, profile="full", change_run=leave_out("raw", "python-thread"))
    assert found.reason == "python-thread was not among the backends"
    check(folder, "gil", SUPPORTED, profile="full", change_run=leave_out("raw"))


def test_noise_alone_refutes_nothing(folder: Path) -> None:
    """The floor widens the band of no difference; beyond a quarter it says too little to refute anything."""
    close = {("reuse", "raw"): 0.04, ("grain", "raw"): 0.5, ("oneoff", "raw"): 2, ("gap", "raw"): 0.6}
    for seed in range(1, 6):
        found = judge(folder / str(seed), seed=seed, noise=0.6, only=FOUR, scale=close)
        assert {verdict.word for verdict in found.verdicts} <= {INCONCLUSIVE, NOT_MEASURED}, seed


def test_conditions_hold_for_the_whole_interval(_: Path) -> None:
    def effect(lo: float, hi: float, p: float = 0.01, delta: float = 0.05) -> Effect:
        middle = Estimate((lo + hi) / 2, lo, hi, 10)
        return Effect(Contrast("", "", None, None), middle, middle, middle, p, p_holm=p, delta=delta)

    for op, value, holds, fails in (
            ("ahead", 0, effect(1.06, 2), effect(1.05, 2)), ("ahead", 0, effect(1.06, 2), effect(1.06, 2, p=0.05)),
            ("ahead", 0, effect(1.3, 2, delta=0.25), effect(1.2, 2, delta=0.25)),
            ("not_ahead", 0, effect(0.5, 1.05, p=1), effect(0.5, 1.06)),
            ("not_ahead", 0, effect(0.5, 1.25, delta=0.25), effect(0.5, 1.25, delta=0.26)),
            ("at_least", 10, effect(10, 12), effect(9.9, 12)),
            ("at_least", 10, effect(10, 12), effect(10, 12, p=0.05)),
            ("below", 2, effect(1, 1.9, p=1), effect(1, 2))):
        assert holds.holds(op, value) and not fails.holds(op, value), (op, holds, fails)
    assert not effect(math.nan, math.nan).holds("not_ahead", 0)


def test_no_difference_supports_nothing(folder: Path) -> None:
    equal = {("reuse", "raw"): 0.025, ("grain", "raw"): 0.336, ("oneoff", "pool"): 0.337, ("gap", "raw"): 0.375}
    for seed in range(1, 6):
        found = judge(folder / str(seed), seed=seed, scale=equal, noise=0.05, only=FOUR)
        assert all(verdict.word != SUPPORTED for verdict in found.verdicts), seed


def test_effect_is_the_truth_and_delta_the_floor(folder: Path) -> None:
    effect = verdict_of(folder / "quiet", "grain").effects[0]
    assert effect.ratio.lo < 16 / 5.35 < effect.ratio.hi and effect.ratio.n == 10
    assert effect.delta == 0.05
    noisy = times(1.3, "grain", "pool-again", "length_ns:10000")
    effect = verdict_of(folder / "noisy", "grain", change=noisy).effects[0]
    assert effect.floor is not None and 1.28 < effect.floor < 1.36 and abs(effect.delta - (effect.floor - 1)) < 1e-9


def test_claim_without_a_floor_takes_the_largest_of_its_mode(folder: Path) -> None:
    def change(run: dict) -> None:
        for cell in run["cells"]:
            if cell["experiment"] == "oneoff":
                cell["sides"] = [side for side in cell["sides"] if side["backend"] != "pool-again"]
        run["samples"] = [sample for sample in run["samples"]
                          if not (sample["backend"] == "pool-again" and sample["cell"].startswith("oneoff"))]
    noisy = times(1.4, "grain", "pool-again", "length_ns:10000")
    run, _ = make_documents("quick", change=noisy)
    change(run)
    found = verdicts.judge(read_run(write_run(folder, run, [])))
    assert found.verdict("oneoff").effects[0].floor == found.largest_floor["throughput"] > 1.35
    assert found.verdict("gap").effects[0].floor < 1.1


def test_rank_test_is_corrected_over_all_primary_contrasts(folder: Path) -> None:
    alone = check(folder / "alone", "grain", SUPPORTED, rounds=6)
    assert abs(alone.effects[0].p_holm - 2 / 2 ** 6) < 1e-9
    together = judge(folder / "together", rounds=6).verdict("grain")
    assert together.word == INCONCLUSIVE and "Holm" in together.reason
    assert together.effects[0].p_holm > 0.05


def test_too_few_rounds_decide_nothing(folder: Path) -> None:
    assert "an interval needs 6" in check(folder, "grain", INCONCLUSIVE, rounds=5).reason


def test_smoke_decides_nothing(folder: Path) -> None:
    found = judge(folder, profile="smoke", rounds=12)
    assert found.undecided
    assert {v.word for v in found.verdicts} <= {INCONCLUSIVE, NOT_MEASURED}
    assert found.verdict("depth").reason == "not in the profile smoke"
    comparisons = verdicts.compare_cells(found, found.run.experiments[1])
    assert {c.word for c in comparisons} == {"undecided"}


def test_incomplete_run_decides_nothing(folder: Path) -> None:
    found = judge(folder, profile="full", rounds=10, incomplete=True)
    assert "incomplete" in found.undecided
    assert {v.word for v in found.verdicts} == {INCONCLUSIVE}
    assert found.verdict("grain").effects[0].ratio.n == 10


def test_filter_is_named(folder: Path) -> None:
    found = judge(folder, only=["grain"], filter_="^grain/")
    assert found.verdict("gap").word == NOT_MEASURED and "filter" in found.verdict("gap").reason


def test_missing_backend_is_named(folder: Path) -> None:
    def without_raw(run: dict) -> None:
        run["factors"]["backends"].remove("raw")
        run["samples"] = [sample for sample in run["samples"] if sample["backend"] != "raw"]
        for cell in run["cells"]:
            cell["sides"] = [side for side in cell["sides"] if side["backend"] != "raw"]
        for experiment in run["experiments"]:
            for contrast in (experiment["rule"] or {"contrasts": []})["contrasts"]:
                contrast.update({side: None for side in "ab" if (contrast[side] or {}).get("backend") == "raw"})
    run, _ = make_documents("quick")
    without_raw(run)
    found = verdicts.judge(read_run(write_run(folder, run, [])))
    assert found.verdict("grain").reason == "raw was not among the backends"


def fail(rounds: int, backend: str = "raw") -> Callable[[dict], dict]:
    def change(line: dict) -> dict:
        if line["backend"] == backend and line["round"] < rounds and line["cell"].startswith("grain"):
            line.update(status="failed", reason="killed by signal 9", metrics={})
        return line
    return change


def test_side_that_failed_always_is_not_measured(folder: Path) -> None:
    found = check(folder, "grain", NOT_MEASURED, change=fail(10))
    assert found.reason == "raw failed in every round: killed by signal 9"


def test_failed_rounds_are_left_out_on_both_sides(folder: Path) -> None:
    found = check(folder, "grain", SUPPORTED, change=fail(3))
    assert found.effects[0].ratio.n == 7 and found.effects[0].a.n == 10


def test_help_by_the_caller_withholds_a_verdict(folder: Path) -> None:
    def change(line: dict) -> dict:
        if line["backend"] == "pool" and line["round"] == 4 and "inline_tasks" in line["metrics"]:
            line["metrics"]["inline_tasks"] = 1
        return line
    assert "ran on the thread" in check(folder, "grain", INCONCLUSIVE, change=change).reason


def test_unknown_rule_is_not_measured(folder: Path) -> None:
    def change(run: dict) -> None:
        next(e for e in run["experiments"] if e["name"] == "depth")["rule"]["evaluator"] = "sorcery"
    found = judge(folder, change_run=change, scale={("depth", "raw"): 0.5}).verdict("depth")
    assert found.word == NOT_MEASURED


def test_metric_of_which_more_is_better(folder: Path) -> None:
    def change(run: dict) -> None:
        for metric in run["metrics"]:
            if metric["name"] == "time_ns":
                metric["polarity"] = "more"
    run, _ = make_documents("quick", only=["grain"])
    change(run)
    assert verdicts.judge(read_run(write_run(folder, run, []))).verdict("grain").word == REFUTED


def words(run: Run, judgement: Judgement, experiment: str) -> dict[float, str]:
    chosen = next(e for e in run.experiments if e.name == experiment)
    return {c.cell.number("length_ns"): c.word for c in verdicts.compare_cells(judgement, chosen)}


def test_every_cell_is_compared(folder: Path) -> None:
    found = judge(folder / "a", only=["grain"])
    by_length = words(found.run, found, "grain")
    assert by_length[100] == "pool ahead" and by_length[10 * MS] == "no difference over 5%", by_length
    found = judge(folder / "b", only=["grain"], scale={("grain", "raw"): 0.1})
    assert words(found.run, found, "grain")[MS] == "raw ahead"


def test_break_evens_lie_on_the_grid(folder: Path) -> None:
    found = judge(folder / "a")
    assert answers.grain_break_even(found) == verdicts.Threshold(300 * US, MS)
    assert answers.reuse_break_even(found) == verdicts.Threshold(None, 1)
    assert answers.io_crossover(found) == verdicts.Threshold(1, 8)
    assert answers.gap_break_even(found).hi is None
    assert answers.break_even_of(found, "pool", 2) == verdicts.Threshold(300 * US, MS)
    assert answers.break_even_of(found, "raw-capped", 2).hi == 100  # which is never ahead
    never = judge(folder / "b", only=["grain"], scale={("grain", "raw"): 3})
    assert answers.grain_break_even(never) == verdicts.Threshold(10 * MS, None)
    always = judge(folder / "c", only=["grain"], scale={("grain", "raw"): 0.01})
    assert answers.grain_break_even(always) == verdicts.Threshold(None, 100)


def test_metg_is_the_truth(folder: Path) -> None:
    levels = {(m.backend, m.level): m.length for m in answers.metgs(judge(folder, only=["grain"]).run)}
    assert levels["pool", 0.5] == verdicts.Threshold(100, US)       # truth: 700 ns
    assert levels["pool", 0.9] == verdicts.Threshold(3 * US, 10 * US)   # truth: 6.3 us
    assert levels["raw", 0.5] == verdicts.Threshold(10 * US, 30 * US)   # truth: 22 us


def test_hand_over_and_waiting(folder: Path) -> None:
    found = judge(folder)
    over = answers.hand_over(found)
    assert over.pool.lo < 9000 < over.pool.hi and over.raw.lo < 24000 < over.raw.hi and 13e3 < over.clone.value < 15e3
    waits = answers.waiting(found)
    assert (waits.best.backend, waits.best.workers, waits.inflight) == ("pool", 64, 64)
    assert waits.per_s.lo < 1e9 / (1.06 * MS / 64) < waits.per_s.hi
    assert waits.cpu_pool_slower.lo < 32 < waits.cpu_pool_slower.hi


main(globals())
