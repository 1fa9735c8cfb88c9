"""A function that is called later, unless it is cancelled before."""
import threading


def ring() -> None:
    print("rings")


soon, late = threading.Timer(0.001, ring), threading.Timer(3600, ring)
soon.start()
late.start()
soon.join()
late.cancel()
late.join()
print("cancelled")
