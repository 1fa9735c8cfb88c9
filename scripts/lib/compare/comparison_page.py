"""A comparison as a folder: the page, the same as Markdown, JSON and CSV, the pictures and their data."""
from pathlib import Path

from base.command import say, tell
from base.stats import Estimate
from base.text import percent, plural
from compare import comparison_data, comparison_text as as_text, overlays, trend
from compare.code_verdicts import Change, by_kind
from compare.comparison import Comparison, Entry, Group
from compare.gate import by_value, may_compare
from compare.reduced import CONTRAST, ClaimResult
from draw import pictures
from judge.effects import NOT_MEASURED
from report import as_html, as_markdown
from report.blocks import Answer, Block, Bullets, Document, Figure, Number, Paragraph, Section, Strong, Table, Words

DASH = "\u2013"


def shown(of: Estimate) -> Words:
    return Number(as_text.effect_text(of), of.value) if of.n else DASH


def answer(of: Comparison) -> Answer:
    lines = [(f"run {entry.mark}", f"{entry.label} \u00b7 {entry.run.profile}, {entry.run.commit}, "
              f"{entry.run.started}, grade {entry.run.grade}") for entry in of.entries]
    lines.append(("gate", may_compare(of.gate, len(of.entries))))
    lines += [("code", as_text.code_heading(group)) for group in of.groups if group.is_code]
    lines.append(("found", as_text.found(of)))
    return Answer(f"poolbench compare \u00b7 {plural(len(of.entries), 'run')}", lines,
                  [line.removeprefix("! ") for line in [*as_text.flips(of), *as_text.warnings(of)]])


def gate_section(of: Comparison) -> Section:
    rows: list[list[Words]] = [[found.name, found.kind, by_value(found), found.rules_out or "nothing"]
                               for found in of.gate.differences]
    blocks: list[Block] = [Paragraph([Strong(may_compare(of.gate, len(of.entries)))])]
    if rows:
        blocks.append(Table(["what", "kind", "values, with the runs that have them", "rules out"], rows,
                            "Differences between the runs"))
    for group in of.groups if len(of.groups) > 1 else []:
        if len(group.entries) > 1:
            marks = ", ".join(str(entry.mark) for entry in group.entries)
            blocks.append(Paragraph(f"Runs {marks}: {may_compare(group.gate, len(group.entries))}"))
    return Section("What differs", blocks, "gate")


def change_cells(of: Change) -> list[Words]:
    key, new = of.new.key, of.new
    what = key.name if key.kind == CONTRAST else f"{key.name} ({new.shown or key.cell})"
    return [key.claim or DASH, key.experiment, what, Strong(of.word), shown(of.ratio), percent(of.delta),
            as_text.p_text(of.p_holm), as_text.value_text(of.old.estimate, new.unit),
            as_text.value_text(new.estimate, new.unit), key.metric]


CHANGE_HEADER: list[Words] = ["claim", "experiment", "what", "verdict", "times better [95%]", "\u03b4", "p (Holm)",
                              "before", "after", "metric"]


def code_section(group: Group) -> Section:
    blocks: list[Block] = [Paragraph(as_text.code_heading(group))]
    for title, changes in by_kind(group.changes):
        if changes:
            blocks.append(Table(CHANGE_HEADER, [change_cells(of) for of in changes], f"Change of the {title}"))
        reasons: list[Words] = [line.strip() for line in as_text.reasons(changes)]
        blocks += [Bullets(reasons)] if reasons else []
    blocks.append(Paragraph(
        "The ratio of the medians, oriented so that above 1 the later run is better; its 95% interval resamples the "
        "rounds of either run by themselves; p of Mann and Whitney's test, corrected by Holm over sides and effects; "
        "\u03b4 is 5%, the threshold or the larger A/A floor of the two runs, whichever is most. An effect moves with "
        "either of its sides. What no change of the code can move is a control: where a control explains a change, "
        "there is no verdict."))
    if group.only_in_one:
        blocks.append(Bullets([f"Not compared, in the {line}" for line in group.only_in_one]))
    marks = f"{group.entries[-1].mark} against {group.entries[0].mark}"
    return Section(f"Code: {marks}", blocks, f"code-{group.entries[0].mark}")


def trend_section(group: Group, drawn: list[str]) -> Section:
    rows: list[list[Words]] = [[line.key.claim, line.key.experiment, line.what, line.key.metric,
                                *(trend_cell(point) for point in line.points), line.last_over_first]
                               for line in trend.lines(group)]
    header: list[Words] = ["claim", "experiment", "what", "metric", *(entry.name for entry in group.by_time),
                           "last over first"]
    name = trend.name_of(group)
    figure = Figure(name, "How does each primary contrast of one machine change from run to run?",
                    "Values over that of the first run, in the order of time; the band is \u03b4.")
    return Section("Trend", [*([figure] if name in drawn else []),
                             Table(header, rows, "Runs of one machine in the order of time")], name)


def trend_cell(point: trend.Series | None) -> Words:
    return Number(trend.text_of(point), point.estimate.value) if point and point.estimate.n else DASH


def claim_cell(of: ClaimResult | None) -> Words:
    if of is None:
        return DASH
    effects: list[Words] = [f" {as_text.effect_text(contrast.ratio)}" for contrast in of.contrasts if contrast.ratio.n]
    return [Strong(of.word), *(";" * (i > 0) + str(effect) for i, effect in enumerate(effects))]


def names(entries: tuple[Entry, ...]) -> list[Words]:
    return [entry.name for entry in entries]


def claims_section(of: Comparison) -> Section:
    shown_rows = [row for row in of.claims if row.summary != NOT_MEASURED]
    rows: list[list[Words]] = [[row.claim, row.statement, Strong(row.summary) if row.flips else row.summary,
                                *map(claim_cell, row.by_entry)] for row in shown_rows]
    absent = [row.claim for row in of.claims if row.summary == NOT_MEASURED]
    nowhere = f" Measured nowhere: {' '.join(absent)}." if absent else ""
    return Section("Claims by machine", [
        Table(["claim", "statement", "together", *names(of.entries)], rows, "Verdicts side by side"),
        Paragraph("With the effects of the primary contrasts in their order: how many times better the first side is "
                  f"than the second, paired by round, with 95% intervals.{nowhere}")], "claims")


def break_evens_section(of: Comparison) -> list[Section]:
    rows: list[list[Words]] = []
    for name in as_text.break_even_names(of.entries):
        found = [as_text.break_even(entry, name) for entry in of.entries]
        rows.append([name, *(as_text.threshold_text(each.found, each.unit) if each else DASH for each in found)])
    table = Table(["from where on", *names(of.entries)], rows, "Break-evens side by side")
    return [Section("Break-evens", [table, Paragraph("Each lies between two measured points.")], "break-evens")] \
        if rows else []


def machines_section(of: Comparison) -> Section:
    properties = [dict(entry.run.properties) for entry in of.entries]
    labels = list(dict.fromkeys(name for each in properties for name in each))
    rows: list[list[Words]] = [[name, *(each.get(name, DASH) for each in properties)] for name in labels]
    return Section("Machines", [Table(["property", *names(of.entries)], rows, "The machines side by side")], "machines")


# Pictures.

def subjects_of(of: Comparison) -> list[overlays.Subject]:
    return [overlays.Subject(entry.label, entry.mark, entry.run.overlays) for entry in of.entries]


def with_trend(of: Comparison) -> list[Group]:
    return [group for group in of.groups if group.is_code and len(group.entries) > 2]


def draw_all(of: Comparison, folder: Path, draw: bool) -> tuple[list[str], list[str], str]:
    """Names of what was drawn, what went wrong, and why there are no pictures."""
    names = overlays.write_inputs(subjects_of(of), folder)
    names += [name for group in with_trend(of) for name in trend.write_inputs(group, folder)]
    if not draw:
        return [], [], "left out by --no-plots"
    program, reason = pictures.find_gnuplot()
    if not program:
        say(f"no pictures: {reason}")
        return [], [], reason
    failed = pictures.draw(program, folder / "plots", names, tell)
    return [name for name in names if (folder / "plots" / f"{name}.svg").exists()], failed, ""


def contents(of: Comparison, drawn: list[str], not_drawn: str) -> Document:
    blocks: list[Block] = []
    if not_drawn:
        blocks.append(Paragraph(f"The pictures are not drawn: {not_drawn}. Their data is in data/."))
    blocks.append(gate_section(of))
    for group in of.groups:
        blocks += [code_section(group)] if group.is_code else []
    blocks += [trend_section(group, drawn) for group in with_trend(of)]
    blocks += [claims_section(of), *break_evens_section(of), machines_section(of)]
    found = overlays.sections(subjects_of(of), drawn)
    blocks += [Section("Overlays", list(found), "overlays")] if found else []
    return Document("poolbench compare: " + ", ".join(entry.label for entry in of.entries)[:160], answer(of), blocks)


def write(of: Comparison, folder: Path, draw: bool) -> list[str]:
    """Writes all files into the folder. Returns what went wrong, a line each."""
    drawn, failed, not_drawn = draw_all(of, folder, draw)
    tell("writing the page")
    document = contents(of, drawn, not_drawn)
    (folder / "comparison.json").write_text(comparison_data.json_text(of))
    (folder / "comparison.csv").write_text(comparison_data.csv_text(of))
    (folder / "comparison.md").write_text(as_markdown.render(document))
    (folder / "comparison.html").write_text(as_html.render_comparison(document, folder / "plots"))
    return failed
