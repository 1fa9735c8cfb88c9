"""A thread that nobody joins; that it is done it has to say itself."""
import threading

is_done = threading.Semaphore(0)
threading.Thread(target=is_done.release, daemon=True).start()
is_done.acquire()
print("done")
