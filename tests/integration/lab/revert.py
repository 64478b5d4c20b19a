"""`kubectl-redwal revert` of one log and one Redis, and what its records make of them."""

import base64
import json

from . import oracle
from .comparison import Verify
from .workload import encode


def write(topic, key, command, args=(), **fields):
    topic.write(encode(command, args, **fields), key.encode())


def snapshot(server):
    with server.client() as client:
        return oracle.snapshot(client)


def at(ends):
    return ",".join(f"{p}:{end}" for p, end in ends.items())


def reverted_key(record):
    """The key that a record of `--run run` makes what it was; None: it is another, or of a stage."""
    fields = json.loads(record.value)
    if not fields.get("id", "").startswith("run:") or fields["id"].count(":") > 1:
        return None
    renamed = [o["args"][0] for o in fields["atomic"] if o["command"] == "RENAME"]
    key = renamed[0] if renamed else fields["atomic"][0]["key"]
    return base64.b64decode(key["base64"]) if isinstance(key, dict) else key.encode()


def is_of_revert(record):
    return b'"id":"run:' in record.value


class Revert(Verify):
    def __init__(self, lab, topic, server, **options):
        super().__init__(lab, topic, server)
        letters = {"dlq_topic": topic.dead_letters.name} if topic.dead_letters else {}
        self.cli = self.given(**letters, **options)

    def run(self, *words, status=0, **options):
        return self.given(**{"output": "json", **options}).run("revert", *words, status=status)

    def start(self, *words, **options):
        return self.given(**options).start("revert", *words)


def assert_reverted(lab, topic, server, ends):
    """Redis is the fold of the log; and it is the fold of what producers wrote, where of each key
    that was reverted what stands between `ends` and its record never was. Returns these records by
    key."""
    records = topic.read()
    lab.check(topic, server)
    made = {}
    for record in filter(is_of_revert, records):
        if (key := reverted_key(record)) is not None:
            assert key not in made, "each key is reverted once"
            made[key] = record
    left = [r for r in records if not is_of_revert(r) and (
        r.key not in made or r.offset < ends[r.partition] or r.offset > made[r.key].offset)]
    now = {k: v for k, v in snapshot(server).items() if not k.startswith(b"redwal-revert:")}
    found = oracle.differences(lab.fold(left, partitions=topic.partitions).state, now)
    assert not found, "\n".join(found)
    return made


def applied(lab, **options):
    topic, server = lab.topic(), lab.redis()
    lab.applier(topic, server, **options).start()
    return topic, server


def incremented(lab, *keys):
    """Keys that were 1 at `ends`."""
    topic, server = applied(lab)
    for key in keys:
        write(topic, key, "SET", ["1"])
    topic.flush()
    ends = topic.ends()
    for key in keys:
        write(topic, key, "INCR")
    topic.flush()
    lab.await_applied(topic, server)
    return topic, server, ends


def large_list(lab, portions, **options):
    """One that needs a stage, and has one element more since `ends`."""
    topic, server = applied(lab, **options)
    for elements in portions:
        write(topic, "large", "RPUSH", elements)
    topic.flush()
    ends = topic.ends()
    write(topic, "large", "RPUSH", ["behind"])
    topic.flush()
    lab.await_applied(topic, server)
    return topic, server, ends
