"""A thread is started once. A new task is a new thread."""
import threading

ran = []
threads = [threading.Thread(target=ran.append, args=(i,)) for i in range(2)]
for thread in threads:
    thread.start()
try:
    threads[0].start()
    print("started again: accepted")
except RuntimeError:
    print("started again: refused")
for thread in threads:
    thread.join()
print(f"2 threads, {len(ran)} tasks")
