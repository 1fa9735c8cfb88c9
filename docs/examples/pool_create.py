"""A pool of two workers, each of which is prepared before its first task."""
import threading
from multiprocessing.pool import ThreadPool

prepared = threading.Semaphore(0)
both = threading.Barrier(3)

pool = ThreadPool(2, initializer=prepared.release)
prepared.acquire()
prepared.acquire()
print("2 workers were prepared")
pool.apply_async(both.wait)
pool.apply_async(both.wait)
both.wait()
print("both are at work")
pool.close()
pool.join()
print("2 workers were cleaned up")  # there is no finalizer: the threads have ended
