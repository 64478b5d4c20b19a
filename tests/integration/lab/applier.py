"""The program under test, run as an operator runs it: flags, files, signals, HTTP."""

import dataclasses
import os
import pathlib
import re
import urllib.error
import urllib.request

from .process import Process, free_port
from .wait import await_

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = pathlib.Path(os.environ.get("REDWAL_APPLIER") or ROOT / "build/dev/bin/redis-applier")

SANITIZERS = {
    "ASAN_OPTIONS": "abort_on_error=0:exitcode=99:detect_leaks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=99",
    "LSAN_OPTIONS": f"exitcode=99:print_suppressions=0:suppressions={ROOT / 'tests/lsan.supp'}",
}
COMPLAINT = re.compile(r"Sanitizer|runtime error:")
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.M)
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    content_type: str
    text: str


class Applier:
    """`options`: flags without their dashes; True for a flag alone, None for one left out."""

    def __init__(self, directory, name, options, env=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.http = f"127.0.0.1:{free_port()}"
        self.options = {"http": self.http, **options}
        self.process = Process(name, [BINARY, *flags(self.options)], self.directory / f"{name}.log",
                               env={**environment(), **(env or {})}, cwd=self.directory)

    def start(self):
        self.process.start()
        return self

    def kill(self):
        self.process.kill()

    def stop(self, seconds=40):
        return self.process.stop(seconds)

    def pause(self):
        self.process.pause()

    def resume(self):
        self.process.resume()

    def get(self, path):
        """(status, body), or None when nothing answers."""
        answer = self.request(path)
        return None if answer is None else (answer.status, answer.text)

    def request(self, path, method="GET", **headers):
        """An Answer, or None when nothing answers."""
        request = urllib.request.Request(f"http://{self.http}{path}", method=method, headers={
            k.replace("_", "-"): v for k, v in headers.items()})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return Answer(answer.status, answer.headers["Content-Type"], answer.read().decode())
        except urllib.error.HTTPError as answer:
            return Answer(answer.code, answer.headers["Content-Type"], answer.read().decode())
        except OSError:
            return None

    def ready(self):
        answer = self.get("/readyz")
        return answer is not None and answer[0] == 200

    def troubles(self):
        """The lines of /readyz?verbose that are not fine."""
        answer = self.get("/readyz?verbose")
        return [] if answer is None else [
            line for line in answer[1].splitlines() if line.startswith(("[-]", "[!]"))]

    def await_ready(self, seconds=60):
        await_(lambda: self.ready() or not self.process.running(), seconds,
               lambda: f"{self.process.name} is ready\n{self.get('/readyz?verbose')}\n"
                       f"{self.process.tail()}")
        assert self.process.running(), f"{self.process.name} ended:\n{self.process.output()}"
        return self

    def await_trouble(self, text, seconds=60):
        """/readyz?verbose has a line of trouble with this text; the line."""
        return await_(lambda: next((t for t in self.troubles() if text in t), None), seconds,
                      lambda: f"{self.process.name} tells of {text!r}\n"
                              f"{self.get('/readyz?verbose')}\n{self.process.tail()}")

    def await_held(self, reason, what="partition 0", seconds=60):
        """Not ready, because `what` is held for this reason."""
        self.await_trouble(f"{what} held ({reason})", seconds)
        assert not self.ready(), f"ready, although {what} is held"

    def metric(self, name, **labels):
        """Sum of the samples of redwal_applier_<name> that carry these labels; None without any."""
        answer = self.get("/metrics")
        if answer is None:
            return None
        wanted, found = labels.items(), []
        for metric, given, value in SAMPLE.findall(answer[1]):
            if metric == f"redwal_applier_{name}" and wanted <= dict(LABEL.findall(given)).items():
                found.append(float(value))
        return sum(found) if found else None

    def assert_healthy(self, secrets=()):
        """No sanitizer complained, and no secret was written to the log."""
        output = self.process.output()
        complaint = COMPLAINT.search(output)
        assert not complaint, f"{self.process.name}: {output[complaint.start() - 200:][:4000]}"
        assert self.process.popen is None or self.process.popen.poll() != 99, output[-4000:]
        for secret in secrets:
            assert secret not in output, f"{self.process.name} logged a secret"


def environment():
    """Ours for the program: variables that start with REDWAL_ are options to it."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith("REDWAL_")}
    return {**ours, **SANITIZERS}


def flags(options):
    argv = []
    for name, value in options.items():
        if value is True:
            argv.append(f"--{name}")
        elif value is not None:
            argv += [f"--{name}", str(value)]
    return argv


def position(client, wal, partition):
    """(next, settled) of a partition as Redis has it; None when it has none."""
    values = client.hmget(f"redwal:{{{wal}}}:p:{partition}", "next", "settled")
    return None if values[0] is None else tuple(map(int, values))
