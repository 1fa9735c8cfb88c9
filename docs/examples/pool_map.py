"""One function over a list, at once and in the background; results come in the order of the arguments."""
from multiprocessing.pool import ThreadPool


def square(n):
    return n * n


pool = ThreadPool()
print(*pool.map(square, range(6)))
handle = pool.map_async(square, range(6), chunksize=2)
print(*handle.get())
pool.close()
pool.join()
