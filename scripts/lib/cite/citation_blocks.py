"""Reads citations out of files: whole, or with other words around them. Nothing in them is trusted."""
import codecs
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from base.files import RunError, get, parse_strictly
from base.text import clean
from cite import citation_formats as formats
from cite.citations import EDITION, SCHEMA

SIZE_MAX_BYTES = 1 << 24
BLOCKS_MAX = 200
BEGINNING = re.compile(r"^[ \t]*(?:(?P<bibtex>@misc\{poolbench-)|(?P<markdown>\*\*poolbench citation )|"
                       r"(?P<text>poolbench citation ))(?P<id>[A-Za-z0-9_-]{1,100}-[0-9a-z]{8})(?![A-Za-z0-9_-])",
                       re.MULTILINE)
ENDING = re.compile(rf"{formats.ENDING} ([0-9a-f]{{{formats.SHORT}}})")
RECORD = re.compile(r"(?<!\S)(\d{1,4}\.(?:a|b|effect|test)|[sdf]\d{1,4}|schema)((?: [a-z_0-9]{1,12}=\S{1,80})+)")
# Its row stands right before that of the schema: words of the run may look alike.
RUN = re.compile(r"(?<!\S)run (\S{1,200}) on (\S{1,200}) started (?=(?:\S{1,200} ){1,9}schema citation=)")
DIGEST_OF_JSON = re.compile(r'"digest": *"[0-9a-f]{64}"')
BIBTEX_END = re.compile(r"\s*\}\s*\}")
ID = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]{0,60})-([0-9a-f]{8})")
MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
         (codecs.BOM_UTF16_BE, "utf-16"))  # that of 32 bits begins as that of 16 does
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True)
class Block:
    """A citation as it was found in a file."""
    format: str
    id: str
    run: str
    machine: str
    schema: int
    edition: int
    text: str                              # of text, Markdown and BibTeX
    digest: str
    records: dict[str, dict[str, str]]
    document: dict[str, Any]               # of JSON


def read_file(path: Path) -> str:
    name = "stdin" if str(path) == "-" else f"'{path}'"
    try:
        if str(path) == "-":
            data = sys.stdin.buffer.read(SIZE_MAX_BYTES + 1)
        elif not os.path.isfile(path):
            raise RunError(f"{name} is no file: give one with a block of scripts/cite, or - for stdin")
        else:
            with open(path, "rb") as file:
                data = file.read(SIZE_MAX_BYTES + 1)
    except OSError as error:
        raise RunError(f"cannot read {name}: {error.strerror or error}") from None
    if len(data) > SIZE_MAX_BYTES:
        raise RunError(f"{name} is larger than {SIZE_MAX_BYTES >> 20} MiB: no block is")
    try:
        return decoded(data)
    except UnicodeDecodeError:
        raise RunError(f"{name} is no text in UTF-8: give the block as scripts/cite wrote it") from None


def decoded(data: bytes) -> str:
    """Editors and shells of other systems save a text with a mark of its encoding, and end lines otherwise."""
    encoding = next((encoding for mark, encoding in MARKS if data.startswith(mark)), "utf-8")
    return re.sub("\r\n?", "\n", re.sub("^\ufeff", "", data.decode(encoding), flags=re.MULTILINE))


def read_blocks(path: Path) -> list[Block]:
    """All of a file, at least one. What stands between them is no part of them."""
    data = read_file(path)
    if data.lstrip().startswith("{"):
        return [json_block(parse_strictly(data.encode(), "the block"))]
    starts = list(BEGINNING.finditer(data))
    if not starts:
        raise RunError("there is no block in it: one begins with 'poolbench citation', with @misc{poolbench- or, of "
                       "JSON, with {")
    if len(starts) > BLOCKS_MAX:
        raise RunError(f"there are {len(starts)} blocks in it: {BLOCKS_MAX} are the most")
    if len(ENDING.findall(data)) > len(starts) or DIGEST_OF_JSON.search(data):
        raise RunError("there is a block in it that cannot be read: give it unquoted and outside of lists, and JSON "
                       "in a file of its own")
    ends = [start.start() for start in starts[1:]] + [len(data)]
    return [text_block(start, data[start.start():end]) for start, end in zip(starts, ends)]


def text_block(start: re.Match[str], data: str) -> Block:
    name = start["id"]
    end = ENDING.search(data)
    if not end:
        raise RunError(f"{name} is cut off: it ends with '{formats.ENDING}'")
    block = data[:end.end()]
    if start["bibtex"] and not BIBTEX_END.match(data, end.end()):
        raise RunError(f"{name} goes on behind its digest: the entry should end there with two braces")
    words = plain_words(block)
    records: dict[str, dict[str, str]] = {}
    for found in RECORD.finditer(words):
        if found[1] in records:
            raise RunError(f"{name} has {found[1]} twice")
        records[found[1]] = dict(field.split("=", 1) for field in found[2].split())
    run, versions = RUN.search(words), records.pop("schema", {})
    if not run:
        raise RunError(f"{name} does not say of which run it is: 'run <id> on <machine>'")
    schema, edition = (whole(versions.get(of), f"the {of} of {name}") for of in ("citation", "edition"))
    check_version(schema, edition, name)
    return Block(str(start.lastgroup if start.lastgroup != "id" else next(
        of for of in ("bibtex", "markdown", "text") if start[of])), checked_id(name), plain(run[1], "the run"),
        plain(run[2], "the machine"), schema, edition, block, end[1], records, {})


def plain_words(block: str) -> str:
    """Without what Markdown and BibTeX put before letters, and in one line."""
    return " ".join(re.sub(r"\\([^A-Za-z0-9\s])", r"\1", block).split())


def facts(block: str) -> str:
    """All up to the row of the schema but the numbers of rows, which may be rounded otherwise. Without spaces: where
    lines are broken is no matter."""
    words = RECORD.sub(lambda of: of[1] + re.sub(r"=\S+", "=", of[2]), plain_words(block))
    return "".join(words.rpartition(" schema citation=")[0].split())


def json_block(of: dict[str, Any]) -> Block:
    name = checked_id(get(of, "id", str, "the block"))
    schema, edition = get(of, "schema", int, "the block"), get(of, "edition", int, "the block")
    check_version(schema, edition, name)
    run = get(of, "run", dict, "the block")
    return Block("json", name, plain(get(run, "id", str, "'run' of the block"), "the run"),
                 plain(get(run, "machine", str, "'run' of the block"), "the machine"), schema, edition, "",
                 get(of, "digest", str, "the block"), {}, of)


def whole(value: str | None, what: str) -> int:
    if value is None or not re.fullmatch(r"\d{1,6}", value):
        raise RunError(f"{what} is no whole number")
    return int(value)


def check_version(schema: int, edition: int, name: str) -> None:
    """What is not known is not verified: a block must not choose what it is held against."""
    for what, number, known in (("schema", schema, SCHEMA), ("edition", edition, EDITION)):
        if number > known:
            raise RunError(f"{name} has {what} {number}, these scripts read up to {known}: use a newer poolbench")
        if number < 1:
            raise RunError(f"{name} has {what} {number}: the first one is 1")


def checked_id(name: str) -> str:
    if not ID.fullmatch(name):
        raise RunError(f"'{clean(name)[:100]}' is no id: one looks like C2-0123abcd")
    return name


def plain(name: str, what: str) -> str:
    """What becomes part of a path."""
    if not PLAIN_NAME.fullmatch(name):
        raise RunError(f"{what} of the block has a name that is none: '{clean(name)[:100]}'")
    return name
