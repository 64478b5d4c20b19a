"""The oracle itself: it must see a record lost, doubled, out of order, or given another expiry."""

import json
import time

import pytest

from lab import oracle as oracle_module
from lab.partitioners import CRC32, MURMUR2
from lab.record_rules import Refused, interpret
from lab.wal import Record
from lab.workload import HOUR_MS, Workload, encode

NOW = int(time.time() * 1000)


def log(n=2000, seed=1):
    workload = Workload(seed, keys=8, now_ms=NOW)
    return [Record(0, i, ts, key, value, {})
            for i, (key, value, ts) in enumerate(workload.records(n))]


def applied(client, oracle, records):
    """What a naive applier makes of them."""
    client.flushall()
    for record in records:
        oracle.apply(client, record)
    return oracle_module.snapshot(client)


@pytest.fixture
def folding(scratch_redis, lab):
    return oracle_module.Oracle(scratch_redis), lab.redis("naive").client()


@pytest.mark.parametrize("mistake, broken", [
    ("a record lost", lambda r: r[:200] + r[201:]),
    ("a record applied twice", lambda r: r[:200] + r[199:]),
    ("a batch applied twice", lambda r: r[:200] + r[150:]),
    ("two records swapped", lambda r: r[:198] + [r[199], r[198]] + r[200:]),
    ("the end missing", lambda r: r[:-1]),
])
def test_oracle_sees(folding, mistake, broken):
    oracle, client = folding
    records = [Record(0, i, NOW, b"k", encode("APPEND", [f"{i},"]), {}) for i in range(400)]
    folded = oracle.fold(records)
    assert not oracle_module.differences(folded.state, applied(client, oracle, records))
    actual = applied(client, oracle, broken(records))
    assert oracle_module.differences(folded.state, actual), mistake


def test_oracle_agrees_with_itself_on_a_mix(folding):
    oracle, client = folding
    records = log()
    folded = oracle.fold(records)
    assert len(folded.rejected) > 10 and len(folded.state) > 20
    assert not oracle_module.differences(folded.state, applied(client, oracle, records))


def test_oracle_sees_another_expiry(folding):
    oracle, client = folding
    records = [Record(0, 0, NOW, b"k", encode("SET", ["v"], ttlMs=7200_000), {})]
    folded = oracle.fold(records)
    client.set("k", "v", pxat=NOW + 7200_000 + 1000)
    assert oracle_module.differences(folded.state, oracle_module.snapshot(client))
    client.set("k", "v")
    assert oracle_module.differences(folded.state, oracle_module.snapshot(client))


def test_a_refused_command_leaves_the_ttl_alone(folding):
    oracle, _ = folding
    records = [Record(0, 0, NOW, b"k", encode("RPUSH", ["v"]), {}),
               Record(0, 1, NOW, b"k", encode("INCR", ttl=7200), {})]
    folded = oracle.fold(records)
    assert folded.rejected == {(0, 1): "redis-wrongtype"}
    assert folded.state == {b"k": (b"list", [b"v"], None)}


def atomic(*operations):
    return json.dumps({"v": 1, "atomic": [
        {"key": key, "command": command, "args": args} for command, key, *args in operations]}
    ).encode()


def test_a_deadline_stays_to_the_millisecond_however_often_something_is_refused(folding):
    oracle, client = folding
    if "PEXPIRETIME" not in {name.upper() for name in client.command()}:
        pytest.skip("this server does not tell deadlines")
    values = [encode("SET", ["x"], ttlMs=HOUR_MS), *[encode("HINCRBY", ["f", 1], ttl=7200)] * 100]
    folded = oracle.fold([Record(0, i, NOW, b"k", value, {}) for i, value in enumerate(values)])
    assert len(folded.rejected) == 100
    assert folded.state[b"k"][2] == NOW + HOUR_MS


def test_an_atomic_is_all_or_nothing(folding):
    oracle, _ = folding
    records = [
        Record(0, 0, NOW, b"a", encode("SET", ["5"], ttlMs=7200_000), {}),
        Record(0, 1, NOW, b"a", atomic(["APPEND", "a", "x"], ["LPUSH", "b", "1"], ["INCR", "a"]), {}),
        Record(0, 2, NOW, b"b", atomic(["INCR", "a"], ["RPUSH", "b", "2"]), {}),
    ]
    folded = oracle.fold(records)
    assert folded.rejected == {(0, 1): "redis-error"}
    assert folded.state.keys() == {b"a", b"b"}
    assert folded.state[b"a"][:2] == (b"string", b"6")
    assert abs(folded.state[b"a"][2] - NOW - 7200_000) < 50
    assert folded.state[b"b"] == (b"list", [b"2"], None)


@pytest.mark.parametrize("partitioner", [MURMUR2, CRC32])
def test_the_keys_of_an_atomic_share_a_partition(folding, partitioner):
    oracle, _ = folding
    here = partitioner(b"a", 5)
    near = next(k for k in map(str, range(99)) if partitioner(k.encode(), 5) == here)
    far = next(k for k in map(str, range(99)) if partitioner(k.encode(), 5) != here)
    records = [Record(here, i, NOW, b"a", atomic(["SET", "a", "1"], ["SET", key, "1"]), {})
               for i, key in enumerate([near, far])]
    rules = {"partitions": 5, "partitioner": partitioner}
    assert oracle.fold(records, **rules).rejected == {(here, 1): "keys-cross-partition"}
    assert not oracle.fold(records).rejected


@pytest.mark.parametrize("value, words", [
    (b'{"key":"k","command":"set","args":["v"],"ttl":5}',
     [b"SET", b"k", b"v", b"PXAT", b"1005000"]),
    (b'{"v":1,"command":"EXPIRE","args":["5","NX"]}', [b"PEXPIREAT", b"k", b"1005000", b"NX"]),
    (b'{"v":1,"command":"XADD","args":["*","f","v"]}', [b"XADD", b"k", b"1000000-7", b"f", b"v"]),
    (b'{"v":1,"command":"XADD","args":["MAXLEN","~","5","9-*","f","v"]}',
     [b"XADD", b"k", b"MAXLEN", b"~", b"5", b"9-7", b"f", b"v"]),
    (b'{"v":1,"command":"SET","args":[{"base64":"/w=="},"EX","5"]}',
     [b"SET", b"k", b"\xff", b"PXAT", b"1005000"]),
])
def test_a_record_becomes(value, words):
    arity = {"SET": -3, "EXPIRE": -3, "XADD": -5}
    assert interpret(Record(0, 7, 1000000, b"k", value, {}), arity)[0] == words


@pytest.mark.parametrize("value, reason", [
    (b"[1]", "not-json"), (b'{"v":1} x', "not-json"), (b'\xef\xbb\xbf{"v":1}', "not-json"),
    (b'{"v":NaN}', "not-json"), (b'{"v":2}', "unknown-version"), (b'{"v":true}', "unknown-version"),
    (b'{"v":1,"command":"SET","args":[1]}', "bad-field"),
    (b'{"v":1,"command":"DEL","args":[],"ttl":5}', "ttl-not-allowed"),
    (b'{"command":"DEL","atomic":[]}', "bad-field"),
    (b'{"v":1,"atomic":[{"key":"k","command":"DEL","ttl":1}]}', "ttl-not-allowed"),
    (b'{"v":1,"atomic":[{"key":"j","command":"DEL"}]}', "key-mismatch"),
])
def test_a_record_is_refused(value, reason):
    with pytest.raises(Refused) as refused:
        interpret(Record(0, 0, 0, b"k", value, {}), {"SET": -3, "DEL": -2})
    assert refused.value.reason == reason
