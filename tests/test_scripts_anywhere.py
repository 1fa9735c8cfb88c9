#!/usr/bin/env python3
"""Scripts beside an old Python, in a locale that is not UTF-8, and without a home or a folder for temporary files."""
import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

from report_helpers import TOP, files_of, main

from madeup_run import make_documents, write_run

from base import interpreter
from base.read import read_run
from cite.citation_blocks import read_blocks
from cite.citation_formats import FORMATS
from cite.citations import citer_of
from judge.verdicts import judge

SCRIPTS = TOP / "scripts"
PYTHON_SCRIPTS = [path for path in sorted(SCRIPTS.iterdir())
                  if path.is_file() and b"python3" in path.read_bytes().split(b"\n")[0]]
BYTES = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}  # a locale of ASCII, and Python goes by it
ONLY = ["floors", "grain"]


def run(python: object, script: Path, *arguments: object, cwd: Path = TOP,
        **environment: str) -> tuple[int, bytes, bytes]:
    done = subprocess.run([str(python), str(script), *map(str, arguments)], capture_output=True, cwd=cwd, timeout=100,
                          env={**os.environ, "COLUMNS": "80", **environment})
    return done.returncode, done.stdout, done.stderr


# An old Python.

def old_python(folder: Path) -> Path:
    """This one, which says that it is 3.9; what it starts is as it is."""
    (folder / "old").mkdir(parents=True)
    (folder / "old" / "sitecustomize.py").write_text(
        "import os, sys\nsys.version_info = (3, 9, 2, 'final', 0)\ndel os.environ['PYTHONPATH'], sys.orig_argv\n")
    old = folder / "old" / "python3"
    old.write_text(f"#!{shutil.which('sh')}\nPYTHONPATH='{folder / 'old'}' exec '{sys.executable}' \"$@\"\n")
    old.chmod(0o755)
    return old


def test_a_newer_python_is_found(folder: Path) -> None:
    """Where `python3` is old: scripts say what they say elsewhere."""
    old = old_python(folder)
    path = f"{old.parent}:{os.environ['PATH']}"
    for name, *arguments in (["report", "--help"], ["man"]):
        wanted = run(sys.executable, SCRIPTS / name, *arguments)
        found = run(old, SCRIPTS / name, *arguments, PATH=path, PYTHON=sys.executable)
        assert found == wanted and wanted[1] + wanted[2], (name, found)


def test_what_is_tried(_: Path) -> None:
    tried: list[str] = []
    is_new, interpreter._is_new = interpreter._is_new, lambda python: tried.append(python) or False
    try:
        interpreter.require_python("raise ImportError", " and has what is not there")
        raise AssertionError("it returned")
    except SystemExit as end:
        assert "no Python here is 3.10 or newer and has what is not there" in str(end), end
    finally:
        interpreter._is_new = is_new
    assert {"python3", "/usr/bin/python3", "python3.10", "python3.14"} <= set(tried), tried


def test_an_old_python_understands_what_looks_for_a_newer_one(_: Path) -> None:
    """All of the scripts, since Python reads a file before it runs any of it; and what they begin with."""
    begin = SCRIPTS / "lib" / "base" / "interpreter.py"
    for path in (*PYTHON_SCRIPTS, begin):
        ast.parse(path.read_text(), feature_version=(3, 6))
    for of in ast.walk(ast.parse(begin.read_text())):
        if isinstance(of, ast.FunctionDef):
            for annotation in (of.returns, *(argument.annotation for argument in of.args.args)):
                assert annotation is None or isinstance(annotation, (ast.Name, ast.Constant)), (of.name, of.lineno)
        assert not isinstance(of, ast.AnnAssign), of.lineno
    for name in ("python3.6", "python3.7", "python3.8", "python3.9"):
        python = shutil.which(name)
        if python and subprocess.run([python, "-c", ""], capture_output=True).returncode == 0:
            for script in PYTHON_SCRIPTS:
                code, out, err = run(python, script, "--no-such-option", PYTHON=sys.executable)
                assert code == 1 and b"Traceback" not in err and b"Error" not in err, (name, script, err)


# Locales.

COMMANDS: list[list[object]] = [
    ["report", "r\u00e91", "--no-plots"], ["cite", "r\u00e91", "C2", "--force"], ["trust", "smallest", "r\u00e91"],
    ["compare", "r\u00e91", "r\u00e92", "--no-plots", "--output", "both\u00e9"],
    ["archive", "r\u00e91", "--no-report", "--author", "Zo\u00eb", "--output", "a\u00e9.zst"],
    ["archive", "--open", "a\u00e9.zst", "--into", "in\u00e9"], ["cite", "nothing\u00e9"],
    ["man", TOP / "pool" / "pool.h", "poolbench-pool", "1.0", "man\u00e9"]]


def made(folder: Path, environment: dict[str, str]) -> tuple[list[tuple[int, bytes, bytes]], dict[str, bytes]]:
    """What scripts say and write. Texts of runs and names of their folders are not ASCII."""
    for i in (1, 2):
        document, journal = make_documents("smoke", 6, seed=i, only=ONLY)
        next(of for of in document["experiments"] if of["name"] == "grain")["statement"] = "F\u00e4den \u4e2d\u6587"
        write_run(folder / f"made{i}", document, journal).rename(folder / f"r\u00e9{i}")
    ended = [run(sys.executable, SCRIPTS / str(name), *arguments, cwd=folder, **environment)
             for name, *arguments in COMMANDS]
    return ended, files_of(folder)


def test_any_locale(folder: Path) -> None:
    said, written = made(folder / "usual", {"LC_ALL": "C.UTF-8"})
    assert not [of for of in said if b"Traceback" in of[2]], said
    for outputs in ([of[1] for of in said], written.values()):
        assert "\u4e2d\u6587".encode() in b"".join(outputs)
    other, files = made(folder / "other", {**BYTES, "PYTHONIOENCODING": "latin-1:strict"})
    for command, here, there in zip(COMMANDS, said, other):
        assert here == there, (command, here, there)
    assert files == written, [name for name in {*files, *written} if files.get(name) != written.get(name)]


def test_a_citation_saved_elsewhere(folder: Path) -> None:
    path = write_run(folder / "run", *make_documents("quick", 6, only=ONLY))
    of = citer_of(judge(read_run(path)))
    for form, made in FORMATS.items():
        block = made(of.named("C2")[0])
        wanted = None
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
            for end in ("\n", "\r\n", "\r"):
                (folder / "block").write_bytes(block.replace("\n", end).encode(encoding))
                found = read_blocks(folder / "block")
                wanted = wanted or found
                assert found == wanted, (form, encoding, end)
    (folder / "block").write_bytes(b"\xef\xbb\xbf" + block.replace("\n", "\r\n").encode())
    code, out, err = run(sys.executable, SCRIPTS / "cite", "--verify", folder / "block", "--run", path, **BYTES)
    assert code == 0 and b"holds" in out, err


main(globals())
