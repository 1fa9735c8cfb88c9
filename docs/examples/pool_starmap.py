"""The same for a function of several arguments."""
from multiprocessing.pool import ThreadPool


def weigh(a, b, weight):
    return a + weight * b


pool = ThreadPool()
rows = [(1, 1, 10), (4, 2, 10), (9, 3, 10)]
print(*pool.starmap(weigh, rows))
print(*pool.starmap_async(weigh, rows).get())
pool.close()
pool.join()
