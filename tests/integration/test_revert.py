"""revert: records make keys what they were, by the fold of the log up to there, and no other key."""

import base64
import datetime
import http.server
import json
import random
import re
import signal
import threading
import time

import pytest

from conftest import KAFKA_PASSWORD, KAFKA_USER
from lab import oracle, permissions, servers
from lab.comparison import ALL_TYPES, PAIRS, Verify
from lab.link import Link
from lab.traffic import Traffic
from lab.wait import await_
from lab.wal import grant
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


def write(topic, key, command, args=(), **fields):
    topic.write(encode(command, args, **fields), key.encode())


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


def applied(lab, **options):
    topic, server = lab.topic(), lab.redis()
    lab.applier(topic, server, **options).start()
    return topic, server


def test_to_a_time_and_what_has_ended_since_stays_gone(lab):
    server = lab.redis(program=servers.program("redis-8"))
    lab.judge_with(lab.redis("judge", program=servers.program("redis-8")))
    topic = lab.topic()
    lab.applier(topic, server).start()
    write(topic, "stays", "SET", ["a"], ttlMs=HOUR_MS)
    write(topic, "ends", "SET", ["a"], ttlMs=4000)
    write(topic, "renewed", "SET", ["a"], ttlMs=4000)
    write(topic, "hash", "HSET", ["f", "1", "g", "1"])
    write(topic, "hash", "HPEXPIRE", ["4000", "FIELDS", "1", "f"])
    topic.flush()
    ends = topic.ends()
    lab.await_applied(topic, server)
    time.sleep(1)
    then = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    write(topic, "renewed", "PERSIST")
    write(topic, "stays", "APPEND", ["b"])
    write(topic, "hash", "HSET", ["f", "2", "g", "2"])
    topic.flush()
    lab.await_applied(topic, server)
    time.sleep(4)
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


def test_killed_and_done_again(lab):
    topic, server = applied(lab)
    keys = [f"k:{i}" for i in range(4000)]
    for key in keys:
        write(topic, key, "SET", ["1"])
    write(topic, "k:wide", "RPUSH", ["a"])
    for _ in range(20):
        write(topic, "k:wide", "RPUSH", ["x" * 500_000])
    topic.flush()
    ends = topic.ends()
    for key in keys:
        write(topic, key, "INCR")
    write(topic, "k:wide", "LPOP")
    topic.flush()
    held = sum(topic.ends().values())
    cli = Revert(lab, topic, server, to=at(ends), run="run", keys="k:*")
    process = cli.start("--yes")
    await_(lambda: sum(topic.ends().values()) > held + 300, 60, "records are appended")
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    done = {reverted_key(r) for r in topic.read() if is_of_revert(r)}
    assert 300 < len(done) < 4000
    for key in keys:
        write(topic, key, "INCRBY", ["10"])
    topic.flush()
    cli.run("--yes", "--wait")
    made = assert_reverted(lab, topic, server, ends)
    assert len(made) == 4001
    with server.client() as client:
        values = client.mget(keys)
        assert client.llen("k:wide") == 21
    for key, value in zip(keys, values):
        assert value == (b"11" if key.encode() in done else b"1"), key


def test_nobody_sees_half_of_a_large_value(lab):
    topic, server = applied(lab)
    for i in range(20):
        write(topic, "large", "RPUSH", [f"{i}:" + "x" * 300_000])
    topic.flush()
    ends = topic.ends()
    write(topic, "large", "RPUSH", ["behind"])
    topic.flush()
    lab.await_applied(topic, server)
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
    assert seen == {20, 21}
    records = [r for r in topic.read() if is_of_revert(r)]
    assert len(records) > 5 and all(len(r.value) <= MIB for r in records)
    assert_reverted(lab, topic, server, ends)
    assert set(snapshot(server)) == {b"large"}


def test_in_log_time_no_record_of_a_stage_reads_all_of_it(lab):
    program = servers.program("redis-8")
    topic, server = lab.topic(), lab.redis(program=program)
    lab.applier(topic, server, expiry="log").start()
    fields = [f"f{i}:" + "x" * 200 for i in range(8000)]
    for i in range(0, len(fields), 1000):
        write(topic, "large", "HSET", [word for field in fields[i:i + 1000] for word in (field, "v")])
    ends_ms = int(time.time() * 1000) + HOUR_MS
    for i in range(0, len(fields) // 2, 1000):
        write(topic, "large", "HPEXPIREAT", [str(ends_ms), "FIELDS", "1000", *fields[i:i + 1000]])
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
        some = client.execute_command("HPEXPIRETIME", "large", "FIELDS", 2, fields[0], fields[-1])
    assert some == [ends_ms + (1 << 45), -1]
    assert sum(map(is_of_revert, topic.read())) > 20
    assert stats["cmdstat_hkeys"]["calls"] == 1, "the last one does, since deadlines move with the name"


def half_refused(lab, **options):
    """A list that needs a stage, of which appliers refuse one record in the middle, since it is larger than they
    take."""
    topic, server = lab.topic(), lab.redis()
    lab.applier(topic, server, max_record_bytes="30000B", **options).start()
    write(topic, "large", "RPUSH", [f"{i:010}" for i in range(1000)])
    for i in range(6):
        write(topic, "large", "RPUSH", [f"{i}" * 20_000])
    write(topic, "large", "RPUSH", [f"{i:010}" for i in range(1000)])
    topic.flush()
    ends = topic.ends()
    write(topic, "large", "RPUSH", ["behind"])
    topic.flush()
    lab.await_applied(topic, server)
    return topic, server, Revert(lab, topic, server, to=at(ends), run="run", keys="large")


def test_a_stage_that_lacks_a_record_makes_nothing(lab):
    topic, server, cli = half_refused(lab, on_reject="skip")
    before = snapshot(server)
    done = cli.run("--yes", "--wait", on_reject="skip", status=3).json()
    difference, = done["differences"]
    assert difference["outcome"] == "rejected" and "redis-error" in difference["detail"]
    assert (done["rejected"], done["written"], done["repaired"]) == (1, 0, 0)
    ours = [r for r in topic.read() if is_of_revert(r)]
    sizes = [len(r.value) > 30_000 for r in ours]
    assert len(ours) > 4 and 0 < sizes.index(True) < len(ours) - 1 and not sizes[0] and not sizes[-1]
    letters = {int(le.headers["redwal-source-offset"]) for le in topic.dead_letters.read()}
    assert letters >= {r.offset for r in ours[sizes.index(True):]}, "all behind it are refused"
    after = {k: v for k, v in snapshot(server).items() if not k.startswith(b"redwal-revert:")}
    assert not oracle.differences(before, after), "the key is as it was"


def test_a_stage_that_lacks_a_record_is_told_where_it_is_held_back(lab):
    topic, server, cli = half_refused(lab, on_reject="quarantine-key")
    before = snapshot(server)
    done = cli.run("--yes", "--wait", on_reject="quarantine-key", status=3).json()
    difference, = done["differences"]
    assert difference["outcome"] == "held-back" and "dead letters" in difference["detail"]
    assert (done["held-back"], done["written"], done["repaired"]) == (1, 0, 0)
    after = {k: v for k, v in snapshot(server).items() if not k.startswith(b"redwal-revert:")}
    assert not oracle.differences(before, after), "the key is as it was"


def start_held(lab, topic, server, *words, at_key=1, **options):
    """A process that reverts `k:*`, and the link to Redis, which is held as it is asked about a key."""
    link = Link(server.port)
    lab.on_close(link.close)
    link.hold_at(b"HEXISTS", at_key)
    cli = Revert(lab, topic, server, run="run", keys="k:*", redis=f"127.0.0.1:{link.port}", output="json", **options)
    process = cli.start("--yes", *words)
    await_(link.held, 30, "the key is judged")
    return process, link


def finish(process, status):
    out, err = process.communicate(timeout=60)
    assert process.returncode == status, err
    return json.loads(out), err


def test_what_was_appended_until_redis_went_away_is_told(lab):
    topic, server = applied(lab)
    keys = [f"k:{i}" for i in range(9)]
    for key in keys:
        write(topic, key, "SET", ["1"])
    topic.flush()
    ends = topic.ends()
    for key in keys:
        write(topic, key, "INCR")
    topic.flush()
    lab.await_applied(topic, server)
    process, link = start_held(lab, topic, server, to=at(ends), at_key=5)
    link.cut()
    done, _ = finish(process, 1)
    told = {d["key"].encode() for d in done["differences"] if d["outcome"] == "written"}
    assert len(told) == done["written"] == 4 and done["error"]
    assert {reverted_key(r) for r in topic.read() if is_of_revert(r)} == told
    assert Revert(lab, topic, server, to=at(ends), run="run", keys="k:*").run("--yes", "--wait").json()["written"] == 5
    assert_reverted(lab, topic, server, ends)


def test_what_came_late_and_cannot_be_read_is_not_known(lab):
    topic, server = applied(lab)
    write(topic, "k:1", "SET", ["1"])
    topic.flush()
    ends = topic.ends()
    write(topic, "k:1", "INCR")
    topic.flush()
    lab.await_applied(topic, server)
    process, link = start_held(lab, topic, server, to=at(ends))
    write(topic, "k:1", "INCR")
    topic.flush()
    lab.await_applied(topic, server)
    for partition, end in topic.ends().items():
        topic.truncate(partition, end)
    link.restore()
    done, err = finish(process, 0)
    assert "what was written to keys while they were judged is not known: " in err
    difference, = done["differences"]
    assert (difference["outcome"], done["written"]) == ("written", 1) and "undone" not in difference["detail"]
    lab.await_applied(topic, server)
    with server.client() as client:
        assert client.get("k:1") == b"1"


def test_what_redis_was_not_seen_to_have_is_not_called_accepted(lab):
    topic, server = applied(lab)
    write(topic, "k:1", "SET", ["1"])
    topic.flush()
    ends = topic.ends()
    write(topic, "k:1", "INCR")
    topic.flush()
    lab.await_applied(topic, server)
    applier, = lab.appliers
    applier.stop()
    cli = Revert(lab, topic, server, to=at(ends), run="run", keys="k:*", timeout="200ms")
    done = cli.run("--yes", "--wait", status=4).json()
    assert done["written"] == 1 and "not all settled" in done["error"]
    assert not {"held-back", "rejected", "doubtful"} & done.keys()
    shown = cli.run("--yes", "--wait", output="table", status=4).out
    assert len(re.findall(r"(?m)^(?:held-back|rejected|doubtful) +not known: ", shown)) == 3, shown
    applier.start()
    done = cli.run("--yes", "--wait", timeout="30s").json()
    assert [done[code] for code in ("held-back", "rejected", "doubtful")] == [0, 0, 0]


class SlowRegistry:
    """Has no schema, and says so once it may."""

    def __init__(self):
        may, asked = self.may, self.asked = threading.Event(), threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.set()
                may.wait(30)
                self.send_response(404)
                self.end_headers()
                self.wfile.write(b'{"error_code": 40403, "message": "there is none"}')

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.may.set()
        self.server.shutdown()
        self.server.server_close()


def test_what_has_ended_while_the_log_was_folded_stays_gone(lab):
    registry = SlowRegistry()
    lab.on_close(registry.close)
    registry.may.set()
    topic, server = applied(lab, schema_registry=registry.url)
    deadline = time.time() + 4
    write(topic, "k:ends", "SET", ["1"], ttlMs=4000)
    write(topic, "k:stays", "SET", ["1"])
    topic.flush()
    ends = topic.ends()
    write(topic, "k:ends", "INCR")
    write(topic, "k:stays", "INCR")
    topic.write(b"\0\0\0\0\7no such schema", b"other")
    topic.flush()
    lab.await_applied(topic, server)
    registry.may.clear()
    registry.asked.clear()
    process = Revert(lab, topic, server, run="run", keys="k:*", to=at(ends), output="json",
                     schema_registry=registry.url).start("--yes", "--wait")
    assert registry.asked.wait(30), "it is folded, and the key has not ended"
    time.sleep(max(0, deadline + 0.2 - time.time()))
    registry.may.set()
    done, _ = finish(process, 0)
    assert [d["key"] for d in done["differences"]] == ["k:stays"]


def test_what_happens_to_a_key_while_it_is_judged_is_told(lab, tmp_path):
    """Behind the end of the fold, and in front of the records that revert them, a key is quarantined and another one
    written to."""
    topic, server = applied(lab, on_reject="quarantine-key")
    applier, = lab.appliers
    for key in ("k:held", "k:late", "k:plain"):
        write(topic, key, "RPUSH", ["a"])
    topic.flush()
    ends = topic.ends()
    for key in ("k:held", "k:late", "k:plain"):
        write(topic, key, "RPUSH", ["b"])
    topic.flush()
    lab.await_applied(topic, server)
    applier.stop()
    receipt = tmp_path / "receipt"
    process, link = start_held(lab, topic, server, "--wait", to=at(ends), on_reject="quarantine-key", receipt=receipt,
                               limit=1)
    write(topic, "k:held", "INCR")
    write(topic, "k:late", "RPUSH", ["c"])
    topic.flush()
    link.restore()
    await_(lambda: sum(map(is_of_revert, topic.read())) == 3, 30, "records are appended")
    write(topic, "k:plain", "RPUSH", ["behind"])
    topic.flush()
    applier.start()
    done, _ = finish(process, 3)
    told, rows = {}, {}
    for line in receipt.read_text().splitlines():
        row = json.loads(line)
        told.setdefault(row["key"], []).append((row["outcome"], row["kind"]))
        rows[row["key"]] = row["outcome"], row["detail"]
    listed, = done["differences"]
    assert (listed["outcome"], listed["detail"]) == rows[listed["key"]] and listed["kind"] == "value"
    assert "quarantined" in rows["k:held"][1] and "undone, too" in rows["k:late"][1]
    assert "undone" not in rows["k:plain"][1]
    assert (done["written"], done["held-back"], done["repaired"]) == (2, 1, 2)
    assert told == {"k:held": [("written", "value")] * 2 + [("held-back", "value")],
                    "k:late": [("written", "value")] * 2, "k:plain": [("written", "value")]}
    with server.client() as client:
        assert [client.lrange(k, 0, -1) for k in ("k:held", "k:late", "k:plain")] == [
            [b"a", b"b"], [b"a"], [b"a", b"behind"]]


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


def test_a_record_that_the_log_refuses_is_told_and_done_again(lab):
    topic, server = applied(lab)
    write(topic, "k", "SET", [random.Random(71).randbytes(20_000)])
    topic.flush()
    ends = topic.ends()
    write(topic, "k", "SET", ["short"])
    topic.flush()
    lab.await_applied(topic, server)
    topic.set_config(max_message_bytes=5000)
    cli = Revert(lab, topic, server, to=at(ends), run="run", keys="k")
    refused = cli.run("--yes", status=3).json()
    assert [d["outcome"] for d in refused["differences"]] == ["refused"] and refused["refused"] == 1
    assert "larger than the topic's" in refused["differences"][0]["detail"]
    assert not any(map(is_of_revert, topic.read()))
    topic.set_config(max_message_bytes=16000000)
    assert cli.run("--yes", "--wait").json()["repaired"] == 1
    assert_reverted(lab, topic, server, ends)


def test_a_failover_while_keys_are_reverted(lab):
    failover, topic = lab.failover(), lab.topic()
    lab.applier(topic, failover).start()
    keys = [f"k:{i}" for i in range(3000)]
    for key in keys:
        write(topic, key, "SET", ["1"])
    for _ in range(10):
        write(topic, "k:wide", "RPUSH", ["x" * 300_000])
    topic.flush()
    ends = topic.ends()
    for key in keys:
        write(topic, key, "INCR")
    write(topic, "k:wide", "LPOP")
    topic.flush()
    primary = failover.primary()
    lab.await_applied(topic, primary)
    lab.crashed = True
    cli = Revert(lab, topic, primary, to=at(ends), run="run", keys="k:*", timeout="30s")
    del cli.cli.options["redis"]
    cli.cli.options |= {"sentinel": failover.sentinel_list, "master-name": failover.master_name}
    held = sum(topic.ends().values())
    process = cli.start("--yes", "--wait")
    await_(lambda: sum(topic.ends().values()) > held + 300, 60, "records are appended")
    primary.kill()
    _, err = process.communicate(timeout=60)
    assert process.returncode in (0, 1), err
    now = failover.await_primary_other_than(primary)
    cli.run("--yes", "--wait")
    assert len(assert_reverted(lab, topic, now, ends)) == 3001
    with now.client() as client:
        assert set(client.mget(keys)) == {b"1"} and client.llen("k:wide") == 10


def test_records_that_a_mirror_brings_twice_count_once(lab):
    topic, server = applied(lab, on_reject="quarantine-key")
    for key in ("k:1", "k:2"):
        write(topic, key, "RPUSH", ["a"])
    for i in range(20):
        write(topic, "k:wide", "RPUSH", [str(i) * 10_000])
    topic.flush()
    ends = topic.ends()
    for key in ("k:1", "k:2", "k:wide"):
        write(topic, key, "RPUSH", ["b"])
    topic.flush()
    lab.await_applied(topic, server)
    Revert(lab, topic, server, to=at(ends), run="run", keys="k:*").run("--yes", "--wait")
    ours = [r for r in topic.read() if is_of_revert(r)]
    assert len(ours) > 4
    write(topic, "k:1", "RPUSH", ["behind"])
    for record in ours:
        topic.write(record.value, record.key, partition=record.partition)
    topic.flush()
    lab.await_applied(topic, server)
    assert not topic.dead_letters.read()
    with server.client() as client:
        assert client.lrange("k:1", 0, -1) == [b"a", b"behind"] and client.lrange("k:2", 0, -1) == [b"a"]
        assert client.llen("k:wide") == 20
    assert set(snapshot(server)) == {b"k:1", b"k:2", b"k:wide"}


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


def test_while_producers_write_and_an_applier_dies(lab):
    topic, server = applied(lab)
    with Traffic(topic, seed=61):
        await_(lambda: len(topic.read()) > 500, 30, "records are written")
        ends = topic.ends()
        await_(lambda: len(topic.read()) > 1000, 30, "more are written")
        lab.appliers[0].kill()
        lab.crashed = True
        cli = Revert(lab, topic, server, to=at(ends), run="run", keys="[lsh]*")
        process = cli.start("--yes", "--wait")
        time.sleep(1)
        lab.appliers[0].start()
        out, err = process.communicate(timeout=60)
        assert process.returncode in (0, 3), err
    made = assert_reverted(lab, topic, server, ends)
    assert len(made) > 10 and b"hot" in made and not any(k[:1] in b"czx" for k in made)


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


def test_without_permission_to_write_nothing_is_done_and_it_says_so(lab, broker):
    topic, server = applied(lab)
    for i in range(300):
        write(topic, f"k:{i}", "SET", ["1"])
    topic.flush()
    ends = topic.ends()
    for i in range(300):
        write(topic, f"k:{i}", "INCR")
    topic.flush()
    lab.await_applied(topic, server)
    grant(broker.plain, KAFKA_USER, "TOPIC", topic.name, "READ")
    cli = Revert(lab, topic, server, to=at(ends), run="run", keys="k:*")
    who = {"brokers": broker.secure, "kafka_security": "SASL_SSL", "kafka_ca": broker.ca,
           "kafka_user": KAFKA_USER, "kafka_password_file": lab.secret_file("kafka", KAFKA_PASSWORD)}
    assert cli.run(status=3, **who).json()["different"] == 300, "a plan needs no more"
    answer = cli.run("--yes", status=1, **who)
    assert "allow the user to write to it" in answer.err
    assert not any(map(is_of_revert, topic.read()))
    assert all(d["outcome"] == "refused" for d in answer.json()["differences"])
    names = {"redis-writes": topic.name, "redis-writes-dlq": topic.dead_letters.name}
    for missing, (resource, name, operation), n in zip((1, 0), permissions.REVERT, (111, 189), strict=True):
        grant(broker.plain, KAFKA_USER, resource, names[name], operation)
        answer = cli.run("--yes", "--wait", **who, keys="k:*" if not missing else "k:1*")
        assert answer.json()["repaired"] == n
        assert ("rejected" in answer.json()) == (not missing)
        assert ("whether appliers reject what is appended is not known" in answer.err) == bool(missing)
    assert_reverted(lab, topic, server, ends)
