"""`observe-probe` watches a WAL as the controller does; what it says of it."""

import json
import os
import pathlib

from .applier import BINARY
from .process import Process
from .wait import await_

SECONDS = 30
PROBE = BINARY.parent.parent / "tools" / "observe-probe"


class Observer:
    def __init__(self, directory, wal, redis, access, look, login=()):
        """`access`, `look`: where the log is, as codec/log_look_json.h has it."""
        directory.mkdir(parents=True, exist_ok=True)
        places = directory / "places"
        places.write_text(json.dumps({"access": access}) + "\n" + json.dumps({"look": look}) + "\n")
        places.chmod(0o600)
        self.process = Process("observe-probe", [
            "sh", "-c", 'exec "$@" <"$0"', places, PROBE,
            wal, redis, *login], directory / "log")

    def start(self):
        self.process.start()
        return self

    def stop(self):
        self.process.kill()

    def _lines(self):
        return [json.loads(line) for line in self.process.output().splitlines()
                if line.startswith("{") and line.endswith("}")]

    def last(self):
        lines = self._lines()
        return lines[-1] if lines else {"agents": 0, "lost": 0, "status": {"conditions": []}}

    def told(self):
        """Reasons of the Events there would be."""
        return [line[2:] for line in self.process.output().splitlines() if line.startswith("! ")]

    def condition(self, name):
        for c in self.last()["status"]["conditions"]:
            if c["type"] == name:
                return c
        return {"status": "", "reason": "", "message": ""}

    def await_condition(self, name, status, reason, seconds=SECONDS):
        def seen():
            c = self.condition(name)
            return (c["status"], c["reason"]) == (status, reason) and c
        return await_(seen, seconds, lambda: f"{name} is {status} {reason}, and not "
                      f"{self.condition(name)}\n{self.process.tail(3)}")

    def await_phase(self, phase, seconds=SECONDS):
        await_(lambda: self.last()["status"].get("phase") == phase, seconds,
               lambda: f"phase {phase}\n{self.process.tail(3)}")

    def agents(self):
        """Processes that ask the brokers."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))
