"""kubectl-redwal, run as people and scripts run it."""

import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import time

from .applier import BINARY as APPLIER, COMPLAINT, environment, flags

BINARY = pathlib.Path(APPLIER).parent / "kubectl-redwal"
PATIENCE = 330  # beyond the five minutes of `mirror resume --wait`


class Answer:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def json(self):
        return json.loads(self.out)

    def rows(self):
        """The objects of a stream, a line each."""
        return [json.loads(line) for line in self.out.splitlines()]

    def table(self):
        """Headings and rows of a table, cells split at the gaps."""
        lines = [re.split(r" {2,}", line.strip()) for line in self.out.splitlines() if line]
        return lines[0], lines[1:]


class Cli:
    """`options`: of the connection, without their dashes; given with every call."""

    def __init__(self, **options):
        self.options = {k.replace("_", "-"): v for k, v in options.items()}

    def argv(self, *words):
        return [str(BINARY), *map(str, words), *flags(self.options)]

    def run(self, *words, stdin="", status=0, env=None, binary=False):
        """Runs to the end and expects the exit status; None for any."""
        done = subprocess.run(
            self.argv(*words), input=stdin if isinstance(stdin, bytes) else stdin.encode(),
            capture_output=True, timeout=PATIENCE, check=False,
            env={**environment(), "XDG_CONFIG_HOME": "/nonexistent", **(env or {})})
        out = done.stdout if binary else done.stdout.decode()
        answer = Answer(done.returncode, out, done.stderr.decode())
        assert not COMPLAINT.search(answer.err), answer.err
        assert status is None or answer.status == status, \
            f"{words}: exit status {answer.status}\n{answer.out}\n{answer.err}"
        return answer

    def start(self, *words, env=None):
        """In the background, with pipes; the caller ends it."""
        return subprocess.Popen(
            self.argv(*words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
            env={**environment(), "XDG_CONFIG_HOME": "/nonexistent", **(env or {})})

    def on_terminal(self, *words, env=None):
        """What a person sees: standard output and error on one terminal, to the end."""
        with Terminal(self.argv(*words), env) as terminal:
            return terminal.finish()


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, argv, env=None):
        self.seen = ""
        self.pid, self._side = pty.fork()
        if self.pid == 0:
            os.environ.clear()
            os.environ.update({**environment(), "TERM": "xterm-256color",
                               "XDG_CONFIG_HOME": "/nonexistent", **(env or {})})
            os.execv(argv[0], argv)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._side)

    def _read(self):
        """False when the program has ended."""
        if not select.select([self._side], [], [], 0.1)[0]:
            return True
        try:
            part = os.read(self._side, 65536)
        except OSError:  # Linux: the other side has ended
            return False
        self.seen += part.decode(errors="replace")
        return bool(part)

    def await_(self, pattern, seconds=PATIENCE):
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.seen):
            assert self._read() and time.monotonic() < deadline, f"{pattern!r} in {self.seen!r}"

    def finish(self, seconds=PATIENCE):
        deadline = time.monotonic() + seconds
        while self._read():
            assert time.monotonic() < deadline, self.seen
        return self.seen
