"""What every script does before and around its work: finds a Python that serves, reads and writes UTF-8 whatever the
locale, bounds its memory, and ends with one line where it cannot go on.

The first python3 on PATH is often not the one that the distribution's packages are installed for, or too old: an older
one has to understand this file, and so have the scripts themselves up to where they call it.
"""
import codecs
import locale
import os
import resource
import signal
import subprocess
import sys
from typing import Callable, NoReturn

OLDEST, NEWEST = (3, 10), (3, 30)  # the newest that is looked for by its own name
MODULES = "import jinja2, numpy, scipy.special"
TRIED = "POOLBENCH_PYTHON_TRIED"
MEMORY_MAX_BYTES = 1 << 30  # a run may come from anyone
LIBRARIES_BYTES = 1 << 27   # of it, for code, which the system does not count as data
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _candidates() -> list:
    named = ["python3.%d" % minor for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    return [python for python in [os.environ.get("PYTHON"), "python3", "/usr/bin/python3"] + named if python]


def _is_new(python: str) -> bool:
    code = "import sys; sys.exit(sys.version_info < %r)" % (OLDEST,)
    try:
        return subprocess.call([python, "-c", code], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def _serves_itself(modules: str) -> bool:
    try:
        exec(modules, {})
    except Exception:  # modules that do not fit each other raise all sorts
        return False
    return True


def _bound_memory() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = MEMORY_MAX_BYTES - LIBRARIES_BYTES
    most = most if hard == resource.RLIM_INFINITY else min(hard, most)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _is_utf8(encoding: str) -> bool:
    return codecs.lookup(encoding).name == "utf-8"


def _require_utf8() -> None:
    """Of files, names of files and arguments, as all that runs and scripts write is. Python knows it from its start."""
    if sys.executable and not (_is_utf8(locale.getpreferredencoding(False)) and _is_utf8(sys.getfilesystemencoding())):
        os.execv(sys.executable, [sys.executable, "-X", "utf8"] + sys.orig_argv[1:])


def require_python(modules: str = "", names: str = "") -> None:
    """Returns if this interpreter serves. Otherwise replaces the process by the next one, or ends it with a line. That
    one finds out itself whether it has the modules: to import them twice would take longer than most scripts run."""
    if sys.version_info >= OLDEST and _serves_itself(modules):
        os.environ.pop(TRIED, None)
        _require_utf8()
        return
    tried = os.environ.get(TRIED, "")
    for index, python in enumerate(_candidates()):
        if index >= (int(tried) if tried.isdigit() else 0) and _is_new(python):
            os.environ[TRIED] = str(index + 1)
            os.execvp(python, [python] + sys.argv)
    sys.exit("scripts/%s: no Python here is %d.%d or newer%s, or name one that is in PYTHON"
             % ((os.path.basename(sys.argv[0]),) + OLDEST + (names or ": install python3",)))


def require_modules() -> None:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # each of its threads takes memory, and nothing here needs them
    _bound_memory()
    require_python(MODULES, " and has numpy, scipy and jinja2: install python3-numpy, python3-scipy and python3-jinja2")


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

    def stop(number: int, _: object) -> None:
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


def end(main: "Callable[[], int]") -> NoReturn:
    """Ends the process with what main returns."""
    from base.command import say  # which takes the modules
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]  # a name may be no text
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
