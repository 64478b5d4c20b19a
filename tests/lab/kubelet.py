"""As much of a kubelet as the API server asks for logs: it has no containers, and says what a test
wants it to say."""

import datetime
import http.server
import json
import pathlib
import queue
import ssl
import threading
import urllib.parse

from lab.certs import Authority


def stamp(seconds):
    """As kubelets write times: `seconds` after a fixed moment."""
    at = datetime.datetime(2026, 11, 25, 10, 0, 0) + datetime.timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f000Z")


class Log:
    """Of one container. `lines` are there; what is put into `later` goes to those who follow, and None
    ends their connection."""

    def __init__(self, *lines, previous=()):
        self.lines, self.previous, self.later = list(lines), list(previous), queue.Queue()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *unused):
        pass

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = {k: v[0] for k, v in urllib.parse.parse_qs(url.query).items()}
        _, what, *where = url.path.split("/")
        log = self.server.logs.get(tuple(where))
        self.server.asked.append((tuple(where), query))
        if what != "containerLogs" or log is None:
            self.send_error(404, "no such container")
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            self._write(log, query)
        except OSError:  # whoever asked has gone
            self.close_connection = True

    def _write(self, log, query):
        lines = log.previous if query.get("previous") else log.lines
        if "tailLines" in query:
            lines = lines[len(lines) - min(len(lines), int(query["tailLines"])):]
        for line in lines:
            self._chunk(line)
        while query.get("follow") and (line := log.later.get()) is not None:
            if line is ...:
                raise OSError("cut")
            self._chunk(line)
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, line):
        data = line if isinstance(line, bytes) else f"{line}\n".encode()
        if data:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()


class Kubelet(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, directory):
        super().__init__(("127.0.0.1", 0), Handler)
        cert, key, _ = Authority(pathlib.Path(directory) / "kubelet").issue("kubelet")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.logs, self.asked = {}, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def join(self, cluster, name):
        """A node of that name, which is this one."""
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
                "status": {"addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
                           "daemonEndpoints": {"kubeletEndpoint": {"Port": self.server_port}}}}
        cluster.kubectl("create", "-f", "-", stdin=json.dumps(node))
        cluster.kubectl("patch", "node", name, "--subresource=status", "--type=merge", "-p",
                        json.dumps({"status": node["status"]}))
        self.node = name

    def run(self, cluster, namespace, pod, log, wal="orders", container="redis-applier", name=None,
            ports=(), **state):
        """A pod there whose container runs, or is in another state. It is of `name`, an applier."""
        self.logs[namespace, pod, container] = log  # who follows logs asks as soon as it runs
        cluster.kubectl("create", "-n", namespace, "-f", "-", stdin=json.dumps({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": pod, "labels": {
                "app.kubernetes.io/name": name or "redis-applier", "redwal.dev/wal": wal}},
            "spec": {"nodeName": self.node,
                     "containers": [{"name": container, "image": "x",
                                     "ports": [{"containerPort": port} for port in ports]}],
                     "tolerations": [{"operator": "Exists"}]}}))
        self.say(cluster, namespace, pod, container, **state)

    def say(self, cluster, namespace, pod, container="redis-applier", restarts=0, **state):
        cluster.kubectl("patch", "pod", pod, "-n", namespace, "--subresource=status",
                        "--type=merge", "-p", json.dumps({"status": {
                            "phase": "Running", "containerStatuses": [{
                                "name": container, "image": "x", "imageID": "x", "ready": True,
                                "restartCount": restarts,
                                "state": state or {"running": {}}}]}}))
