"""Reads and reduces many runs in processes of their own, each bounded, so that together they stay within the memory of
one script and no run stays longer than it takes to reduce it."""
import gc
import os
import resource
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from base.interpreter import LIBRARIES_BYTES, MEMORY_MAX_BYTES
from base.files import RunError
from compare.reduced import Reduced, reduce

AT_ONCE_MAX = 3  # more would have too little each
OWN_BYTES = 1 << 28  # what is kept here of all runs


def _start(most_bytes: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started this process ends it
    gc.disable()  # it would look at millions of values again and again while they are read
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (most_bytes if hard == resource.RLIM_INFINITY else min(most_bytes, hard),
                                              hard))


def _reduce(path: Path) -> Reduced | RunError | None:
    """Why it is no run, or None where the memory of this process is too little."""
    try:
        return reduce(path)
    except MemoryError:
        return None
    except RunError as error:
        return error if str(path) in str(error) else RunError(f"'{path}': {error}")
    finally:
        gc.collect()


def at_once(n_runs: int) -> int:
    return max(1, min(AT_ONCE_MAX, n_runs, len(os.sched_getaffinity(0))))


def read_all(paths: Sequence[Path], tell: Callable[[str], None]) -> list[Reduced | RunError]:
    """In the order of the paths, of what is no run why. What is too large for its share is read again alone."""
    n = at_once(len(paths))
    share = (MEMORY_MAX_BYTES - OWN_BYTES) // n - LIBRARIES_BYTES // n
    out: list[Reduced | RunError | None] = []
    pool = ProcessPoolExecutor(n, mp_context=get_context("fork"), initializer=_start, initargs=(share,))
    try:
        for found in pool.map(_reduce, paths):
            out.append(found)
            tell(f"{len(out)} of {len(paths)} runs read")
    except BrokenProcessPool:
        raise RunError("a process that read a run was ended from outside, perhaps for want of memory") from None
    finally:
        pool.shutdown(cancel_futures=True)
    too_large = f"takes more than {MEMORY_MAX_BYTES >> 30} GiB of memory: no run of poolbench does"
    return [found or _reduce(path) or RunError(f"'{path}' {too_large}") for found, path in zip(out, paths)]
