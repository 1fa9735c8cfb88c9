"""Python waits for threads that are no daemons."""
import threading

has_ended = threading.Semaphore(0)


def work() -> None:
    has_ended.acquire()
    print("the thread goes on")


threading.Thread(target=work).start()
print("main() ends")
has_ended.release()
