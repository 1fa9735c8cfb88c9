"""What a run says about tasks that somebody has: the measured cells on both sides of a question, and nothing between.

A question is answered where the cells on both sides of it agree. Where they do not, the answer changes between them;
where there is no cell on one side, it is outside of what was measured. No value between two cells is made up, and no
percentile of tasks that were not measured.
"""
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from base import stats
from base.runs import Cell, Side, key_text
from base.text import estimate, percent, plural, quantity, side_name, significant
from judge import answers, sizing
from judge.answers import Points
from judge.verdicts import Comparison, Judgement, Threshold, compare_cell

POOL, THREADS, EITHER, CHANGES, OPEN, OUTSIDE = ("a pool", "threads", "either", "it changes here", "undecided",
                                                 "outside of what was measured")
LATE = 10  # a task is in time if it is done within so many times its length: as in open loads
SAME = 1.1  # lengths within this factor are the same length


@dataclass(frozen=True)
class Question:
    task_ns: float    # wall time of a task by itself
    cpu_share: float  # of it that is processor time
    rate_per_s: float

    @property
    def cpu_ns(self) -> float:
        return self.task_ns * self.cpu_share

    @property
    def at_once(self) -> float:
        """Little's law: tasks that are there at a time, if none waits."""
        return self.rate_per_s * self.task_ns * 1e-9

    def load(self, cpus: int) -> float:
        return self.rate_per_s * self.cpu_ns * 1e-9 / cpus


@dataclass(frozen=True)
class Evidence:
    topic: str
    asked: str             # where the question lies
    word: str
    cells: list[str] = field(default_factory=list)  # what was measured on both sides, a line each
    counts: bool = True    # for the answer


@dataclass(frozen=True)
class Advice:
    answer: str
    evidence: list[Evidence]
    sizes: list[str]
    queue: list[str]
    changes: list[str]


def around(points: Points, x: float) -> Points | None:
    """The measured points on both sides, or the one at x. None: it is outside."""
    at = [point for point in points if point[0] and max(point[0] / x, x / point[0]) < 1.001] if x else \
        [point for point in points if point[0] == 0]
    if at:
        return at[:1]
    below, above = [p for p in points if p[0] < x], [p for p in points if p[0] > x]
    return [max(below, key=lambda p: p[0]), min(above, key=lambda p: p[0])] if below and above else None


def word_of(c: Comparison) -> str:
    if c.word.endswith(" ahead"):
        return POOL if c.word.startswith("pool") else THREADS
    return EITHER if c.word.startswith("no difference") else OPEN


def agreed(words: Sequence[str]) -> str:
    """Of the cells on both sides."""
    return words[0] if len(set(words)) == 1 else CHANGES


def between(points: Points | None) -> str:
    return OUTSIDE if points is None else agreed([word_of(c) for _, c in points])


def compared(judgement: Judgement, metric: str, place: str, c: Comparison) -> str:
    run = judgement.run
    unit = run.metrics[metric].unit if metric in run.metrics else ""
    pool, raw = run.estimate(c.pool, metric), run.estimate(c.raw, metric)
    return (f"{place}: {c.word}, {estimate(c.ratio)} times; {side_name(c.pool)} {estimate(pool, unit)}, "
            f"thread {estimate(raw, unit)}")


def computing(judgement: Judgement, question: Question) -> Evidence | None:
    """Throughput of tasks that compute for as long as these do."""
    points = answers.grain_curve(judgement)
    if not points or not question.cpu_ns:
        return None
    found = around(points, question.cpu_ns)
    return Evidence("computing", f"{quantity(question.cpu_ns, 'ns')} of processor time a task", between(found),
                    [compared(judgement, "time_ns", f"grain, {quantity(x, 'ns')}", c) for x, c in found or []] or
                    measured_range(points, "ns"))


def measured_range(points: Points, unit: str) -> list[str]:
    xs = [x for x, _ in points]
    if not xs:
        return []
    least, most = (f"{x:g}%" if unit == "%" else quantity(x, unit) for x in (min(xs), max(xs)))
    return [f"measured: {least} to {most}"]


def waiting_points(judgement: Judgement, workload: str) -> Points:
    """A pool with a worker for each task in flight, against one thread for each."""
    run, points = judgement.run, []
    for cell in run.cells_of("io"):
        inflight = cell.number("inflight")
        if cell.workload != workload or not inflight:
            continue
        pool, raw = Side(cell.name, "pool", int(inflight)), Side(cell.name, "raw", 0)
        if pool in run.sides and raw in run.sides:
            points.append((inflight, compare_cell(run, "time_ns", judgement.deltas["io"], cell, pool, raw)))
    return sorted(points, key=lambda point: point[0])


def waiting(judgement: Judgement, question: Question) -> Evidence | None:
    """Throughput of tasks that wait, at as many at once."""
    wait_ns = question.task_ns - question.cpu_ns
    inflight = question.rate_per_s * wait_ns * 1e-9
    cells = [cell for cell in judgement.run.cells_of("io") if cell.workload == "sleep" and cell.number("wait_ns")]
    if not cells or wait_ns <= 0:
        return None
    asked = f"{significant(inflight)} waiting at once, each for {quantity(wait_ns, 'ns')}"
    measured_ns = cells[0].number("wait_ns") or 0
    if not 1 / SAME < wait_ns / measured_ns < SAME:
        return Evidence("waiting", asked, OUTSIDE, [f"measured: waits of {quantity(measured_ns, 'ns')}"])
    points = waiting_points(judgement, "sleep")
    found = around(points, inflight)
    return Evidence("waiting", asked, between(found),
                    [compared(judgement, "time_ns", f"io, {x:g} in flight", c) for x, c in found or []] or
                    measured_range(points, "1"))


def handing_over(judgement: Judgement, question: Question) -> Evidence | None:
    """How long one task that comes alone takes to be handed over, and what that is of its length."""
    run, pause_ns = judgement.run, 1e9 / question.rate_per_s - question.task_ns
    points = answers.curve(judgement, "gap", "pause_ns", answers.workers_of_primary(judgement, "gap"))
    if not points or pause_ns < 0:
        return None
    found = around(points, pause_ns)
    asked = f"a task that comes {quantity(pause_ns, 'ns')} after the one before"
    if found is None:
        return Evidence("hand-over", asked, OUTSIDE, measured_range(points, "ns"))
    words = []
    for _, c in found:
        of = stats.median(differences(judgement, c))
        within = judgement.deltas["gap"] * question.task_ns
        words.append(EITHER if of.has_interval and -within <= of.lo and of.hi <= within else word_of(c))
    most = max(run.estimate(side, "p50_ns").value for _, c in found for side in (c.pool, c.raw))
    share = f"at most {percent(most / question.task_ns)} of the task's own time"
    return Evidence("hand-over", f"{asked}: {share}", agreed(words),
                    [compared(judgement, "p50_ns", f"gap, {pause(x)}", c) for x, c in found])


def differences(judgement: Judgement, c: Comparison) -> list[float]:
    pool, raw = (judgement.run.values(side, "p50_ns") for side in (c.pool, c.raw))
    return [raw[n] - pool[n] for n in sorted(pool.keys() & raw.keys())]


def pause(pause_ns: float) -> str:
    return f"pause of {quantity(pause_ns, 'ns')}" if pause_ns else "no pause"


def overload(judgement: Judgement, question: Question) -> Evidence | None:
    """What the 99th percentile did at the loads around this one. It is of the measured tasks, so it does not count."""
    run, cpus = judgement.run, judgement.run.document["factors"]["cpus_usable"]
    points: Points = []
    for cell in answers.open_cells(run, "openload", "poisson", "spin"):
        pools = [side for side in cell.sides if side.backend == "pool-reject"]
        raws = [side for side in cell.sides if side.backend == "raw"]
        if pools and raws and run.values(raws[0], "p99_ns"):
            points.append((cell.number("percent") or 0, compare_cell(run, "p99_ns", judgement.deltas["openload"], cell,
                                                                     pools[0], raws[0])))
    if not points:
        return None
    load = 100 * question.load(cpus)
    found, length = around(points, load), quantity(points[0][1].cell.number("length_ns") or 0, "ns")
    return Evidence("load", f"{significant(load)}% of what the processors can compute", between(found),
                    [compared(judgement, "p99_ns", f"openload, {x:g}%, tasks of {length}, p99", c)
                     for x, c in found or []] or measured_range(points, "%"), counts=False)


# Size and queue.

def cells_around(judgement: Judgement, share: float) -> list[Cell]:
    cells = sorted((cell for cell in judgement.run.cells_of("sizing") if cell.number("cpu_percent")),
                   key=lambda cell: cell.number("cpu_percent") or 0)
    at = [cell for cell in cells if cell.number("cpu_percent") == round(100 * share, 6)]
    below = [cell for cell in cells if (cell.number("cpu_percent") or 0) < 100 * share]
    above = [cell for cell in cells if (cell.number("cpu_percent") or 0) > 100 * share]
    return at or ([below[-1], above[0]] if below and above else [])


def sizes(judgement: Judgement, question: Question) -> list[str]:
    run = judgement.run
    cpus = run.document["factors"]["cpus_usable"]
    least = math.ceil(question.at_once - 1e-9)
    out = [f"Little: tasks at a time: {significant(question.at_once)}: fewer than {plural(max(least, 1), 'worker')} "
           "cannot keep up"]
    if question.cpu_share > 0:
        out.append(f"Goetz: CPUs x wall time / processor time = {significant(cpus / question.cpu_share)} workers keep "
                   f"{plural(cpus, 'CPU')} busy")
    cells = cells_around(judgement, question.cpu_share)
    if not cells:
        shares = [f"{key_text(cell, 'cpu_percent')}%" for cell in run.cells_of("sizing")]
        out.append(f"which rule holds: {OUTSIDE}: " + (f"processor time of {' and '.join(shares)}" if shares else
                                                       "no cells of sizing"))
    for cell in cells:
        rules = sizing.judge_rules(run, cell)
        held = [rule for rule in rules if rule.reached.lo >= sizing.SUPPORTED_FROM]
        length_ns = cell.number("length_ns")
        where = f"sizing, {key_text(cell, 'cpu_percent')}% processor time"
        where += f", tasks of {quantity(length_ns, 'ns')}" if length_ns else ""
        shown = "; ".join(f"{rule.name} {rule.size}, {estimate(rule.reached)} of the best" for rule in held or rules)
        out.append(f"{where}: {'held' if held else 'none held'}: {shown or 'too few rounds'}")
    return out


def queue(question: Question) -> list[str]:
    in_time_ns = LATE * question.task_ns
    bound = math.ceil(question.rate_per_s * in_time_ns * 1e-9 - 1e-9)
    return [f"Little: at {significant(question.rate_per_s)} per s a queue of {max(bound, 1):,} is a wait of "
            f"{quantity(in_time_ns, 'ns')}, {LATE} times a task: what is longer is of no use to who needs it sooner"]


# What would make the answer another one.

def shown(found: Threshold, unit: str) -> str | None:
    if found.hi is None:
        return None
    return quantity(found.hi, unit) if found.lo is None else \
        f"{quantity(found.lo, unit)} to {quantity(found.hi, unit)}"


def changes(judgement: Judgement, question: Question) -> list[str]:
    cpus, out = judgement.run.document["factors"]["cpus_usable"], []
    length, break_ = shown(answers.grain_break_even(judgement), "ns"), answers.gap_break_even(judgement)
    if length:
        out.append(f"tasks that compute for longer than {length}: threads are within "
                   f"{percent(judgement.deltas['grain'])} of the pool, or ahead")
    if break_.hi:
        out.append(f"tasks that come one at a time, further apart than {shown(break_, 'ns')}: threads keep up")
    crossing = shown(answers.io_crossover(judgement), "1")
    if crossing:
        out.append(f"{crossing} or more waiting at once on a pool of {plural(cpus, 'worker')}: threads lead it")
    if question.cpu_ns:
        out.append(f"more than {significant(cpus / (question.cpu_ns * 1e-9))} per s: that is all that "
                   f"{plural(cpus, 'CPU')} can compute")
    return out


def conclude(judgement: Judgement, question: Question, evidence: Sequence[Evidence]) -> str:
    cpus = judgement.run.document["factors"]["cpus_usable"]
    load = question.load(cpus)
    if judgement.undecided:
        return f"none: {judgement.undecided}"
    counted = [of for of in evidence if of.counts and of.word != OUTSIDE]
    if not counted:
        return OUTSIDE
    words = {of.word for of in counted}
    topics = {word: " and ".join(of.topic for of in counted if of.word == word) for word in words}
    if {POOL, THREADS} <= words:
        answer = f"it depends: {POOL} for {topics[POOL]}, {THREADS} for {topics[THREADS]}"
    elif CHANGES in words:
        rest = [f"{word} for {topics[word]}" for word in (POOL, THREADS) if word in words]
        answer = "; ".join([f"it changes where this lies, for {topics[CHANGES]}", *rest])
    elif POOL in words:
        answer = f"{POOL}, for {topics[POOL]}"
    elif THREADS in words:
        answer = f"{THREADS}, for {topics[THREADS]}"
    else:
        answer = EITHER if words == {EITHER} else OPEN
    if load >= 1:
        answer += (f"; but the rate is {significant(load)} times what {plural(cpus, 'CPU')} can compute: refuse or "
                   "drop tasks")
    return answer


def advise(judgement: Judgement, question: Question) -> Advice:
    found = [of(judgement, question) for of in (computing, waiting, handing_over, overload)]
    evidence = [of for of in found if of]
    return Advice(conclude(judgement, question, evidence), evidence, sizes(judgement, question), queue(question),
                  changes(judgement, question))

