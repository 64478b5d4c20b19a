"""An API server that is busy says how long to wait, and that is how long we wait."""

import http.server
import json
import threading
import time

import pytest

from lab.wait import await_

RETRY_AFTER = 3


class Busy(http.server.ThreadingHTTPServer):
    """Refuses the first requests of each kind with 429, then is an empty collection."""

    def __init__(self, n_refusals):
        super().__init__(("127.0.0.1", 0), Handler)
        self.refusals = {"list": n_refusals, "watch": n_refusals}
        self.times = {"list": [], "watch": []}
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        kind = "watch" if "watch=1" in self.path else "list"
        self.server.times[kind].append(time.monotonic())
        if self.server.refusals[kind] > 0:
            self.server.refusals[kind] -= 1
            self.answer(429, b"Too many requests, please try again later.\n")
        elif kind == "list":
            self.answer(200, json.dumps({"kind": "ConfigMapList", "apiVersion": "v1", "items": [],
                                         "metadata": {"resourceVersion": "7"}}).encode())
        else:
            self.answer(200, b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"8"}}}\n')

    def answer(self, code, body):
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        if code == 429:
            self.send_header("Retry-After", str(RETRY_AFTER))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def busy():
    server = Busy(2)
    yield server
    server.shutdown()
    server.server_close()


def test_a_refusal_is_waited_out_as_long_as_it_says(busy, tmp_path, watcher):
    config = tmp_path / "config"
    config.write_text("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\n"
                      "clusters: [{name: c, cluster: {server: "
                      f"'http://127.0.0.1:{busy.server_port}'}}}}]\n")
    it = watcher(config, "default")
    await_(lambda: len(busy.times["watch"]) >= 3, 60, it.tail)
    for kind in ("list", "watch"):
        first, second, third = busy.times[kind][:3]
        assert second - first >= RETRY_AFTER - 0.01
        assert third - second >= RETRY_AFTER - 0.01
    assert it.output().count("429 TooManyRequests") >= 4
    assert it.state()[0] == 3, "what a watch is refused is no reason to list again"
