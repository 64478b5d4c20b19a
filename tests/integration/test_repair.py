"""repair: what went around the log is written as the log makes it, whatever happens meanwhile, and
nothing else is written."""

import json
import pathlib
import random
import re
import socket
import time

import pytest
import redis

from conftest import REDIS_PASSWORD, REDIS_USER
from lab import oracle, permissions, servers
from lab.clocked import SHIFT
from lab.cli import Answer
from lab.comparison import ALL_TYPES, PAIRS, VANISHES, Overtaken, Verify, found, vanishing_list
from lab.link import Link
from lab.traffic import Traffic
from lab.wait import await_
from lab.week import week
from lab.workload import HOUR_MS, encode

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "lib" / "core" / "lua" / "repair.lua"

# By kind of key, what a client does to it around the log.
TAMPERINGS = {
    "value": {"s": ["SETRANGE", "0", "T"], "n": ["INCR"], "l": ["LSET", "1", "B"],
              "t": ["SADD", "c"], "h": ["HSET", "g", "3"], "z": ["ZINCRBY", "0.25", "a"],
              "x": ["XADD", "2-1", "f", "v"]},
    "less": {"s": ["SETRANGE", "0", ""], "l": ["LPOP"], "t": ["SREM", "a"], "h": ["HDEL", "f"],
             "z": ["ZREM", "a"], "x": ["XTRIM", "MAXLEN", "0"]},
    "type": {"s": ["RPUSH", "a"], "l": ["SET", "a"], "x": ["SADD", "a"], "h": ["SET", "1"]},
    "missing": {k: None for k in ALL_TYPES},
    "expiry": {"s": ["PEXPIRE", HOUR_MS], "h": ["PERSIST"], "z": ["PEXPIRE", 3 * HOUR_MS]},
    "untouched": {},
}
EXPIRING = {"expiry:h", "expiry:z", "missing:t", "type:l", "value:h"}


def write_all_types(topic):
    for kind in TAMPERINGS:
        for key, (command, args) in ALL_TYPES.items():
            name = f"{kind}:{key}"
            topic.write(encode(command, args, ttlMs=2 * HOUR_MS if name in EXPIRING else None),
                        name.encode())
    topic.write(encode("XGROUP", ["CREATE", "g", "0"]), b"less:x")
    topic.flush()


def tamper(server):
    """Goes around the log in every way; returns how many keys differ then."""
    with server.client() as client:
        client.set("made by hand", 1)
        client.rpush("made by hand, too", *range(50))
        n = 2
        for kind, changes in TAMPERINGS.items():
            for key, words in changes.items():
                name = f"{kind}:{key}"
                if kind in ("type", "missing"):
                    client.delete(name)
                if words:
                    client.execute_command(words[0], name, *words[1:])
                n += words != ["SETRANGE", "0", ""]
    return n


def copies(client):
    return [k for k in client.scan_iter(match="redwal:*:r:*")]


def holdings(server):
    with server.client() as client:
        return oracle.snapshot(client)


def outcomes(report):
    return {d["outcome"] for d in report["differences"]}


# A fold on a newer server gives payloads that an older one does not take.
@pytest.mark.parametrize("name, fold_on", [*PAIRS, ("redis-6.2", "redis-8")], ids=lambda n: n)
def test_every_way_around_the_log_is_shown_and_repaired(lab, name, fold_on):
    topic, server = lab.topic(), lab.redis(program=servers.program(name))
    lab.applier(topic, server).start()
    write_all_types(topic)
    records = lab.await_applied(topic, server)
    n, before = tamper(server), holdings(server)
    cli = Verify(lab, topic, server, redis_server=servers.program(fold_on))
    planned = cli.repair(status=3).json()
    assert planned["different"] == n and planned["repaired"] == 0 and not planned["equal"]
    assert outcomes(planned) == {"would-write", "would-delete"}
    assert holdings(server) == before, "a dry run wrote"
    done = cli.repair("--yes").json()
    assert done["different"] == done["repaired"] == n and done["equal"] is True
    assert outcomes(done) == {"written", "deleted"}
    assert found(done) == found(planned)
    lab.compare(records, server)
    assert cli.json()["equal"] is True
    with server.client() as client:
        assert copies(client) == []


def test_what_was_asked_for_and_nothing_else(lab):
    topic, server = lab.topic(), lab.redis()
    lab.applier(topic, server).start()
    write_all_types(topic)
    lab.await_applied(topic, server)
    tamper(server)
    cli = Verify(lab, topic, server)
    report = cli.repair("--yes", keys="value:*").json()
    assert {d["key"] for d in report["differences"]} == {f"value:{k}" for k in ALL_TYPES}
    left = cli.json(status=3)
    assert left["different"] > 5 and not any(k.startswith("value:") for k, _ in found(left))
    # What other partitions make of a key is not known, so it stays.
    extra = {f"extra:{i}" for i in range(30)}
    with server.client() as client:
        client.mset(dict.fromkeys(extra, "x"))
    report = cli.repair("--yes", partitions="0", status=None).json()
    assert report["repaired"] > 0 and report["unjudged"] >= 30
    assert "deleted" not in outcomes(report)
    with server.client() as client:
        assert client.exists(*extra) == 30
    table = cli.run(status=3)
    assert "KEY" in table.out
    cli.repair("--yes")
    assert cli.json()["equal"] is True


def test_a_receipt_tells_of_each_key(lab):
    topic, server = lab.topic(), lab.redis()
    lab.applier(topic, server).start()
    write_all_types(topic)
    lab.await_applied(topic, server)
    n, path = tamper(server), lab.directory / "receipt.jsonl"
    cli = Verify(lab, topic, server)
    report = cli.repair("--yes", limit=1, receipt=path).json()
    assert report["listed"] == 1
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(rows) == n and {r["outcome"] for r in rows} == {"written", "deleted"}
    again = cli.repair("--yes", receipt=path, status=1)
    assert "--receipt" in again.err


def meddle(server, chance, n=20):
    """Writes around the log to some keys, which may exist or not."""
    words = [("SET", "x"), ("RPUSH", "x"), ("HSET", "f1", "x"), ("SADD", "x"), ("INCR",),
             ("ZADD", "1", "x"), ("DEL",), ("PEXPIRE", 3 * HOUR_MS), ("PERSIST",)]
    with server.client() as client:
        for _ in range(n):
            kind = chance.choice(["string", "counter", "list", "set", "hash", "zset", "stream", "extra"])
            command, *args = chance.choice(words)
            try:
                client.execute_command(command, f"{kind}:{chance.randrange(30)}", *args)
            except redis.exceptions.ResponseError:
                pass


def check_repaired(lab, topic, server, cli):
    """What is left once nothing moves is repaired, and Redis is the fold."""
    records = lab.await_applied(topic, server)
    cli.repair("--yes")
    assert cli.json()["equal"] is True
    return lab.compare(records, server)


def test_while_the_applier_runs_and_producers_write(lab):
    topic, server, chance = lab.topic(), lab.redis(), random.Random(51)
    lab.applier(topic, server).start()
    cli = Verify(lab, topic, server)
    n_repaired = 0
    with Traffic(topic):
        await_(lambda: len(topic.read()) > 500, 60, "records are written")
        for _ in range(5):
            meddle(server, chance, 60)
            report = cli.repair("--yes", status=None).json()
            n_repaired += report["repaired"]
            assert outcomes(report) <= {"written", "deleted", "busy", "left"}, report
    assert n_repaired > 50
    lab.await_applied(topic, server)
    left = {d["key"] for d in report["differences"] if d["outcome"] in ("busy", "left")}
    assert {key for key, _ in found(cli.json(status=None))} <= left, "it was met by no look"
    check_repaired(lab, topic, server, cli)


def test_equal_by_coincidence_is_repaired(lab):
    case = Overtaken(lab)
    with case.server.client() as client:
        client.incr("counter")
    report = case.run("repair", "--yes").json()
    assert [(d["key"], d["outcome"]) for d in report["differences"]] == [("counter", "written")]
    check_repaired(lab, case.topic, case.server, Verify(lab, case.topic, case.server))


def test_what_vanishes_between_the_looks_is_repaired(lab):
    case = Overtaken(lab)
    vanishing_list(case)
    report = case.run("repair", "--yes", **VANISHES).json()
    assert [(d["key"], d["kind"], d["outcome"]) for d in report["differences"]] == [
        ("list", "missing", "written")]
    check_repaired(lab, case.topic, case.server, Verify(lab, case.topic, case.server))


def test_a_repair_may_be_killed_anywhere(lab):
    topic, server, chance = lab.topic(), lab.redis(), random.Random(52)
    lab.applier(topic, server).start()
    cli = Verify(lab, topic, server)
    with Traffic(topic, seed=53):
        await_(lambda: len(topic.read()) > 500, 60, "records are written")
        for _ in range(8):
            meddle(server, chance, 60)
            process = cli.cli.start("repair", "--yes")
            time.sleep(0.3 + chance.random())
            process.kill()
            process.communicate()
    with server.client() as client:
        assert all(0 < client.pttl(k) <= 600_000 for k in copies(client))
    check_repaired(lab, topic, server, cli)


def told_to_end(cli, word, link, **options):
    """A repair that is told to end once it has said that word to Redis."""
    link.hold_at(word)
    process = cli.given(redis=f"127.0.0.1:{link.port}", output="json", **options).start("repair", "--yes")
    await_(link.held, 60, "it has said that")
    process.terminate()
    link.restore()
    out, err = process.communicate(timeout=60)
    return Answer(process.returncode, out, err)


def test_told_to_end_it_ends_between_keys_and_says_what_it_did(lab):
    case, n = Overtaken(lab), 2000  # more than it writes at once
    for i in range(n):
        case.topic.write(encode("SET", ["right"]), f"many:{i}".encode())
    case.topic.flush()
    case.go_on()
    with case.server.client() as client:
        client.mset({f"many:{i}": "wrong" for i in range(n)})
    summary = lab.directory / "summary"
    cli = Verify(lab, case.topic, case.server)
    done = told_to_end(cli, b"DUMP", case.link, summary=summary)
    assert done.status == 1 and "interrupted" in done.err
    told = json.loads(summary.read_text())
    assert told["error"] == "interrupted" and told["written"] + told["deleted"] == told["repaired"] < n
    rest = cli.json(status=3)
    assert rest["different"] == n - told["repaired"] > 0
    # What it was at, it has done; a signal that came is not left to whatever runs next.
    report = cli.repair("--yes").json()
    assert report["repaired"] == sum(report[outcome] for outcome in ("written", "deleted")) == rest["different"]
    assert [report[outcome] for outcome in ("left", "busy", "refused", "unknown")] == [0] * 4


def test_told_to_end_before_it_has_begun_it_ends(lab):
    case = Overtaken(lab)  # a Redis with a position, without which no broker is asked
    with socket.create_server(("127.0.0.1", 0)) as silent:
        cli = Verify(lab, case.topic, case.server).given(brokers=f"127.0.0.1:{silent.getsockname()[1]}")
        process = cli.start("verify")
        silent.settimeout(30)
        silent.accept()
        process.terminate()
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, "")


def test_the_applier_may_be_killed_meanwhile(lab):
    topic, server, chance = lab.topic(), lab.redis(), random.Random(54)
    lab.crashed = True
    applier = lab.applier(topic, server).start()
    cli = Verify(lab, topic, server)
    with Traffic(topic, seed=55):
        await_(lambda: len(topic.read()) > 500, 60, "records are written")
        for _ in range(4):
            meddle(server, chance, 40)
            process = cli.cli.start("repair", "--yes")
            time.sleep(chance.random() * 0.8)
            applier.kill()
            applier.start()
            process.communicate(timeout=60)
            assert process.returncode in (0, 1, 3)
    check_repaired(lab, topic, server, cli)


def test_a_failover_amid_a_repair(lab):
    failover, topic, chance = lab.failover(), lab.topic(), random.Random(56)
    lab.crashed = True
    lab.applier(topic, failover).start()
    primary = failover.primary()
    cli = Verify(lab, topic, primary)
    del cli.cli.options["redis"]
    cli.cli.options |= {"sentinel": failover.sentinel_list, "master-name": failover.master_name}
    with Traffic(topic, seed=57, pause=0.01):
        await_(lambda: len(topic.read()) > 300, 60, "records are written")
        meddle(primary, chance, 100)
        failover.lose_what_follows(primary)  # the replicas hear of no repair
        meddle(primary, chance, 100)
        process = cli.cli.start("repair", "--yes")
        await_(lambda: writes_copies(primary) or process.poll() is not None, 60, "it has begun")
        primary.kill()
        now = failover.await_primary_other_than(primary)
        process.communicate(timeout=180)
        assert process.returncode in (0, 1, 3, 4)
    check_repaired(lab, topic, now, cli)


def writes_copies(server):
    return "cmdstat_restore" in server.info("commandstats")


# --- copies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", [b"WATCH", b"RESTORE"])
def test_an_emptied_redis_stays_blank(lab, word):
    """FLUSHALL closes no connection; with a copy and no identity Redis would be foreign to its appliers."""
    case = Overtaken(lab)
    with case.server.client() as client:
        client.incr("counter")
        report = case.run("repair", "--yes", word=word, meanwhile=client.flushall).json()
        assert client.dbsize() == 0 and report["repaired"] == 0 and report["different"] == 1
    assert "cmdstat_restore" not in case.server.info("commandstats"), "a copy was there for a while"


class Refused:
    """A stream that a Redis lacks which does not take the payloads of the fold's, so that it is told a command an
    entry."""

    def __init__(self, lab):
        topic, self.server = lab.topic(partitions=1), lab.redis(program=servers.program("redis-6.2"))
        applier = lab.applier(topic, self.server).start()
        for i in range(1, 1001):
            topic.write(encode("XADD", [f"{i}-1", "f", "x" * 1000]), b"stream")
        topic.flush()
        lab.await_applied(topic, self.server)
        applier.stop()
        with self.server.client() as client:
            client.delete("stream")
            self.n_keys = client.dbsize()
        self.link = Link(self.server.port)
        lab.on_close(self.link.close)
        self.cli = Verify(lab, topic, self.server, redis_server=servers.program("redis-8"))

    def held_before_the_end(self):
        """A repair of which Redis is told all but the end of the commands for the copy."""
        self.link.hold_at(b"PEXPIRE\r\n")
        process = self.cli.given(redis=f"127.0.0.1:{self.link.port}", output="json").start("repair", "--yes")
        await_(self.link.held, 60, "it has said that")
        return process


def test_a_copy_by_commands_is_there_whole_or_not_at_all(lab):
    case = Refused(lab)
    process = case.held_before_the_end()
    process.kill()
    case.link.cut()
    process.communicate(timeout=60)
    with case.server.client() as client:
        assert (copies(client), client.dbsize()) == ([], case.n_keys)


def test_an_emptied_redis_is_told_no_commands_either(lab):
    case = Refused(lab)
    process = case.held_before_the_end()
    with case.server.client() as client:
        client.config_resetstat()
        client.flushall()
        case.link.restore()
        process.communicate(timeout=60)
        assert client.dbsize() == 0
    assert "cmdstat_xadd" not in case.server.info("commandstats"), "a copy was there for a while"


def test_copies_are_dropped_when_the_repair_ends_with_an_error(lab):
    case = Overtaken(lab)
    with case.server.client() as client:
        client.incr("counter")
        client.execute_command("ACL", "SETUSER", "default", "-eval")
        done = Verify(lab, case.topic, case.server).repair("--yes", status=1)
        assert "EVAL" in done.err and "cmdstat_restore" in case.server.info("commandstats")
        assert copies(client) == []


# --- the guard ------------------------------------------------------------------------------------

POSITION = {"next": "7", "log": "a/b", "clock": "wall"}


@pytest.mark.parametrize("held, low, high, clock, written", [
    (POSITION, 7, 7, "wall", True), (POSITION, 5, 9, "wall", True), ({}, 0, 0, "wall", True),
    ({**POSITION, "clock": "1700000000000"}, 7, 7, "log", True),
    ({"next": "7", "log": "a/b"}, 7, 7, "wall", True),
    (POSITION, 8, 9, "wall", False), (POSITION, 5, 6, "wall", False), ({}, 1, 1, "wall", False),
    ({**POSITION, "log": "a/c"}, 7, 7, "wall", False), (POSITION, 7, 7, "log", False),
    ({**POSITION, "clock": "1700000000000"}, 7, 7, "wall", False),
], ids=["at", "within", "none", "log-time", "no-clock", "behind", "past", "lost", "other-log",
        "other-clock", "replay"])
@pytest.mark.parametrize("name", servers.NAMES)
def test_nothing_is_written_unless_every_position_is_where_it_must_be(lab, name, held, low, high,
                                                                      clock, written):
    server = lab.redis(program=servers.program(name))
    keys = ["redwal:{w}:p:0", "redwal:{w}:p:1", "k", "copy", "k", "gone", "gone", "gone"]
    args = [2, "a/b", 3, 3, "wall", low, high, clock, "take", SHIFT, -1, "delete", -1, -1]
    with server.client() as client:
        client.hset(keys[0], mapping={**POSITION, "next": "3"})
        if held:
            client.hset(keys[1], mapping=held)
        client.mset({"k": "wrong", "copy": "right", "gone": "x"})
        answer = client.eval(SCRIPT.read_text(), len(keys), *keys, *args)
        if written:
            assert answer == [b"OK", b"OK"]
            assert (client.get("k"), client.exists("copy", "gone")) == (b"right", 0)
        else:
            assert answer == [2, held.get("next", "0").encode()]
            assert (client.get("k"), client.exists("copy", "gone")) == (b"wrong", 2)


def test_what_is_not_there_gets_no_deadline_and_is_not_called_written(lab):
    keys = ["redwal:{w}:p:0", "gone", "gone", "gone", "k", "lost copy", "k", "there", "there", "there"]
    args = [1, "a/b", 0, 0, "wall", "ends", SHIFT, -1, "take", -1, -1, "ends", -1, -1]
    with lab.redis().client() as client:
        client.mset({"k": "v", "there": "v"})
        client.expire("there", 100)
        answer = client.eval(SCRIPT.read_text(), len(keys), *keys, *args)
        assert answer[:2] == [b"ERR no such key"] * 2 and answer[2] == b"OK"
        assert (client.get("k"), client.ttl("there")) == (b"v", -1)


def test_in_log_time_deadlines_are_listed(lab):
    program = servers.program("redis-8")
    topic, server = lab.topic(retention_ms=-1), lab.redis(program=program)
    now = int(time.time() * 1000)
    for key, value, timestamp in week(7, 2000, now):
        topic.write(value, key, timestamp=timestamp)
    for key in (b"far:1", b"far:2", b"far:3"):
        topic.write(encode("HSET", ["f", "v"], ttlMs=HOUR_MS), key, timestamp=now)
    topic.flush()
    lab.applier(topic, server, expiry="log").start()
    lab.await_applied(topic, server)
    cli = Verify(lab, topic, server, redis_server=program, expiry="log")
    with server.client() as client:
        client.delete("far:1")
        client.persist("far:2")
        client.hset("far:3", "f", "w")
        for index in client.scan_iter(match="redwal:*:x:*"):
            client.zrem(index, "far:1")
        client.set("made by hand", 1)
    assert cli.repair("--yes").json()["repaired"] == 4
    assert cli.json()["equal"] is True
    with server.client() as client:
        assert client.pexpiretime("far:1") == client.pexpiretime("far:2") == SHIFT + now + HOUR_MS
    # A record of its partition, later than the deadline, ends the key: it is in the index.
    for key in (b"far:1", b"far:2", b"far:3"):
        topic.write(encode("HSET", ["g", "v"]), key, timestamp=now + HOUR_MS)
    topic.flush()
    lab.await_applied(topic, server)
    with server.client() as client:
        assert [client.hgetall(k) for k in ("far:1", "far:2", "far:3")] == [{b"g": b"v"}] * 3


def test_deadlines_of_fields_are_repaired(lab):
    program = servers.program("redis-8")
    topic, server = lab.topic(), lab.redis(program=program)
    lab.applier(topic, server).start()
    for key in (b"same", b"other", b"none"):
        topic.write(encode("HSET", ["f", "1", "g", "2"]), key)
        topic.write(encode("HPEXPIRE", [HOUR_MS, "FIELDS", 1, "f"]), key)
    topic.flush()
    records = lab.await_applied(topic, server)
    with server.client() as client:
        client.execute_command("HPEXPIRE", "other", 2 * HOUR_MS, "FIELDS", 1, "f")
        client.execute_command("HPERSIST", "none", "FIELDS", 1, "f")
    report = Verify(lab, topic, server, redis_server=program).repair("--yes").json()
    assert found(report) == {("other", "field-expiry"), ("none", "field-expiry")}
    lab.judge_with(lab.redis("judge", program=program))
    lab.compare(records, server)


def test_a_quarantined_key_is_left(lab):
    """Records of it are held back, which a fold that was not told so has applied."""
    topic, server = lab.topic(), lab.redis()
    lab.applier(topic, server, on_reject="quarantine-key").start()
    write_all_types(topic)
    topic.write(encode("RPUSH", ["wrong type"]), b"untouched:s")
    topic.write(encode("APPEND", ["+"]), b"untouched:s")
    topic.flush()
    lab.await_applied(topic, server)
    n, before = tamper(server), holdings(server)[b"untouched:s"]
    cli = Verify(lab, topic, server)
    report = cli.repair("--yes", status=3).json()
    left = [d for d in report["differences"] if d["outcome"] == "left"]
    assert [d["key"] for d in left] == ["untouched:s"] and "quarantined" in left[0]["detail"]
    assert report["repaired"] == n and holdings(server)[b"untouched:s"] == before
    assert cli.repair("--yes", on_reject="quarantine-key").json()["different"] == 0


# --- permissions ----------------------------------------------------------------------------------


def secured(lab, rules):
    topic, plain = lab.topic(), lab.redis("plain")
    server = lab.redis(security=lab.security(" ".join(rules)))
    lab.applier(topic, plain).start()
    write_all_types(topic)
    lab.await_applied(topic, plain)
    lab.appliers[0].stop()
    with plain.client() as source, server.client() as client:
        for key in source.scan_iter():
            client.restore(key, max(source.pttl(key), 0), source.dump(key))
    tamper(server)
    return Verify(lab, topic, server, redis_user=REDIS_USER, redis_tls=True, expiry_tolerance="1s",
                  redis_password_file=lab.secret_file("p", REDIS_PASSWORD),
                  redis_ca=server.security.authority.ca)


def test_the_permissions_of_the_page_are_enough(lab):
    cli = secured(lab, permissions.REPAIR)
    report = cli.repair("--yes").json()
    assert report["repaired"] == report["different"] > 10


@pytest.mark.parametrize("rule", permissions.grants(permissions.REPAIR))
def test_nothing_is_repaired_without(lab, rule):
    cli = secured(lab, [r for r in permissions.REPAIR if r != rule])
    done = cli.repair("--yes", status=None)
    assert done.status in (1, 3) and not re.search(r'"(written|deleted)": [1-9]|"outcome": "(written|deleted)"', done.out)
    assert any(word in done.err + done.out for word in ("NOPERM", "permission", "can't run")), done.err


def test_the_page_shows_the_same_rules_twice():
    shown = permissions.PAGE.read_text().split("ACL SETUSER repairer on >… ")[1].split("\n\n")[0]
    assert shown.split() == " ".join(permissions.REPAIR).split()
