"""A comparison on the terminal."""
import unicodedata
from collections.abc import Sequence

from base.stats import Estimate
from base.text import estimate, percent, plural, quantity, significant
from compare import code_verdicts, trend
from compare.code_verdicts import BETTER, SAME, UNDECIDED, WORSE, Change
from compare.comparison import ELSEWHERE, ClaimRow, Comparison, Entry, Group
from compare.gate import Gate, by_value, may_compare
from compare.reduced import CONTRAST, CONTROL, SIDE, BreakEven
from judge.effects import NOT_MEASURED
from judge.verdicts import Threshold

DASH = "-"
ENTRIES_BESIDE = 4   # of more, verdicts are letters
CELL_MAX = 44
WORDS_SHORT = {"supported": "S", "refuted": "R", "inconclusive": "i", "not measured": DASH}


# Tables.

def width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c) for c in text)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], indent: str = "  ") -> list[str]:
    every = [header, *rows] if any(header) else list(rows)
    widths = [max(width(row[i]) for row in every) for i in range(len(every[0]))] if every else []
    return [(indent + "  ".join(cell + " " * (most - width(cell)) for cell, most in zip(row, widths))).rstrip()
            for row in every]


def cut(text: str, most: int = CELL_MAX) -> str:
    return text if len(text) <= most else text[:most - 3] + "..."


# Parts.

def threshold_text(found: Threshold, unit: str) -> str:
    """Short: `1.9 to 3 us`."""
    def at(value: float) -> str:
        return quantity(value, unit)
    if found.hi is None:
        return "undecided" if found.lo is None else f"none up to {at(found.lo)}"
    return f"<= {at(found.hi)}" if found.lo is None else f"{at(found.lo)} to {at(found.hi)}"


def entry_rows(entries: Sequence[Entry]) -> list[list[str]]:
    return [[str(entry.mark), entry.label, entry.run.profile, entry.run.commit, entry.run.started,
             f"grade {entry.run.grade}"] for entry in entries]


def differences(found: Gate) -> list[str]:
    return [f"  {of.name}: {by_value(of)}" + (f"   rules out {of.rules_out}" if of.rules_out else "")
            for of in found.differences] or ["  none"]


def effect_text(of: Estimate) -> str:
    return estimate(of) if of.n else DASH


def p_text(p: float) -> str:
    return DASH if p != p else f"{p:.2g}"


def value_text(of: Estimate, unit: str) -> str:
    return quantity(of.value, unit) if of.n else DASH


def change_row(of: Change) -> list[str]:
    key, new = of.new.key, of.new
    what = key.name if key.kind == CONTRAST else f"{key.name} ({new.shown or key.cell})"
    return [key.claim or DASH, key.experiment, cut(what, 58), key.metric, value_text(of.old.estimate, new.unit),
            value_text(new.estimate, new.unit), effect_text(of.ratio), p_text(of.p_holm), percent(of.delta), of.word]


CHANGE_HEADER = ["claim", "experiment", "what", "metric", "before", "after", "times better [95%]", "p (Holm)", "\u03b4",
                 "verdict"]


def counted(group: Group) -> str:
    n = code_verdicts.counts(group.changes)
    return (f"{n[WORSE]} worse, {n[BETTER]} better, {n[SAME]} without difference, {n[UNDECIDED]} inconclusive, of "
            f"{plural(sum(n.values()), 'side')}")


def code_heading(group: Group) -> str:
    old, new = group.entries[0], group.entries[-1]
    same = " The binary is the same: any difference is none of the code." if group.is_same_binary else ""
    return f"code of {new.name} against {old.name}: {counted(group)}.{same}"


def notable(changes: Sequence[Change]) -> list[Change]:
    """Controls are shown where they moved."""
    return [of for of in changes if of.new.key.kind != CONTROL or of.word in (WORSE, BETTER)]


def reasons(changes: Sequence[Change]) -> list[str]:
    return [f"  {of.new.key.claim} {of.new.key.name} ({of.new.shown}), {of.new.key.metric}: {of.word}: {of.reason}"
            for of in changes if of.new.key.kind == SIDE and of.reason]


def code_part(group: Group) -> list[str]:
    out = [code_heading(group), ""]
    for title, of in code_verdicts.by_kind(notable(group.changes)):
        if of:
            out += [f"  {title}", *table(CHANGE_HEADER, [change_row(change) for change in of], "    "), ""]
    out += reasons(group.changes)
    return [*out, *(f"  not compared, in the {line}" for line in group.only_in_one), ""]


def trend_columns(group: Group) -> list[str]:
    if len(group.entries) <= ENTRIES_BESIDE:
        return [str(entry.mark) for entry in group.by_time]
    return ["first", "lowest", "highest", "last"]


def trend_cells(line: trend.Line, group: Group) -> list[str]:
    if len(group.entries) <= ENTRIES_BESIDE:
        return [trend.text_of(point) for point in line.points]
    points = [point for point in line.points if point and point.estimate.n]
    by_value = sorted(points, key=lambda point: point.estimate.value)
    return [trend.text_of(point) for point in (points[0], by_value[0], by_value[-1], points[-1])] if points else \
        [DASH] * 4


def trend_part(group: Group) -> list[str]:
    out = [f"trend over {plural(len(group.entries), 'run')} of {group.entries[0].run.machine}, in the order of time"]
    header = ["claim", "experiment", "what", "metric", *trend_columns(group), "last over first"]
    rows = [[line.key.claim, line.key.experiment, cut(line.what), line.key.metric, *trend_cells(line, group),
             line.last_over_first] for line in trend.lines(group)]
    return [*out, *table(header, rows), ""]


def claim_cell(row: ClaimRow, i: int, is_short: bool) -> str:
    of = row.by_entry[i]
    if of is None:
        return DASH
    if is_short:
        return WORDS_SHORT.get(of.word, of.word)
    effect = next((contrast.ratio for contrast in of.contrasts if contrast.ratio.n), None)
    return of.word + (f" {significant(effect.value)}x" if effect else "")


def claims_part(of: Comparison) -> list[str]:
    short = len(of.entries) > ENTRIES_BESIDE
    header = ["claim", "statement", *(str(entry.mark) for entry in of.entries), "together"]
    rows = [[row.claim, cut(row.statement), *(claim_cell(row, i, short) for i in range(len(of.entries))), row.summary]
            for row in of.claims if row.summary != NOT_MEASURED]
    absent = [row.claim for row in of.claims if row.summary == NOT_MEASURED]
    legend = ["  S supported, R refuted, i inconclusive, - not measured"] if short else \
        ["  with the effect of the first primary contrast, times better"]
    legend += [f"  measured nowhere: {' '.join(absent)}"] if absent else []
    return ["claims by machine", *table(header, rows), *legend, ""]


def break_even_names(entries: Sequence[Entry]) -> list[str]:
    return list(dict.fromkeys(of.name for entry in entries for of in entry.run.break_evens))


def break_even(entry: Entry, name: str) -> BreakEven | None:
    return next((of for of in entry.run.break_evens if of.name == name), None)


def by_entries(title: str, entries: Sequence[Entry], names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A row for each property; of many entries a row for each entry."""
    if len(entries) <= ENTRIES_BESIDE:
        header = ["", *(str(entry.mark) for entry in entries)]
        return [title, *table(header, [[name, *row] for name, row in zip(names, rows)]), ""]
    legend = [f"  {chr(ord('a') + i)}  {name}" for i, name in enumerate(names)]
    header = ["", *(chr(ord("a") + i) for i in range(len(names)))]
    turned = [[str(entry.mark), *(cut(row[k], 24) for row in rows)] for k, entry in enumerate(entries)]
    return [title, *table(header, turned), *legend, ""]


def break_evens_part(entries: Sequence[Entry]) -> list[str]:
    names = break_even_names(entries)
    rows = [[threshold_text(of.found, of.unit) if (of := break_even(entry, name)) else DASH for entry in entries]
            for name in names]
    return by_entries("break-evens, each between two measured points", entries, names, rows) if names else []


def properties_part(entries: Sequence[Entry]) -> list[str]:
    names = list(dict.fromkeys(name for entry in entries for name, _ in entry.run.properties))
    rows = [[dict(entry.run.properties).get(name, DASH) for entry in entries] for name in names]
    return by_entries("machines", entries, names, rows)


def flips(of: Comparison) -> list[str]:
    return [f"! {row.claim} flips: {row.statement}: {row.summary.removeprefix('FLIPS: ')}" for row in of.claims
            if row.flips]


def warnings(of: Comparison) -> list[str]:
    left_out = [f"! {plural(of.left_out, 'run')} left out, which cannot be read"] * bool(of.left_out)
    return left_out + [f"! {entry.name}: grade {entry.run.grade}, {entry.run.grade_reasons[0]}" for entry in of.entries
                       if entry.run.grade in "CD" and entry.run.grade_reasons]


def found(of: Comparison) -> str:
    if seen := of.outcomes - {ELSEWHERE}:
        return ", ".join(sorted(seen))
    has_code = any(group.is_code for group in of.groups)
    return "no difference" if has_code else "runs side by side, none of which is held against another's code"


def conclusion(of: Comparison) -> str:
    return f"found: {found(of)}; exit code {int(of.ends)}"


def lines(of: Comparison) -> list[str]:
    out = [f"poolbench compare: {plural(len(of.entries), 'run')}", *table([""] * 6, entry_rows(of.entries)),
           *warnings(of), "", "what differs", *differences(of.gate), "",
           may_compare(of.gate, len(of.entries)), ""]
    for group in of.groups:
        several = len(group.entries) > 1
        if several and len(of.groups) > 1:
            marks = ", ".join(str(entry.mark) for entry in group.entries)
            out += [f"runs {marks}: {may_compare(group.gate, len(group.entries))}", ""]
        if group.is_code:
            out += code_part(group)
        if group.is_code and len(group.entries) > 2:
            out += trend_part(group)
    out += [*claims_part(of), *flips(of), *([""] if flips(of) else []), *break_evens_part(of.entries),
            *properties_part(of.entries)]
    return [*out, conclusion(of)]
