"""A thread returns no result and its task has no status: who needs them brings room for them."""
import math
import threading


class Root(threading.Thread):
    def __init__(self, arg):
        super().__init__()
        self.arg, self.result, self.error = arg, None, None

    def run(self):
        try:
            self.result = math.isqrt(self.arg)
        except ValueError as error:
            self.error = error


roots = [Root(16), Root(-1)]
for root in roots:
    root.start()
for root in roots:
    root.join()
    if root.error:
        print(f"the root of {root.arg} failed")
    else:
        print(f"the root of {root.arg} is {root.result}")
