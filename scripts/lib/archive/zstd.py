"""The command zstd as a filter. It is gone when whoever uses it is done, also where that is stopped in between."""
import signal
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, TypeVar

from base.files import RunError
from base.interpreter import STOPS
from base.text import clean

T = TypeVar("T")


@contextmanager
def uninterrupted() -> Iterator[None]:
    """What stops a script waits for the end of this."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def entered(stack: ExitStack, manager: AbstractContextManager[T]) -> T:
    """Nothing stops between what it makes once it is entered, and the promise to remove that again."""
    with uninterrupted():
        return stack.enter_context(manager)


@contextmanager
def zstd(*options: str, **streams: Any) -> Iterator["subprocess.Popen[bytes]"]:
    """In a session of its own: what stops this process at the terminal leaves it alone until this ends it."""
    try:
        process = subprocess.Popen(["zstd", "--quiet", "--stdout", *options], stderr=subprocess.PIPE,
                                   start_new_session=True, **streams)
    except FileNotFoundError:
        raise RunError("the command zstd is missing: scripts/setup installs it") from None
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            try:
                if stream:
                    stream.close()
            except OSError:  # what was to be written finds no reader
                pass


def complaint(process: "subprocess.Popen[bytes]") -> str:
    """The last line that it said, once it has ended."""
    assert process.stderr
    lines = process.stderr.read().decode(errors="replace").strip().splitlines()
    return clean(lines[-1] if lines else "it ended early")[:200]
