"""What can be asked of a thread: whether it is alive, its name, its id; and a join that gives up."""
import os
import threading

go_on = threading.Semaphore(0)


def state_of(thread):
    return "alive" if thread.is_alive() else "not alive"


thread = threading.Thread(target=go_on.acquire, name="worker")
print("before its start:", state_of(thread))
thread.start()
own = "with an id of its own" if thread.native_id and thread.native_id != os.getpid() else "without an id"
print(f"held: {state_of(thread)}, called {thread.name}, {own}")
thread.join(timeout=0.001)
if thread.is_alive():
    print("after 1 ms: still running")
go_on.release()
thread.join()
print("joined:", state_of(thread))
