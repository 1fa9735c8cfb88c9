"""Results one at a time, in order. Python reads the source to its end, so it must have one."""
from multiprocessing.pool import ThreadPool


def square(n):
    return n * n


pool = ThreadPool()
iterator = pool.imap(square, range(100))
print(*(iterator.next() for _ in range(5)))
pool.terminate()
pool.join()
