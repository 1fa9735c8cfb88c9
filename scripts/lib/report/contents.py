"""What the report of a run says, in its order. summary.md and report.html are both made from it."""
import math

from base.runs import Run
from base.stats import Estimate
from base.text import percent, plural, side_name, significant
from draw import peers, peers_table
from judge.answers import experiment_of
from judge.effects import NOT_MEASURED, Effect
from judge.verdicts import Judgement, compare_cells
from report import chapters, lastpage, project, provenance
from report.blocks import (Block, Bullets, Code, Details, Document, Figure, Lines, Link, Paragraph, Section, Strong,
                           Table, Words)
from report.chapters import DASH, shown
from report.grades import Grade, grade_of
from report.rules import Checked, Drawn, check


def effect_cells(effect: Effect) -> list[Words]:
    if not effect.ratio.n:
        return [DASH] * 5 + ["0"]
    has, metric = effect.ratio.has_interval, effect.contrast.metric
    sources = [(side, metric) for side in (effect.contrast.a, effect.contrast.b) if side]
    return [shown(effect.ratio, "", *sources), DASH if math.isnan(effect.p_holm) else f"{effect.p_holm:.2g}",
            DASH if effect.floor is None else percent(effect.floor - 1), percent(effect.delta),
            significant(effect.smallest) if has else DASH, str(effect.ratio.n)]


def claims(judgement: Judgement) -> Section:
    rows: list[list[Words]] = []
    for verdict in judgement.verdicts:
        experiment = verdict.experiment
        has_chapter = experiment_of(judgement.run, experiment.name) is not None
        claim = Link(experiment.claim, f"#{chapters.place(experiment)}") if has_chapter else experiment.claim
        head: list[Words] = [claim, experiment.statement, Strong(verdict.word)]
        if not verdict.effects:
            rows.append([*head, *[DASH] * 7])
        for effect in verdict.effects:
            rows.append([*head, effect.contrast.name, *effect_cells(effect)])
            head = ["", "", ""]
    header: list[Words] = ["claim", "statement", "verdict", "primary contrast", "effect [95%]", "p (Holm)",
                           "A/A floor", "\u03b4", "smallest effect", "rounds"]
    return Section("Claims", [
        Table(header, rows, "Verdicts of all claims"),
        Paragraph("The effect is how many times better the first side is than the second, paired by round; the "
                  "smallest effect is what these rounds could just have shown."),
        Bullets([f"{v.experiment.claim} {v.word}: {v.reason}" for v in judgement.verdicts]),
        *without_spin(judgement)], "claims")


def without_spin(judgement: Judgement) -> list[Block]:
    """Which verdicts rest on threads that spin before they sleep."""
    judged = [v for v in judgement.verdicts if v.without_spin and v.without_spin.word != NOT_MEASURED]
    flips = [f"{v.experiment.claim} is {v.word}, and {v.without_spin.word} where none does: {v.without_spin.reason}"
             for v in judged if v.without_spin and v.flips]
    if not judged:
        return []
    said = (f"Threads of both sides spin for a while before they sleep. {plural(len(judged), 'claim')} "
            f"{'was' if len(judged) == 1 else 'were'} judged once more where no thread does: ")
    if not flips:
        return [Paragraph(f"{said}no verdict changes.")]
    return [Paragraph(f"{said}{plural(len(flips), 'verdict')} {'flips' if len(flips) == 1 else 'flip'}."),
            Bullets(flips)]


def where_threads_win(judgement: Judgement) -> list[Block]:
    """Every experiment with cells in which raw is ahead, and the one in which it is most."""
    run = judgement.run
    rows: list[list[Words]] = []
    n_won, n_all = 0, 0
    for experiment in run.experiments:
        compared = compare_cells(judgement, experiment)
        won = sorted((c for c in compared if c.word == "raw ahead"), key=lambda c: c.ratio.value)
        n_won, n_all = n_won + len(won), n_all + len(compared)
        if won:
            most, names = won[0], chapters.short_names(run, experiment)
            rows.append([experiment.name, f"{len(won)} of {len(compared)}", Code(names[most.cell.name]),
                         side_name(most.pool),
                         shown(turned(most.ratio), "", (most.raw, experiment.metric), (most.pool, experiment.metric)),
                         chapters.number(run, most.raw, experiment.metric),
                         chapters.number(run, most.pool, experiment.metric)])
    if not n_all or judgement.undecided:
        return []
    words = (f"One thread per task is ahead by more than \u03b4 in {n_won} of {n_all} comparisons with a pool, cell by "
             "cell and for every size of pool, by the interval alone" + (". Where it leads most:" if rows else "."))
    header: list[Words] = ["experiment", "ahead in", "most in", "against", "times [95%]", "thread", "pool"]
    shown_most = [Table(header, rows, "Where one thread per task leads most")] if rows else []
    return [Section("Where threads win", [Paragraph(words), *shown_most], "threads-win")]


def turned(ratio: Estimate) -> Estimate:
    return Estimate(1 / ratio.value, 1 / ratio.hi, 1 / ratio.lo, ratio.n)


def beside_peers(run: Run, drawn: set[str], cited: chapters.Cited) -> list[Block]:
    """Only where plugins brought backends."""
    if not run.plugin_backends:
        return []
    out: list[Block] = []
    if peers.EXPERIMENT.name in drawn:
        out += [Figure("peers", "How does the pool do beside those of other libraries?",
                       "The line is where the pool stands. Hollow points have no interval."),
                *cited("peers", peers.EXPERIMENT)]
    out += [*(Lines(part) for part in peers_table.parts(run)), Bullets([*peers_table.LEGEND]),
            Details("With 95% intervals", [Table(["case", "backend", "takes [95%]", "times the pool [95%]"],
                                                 [[*row] for row in peers_table.long_table(run)],
                                                 "The pool beside others")])]
    return [Section("Beside other pools", out, "peers")]


def found(problem: str) -> Words:
    return [Strong("not met"), f": {problem}"] if problem else "met"


def quality(grade: Grade, checked: list[Checked]) -> Section:
    return Section("Quality", [
        Paragraph([Strong(f"Grade {grade.letter}"),
                   f": {grade.meaning}. A run has the worst grade that a check costs it."]),
        Table(["what is checked", "a failure costs", "found"],
              [[what, costs, found(problem)] for what, costs, problem in grade.checks], "Checks behind the grade"),
        Paragraph("The twelve rules of Hoefler and Belli (SC\u201915), as far as a program can check them:"),
        Table(["number", "rule", "what is checked", "found"],
              [[str(of.number), of.rule, of.how, found("; ".join(of.problems))] for of in checked],
              "The twelve rules")], "quality")


def contents(judgement: Judgement, drawn: list[str], not_drawn: str,
             cited: chapters.Cited = chapters.cites_nothing) -> Document:
    """The whole report. `not_drawn` says why there are no pictures, if so."""
    run, names = judgement.run, set(drawn)
    checked = check(judgement, Drawn(frozenset(drawn), not_drawn))
    grade = grade_of(judgement, checked)
    out: list[Block] = []
    if judgement.undecided:
        out.append(Paragraph([Strong(f"This run decides nothing: {judgement.undecided}.")]))
    if not_drawn:
        out.append(Paragraph(f"The pictures are not drawn: {not_drawn}. Their data is in data/."))
    out.append(claims(judgement))
    out += where_threads_win(judgement)
    out += beside_peers(run, names, cited)
    out.append(Section("Experiments", [chapters.chapter(judgement, experiment, names, cited)
                                       for experiment in run.experiments if experiment_of(run, experiment.name)],
                       "experiments"))
    out += project.features()
    out += [quality(grade, checked), provenance.left_out(judgement), *provenance.checks(run),
            provenance.method(judgement), provenance.time_taken(run), provenance.environment(run),
            provenance.reproduce(run)]
    return Document(f"poolbench {run.profile}: {lastpage.processor(run)}", lastpage.answer(judgement, grade), out)
