"""`observe-probe restore` does to a WAL what the controller does for a restore, one order at a time."""

import json
import subprocess

from .applier import environment
from .observer import PROBE


class Restorer:
    def __init__(self, wal, redis, access, look, login=()):
        """`access`, `look`: where the log is, as codec/log_look_json.h has it."""
        self._process = subprocess.Popen(
            [PROBE, "restore", wal, redis, *map(str, login)], env=environment(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._say(json.dumps({"access": access}))
        self._say(json.dumps({"look": look}))

    def _say(self, line):
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def plan(self, to, positions=(), **target):
        """`target`: its timeMs, where it is a time."""
        return self._order("plan " + _question("plan", to=to, positions=positions, **target))

    def group(self):
        return self._order("group")

    def redis(self, action, uid):
        """`wipe`, `release` or `skip`."""
        return self._order(f"{action} {uid}")

    def given(self, log, *partitions):
        """The plan of later orders: [from, until, end] of each partition."""
        self._say("with " + _question("setGroup", log=log, partitions=partitions))

    def within(self, milliseconds):
        """So long each later order may take."""
        self._say(f"within {milliseconds}")

    def _order(self, line):
        """What came of it: `restored`, `denied`, `why`, and of a plan what it says."""
        self._say(line)
        answer = self._process.stdout.readline()
        assert answer, f"observe-probe ended with {self._process.wait(10)}"
        return json.loads(answer)

    def stop(self):
        self._process.stdin.close()
        assert self._process.wait(20) == 0


def _question(which, **members):
    """As codec/restore_log_json.h has it; the probe knows the log, and how long it may take."""
    return json.dumps({"restore": which, "topic": "", "group": "", "untilMs": 1, **members},
                      separators=(",", ":"))


def done(result):
    assert result["restored"] == "done", result
    return result
