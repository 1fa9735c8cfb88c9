#!/usr/bin/env python3
"""Archives that nobody should open: what is in them leads elsewhere, is no file, is there twice, never ends, is damaged
or is made at random. Each ends in one line, with nothing placed, in bounded memory and disk."""
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from report_helpers import TOP, files_of, main, skip

from madeup_run import MACHINE, RUN_ID, make_documents, write_run

from archive import frames, unpack
from archive.manifests import END, MANIFEST, Manifest, Member, header, padding
from base.files import RunError

ARCHIVE = TOP / "scripts" / "archive"
SEED = int(os.environ.get("POOLBENCH_FUZZ_SEED", "1"))
TRIALS = int(os.environ.get("POOLBENCH_FUZZ_TRIALS", "150"))
MEMORY_MAX_BYTES, DISK_MAX_BYTES, SECONDS_MAX = 1 << 30, 1 << 20, 60
TOP_NAME = f"{MACHINE}/{RUN_ID}"
OTHER = "other-cpu-2c-0badcafe/20260102T030405Z-0123abcd"

if not shutil.which("zstd"):
    skip("no zstd")


def compress(chunks: Iterable[bytes], file: Path, *options: str) -> Path:
    with file.open("wb") as out:
        zstd = subprocess.Popen(["zstd", "-q", "-1", *options, "-c"], stdin=subprocess.PIPE, stdout=out)
        assert zstd.stdin
        for chunk in chunks:
            zstd.stdin.write(chunk)
        zstd.stdin.close()
        assert zstd.wait() == 0
    return file


def member_of(path: str, data: bytes) -> Member:
    return Member(path, len(data), hashlib.sha256(data).hexdigest())


@dataclass
class Made:
    """The parts of an archive, each of which a test may change."""
    files: dict[str, bytes]
    manifest: bytes = b""
    blocks: list[bytes] = field(default_factory=list)  # one a file
    end: bytes = END

    def __post_init__(self) -> None:
        of = Manifest(MACHINE, RUN_ID, [member_of(path, data) for path, data in sorted(self.files.items())])
        self.manifest = self.manifest or of.to_bytes()
        self.blocks = [header(of, path, len(data)) + data + padding(len(data)) for path, data in
                       sorted(self.files.items())]

    def first(self) -> bytes:
        return (header(Manifest(MACHINE, RUN_ID, []), MANIFEST, len(self.manifest)) + self.manifest
                + padding(len(self.manifest)))

    def bytes(self) -> bytes:
        return b"".join([self.first(), *self.blocks, self.end])


def sound_files(folder: Path) -> dict[str, bytes]:
    files = files_of(write_run(folder, *make_documents("smoke", only=["floors", "grain"])))
    return {**files, "hist/a.csv": b"1,2\n" * 300, f"hist/{'long-' * 20}b.csv": b"3,4\n", "README.txt": b"read me\n",
            "CITATION.cff": b"cff-version: 1.2.0\n"}


class Ended:
    """How opening ended, with what it took at most of memory and disk."""

    def __init__(self, file: Path, into: Path) -> None:
        process = subprocess.Popen([sys.executable, str(ARCHIVE), "--open", str(file), "--into", str(into)], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, errors="replace")
        assert process.stdout and process.stderr
        killer = threading.Timer(SECONDS_MAX, process.kill)
        killer.start()
        self.out, self.err = process.stdout.read(), process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        killer.cancel()
        process.returncode = self.code = os.waitstatus_to_exitcode(status)
        self.peak_bytes = usage.ru_maxrss * 1024


def refused(file: Path, *words: str) -> None:
    """By a process of its own; the folder beside is as it was."""
    into = file.parent / "into"
    (into / MACHINE).mkdir(parents=True, exist_ok=True)
    canary = into / MACHINE / "canary"
    canary.write_text("as it was")
    ended = Ended(file, into)
    line = ended.err.removesuffix("\n")
    assert ended.code == 1 and ended.out == "", (ended.code, ended.out, ended.err)
    assert line.isprintable() and line.startswith("scripts/archive: ") and len(line) < 1000, ended.err[:2000]
    assert any(word in line for word in words), (words, line)
    assert ended.peak_bytes <= MEMORY_MAX_BYTES, f"{ended.peak_bytes >> 20} MiB"
    assert files_of(into) == {f"{MACHINE}/canary": b"as it was"}, list(into.rglob("*"))


def refused_here(file: Path, *words: str) -> None:
    """The same in this process, which is faster."""
    into = file.parent / "into"
    into.mkdir(exist_ok=True)
    try:
        unpack.open_into(file, into, True)
    except RunError as error:
        line = str(error)
        assert len(line) < 1000 and any(word in line for word in words), (words, line)
        assert list(into.iterdir()) == [], list(into.rglob("*"))
        return
    raise AssertionError(f"it was opened: {file.name} {words}")


def test_sound(folder: Path) -> None:
    """What the others change is opened as it is."""
    made = Made(sound_files(folder / "run"))
    placed = unpack.open_into(compress([made.bytes()], folder / "a"), folder / "into", False)
    assert not placed.was_there and files_of(placed.run) == {**made.files, MANIFEST: made.manifest}


def tar_of(infos: Iterable[tuple[tarfile.TarInfo, bytes]], form: int = tarfile.PAX_FORMAT, **more: dict) -> bytes:
    """As another program writes it."""
    out = BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form, **more) as tar:  # type: ignore[call-overload]
        for info, data in infos:
            info.size = len(data)
            tar.addfile(info, BytesIO(data))
    return out.getvalue()


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644, **pax: str) -> bytes:
    """One entry of a tar file, without the end."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode, info.pax_headers = kind, link, mode, pax
    info.mtime = 1767323045
    return info.tobuf(tarfile.PAX_FORMAT)


def in_place_of_second(made: Made, block: bytes, folder: Path, *words: str) -> None:
    """Both where a file should be and behind the last one."""
    name = f"{len(list(folder.glob('*.zst')))}"
    kept = made.blocks[1]
    made.blocks[1] = block
    refused_here(compress([made.bytes()], folder / f"{name}.zst"), *words)
    made.blocks[1] = kept
    made.blocks.append(block)
    refused_here(compress([made.bytes()], folder / f"{name}e.zst"), *words)
    made.blocks.pop()


def test_kinds_of_entries(folder: Path) -> None:
    made = Made(sound_files(folder / "run"))
    inside = f"{TOP_NAME}/hist/x.csv"
    for name, kind, link, *words in (
            (inside, tarfile.SYMTYPE, "/etc/passwd", "has a symbolic link"),
            (inside, tarfile.SYMTYPE, "../../../x", "has a symbolic link"),
            (f"{TOP_NAME}/hist", tarfile.SYMTYPE, "/tmp", "has a symbolic link"),
            (inside, tarfile.LNKTYPE, f"{TOP_NAME}/run.json", "has a hard link"),
            (inside, tarfile.CHRTYPE, "", "has a device"), (inside, tarfile.BLKTYPE, "", "has a device"),
            (inside, tarfile.FIFOTYPE, "", "has a pipe"), (f"{TOP_NAME}/hist", tarfile.DIRTYPE, "", "has a folder"),
            (inside, tarfile.CONTTYPE, "", "has a contiguous file"),
            (inside, tarfile.GNUTYPE_SPARSE, "", "has a sparse file"),
            (inside, tarfile.GNUTYPE_LONGNAME, "", "has a long name of GNU's"),
            (inside, tarfile.GNUTYPE_LONGLINK, "", "has a long link of GNU's"),
            (inside, b"g", "", "has a record for all files"), (inside, b"Z", "", "does not name", "where")):
        in_place_of_second(made, entry(name, kind, link), folder, *words)


def test_names_of_entries(folder: Path) -> None:
    made = Made(sound_files(folder / "run"))
    for name in ("/etc/passwd", "../x", "x", f"{TOP_NAME}/../../x", f"../{TOP_NAME}/run.json", f"./{TOP_NAME}/run.json",
                 f"{OTHER}/run.json", f"/{TOP_NAME}/run.json", "C:\\x", "\u202etxt.nosj", "a\x1b[2Jb", "a\nb",
                 f"{TOP_NAME}/hist/../x", f"{TOP_NAME}/x" * 9, "\u00e9", f"{TOP_NAME}/hist/x.csv/", f"{TOP_NAME}/",
                 f"{TOP_NAME}/RUN.JSON", f"{TOP_NAME}/run.json.", f"{TOP_NAME}//run.json", "x" * 30000):
        in_place_of_second(made, entry(name), folder, "is not below", "does not name", "otherwise than",
                           "another long name", "where")
    for pax in ({"path": "/etc/passwd"}, {"path": "../x"}, {"size": "99999999999"}, {"linkpath": "x"},
                {"GNU.sparse.major": "1", "GNU.sparse.name": "x", "GNU.sparse.realsize": "99999999"},
                {"path": "x" * 100000}, {"mtime": "1e400"}, {"hdrcharset": "BINARY"}, {"uid": "0"}):
        in_place_of_second(made, entry(f"{TOP_NAME}/journal.jsonl", **pax), folder, "another long name")
    gnu = tarfile.TarInfo(f"{TOP_NAME}/{'y' * 200}").tobuf(tarfile.GNU_FORMAT)
    in_place_of_second(made, gnu, folder, "a long name of GNU's")


def test_headers(folder: Path) -> None:
    """The right name and size, and something else that is not as it should be: also each single byte."""
    made = Made(sound_files(folder / "run"))
    at = sorted(made.files).index("hist/a.csv")
    block, data = made.blocks[at][:512], made.blocks[at][512:]

    def patched(offset: int, value: bytes) -> bytes:
        changed = block[:offset] + value + block[offset + len(value):]
        total = sum(changed[:148] + b" " * 8 + changed[156:])
        return changed[:148] + b"%06o\0 " % total + changed[156:] + data

    for i, (offset, value) in enumerate((
            (100, b"0004755"), (100, b"0002755"), (100, b"0000666"), (108, b"0000001"), (116, b"0000001"),
            (136, b"77777777777"), (157, b"/etc/passwd"), (265, b"root"), (297, b"root"), (345, b"/etc"),
            (124, b"\x80\0\0\0\0\0\0\0\0\0\0\1"), (124, b"77777777777"), (124, b"-0000000001"), (500, b"x"),
            (257, b"ustar  \0"), (148, b"0000000"))):
        made.blocks[at] = patched(offset, value) if offset != 148 else block[:148] + value + block[155:] + data
        refused_here(compress([made.bytes()], folder / f"{i}.zst"), "otherwise than", "something else than")
    for offset in range(0, 512, 7):
        made.blocks[at] = block[:offset] + bytes([block[offset] ^ 0x40]) + block[offset + 1:] + data
        refused_here(compress([made.bytes()], folder / "bit.zst"), "hist/a.csv", "not below", "not name", "has a")
    made.blocks[at] = block + data[:-1] + b"x"
    refused_here(compress([made.bytes()], folder / "pad.zst"), "something between")


def test_wrong_members(folder: Path) -> None:
    files = sound_files(folder / "run")
    paths = sorted(files)

    def attempt(name: str, change: Callable[[Made], object], *words: str) -> None:
        made = Made(files)
        change(made)
        refused_here(compress([made.bytes()], folder / name), *words)

    attempt("missing", lambda of: of.blocks.pop(1), f"has '{paths[2]}' where '{paths[1]}' should be")
    attempt("missing before", lambda of: of.blocks.pop(2), f"has another long name where '{paths[2]}' should be")
    attempt("missing last", lambda of: of.blocks.pop(), f"ends before '{paths[-1]}'")
    attempt("twice", lambda of: of.blocks.insert(2, of.blocks[1]), f"has '{paths[1]}' twice")
    attempt("twice at the end", lambda of: of.blocks.append(of.blocks[1]), f"has '{paths[1]}' twice")
    attempt("swapped", lambda of: of.blocks.insert(0, of.blocks.pop(1)), f"has '{paths[1]}' where '{paths[0]}'")
    extra = Made({**files, "hist/z.csv": b"1"})
    at = sorted(extra.files).index("hist/z.csv")
    attempt("extra", lambda of: of.blocks.insert(at, extra.blocks[at]), "'hist/z.csv', which its manifest does not")
    attempt("extra at the end", lambda of: of.blocks.append(extra.blocks[at]), "'hist/z.csv', which its manifest does")
    attempt("second manifest", lambda of: of.blocks.append(of.first()), "'MANIFEST.json', which its manifest does")
    attempt("no manifest", lambda of: setattr(of, "first", lambda: b""), "does not begin with")
    attempt("two runs", lambda of: setattr(of, "end", of.bytes()), "which its manifest does not name")
    attempt("behind the end", lambda of: setattr(of, "end", END + b"x"), "goes on behind its end")
    attempt("zeros behind the end", lambda of: setattr(of, "end", bytes(10240)), "goes on behind its end")
    attempt("no end", lambda of: setattr(of, "end", b""), "ends early")
    attempt("half an end", lambda of: setattr(of, "end", bytes(512)), "ends early")
    for path in paths:
        made = Made(files)
        i, size = paths.index(path), len(files[path])
        start = len(made.blocks[i]) - size - len(padding(size))
        changed = bytearray(made.blocks[i])
        changed[start + size // 2] ^= 1
        made.blocks[i] = bytes(changed)
        refused_here(compress([made.bytes()], folder / "digest"), f"'{path}' of ")


def test_wrong_manifests(folder: Path) -> None:
    files = sound_files(folder / "run")
    right = json.loads(Made(files).manifest)

    def attempt(change: Callable[[dict], object], *words: str) -> None:
        document = json.loads(json.dumps(right))
        change(document)
        data = (json.dumps(document, indent=1) + "\n").encode()
        refused_here(compress([Made(files, data).bytes()], folder / "a.zst"), *words)

    def set_path(path: str) -> Callable[[dict], object]:
        return lambda of: of["files"][1].update(path=path)

    def add(path: str) -> Callable[[dict], object]:
        def change(of: dict) -> None:
            of["files"].append({**of["files"][0], "path": path, "kind": "measured"})
            of["files"].sort(key=lambda file: file["path"])
        return change

    for path in ("../x", "/etc/passwd", "hist/../../x.csv", "hist/x", "x.csv", "hist/.x.csv", "hist/a/b.csv", "",
                 "hist/\u202ez.csv", "hist/e\u0301.csv", "hist/z\x1b.csv", "hist/a b.csv", "hist/-x.csv",
                 f"hist/{'x' * 300}.csv", "hist/a\\b.csv", "MANIFEST.json", "plots/x.sh", "CON.csv", ".gitignore"):
        attempt(set_path(path), "no file of a run", "not in the order")
    for extra in ("\u200b", "\u202e", "\0", "\x1b", " ", "\ud800"):  # which reading takes away
        attempt(lambda of, extra=extra: of["files"][0].update(path=of["files"][0]["path"] + extra),  # type: ignore
                "not as scripts/archive")
    attempt(add("hist/a.csv"), "'hist/a.csv' twice")
    attempt(add("hist/A.csv"), "differ in case only")
    attempt(lambda of: of["files"].reverse(), "not in the order")
    attempt(lambda of: of.update(files=[]), "has no run.json")
    attempt(lambda of: of.update(files=of["files"] * 3000), "no run has more than")
    attempt(lambda of: of["files"][0].update(bytes=1 << 40), "larger than")
    attempt(lambda of: of["files"][0].update(bytes=-1), "larger than")
    attempt(lambda of: of["files"][0].update(bytes=1.5), "not a whole number")
    attempt(lambda of: [file.update(bytes=1 << 28) for file in of["files"]], "more than 1024 MiB")
    attempt(lambda of: of["files"][0].update(sha256="x"), "is no digest")
    attempt(lambda of: of["files"][0].update(sha256=None), "is not a text")
    attempt(lambda of: of["files"][0].update(sha256="A" * 64), "is no digest")
    attempt(lambda of: of["files"][0].update(kind="drawn"), "not as scripts/archive")
    attempt(lambda of: of["files"][0].update(more=1), "not as scripts/archive")
    attempt(lambda of: of.update(schema=2), "has schema 2", "use a newer poolbench")
    attempt(lambda of: of.update(schema=0), "not as scripts/archive")
    attempt(lambda of: of.update(schema="1"), "not a whole number")
    attempt(lambda of: of.update(machine="other-cpu"), "that of another run")
    attempt(lambda of: of.update(machine=".."), "a machine that is none")
    attempt(lambda of: of.update(run="../x"), "a run that is none")
    attempt(lambda of: of.pop("files"), "has no 'files'")
    attempt(lambda of: of.update(files={}), "not a list")
    for data in (b"[]", b"{", b"\xff\xfe", b"null", b'{"a":' * 100000, b"", Made(files).manifest + b" ",
                 Made(files).manifest.replace(b'"schema": 1', b'"schema": 1,\n "schema": 1')):
        made = Made(files)
        made.manifest = data
        refused_here(compress([made.bytes()], folder / "b.zst"), "no complete JSON", "is not an object",
                     "not as scripts/archive")


def test_wrong_runs(folder: Path) -> None:
    """All digests are right, but it is no run, or another one."""
    files = sound_files(folder / "run")
    for change, *words in (({"run.json": b"{}"}, "holds no run that can be read"),
                           ({"journal.jsonl": b"{}\n{\n"}, "holds no run", "line 2"),
                           ({"run.json": files["run.json"].replace(MACHINE.encode(), b"made-up-cpu-2c-0badcaff")},
                            "holds another run than it says"),
                           ({"run.json": files["run.json"].replace(b'"schema": 1', b'"schema": 9')}, "newer")):
        refused_here(compress([Made({**files, **change}).bytes()], folder / "a.zst"), *words)  # type: ignore[arg-type]


def test_texts(folder: Path) -> None:
    """People print them."""
    files = sound_files(folder / "run")
    control, short = "control characters", ("README.txt", "CITATION.cff")
    bad = [(b"\x1b]0;x\x07", control), (b"a\rb", control), ("\u202ex".encode(), control), (b"\xff", "no text"),
           (b"x\xe2\x80", "no text")]
    across = (b"x" * ((1 << 20) - 1) + "\u202e".encode(), control)  # read in two pieces
    large = (b"x" * ((1 << 20) + 1), "larger than 1 MiB")
    for name in (*short, "hist/a.csv", "topology.xml", "gbench.json"):
        for data, words in (*bad, large if name in short else across):
            refused_here(compress([Made({**files, name: data}).bytes()], folder / "a.zst"), f"{words}")


def frame(before: bytes, n_zeros: int = 0, descriptor: bytes = b"\0\x38", behind: bytes = b"") -> bytes:
    """As zstd packs, without any compression but that of zeros: 128 KiB of them take four bytes."""
    size = 1 << 17
    blocks = [(len(part) << 3).to_bytes(3, "little") + part
              for part in (before[at:at + size] for at in range(0, len(before), size))]
    blocks += [(size << 3 | 2).to_bytes(3, "little") + b"\0"] * (n_zeros // size)
    return b"".join([frames.MAGIC, descriptor, *blocks, behind, b"\1\0\0"])


def test_hidden_in_what_zstd_skips(folder: Path) -> None:
    """Frames and blocks of nothing, which may go on for as long as a file, or say something to who looks."""
    made = Made(sound_files(folder / "run"))
    data, file = made.bytes(), folder / "a.zst"
    whole = compress([data], folder / "sound.zst").read_bytes()
    skipped, empty = b"\x50\x2a\x4d\x18\6\0\0\0hidden", frame(b"")
    file.write_bytes(frame(data))
    unpack.open_into(file, folder / "placed", False)
    nothing, odd = b"\0\0\0", b"\x14\0\0" + b"\0\0"  # raw, and compressed
    assert frame(b"", behind=odd)[-8:-3] == odd
    for packed, *words in (
            (whole + skipped, "goes on behind"), (skipped + whole, "is not compressed by zstd"),
            (whole + empty, "goes on behind"), (empty + whole, "goes on behind"), (whole + bytes(5000), "goes on"),
            (whole[:4] + bytes([whole[4] | 0x10]) + whole[5:], "not packed as"),
            (frame(data, descriptor=b"\1\x38h"), "not packed as"),
            (frame(data, descriptor=b"\3\x38hide"), "not packed"),
            (frame(data, behind=nothing * 5), "blocks of nothing"),
            (frame(data, behind=b"\2\0\0h"), "blocks of nothing"),
            (frame(data, behind=odd * 100000), "is larger than what is in it", "is damaged")):
        file.write_bytes(packed)
        refused_here(file, *words)
    file.write_bytes(whole + empty * 20000)
    refused(file, "goes on behind")
    try:  # the count ends, however large the file is
        frames.check(BytesIO(frame(data, behind=odd * 5000)), "it", frames.blocks_max(1 << 20))
        raise AssertionError("nothing was found")
    except RunError as error:
        assert "blocks of nothing" in str(error), error


def zeros(n_mib: int) -> Iterator[bytes]:
    for _ in range(n_mib):
        yield bytes(1 << 20)


class Largest:
    """How much a folder held at most."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bytes, self.is_over = folder, 0, False
        self.thread = threading.Thread(target=self.watch)

    def watch(self) -> None:
        while not self.is_over:
            total = 0
            for root, _, names in os.walk(self.folder):
                for name in names:
                    try:
                        total += os.lstat(os.path.join(root, name)).st_blocks * 512
                    except OSError:
                        pass
            self.bytes = max(self.bytes, total)
            time.sleep(0.002)

    def __enter__(self) -> "Largest":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over = True
        self.thread.join()


def test_bombs(folder: Path) -> None:
    """10 GiB behind 1 MiB: it ends where the manifest's sizes end, or where no run goes on."""
    made = Made(sound_files(folder / "run"))
    sparse = tarfile.TarInfo(f"{TOP_NAME}/CITATION.cff")
    sparse.size = 1 << 30
    huge = Manifest(MACHINE, RUN_ID, [Member("run.json", 1 << 40, "0" * 64)])
    large = Manifest(MACHINE, RUN_ID, [])
    (folder / "into").mkdir()
    bomb = folder / "bomb.zst"
    with Largest(folder / "into") as largest:
        for before, *words in ((b"", "does not begin with"), (made.first() + sparse.tobuf(), "otherwise than"),
                               (b"".join([made.first(), *made.blocks, END]), "goes on behind"),
                               (Made({}, huge.to_bytes()).first(), "is larger than 256 MiB"),
                               (header(large, MANIFEST, 10 << 30), "does not begin", "larger than 4 MiB"),
                               (header(large, MANIFEST, (8 << 30) - 1), "larger than 4 MiB")):
            bomb.write_bytes(frame(before, 10 << 30))
            assert bomb.stat().st_size < 2 << 20
            refused(bomb, *words)
    assert largest.bytes <= DISK_MAX_BYTES, largest.bytes


def test_wide_window(folder: Path) -> None:
    """A frame may ask for gigabytes before it yields a byte."""
    wide = folder / "wide.zst"
    compress(zeros(160), wide, "--long=27")
    refused(wide, "is damaged")


def test_damaged_files(folder: Path) -> None:
    made = Made(sound_files(folder / "run"))
    whole = compress([made.bytes()], folder / "a.zst").read_bytes()
    for size in (0, 1, 3, 4, 8, 20, len(whole) // 2, len(whole) - 5, len(whole) - 1):
        (folder / "cut.zst").write_bytes(whole[:size])
        refused_here(folder / "cut.zst", "is damaged", "is no archive", "ends early")
    for size in range(0, len(made.bytes()), 5000):
        refused_here(compress([made.bytes()[:size]], folder / "tar.zst"), "ends early")
    for data in (b"x" * 5000, b"\x1f\x8b" + bytes(100), b"PK\3\4" + bytes(100), made.bytes()):
        (folder / "none.zst").write_bytes(data)
        refused_here(folder / "none.zst", "is not compressed by zstd")
    for tail in (b"x", b"\x1f\x8b\x08", whole[:50]):
        (folder / "tail.zst").write_bytes(whole + tail)
        refused_here(folder / "tail.zst", "is damaged", "goes on")
    (folder / "tail.zst").write_bytes(whole + whole)
    refused(folder / "tail.zst", "goes on behind")


def test_no_files(folder: Path) -> None:
    pipe, zero, loop = folder / "pipe", folder / "zero", folder / "loop"
    os.mkfifo(pipe)
    zero.symlink_to("/dev/zero")
    loop.symlink_to(loop)
    for path in (pipe, zero, loop, folder):
        refused(path, "is no file")
    with (folder / "holes.zst").open("wb") as file:
        file.truncate(2 << 30)
    refused(folder / "holes.zst", "is larger than")


def test_plain_tar_is_refused(folder: Path) -> None:
    """Of the same files: what another program wrote has owners, folders and times."""
    run = write_run(folder / "run", *make_documents("smoke", only=["floors", "grain"]))
    plain = subprocess.run(["tar", "-C", str(folder / "run"), "-cf", "-", str(run.relative_to(folder / "run"))],
                           capture_output=True, check=True).stdout
    refused(compress([plain], folder / "tar.zst"), "does not begin with")


def test_at_random(folder: Path) -> None:
    """Bytes changed, dropped, doubled and moved, before and behind compression. What opens is what was packed."""
    made = Made(sound_files(folder / "run"))
    plain = made.bytes()
    packed = compress([plain], folder / "sound.zst").read_bytes()
    wanted = {**made.files, MANIFEST: made.manifest}
    n_opened = 0
    for trial in range(TRIALS):
        rng = random.Random(f"{SEED} {trial}")
        is_inside = rng.random() < 0.7
        data = bytearray(plain if is_inside else packed)
        for _ in range(rng.choice([0, 1, 1, 2, 5])):
            step = 512 if is_inside and rng.random() < 0.6 else 1
            at, to = (rng.randrange(max(1, len(data) // step)) * step for _ in range(2))
            n = rng.choice([1, 2, 4]) * step
            kind = rng.randrange(5)
            if kind == 0:
                data[at:at + 1] = bytes([rng.randrange(256)])
            elif kind == 1:
                del data[at:at + n]
            elif kind == 2:
                data[to:to] = data[at:at + n]
            elif kind == 3:
                data[at:at + n] = rng.randbytes(n)
            else:
                del data[at:]
        file = folder / "trial.zst"
        if is_inside:
            compress([bytes(data)], file)
        else:
            file.write_bytes(data)
        into = folder / "into"
        try:
            placed = unpack.open_into(file, into, True)
            assert files_of(placed.run) == wanted, "it opened and is another"
            shutil.rmtree(into)
            n_opened += 1
        except RunError as error:
            assert len(str(error)) < 1000 and not into.exists(), error
        except BaseException:
            print(f"again with: POOLBENCH_FUZZ_SEED={SEED}, trial {trial}")
            raise
    assert TRIALS < 20 or 0 < n_opened < TRIALS / 2, f"{n_opened} of {TRIALS} opened"


def test_bytes_at_random_behind_a_manifest(folder: Path) -> None:
    """Whoever makes an archive can make its digests right too: the run in it is read like any other."""
    files = sound_files(folder / "run")
    for trial in range(TRIALS // 5):
        rng = random.Random(f"run {SEED} {trial}")
        data = bytearray(files["run.json"])
        for _ in range(rng.randrange(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            unpack.open_into(compress([Made({**files, "run.json": bytes(data)}).bytes()], folder / "a.zst"),
                             folder / str(trial), False)
        except RunError as error:
            assert "holds" in str(error), error
        except BaseException:
            print(f"again with: POOLBENCH_FUZZ_SEED={SEED}, trial {trial}")
            raise


# Of this process: what it opens itself is bounded like the scripts are.
resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_MAX_BYTES, MEMORY_MAX_BYTES))
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
main(globals())
