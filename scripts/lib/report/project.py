"""What the report takes from the project beside these scripts: programs and features. Where they are not, it goes
without."""
import re
from pathlib import Path

from report.blocks import Block, Code, Listing, Paragraph, Programs, Section, Table, Words, joined

TOP = Path(__file__).resolve().parent.parent.parent.parent
PROGRAM = re.compile(r"[a-z]{1,20}_(pool|raw)\.c")


def program_pair(experiment: str) -> list[Block]:
    """The sources of an experiment's two programs."""
    listings = []
    for side in ("pool", "raw"):
        file = f"{experiment}_{side}.c"
        path = TOP / "bench" / "idioms" / file
        if PROGRAM.fullmatch(file) and path.is_file():
            listings.append(Listing(file, path.read_text()))
    return [Programs(listings)] if len(listings) == 2 else []


def without_links(cell: str) -> Words:
    """A cell of a table in Markdown: code in backquotes, links by their words."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", cell.strip())
    parts = text.split("`")
    return [Code(part) if i % 2 else part for i, part in enumerate(parts) if part]


def features() -> list[Block]:
    """What the pool and the thread offer, from docs/features.md."""
    path = TOP / "docs" / "features.md"
    if not path.is_file():
        return []
    rows: list[list[Words]] = []
    side = ""
    for line in path.read_text().splitlines():
        if line.startswith("## "):
            side = "pool" if "pool" in line else "thread"
        cells = re.split(r"(?<!\\)\|", line)[1:-1]
        if len(cells) == 4 and cells[0].strip() not in ("feature", "---"):
            rows.append([side, without_links(cells[0]), without_links(cells[1]), without_links(cells[3])])
    words = joined(["What is measured, by the calls of its two libraries, and the test that fails where one is "
                    "broken. ", Code("docs/features.md"), " of poolbench has an example of each."], "")
    table = Table(["of", "feature", "calls", "test"], rows, "Calls and tests by feature")
    return [Section("Features", [Paragraph(words), table], "features")]
