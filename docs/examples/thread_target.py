"""Runs a function with its argument in a new thread."""
import threading


def greet(name):
    print("hello from", name)


thread = threading.Thread(target=greet, args=("a thread",))
thread.start()
thread.join()
