#!/usr/bin/env python3
"""An archive of a run: the same bytes wherever and however the run lies, all of it back elsewhere, nothing half."""
import base64
import errno
import gzip
import hashlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

from report_helpers import TOP, files_of, main, report, rewrite, run_script, skip

from madeup_run import MACHINE, RUN_ID, make_documents, write_run

from archive import archives, unpack
from archive.manifests import Manifest
from base.files import RunError

ARCHIVE = TOP / "scripts" / "archive"
NAME = f"{MACHINE}-{RUN_ID}.tar.zst"
NOBODY = 65534
IN_NAMESPACE = "--in-namespace"
CAN_MOUNT = IN_NAMESPACE in sys.argv
GENEROUS_S = 100

if not shutil.which("zstd"):
    skip("no zstd")


def archive(*arguments: object, cwd: Path | None = None, before: tuple[str, ...] = (), umask: int = 0o022,
            **environment: str) -> subprocess.CompletedProcess:
    if not before and umask == 0o022:
        return run_script(ARCHIVE, *arguments, cwd=cwd, **environment)
    command = [*before, sys.executable, str(ARCHIVE), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=GENEROUS_S, umask=umask,
                          env={**os.environ, **environment})


def packed(run: Path, file: Path, *options: object, **more: Any) -> str:
    """The digest of the archive that is made of this run."""
    done = archive(run, "--output", file, *options, **more)
    assert done.returncode == 0 and done.stderr == "", done
    digest, name = done.stdout.rstrip("\n").split("  ")
    assert name == str(file) and digest == digest_of(file), done.stdout
    return digest


def digest_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def opened(file: Path, into: Path, *options: object, **more: Any) -> Path:
    done = archive("--open", file, "--into", into, *options, **more)
    assert done.returncode == 0, done
    return Path(done.stdout.rstrip("\n"))


def refused(done: subprocess.CompletedProcess, *words: str) -> None:
    """One line, which has these words."""
    assert done.returncode == 1 and done.stdout == "", done
    line = done.stderr.removesuffix("\n")
    assert line.isprintable() and line.startswith("scripts/archive: ") and len(line) < 1000, done.stderr[:2000]
    assert all(word in line for word in words), line


def sound(results: Path, **options: Any) -> Path:
    run = write_run(results, *make_documents("smoke", only=["floors", "grain", "gap"], **options))
    (run / "hist").mkdir()
    (run / "hist" / f"gap-{'long-' * 30}pool-1.hgrm").write_text("  1  0.5  1  2\n")
    (run / "hist" / "empty.csv").write_text("")
    (run / "topology.xml").write_text("<topology/>\n")
    (run / "gbench.json").write_text('{"benchmarks": []}\n')
    return run


def noise() -> bytes:
    """More than 1 MiB of text that hardly gets smaller."""
    return base64.encodebytes(os.urandom(1 << 20))


def unpacked(file: Path) -> list[tarfile.TarInfo]:
    """As another program reads it."""
    plain = subprocess.run(["zstd", "-dcq", str(file)], capture_output=True, check=True).stdout
    path = file.with_suffix(".tar")
    path.write_bytes(plain)
    with tarfile.open(path) as tar:
        return tar.getmembers()


def test_same_bytes(folder: Path) -> None:
    """Place, time, umask, time zone, locale, times and modes of files, order in the folder, plain or .gz."""
    run = sound(folder / "a")
    digest = packed(run, folder / "a.tar.zst")
    other = folder / "elsewhere" / "renamed"
    other.mkdir(parents=True)
    (other / "hist").mkdir()
    for name in sorted(files_of(run), reverse=True):
        data = (run / name).read_bytes()
        if name in ("run.json", "journal.jsonl", "gbench.json", "machine.json"):
            (other / f"{name}.gz").write_bytes(gzip.compress(data, compresslevel=1))
        else:
            (other / name).write_bytes(data)
            (other / name).chmod(0o600)
            os.utime(other / name, (1, 1))
    assert packed(other, folder / "b.tar.zst", umask=0o077, TZ="Asia/Tokyo", LC_ALL="C", ZSTD_CLEVEL="1",
                  ZSTD_NBTHREADS="4") == digest
    assert packed(run, folder / "c.tar.zst", umask=0, LC_ALL="C.UTF-8", HOME="/", USER="somebody") == digest
    os.utime(run / "run.json")
    done = archive(run, cwd=folder)
    assert done.stdout == f"{digest}  {NAME}\n" and digest_of(folder / NAME) == digest, done
    assert [oct((folder / name).stat().st_mode & 0o777) for name in ("a.tar.zst", "b.tar.zst", "c.tar.zst")] == [
        "0o644", "0o600", "0o666"]
    rewrite(run, lambda of: of["factors"].update(seed=2))
    assert packed(run, folder / "d.tar.zst") != digest


def test_members(folder: Path) -> None:
    """Names, modes and times as they should be, and a manifest that is true, read by another program."""
    run = sound(folder / "a")
    packed(run, folder / "a.tar.zst")
    members = unpacked(folder / "a.tar.zst")
    top = f"{MACHINE}/{RUN_ID}/"
    names = [of.name.removeprefix(top) for of in members]
    assert all(of.name.startswith(top) for of in members) and names[0] == "MANIFEST.json", names
    assert names[1:] == sorted([*files_of(run), "CITATION.cff", "README.txt"]), names
    assert {(of.mode, of.uid, of.gid, of.uname, of.gname, of.isreg()) for of in members} == {
        (0o644, 0, 0, "", "", True)}
    assert {time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(of.mtime)) for of in members} == {RUN_ID[:16]}
    with tarfile.open(folder / "a.tar.tar") as tar:
        data = {of.name.removeprefix(top): tar.extractfile(of).read() for of in members}  # type: ignore[union-attr]
    manifest = json.loads(data["MANIFEST.json"])
    assert (manifest["schema"], manifest["machine"], manifest["run"]) == (1, MACHINE, RUN_ID)
    assert [of["path"] for of in manifest["files"]] == names[1:]
    for of in manifest["files"]:
        assert of["sha256"] == hashlib.sha256(data[of["path"]]).hexdigest() and of["bytes"] == len(data[of["path"]])
    kinds = {of["path"]: of["kind"] for of in manifest["files"]}
    assert kinds["run.json"] == kinds["hist/empty.csv"] == "measured" and kinds["README.txt"] == "about", kinds


def test_texts(folder: Path) -> None:
    """CITATION.cff has what its format asks for, of this run; README.txt's own commands work without poolbench."""
    run = sound(folder / "a")
    rewrite(run, lambda of: of["suite"].update(version='0.1"\nx: y'))
    packed(run, folder / NAME, "--author", "Ada: \"the first\"", "--author", "B")
    place = opened(folder / NAME, folder / "b")
    lines = (place / "CITATION.cff").read_text().splitlines()
    keys = {line.split(":")[0] for line in lines if re.match(r"[a-z]", line)}
    assert {"cff-version", "message", "type", "title", "authors", "version", "date-released"} <= keys, keys
    assert "cff-version: 1.2.0" in lines and "type: dataset" in lines and 'date-released: "2026-01-02"' in lines
    assert "x" not in keys and r'version: "0.1\" x: y"' in lines, lines
    assert r'  - name: "Ada: \"the first\""' in lines and '  - name: "B"' in lines, lines
    assert any(f"poolbench:{MACHINE}/{RUN_ID}" in line for line in lines)
    assert any("Quality grade D" in line for line in lines)
    try:
        import yaml
    except ImportError:
        print("left out: CITATION.cff is not parsed where there is no python3-yaml")
    else:
        cited = yaml.safe_load("\n".join(lines))
        assert [of["name"] for of in cited["authors"]] == ['Ada: "the first"', "B"] and cited["type"] == "dataset"
        assert cited["references"][0]["commit"] == RUN_ID[17:] and cited["date-released"] == "2026-01-02", cited
    text = (place / "README.txt").read_text()
    assert f"scripts/archive --open {NAME}" in text and "grade     D" in text, text
    commands = re.search(r"    (tar .*)$", text.replace("Without poolbench: ", "    "), re.M)[1]  # type: ignore[index]
    check = "".join(re.findall(r"^    (?:python3 -c|sha256sum) .*\n", text, re.M))
    (folder / "tar").mkdir()
    subprocess.run(commands.replace(NAME, str(folder / NAME)), shell=True, cwd=folder / "tar", check=True)
    there = folder / "tar" / MACHINE / RUN_ID
    assert subprocess.run(check, shell=True, cwd=there, capture_output=True).returncode == 0, check
    (there / "machine.json").write_text("{}")
    assert subprocess.run(check, shell=True, cwd=there, capture_output=True).returncode != 0, check
    assert files_of(place) | {"machine.json": b"{}"} == files_of(there)


def test_round_trip(folder: Path) -> None:
    """What was measured comes back to the byte; so does its report, drawn anew or taken along; and so the archive."""
    run = sound(folder / "a")
    bare = files_of(run)
    assert report(run, "--no-plots").returncode == 0
    drawn = files_of(run)
    digest = packed(run, folder / "a.tar.zst")
    place = opened(folder / "a.tar.zst", folder / "b")
    assert place == folder / "b" / MACHINE / RUN_ID
    about = {"MANIFEST.json", "CITATION.cff", "README.txt"}
    assert {name: data for name, data in files_of(place).items() if name not in about} == bare
    assert about <= set(files_of(place)) and len(drawn) > len(bare) + 3
    assert report(place, "--no-plots").returncode == 0
    assert {name: data for name, data in files_of(place).items() if name not in about} == drawn
    assert packed(place, folder / "again.tar.zst") == digest
    whole = opened(folder / "a.tar.zst", folder / "c", "--with-report")
    assert files_of(whole) == files_of(place)
    packed(run, folder / "small.tar.zst", "--no-report")
    assert {name for name in files_of(opened(folder / "small.tar.zst", folder / "d", "--with-report"))} == (
        set(bare) | about)
    assert [path.name for path in (folder / "b").iterdir()] == [MACHINE], "something is left"


def test_modes(folder: Path) -> None:
    """Those of whoever opens it."""
    run = sound(folder / "a")
    packed(run, folder / "a.tar.zst")
    for umask, mode in ((0o077, 0o600), (0o022, 0o644)):
        place = opened(folder / "a.tar.zst", folder / oct(umask), umask=umask)
        assert {path.stat().st_mode & 0o7777 for path in place.rglob("*") if path.is_file()} == {mode}
        assert {path.stat().st_mode & 0o7777 for path in (place, place.parent)} == {mode | mode >> 2 & 0o111}


def test_there_already(folder: Path) -> None:
    run = sound(folder / "a")
    packed(run, folder / "a.tar.zst")
    place = opened(folder / "a.tar.zst", folder / "b")
    (place / "notes.txt").write_text("mine")
    (place / "report.html").write_text("drawn since")
    os.rename(place / "hist", folder / "hist")
    refused(archive("--open", folder / "a.tar.zst", "--into", folder / "b"), "is another", "hist/empty.csv")
    os.rename(folder / "hist", place / "hist")
    (place / "run.json.gz").write_bytes(gzip.compress((place / "run.json").read_bytes()))
    (place / "run.json").unlink()
    before = files_of(place)
    done = archive("--open", folder / "a.tar.zst", "--into", folder / "b")
    assert done.returncode == 0 and done.stdout == f"{place}\n" and "is there already" in done.stderr, done
    assert files_of(place) == before
    (place / "hist" / "more.csv").write_text("")
    refused(archive("--open", folder / "a.tar.zst", "--into", folder / "b"), "'hist/more.csv' is not in the archive")
    (place / "hist" / "more.csv").unlink()
    (place / "machine.json").write_text("{}")
    refused(archive("--open", folder / "a.tar.zst", "--into", folder / "b"), "is another", "'machine.json' differs")
    shutil.rmtree(place)
    place.symlink_to(folder)
    refused(archive("--open", folder / "a.tar.zst", "--into", folder / "b"), "is no folder")
    place.unlink()
    place.write_text("a file")
    refused(archive("--open", folder / "a.tar.zst", "--into", folder / "b"), "is no folder")
    assert place.read_text() == "a file"


def test_machine_on_another_disk(folder: Path) -> None:
    """The folder of a machine may be a mount of its own: a rename does not lead there."""
    run = sound(folder / "a")
    packed(run, folder / "a.tar.zst")
    target, rename = folder / "b" / MACHINE / RUN_ID, os.rename

    def refuse(source: Path, into: Path) -> None:
        if Path(source).parent.parent != Path(into).parent:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename(source, into)

    target.parent.mkdir(parents=True)
    with patch.object(os, "rename", refuse):
        assert unpack.open_into(folder / "a.tar.zst", folder / "b", False).run == target
    assert opened(folder / "a.tar.zst", folder / "c").is_dir()
    assert files_of(target) == files_of(folder / "c" / MACHINE / RUN_ID)
    assert list(target.parent.iterdir()) == [target] and list((folder / "b").iterdir()) == [target.parent]
    assert target.stat().st_mode & 0o777 == (folder / "c" / MACHINE / RUN_ID).stat().st_mode & 0o777
    if not CAN_MOUNT:
        print("left out: another disk needs root and a mount namespace")
        return
    disk = folder / "d" / MACHINE
    disk.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(disk)], check=True)
    try:
        assert files_of(opened(folder / "a.tar.zst", folder / "d")) == files_of(target)
        assert list(disk.iterdir()) == [disk / RUN_ID] and list((folder / "d").iterdir()) == [disk]
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_output_that_comes_in_between(folder: Path) -> None:
    """It is there by the time that the archive is to be put in place, and stays, also where there are no links."""
    packing = archives.Packing(folder, Manifest(MACHINE, RUN_ID, []), {})
    target, compress = folder / "a", archives._compress

    def late(*arguments: Any) -> None:
        compress(*arguments)
        target.write_text("of somebody else")

    def no_links(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    lexists = os.path.lexists
    with patch.object(archives, "_compress", late):
        for link, seen in ((os.link, lambda path: path != target and lexists(path)), (no_links, lexists)):
            with patch.object(os, "link", link), patch.object(os.path, "lexists", seen):
                try:
                    archives.write(packing, target, False)
                    raise AssertionError("it was written")
                except RunError as error:
                    assert "is there already and is another" in str(error), error
            assert target.read_text() == "of somebody else" and list(folder.iterdir()) == [target]
    target.unlink()
    with patch.object(os, "link", no_links):
        digest = archives.write(packing, target, False)
    assert digest == digest_of(target) == archives.write(packing, target, False)
    assert list(folder.iterdir()) == [target]


def test_output_is_there(folder: Path) -> None:
    run = sound(folder / "a")
    file = folder / "a.tar.zst"
    digest = packed(run, file)
    assert packed(run, file) == digest
    file.write_text("something else")
    refused(archive(run, "--output", file), "is there already", "--force")
    assert file.read_text() == "something else"
    assert packed(run, file, "--force") == digest
    refused(archive(run, "--output", folder, "--force"), "cannot write")
    refused(archive(run, "--output", folder), "is no file")
    refused(archive(run, "--output", folder / "none" / "a"), "cannot write", "No such file")
    assert sorted(path.name for path in folder.iterdir()) == ["a", "a.tar.zst"], "something is left"


def test_own_citation(folder: Path) -> None:
    """Names that somebody put into it stay, also of who opens it and packs it again."""
    run = sound(folder / "a")
    (run / "CITATION.cff").write_text("cff-version: 1.2.0\n# mine\n")
    digest = packed(run, folder / "a.tar.zst")
    place = opened(folder / "a.tar.zst", folder / "b")
    assert (place / "CITATION.cff").read_text() == "cff-version: 1.2.0\n# mine\n"
    assert packed(place, folder / "b.tar.zst") == digest
    for data, word in ((b"\x1b[2J", "control characters"), (b"\xff", "no text"), (b"x" * (1 << 21), "larger than")):
        (run / "CITATION.cff").write_bytes(data)
        refused(archive(run, "--output", folder / "none"), "CITATION.cff", word)
    packed(place, folder / "c.tar.zst", "--author", "M\u00e9 \u0414")
    text = (opened(folder / "c.tar.zst", folder / "c") / "CITATION.cff").read_text(encoding="utf-8")
    assert "# mine" not in text and '  - name: "M\u00e9 \u0414"\n' in text, text


def test_what_is_left_out(folder: Path) -> None:
    """What is no file of a run is named and does not come along; what is no file at all is refused."""
    run = sound(folder / "a")
    digest = packed(run, folder / "a.tar.zst")
    (run / "notes.txt").write_text("mine")
    (run / "run.json.gz").write_bytes(b"not read")
    (run / ".report-x").mkdir()
    (run / "hist" / "a\x1bb.csv").write_text("")
    (run / "hist" / "deep").mkdir()
    os.mkfifo(run / "pipe")
    done = archive(run, "--output", folder / "b.tar.zst")
    assert done.returncode == 0 and digest_of(folder / "b.tar.zst") == digest, done
    line = done.stderr.removesuffix("\n")
    assert line.isprintable() and "'notes.txt'" in line and "'hist/ab.csv'" in line and "and 1 more" in line, line
    for i, (path, make) in enumerate((
            ("gbench.json", lambda of: of.symlink_to("/etc/passwd")),
            ("plots", lambda of: of.symlink_to("/etc")), ("data", lambda of: of.write_text("")),
            ("data.csv", os.mkfifo), ("report.html", os.mkdir), ("CITATION.cff", os.mkfifo),
            ("CITATION.cff", lambda of: of.symlink_to("/etc/passwd")))):
        run = sound(folder / f"links{i}")
        (run / path).unlink(missing_ok=True)
        make(run / path)
        refused(archive(run, "--output", folder / "none"), path, "is no f")
        assert not (folder / "none").exists()


def test_texts_that_are_none(folder: Path) -> None:
    """What opening would refuse is not packed."""
    run = sound(folder / "a")
    for name in ("hist/empty.csv", "topology.xml", "gbench.json"):
        before = (run / name).read_bytes()
        (run / name).write_bytes(before + b"\x1b[2J")
        refused(archive(run, "--output", folder / "b"), f"{name}' has control characters")
        (run / name).write_bytes(before)
    packed(run, folder / "b")


def test_bad_runs(folder: Path) -> None:
    refused(archive(folder / "nowhere"), "is no folder")
    for i, (change, word) in enumerate((
            (lambda of: of["run"].update(machine="../../x"), "names a machine that is none"),
            (lambda of: of["run"].update(machine="x" * 300), "names a machine that is none"),
            (lambda of: of["run"].update(id="../x"), "names a run that is none"),
            (lambda of: of["run"].update(id="20261399T000000Z-nogit"), "names a run that is none"),
            (lambda of: of.update(schema=99), "use a newer poolbench"),
            (lambda of: of.update(samples=[]), "nothing was measured"))):
        run = sound(folder / str(i))
        rewrite(run, change)
        refused(archive(run, "--output", folder / "none"), word)
    assert not (folder / "none").exists()
    twice = sound(folder / "case")
    for name in ("a.csv", "A.csv"):
        (twice / "hist" / name).write_text("")
    refused(archive(twice, "--output", folder / "none"), "differ in case only")


def test_incomplete(folder: Path) -> None:
    """A run that was stopped is one to pack too, and says so."""
    run = write_run(folder / "a", *make_documents("smoke", only=["floors", "grain"]), incomplete=True, torn=True)
    packed(run, folder / "a.tar.zst")
    place = opened(folder / "a.tar.zst", folder / "b")
    assert (place / "journal.jsonl").read_bytes() == (run / "journal.jsonl").read_bytes()
    assert "It was stopped after" in (place / "README.txt").read_text()


def test_usage(folder: Path) -> None:
    refused(archive(), "give a RUN")
    refused(archive("a", "--open", "b"), "give a RUN")
    refused(archive("--open", "a", "--check", "b"), "give a RUN")
    refused(archive("a", "--into", "b"), "go with --open")
    refused(archive("--open", "a", "--force"), "go with a RUN")
    refused(archive("--opne", "a"), "see scripts/archive --help")
    refused(archive("a", "--author", " "), "--author takes a name")
    refused(archive("--open", folder), "is no file")
    refused(archive("--open", folder / "none"), "is no file")
    refused(archive("--open", folder / ("x" * 300)), "is no file")
    assert archive("--help").returncode == 0


def test_check(folder: Path) -> None:
    """Says what is in it and leaves nothing."""
    run = sound(folder / "a")
    packed(run, folder / "a.tar.zst")
    (folder / "tmp").mkdir()
    done = archive("--check", folder / "a.tar.zst", cwd=folder, TMPDIR=str(folder / "tmp"))
    assert done.returncode == 0 and done.stdout.startswith(f"{MACHINE}/{RUN_ID}: 9 files, "), done
    assert list((folder / "tmp").iterdir()) == [] and not (folder / "results").exists()


def test_without_zstd(folder: Path) -> None:
    run = sound(folder / "a")
    packed(run, folder / "a.tar.zst")
    (folder / "bin").mkdir()
    for arguments in ((run, "--output", folder / "b"), ("--open", folder / "a.tar.zst", "--into", folder / "b")):
        refused(archive(*arguments, PATH=str(folder / "bin")), "zstd is missing", "scripts/setup")
    assert not (folder / "b").exists()


def test_read_only(folder: Path) -> None:
    folder.chmod(0o755)
    run = sound(folder / "a")
    packed(run, folder / "a.tar.zst")
    (folder / "ro").mkdir(mode=0o555)
    root = os.geteuid() == 0
    before = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups") if root else ()
    refused(archive(run, "--output", folder / "ro" / "a", before=before), "cannot write", "Permission denied")
    for into in (folder / "ro", folder / "ro" / "new" / "newer"):
        refused(archive("--open", folder / "a.tar.zst", "--into", into, before=before), "cannot write", "ermission")
    (folder / "file").write_text("")
    for into in (folder / "file", folder / "file" / "below"):
        refused(archive("--open", folder / "a.tar.zst", "--into", into), "file")
    assert list((folder / "ro").iterdir()) == []


def test_full_disk(folder: Path) -> None:
    if not CAN_MOUNT:
        print("left out: a full disk needs root and a mount namespace")
        return
    run = sound(folder / "a")
    (run / "hist" / "noise.csv").write_bytes(noise() + noise())
    packed(run, folder / "a.tar.zst")
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], check=True)
    try:
        refused(archive(run, "--output", disk / "a"), "cannot write", "No space left")
        refused(archive("--open", folder / "a.tar.zst", "--into", disk), "cannot write", "No space left")
        refused(archive("--check", folder / "a.tar.zst", TMPDIR=str(disk)), "cannot write", "No space left")
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_stopped(folder: Path) -> None:
    """While it packs and while it opens: one line, 128 and the signal, nothing left, no zstd left running."""
    run = sound(folder / "a")
    for i in range(40):
        (run / "hist" / f"noise{i}.csv").write_bytes(noise())
    packed(run, folder / "a.tar.zst")
    place = folder / "x"
    place.mkdir()
    for number, arguments in itertools.product((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), (
            (run, "--output", place / "b"), ("--open", folder / "a.tar.zst", "--into", place))):
        process = subprocess.Popen([sys.executable, str(ARCHIVE), *map(str, arguments)], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        deadline = time.monotonic() + GENEROUS_S
        while not any(place.iterdir()) and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.001)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.send_signal(number)
        out, err = process.communicate(timeout=GENEROUS_S)
        assert (process.returncode, out, err) == (128 + number, "", "scripts/archive: stopped\n"), (number, out, err)
        assert list(place.rglob("*")) == [], f"left: {list(place.rglob(chr(42)))[:5]}"
        assert not [pid for pid in children if Path(f"/proc/{pid}").exists()], "zstd is left running"


def test_hangup_that_is_ignored(folder: Path) -> None:
    """Behind nohup, a terminal that is closed stops nothing."""
    run = sound(folder / "a")
    for i in range(10):
        (run / "hist" / f"noise{i}.csv").write_bytes(noise())
    place = folder / "x"
    place.mkdir()
    process = subprocess.Popen(["nohup", sys.executable, str(ARCHIVE), str(run), "--output", str(place / "b")],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + GENEROUS_S
    while not any(place.iterdir()) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(signal.SIGHUP)
    out, err = process.communicate(timeout=GENEROUS_S)
    assert (process.returncode, err) == (0, "") and out.endswith("/b\n"), (process, out, err)


def test_privacy(folder: Path) -> None:
    """No name of user, host or folder is in it."""
    home = folder / "walrusfolder"
    run = sound(home)
    done = archive(run, cwd=home, HOME=str(home), USER="zebuprivate", LOGNAME="zebuprivate", HOSTNAME="quagmirehost")
    assert done.returncode == 0, done
    data = (home / NAME).read_bytes() + subprocess.run(["zstd", "-dcq", str(home / NAME)], capture_output=True).stdout
    for word in (b"walrusfolder", b"zebuprivate", b"quagmirehost"):
        assert word not in data, word


def enter_namespace() -> None:
    if os.geteuid() == 0 and not CAN_MOUNT:
        unshare = ["unshare", "--mount"]
        if subprocess.run([*unshare, "true"], capture_output=True).returncode == 0:
            os.execvp("unshare", [*unshare, sys.executable, *sys.argv, IN_NAMESPACE])


enter_namespace()
main(globals())
