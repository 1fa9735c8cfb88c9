"""The answer on one screen, for the terminal and for the top of the report."""
from base import stats, text
from base.runs import Run, Side
from judge import answers
from judge.effects import INCONCLUSIVE, NOT_MEASURED, REFUTED, SUPPORTED
from judge.verdicts import Judgement
from report.blocks import Answer
from report.grades import Grade
from report.provenance import unsettled

WARNINGS_MAX = 3
LINE_SPREAD_MAX = 2  # of what nine in ten rounds took, before the CPUs are said to move
LABEL_WIDTH = 26


def processor(run: Run) -> str:
    part = run.machine.get("processor")
    model = part.get("model") if isinstance(part, dict) else None
    return model if isinstance(model, str) and model != "unknown" else run.document["run"]["machine"]


def cpus(run: Run) -> str:
    """`8 CPUs (2 usable)`, or the usable ones alone where the machine does not say more."""
    usable = run.document["factors"]["cpus_usable"]
    part = run.machine.get("processor")
    every = part.get("hardware_threads") if isinstance(part, dict) else None
    if not isinstance(every, int):
        return f"{text.plural(usable, 'CPU')} usable"
    return f"{text.plural(every, 'CPU')} ({usable} usable)"


def heading(run: Run) -> str:
    minutes = run.document["run"]["duration_s"] / 60
    return " \u00b7 ".join([f"poolbench {run.profile}", f"{processor(run)}, {cpus(run)}", rounds(run),
                            f"{text.significant(minutes, 2)} min"])


def rounds(run: Run) -> str:
    if run.is_complete:
        return run.in_rounds(run.cells.values())
    return f"INCOMPLETE: {run.rounds_done} of {run.rounds_planned} rounds"


def hand_over(judgement: Judgement) -> str | None:
    found = answers.hand_over(judgement)
    if found is None:
        return None
    floor = f"   (floor: clone {text.quantity(found.clone.value, 'ns')})" if found.clone.n else ""
    pool, raw = (text.percent(share.value) for share in found.same_cpu)
    where = f"; on the submitter's CPU {pool} and {raw}" if all(share.n for share in found.same_cpu) else ""
    return f"pool {text.percentile(found.pool, 'ns')}, thread {text.percentile(found.raw, 'ns')}{where}{floor}"


def short_tasks(judgement: Judgement) -> str | None:
    if answers.experiment_of(judgement.run, "grain") is None or judgement.undecided:
        return None
    found = answers.grain_break_even(judgement)
    within = text.percent(judgement.deltas["grain"])
    if found.hi is None:
        if found.lo is None:
            return f"undecided at every length: noise exceeds {within}"
        return f"pool ahead up to {text.quantity(found.lo, 'ns')}; no length from which threads stay within {within}"
    above = f"no difference over {within}"
    if any(c.word == "raw ahead" for x, c in answers.grain_curve(judgement) if x >= found.hi):
        above = f"threads within {within} or ahead"
    if found.lo is None:
        return f"from {text.quantity(found.hi, 'ns')} on {above}; below, undecided or not measured"
    shortest, longest = text.quantity(found.lo, "ns"), text.quantity(found.hi, "ns")
    return f"pool ahead below {longest} [{shortest}, {longest}]; above, {above}"


def blocking(judgement: Judgement) -> str | None:
    found = answers.waiting(judgement)
    if found is None:
        return None
    best = f"best: {text.side_name(found.best)}, {text.estimate(found.per_s, 'per s')}"
    if found.cpu_pool_slower is None:
        return best
    size = judgement.run.document["factors"]["cpus_usable"]
    return f"{best}; pool of {text.plural(size, 'CPU')} is {text.estimate(found.cpu_pool_slower, 'times slower')}"


def blocking_label(judgement: Judgement) -> str:
    found = answers.waiting(judgement)
    return f"blocking IO, {found.inflight:g} waiting" if found else "blocking IO"


def overload(judgement: Judgement) -> str | None:
    found = answers.overload(judgement)
    if len(found) < 2:
        return None
    parts = []
    for of in found:
        name = "thread" if of.side.backend == "raw" else "bounded pool"
        refused = f", refused {of.refused:,.0f} of {of.offered:,.0f}" if of.refused else ""
        p99 = "withheld (the generator was late)" if of.late else text.percentile(of.p99, "ns")
        parts.append(f"{name} {p99}{refused}")
    return "p99 " + "; ".join(parts)


def overload_label(judgement: Judgement) -> str:
    found = answers.overload(judgement)
    return f"overload ({found[0].percent:g}%)" if found else "overload"


def would_change(judgement: Judgement) -> str | None:
    """Where the pool's lead was measured to end."""
    if judgement.undecided:
        return None
    length, pause = answers.grain_break_even(judgement).hi, answers.gap_break_even(judgement).hi
    crossing = answers.io_crossover(judgement).hi
    cpu_count = text.plural(judgement.run.document["factors"]["cpus_usable"], "worker")
    clauses = []
    if length is not None:
        clauses.append(f"tasks take {text.quantity(length, 'ns')} or more")
    if crossing is not None:
        clauses.append(f"{crossing:g} or more block at once on {cpu_count}")
    if pause is not None:
        clauses.append("tasks come one at a time" if pause == 0 else
                       f"tasks come less often than every {text.quantity(pause, 'ns')}")
    if answers.one_task_is_better_raw(judgement):
        clauses.append("there is only one task")
    return " / ".join(clauses) or None


def claims_by_word(judgement: Judgement, *words: str) -> list[str]:
    """In the order of their numbers."""
    found = [verdict.experiment.claim for verdict in judgement.verdicts if verdict.word in words]
    return sorted(found, key=lambda claim: (len(claim), claim))


def claims(judgement: Judgement) -> str | None:
    if judgement.undecided:
        return f"none decided: {judgement.undecided}"
    parts = [f"{word}: {' '.join(found)}" for word in (SUPPORTED, REFUTED, INCONCLUSIVE)
             if (found := claims_by_word(judgement, word))]
    return "; ".join(parts) or None


def not_answered(judgement: Judgement) -> str | None:
    """What a longer profile answers and this run did not."""
    run = judgement.run
    left = claims_by_word(judgement, NOT_MEASURED)
    if run.profile == "smoke":
        left = claims_by_word(judgement, SUPPORTED, REFUTED, INCONCLUSIVE, NOT_MEASURED)
    if not left or run.profile == "full":
        return None
    return f"{' '.join(left)}: make bench" + ("" if run.profile == "smoke" else " PROFILE=full")


def moving_cpus(run: Run) -> str | None:
    """Whether a host moves this machine's CPUs: then a cache line is much longer on its way in some rounds."""
    values = sorted(run.values(Side("floors/cache-line", "floor", 0), "time_ns").values())
    if len(values) < stats.ROUNDS_MIN:
        return None
    low, high = values[len(values) // 10], values[-1 - len(values) // 10]
    if high <= LINE_SPREAD_MAX * low:
        return None
    return (f"a cache line to another CPU and back takes {text.quantity(low, 'ns')} in some rounds and "
            f"{text.quantity(high, 'ns')} in others, and hand-overs with it: a host that moves this machine's CPUs "
            "does so, use one of its own")


def warnings(judgement: Judgement) -> list[str]:
    """Most important first, each with what to do."""
    run, found = judgement.run, []
    if not run.is_complete:
        found.append("the run is incomplete: resume it with build/poolbench run --resume RUN")
    failed = [side for side in run.by_side if run.status(side) == "failed"]
    if failed:
        found.append(f"{text.plural(len(failed), 'side')} failed, first {text.side_name(failed[0])} in "
                     f"{failed[0].cell}: see 'Left out' in the report")
    inline = sorted({side.backend for side in run.by_side if side.backend in ("pool", "raw", "raw-capped")
                     and any(sample.metrics.get("inline_tasks", 0) > 0 for sample in run.samples_of(side))})
    if inline:
        found.append(f"tasks of {', '.join(inline)} ran on the thread that submits or waits: "
                     "their verdicts are withheld")
    noisy = [verdict.experiment.name for verdict in judgement.verdicts
             if any(effect.delta > 2 * stats.DELTA_MIN for effect in verdict.effects)]
    if noisy and not judgement.undecided:
        found.append(f"the pool differs from itself by over 10% in {', '.join(noisy)}: measure on a quieter machine")
    moving = moving_cpus(run)
    if moving:
        found.append(moving)
    flips = [verdict.experiment.claim for verdict in judgement.verdicts if verdict.flips]
    if flips:
        found.append(f"other verdicts where no thread spins before it sleeps: {' '.join(flips)}: see the report")
    found += [f"{check.text}: {check.advice}" for check in run.checks]
    n_unsettled = len(unsettled(run))
    if n_unsettled:
        found.append(f"{text.plural(n_unsettled, 'side')} never settled while warming up: the report names them")
    return found


def answer(judgement: Judgement, grade: Grade) -> Answer:
    """All of it but the report's path. What is not in the run is left out."""
    lost = "; ".join(f"{backend}, in no cell: {reason}" for backend, reason in judgement.run.unmeasured.items())
    rows = [("NOT MEASURED", lost), ("cost of one hand-over", hand_over(judgement)),
            ("short CPU-bound tasks", short_tasks(judgement)),
            (blocking_label(judgement), blocking(judgement)), (overload_label(judgement), overload(judgement)),
            ("would change if", would_change(judgement)),
            ("claims", claims(judgement)), ("grade", f"{grade.letter}: {grade.meaning}"),
            (f"not answered by {judgement.run.profile}", not_answered(judgement))]
    return Answer(heading(judgement.run), [(label, words) for label, words in rows if words],
                  warnings(judgement)[:WARNINGS_MAX])


def page(of: Answer, colour: bool = False) -> list[str]:
    """In lines of letters of one width."""
    bold, yellow, plain = ("\033[1m", "\033[33m", "\033[0m") if colour else ("", "", "")
    return [f"{bold}{of.heading}{plain}",
            *(f"{bold}{label:<{LABEL_WIDTH}}{plain}{words}" for label, words in of.lines),
            *(f"{yellow}!{plain} {warning}" for warning in of.warnings)]
