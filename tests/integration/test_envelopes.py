"""Envelopes: all of their operations or none, once, in order, whatever dies; and never half of one
before a reader's eyes."""

import random
import threading

import pytest

from conftest import PATIENT
from lab import servers
from lab.partitioners import CRC32, MURMUR2
from lab.wait import await_
from lab.workload import Atomics, atomic, encode

HOUR_MS, FAR_MS = 3_600_000, 9_000_000_000_000


def keys_by_partition(partitions, per_partition=6, partitioner=MURMUR2):
    found = [[] for _ in range(partitions)]
    for key in map(str, range(10_000)):
        mine = found[partitioner(key.encode(), partitions)]
        if len(mine) < per_partition:
            mine.append(key)
    return found


# Each is written to an empty Redis but for `text`, a string that is no number.
ENVELOPES = [
    [("a", "SET", [1]), ("b", "SETNX", [2], {"ttlMs": HOUR_MS}), ("c", "DEL", [])],
    [("a", "DECRBY", [5]), ("b", "INCRBY", [5])],
    [("a", "DECRBY", [5]), ("text", "INCRBY", [5])],
    [("text", "INCRBY", [5]), ("a", "DECRBY", [5])],
    [("a", "SET", ["v"], {"ttlMs": HOUR_MS}), ("text", "LPUSH", ["v"])],
    [("text", "APPEND", ["!"]), ("text", "PEXPIREAT", [FAR_MS]), ("text", "LSET", [0, "v"])],
    [("l", "RPUSH", ["x", "y"]), ("l", "LSET", [5, "z"])],
    [("l", "RPUSH", ["x", "y"]), ("l", "LSET", [1, "z"]), ("m", "RPUSH", ["1"], {"ttl": 3600})],
    [("l", "LMOVE", ["m", "LEFT", "RIGHT"]), ("z", "ZADD", [1, "a"]), ("text", "ZADD", [1, "a"])],
    [("l", "LMOVE", ["m", "LEFT", "RIGHT"]), ("z", "ZUNIONSTORE", [2, "z", "y"])],
    [("a", "RENAME", ["b"]), ("b", "INCR", []), ("nothing", "RENAME", ["a"])],
    [("a", "RENAME", ["b"]), ("b", "INCR", [])],
    [("s", "XADD", ["1-1", "f", "v"]), ("s", "XGROUP", ["CREATE", "g", "0"])],
    [("s", "XADD", ["*", "f", "v"]), ("s", "XGROUP", ["SETID", "g", "$"]), ("s", "LPOP", [])],
    [("s", "XADD", ["*", "f", "v"]), ("s", "XGROUP", ["SETID", "g", "$"]), ("l", "LPOP", [])],
    [("h", "HSET", ["f", 1, "g", 2]), ("h", "HINCRBY", ["f", 2**63 - 1])],
    [("h", "HSET", ["f", 1, "g", 2]), ("h", "HINCRBY", ["f", 5])],
    [("h", "HPEXPIREAT", [FAR_MS, "FIELDS", 1, "f"]), ("h", "HDEL", ["g"])],
    [("h", "HDEL", ["f"]), ("h", "HSET", ["new", 1]), ("h", "INCR", [])],
    [("h", "DEL", ["s", "l", "a", "b"]), ("text", "INCR", [])],
]


@pytest.mark.parametrize("name", servers.NAMES)
def test_all_or_nothing_on_every_server(lab, name):
    lab.calm = True
    topic, server = lab.topic(partitions=1), lab.redis(program=servers.program(name))
    lab.judge_with(lab.redis("judge", program=servers.program(name)))
    lab.applier(topic, server).start()
    topic.write(encode("SET", ["text"]), b"text")
    for operations in ENVELOPES:
        topic.write(atomic(*operations), operations[0][0].encode())
    topic.flush()
    folded = lab.check(topic, server)
    assert set(folded.rejected.values()) >= {"redis-error", "redis-wrongtype"}
    assert 8 <= len(folded.rejected) <= 12
    with server.client() as client:
        assert not client.keys("redwal:undo*")


def test_the_dead_letter_says_which_operation(lab):
    topic, server = lab.topic(partitions=1), lab.redis()
    lab.applier(topic, server).start()
    topic.write(atomic(("a", "SET", ["x"]), ("b", "INCR", []), ("a", "INCR", [])), b"a")
    topic.write(atomic(("a", "SET", ["x"]), ("b", "SPOP", [])), b"a")
    topic.flush()
    folded = lab.check(topic, server)
    assert not folded.state
    details = [letter.headers["redwal-detail"].decode() for letter in topic.dead_letters.read()]
    assert details == ["operation 2: SPOP",
                       "ERR value is not an integer or out of range (operation 3)"] or \
        details == ["ERR value is not an integer or out of range (operation 3)",
                    "operation 2: SPOP"]


def test_killed_again_and_again_among_envelopes(lab):
    lab.crashed = True
    topic, server, chance = lab.topic(), lab.redis(), random.Random(5)
    applier, atomics = lab.applier(topic, server), Atomics(5, keys_by_partition(3))
    atomics.write(topic, 5000)
    topic.flush()
    with server.client() as client:
        def applied():
            return sum(at[0] for at in lab.positions(topic, client).values() if at)

        for _ in range(6):
            applier.start()
            wanted = min(applied() + chance.randrange(1, 900), 5000)
            await_(lambda wanted=wanted: applied() >= wanted, 60, f"{wanted} are applied")
            applier.kill()
    applier.start()
    folded = lab.check(topic, server)
    assert 1000 < len(folded.rejected) < 4500


def test_a_failover_that_loses_envelopes_gets_them_back(lab):
    lab.crashed = True
    topic, failover = lab.topic(), lab.failover()
    atomics = Atomics(6, keys_by_partition(3))
    applier = lab.applier(topic, failover, session_timeout=PATIENT).start().await_ready()
    atomics.write(topic, 1000)
    topic.flush()
    old = failover.primary()
    lab.await_applied(topic, old)
    failover.lose_what_follows(old)
    atomics.write(topic, 2000)
    topic.flush()
    lab.await_applied(topic, old)
    old.kill()
    new = failover.await_primary_other_than(old)
    atomics.write(topic, 500)
    topic.flush()
    lab.check(topic, new)
    assert applier.metric("reapplied_records_total") > 0


class Reader:
    """Polls `look` until it is closed; what it found wrong is in `wrong`."""

    def __init__(self, look):
        self._look, self.wrong, self.looks = look, [], 0
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self._enough.is_set() and not self.wrong:
            self.wrong = self._look() or []
            self.looks += 1

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._enough.set()
        self._thread.join()
        assert not self.wrong, f"a reader saw {self.wrong}"
        assert self.looks > 100, f"only {self.looks} looks"


def test_nobody_sees_half_an_envelope(lab):
    """x and y are always equal, although every third envelope fails behind both."""
    lab.crashed = True
    topic, server = lab.topic(partitions=1), lab.redis()
    applier = lab.applier(topic, server, batch_max_ops=7)
    with server.client() as client:
        def look():
            x, y = client.mget("x", "y")
            return [] if x == y else [x, y]

        with Reader(look):
            for portion in range(5):
                applier.start()
                for i in range(300):
                    more = [("text", "INCR", [])] if i % 3 == 0 else [("z", "INCR", [])]
                    topic.write(atomic(("x", "INCR", []), ("y", "INCR", []), *more), b"x")
                topic.write(encode("SET", ["text"]), b"text", partition=0)
                topic.flush()
                await_(lambda portion=portion: int(client.get("z") or 0) > portion * 200, 60,
                       "some are applied")
                applier.kill()
            applier.start()
            lab.check(topic, server)
        assert client.get("x") >= b"1000"


@pytest.mark.parametrize("partitioner, of", [("murmur2", MURMUR2), ("crc32", CRC32)])
def test_keys_of_other_partitions_are_refused(lab, partitioner, of):
    lab.calm = True
    topic, server = lab.topic(partitions=3), lab.redis()
    lab.applier(topic, server, partitioner=partitioner).start()
    keys = keys_by_partition(3, partitioner=of)
    for partition in range(3):
        near, far = keys[partition], keys[(partition + 1) % 3]
        for other in (near[1], far[0]):
            topic.write(atomic((near[0], "INCR", []), (other, "INCR", [])), near[0].encode(),
                        partition=partition)
            topic.write(atomic((near[0], "COPY", [other])), near[0].encode(), partition=partition)
            topic.write(atomic((near[0], "SET", [1]), (other, "DEL", [])), None,
                        partition=partition)
    topic.flush()
    folded = lab.check(topic, server, partitioner=of)
    assert list(folded.rejected.values()) == ["keys-cross-partition"] * 9


def test_keys_of_other_partitions_are_allowed_when_asked_for(lab):
    lab.crashed = True
    topic, server = lab.topic(partitions=3), lab.redis()
    applier = lab.applier(topic, server, cross_partition="allow").start()
    names = [name for some in keys_by_partition(3, 2) for name in some]
    chance = random.Random(8)
    for portion in range(4):
        for _ in range(200):
            one, other = chance.sample(names, 2)  # sums do not depend on order
            topic.write(atomic((one, "DECRBY", [7]), (other, "INCRBY", [7])), one.encode())
        topic.flush()
        if portion < 3:
            applier.kill()
            applier.start()
    folded = lab.check(topic, server, partitions=None)
    assert not folded.rejected
    assert sum(int(value) for _, value, _ in folded.state.values()) == 0
