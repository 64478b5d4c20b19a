"""Producers at work."""

import threading

from .workload import Workload, encode


class Traffic:
    """Producers that write to a log all the time, until the end of the block."""

    def __init__(self, topic, seed=50, pause=0.002):
        self.topic, self.pause = topic, pause
        self._over = threading.Event()
        self._workload = Workload(seed, keys=30)
        self._thread = threading.Thread(target=self._write)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *unused):
        self._over.set()
        self._thread.join()
        self.topic.flush()

    def _write(self):
        while not self._over.is_set():
            self._workload.write(self.topic, 3)
            self.topic.write(encode("INCR"), b"hot")
            self.topic.producer.poll(0)
            self._over.wait(self.pause)
