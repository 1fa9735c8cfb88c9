"""A task's error arrives where its result would have: at the handle, at the map, at the iterator."""
from multiprocessing.pool import ThreadPool

numbers = [2, -1, 3]


def square(n):
    if n < 0:
        raise ValueError(f"{n} is negative")
    return n * n


pool = ThreadPool()
handle = pool.apply_async(square, (-2,))
try:
    handle.get()
except ValueError as error:
    print("handle:", error)
try:
    pool.map(square, numbers)
except ValueError as error:
    print(f"map: {error}, at {numbers.index(-1)}")  # the place is not told
iterator = pool.imap(square, numbers)
shown = []
while True:
    try:
        shown.append(str(iterator.next()))
    except StopIteration:
        break
    except ValueError as error:
        shown.append(str(error))
print("iterator:", ", ".join(shown))
pool.close()
pool.join()
