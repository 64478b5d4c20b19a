"""Every rejected record is kept with its reason, whatever dies in between."""

import random

import pytest

from conftest import PATIENT
from lab import scripts
from lab.wait import await_, holds
from lab.workload import Workload, encode, script_call

REJECTED = {
    "empty-record": (b"k", [None, b""]),
    "not-json": (b"k", [b"x", b"[]", b'"s"', b'{"v":1', b'{"v":1} x', b"\xff", b'{"v":NaN}',
                        b'\xef\xbb\xbf{"v":1,"command":"DEL"}']),
    "bad-field": (b"k", [b'{"v":1}', encode("SET", ["v"], extra=1), encode("SET", ["v"], ttl=0),
                         b'{"v":1,"command":"SET","args":[5]}',
                         encode("SET", ["v"], ttl=1, ttlMs=1),
                         b'{"v":1,"command":"SET","args":["v"],"args":["w"]}',
                         b'{"command":"SET","args":[{"base64":"Zg"}]}']),
    "unknown-version": (b"k", [b'{"v":2,"command":"DEL"}', b'{"v":"1","command":"DEL"}']),
    "script-unknown": (b"k", [b'{"v":1,"script":"s","keys":["k"]}']),
    "script-differs": (b"k", [script_call("fill", ["k"], sha="0" * 64)]),
    "script-failed": (b"k", [script_call("fill", ["full", "k"], [51])]),
    "key-missing": (None, [encode("SET", ["v"])]),
    "key-mismatch": (b"k", [encode("SET", ["v"], key="other")]),
    "key-reserved": (b"redwal:identity", [encode("DEL"), encode("HSET", ["wal", "x"])]),
    "command-unknown": (b"k", [encode("NOSUCHCOMMAND", ["x"])]),
    "command-unsupported": (b"k", [encode("GEOADD", ["1", "2", "m"])]),
    "command-not-a-write": (b"k", [encode("GET"), encode("HGETALL")]),
    "command-administrative": (b"k", [encode("FLUSHALL"), encode("CONFIG", ["RESETSTAT"])]),
    "command-nondeterministic": (b"k", [encode("SPOP"), encode("XREADGROUP", ["g", "c"])]),
    "command-blocking": (b"k", [encode("BLPOP", ["0"])]),
    "command-scripting": (b"k", [encode("EVAL", ["return 1", "0"])]),
    "keys-cross-partition": (b"k", [encode("DEL", ["other"]), encode("RENAME", ["other"]),
                                    encode("MSET", ["v", "other", "w"])]),
    "wrong-arguments-count": (b"k", [encode("SET"), encode("INCR", ["1"])]),
    "bad-argument": (b"k", [encode("EXPIRE", ["soon"]), encode("SET", ["v", "EX", "soon"])]),
    "ttl-not-allowed": (b"k", [encode("DEL", ttl=5), encode("SET", ["v", "EX", "5"], ttl=5),
                               encode("PERSIST", ttlMs=5)]),
    "too-large": (b"k", [encode("SET", ["x" * 200_000])]),
    "redis-wrongtype": (b"list", [encode("INCR"), encode("HSET", ["f", "v"], ttl=100)]),
    "redis-error": (b"text", [encode("INCR"), encode("INCRBY", ["x"]),
                              encode("SETRANGE", [-1, "x"])]),
}
MAX_BYTES = 100 * 1024


def test_every_reason(lab):
    lab.calm = True
    topic = lab.topic(partitions=1)
    server = lab.redis(options=['rename-command GEOADD ""'])
    lab.applier(topic, server, max_record_bytes="100KiB",
                scripts=scripts.write(lab.directory / "scripts", scripts.TEXTS)).start()
    topic.write(encode("RPUSH", ["a"]), b"list")
    topic.write(encode("SET", ["text"]), b"text")
    topic.write(encode("SET", ["before"], ttl=7200), b"k")
    expected = {}
    for reason, (key, values) in REJECTED.items():
        for value in values:
            expected[0, 3 + len(expected)] = reason
            topic.write(value, key, headers={"trace": reason.encode()})
    topic.write(encode("APPEND", [" and after"]), b"k")
    topic.flush()
    folded = lab.check(topic, server, max_bytes=MAX_BYTES, lacking={"GEOADD"},
                       scripts=scripts.TEXTS)
    assert folded.rejected == expected, "the oracle disagrees with the table"


def test_killed_again_and_again_among_rejected_records(lab):
    lab.crashed = True
    topic, server, chance = lab.topic(), lab.redis(), random.Random(7)
    applier = lab.applier(topic, server)
    Workload(7, rejects=0.5).write(topic, 6000)
    topic.flush()
    with server.client() as client:
        def applied():
            return sum(at[0] for at in lab.positions(topic, client).values() if at)

        for _ in range(6):
            applier.start()
            wanted = min(applied() + chance.randrange(1, 900), 6000)
            await_(lambda wanted=wanted: applied() >= wanted, 60, f"{wanted} are applied")
            applier.kill()
    applier.start()
    folded = lab.check(topic, server)
    assert len(folded.rejected) > 2000


def test_redis_dies_among_rejected_records(lab):
    lab.crashed = True
    topic, failover = lab.topic(), lab.failover()
    lab.applier(topic, failover).start().await_ready()
    Workload(8, rejects=0.5).write(topic, 1000)
    topic.flush()
    old = failover.primary()
    lab.await_applied(topic, old)
    failover.lose_what_follows(old)
    Workload(9, rejects=0.5).write(topic, 3000)
    topic.flush()
    old.kill()
    lab.check(topic, failover.await_primary_other_than(old))


class TestTrouble:
    @pytest.fixture(autouse=True)
    def start(self, lab):
        self.lab, self.topic, self.server = lab, lab.topic(), lab.redis()
        self.letters = lab.dead_letters(self.topic)
        self.applier = lab.applier(self.topic, self.server, session_timeout=PATIENT).start().await_ready()

    def test_a_topic_that_takes_nothing_pauses(self):
        self.letters.set_config(max_message_bytes=1)
        Workload(10, rejects=0.2).write(self.topic, 4000)
        self.topic.flush()
        self.applier.await_trouble("dead-letters")
        with self.server.client() as client:
            at = self.lab.positions(self.topic, client)
        assert all(p is None or p[1] <= p[0] for p in at.values())
        holds(lambda: not self.applier.ready(), 1, "not ready while dead letters are not taken")
        self.letters.set_config(max_message_bytes=16000000)
        self.lab.check(self.topic, self.server)
        await_(self.applier.ready, 60, "ready again")

    def test_a_topic_that_is_missing_pauses(self):
        self.letters.delete()
        Workload(11, rejects=0.2).write(self.topic, 1000)
        self.topic.flush()
        self.applier.await_trouble("dead-letters")
        self.letters.create()
        self.lab.check(self.topic, self.server)


def test_killed_while_no_dead_letter_is_taken(lab):
    lab.crashed = True
    topic, server = lab.topic(), lab.redis()
    letters = lab.dead_letters(topic)
    letters.set_config(max_message_bytes=1)
    applier = lab.applier(topic, server).start()
    Workload(12, rejects=0.2).write(topic, 2000)
    topic.flush()
    applier.await_trouble("dead-letters")
    applier.kill()
    letters.set_config(max_message_bytes=16000000)
    applier.start()
    lab.check(topic, server)


@pytest.mark.parametrize("bad", [b"not json", encode("INCR")], ids=["unreadable", "redis-error"])
def test_halt_stops_at_the_record(lab, bad):
    topic, server = lab.topic(partitions=1), lab.redis()
    topic.write(encode("SET", ["text"]), b"k")
    topic.write(bad, b"k")
    topic.flush()
    halting = lab.applier(topic, server, on_reject="halt").start()
    halting.await_held("rejected-record")
    topic.write(encode("APPEND", [" after"]), b"k")
    topic.flush()
    with server.client() as client:
        holds(lambda: client.get("k") == b"text", 1, "nothing behind it is applied")
    halting.stop()
    lab.crashed = True
    lab.applier(topic, server, on_reject="skip").start()
    lab.check(topic, server)
