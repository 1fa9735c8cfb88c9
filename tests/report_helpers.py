"""What tests of scripts/report share. Importing it finds the modules of scripts/lib, or skips the test."""
import functools
import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

sys.dont_write_bytecode = True
TOP = Path(__file__).resolve().parent.parent
REPORT = TOP / "scripts" / "report"
LIB = TOP / "scripts" / "lib"
sys.path.insert(0, str(LIB))

try:
    import jinja2  # noqa: F401
    import numpy  # noqa: F401
    import scipy.stats  # noqa: F401
except ImportError:
    print("no Python with numpy, scipy and jinja2")
    sys.exit(77)


def skip(reason: str) -> None:
    print(reason)
    sys.exit(77)


def _be_script(script: Path, arguments: list[str], cwd: Path | str | None, environment: dict[str, str]) -> NoReturn:
    """In a process of its own, which ends here."""
    code: Any = 1
    try:
        os.environ.update(environment)
        tempfile.tempdir = None  # as the environment now says
        os.chdir(cwd or ".")
        sys.argv = [str(script), *arguments]
        sys.modules["base.command"].NAME = f"scripts/{script.name}"  # type: ignore[attr-defined]
        sys.dont_write_bytecode = False
        sys.stdout, sys.stderr = (open(file, "w", encoding="utf-8") for file in (1, 2))
        try:
            runpy.run_path(str(script), run_name="__main__")
        except SystemExit as ended:
            code = ended.code or 0
        if isinstance(code, str):
            print(code, file=sys.stderr)
            code = 1
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


@functools.cache
def _load_modules() -> None:
    """All that a script may import, so that its processes begin with it."""
    for path in LIB.glob("*/*.py"):
        importlib.import_module(f"{path.parent.name}.{path.stem}")


def run_script(script: Path, *arguments: object, cwd: Path | str | None = None, input: str = "", timeout: float = 100,
               **environment: str) -> subprocess.CompletedProcess:
    """Runs one of scripts/ as a program, but in a copy of this process, which has the modules already: to start Python
    and import them takes as long as most scripts work. Where Python itself is asked for something by the environment
    it is started, and test_scripts_anywhere.py, test_end_to_end.py and others start all of them."""
    command = [str(script), *map(str, arguments)]
    if any(name.startswith(("LANG", "LC_", "PYTHON")) for name in environment):
        return subprocess.run([sys.executable, *command], cwd=cwd, input=input, timeout=timeout, capture_output=True,
                              encoding="utf-8", env={**os.environ, **environment})
    _load_modules()
    with tempfile.TemporaryFile() as in_, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        in_.write(input.encode())
        in_.seek(0)
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            for number, file in enumerate((in_, out, err)):
                os.dup2(file.fileno(), number)
            _be_script(script, command[1:], cwd, environment)
        end = time.monotonic() + timeout
        while os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if time.monotonic() > end:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                raise subprocess.TimeoutExpired(command, timeout)
            time.sleep(0.005)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(command, code, out.read().decode(), err.read().decode())


def report(*arguments: object, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess:
    """Runs scripts/report."""
    return run_script(REPORT, *arguments, cwd=cwd, **environment)


def rewrite(run: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Changes run.json in place."""
    path = run / "run.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def files_of(run: Path) -> dict[str, bytes]:
    return {str(path.relative_to(run)): path.read_bytes() for path in sorted(run.rglob("*")) if path.is_file()}


def main(tests: dict[str, Any]) -> None:
    """Calls every function test_* with a folder of its own; ends the process with 1 if one fails."""
    failed = 0
    for name, test in list(tests.items()):
        if not name.startswith("test_"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                test(Path(folder))
            except Exception:
                failed += 1
                print(f"{name}:")
                traceback.print_exc(file=sys.stdout)
    sys.exit(1 if failed else 0)
