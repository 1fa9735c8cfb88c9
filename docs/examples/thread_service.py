"""A thread that lives long, keeps state, and is asked to stop."""
import threading


class Service(threading.Thread):
    def __init__(self):
        super().__init__()
        self.beats, self.n_beats, self.stop = threading.Semaphore(0), 0, threading.Event()

    def run(self):
        while True:
            self.n_beats += 1
            self.beats.release()
            if self.stop.wait(0.001):
                return


service = Service()
service.start()
for _ in range(3):
    service.beats.acquire()
service.stop.set()
service.join()
print("beats:", "at least 3" if service.n_beats >= 3 else "too few")
print("stopped")
