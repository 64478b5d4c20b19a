"""revert: records make keys what they were, by the fold of the log up to there, and no other key."""

import datetime
import re
import threading
import time

import pytest

from lab import servers
from lab.comparison import ALL_TYPES, PAIRS
from lab.revert import Revert, applied, assert_reverted, at, is_of_revert, large_list, reverted_key, snapshot, write
from lab.wait import await_
from lab.workload import HOUR_MS, encode

MIB = 1 << 20

# By key what made it; the stream has lost entries, and groups have read some of it.
MADE = {
    **{key: [words] for key, words in ALL_TYPES.items()},
    "binary": [("SET", [b"\x00\xff\"\\\x01 \n"])],
    "empty": [("SET", [""])],
    "bits": [("SETBIT", ["1000", "1"])],
    "loglog": [("PFADD", [f"m{i}" for i in range(500)])],
    "infinite": [("ZADD", ["inf", "a", "-inf", "b", "0.1", "c"])],
    "stream": [("XADD", [f"{i}-1", "f", f"v{i}"]) for i in range(1, 6)] + [
        ("XDEL", ["5-1", "2-1"]), ("XGROUP", ["CREATE", "g", "1-1"]),
        ("XGROUP", ["CREATE", "h", "$"])],
    "drained": [("XADD", ["7-1", "f", "v"]), ("XDEL", ["7-1"])],
    "many": [("RPUSH", [f"{k}:{i}" for i in range(1000)]) for k in range(4)],
    "wide": [("RPUSH", ["x" * 100_000]) for _ in range(25)],
    "long": [("SETRANGE", [str(i * 120_000), "\x01y" * 60_000]) for i in range(12)],
}
FIELDS = ("HPEXPIREAT", [str(int(time.time() * 1000) + 5 * HOUR_MS), "FIELDS", "1", "f"])
EXPIRING = {"s", "h", "x", "many"}

# By way, what is written to each key afterwards.
CHANGES = {
    "value": {"s": ("APPEND", ["!"]), "n": ("INCR", []), "l": ("RPUSH", ["d"]),
              "t": ("SREM", ["a"]), "h": ("HSET", ["g", "3"]), "z": ("ZINCRBY", ["1", "a"]),
              "x": ("XADD", ["2-1", "f", "w"]), "binary": ("SETRANGE", ["0", "T"]),
              "empty": ("APPEND", ["no more"]), "bits": ("SETBIT", ["3", "1"]),
              "loglog": ("PFADD", ["another"]), "infinite": ("ZREM", ["a"]),
              "stream": ("XGROUP", ["SETID", "g", "3-1"]), "drained": ("XADD", ["8-1", "f", "v"]),
              "many": ("LTRIM", ["0", "10"]), "wide": ("LPOP", []), "long": ("APPEND", ["z"])},
    "gone": {key: ("DEL", []) for key in MADE},
    "type": {key: ("SET", ["something else"]) for key in ("l", "t", "h", "z", "x", "many")},
    "expiry": {"s": ("PERSIST", []), "h": ("PEXPIRE", ["60000000"]), "z": ("PEXPIRE", ["60000000"])},
}


def make_keys(topic, ways, fields=False):
    for way in ways:
        for key, made in MADE.items():
            for i, (command, args) in enumerate(made):
                last = i + 1 == len(made) and key in EXPIRING
                write(topic, f"{way}:{key}", command, args,
                      ttlMs=2 * HOUR_MS if last and not command.startswith("XGROUP") else None)
        if fields:
            write(topic, f"{way}:h", *FIELDS)
    topic.flush()


def change_keys(topic, ways):
    """Returns which keys are changed."""
    for way in ways:
        for key, words in CHANGES[way].items():
            write(topic, f"{way}:{key}", *words)
    topic.flush()
    return {f"{way}:{key}" for way in ways for key in CHANGES[way]}


@pytest.mark.parametrize("name, fold_on", PAIRS, ids=lambda n: n)
def test_every_type_is_what_it_was(lab, name, fold_on):
    topic, server = lab.topic(), lab.redis(program=servers.program(name))
    lab.judge_with(lab.redis("judge", program=servers.program(name)))
    lab.applier(topic, server).start()
    with server.client() as client:
        fields = "HPEXPIREAT" in {c.upper() for c in client.command()}
    make_keys(topic, CHANGES, fields=fields and fold_on in (name, "redis-8"))
    write(topic, "other:s", "SET", ["before"])
    topic.flush()
    ends = topic.ends()
    changed = change_keys(topic, CHANGES)
    write(topic, "value:new", "SADD", ["a"])
    write(topic, "other:s", "SET", ["behind"])
    topic.flush()
    lab.await_applied(topic, server)
    cli = Revert(lab, topic, server, redis_server=servers.program(fold_on), to=at(ends),
                 keys="[vgte]*")
    held = topic.ends()
    planned = cli.run(status=3).json()
    assert {d["key"] for d in planned["differences"]} == changed | {"value:new"}
    assert {d["outcome"] for d in planned["differences"]} == {"would-write", "would-delete"}
    assert topic.ends() == held, "a plan appends nothing"
    done = cli.run("--yes", "--wait", run="run").json()
    assert done["different"] == done["repaired"] == len(changed) + 1
    assert {d["outcome"] for d in done["differences"]} == {"written", "deleted"}
    made = assert_reverted(lab, topic, server, ends)
    assert {k.decode() for k in made} == changed | {"value:new"}
    assert cli.run("--yes").json()["different"] == 0
    assert all(len(r.value) <= MIB for r in topic.read())


def test_to_a_time_and_what_has_ended_since_stays_gone(lab):
    server = lab.redis(program=servers.program("redis-8"))
    lab.judge_with(lab.redis("judge", program=servers.program("redis-8")))
    topic, ttl_ms = lab.topic(), 10000
    lab.applier(topic, server).start().await_ready()
    write(topic, "stays", "SET", ["a"], ttlMs=HOUR_MS)
    write(topic, "ends", "SET", ["a"], ttlMs=ttl_ms)
    write(topic, "renewed", "SET", ["a"], ttlMs=ttl_ms)
    write(topic, "hash", "HSET", ["f", "1", "g", "1"])
    write(topic, "hash", "HPEXPIRE", [ttl_ms, "FIELDS", "1", "f"])
    topic.flush()
    over = time.monotonic() + ttl_ms / 1000
    ends = topic.ends()
    time.sleep(0.01)
    then = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    write(topic, "renewed", "PERSIST")
    write(topic, "stays", "APPEND", ["b"])
    write(topic, "hash", "HSET", ["f", "2", "g", "2"])
    topic.flush()
    lab.await_applied(topic, server)
    await_(lambda: time.monotonic() > over + 0.1, 60, "they have ended")
    cli = Revert(lab, topic, server, redis_server=servers.program("redis-8"), keys="*",
                 to=then.replace("+00:00", "Z"))
    done = cli.run("--yes", "--wait", run="run").json()
    assert {d["key"]: d["kind"] for d in done["differences"]} == {
        "renewed": "extra", "stays": "value", "hash": "value"}
    assert_reverted(lab, topic, server, ends)
    assert set(snapshot(server)) == {b"stays", b"hash"}


def test_what_is_written_behind_a_record_stands_also_when_it_is_done_again(lab):
    topic, server = applied(lab)
    for key in ("a:1", "a:2", "b:1", "b:2"):
        write(topic, key, "SET", ["1"])
    topic.flush()
    ends = topic.ends()
    for key in ("a:1", "a:2", "b:1", "b:2"):
        write(topic, key, "INCR")
    topic.flush()
    cli = Revert(lab, topic, server, to=at(ends), run="run")
    assert cli.run("--yes", "--wait", keys="a:*").json()["repaired"] == 2
    write(topic, "a:1", "INCRBY", ["10"])
    write(topic, "b:1", "INCRBY", ["10"])
    topic.flush()
    assert cli.run("--yes", "--wait", keys="*").json()["repaired"] == 2
    assert_reverted(lab, topic, server, ends)
    with server.client() as client:
        assert client.mget("a:1", "a:2", "b:1", "b:2") == [b"11", b"1", b"1", b"1"]
    # Another run knows nothing of that one.
    planned = cli.run(run="another", keys="*", status=3).json()
    assert [d["key"] for d in planned["differences"]] == ["a:1"]


def test_nobody_sees_half_of_a_large_value(lab):
    topic, server, ends = large_list(lab, [[f"{i}:" + "x" * 300_000] for i in range(20)])
    seen, over = set(), threading.Event()

    def watch():
        with server.client() as client:
            while not over.is_set():
                seen.add(client.llen("large"))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        Revert(lab, topic, server, to=at(ends), run="run", keys="large").run("--yes", "--wait")
    finally:
        over.set()
        watcher.join()
    with server.client() as client:
        seen.add(client.llen("large"))
    assert seen == {20, 21}
    records = [r for r in topic.read() if is_of_revert(r)]
    assert len(records) > 5 and all(len(r.value) <= MIB for r in records)
    assert_reverted(lab, topic, server, ends)
    assert set(snapshot(server)) == {b"large"}


def test_in_log_time_no_record_of_a_stage_reads_all_of_it(lab):
    program = servers.program("redis-8")
    topic, server = lab.topic(), lab.redis(program=program)
    lab.applier(topic, server, expiry="log").start()
    fields = [f"f{i}:" + "x" * 100 for i in range(8000)]
    for i in range(0, len(fields), 1000):
        write(topic, "large", "HSET", [word for field in fields[i:i + 1000] for word in (field, "v")])
    ends_ms, n_ends = int(time.time() * 1000) + HOUR_MS, 200
    for i in range(n_ends):
        some = fields[i:len(fields) // 2:n_ends]
        write(topic, "large", "HPEXPIREAT", [str(ends_ms + i), "FIELDS", str(len(some)), *some])
    topic.flush()
    ends = topic.ends()
    write(topic, "large", "HSET", [fields[-1], "w"])
    topic.flush()
    lab.await_applied(topic, server)
    cli = Revert(lab, topic, server, redis_server=program, to=at(ends), run="run", keys="large", expiry="log")
    with server.client() as client:
        client.config_resetstat()
        cli.run("--yes", "--wait")
        stats = client.info("commandstats")
        assert client.hgetall("large") == {field.encode(): b"v" for field in fields}
        told = client.execute_command("HPEXPIRETIME", "large", "FIELDS", len(fields), *fields)
    half = len(fields) // 2
    assert told == [ends_ms + i % n_ends + (1 << 45) for i in range(half)] + [-1] * half
    assert 20 < sum(map(is_of_revert, topic.read())) < n_ends, "ends share records"
    assert stats["cmdstat_hkeys"]["calls"] == 1, "the last one does, since deadlines move with the name"


def test_a_key_that_is_too_large_is_left_and_the_others_go_on(lab):
    topic, server = applied(lab)
    for key in ("a", "z", "large"):
        write(topic, key, "SETRANGE", ["140000000" if key == "large" else "1", "x"])
    topic.flush()
    ends = topic.ends()
    for key in ("a", "z", "large"):
        write(topic, key, "APPEND", ["y"])
    topic.flush()
    lab.await_applied(topic, server)
    done = Revert(lab, topic, server, to=at(ends), run="run", keys="*").run("--yes", "--wait", status=3).json()
    rows = {d["key"]: d for d in done["differences"]}
    assert {k: (d["outcome"], d["kind"]) for k, d in rows.items()} == {
        "a": ("written", "value"), "z": ("written", "value"), "large": ("left", "undecided")}
    assert "too large" in rows["large"]["detail"]
    with server.client() as client:
        assert client.mget("a", "z") == [b"\0x", b"\0x"]


def test_a_partition_that_is_not_asked_for_tells_of_stray_records(lab):
    topic, server = applied(lab)
    keys = [f"k:{i}" for i in range(60)]
    for key in keys:
        write(topic, key, "RPUSH", ["a"])
    topic.flush()
    ends = topic.ends()
    partitions = {r.key.decode(): r.partition for r in topic.read()}
    stray, other = (next(k for k in keys if partitions[k] == p) for p in (0, 1))
    for key in keys:
        write(topic, key, "RPUSH", ["b"])
    topic.write(encode("RPUSH", ["c"]), stray.encode(), partition=2)
    topic.write(encode("RPUSH", ["c"]), other.encode(), partition=2)
    topic.flush()
    lab.await_applied(topic, server)
    done = Revert(lab, topic, server, to=at(ends), run="run", partitions="0").run("--yes", "--wait", status=3).json()
    outcomes = {d["key"]: d["outcome"] for d in done["differences"]}
    mine = {k for k in keys if partitions[k] == 0}
    assert outcomes == {k: "left" if k == stray else "written" for k in mine}
    assert {p["partition"]: p["coverage"] for p in done["partitions"]} == {0: "full", 1: "left-out", 2: "left-out"}
    assert {reverted_key(r).decode() for r in topic.read() if is_of_revert(r)} == mine - {stray}


def test_what_cannot_be_said_is_left(lab):
    topic, server = applied(lab, on_reject="quarantine-key")
    for key in ("k:held", "k:stray", "k:good", "k:group"):
        write(topic, key, "XADD", ["1-1", "f", "v"])
    write(topic, "k:group", "XGROUP", ["CREATE", "g", "0"])
    write(topic, "k:group", "XGROUP", ["CREATECONSUMER", "g", "c"])
    topic.flush()
    ends = topic.ends()
    partition = next(r.partition for r in topic.read() if r.key == b"k:stray")
    topic.write(encode("XADD", ["2-1", "f", "v"]), b"k:stray", partition=(partition + 1) % 3)
    for key in ("k:held", "k:good", "k:group"):
        write(topic, key, "XADD", ["2-1", "f", "v"])
    write(topic, "k:held", "INCR")
    topic.flush()
    lab.await_applied(topic, server)
    cli = Revert(lab, topic, server, to=at(ends), run="run", keys="k:*", on_reject="quarantine-key")
    done = cli.run("--yes", "--wait", status=3).json()
    rows = {d["key"]: (d["outcome"], d["detail"]) for d in done["differences"]}
    assert {k: outcome for k, (outcome, _) in rows.items()} == {
        "k:good": "written", "k:held": "left", "k:stray": "left", "k:group": "left"}
    assert "quarantined" in rows["k:held"][1] and "another partition" in rows["k:stray"][1]
    assert "cannot be said" in rows["k:group"][1]
    assert done["different"] == 4 and done["repaired"] == 1
    assert [reverted_key(r) for r in topic.read() if is_of_revert(r)] == [b"k:good"]


@pytest.mark.parametrize("options, words", [
    ({"cross_partition": "allow"}, "no order"),
    ({"format": "protobuf", "schema_registry": "http://127.0.0.1:9"}, "no JSON"),
    ({"to": "0:999"}, "the log holds"),
    ({"to": "9:1"}, "partitions 0 to 2"),
])
def test_what_cannot_be_known_is_refused(lab, options, words):
    topic, server = applied(lab)
    for i in range(9):
        write(topic, f"k:{i}", "SET", ["1"])
    topic.flush()
    lab.await_applied(topic, server)
    held = topic.ends()
    answer = Revert(lab, topic, server, **{"to": "0:1", "keys": "*", **options}).run(
        "--yes", status=None)
    assert answer.status in (1, 2) and words in answer.err, answer.err
    assert topic.ends() == held


@pytest.mark.parametrize("options, words", [
    ({"keys": "*"}, "--to is missing"), ({"to": "1h"}, "--keys, --partitions"),
    ({"to": "latest", "keys": "*"}, "repair"), ({"to": "1h", "keys": "*", "sample": 5}, "--sample"),
    ({"to": "1h", "keys": "*", "run": "a b"}, "--run"),
    ({"to": "1h", "keys": "*", "run": "again"}, "'1h' is another time than it was for --run again"),
])
def test_what_is_asked_for_is_checked(lab, options, words):
    topic, server = lab.topic(), lab.redis()
    assert words in Revert(lab, topic, server, **options).run(status=2).err


def test_a_plan_and_what_has_begun_name_the_positions_that_are_meant(lab):
    topic, server = applied(lab)
    write(topic, "k", "SET", ["1"])
    topic.flush()
    ends = topic.ends()
    write(topic, "k", "SET", ["2"])
    topic.flush()
    lab.await_applied(topic, server)
    cli = Revert(lab, topic, server, keys="*")
    assert f"this is --to {at(ends)};" in cli.run(to=at(ends), status=3).err
    told = cli.run("--yes", to=at(ends)).err
    run, to = re.search(r"this is --run (\w+) --to (\S+);", told).groups()
    assert to == at(ends)
    assert cli.run("--yes", run=run, to=to).json()["different"] == 0


def test_what_a_scratch_redis_cannot_apply_is_not_guessed(lab):
    topic, server = lab.topic(), lab.redis(program=servers.program("redis-8"))
    lab.applier(topic, server).start()
    write(topic, "h", "HSET", ["f", "1"])
    write(topic, "h", "HPEXPIREAT", [str(int(time.time() * 1000) + HOUR_MS), "FIELDS", "1", "f"])
    topic.flush()
    ends = topic.ends()
    write(topic, "h", "HSET", ["f", "2"])
    topic.flush()
    lab.await_applied(topic, server)
    held = topic.ends()
    cli = Revert(lab, topic, server, redis_server=servers.program(servers.SYSTEM), keys="*", to=at(ends))
    answer = cli.run("--yes", status=1)
    assert "nobody knows what keys were" in answer.err and topic.ends() == held
