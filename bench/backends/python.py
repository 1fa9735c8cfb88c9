"""The tasks of gil-cpu and gil-io, run by one of CPython's own pools or by a thread for each.

poolbench carries this script and starts `python3 -I -c <it> <kind> <workers>`. It says once what the interpreter is,
and then answers each order with what came of it: a line of JSON each.
"""
import json
import os
import sys
import threading
import time
from collections import deque

MASK = 2 ** 64 - 1


def mix(x):
    """workload_mix()"""
    x = (x + 0x9e3779b97f4a7c15) & MASK
    x = ((x ^ (x >> 30)) * 0xbf58476d1ce4e5b9) & MASK
    x = ((x ^ (x >> 27)) * 0x94d049bb133111eb) & MASK
    return x ^ (x >> 31)


def take(x, n_steps):
    """spin__take()"""
    for _ in range(n_steps):
        x = (x * 6364136223846793005 + 1442695040888963407) & MASK
    return x


def gil_cpu(order):
    return lambda index: take(mix(index ^ order["seed"]), order["steps"])


def gil_io(order):
    wait_s, half = order["wait_ns"] * 1e-9, order["steps"] // 2

    def run(index):
        x = take(mix(index ^ order["seed"]), half)
        time.sleep(wait_s)
        return take(x, order["steps"] - half)
    return run


def on_threadpool(n_workers):
    from multiprocessing.pool import ThreadPool
    pool = ThreadPool(n_workers)
    return lambda task, indices: pool.map(task, indices, chunksize=1)


def on_futures(n_workers):
    from concurrent.futures import ThreadPoolExecutor
    executor = ThreadPoolExecutor(n_workers)
    return lambda task, indices: list(executor.map(task, indices))


def on_thread(n_workers):
    """A thread for each task, at most n_workers alive: the oldest is joined before one more is started."""
    def run(task, indices):
        values, alive = [], deque()
        for index in indices:
            if len(alive) == n_workers:
                alive.popleft().join()
            alive.append(threading.Thread(target=lambda index=index: values.append(task(index))))
            alive[-1].start()
        for thread in alive:
            thread.join()
        return values
    return run


TASKS = {"gil-cpu": gil_cpu, "gil-io": gil_io}
KINDS = {"threadpool": on_threadpool, "thread": on_thread, "futures": on_futures}


def answer(run, order):
    task, indices = TASKS[order["workload"]](order), range(order["first"], order["first"] + order["tasks"])
    cpu_ns, start_ns = time.process_time_ns(), time.perf_counter_ns()
    values = run(task, indices)
    end_ns, cpu_ns = time.perf_counter_ns(), time.process_time_ns() - cpu_ns
    return {"elapsed_ns": end_ns - start_ns, "cpu_ns": cpu_ns, "tasks": len(values), "sum": str(sum(values) & MASK)}


def has_lock():
    """Builds without it may still have it switched on."""
    return getattr(sys, "_is_gil_enabled", lambda: True)()


def make(kind, n_workers):
    """Or what the machine has no place for: locks of multiprocessing lie in /dev/shm."""
    try:
        return KINDS[kind](n_workers), ""
    except (ImportError, OSError) as error:
        number = getattr(error, "errno", None)
        return None, f"{type(error).__name__}{f': {os.strerror(number)} (is /dev/shm there?)' if number else ''}"


def main(kind, n_workers):
    version = ".".join(str(number) for number in sys.version_info[:3])
    print(json.dumps({"implementation": sys.implementation.name, "version": version, "has_lock": has_lock(),
                      "executable": sys.executable}), flush=True)
    (run, missing), n_started = make(kind, n_workers), 0
    for line in sys.stdin:
        if missing:
            print(json.dumps({"missing": missing}), flush=True)
            continue
        try:
            answered = answer(run, json.loads(line))
        except Exception as error:
            answered = {"error": type(error).__name__}
        else:
            n_started = n_started + answered["tasks"] if kind == "thread" else threading.active_count() - 1
            answered.update(threads_created=n_started, threads_peak=n_workers if kind == "thread" else n_started)
        print(json.dumps(answered), flush=True)


main(sys.argv[1], int(sys.argv[2]))
