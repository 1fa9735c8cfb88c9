"""Closing lets what is queued finish; terminating drops it. Python does not ask what runs to stop."""
import threading
from multiprocessing.pool import ThreadPool

ran, has_begun, go_on = [], threading.Semaphore(0), threading.Semaphore(0)


def run(n):
    ran.append(n)
    has_begun.release()
    go_on.acquire()


def start():
    ran.clear()
    pool = ThreadPool(1)
    for n in range(3):
        pool.apply_async(run, (n,))
    has_begun.acquire()
    return pool


pool = start()
pool.close()
try:
    pool.apply_async(run, (3,))
    word = "accepted"
except ValueError:
    word = "refused"
go_on.release(3)
pool.join()
print(f"closed: {word}, {len(ran)} tasks ran")

has_begun, go_on = threading.Semaphore(0), threading.Semaphore(0)
pool = start()
pool.terminate()
go_on.release()
pool.join()
print(f"terminated: {len(ran)} task ran, {3 - len(ran)} were dropped")
