"""The chapter of an experiment: verdict, pictures, what its numbers answer, comparisons, and every side."""
import math
from collections import Counter
from collections.abc import Callable

from base import stats
from base.runs import Experiment, Run, Side, key_text
from base.stats import Estimate
from base.text import estimate, percent, percentile, plural, quantity, side_name, significant
from draw.views import view_of, views_of
from draw.views_of_programs import slow_down
from judge import answers, modes, sizing
from judge.effects import NOT_MEASURED, QUANTILES, is_late_merged, ratio_values
from judge.verdicts import Judgement, Threshold, Verdict, compare_cells, sentence
from report import project
from report.blocks import (Block, Bullets, Code, Details, Figure, Inline, Number, Paragraph, Section, Strong, Table,
                           Words, joined)
from report.provenance import is_unsettled, known_ns

DASH = "\u2013"


# Numbers that lead to their samples.

def unit_of(run: Run, metric: str) -> str:
    return run.metrics[metric].unit if metric in run.metrics else ""


def number(run: Run, side: Side, metric: str) -> Words:
    """A side's value over rounds, with its interval."""
    of = run.estimate(side, metric)
    return Number(estimate(of, unit_of(run, metric)), of.value, ((side, metric),)) if of.n else DASH


def shown(of: Estimate, unit: str = "", *sources: tuple[Side, str]) -> Words:
    """What was worked out from the values of these sides."""
    return Number(estimate(of, unit), of.value, sources) if of.n else DASH


def threshold_text(found: Threshold, unit: str) -> str:
    def at(value: float) -> str:
        return quantity(value, unit)
    if found.hi is None:
        return "none in range" + (f" (not at {at(found.lo)})" if found.lo is not None else "")
    return f"at most {at(found.hi)}" if found.lo is None else f"between {at(found.lo)} and {at(found.hi)}"


def found_at(name: str, what: str, found: Threshold, unit: str) -> Paragraph:
    return Paragraph([Strong(name), f", {what}: {threshold_text(found, unit)}."])


# What single experiments answer beyond their verdicts.

def grain_answers(judgement: Judgement) -> list[Block]:
    within = percent(judgement.deltas["grain"])
    rows, metgs = [], answers.metgs(judgement.run)
    for backend, workers in answers.grain_backends(judgement.run):
        lengths = [threshold_text(metg.length, "ns") for metg in metgs
                   if (metg.backend, metg.workers) == (backend, workers)]
        even = DASH if backend == "raw" else threshold_text(answers.break_even_of(judgement, backend, workers), "ns")
        rows.append([side_name(Side("", backend, workers)), *lengths, even])
    return [found_at("Break-even", f"the shortest length from which raw stays within {within} of the pool",
                     answers.grain_break_even(judgement), "ns"),
            Paragraph("The shortest task from which a backend keeps an efficiency of 50% and of 90%, and from which "
                      f"raw stays within {within} of it:"),
            Table(["backend", "METG(50%)", "METG(90%)", "break-even with raw"], rows, "Shortest tasks by backend")]


def reuse_answers(judgement: Judgement) -> list[Block]:
    return [found_at("Break-even", "the number of batches from which the kept pool is ahead of raw",
                     answers.reuse_break_even(judgement), "1")]


def gap_answers(judgement: Judgement) -> list[Block]:
    run, rows = judgement.run, []
    for cell in run.cells_of("gap"):
        for side in cell.sides:
            row: list[Words] = [pause_text(cell.number("pause_ns") or 0), side_name(side)]
            for quantile, metric in ((0.5, "p50_ns"), (0.99, "p99_ns")):
                of = answers.latency(run, side, quantile)
                row += [Number(percentile(of, "ns"), of.value, ((side, metric),)), f"{of.n:,}"]
            rows.append([*row, number(run, side, "cpu_ns"), *where_run(run, side)])
    stamp = known_ns(run.document["clock"], "stamp_ns")
    return [found_at("Crossover", "the pause from which raw keeps up with the pool", answers.gap_break_even(judgement),
                     "ns"),
            Paragraph("Sojourn, from the time a task was meant to come to the time its end was known: the median over "
                      "rounds of each round's median, and the 99th percentile of all tasks. Stamping a task is "
                      f"{stamp} of it. Processor time is that of the whole process per task, without the caller's own "
                      "pauses."),
            Table(["pause", "side", "median [95%]", "rounds", "p99 [95%]", "tasks", "processor time [95%]",
                   *where_run_header(run)], rows, "Sojourn by pause"),
            Paragraph("Its parts stand in the table of all sides; their medians do not add up to the median of the "
                      "whole.")]


def where_run_header(run: Run) -> list[Words]:
    """Of a column that older runs do not have."""
    return ["on the submitter's CPU [95%]"] if "same_cpu" in run.metrics else []


def where_run(run: Run, side: Side) -> list[Words]:
    return [same_cpu(run, side)] if where_run_header(run) else []


def same_cpu(run: Run, side: Side) -> Words:
    of = run.estimate(side, "same_cpu")
    ends = f" [{percent(of.lo)}, {percent(of.hi)}]" if of.has_interval else ""
    return Number(percent(of.value) + ends, of.value, ((side, "same_cpu"),)) if of.n else DASH


def pause_text(pause_ns: float) -> str:
    return quantity(pause_ns, "ns") if pause_ns else "none"


def io_answers(judgement: Judgement) -> list[Block]:
    size = plural(judgement.run.document["factors"]["cpus_usable"], "worker")
    return [found_at("Crossover", f"the number in flight from which raw is ahead of a pool of {size}",
                     answers.io_crossover(judgement), "1")]


def steal_text(run: Run, side: Side) -> str:
    """Machine-wide, while the side was measured."""
    values = [sample.environment.get("steal_ms") for sample in run.samples_of(side)]
    seen = [value for value in values if isinstance(value, (int, float))]
    return quantity(sum(seen) * 1e6, "ns") if seen else "unknown"


TIERS = {"clone": "clone(2): reused stack, joined through CLONE_CHILD_CLEARTID",
         "pthread-default": "pthread_create: default attributes, joined",
         "raw": "one thread per task as measured here, joined",
         "raw-detached": "one thread per task as measured here, detached"}


def floors_answers(judgement: Judgement) -> list[Block]:
    """What one thread per task costs, from the lower bound up."""
    run = judgement.run
    sides = {name: Side(f"floors/{name}", "floor", 0) for name in TIERS}
    if not run.estimate(sides["raw"], "time_ns").n:
        return []
    rows: list[list[Words]] = [
        [words, number(run, sides[name], "time_ns"),
         shown(stats.median(ratio_values(run, "time_ns", sides["clone"], sides[name])), "",
               (sides["clone"], "time_ns"), (sides[name], "time_ns"))] for name, words in TIERS.items()]
    return [Paragraph("One thread per task in four ways, each thread waited for before the next one is created:"),
            Table(["one thread", "time [95%]", "times clone [95%]"], rows, "One thread per task in four ways")]


def openload_answers(judgement: Judgement) -> list[Block]:
    run, rows = judgement.run, []
    for cell in [*answers.open_cells(run, "openload", "poisson"), *answers.open_cells(run, "openload", "constant")]:
        for side in cell.sides:
            row: list[Words] = [f"{cell.keys['arrivals']}, {cell.workload}, {key_text(cell, 'percent')}%",
                                side_name(side)]
            for quantile, metric in QUANTILES.items():
                of = answers.latency(run, side, quantile)
                late = of.n and is_late_merged(run, side, quantile)
                row.append("withheld: late" if late else Number(percentile(of, "ns"), of.value, ((side, metric),)))
            refused, offered = answers.refusals(run, side)
            saturated = run.estimate(side, "done_per_s").value < 0.95 * run.estimate(side, "offered_per_s").value
            row += [f"{refused:,.0f} of {offered:,.0f}", "saturated" if saturated else "", steal_text(run, side)]
            rows.append(row)
    place = run.document["factors"].get("generator", "unknown")
    workers = plural(run.document["factors"].get("cpus_open") or 1, "CPU")
    out: list[Block] = [
        Paragraph(f"Tasks run on {workers}; the generator: {place}. A sojourn counts from the time a task was "
                  "meant to come. A percentile is withheld where the generator's own delay at it is more than a tenth; "
                  "what a submit that blocks or takes long costs the tasks behind it is part of their sojourn. "
                  "Saturated: fewer than 95% of what came was done while tasks came. Steal: what other guests took "
                  "from this machine's CPUs, over all rounds. Stamping a task is "
                  f"{known_ns(run.document['clock'], 'stamp_ns')} of its sojourn."),
        Table(["arrivals", "side", "p50 [95%]", "p90 [95%]", "p99 [95%]", "p99.9 [95%]", "refused", "throughput",
               "steal"], rows, "Sojourn by rate")]
    bound, unbound = (answers.floor_estimate(run, name) for name in ("pthread-bound", "pthread-tuned"))
    if bound.n and unbound.n:
        out.append(Paragraph(
            "To keep the generator's core free, each thread is bound to the others when it is created. A pool pays "
            f"that once a worker, one thread per task every time: create + join takes {estimate(bound, 'ns')} so, "
            f"{estimate(unbound, 'ns')} without. It is spent on the generator's core, not on those of the tasks."))
    found = answers.queues(run)
    if found:
        out += [Paragraph("The mean wait in the queue of the pool without a bound, beside what theory says of a queue "
                          "with the same rate and service, in which a hand-over costs nothing:"),
                Table(["cell", "model", "load", "measured [95%]", "theory"],
                      [[f"{q.cell.workload}, {key_text(q.cell, 'percent')}%", q.model, f"{q.load:.2f}",
                        shown(q.measured, "ns", (q.side, "queue_mean_ns")),
                        Number(quantity(q.theory_ns, "ns"), q.theory_ns)] for q in found],
                      "Measured waits beside theory")]
    return out


def sizing_answers(judgement: Judgement) -> list[Block]:
    run, rows = judgement.run, []
    for cell in run.cells_of("sizing"):
        for rule in sizing.judge_rules(run, cell):
            wanted = "no highest point" if math.isinf(rule.wanted) else significant(rule.wanted)
            rows.append([f"{key_text(cell, 'cpu_percent')}%", rule.name, wanted, str(rule.size), shown(rule.reached)])
    return [Paragraph("Each rule is fitted on one half of the rounds, which also says what size is the best, and "
                      "judged on the other: what its size, the next one measured, reaches of the best one."),
            Table(["processor time", "rule", "size that it gives", "next size", "of the best [95%]"], rows,
                  "Rules for the pool's size")] if rows else []


def gil_answers(judgement: Judgement) -> list[Block]:
    python = judgement.run.document["factors"].get("python")
    return [Paragraph(f"CPython: {python}.")] if isinstance(python, str) else []


def results_answers(judgement: Judgement) -> list[Block]:
    """What a result costs over none, on each side."""
    run, costs = judgement.run, []
    none = next((cell for cell in run.cells_of("results") if not cell.number("result_bytes")), None)
    for cell in run.primary_cells("results") if none else []:
        for side in cell.sides:
            of = stats.median(ratio_values(run, "time_ns", Side(none.name, side.backend, side.workers), side))
            if of.n:
                costs.append(f"{side_name(side)} {estimate(of)}")
    return [Paragraph(f"A task with a result of 8 bytes over one with none, in times: {', '.join(costs)}.")] \
        if costs else []


def status_answers(judgement: Judgement) -> list[Block]:
    """How often was looked, and what it cost."""
    run, rows = judgement.run, []
    for cell in sorted(run.cells_of("status"), key=lambda cell: cell.number("polls_per_s") or 0):
        wanted = cell.number("polls_per_s")
        for side in cell.sides if wanted else []:
            polls, time_ns = run.values(side, "polls"), run.values(side, "time_ns")
            tasks = cell.number("tasks") or 1
            rate = stats.median([polls[n] / (time_ns[n] * tasks * 1e-9) for n in polls if time_ns.get(n)])
            slower = slow_down(run, cell, side)
            if slower.n:
                rows.append([f"{wanted:,.0f}", side_name(side), shown(rate, "", (side, "polls"), (side, "time_ns")),
                             shown(slower, "", (side, "time_ns"))])
    return [Table(["looks per s, asked for", "program", "looks per s [95%]", "time over that without looks [95%]"],
                  rows, "What looking costs")] if rows else []


ANSWERS = {"floors": floors_answers, "grain": grain_answers, "reuse": reuse_answers, "gap": gap_answers,
           "io": io_answers, "openload": openload_answers, "sizing": sizing_answers, "gil": gil_answers,
           "results": results_answers, "status": status_answers}


# What every chapter has.

def program_file(side: Side, experiment: Experiment) -> str:
    backend = "pool" if side.backend == "pool-again" else side.backend
    return f"{experiment.name}_{backend.replace('-', '_')}.c"


def programs(run: Run, experiment: Experiment) -> list[Block]:
    """Lines and numbers of the programs next to each other, in the primary cell."""
    cells = run.primary_cells(experiment.name)
    sides = [side for cell in cells for side in cell.sides if run.estimate(side, "lines").n]
    if not sides:
        return []
    metrics = [name for name in dict.fromkeys([experiment.metric, "time_ns", "cpu_ns"]) if name in run.metrics]
    is_hand_over = experiment.name in modes.HAND_OVERS
    rows: list[list[Words]] = [
        [Code(program_file(side, experiment)), side_name(side), f"{run.estimate(side, 'lines').value:.0f}",
         *(number(run, side, name) for name in metrics), *(where_run(run, side) if is_hand_over else [])]
        for side in sides]
    measured_as = "" if cells[0].load == "idiom" else (" What is measured of this experiment is the same through the "
                                                       "backends, which need a few lines more.")
    return [Paragraph(f"The programs, and their lines without blank ones and comments.{measured_as}"),
            Table(["program", "side", "lines", *([Code(name), " [95%]"] for name in metrics),
                   *(where_run_header(run) if is_hand_over else [])], rows, "Programs"),
            *project.program_pair(experiment.name)]


def short_names(run: Run, experiment: Experiment) -> dict[str, str]:
    """Cells by what tells them apart: workload, and the keys that differ within a workload."""
    cells, names = run.cells_of(experiment.name), {}
    n_cells = Counter(cell.workload for cell in cells)
    n_alike = Counter((cell.workload, *pair) for cell in cells for pair in cell.keys.items())
    for cell in cells:
        keys = [f"{key}:{value}" for key, value in cell.keys.items()
                if n_alike[cell.workload, key, value] < n_cells[cell.workload] or key == "floor"]
        differing = [key for key in keys if key.partition(":")[0] in experiment.axes] or keys
        names[cell.name] = "/".join([cell.workload, *differing] if cell.workload else differing)
    unique = len(set(names.values())) == len(names)
    return names if unique else {cell.name: cell.name for cell in cells}


def shown_metrics(run: Run, experiment: Experiment) -> list[str]:
    """Those of its table that this run has."""
    seen = {name for side in run.measured_sides[experiment.name] for sample in run.samples_of(side)
            for name in sample.metrics}
    return [name for name in view_of(run, experiment).metrics if name in seen]


def measured(run: Run, experiment: Experiment) -> Table:
    metrics, names = shown_metrics(run, experiment), short_names(run, experiment)
    rows: list[list[Words]] = []
    for cell in run.cells_of(experiment.name):
        for side in cell.sides:
            rounds = max((run.estimate(side, name).n for name in metrics), default=0)
            rows.append([Code(names[cell.name]), side_name(side), *(number(run, side, name) for name in metrics),
                         str(rounds), run.status(side)])
    return Table(["cell", "side", *(Code(name) for name in metrics), "rounds", "status"], rows, "Every cell and side")


def compared(judgement: Judgement, experiment: Experiment) -> list[Block]:
    names, metric = short_names(judgement.run, experiment), experiment.metric
    rows: list[list[Words]] = [[Code(names[c.cell.name]), side_name(c.pool),
                                shown(c.ratio, "", (c.pool, metric), (c.raw, metric)), str(c.ratio.n), c.word]
                               for c in compare_cells(judgement, experiment)]
    header: list[Words] = ["cell", "pool", ["raw over pool in ", Code(metric), " [95%]"], "rounds",
                           "by the interval alone"]
    return [Table(header, rows, "Pool and raw, cell by cell")] if rows else []


def warnings(judgement: Judgement, experiment: Experiment) -> list[Words]:
    run = judgement.run
    verdict, names = judgement.verdict(experiment.name), short_names(judgement.run, experiment)
    found: dict[tuple[Inline, ...], None] = {}

    def add(*parts: Inline) -> None:
        found[parts] = None

    if verdict and verdict.without_spin and verdict.flips:
        add(f"the verdict is {verdict.word} because threads spin before they sleep: where none does it is "
            f"{verdict.without_spin.word}")
    for effect in verdict.effects if verdict else []:
        if effect.two_groups:
            add(f"the rounds of '{effect.contrast.name}' fall into two groups: its median may stand for neither")
        if effect.floor is None and effect.ratio.n:
            add("no A/A floor was measured: \u03b4 is 5%")
    for side in run.measured_sides[experiment.name]:
        if is_unsettled(run, side):
            add(side_name(side), " in ", Code(names[side.cell]), " did not settle while warming up")
    for side in run.measured_sides[experiment.name]:
        where: list[Inline] = [side_name(side), " in ", Code(names[side.cell])]
        lateness, p50 = run.estimate(side, "lateness_p50_ns"), run.estimate(side, "p50_ns")
        if lateness.n and p50.n and lateness.value > p50.value / 10:
            add(*where, f": tasks came {quantity(lateness.value, 'ns')} late, more than a tenth of the median")
        refused = sum(s.metrics.get("threads_refused", 0) for s in run.samples_of(side) if s.status == "ok")
        if refused:
            add(*where, f": {refused:,.0f} creations of threads were refused, and tried again until they succeeded")
    return [list(parts) for parts in found]


def two_modes(run: Run, experiment: Experiment) -> list[Block]:
    """Sides of a hand-over whose rounds fall into two groups, and whether where their tasks ran says why."""
    metric, names = experiment.metric, short_names(run, experiment)
    found: list[Words] = []
    for side in run.measured_sides[experiment.name] if experiment.name in modes.HAND_OVERS else []:
        of = modes.modes_of(run, side, metric)
        if of is None:
            continue
        first, others = (Number(quantity(group.value, unit_of(run, metric)), group.value, ((side, metric),))
                         for group in (of.first, of.others))
        where: list[Inline] = [side_name(side), " in ", Code(names[side.cell]),
                               f": {of.first.n} of {of.first.n + of.others.n} rounds "]
        found.append([*where, "ran on the submitter's CPU and took ", first, ", the others ", others] if of.by_cpu else
                     [*where, "took ", first, ", the others ", others, "; the submitter's CPU does not say why"])
    return [Paragraph("The rounds of these sides fall into two groups. A round ran on the submitter's CPU if more than "
                      "half of its tasks did."), Bullets(found)] if found else []


def absolutes(run: Run, verdict: Verdict, most: int | None = None) -> list[Inline]:
    """Both values behind each effect, since a ratio alone says little."""
    parts: list[Words] = []
    for effect in verdict.effects[:most]:
        a, b, metric = effect.contrast.a, effect.contrast.b, effect.contrast.metric
        if a and b and effect.a.n and effect.b.n:
            parts.append(joined([f"{effect.contrast.name}: {side_name(a)} ", number(run, a, metric),
                                 f" against {side_name(b)} ", number(run, b, metric), "."], ""))
    return joined(parts, " ")


def where_compared(run: Run, experiment: Experiment, verdict: Verdict) -> list[Inline]:
    """Where the tasks ran of what was handed over."""
    sides = dict.fromkeys(side for effect in verdict.effects for side in (effect.contrast.a, effect.contrast.b)
                          if side and run.estimate(side, "same_cpu").n)
    if experiment.name not in modes.HAND_OVERS or not sides:
        return []
    return [" Tasks on the submitter's CPU: ",
            *joined(joined([f"{side_name(side)} ", same_cpu(run, side)], "") for side in sides), "."]


def without_spin(run: Run, verdict: Verdict) -> list[Block]:
    """The verdict where no thread looks for what it waits for before it sleeps."""
    of = verdict.without_spin
    if of is None:
        return []
    words = ["the verdict flips to ", Strong(of.word)] if verdict.flips else ["the verdict is ", of.word, " too"]
    if of.word == NOT_MEASURED:
        words = ["the verdict was not measured: ", of.reason]
    return [Paragraph(["Where no thread spins before it sleeps, on either side, ", *words, ". ", *absolutes(run, of)])]


def decision(run: Run, experiment: Experiment, verdict: Verdict) -> list[Block]:
    rule = sentence(experiment.rule) if experiment.rule else ""
    return [Paragraph([f"{experiment.claim}, \u201c{experiment.statement}\u201d: ", Strong(verdict.word), ". ",
                       *absolutes(run, verdict), *where_compared(run, experiment, verdict)]),
            Paragraph(f"Decided by: {experiment.primary}. {rule}".strip()), *without_spin(run, verdict)]


# How a figure is cited, or "" for the claim of its experiment.
Cited = Callable[[str, Experiment], list[Block]]
HOLLOW = "Hollow points have no interval, too few samples, a generator that was late, or ended at a limit."


def place(experiment: Experiment) -> str:
    """The chapter's name in a page, which has names of its own."""
    return f"experiment-{experiment.name}"


def cites_nothing(_: str, __: Experiment) -> list[Block]:
    return []


def chapter(judgement: Judgement, experiment: Experiment, drawn: set[str], cited: Cited = cites_nothing) -> Section:
    run = judgement.run
    question = experiment.question[:1].upper() + experiment.question[1:]
    verdict = judgement.verdict(experiment.name)
    out: list[Block] = [*decision(run, experiment, verdict), *cited("", experiment)] if verdict else []
    for name, view in views_of(run, experiment).items():
        if name in drawn:
            out += [Figure(name, view.title or question, HOLLOW), *cited(name, experiment)]
    if experiment.name in ANSWERS:
        out += ANSWERS[experiment.name](judgement)
    out += programs(run, experiment)
    out += compared(judgement, experiment)
    out += two_modes(run, experiment)
    out.append(Details("Every cell and side: medians over rounds with their 95% intervals",
                       [measured(run, experiment)]))
    beware = warnings(judgement, experiment)
    if beware:
        out += [Paragraph("Beware:"), Bullets(beware)]
    backends = frozenset(side.backend for cell in run.cells_of(experiment.name) for side in cell.sides)
    return Section(f"{experiment.name}: {question}", out, place(experiment), experiment.claim,
                   verdict.word if verdict else "", backends)
