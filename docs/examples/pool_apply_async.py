"""Submits a task, goes on, and asks for its result later; a callback is told first."""
import threading
from multiprocessing.pool import ThreadPool

go_on = threading.Semaphore(0)


def square(n):
    go_on.acquire()
    return n * n


pool = ThreadPool()
handle = pool.apply_async(square, (7,), callback=lambda result: print("callback:", result))
print("submitted")
go_on.release()
handle.wait()
print("result:", handle.get())
pool.close()
pool.join()
