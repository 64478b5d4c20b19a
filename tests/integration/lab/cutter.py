"""A TCP relay that ends a connection behind a given byte of either direction."""

import contextlib
import select
import socket
import threading

CHUNK = 1 << 16


class Cutter:
    """Serves one connection after the other on `port`, in a thread of its own."""

    def __init__(self, target_port):
        self._target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self._limits = (None, None)
        self.passed = [0, 0]  # bytes of the last connection: to the server, and from it
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def cut_behind(self, to_server=None, from_server=None):
        """From the next connection on; None: never."""
        self._limits = (to_server, from_server)

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _run(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                with near, socket.create_connection(("127.0.0.1", self._target_port)) as far:
                    self.passed = [0, 0]
                    with contextlib.suppress(OSError):
                        self._relay((near, far), self._limits)

    def _relay(self, ends, limits):
        for s in ends:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while 0 not in self._left(limits):
            for s in select.select(ends, [], [])[0]:
                way = ends.index(s)
                left = self._left(limits)[way]
                data = s.recv(CHUNK if left is None else min(CHUNK, left))
                if not data:
                    return
                ends[1 - way].sendall(data)
                self.passed[way] += len(data)
                if self._left(limits)[way] == 0:
                    return

    def _left(self, limits):
        return [None if limit is None else limit - n for limit, n in zip(limits, self.passed)]
