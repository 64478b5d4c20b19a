"""A TCP relay between two real parts, so that the network between them can be held or cut."""

import selectors
import socket
import threading

CHUNK = 1 << 16


class Link:
    """Listens on `port` and relays to `target_port` on 127.0.0.1, in a thread of its own.

    hold()    nothing is relayed any more, connections stay open: a silent network.
    hold_at(word, nth)  hold() as soon as somebody sends the word so often; that one is not relayed. held() tells.
    cut()     connections are closed and new ones refused: a broken network.
    restore() back to normal. What a cut connection had in flight is lost, as it would be.
    """

    def __init__(self, target_port):
        self.target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._peer = {}  # socket -> the other end
        self._unsent = {}  # socket -> bytes waiting to go out on it
        self._orders, self._ordered = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._ordered, selectors.EVENT_READ)
        self._mode = "pass"
        self._word, self._words_left = None, 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def hold(self):
        self._order("hold")

    def hold_at(self, word, nth=1):
        """A word of a client's command; one that fits into a packet together with what precedes it."""
        self._word, self._words_left = word, nth

    def held(self):
        return self._mode == "hold"

    def cut(self):
        self._order("cut")

    def restore(self):
        self._order("pass")

    def close(self):
        self._order("end")
        self._thread.join(60)

    def _order(self, mode):
        if self._thread.is_alive():
            self._done.clear()
            self._orders.send(mode[0].encode())
            assert self._done.wait(60), "the link's thread does not answer"

    def _run(self):
        while self._mode != "end":
            for key, events in self._selector.select():
                if key.fileobj is self._ordered:
                    self._obey(self._ordered.recv(1))
                    self._done.set()
                elif key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj in self._peer and self._mode == "pass":
                    self._relay(key.fileobj, events)
        for s in (self._listener, self._orders, self._ordered):
            s.close()
        self._selector.close()

    def _obey(self, order):
        self._mode = {b"p": "pass", b"h": "hold", b"c": "cut", b"e": "end"}[order]
        if self._mode in ("cut", "end"):
            while self._peer:
                self._drop(next(iter(self._peer)))
        for s in self._peer:
            self._interest(s)

    def _accept(self):
        near, _ = self._listener.accept()
        if self._mode == "cut":
            near.close()
            return
        far = socket.socket()
        try:
            far.connect(("127.0.0.1", self.target_port))
        except OSError:
            near.close()
            far.close()
            return
        self._peer[near], self._peer[far] = far, near
        self._unsent[near], self._unsent[far] = b"", b""
        for s in (near, far):
            s.setblocking(False)
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._interest(s)

    def _interest(self, s):
        """Read when the other end has room, write when something waits; neither while held."""
        events = 0
        if self._mode == "pass":
            events |= 0 if self._unsent[self._peer[s]] else selectors.EVENT_READ
            events |= selectors.EVENT_WRITE if self._unsent[s] else 0
        registered = s in self._selector.get_map()
        if events and registered:
            self._selector.modify(s, events)
        elif events:
            self._selector.register(s, events)
        elif registered:
            self._selector.unregister(s)

    def _relay(self, s, events):
        peer = self._peer[s]
        try:
            if events & selectors.EVENT_READ:
                data = s.recv(CHUNK)
                if not data:
                    return self._drop(s)
                self._unsent[peer] += data
                if self._word and self._word in data:
                    self._words_left -= 1
                    if self._words_left == 0:
                        self._word = None
                        return self._obey(b"h")
                self._flush(peer)
            if events & selectors.EVENT_WRITE:
                self._flush(s)
        except OSError:
            return self._drop(s)
        self._interest(s)
        self._interest(peer)
        return None

    def _flush(self, s):
        try:
            sent = s.send(self._unsent[s])
        except BlockingIOError:
            return
        self._unsent[s] = self._unsent[s][sent:]

    def _drop(self, s):
        for end in (s, self._peer[s]):
            if end in self._selector.get_map():
                self._selector.unregister(end)
            del self._peer[end], self._unsent[end]
            end.close()
