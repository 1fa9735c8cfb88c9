"""What tests of scripts/report share. Importing it finds the modules of scripts/lib, or skips the test."""
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

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


def report(*arguments: object, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess:
    """Runs scripts/report."""
    return subprocess.run([sys.executable, str(REPORT), *map(str, arguments)], capture_output=True, text=True,
                          cwd=cwd, timeout=100, env={**os.environ, **environment})


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
