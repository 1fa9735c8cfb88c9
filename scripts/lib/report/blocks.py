"""What a report says, without how it looks: blocks of words, which as_markdown.py and as_html.py set.

A plain str is text of which nothing is markup, wherever it came from: who sets it escapes it. Emphasis, code and links
are objects, so they cannot come from a run.
"""
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Union

from base.runs import Side


@dataclass(frozen=True)
class Strong:
    text: str


@dataclass(frozen=True)
class Code:
    text: str


@dataclass(frozen=True)
class Link:
    """To a file of the run's folder, or to a section of the report (#id)."""
    text: str
    target: str


@dataclass(frozen=True)
class Number:
    """What is shown of a value, what it is sorted by, and of which sides and metrics the samples behind it are."""
    text: str
    value: float
    sources: tuple[tuple[Side, str], ...] = ()


Inline = Union[str, Strong, Code, Link, Number]
Words = Union[str, Inline, Sequence[Inline]]


def pieces(words: Words) -> list[Inline]:
    return list(words) if isinstance(words, (list, tuple)) else [words]  # type: ignore[list-item]


def joined(parts: Iterable[Words], separator: str = ", ") -> list[Inline]:
    out: list[Inline] = []
    for part in parts:
        out += [separator] * bool(out) + pieces(part)
    return out


@dataclass(frozen=True)
class Paragraph:
    words: Words


@dataclass(frozen=True)
class Bullets:
    items: list[Words]


@dataclass(frozen=True)
class Answer:
    """The answer in lines of a label and words, with what to beware of."""
    heading: str
    lines: list[tuple[str, str]]
    warnings: list[str]


@dataclass(frozen=True)
class Lines:
    """Shown as they are, in letters of one width."""
    lines: list[str]


@dataclass(frozen=True)
class Table:
    header: list[Words]
    rows: list[list[Words]]
    title: str = ""


@dataclass(frozen=True)
class Figure:
    """plots/<name>.svg, drawn from data/<name>.dat by plots/<name>.gp."""
    name: str
    alt: str
    note: str = ""


@dataclass(frozen=True)
class Cite:
    """How a claim or a figure is cited: its id, the command that gives its block, and the block; or why it is not."""
    id: str
    command: str
    text: str = ""
    bibtex: str = ""
    refused: str = ""


@dataclass(frozen=True)
class Listing:
    file: str
    source: str


@dataclass(frozen=True)
class Programs:
    """Sources to be read beside each other. Only where there is room for that."""
    listings: list[Listing]


@dataclass(frozen=True)
class Details:
    """What is folded until somebody asks for it."""
    summary: str
    blocks: "list[Block]"


@dataclass(frozen=True)
class Section:
    title: str
    blocks: "list[Block]"
    id: str = ""
    claim: str = ""
    verdict: str = ""
    backends: frozenset[str] = field(default_factory=frozenset)  # of which it speaks


Block = Union[Paragraph, Bullets, Lines, Table, Figure, Cite, Programs, Details, Section]


@dataclass(frozen=True)
class Document:
    title: str
    answer: Answer
    blocks: list[Block]
