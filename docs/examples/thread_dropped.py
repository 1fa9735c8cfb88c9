"""The end of the script ends the process, and whatever thread is a daemon; for others Python waits."""
import threading


def work() -> None:
    threading.Event().wait()
    print("never printed")


threading.Thread(target=work, daemon=True).start()
print("main() returns")
