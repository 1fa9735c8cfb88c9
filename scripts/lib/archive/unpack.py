"""Opens archives of runs, which may come from anyone. The manifest stands first and says what follows; every other byte
must be the one that scripts/archive would have written, or nothing is placed."""
import errno
import hashlib
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from archive import frames
from archive.manifests import (ABOUT, BLOCK, DRAWN, END, MANIFEST, MANIFEST_MAX_BYTES, MEASURED, TEXT_MAX_BYTES,
                               Manifest, Member, check_names, check_text, header, is_text, kind_of, padding,
                               parse_manifest)
from archive.zstd import complaint, entered, zstd
from base.files import CHUNK_BYTES, RunError, read_chunks, sha256_of
from base.read import read_run
from base.text import clean

FILE_MAX_BYTES = 1 << 30
UNPACKED = ("--decompress", "--memory=32MiB")
KINDS = {b"1": "a hard link", b"2": "a symbolic link", b"3": "a device", b"4": "a device", b"5": "a folder",
         b"6": "a pipe", b"7": "a contiguous file", b"S": "a sparse file", b"L": "a long name of GNU's",
         b"K": "a long link of GNU's", b"g": "a record for all files", b"x": "another long name"}
MANIFEST_NAME = re.compile(rb"([a-z0-9-]+)/([0-9A-Za-z-]+)/" + re.escape(MANIFEST.encode()))
SIZE = re.compile(rb"[0-7]{11}\0")


class _Stream:
    """What zstd makes of the file, of which no more is taken than is asked for."""

    def __init__(self, process: "subprocess.Popen[bytes]", what: str) -> None:
        self.process, self.what, self.n_bytes = process, what, 0

    def some(self, most: int) -> bytes:
        """Empty at the end."""
        assert self.process.stdout
        data = self.process.stdout.read(min(most, CHUNK_BYTES))
        if not data and self.process.wait():
            raise RunError(f"{self.what} is damaged: {complaint(self.process)}")
        self.n_bytes += len(data)
        return data

    def exactly(self, size: int) -> bytes:
        """Of few bytes."""
        data = b""
        while len(data) < size:
            data += self.more(size - len(data))
        return data

    def more(self, most: int) -> bytes:
        data = self.some(most)
        if not data:
            raise RunError(f"{self.what} ends early")
        return data


@contextmanager
def _stream(path: Path) -> Iterator[_Stream]:
    """Nothing but files is opened: what else bears a name may never end. What is taken from it to the end is held
    against what was read for it."""
    what = f"'{path}'"
    if not os.path.isfile(path):
        raise RunError(f"{what} is no file: give an archive, <machine>-<run>.tar.zst")
    try:
        file = open(path, "rb")
    except OSError as error:
        raise RunError(f"cannot read {what}: {error.strerror}") from None
    with file:
        size = os.fstat(file.fileno()).st_size
        if size > FILE_MAX_BYTES:
            raise RunError(f"{what} is larger than {FILE_MAX_BYTES >> 20} MiB: no archive of a run is")
        if file.read(len(frames.MAGIC)) != frames.MAGIC:
            raise RunError(f"{what} is no archive: it is not compressed by zstd")
        file.seek(0)
        n_blocks = frames.check(file, what, frames.blocks_max(FILE_MAX_BYTES))
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        with zstd(*UNPACKED, stdin=file, stdout=subprocess.PIPE) as process:
            stream = _Stream(process, what)
            yield stream
        if n_blocks > frames.blocks_max(stream.n_bytes) or size > frames.packed_max(stream.n_bytes):
            raise RunError(f"{what} is larger than what is in it, and is not packed as scripts/archive does")


def _name_of(block: bytes) -> str:
    return clean(block[:100].rstrip(b"\0").decode(errors="replace"))[:200]


def _why_not(block: bytes, member: str, manifest: Manifest, done: list[str]) -> str:
    """In what a header differs from the one that should be there."""
    kind, name = block[156:157], _name_of(block)
    if block == bytes(BLOCK):
        return f"ends before '{member}'"
    if block[257:262] != b"ustar":
        return f"has something else than '{member}' where it should be"
    if kind in KINDS:
        return f"has {KINDS[kind]} where '{member}' should be: '{name}'"
    path = name.removeprefix(manifest.top + "/")
    if path == name:
        return f"has '{name}', which is not below '{manifest.top}/'"
    if path in done:
        return f"has '{path}' twice"
    if path != member:
        if all(of.path != path for of in manifest.members):
            return f"has '{path}', which its manifest does not name"
        return f"has '{path}' where '{member}' should be"
    return f"describes '{member}' otherwise than scripts/archive does"


def _read_manifest(stream: _Stream) -> Manifest:
    block = stream.exactly(BLOCK)
    found = MANIFEST_NAME.fullmatch(block[:100].rstrip(b"\0"))
    if not found or not SIZE.fullmatch(block[124:136]):
        raise RunError(f"{stream.what} is no archive of a run: it does not begin with <machine>/<run>/{MANIFEST}")
    size = int(block[124:135], 8)
    if size > MANIFEST_MAX_BYTES:
        raise RunError(f"the manifest of {stream.what} is larger than {MANIFEST_MAX_BYTES >> 20} MiB: none is")
    named = Manifest(found[1].decode(), found[2].decode(), [])
    check_names(named.machine, named.run, stream.what)
    if block != header(named, MANIFEST, size):
        raise RunError(f"{stream.what} {_why_not(block, MANIFEST, named, [])}")
    manifest = parse_manifest(stream.exactly(size), f"the manifest of {stream.what}")
    if manifest.top != named.top:
        raise RunError(f"the manifest of {stream.what} is that of another run: '{manifest.top}'")
    _skip(stream, padding(size))
    return manifest


def _skip(stream: _Stream, wanted: bytes) -> None:
    if stream.exactly(len(wanted)) != wanted:
        raise RunError(f"{stream.what} has something between its files")


def _copy(stream: _Stream, member: Member, file: BinaryIO) -> None:
    digest, left = hashlib.sha256(), member.size
    while left:
        chunk = stream.more(left)
        digest.update(chunk)
        file.write(chunk)
        left -= len(chunk)
    if digest.hexdigest() != member.digest:
        raise RunError(f"'{member.path}' of {stream.what} is not what its manifest says: its digest differs")
    _skip(stream, padding(member.size))


def _unpack(stream: _Stream, folder: Path) -> tuple[Manifest, Path]:
    manifest = _read_manifest(stream)
    run = folder / manifest.machine / manifest.run
    run.mkdir(parents=True)
    done: list[str] = []
    for member in manifest.members:
        wanted = header(manifest, member.path, member.size)
        for at in range(0, len(wanted), BLOCK):
            block = stream.exactly(BLOCK)
            if block != wanted[at:at + BLOCK]:
                raise RunError(f"{stream.what} {_why_not(block, member.path, manifest, done)}")
        path = run / member.path
        path.parent.mkdir(exist_ok=True)
        with path.open("xb") as file:
            _copy(stream, member, file)
        done.append(member.path)
    block = stream.exactly(BLOCK)
    if block != bytes(BLOCK):
        raise RunError(f"{stream.what} {_why_not(block, 'its end', manifest, done)}")
    _skip(stream, END[BLOCK:])
    if stream.some(1):
        raise RunError(f"{stream.what} goes on behind its end")
    (run / MANIFEST).write_bytes(manifest.to_bytes())
    return manifest, run


def _check_texts(manifest: Manifest, run: Path, what: str) -> None:
    for member in manifest.members:
        if member.kind == ABOUT and member.size > TEXT_MAX_BYTES:
            raise RunError(f"'{member.path}' of {what} is larger than {TEXT_MAX_BYTES >> 20} MiB: it is a short text")
        if is_text(member.path):
            check_text(read_chunks(run / member.path), f"'{member.path}' of {what}")


def _check_run(manifest: Manifest, run: Path, what: str) -> None:
    """What every script asks of a run, and that it is the one that its folder names."""
    try:
        document = read_run(run).document["run"]
    except RunError as error:  # it speaks of a folder that nobody knows
        raise RunError(f"{what} holds no run that can be read: {str(error).replace(f'{run}/', '')}") from None
    if (document["machine"], document["id"]) != (manifest.machine, manifest.run):
        raise RunError(f"{what} holds another run than it says: '{document['machine']}/{document['id']}'")


@contextmanager
def _new_folder(beside: Path | None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=".archive-", dir=beside) as folder:
        yield Path(folder)


@contextmanager
def opened(path: Path, beside: Path | None) -> Iterator[tuple[Manifest, Path]]:
    """The run in a folder of its own, wholly checked, which is gone in the end but for what was moved away."""
    with ExitStack() as stack:
        folder = entered(stack, _new_folder(beside))
        with ExitStack() as inner:
            manifest, run = _unpack(entered(inner, _stream(path)), folder)
        _check_texts(manifest, run, f"'{path}'")
        _check_run(manifest, run, f"'{path}'")
        yield manifest, run


@dataclass(frozen=True)
class Placed:
    run: Path
    was_there: bool


def _first_difference(manifest: Manifest, run: Path) -> str | None:
    """Of what was measured: reports are drawn anew."""
    wanted = {member.path for member in manifest.members}
    if more := sorted(_measured(run) - wanted):
        return f"'{more[0]}' is not in the archive"
    for member in manifest.members:
        if member.kind != MEASURED:
            continue
        try:
            is_alike = sha256_of(run / member.path) == member.digest
        except RunError:
            is_alike = False
        if not is_alike:
            return f"'{member.path}' differs"
    return None


def _measured(run: Path) -> set[str]:
    """The files of a folder that a run writes, packed or not."""
    hist = run / "hist"
    names = [name.removesuffix(".gz") for name in os.listdir(run)]
    names += [f"hist/{name}" for name in os.listdir(hist)] if hist.is_dir() else []
    return {name for name in names if kind_of(name) == MEASURED}


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False


def _existing(folder: Path) -> Path:
    """The nearest folder that is there: nothing is made for an archive that is then refused."""
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    if not os.path.isdir(folder):
        raise RunError(f"'{folder}' is no folder: name one with --into")
    return folder


def open_into(path: Path, into: Path, with_report: bool) -> Placed:
    """Puts the run at <into>/<machine>/<run>, all of it or nothing."""
    with opened(path, _existing(into)) as (manifest, run):
        target = into / manifest.machine / manifest.run
        if os.path.lexists(target):
            if not _is_folder(target):
                raise RunError(f"'{target}' is no folder: the run of '{path}' cannot be placed there")
            if differs := _first_difference(manifest, target):
                raise RunError(f"'{target}' is there already and is another: {differs}. Open the archive "
                               "with --into another folder")
            return Placed(target, True)
        if not with_report:
            for member in manifest.members:
                if member.kind == DRAWN:
                    (run / member.path).unlink()
            for name in ("data", "plots"):
                if (run / name).is_dir():
                    (run / name).rmdir()
        target.parent.mkdir(parents=True, exist_ok=True)
        _move(run, target)
    return Placed(target, False)


def _move(run: Path, target: Path) -> None:
    try:
        os.rename(run, target)
    except OSError as error:
        if error.errno != errno.EXDEV:  # the folder of the machine may lie on another disk than the one above it
            raise
        with ExitStack() as stack:
            near = entered(stack, _new_folder(target.parent)) / "run"
            shutil.copytree(run, near)
            os.rename(near, target)
