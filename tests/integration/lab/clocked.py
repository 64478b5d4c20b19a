"""A redis-server that believes the time it is told: what live application gave is found by setting
its clock to each record's time before the record's plain command is sent."""

import os
import pathlib
import time

import pytest

from . import servers
from .redis_server import RedisServer
from .wait import await_

LIBRARIES = ("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
             "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1")
SHIFT = 2**45  # deadlines in log time are as much later, see docs/adr/0007-log-time.md
# libfaketime does not get along with the memory allocator of the distribution's redis-server.
LENDERS = {servers.SYSTEM: "redis-8"}


class Clock:
    """What a process believes whose environment is `env`."""

    def __init__(self, file):
        library = next((l for l in LIBRARIES if pathlib.Path(l).exists()), None)
        if library is None:
            pytest.skip("libfaketime is not installed: hack/install-deps test lab")
        self._file = file
        self.env = {
            **os.environ, "LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1", "TZ": "UTC"}

    def stand_at(self, ms):
        text = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(ms // 1000))
        self._write(f"{text}.{ms % 1000:03}500")

    def run_ahead(self, seconds):
        """Of the true time; behind it when negative."""
        self._write(f"{seconds:+}s")

    def _write(self, text):
        new = self._file.with_suffix(".new")
        new.write_text(f"{text}\n")
        new.replace(self._file)


class ClockedServer(RedisServer):
    def __init__(self, directory, name, kind):
        """`kind`: the server it stands in for, of servers.NAMES."""
        super().__init__(directory, name, options=["hz 500"],
                         program=servers.program(LENDERS.get(kind, kind)))
        self._clock = Clock(self.directory / "clock")
        self.set_clock(int(time.time() * 1000))
        self.process.env = self._clock.env

    def set_clock(self, ms):
        self._clock.stand_at(ms)


class LogTime:
    """Log time as docs/guarantees.md has it: the largest timestamp of the partition's records so
    far. What ends at a record's time has ended when the record is applied."""

    def __init__(self, server):
        self._server = server
        self._partition, self._now = None, 0
        self._client = server.client()
        self.stays = False  # at the end it is not now, but the time of the last partition's log

    def end(self):
        """It is now."""
        self._partition = None
        if not self.stays:
            self._server.set_clock(int(time.time() * 1000))

    def client(self):
        return self._server.client()

    def reach(self, record):
        if record.partition != self._partition:
            self._partition, self._now = record.partition, 0
        self._now = max(self._now, record.timestamp)
        self._server.set_clock(self._now + 1)
        if record.key is not None:
            await_(lambda: self._is_rid_of_ended_fields(record.key), 60, "ended fields are gone")

    def _is_rid_of_ended_fields(self, key):
        """Redis gives a field that has ended another deadline until it has removed it, which it does
        in the background, at once as live records see it."""
        if self._client.type(key) != b"hash":
            return True
        return self._client.hlen(key) == len(self._client.hkeys(key))


def in_log_time(state, log_ms):
    """What a Redis in log time means by what it holds."""
    meant = {}
    for key, (kind, content, ends) in state.items():
        if kind == b"hash":
            fields, field_ends = content
            field_ends = {field: at - SHIFT for field, at in field_ends.items()}
            fields = {f: v for f, v in fields.items() if field_ends.get(f, log_ms + 1) > log_ms}
            content = fields, {f: at for f, at in field_ends.items() if f in fields}
            if not fields:
                continue
        ends = None if ends is None else ends - SHIFT
        if ends is None or ends > log_ms:
            meant[key] = (kind, content, ends)
    return meant
