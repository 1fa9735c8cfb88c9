"""Sets blocks as one HTML file that needs nothing else: report.html, comparison.html.

Text is escaped where it is set: Markup.format() and the template escape all that is not markup already.
"""
import base64
import hashlib
import json
import math
import xml.etree.ElementTree as xml
from collections.abc import Callable, Iterable
from pathlib import Path

import jinja2
from markupsafe import Markup

from base import text
from base.runs import Run, Side
from draw import svg
from report.blocks import (Answer, Block, Bullets, Cite, Code, Details, Document, Figure, Inline, Lines, Link,
                           Listing, Number, Paragraph, Programs, Section, Strong, Table, Words, pieces)
from report.chapters import shown_metrics, short_names

TEMPLATES = Path(__file__).resolve().parent.parent.parent / "html"
VERDICTS = {"supported", "refuted", "inconclusive", "not measured"}
EMPTY = Markup("")
LONG = 50  # rows from which a table scrolls by itself, below its header
Row = tuple[Side, str]


def concatenated(parts: Iterable[Markup]) -> Markup:
    return EMPTY.join(parts)


class Page:
    """Sets blocks."""

    def __init__(self, plots: Path) -> None:
        self.plots = plots
        self.setters: dict[type, Callable[..., Markup]] = {
            Paragraph: self.paragraph, Bullets: self.bullets, Lines: self.lines, Table: self.table,
            Figure: self.figure, Cite: self.cite, Details: self.details, Programs: self.programs}

    # Words.

    def inline(self, piece: Inline) -> Markup:
        if isinstance(piece, str):
            return Markup.escape(piece)
        if isinstance(piece, Strong):
            kind = f"verdict {piece.text.replace(' ', '-')}" if piece.text in VERDICTS else ""
            return Markup('<strong class="{}">{}</strong>').format(kind, piece.text) if kind else \
                Markup("<strong>{}</strong>").format(piece.text)
        if isinstance(piece, Code):
            return Markup("<code>{}</code>").format(piece.text)
        if isinstance(piece, Link):
            return Markup('<a href="{}">{}</a>').format(piece.target, piece.text)
        return self.number(piece)

    def number(self, of: Number) -> Markup:
        return Markup('<span class="number">{}</span>').format(of.text)

    def words(self, of: Words) -> Markup:
        return concatenated(self.inline(piece) for piece in pieces(of))

    # Blocks.

    def paragraph(self, of: Paragraph) -> Markup:
        return Markup("<p>{}</p>\n").format(self.words(of.words))

    def bullets(self, of: Bullets) -> Markup:
        items = concatenated(Markup("<li>{}</li>\n").format(self.words(item)) for item in of.items)
        return Markup("<ul>\n{}</ul>\n").format(items)

    def lines(self, of: Lines) -> Markup:
        return scrolled("commands", Markup("<pre>{}</pre>").format("\n".join(of.lines)))

    def answer(self, of: Answer) -> Markup:
        rows = concatenated(Markup("<dt>{}</dt><dd>{}</dd>\n").format(label, words) for label, words in of.lines)
        warnings = concatenated(Markup("<li>{}</li>\n").format(warning) for warning in of.warnings)
        listed = Markup('<ul class="warnings">\n{}</ul>\n').format(warnings) if of.warnings else EMPTY
        return Markup('<section class="answer" aria-label="The answer">\n<p class="heading">{}</p>\n<dl>\n{}</dl>\n'
                      "{}</section>\n").format(of.heading, rows, listed)

    def table(self, of: Table) -> Markup:
        header = concatenated(Markup('<th scope="col">{}</th>').format(self.words(cell)) for cell in of.header)
        rows = concatenated(Markup("<tr>{}</tr>\n").format(concatenated(
            self.cell(cell) for cell in row)) for row in of.rows)
        is_long = len(of.rows) > LONG
        title = f"{of.title}, {len(of.rows)} rows" if is_long and of.title else of.title
        caption = Markup("<caption>{}</caption>").format(title) if title else EMPTY
        return scrolled(title or "Table", Markup("<table>{}<thead><tr>{}</tr></thead>\n<tbody>\n{}</tbody></table>")
                        .format(caption, header, rows), "scroll long" if is_long else "scroll")

    def cell(self, of: Words) -> Markup:
        return Markup("<td>{}</td>").format(self.words(of))

    def figure(self, of: Figure) -> Markup:
        try:
            picture = Markup(svg.inline((self.plots / f"{of.name}.svg").read_bytes(), of.name, of.alt))
        except (OSError, xml.ParseError):
            return Markup("<p>The picture {} could not be read.</p>\n").format(of.name)
        caption = Markup('Drawn from <a href="data/{0}.dat">data/{0}.dat</a> by '
                         '<a href="plots/{0}.gp">plots/{0}.gp</a>. {1}').format(of.name, of.note)
        return Markup("<figure>{}<figcaption>{}</figcaption></figure>\n").format(scrolled(of.alt, picture), caption)

    def cite(self, of: Cite) -> Markup:
        if of.refused:
            return Markup('<p class="cite">Not to be cited, {}. <code>{}</code></p>\n').format(of.refused, of.command)
        blocks = concatenated(scrolled(f"{name} of {of.id}", Markup("<pre>{}</pre>").format(block), "scroll block")
                              for name, block in (("Text", of.text), ("BibTeX", of.bibtex)))
        return Markup('<details class="cite"><summary>Cite this: <code>{}</code></summary>\n<p>As text and as BibTeX, '
                      "to copy; the same by <code>{}</code>, which also gives Markdown and JSON.</p>\n{}</details>\n"
                      ).format(of.id, of.command, blocks)

    def details(self, of: Details) -> Markup:
        return Markup("<details><summary>{}</summary>\n{}</details>\n").format(of.summary, self.blocks(of.blocks, 4))

    def programs(self, of: Programs) -> Markup:
        def listing(program: Listing) -> Markup:
            return Markup("<div><h4>{}</h4>{}</div>\n").format(
                program.file, scrolled(program.file, Markup("<pre><code>{}</code></pre>").format(program.source)))
        return Markup('<details><summary>The programs side by side</summary>\n<div class="programs">\n{}</div>'
                      "</details>\n").format(concatenated(map(listing, of.listings)))

    def section(self, of: Section, level: int) -> Markup:
        kind = "chapter" if of.backends else ""
        return Markup('<section id="{}" class="{}" data-claim="{}" data-backends="{}">\n<h{}>{}</h{}>\n{}</section>\n'
                      ).format(of.id, kind, of.claim, " ".join(sorted(of.backends)), level, of.title, level,
                               self.blocks(of.blocks, level + 1))

    def blocks(self, of: Iterable[Block], level: int) -> Markup:
        return concatenated(self.section(block, level) if isinstance(block, Section) else
                            self.setters[type(block)](block) for block in of)


class ComparisonPage(Page):
    """Sets what compares runs."""

    def cell(self, of: Words) -> Markup:
        """A number is sorted by what it is worth."""
        values = [piece.value for piece in pieces(of) if isinstance(piece, Number)]
        if len(values) != 1 or not math.isfinite(values[0]):
            return super().cell(of)
        return Markup('<td data-v="{}">{}</td>').format(f"{values[0]:.6g}", self.words(of))


class RunPage(Page):
    """Sets the blocks of one run, and every number with its samples."""

    def __init__(self, run: Run, plots: Path) -> None:
        super().__init__(plots)
        self.run = run
        self.rows = rows_of(run)
        self.places = {row: i for i, row in enumerate(self.rows)}

    def number(self, of: Number) -> Markup:
        places = [self.places[source] for source in of.sources if source in self.places]
        if not places:
            return super().number(of)
        return Markup('<a class="number" href="#v{}" data-rows="{}">{}</a>').format(
            places[0], " ".join(map(str, places)), of.text)

    def cells(self) -> Markup:
        names = {cell: name for experiment in self.run.experiments
                 for cell, name in short_names(self.run, experiment).items()}
        return concatenated(self.cell_row(i, row, names) for i, row in enumerate(self.rows))

    def cell_row(self, place: int, row: Row, names: dict[str, str]) -> Markup:
        side, metric = row
        of, cell = self.run.estimate(side, metric), self.run.cells[side.cell]
        unit = self.run.metrics[metric].unit if metric in self.run.metrics else ""
        return Markup('<tr id="v{}"><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td data-v="{}">{}</td>'
                      "<td>{}</td><td>{}</td></tr>\n").format(
            place, cell.experiment, names[cell.name], side.backend, side.workers or "", metric,
            f"{of.value:.6g}", text.estimate(of, unit), of.n, self.run.status(side))

    def samples(self) -> Markup:
        """The rounds of each row, for report.js: values, how each ended, and its line in the journal."""
        sides = list(dict.fromkeys(side for side, _ in self.rows))
        places = {side: i for i, side in enumerate(sides)}
        data = {
            "sides": [{"cell": side.cell, "rounds": [sample.round for sample in self.run.samples_of(side)],
                       "status": [sample.status for sample in self.run.samples_of(side)],
                       "lines": [self.run.lines.get((sample.round, side), 0) for sample in self.run.samples_of(side)]}
                      for side in sides],
            "rows": [[places[side], [short(sample.metrics.get(metric)) for sample in self.run.samples_of(side)]]
                     for side, metric in self.rows]}
        dumped = json.dumps(data, separators=(",", ":"))
        return Markup(dumped.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def scrolled(title: str, what: Markup, kind: str = "scroll") -> Markup:
    """What may be wider than a phone scrolls by itself, with the keyboard too."""
    return Markup('<div class="{}" role="group" tabindex="0" aria-label="{}">{}</div>\n').format(kind, title, what)


def short(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(f"{value:.9g}")


def rows_of(run: Run) -> list[Row]:
    """Every side with each metric that the report shows."""
    rows: dict[Row, None] = {}
    for experiment in run.experiments:
        metrics = dict.fromkeys([experiment.metric, *shown_metrics(run, experiment)])
        rule = experiment.rule
        metrics.update(dict.fromkeys(contrast.metric for contrast in rule.contrasts) if rule else {})
        for cell in run.cells_of(experiment.name):
            for side in cell.sides:
                rows.update({(side, name): None for name in [*metrics, "p50_ns", "p90_ns", "p99_ns", "p999_ns"]
                             if run.estimate(side, name).n})
    return list(rows)


def entries(document: Document) -> list[Section]:
    return [block for block in document.blocks if isinstance(block, Section)]


def digest(script: str) -> str:
    """What the page's policy knows its own script by, so that no other one runs."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def set_page(template: str, scripts: list[str], document: Document, page: Page, **values: object) -> str:
    """One file with what all of them have: text, style, and scripts as one."""
    loader = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True,
                                     undefined=jinja2.StrictUndefined)
    script = "\n".join((TEMPLATES / name).read_text() for name in scripts)
    return environment.get_template(template).render(
        title=document.title, answer=page.answer(document.answer), body=page.blocks(document.blocks, 2),
        style=Markup((TEMPLATES / "report.css").read_text()), script=Markup(script), digest=digest(script), **values)


def render(document: Document, run: Run, plots: Path) -> str:
    page = RunPage(run, plots)
    journal = next((name for name in ("journal.jsonl", "journal.jsonl.gz") if (run.path / name).exists()), "")
    sections = entries(document)
    chapters = [chapter for section in sections for chapter in section.blocks if isinstance(chapter, Section)]
    return set_page(
        "report.html", ["page.js", "report.js"], document, page, sections=sections, chapters=chapters,
        claims=list(dict.fromkeys(section.claim for section in chapters if section.claim)),
        backends=sorted({backend for section in chapters for backend in section.backends}),
        cells=page.cells(), samples=page.samples(), n_rows=len(page.rows), journal=journal)


def render_comparison(document: Document, plots: Path) -> str:
    """Of several runs. Pictures and their data stand beside it, in plots/ and data/."""
    sections = [{"id": section.id, "title": section.title,
                 "parts": [part for part in section.blocks if isinstance(part, Section)]}
                for section in entries(document)]
    return set_page("comparison.html", ["page.js", "comparison.js"], document, ComparisonPage(plots),
                    sections=sections)
