"""One child process with a log file, ended by its pid and never by its name."""

import itertools
import os
import pathlib
import random
import signal
import socket
import subprocess

from .wait import await_

PORTS = 500  # of one process
_claims, _ports = [], []
# What is no leak of ours is none of any program that the tests start.
os.environ.setdefault("LSAN_OPTIONS", "print_suppressions=0:suppressions="
                      f"{pathlib.Path(__file__).resolve().parents[2] / 'lsan.supp'}")
# A run in the background of a script ignores SIGINT, and so would all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
DIE_WITH_PARENT = ["setpriv", "--pdeathsig", "KILL", "--"]  # becomes what follows, same pid


def _claim_ports():
    """A range that no other process on this machine has while we live."""
    firsts = list(range(12000, 32000, PORTS))
    random.SystemRandom().shuffle(firsts)
    for first in firsts:
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0redwal-ports-{first}")
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        return itertools.cycle(range(first, first + PORTS))
    raise RuntimeError("every range of ports is taken by another run")


def free_port():
    """A TCP port that nothing listens on, which nobody else is given. It is below those that the kernel
    gives to outgoing connections, or one of them could take it while its server is down."""
    if not _ports:
        _ports.append(_claim_ports())
    for port in itertools.islice(_ports[0], PORTS):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise RuntimeError(f"something listens on each of {PORTS} ports")


def listening(port, host="127.0.0.1"):
    with socket.socket() as s:
        s.settimeout(0.5)
        return s.connect_ex((host, port)) == 0


class Process:
    """Started with `start`, its output appended to `log`. Dies with us, whatever happens to us."""

    def __init__(self, name, argv, log, env=None, cwd=None):
        """`env`: the whole environment; None for our own."""
        self.name, self.argv, self.log = name, [str(a) for a in argv], log
        self.env, self.cwd = env, cwd
        self.popen = None

    def start(self):
        assert not self.running(), f"{self.name} already runs"
        with open(self.log, "ab") as out:
            self.popen = subprocess.Popen(
                DIE_WITH_PARENT + self.argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=self.cwd,
                env=self.env,
            )
        return self

    @property
    def pid(self):
        return self.popen.pid

    def running(self):
        return self.popen is not None and self.popen.poll() is None

    def signal(self, number):
        self.popen.send_signal(number)

    def pause(self):
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def kill(self):
        """kill -9, and wait until it is gone."""
        if self.running():
            self.popen.kill()
        if self.popen is not None:
            self.popen.wait()

    def stop(self, seconds=15):
        """SIGTERM; kill -9 when that is not enough. Returns the exit status."""
        if self.running():
            self.popen.send_signal(signal.SIGCONT)
            self.popen.terminate()
            try:
                self.popen.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        return None if self.popen is None else self.popen.returncode

    def wait(self, seconds):
        """Exit status of a process that ends by itself."""
        await_(lambda: not self.running(), seconds, lambda: f"{self.name} ends\n{self.tail()}")
        return self.popen.returncode

    def output(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def tail(self, lines=30):
        return "\n".join(self.output().splitlines()[-lines:])

    def resident_kib(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))
