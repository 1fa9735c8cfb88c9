"""What every script does before and around its work: finds a Python that has the modules, bounds its memory, and ends
with one line where it cannot go on.

The first python3 on PATH is often not the one that the distribution's packages are installed for.
"""
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

MODULES = "import jinja2, numpy, scipy.stats"
TRIED = "POOLBENCH_PYTHON_TRIED"
MEMORY_MAX_BYTES = 1 << 30  # a run may come from anyone
LIBRARIES_BYTES = 1 << 27   # of it, for code, which the system does not count as data
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _serves(python: str) -> bool:
    try:
        return subprocess.run([python, "-c", MODULES], capture_output=True).returncode == 0
    except OSError:
        return False


def _bound_memory() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = MEMORY_MAX_BYTES - LIBRARIES_BYTES
    most = most if hard == resource.RLIM_INFINITY else min(hard, most)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def require_modules() -> None:
    """Returns if this interpreter has the modules. Otherwise replaces the process, or ends it with a line."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # each of its threads takes memory, and nothing here needs them
    _bound_memory()
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
    sys.exit(f"{os.path.basename(sys.argv[0])}: no python3 here has numpy, scipy and jinja2: install "
             "python3-numpy, python3-scipy and python3-jinja2, or name a Python that has them in PYTHON")


def _print_no_more() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Stopped(KeyboardInterrupt):
    """Unwinds as SIGINT does, so that what is half made is removed."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def _unwind_when_stopped() -> None:
    """For a service manager, a time limit, and a terminal that is closed. nohup's SIGHUP stays ignored."""
    owner = os.getpid()

    def stop(number: int, _: FrameType | None) -> None:
        if os.getpid() != owner:  # a copy of this process makes nothing that is to be removed
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        _heed_no_more()
        raise Stopped(number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, stop)


def _heed_no_more() -> None:
    for number in STOPS:
        signal.signal(number, signal.SIG_IGN)


def _say_stopped() -> None:
    from base.command import say
    try:
        say("stopped")
        sys.stdout.flush()
    except OSError:  # the terminal may be what is gone
        _print_no_more()


def end(main: Callable[[], int]) -> NoReturn:
    """Ends the process with what main returns."""
    from base.command import say  # which takes the modules
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # not every terminal has every letter
    code = 0
    _unwind_when_stopped()
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:  # a reader that has seen enough is no error
        _print_no_more()
    except OSError as error:
        _print_no_more()
        say(f"cannot go on: {error.strerror or error}")
        code = 1
    except MemoryError:
        say(f"this takes more than {MEMORY_MAX_BYTES >> 30} GiB of memory: no run of poolbench does")
        code = 1
    except KeyboardInterrupt as stopped:
        _heed_no_more()
        _say_stopped()
        code = 128 + getattr(stopped, "number", signal.SIGINT)
    sys.exit(code)
