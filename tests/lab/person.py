"""Somebody at a terminal, in front of the tool."""

import os
import pty
import select
import subprocess

from lab.wait import await_

PATIENCE_SECONDS = 60


class Person:
    def __init__(self, argv, env=None):
        self.end, terminal = pty.openpty()
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(argv, stdin=terminal, stdout=subprocess.PIPE, stderr=terminal, env=env)
        os.close(terminal)
        self.read = ""

    def _look(self):
        """False once the tool has ended and all that it told is read."""
        if not select.select([self.end], [], [], 0.1)[0]:
            return True
        try:
            part = os.read(self.end, 4096)
        except OSError:  # Linux: nobody is at the other side
            return False
        self.read += part.decode()
        return bool(part)

    def reads(self, what):
        def told():
            goes_on = self._look()
            assert goes_on or what in self.read, self.read
            return what in self.read
        await_(told, PATIENCE_SECONDS, lambda: f"{what!r} in {self.read!r}")

    def types(self, what):
        """And reads to the end. The exit status."""
        os.write(self.end, f"{what}\n".encode())
        await_(lambda: not self._look(), PATIENCE_SECONDS, lambda: f"it ends: {self.read!r}")
        self.process.communicate(timeout=PATIENCE_SECONDS)
        os.close(self.end)
        return self.process.returncode
