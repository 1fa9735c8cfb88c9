"""A class that extends Thread, has a method of its own to run, and keeps its state in its fields."""
import threading


class Adder(threading.Thread):
    def __init__(self, limit):
        super().__init__()
        self.limit, self.sum = limit, 0

    def run(self):
        for i in range(1, self.limit + 1):
            self.sum += i


adder = Adder(10)
adder.start()
adder.join()
print(f"counted to {adder.limit}, the sum is {adder.sum}")
