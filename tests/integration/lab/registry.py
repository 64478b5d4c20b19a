"""A real Apicurio registry with Confluent's interface, and a door before it with a lock."""

import base64
import hashlib
import http.server
import json
import pathlib
import shutil
import ssl
import subprocess
import sys
import tarfile
import tempfile
import threading
import urllib.error
import urllib.request

from .kafka import cache_directory
from .process import Process, free_port
from .wait import await_

ARTIFACT = "io.apicurio:apicurio-registry-app:2.6.13.Final:tar.gz:all"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
INTERFACE = "/apis/ccompat/v7"
CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"


def program():
    """Directory of the registry's jars, fetched from Maven Central once."""
    key = hashlib.sha256(ARTIFACT.encode()).hexdigest()[:12]
    wanted = cache_directory() / f"apicurio-{key}"
    if wanted.is_dir():
        return wanted
    wanted.parent.mkdir(parents=True, exist_ok=True)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="apicurio-", dir=wanted.parent))
    subprocess.run(["mvn", "-q", "-B", COPY, f"-Dartifact={ARTIFACT}",
                    f"-DoutputDirectory={scratch}"], check=True,
                   stdin=subprocess.DEVNULL, stdout=sys.stderr)
    for archive in scratch.glob("*.tar.gz"):
        with tarfile.open(archive) as tar:
            tar.extractall(scratch, filter="data")
        archive.unlink()
    try:
        scratch.rename(wanted)
    except OSError:  # somebody else was faster
        shutil.rmtree(scratch)
    return wanted


class Registry:
    """Started, killed and started again at will; what was registered stays."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.address}{INTERFACE}"
        database = f"jdbc:h2:file:{self.directory / 'schemas'};WRITE_DELAY=0"
        self.process = Process("registry", [
            "java", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            "-Dquarkus.http.host=127.0.0.1", f"-Dquarkus.http.port={self.port}",
            f"-Dquarkus.datasource.jdbc.url={database}",
            "-cp", f"{program()}/*:{program()}/lib/*", "io.quarkus.runner.GeneratedMain",
        ], self.directory / "registry.log", cwd=self.directory)

    def start(self):
        self.process.start()
        await_(lambda: self._serves() or not self.process.running(), 180, "the registry serves")
        assert self.process.running(), f"the registry ended at once:\n{self.process.tail()}"
        return self

    def _serves(self):
        try:
            return self.call("GET", "/subjects")[0] == 200
        except OSError:
            return False

    def kill(self):
        self.process.kill()

    def stop(self):
        self.process.stop()

    def call(self, method, path, body=None):
        """(status, JSON)"""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": CONTENT_TYPE},
                                         method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as answer:
            return answer.code, json.load(answer)

    def register(self, subject, text, kind):
        """The schema's id."""
        status, answer = self.call("POST", f"/subjects/{subject}/versions",
                                   {"schema": text, "schemaType": kind})
        assert status == 200, answer
        return answer["id"]

    def demand(self, subject, compatibility):
        status, answer = self.call("PUT", f"/config/{subject}", {"compatibility": compatibility})
        assert status == 200, answer

    def schema(self, schema_id):
        """(type, text), or None when there is no such id."""
        status, answer = self.call("GET", f"/schemas/ids/{schema_id}")
        return (answer.get("schemaType", "AVRO"), answer["schema"]) if status == 200 else None


class Door:
    """HTTPS before a registry: asks for a user, a certificate, or both."""

    def __init__(self, registry, authority, user, password, asks_for_certificate=False):
        self.user, self.password, self._registry = user, password, registry
        self._authority, self._asks = authority, asks_for_certificate
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._secure()
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}{INTERFACE}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _secure(self):
        cert, key, _ = self._authority.issue("registry")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        if self._asks:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self._authority.ca)
        # The handshake is the connection's own thread's: one that fails must not end the others.
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True,
                                                  do_handshake_on_connect=False)

    def _handler(door):
        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self):
                wanted = base64.b64encode(f"{door.user}:{door.password}".encode()).decode()
                if self.headers.get("Authorization") != f"Basic {wanted}":
                    self._answer(401, b'{"error_code":40101,"message":"Unauthorized"}')
                    return
                status, answer = door._registry.call("GET", self.path.removeprefix(INTERFACE))
                self._answer(status, json.dumps(answer).encode())

            def _answer(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler

    def close(self):
        self._server.shutdown()
        self._server.server_close()
