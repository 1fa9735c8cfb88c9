"""summary.md: the answer, the claims, every experiment with its picture and numbers, and what a reader needs to judge
them. Every text of the run goes through text.markdown() or text.code()."""
import math
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import answers
import lastpage
import peers
import sizing
import stats
from answers import experiment_of
from effects import NOT_MEASURED, QUANTILES, Effect, is_late_merged, ratio_values
from runs import Experiment, Run, Side
from text import code, estimate, markdown, percent, percentile, plural, quantity, side_name, significant
from verdicts import Judgement, Threshold, Verdict, compare_cells, sentence
from views import slow_down, view_of, views_of

DASH = "\u2013"


def table(header: list[str], rows: Iterable[list[str]]) -> list[str]:
    return ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header),
            *("| " + " | ".join(row) + " |" for row in rows), ""]


def bullets(items: Iterable[str]) -> list[str]:
    return [*(f"- {item}" for item in items), ""]


# Claims.

def effect_cells(effect: Effect) -> list[str]:
    if not effect.ratio.n:
        return [DASH] * 4 + ["0"]
    has = effect.ratio.has_interval
    return [estimate(effect.ratio), DASH if math.isnan(effect.p_holm) else f"{effect.p_holm:.2g}",
            percent(effect.delta), significant(effect.smallest) if has else DASH, str(effect.ratio.n)]


def claims(judgement: Judgement) -> list[str]:
    rows = []
    for verdict in judgement.verdicts:
        head = [markdown(verdict.experiment.claim), markdown(verdict.experiment.statement), f"**{verdict.word}**"]
        if not verdict.effects:
            rows.append(head + [DASH] * 6)
        for effect in verdict.effects:
            rows.append(head + [markdown(effect.contrast.name), *effect_cells(effect)])
            head = ["", "", ""]
    out = ["## Claims", ""]
    out += table(["claim", "statement", "verdict", "primary contrast", "effect [95%]", "p (Holm)", "\u03b4",
                  "smallest effect", "rounds"], rows)
    out += ["The effect is how many times better the first side is than the second, paired by round; the smallest "
            "effect is what these rounds could just have shown.", ""]
    return out + bullets(f"{markdown(v.experiment.claim)} {v.word}: {markdown(v.reason)}" for v in judgement.verdicts)


# Experiments.

def threshold_text(found: Threshold, unit: str) -> str:
    def shown(value: float) -> str:
        return quantity(value, unit)
    if found.hi is None:
        return "none in range" + (f" (not at {shown(found.lo)})" if found.lo is not None else "")
    return f"at most {shown(found.hi)}" if found.lo is None else f"between {shown(found.lo)} and {shown(found.hi)}"


def grain_answers(judgement: Judgement) -> list[str]:
    within = percent(judgement.deltas["grain"])
    out = [f"**Break-even**, the shortest length from which raw stays within {within} of the pool: "
           f"{threshold_text(answers.grain_break_even(judgement), 'ns')}.", ""]
    rows, metgs = [], answers.metgs(judgement.run)
    for backend, workers in answers.grain_backends(judgement.run):
        lengths = [threshold_text(metg.length, "ns") for metg in metgs
                   if (metg.backend, metg.workers) == (backend, workers)]
        even = DASH if backend == "raw" else threshold_text(answers.break_even_of(judgement, backend, workers), "ns")
        rows.append([markdown(side_name(Side("", backend, workers))), *lengths, even])
    return out + ["The shortest task from which a backend keeps an efficiency of 50% and of 90%, and from which raw "
                  f"stays within {within} of it:", "",
                  *table(["backend", "METG(50%)", "METG(90%)", "break-even with raw"], rows)]


def reuse_answers(judgement: Judgement) -> list[str]:
    return ["**Break-even**, the number of batches from which the kept pool is ahead of raw: "
            f"{threshold_text(answers.reuse_break_even(judgement), '1')}.", ""]


def gap_answers(judgement: Judgement) -> list[str]:
    run, rows = judgement.run, []
    for cell in run.cells_of("gap"):
        for side in cell.sides:
            row = [pause_text(cell.number("pause_ns") or 0), markdown(side_name(side))]
            for quantile in (0.5, 0.99):
                of = answers.latency(run, side, quantile)
                row += [percentile(of, "ns"), f"{of.n:,}"]
            cpu = run.estimate(side, "cpu_ns")
            rows.append([*row, estimate(cpu, "ns") if cpu.n else DASH])
    stamp = known_ns(run.document["clock"], "stamp_ns")
    return ["**Crossover**, the pause from which raw keeps up with the pool: "
            f"{threshold_text(answers.gap_break_even(judgement), 'ns')}.", "",
            "Sojourn, from the time a task was meant to come to the time its end was known: the median over rounds "
            f"of each round's median, and the 99th percentile of all tasks. Stamping a task is {stamp} of it. "
            "Processor time is that of the whole process per task, without the caller's own pauses.", "",
            *table(["pause", "side", "median [95%]", "rounds", "p99 [95%]", "tasks", "processor time [95%]"], rows),
            "Its parts stand in the table of all sides; their medians do not add up to the median of the whole.", ""]


def pause_text(pause_ns: float) -> str:
    return quantity(pause_ns, "ns") if pause_ns else "none"


def io_answers(judgement: Judgement) -> list[str]:
    size = plural(judgement.run.document["factors"]["cpus_usable"], "worker")
    return [f"**Crossover**, the number in flight from which raw is ahead of a pool of {size}: "
            f"{threshold_text(answers.io_crossover(judgement), '1')}.", ""]


def steal_text(run: Run, side: Side) -> str:
    """Machine-wide, while the side was measured."""
    values = [sample.environment.get("steal_ms") for sample in run.samples_of(side)]
    seen = [value for value in values if isinstance(value, (int, float))]
    return quantity(sum(seen) * 1e6, "ns") if seen else "unknown"


def openload_answers(judgement: Judgement) -> list[str]:
    run, rows = judgement.run, []
    for cell in [*answers.open_cells(run, "openload", "poisson"), *answers.open_cells(run, "openload", "constant")]:
        for side in cell.sides:
            row = [f"{cell.keys['arrivals']}, {markdown(cell.workload)}, {cell.number('percent'):g}%",
                   markdown(side_name(side))]
            for quantile in QUANTILES:
                of = answers.latency(run, side, quantile)
                late = of.n and is_late_merged(run, side, quantile)
                row.append("withheld: late" if late else percentile(of, "ns"))
            refused, offered = answers.refusals(run, side)
            saturated = run.estimate(side, "done_per_s").value < 0.95 * run.estimate(side, "offered_per_s").value
            row += [f"{refused:,.0f} of {offered:,.0f}", "saturated" if saturated else "", steal_text(run, side)]
            rows.append(row)
    place = run.document["factors"].get("generator", "unknown")
    workers = plural(run.document["factors"].get("cpus_open") or 1, "CPU")
    out = [f"Tasks run on {workers}; the generator: {markdown(str(place))}. A sojourn counts from the time a task was "
           "meant to come. A percentile is withheld where the generator's own delay at it is more than a tenth; what a "
           "submit that blocks or takes long costs the tasks behind it is part of their sojourn. Saturated: fewer than "
           "95% of what came was done while tasks came. Steal: what other guests took from this machine's CPUs, over "
           f"all rounds. Stamping a task is {known_ns(run.document['clock'], 'stamp_ns')} of its sojourn.", "",
           *table(["arrivals", "side", "p50 [95%]", "p90 [95%]", "p99 [95%]", "p99.9 [95%]", "refused", "", "steal"],
                  rows)]
    bound, unbound = (answers.floor_estimate(run, name) for name in ("pthread-bound", "pthread-tuned"))
    if bound.n and unbound.n:
        out += ["To keep the generator's core free, each thread is bound to the others when it is created. A pool pays "
                f"that once a worker, one thread per task every time: create + join takes {estimate(bound, 'ns')} so, "
                f"{estimate(unbound, 'ns')} without. It is spent on the generator's core, not on those of the tasks.",
                ""]
    found = answers.queues(run)
    if found:
        out += ["The mean wait in the queue of the pool without a bound, beside what theory says of a queue with the "
                "same rate and service, in which a hand-over costs nothing:", "",
                *table(["cell", "model", "load", "measured [95%]", "theory"],
                       [[f"{markdown(q.cell.workload)}, {q.cell.number('percent'):g}%", q.model, f"{q.load:.2f}",
                         estimate(q.measured, "ns"), quantity(q.theory_ns, "ns")] for q in found])]
    return out


def sizing_answers(judgement: Judgement) -> list[str]:
    run, rows = judgement.run, []
    for cell in run.cells_of("sizing"):
        for rule in sizing.judge_rules(run, cell):
            wanted = "no highest point" if math.isinf(rule.wanted) else significant(rule.wanted)
            rows.append([f"{cell.number('cpu_percent'):g}%", rule.name, wanted, str(rule.size),
                         estimate(rule.reached)])
    return ["Each rule is fitted on one half of the rounds, which also says what size is the best, and judged on the "
            "other: what its size, the next one measured, reaches of the best one.", "",
            *table(["processor time", "rule", "size that it gives", "next size", "of the best [95%]"], rows)] \
        if rows else []


def gil_answers(judgement: Judgement) -> list[str]:
    python = judgement.run.document["factors"].get("python")
    return [f"CPython: {markdown(python)}.", ""] if isinstance(python, str) else []


def results_answers(judgement: Judgement) -> list[str]:
    """What a result costs over none, on each side."""
    run, costs = judgement.run, []
    none = next((cell for cell in run.cells_of("results") if not cell.number("result_bytes")), None)
    for cell in run.primary_cells("results") if none else []:
        for side in cell.sides:
            of = stats.median(ratio_values(run, "time_ns", Side(none.name, side.backend, side.workers), side))
            if of.n:
                costs.append(f"{markdown(side_name(side))} {estimate(of)}")
    return [f"A task with a result of 8 bytes over one with none, in times: {', '.join(costs)}.", ""] if costs else []


def status_answers(judgement: Judgement) -> list[str]:
    """How often was looked, and what it cost."""
    run, rows = judgement.run, []
    for cell in sorted(run.cells_of("status"), key=lambda cell: cell.number("polls_per_s") or 0):
        wanted = cell.number("polls_per_s")
        for side in cell.sides if wanted else []:
            polls, time_s = run.values(side, "polls"), run.values(side, "time_ns")
            tasks = cell.number("tasks") or 1
            rate = stats.median([polls[n] / (time_s[n] * tasks * 1e-9) for n in polls if time_s.get(n)])
            slower = slow_down(run, cell, side)
            if slower.n:
                rows.append([f"{wanted:,.0f}", markdown(side_name(side)), estimate(rate) if rate.n else DASH,
                             estimate(slower)])
    return table(["looks per s, asked for", "program", "looks per s [95%]", "time over that without looks [95%]"],
                 rows) if rows else []


ANSWERS = {"grain": grain_answers, "reuse": reuse_answers, "gap": gap_answers, "io": io_answers,
           "openload": openload_answers, "sizing": sizing_answers, "gil": gil_answers, "results": results_answers,
           "status": status_answers}


def program_file(side: Side, experiment: Experiment) -> str:
    backend = "pool" if side.backend == "pool-again" else side.backend
    return f"{experiment.name}_{backend.replace('-', '_')}.c"


def programs(run: Run, experiment: Experiment) -> list[str]:
    """Lines and numbers of the programs next to each other, in the primary cell."""
    cells = run.primary_cells(experiment.name)
    sides = [side for cell in cells for side in cell.sides if run.estimate(side, "lines").n]
    metrics = [name for name in dict.fromkeys([experiment.metric, "time_ns", "cpu_ns"]) if name in run.metrics]
    rows = [[code(program_file(side, experiment)), markdown(side_name(side)),
             f"{run.estimate(side, 'lines').value:.0f}",
             *(estimate(of, run.metrics[name].unit) if (of := run.estimate(side, name)).n else DASH
               for name in metrics)] for side in sides]
    if not rows:
        return []
    measured_as = "" if cells[0].load == "idiom" else (" What is measured of this experiment is the same through the "
                                                       "backends, which need a few lines more.")
    return [f"The programs, and their lines without blank ones and comments.{measured_as}", "",
            *table(["program", "side", "lines", *(f"{code(name)} [95%]" for name in metrics)], rows)]


def short_names(run: Run, experiment: Experiment) -> dict[str, str]:
    """Cells by what tells them apart: workload, and the keys that differ within a workload."""
    cells, names = run.cells_of(experiment.name), {}
    for cell in cells:
        alike = [other for other in cells if other.workload == cell.workload]
        keys = [f"{key}:{value}" for key, value in cell.keys.items()
                if any(other.keys.get(key) != value for other in alike) or key == "floor"]
        differing = [key for key in keys if key.partition(":")[0] in experiment.axes] or keys
        names[cell.name] = "/".join([cell.workload, *differing] if cell.workload else differing)
    unique = len(set(names.values())) == len(names)
    return names if unique else {cell.name: cell.name for cell in cells}


def measured(run: Run, experiment: Experiment) -> list[str]:
    seen = {name for side, samples in run.by_side.items() if run.cells[side.cell].experiment == experiment.name
            for sample in samples for name in sample.metrics}
    metrics = [name for name in view_of(run, experiment).metrics if name in seen]
    units = [run.metrics[name].unit if name in run.metrics else "" for name in metrics]
    names, rows = short_names(run, experiment), []
    for cell in run.cells_of(experiment.name):
        for side in cell.sides:
            values = [run.estimate(side, name) for name in metrics]
            rows.append([code(names[cell.name]), markdown(side_name(side)),
                         *(estimate(of, unit) if of.n else DASH for of, unit in zip(values, units)),
                         str(max((of.n for of in values), default=0)), run.status(side)])
    return table(["cell", "side", *(code(name) for name in metrics), "rounds", "status"], rows)


def compared(judgement: Judgement, experiment: Experiment) -> list[str]:
    names = short_names(judgement.run, experiment)
    rows = [[code(names[c.cell.name]), markdown(side_name(c.pool)), estimate(c.ratio) if c.ratio.n else DASH,
             str(c.ratio.n), c.word] for c in compare_cells(judgement, experiment)]
    header = ["cell", "pool", f"raw over pool in {code(experiment.metric)} [95%]", "rounds", "by the interval alone"]
    return table(header, rows) if rows else []


def experiment_warnings(judgement: Judgement, experiment: Experiment) -> list[str]:
    run, found = judgement.run, []
    verdict = judgement.verdict(experiment.name)
    for effect in verdict.effects if verdict else []:
        if effect.two_groups:
            found.append(f"the rounds of '{markdown(effect.contrast.name)}' fall into two groups: "
                         "its median may stand for neither")
        if effect.floor is None and effect.ratio.n:
            found.append("no A/A floor was measured: \u03b4 is 5%")
    names = short_names(run, experiment)
    for side in lastpage.unsettled(run):
        if side.cell in names:
            found.append(f"{markdown(side_name(side))} in {code(names[side.cell])} did not settle while warming up")
    for side in run.by_side:
        lateness, p50 = run.estimate(side, "lateness_p50_ns"), run.estimate(side, "p50_ns")
        if side.cell in names and lateness.n and p50.n and lateness.value > p50.value / 10:
            found.append(f"{markdown(side_name(side))} in {code(names[side.cell])}: tasks came "
                         f"{quantity(lateness.value, 'ns')} late, more than a tenth of the median")
        refused = sum(s.metrics.get("threads_refused", 0) for s in run.samples_of(side) if s.status == "ok")
        if side.cell in names and refused:
            found.append(f"{markdown(side_name(side))} in {code(names[side.cell])}: {refused:,.0f} creations of "
                         "threads were refused, and tried again until they succeeded")
    return list(dict.fromkeys(found))


def rule_text(experiment: Experiment) -> str:
    return markdown(sentence(experiment.rule)) if experiment.rule else ""


def chapter(judgement: Judgement, experiment: Experiment, drawn: set[str]) -> list[str]:
    run = judgement.run
    question = experiment.question[:1].upper() + experiment.question[1:]
    out = [f"### {experiment.name}: {markdown(question)}", ""]
    verdict = judgement.verdict(experiment.name)
    if verdict:
        out += [f"{markdown(experiment.claim)}, \u201c{markdown(experiment.statement)}\u201d: **{verdict.word}**. "
                f"{absolutes(run, verdict)}".strip(), "",
                f"Decided by: {markdown(experiment.primary)}. {rule_text(experiment)}", ""]
    for name, view in views_of(run, experiment).items():
        if name in drawn:
            out += [f"![{markdown(view.title or question)}](plots/{name}.svg)", "",
                    f"Drawn from [data/{name}.dat](data/{name}.dat) by [plots/{name}.gp](plots/{name}.gp). Hollow "
                    "points have no interval, too few samples, a generator that was late, or ended at a limit.", ""]
    if experiment.name in ANSWERS:
        out += ANSWERS[experiment.name](judgement)
    out += programs(run, experiment)
    out += compared(judgement, experiment)
    out += ["<details><summary>Every cell and side: medians over rounds with their 95% intervals</summary>", "",
            *measured(run, experiment), "</details>", ""]
    warnings = experiment_warnings(judgement, experiment)
    return out + (["Beware:", "", *bullets(warnings)] if warnings else [])


def absolutes(run: Run, verdict: Verdict) -> str:
    """Both values behind each effect, since a ratio alone says little."""
    parts = []
    for effect in verdict.effects:
        a, b = effect.contrast.a, effect.contrast.b
        if a and b and effect.a.n and effect.b.n:
            unit = run.metrics[effect.contrast.metric].unit if effect.contrast.metric in run.metrics else ""
            parts.append(f"{markdown(effect.contrast.name)}: {markdown(side_name(a))} {estimate(effect.a, unit)} "
                         f"against {markdown(side_name(b))} {estimate(effect.b, unit)}.")
    return " ".join(parts)


def beside_peers(judgement: Judgement, drawn: set[str]) -> list[str]:
    """Only where plugins brought backends."""
    run, name = judgement.run, peers.EXPERIMENT.name
    if not run.plugin_backends:
        return []
    out = ["## Beside other pools", ""]
    if name in drawn:
        out += ["![How does the pool do beside those of other libraries?](plots/peers.svg)", "",
                f"Drawn from [data/{name}.dat](data/{name}.dat) by [plots/{name}.gp](plots/{name}.gp). The line is "
                "where the pool stands. Hollow points have no interval.", ""]
    out += table([markdown(word) for word in peers.HEADER],
                 [[markdown(word) for word in row] for row in peers.table(run)])
    return out + [
        "The pool has its own values; the others have how many times as much they take, paired by round, so above 1 "
        "the pool is ahead. From METG on, values are absolute: the shortest task that keeps half the efficiency, CPUs "
        "kept busy after a burst, and, with tasks of 10 us, processor time over wall time and the share of tasks that "
        f"the submitting thread ran. {peers.NONE}: it has no such operation, or that was not measured.", ""]


# What a reader needs to judge the numbers.

def unmeasured(run: Run) -> list[str]:
    """What failed, and what ended at a limit: once where a backend ended alike in several cells."""
    rounds: Counter[tuple[str, str, str, str]] = Counter(
        (side_name(s.side), s.status, s.reason, s.side.cell) for s in run.samples if s.status != "ok")
    cells: dict[tuple[str, str, str], list[str]] = {}
    for (*what, cell) in sorted(rounds):
        cells.setdefault((what[0], what[1], what[2]), []).append(cell)
    items = []
    for (side, status, reason), of in cells.items():
        n = sum(rounds[side, status, reason, cell] for cell in of)
        more = f" and {plural(len(of) - 1, 'other cell')}" if len(of) > 1 else ""
        items.append(f"{markdown(side)} in {code(of[0])}{more} {'ended at a limit' if status == 'limit' else 'failed'} "
                     f"in {plural(n, 'round')}: {markdown(reason)}")
    return items


def left_out(judgement: Judgement) -> list[str]:
    run, items = judgement.run, []
    if not run.is_complete:
        items.append(f"the run is incomplete: {run.rounds_done} of {run.rounds_planned} rounds are whole")
    if run.document["factors"]["filter"]:
        items.append(f"all cells that the filter {code(run.document['factors']['filter'])} does not match")
    items += [f"{markdown(v.experiment.claim)} was not measured: {markdown(v.reason)}" for v in judgement.verdicts
              if v.word == NOT_MEASURED]
    items += unmeasured(run)
    hardware = run.machine.get("processor")
    threads = hardware.get("hardware_threads") if isinstance(hardware, dict) else None
    usable = run.document["factors"]["cpus_usable"]
    if isinstance(threads, int) and threads > usable:
        items.append(f"{threads - usable} of {plural(threads, 'CPU')}: this process may not use them")
    return ["## Left out", "", *bullets(items or ["nothing"])]


def known_ns(of: dict[str, Any], name: str) -> str:
    value = of.get(name)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return quantity(value, "ns") if is_number else "an unknown time"


def method(judgement: Judgement) -> list[str]:
    run = judgement.run
    clock = run.document["clock"]
    floors = [f"{mode} {significant(floor)}" for mode, floor in sorted(judgement.largest_floor.items())]
    return ["## Method", "", *bullets([
        "The unit of replication is the round. Each side of a cell is measured once a round, in a process of its "
        "own, next to the other sides of its cell.",
        "Values are medians over rounds with exact order-statistic intervals of 95%. Ratios are paired by round and "
        "never averaged.",
        "A claim is decided by its primary contrast alone: the interval against \u03b4, and a signed-rank test with "
        "Holm's correction over the primary contrasts of the run. \u03b4 is the larger of 5% and the A/A floor "
        f"(largest of each mode: {', '.join(floors) if floors else 'none measured'}).",
        f"Clock: {markdown(clock['source'])}, resolution {known_ns(clock, 'resolution_ns')}, one reading "
        f"{known_ns(clock, 'cost_ns')}; stamping a task in latency cells {known_ns(clock, 'stamp_ns')}, without "
        f"clock readings {known_ns(clock, 'record_ns')}. No number of one mode comes from a cell of the other.",
        "All tasks of a batch are started by one thread, so there is no skew between starters; the backend is there "
        "before, unless its creation is what is measured. Tasks are counted per CPU, and the counts are added "
        "after the last task. Histograms are merged by adding counts; percentiles are never averaged.",
        "What all this means in full: `docs/method.md` of poolbench.",
    ])]


def flat(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{markdown(str(key))}: {flat(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(flat(item) for item in value)
    return markdown(str(value))


def environment(run: Run) -> list[str]:
    topics = ("factors", "suite", "clock", "calibration", "headroom")
    rows = [[markdown(topic), flat(run.document[topic])] for topic in topics if topic in run.document]
    rows += [[markdown(topic), flat(value)] for topic, value in run.machine.items()]
    names = sorted({name for sample in run.samples for name in sample.environment})
    rounds = []
    for name in names:
        values = [value for sample in run.samples if isinstance(value := sample.environment.get(name), (int, float))]
        if values:
            middle = sorted(values)[len(values) // 2]
            rounds.append([code(name), f"{middle:.4g}", f"{max(values):.4g}", str(len(values))])
        else:
            rounds.append([code(name), "unknown", "unknown", "0"])
    return ["## Environment", "", *table(["", ""], rows), "Over all sides and rounds:", "",
            *table(["", "median", "largest", "samples"], rounds)]


def time_taken(run: Run) -> list[str]:
    """Where the run's time went: the processes of all sides from start to end, the pilot apart."""
    seconds: Counter[str] = Counter()
    for sample in run.samples:
        wall_s = sample.environment.get("wall_s")
        seconds[run.cells[sample.side.cell].experiment] += wall_s if isinstance(wall_s, (int, float)) else 0
    rows = []
    for experiment in run.experiments:
        cells = run.cells_of(experiment.name)
        if cells:
            n_sides, taken_s = sum(len(cell.sides) for cell in cells), seconds[experiment.name]
            n_samples = sum(run.cells[sample.side.cell].experiment == experiment.name for sample in run.samples)
            rows.append([markdown(experiment.name), str(len(cells)), str(n_sides), str(run.rounds_planned),
                         f"{1e3 * taken_s / max(1, n_samples):.0f}", f"{taken_s:.1f}"])
    rows.append(["all", "", "", "", "", f"{sum(seconds.values()):.1f}"])
    return ["## What the run took", "",
            *table(["experiment", "cells", "sides", "rounds", "ms a side", "s in all"], rows)]


def checks(run: Run) -> list[str]:
    if not run.checks:
        return []
    return ["## What blurred this run", "", *bullets(f"{markdown(c.text)}: {markdown(c.advice)}" for c in run.checks)]


def summary(judgement: Judgement, drawn: list[str], not_drawn: str) -> str:
    """The whole file. `not_drawn` says why there are no pictures, if so."""
    run = judgement.run
    out = [f"# poolbench {markdown(run.profile)}: {markdown(lastpage.processor(run))}", ""]
    if judgement.undecided:
        out += [f"**This run decides nothing: {markdown(judgement.undecided)}.**", ""]
    out += [*(f"    {line}" for line in lastpage.render(judgement)), ""]
    if not_drawn:
        out += [f"The pictures are not drawn: {markdown(not_drawn)}. Their data is in data/.", ""]
    out += claims(judgement) + beside_peers(judgement, set(drawn)) + ["## Experiments", ""]
    for experiment in run.experiments:
        if experiment_of(run, experiment.name):
            out += chapter(judgement, experiment, set(drawn))
    out += left_out(judgement) + checks(run) + method(judgement) + time_taken(run) + environment(run)
    return "\n".join(out + reproduce(run))


# What a command may look like to be shown to someone who will paste it.
COMMAND = re.compile(r"poolbench run( --[a-z-]+( '[^'\\]*'| [A-Za-z0-9,._:@/+-]+)?)*")


def reproduce(run: Run) -> list[str]:
    command = run.document.get("command")
    shown = command if isinstance(command, str) and COMMAND.fullmatch(command) else "make bench"
    ids = run.document["run"]
    return ["## Reproduce", "", f"    build/{shown}" if shown == command else f"    {shown}", "",
            f"Run {code(ids['id'])} on {code(ids['machine'])}; its numbers are in [data.csv](data.csv) too.", ""]
