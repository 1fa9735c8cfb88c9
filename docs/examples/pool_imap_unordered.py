"""Results in order of completion: the task that comes first is held until the others are done."""
import threading
from multiprocessing.pool import ThreadPool

go_on = threading.Semaphore(0)


def square(n):
    if n == 0:
        go_on.acquire()
    return n * n


pool = ThreadPool(2)
iterator = pool.imap_unordered(square, range(3))
print(iterator.next())
print(iterator.next())
go_on.release()
print(iterator.next())
try:
    iterator.next()
except StopIteration:
    print("no more")
pool.close()
pool.join()
