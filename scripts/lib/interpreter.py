"""Finds a Python that has numpy and scipy, and starts the script again with it.

The first python3 on PATH is often not the one that the distribution's packages are installed for.
"""
import os
import subprocess
import sys

MODULES = "import numpy, scipy.stats"
TRIED = "POOLBENCH_PYTHON_TRIED"


def _serves(python: str) -> bool:
    try:
        return subprocess.run([python, "-c", MODULES], capture_output=True).returncode == 0
    except OSError:
        return False


def require_modules() -> None:
    """Returns if this interpreter has the modules. Otherwise replaces the process, or ends it with a line."""
    try:
        exec(MODULES, {})
        return
    except ImportError:
        pass
    if TRIED not in os.environ:
        for python in (os.environ.get("PYTHON"), "python3", "/usr/bin/python3"):
            if python and _serves(python):
                os.environ[TRIED] = "1"
                os.execvp(python, [python, *sys.argv])
    sys.exit(f"{os.path.basename(sys.argv[0])}: no python3 here has numpy and scipy: install "
             "python3-numpy and python3-scipy, or name a Python that has them in PYTHON")
