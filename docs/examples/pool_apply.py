"""Runs one task on a worker and waits for its result."""
from multiprocessing.pool import ThreadPool


def square(n):
    return n * n


pool = ThreadPool()
print(pool.apply(square, (7,)))
pool.close()
pool.join()
