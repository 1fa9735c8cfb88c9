"""Packs a run into one file. What is stored as .gz goes in as what it holds, so however a run lies on a disk, its
archive is the same."""
import hashlib
import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from archive.manifests import (CITATION, DRAWN, END, FILES_MAX, FOLDERS, MANIFEST, MEASURED, README, TEXT_MAX_BYTES,
                               TOTAL_MAX_BYTES, Manifest, Member, check_members, check_text, checked_text, header,
                               is_text, kind_of, padding)
from archive.zstd import complaint, entered, zstd
from base.files import RunError, read_chunks
from base.text import clean

# One thread and a fixed level: the same bytes from the same version of zstd.
PACKED = ("-12", "--single-thread")
SHOWN_MAX = 5


@dataclass(frozen=True)
class Found:
    """What there is to pack of a folder, and the names of what is left out of the archive."""
    paths: list[str]
    left_out: list[str]


def _entries(run: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    with os.scandir(run) as entries:
        for entry in entries:
            if entry.name not in FOLDERS:
                yield entry.name, entry
                continue
            if not entry.is_dir(follow_symlinks=False):
                raise RunError(f"'{run / entry.name}' is no folder: an archive takes no links")
            with os.scandir(entry.path) as below:
                yield from ((f"{entry.name}/{of.name}", of) for of in below)


def find(run: Path, kinds: Iterable[str] = (MEASURED, DRAWN)) -> Found:
    paths, left_out = set(), []
    for name, entry in _entries(run):
        path = name.removesuffix(".gz") if kind_of(name.removesuffix(".gz")) == MEASURED else name
        kind = MEASURED if path != name and "/" not in name else kind_of(name)
        if name in (MANIFEST, README) or kind in (MEASURED, DRAWN) and kind not in kinds:
            continue
        if kind is None:
            left_out.append(name)
        elif not entry.is_file(follow_symlinks=False):
            raise RunError(f"'{run / name}' is no file: an archive takes neither links nor devices")
        elif path in paths:
            left_out.append(f"{path}.gz")  # readers take the plain one
        else:
            paths.add(path)
    return Found(sorted(paths), sorted(left_out))


def warning(left_out: list[str]) -> str:
    shown = ", ".join(f"'{clean(name)[:80]}'" for name in left_out[:SHOWN_MAX])
    more = f" and {len(left_out) - SHOWN_MAX} more" if len(left_out) > SHOWN_MAX else ""
    return f"left out, as no file of a run: {shown}{more}"


@dataclass(frozen=True)
class Packing:
    run: Path
    manifest: Manifest
    texts: dict[str, bytes]  # members that are not in the folder

    def chunks(self, path: str) -> Iterator[bytes]:
        """Of what opening refuses, none is packed."""
        if path in self.texts:
            return iter([self.texts[path]])
        chunks = read_chunks(self.run / path)
        return checked_text(chunks, f"'{self.run / path}'") if is_text(path) else chunks


def _digest(chunks: Iterable[bytes]) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
    return size, digest.hexdigest()


def prepare(run: Path, machine: str, name: str, found: Found, texts: dict[str, bytes]) -> Packing:
    """Reads every file once, for the manifest, which stands before them all."""
    if len(found.paths) + len(texts) > FILES_MAX:
        raise RunError(f"'{run}' has more than {FILES_MAX} files: no run has")
    packing = Packing(run, Manifest(machine, name, []), texts)
    members, total = [], 0
    for path in sorted({*found.paths, *texts}):
        size, digest = _digest(packing.chunks(path))
        total += size
        if total > TOTAL_MAX_BYTES:
            break
        members.append(Member(path, size, digest))
    if total > TOTAL_MAX_BYTES:
        raise RunError(f"'{run}' has more than {TOTAL_MAX_BYTES >> 20} MiB: no run has")
    check_members(members, f"'{run}'")
    return Packing(run, Manifest(machine, name, members), texts)


def stream(packing: Packing) -> Iterator[bytes]:
    """The bytes of the archive before they are compressed."""
    data = packing.manifest.to_bytes()
    yield header(packing.manifest, MANIFEST, len(data)) + data + padding(len(data))
    for member in packing.manifest.members:
        yield header(packing.manifest, member.path, member.size)
        digest, size = hashlib.sha256(), 0
        for chunk in packing.chunks(member.path):
            digest.update(chunk)
            size += len(chunk)
            yield chunk
        if (size, digest.hexdigest()) != (member.size, member.digest):
            raise RunError(f"'{packing.run / member.path}' changed while it was packed: try again")
        yield padding(member.size)
    yield END


@contextmanager
def _new_file(target: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """Beside its target, and gone in the end whatever happens, but for what was renamed."""
    handle, name = tempfile.mkstemp(prefix=".archive-", suffix=".part", dir=target.parent)
    try:
        umask = os.umask(0)
        os.umask(umask)
        os.fchmod(handle, 0o666 & ~umask)
        with os.fdopen(handle, "w+b") as file:
            yield file, Path(name)
    finally:
        if os.path.lexists(name):
            os.unlink(name)


def _compress(packing: Packing, file: BinaryIO, target: Path) -> None:
    with ExitStack() as stack:
        process = entered(stack, zstd(*PACKED, stdin=subprocess.PIPE, stdout=file))
        assert process.stdin
        try:
            for chunk in stream(packing):
                process.stdin.write(chunk)
            process.stdin.close()
        except BrokenPipeError:
            pass  # it says why itself
        if process.wait():
            raise RunError(f"cannot write '{target}': {complaint(process)}")


def _file_digest(file: BinaryIO) -> str:
    return _digest(iter(lambda: file.read(1 << 20), b""))[1]


def write(packing: Packing, target: Path, force: bool) -> str:
    """Returns the digest of the archive. What is there already is replaced only on demand, unless it is the same."""
    with ExitStack() as stack:
        file, part = entered(stack, _new_file(target))
        _compress(packing, file, target)
        file.seek(0)
        digest = _file_digest(file)
        if force:
            os.replace(part, target)
        elif not _placed(part, target):
            if not target.is_file():
                raise RunError(f"'{target}' is no file: name another with --output")
            with target.open("rb") as there:
                if _file_digest(there) == digest:
                    return digest
            raise RunError(f"'{target}' is there already and is another: name another file with --output, or replace "
                           "it with --force")
    return digest


def _placed(part: Path, target: Path) -> bool:
    """False where something is there. A link replaces nothing, not even what has just come there."""
    try:
        os.link(part, target)
        return True
    except FileExistsError:
        return False
    except OSError:  # not every file system has links
        if os.path.lexists(target):
            return False
    os.replace(part, target)
    return True


def citation_of(run: Path) -> bytes | None:
    """The one that lies in the folder: somebody may have put names into it."""
    path = run / CITATION
    if not os.path.lexists(path):
        return None
    if path.is_symlink():
        raise RunError(f"'{path}' is no file: an archive takes neither links nor devices")
    data = b"".join(read_chunks(path, TEXT_MAX_BYTES))
    check_text([data], f"'{path}'")
    return data

