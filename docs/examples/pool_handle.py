"""What a handle tells of a task that runs and of one that has ended. Python's cannot be cancelled one by one."""
import threading
from multiprocessing import TimeoutError
from multiprocessing.pool import ThreadPool

has_begun, go_on = threading.Semaphore(0), threading.Semaphore(0)


def answer():
    has_begun.release()
    go_on.acquire()
    return 42


def yes(holds):
    return "yes" if holds else "no"


pool = ThreadPool(1)
first = pool.apply_async(answer)
second = pool.apply_async(answer)
has_begun.acquire()
print("ready:", yes(first.ready()))
try:
    first.get(timeout=0.001)
except TimeoutError:
    print("after 1 ms: not yet")
go_on.release()
result = first.get()
print(f"ready: {yes(first.ready())}, successful: {yes(first.successful())}, result: {result}")
print("the second is cancelled")
go_on.release()
pool.terminate()
pool.join()
