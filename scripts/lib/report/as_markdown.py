"""Sets blocks as Markdown: summary.md."""
from base import text
from report.blocks import (Block, Bullets, Cite, Code, Document, Figure, Inline, Lines, Link, Paragraph, Programs,
                           Section, Strong, Table, Words, pieces)
from report.lastpage import page


def inline(piece: Inline) -> str:
    if isinstance(piece, str):
        return text.markdown(piece)
    if isinstance(piece, Strong):
        return f"**{text.markdown(piece.text)}**"
    if isinstance(piece, Code):
        return text.code(piece.text)
    if isinstance(piece, Link):
        return f"[{text.markdown(piece.text)}]({piece.target})" if not piece.target.startswith("#") else \
            text.markdown(piece.text)
    return text.markdown(piece.text)


def words(of: Words) -> str:
    return "".join(inline(piece) for piece in pieces(of))


def row(cells: list[Words]) -> str:
    return "| " + " | ".join(words(cell) for cell in cells) + " |"


def figure(of: Figure) -> list[str]:
    name = of.name
    return [f"![{text.markdown(of.alt)}](plots/{name}.svg)", "",
            f"Drawn from [data/{name}.dat](data/{name}.dat) by [plots/{name}.gp](plots/{name}.gp). "
            f"{text.markdown(of.note)}", ""]


def cite(of: Cite) -> list[str]:
    said = f" ({text.markdown(of.refused)})" if of.refused else ""
    return [f"Cite this: {text.code(of.id)}, the block by `{of.command}`{said}", ""]


def block(of: Block, level: int) -> list[str]:
    if isinstance(of, Section):
        return [f"{'#' * level} {text.markdown(of.title)}", "", *blocks(of.blocks, level + 1)]
    if isinstance(of, Paragraph):
        return [words(of.words), ""]
    if isinstance(of, Bullets):
        return [*(f"- {words(item)}" for item in of.items), ""] if of.items else []
    if isinstance(of, Lines):
        return [*(f"    {line}" for line in of.lines), ""]
    if isinstance(of, Table):
        return [row(of.header), "|" + " --- |" * len(of.header), *map(row, of.rows), ""]
    if isinstance(of, Figure):
        return figure(of)
    if isinstance(of, Cite):
        return cite(of)
    if isinstance(of, Programs):
        return []  # docs/idioms.md has them
    return [f"<details><summary>{text.markdown(of.summary)}</summary>", "", *blocks(of.blocks, level), "</details>", ""]


def blocks(of: list[Block], level: int) -> list[str]:
    return [line for each in of for line in block(each, level)]


def render(document: Document) -> str:
    answer = [f"    {line}" for line in page(document.answer)]
    return "\n".join([f"# {text.markdown(document.title)}", "", *answer, "", *blocks(document.blocks, 2)])
