"""A Queue(2) between a thread and its creator."""
import queue
import threading

N_ITEMS = 5
items: queue.Queue[int] = queue.Queue(2)


def produce() -> None:
    for i in range(N_ITEMS):
        items.put(i)


thread = threading.Thread(target=produce)
thread.start()
print(*(items.get() for _ in range(N_ITEMS)))
thread.join()
