"""What an archive of a run holds, and the bytes around its files. There is one form only: the same run gives the same
bytes, and who reads an archive compares it with what would have been written."""
import calendar
import codecs
import itertools
import json
import re
import time
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from base.files import SIZE_MAX_BYTES, RunError, check_kind, get, items, parse
from base.text import INVISIBLE

SCHEMA = 1
MANIFEST, CITATION, README = "MANIFEST.json", "CITATION.cff", "README.txt"
MEASURED, DRAWN, ABOUT = "measured", "drawn", "about"

# Many times what the largest run has.
FILES_MAX, TOTAL_MAX_BYTES, MANIFEST_MAX_BYTES, TEXT_MAX_BYTES = 10000, 1 << 30, 1 << 22, 1 << 20

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,239}"
PATHS = {
    MEASURED: re.compile(rf"(run|machine|gbench)\.json|journal\.jsonl|topology\.xml|hist/{NAME}\.(hgrm|csv)"),
    DRAWN: re.compile(rf"data\.csv|report\.html|(summary|CITE)\.md|data/{NAME}\.dat|plots/{NAME}\.(svg|png|gp)"),
    ABOUT: re.compile(re.escape(CITATION) + "|" + re.escape(README)),
}
FOLDERS = ("hist", "data", "plots")
# Together with the name of the manifest these fit into the 100 characters of a plain header.
MACHINE = re.compile(r"[a-z0-9][a-z0-9-]{0,54}")
RUN = re.compile(r"\d{8}T\d{6}Z-[0-9a-z]{1,8}(-\d{1,4})?")
DIGEST = re.compile(r"[0-9a-f]{64}")

BLOCK = 512
PLAIN_NAME_MAX = 100
END = bytes(2 * BLOCK)


def kind_of(path: str) -> str | None:
    """None for what is no file of a run."""
    return next((kind for kind, paths in PATHS.items() if paths.fullmatch(path)), None)


@dataclass(frozen=True)
class Member:
    path: str  # below the folder of the run
    size: int
    digest: str  # SHA-256

    @property
    def kind(self) -> str | None:
        return kind_of(self.path)


@dataclass(frozen=True)
class Manifest:
    machine: str
    run: str
    members: list[Member]

    @property
    def top(self) -> str:
        return f"{self.machine}/{self.run}"

    def to_bytes(self) -> bytes:
        document = {"schema": SCHEMA, "machine": self.machine, "run": self.run,
                    "files": [{"path": of.path, "kind": of.kind, "bytes": of.size, "sha256": of.digest}
                              for of in self.members]}
        return (json.dumps(document, indent=1) + "\n").encode()


def check_names(machine: str, run: str, what: str) -> None:
    """They become folders."""
    if not MACHINE.fullmatch(machine):
        raise RunError(f"{what} names a machine that is none: '{machine[:80]}'")
    start_of(run, what)


def start_of(run: str, what: str) -> int:
    """When a run began, in seconds since 1970, as its name has it."""
    try:
        if RUN.fullmatch(run):
            return calendar.timegm(time.strptime(run[:16], "%Y%m%dT%H%M%SZ"))
    except ValueError:
        pass
    raise RunError(f"{what} names a run that is none: '{run[:80]}' is not <UTC time>-<commit>")


def check_members(members: list[Member], what: str) -> None:
    """Their order is that of their names, which says too that none is there twice."""
    paths = [of.path for of in members]
    for path in paths:
        if kind_of(path) is None:
            raise RunError(f"{what} has '{path[:200]}', which is no file of a run")
    for a, b in zip(sorted(paths), sorted(paths)[1:]):
        if a == b:
            raise RunError(f"{what} has '{a}' twice")
    lower = [path.lower() for path in sorted(paths)]
    if len(set(lower)) < len(lower):
        raise RunError(f"{what} has two names that differ in case only: some file systems hold but one of them")
    if paths != sorted(paths):
        raise RunError(f"{what} is not in the order of its names")
    if "run.json" not in paths:
        raise RunError(f"{what} has no run.json")
    for of in members:
        if not 0 <= of.size <= SIZE_MAX_BYTES:
            raise RunError(f"'{of.path}' of {what} is larger than {SIZE_MAX_BYTES >> 20} MiB: no file of a run is")
    if sum(of.size for of in members) > TOTAL_MAX_BYTES:
        raise RunError(f"{what} is of more than {TOTAL_MAX_BYTES >> 20} MiB: no run has")


def is_text(path: str) -> bool:
    """What people print on their terminals, and no script of these reads before they do."""
    return kind_of(path) == ABOUT or path in ("topology.xml", "gbench.json") or path.startswith("hist/")


def checked_text(chunks: Iterable[bytes], what: str) -> Iterator[bytes]:
    """The same chunks. Raises RunError where something in them would do something to a terminal."""
    decoder, seen = codecs.getincrementaldecoder("utf-8")(), {"\n", "\t"}
    for chunk in itertools.chain(chunks, [b""]):
        try:
            new = set(decoder.decode(chunk, final=not chunk)) - seen
        except ValueError:
            raise RunError(f"{what} is no text in UTF-8") from None
        if any(unicodedata.category(c) in INVISIBLE for c in new):
            raise RunError(f"{what} has control characters: it may have letters, tabs and ends of lines")
        seen |= new
        yield chunk


def check_text(chunks: Iterable[bytes], what: str) -> None:
    for _ in checked_text(chunks, what):
        pass


def _member(of: dict[str, Any], where: str) -> Member:
    digest = get(of, "sha256", str, where)
    if not DIGEST.fullmatch(digest):
        raise RunError(f"'sha256' of {where} is no digest")
    return Member(get(of, "path", str, where), get(of, "bytes", int, where), digest)


def parse_manifest(data: bytes, what: str) -> Manifest:
    """Takes a manifest only if these bytes are what would be written for it."""
    document = parse(data, what)
    schema = get(document, "schema", int, what)
    if schema > SCHEMA:
        raise RunError(f"{what} has schema {schema}, these scripts read up to {SCHEMA}: use a newer poolbench")
    manifest = Manifest(get(document, "machine", str, what), get(document, "run", str, what),
                        [_member(check_kind(of, dict, f"files[{i}] of {what}"), f"files[{i}] of {what}")
                         for i, of in enumerate(items(document, "files", dict, what, FILES_MAX))])
    check_names(manifest.machine, manifest.run, what)
    check_members(manifest.members, what)
    if manifest.to_bytes() != data:
        raise RunError(f"{what} is not as scripts/archive writes it")
    return manifest


# The frame of a file, in the format of POSIX.

def _header(name: bytes, size: int, when: int, kind: bytes) -> bytes:
    """Without owner, and readable for all: nothing of the machine that packed it."""
    fields = [name[:PLAIN_NAME_MAX].ljust(PLAIN_NAME_MAX, b"\0"), b"0000644\0", b"0000000\0", b"0000000\0",
              b"%011o\0" % size, b"%011o\0" % when, b" " * 8, kind, bytes(100), b"ustar\0", b"00", bytes(64),
              b"0000000\0", b"0000000\0"]
    block = b"".join(fields).ljust(BLOCK, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def padding(size: int) -> bytes:
    return bytes(-size % BLOCK)


def header(manifest: Manifest, path: str, size: int) -> bytes:
    """What stands before the bytes of a file. A name that is too long for its place has a record of its own."""
    name = f"{manifest.top}/{path}".encode()
    when = start_of(manifest.run, "the manifest")
    if len(name) <= PLAIN_NAME_MAX:
        return _header(name, size, when, b"0")
    length = len(b" path=\n") + len(name)
    record = b"%d path=%s\n" % (length + len(str(length + len(str(length)))), name)
    return (_header(b"././@PaxHeader", len(record), when, b"x") + record + padding(len(record))
            + _header(name, size, when, b"0"))
