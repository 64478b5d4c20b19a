"""verify: whatever went around the log is found, and nothing else is called different."""

import json
import random
import subprocess
import threading
import time

import pytest

from conftest import REDIS_PASSWORD, REDIS_USER
from lab import quarantine, servers
from lab.applier import environment
from lab.clocked import SHIFT
from lab.comparison import ALL_TYPES, PAIRS, VANISHES, Overtaken, Verify, found, vanishing_list
from lab.wait import await_
from lab.week import week
from lab.workload import HOUR_MS, Workload, encode

# What operations.md asks for verify, and no more.
READ_RULES = "~* resetchannels -@all +@read +@transaction -@dangerous +role +info +dbsize +time +command"


def n_keys(server):
    with server.client() as client:
        return sum(1 for k in client.scan_iter(count=1000) if not k.startswith(b"redwal:"))


@pytest.fixture
def mixed(lab):
    """A log of all kinds of operations, applied; the topic and the Redis."""
    topic, server = lab.topic(), lab.redis()
    lab.applier(topic, server).start()
    Workload(30, rejects=0.05).write(topic, 3000)
    topic.flush()
    lab.check(topic, server)
    return topic, server


def test_a_redis_that_only_the_applier_writes_to_is_equal(lab, mixed):
    topic, server = mixed
    report = Verify(lab, topic, server).json()
    assert report["equal"] is True and report["differences"] == []
    assert report["compared"] == n_keys(server) and report["records"] == 3000
    ends = topic.ends()
    assert report["partitions"] == [
        {"partition": p, "coverage": "full", "foldedTo": ends[p], "begin": 0, "end": ends[p]}
        for p in range(topic.partitions)]
    # A partition that was held at a rejected record was started again with another policy.
    assert Verify(lab, topic, server).json(on_reject="halt")["records"] == 3000


def test_finds_each_way_to_go_around_the_log(lab):
    topic, server = lab.topic(), lab.redis()
    lab.applier(topic, server).start()
    changes = {
        "value": {"s": ["SETRANGE", "0", "T"], "n": ["INCR"], "l": ["LSET", "1", "B"],
                  "t": ["SADD", "c"], "h": ["HSET", "g", "3"], "z": ["ZINCRBY", "0.25", "a"],
                  "x": ["XADD", "2-1", "f", "v"]},
        "type": {"s": ["RPUSH", "a"], "l": ["SET", "a"]},
        "missing": {k: None for k in ALL_TYPES},
        "expiry": {"s": ["PEXPIRE", HOUR_MS], "h": ["PERSIST"], "z": ["PEXPIRE", 3 * HOUR_MS]},
        "untouched": {k: None for k in ALL_TYPES},
        "group": {"x": ["XGROUP", "CREATE", "g", "0"]},
    }
    expiring = {"expiry:h", "expiry:z"}
    for kind in changes:
        for key, (command, args) in ALL_TYPES.items():
            name = f"{kind}:{key}"
            topic.write(encode(command, args, ttlMs=2 * HOUR_MS if name in expiring else None),
                        name.encode())
    topic.flush()
    lab.check(topic, server)
    expected = {("made by hand", "extra")}
    with server.client() as client:
        client.set("made by hand", 1)
        for kind in ("value", "type", "missing", "expiry", "group"):
            for key, words in changes[kind].items():
                name = f"{kind}:{key}"
                if kind in ("type", "missing"):
                    client.delete(name)
                if words:
                    at = 2 if words[0] == "XGROUP" else 1
                    client.execute_command(*words[:at], name, *words[at:])
                expected.add((name, "value" if kind == "group" else kind))
    report = Verify(lab, topic, server).json(status=3)
    assert found(report) == expected
    assert report["equal"] is False and report["different"] == len(expected)
    table = Verify(lab, topic, server).run(limit=2)
    assert table.status == 3 and table.out.splitlines()[3] == "", table.out
    assert "keys that differ   21" in table.out, table.out


def test_live_writes_give_no_false_alarm(lab):
    topic, server = lab.topic(), lab.redis()
    lab.applier(topic, server).start()
    Workload(31).write(topic, 2000)
    topic.flush()
    lab.await_applied(topic, server)
    with server.client() as client:
        client.set("made by hand", 1)
        client.incr("counter:0")  # and the log goes on writing to it
    over = threading.Event()

    def write():
        workload = Workload(32, keys=400)
        while not over.is_set():
            workload.write(topic, 50)
            topic.flush()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            report = Verify(lab, topic, server).json(status=3)
            assert ("made by hand", "extra") in found(report)
            assert {key for key, _ in found(report)} <= {"made by hand", "counter:0"}, report
    finally:
        over.set()
        writer.join()
    lab.await_applied(topic, server)
    with server.client() as client:
        client.delete("made by hand", "counter:0")
    report = Verify(lab, topic, server).json(status=3)
    assert found(report) == {("counter:0", "missing")}


@pytest.mark.parametrize("extra", [set(), {("made by hand", "extra")}], ids=["alone", "and-another"])
@pytest.mark.parametrize("options", [{}, {"sample": 30}], ids=["all", "sample"])
def test_equal_by_coincidence_is_not_equal(lab, options, extra):
    case = Overtaken(lab)
    with case.server.client() as client:
        client.incr("counter")
        client.mset({key: 1 for key, _ in extra} or {"counter": 6})
    done = case.run("verify", **options)
    assert found(done.json()) == {("counter", "value")} | extra, done.err
    assert done.status == 3


JUDGES = b"MULTI\r\n*10\r\n$5\r\nHMGET"  # the positions, and then the suspects' values


def test_what_is_made_anew_while_it_is_looked_at_is_looked_at_again(lab):
    """It is gone when its type is asked for, and a set again when its value is."""
    case = Overtaken(lab)
    case.topic.write(encode("SADD", ["a"]), b"set")
    case.topic.flush()
    case.go_on()
    case.applier.stop()
    with case.server.client() as client:
        client.sadd("set", "by hand")

        def make_anew():
            client.delete("set")
            case.link.hold_at(JUDGES)
            case.link.restore()
            await_(case.link.held, 60, "its value is asked for")
            case.go_on()

        done = case.run("verify", record=encode("SADD", ["b"]), key=b"set", meanwhile=make_anew,
                        word=b"TYPE")
    assert found(done.json()) == {("set", "value")}, done.err


@pytest.mark.parametrize("keys, expected", [
    (None, {("list", "missing")}), ("l[a-i]*", {("list", "missing")}), ("[^l]*", set()),
], ids=["all", "its-pattern", "another-pattern"])
def test_what_vanishes_between_the_looks_is_found(lab, keys, expected):
    """It was wrong and there when missing keys were looked for, and is gone when Redis is scanned."""
    case = Overtaken(lab)
    vanishing_list(case)
    done = case.run("verify", **VANISHES, **({"keys": keys} if keys else {}))
    assert found(done.json()) == expected, done.err
    with case.server.client() as client:
        assert not client.exists("list")


def test_what_is_equal_and_written_to_meanwhile_is_looked_at_again(lab):
    case = Overtaken(lab, b"quiet")
    report = case.run("verify", record=encode("SET", ["5"])).json()
    assert report["equal"] is True and report["rechecked"] == 1


def test_a_redis_that_goes_back_is_not_called_equal(lab):
    case = Overtaken(lab)

    def go_back():
        with case.server.client() as client:
            client.delete(f"redwal:{{{lab.wal}}}:p:0")

    done = case.run("verify", meanwhile=go_back)
    assert done.status == 1 and "went back" in done.err, done.err


def test_what_is_held_back_is_no_difference(lab):
    """Parked, retried and released records are what the fold makes of them, by the same policy."""
    topic, server = lab.topic(), lab.redis()
    lab.applier(topic, server, on_reject="quarantine-key").start()
    Workload(35, rejects=0.05).write(topic, 1500)
    topic.flush()
    lab.await_applied(topic, server)
    letters = topic.dead_letters.read()
    with server.client() as client:
        held = [(p, key, state) for p in range(topic.partitions)
                for key, state in quarantine.held_in(client, lab.wal, p).items()]
    assert len(held) > 10
    for number, (partition, key, state) in enumerate(held):
        if number % 3 == 0:
            quarantine.release(topic, partition, key, state)
        elif number % 3 == 1:
            quarantine.retry(topic, letters, partition, key, state,
                             lambda _: encode("SET", ["repaired"]))
    Workload(36, rejects=0).write(topic, 500)
    topic.flush()
    lab.check(topic, server, quarantine=True)
    assert Verify(lab, topic, server).json(on_reject="quarantine-key")["compared"] == n_keys(server)
    wrong = found(Verify(lab, topic, server).json(status=3))
    assert {key for key, _ in wrong} & {key.decode() for *_, key, _ in held}


@pytest.mark.parametrize("name, fold_on", PAIRS, ids=lambda n: n)
def test_encodings_and_versions_make_no_difference(lab, name, fold_on):
    topic, server = lab.topic(), lab.redis(program=servers.program(name))
    lab.applier(topic, server).start()
    Workload(33).write(topic, 2000)
    topic.flush()
    lab.await_applied(topic, server)
    cli = Verify(lab, topic, server, redis_server=servers.program(fold_on))
    report = cli.json()
    assert report["compared"] == n_keys(server)
    with server.client() as client:
        client.incr("counter:1")
        client.zincrby("zset:1", 0.1, "f0")
    assert found(cli.json(status=3)) == {("counter:1", "value"), ("zset:1", "value")}


def test_field_expiries_are_compared_where_both_have_them(lab):
    program = servers.program("redis-8")
    topic, server = lab.topic(), lab.redis(program=program)
    lab.applier(topic, server).start()
    for key in (b"same", b"other"):
        topic.write(encode("HSET", ["f", "1", "g", "2"]), key)
        topic.write(encode("HPEXPIRE", [HOUR_MS, "FIELDS", 1, "f"]), key)
    topic.flush()
    lab.await_applied(topic, server)
    cli = Verify(lab, topic, server, redis_server=program)
    cli.json()
    with server.client() as client:
        client.execute_command("HPEXPIRE", "other", 2 * HOUR_MS, "FIELDS", 1, "f")
    assert found(cli.json(status=3)) == {("other", "field-expiry")}
    lacking = Verify(lab, topic, server).run()
    assert "HPEXPIRE" in lacking.err and "--redis-server" in lacking.err


class TestExpiryLog:
    """Deadlines that Redis has in log time, and keys that have ended by it."""

    @pytest.fixture
    def replayed(self, lab):
        program = servers.program("redis-8")
        topic, server = lab.topic(retention_ms=-1), lab.redis(program=program)
        for key, value, timestamp in week(7, 3000, int(time.time() * 1000)):
            topic.write(value, key, timestamp=timestamp)
        topic.flush()
        lab.applier(topic, server, expiry="log").start()
        lab.await_applied(topic, server)
        return Verify(lab, topic, server, redis_server=program), server

    def test_deadlines_and_ended_keys_are_equal(self, lab, replayed):
        cli, server = replayed
        report = cli.json(expiry="log")
        assert report["compared"] > 5 and report["unjudged"] == 0
        with server.client() as client:
            assert any(client.pexpiretime(k) > SHIFT for k in client.scan_iter())

    def test_what_is_different_is_found(self, lab, replayed):
        cli, server = replayed
        with server.client() as client:
            living = [k for k in client.scan_iter(match="[^r]*") if client.pexpiretime(k) > 0]
            shown = sorted(living, key=client.pexpiretime)[-2:]
            later, gone = (k.decode() for k in shown)
            client.pexpireat(later, client.pexpiretime(later) + 60000)
            client.delete(gone)
            client.set("made by hand", 1, pxat=SHIFT + int(time.time() * 1000) + HOUR_MS)
        assert found(cli.json(expiry="log", status=3)) == {
            (later, "expiry"), (gone, "missing"), ("made by hand", "extra")}

    def test_the_other_expiry_is_named(self, lab, replayed):
        cli, _ = replayed
        done = cli.run(output="json")
        assert done.status == 5 and "--expiry log" in done.err, done.err
        assert {p["coverage"] for p in done.json()["partitions"]} == {"catching-up"}

    def test_a_wall_is_no_log(self, lab, mixed):
        topic, server = mixed
        done = Verify(lab, topic, server).run(output="json", expiry="log")
        assert done.status == 5 and "--expiry wall" in done.err, done.err
        assert {p["coverage"] for p in done.json()["partitions"]} == {"other-clock"}


def test_nothing_but_reads_is_needed_and_nothing_else_is_done(lab):
    topic = lab.topic()
    server = lab.redis(security=lab.security(READ_RULES))
    plain = lab.redis("plain")
    lab.applier(topic, plain).start()
    Workload(34).write(topic, 1000)
    topic.flush()
    lab.await_applied(topic, plain)
    lab.appliers[0].stop()
    with plain.client() as source, server.client() as client:
        for key in source.scan_iter():
            client.restore(key, max(source.pttl(key), 0), source.dump(key))
        client.config_resetstat()
        before = client.execute_command("INFO", "commandstats")
        cli = Verify(lab, topic, server, redis_user=REDIS_USER, redis_tls=True,
                     redis_password_file=lab.secret_file("p", REDIS_PASSWORD),
                     redis_ca=server.security.authority.ca)
        report = cli.json(expiry_tolerance="1s")
        assert report["compared"] == n_keys(server)
        used = {name.removeprefix("cmdstat_") for name in client.info("commandstats")}
        writes = {c for c, info in client.command().items() if "write" in info["flags"]}
        assert used and not used & writes, before


def test_what_retention_removed_is_named(lab, mixed):
    topic, server = mixed
    topic.truncate(0, 5)
    with server.client() as client:
        client.set("made by hand", 1)
    done = Verify(lab, topic, server).run(output="json")
    assert done.status == 5, done.err
    assert "partition 0 cannot be compared" in done.err and "retention" in done.err
    report = done.json()
    assert [p["coverage"] for p in report["partitions"]] == ["log-trimmed", "full", "full"]
    assert report["differences"] == [] and report["unjudged"] > 0


def test_some_partitions_keys_or_a_sample(lab, mixed):
    topic, server = mixed
    cli = Verify(lab, topic, server)
    with server.client() as client:
        client.append("string:1", "x")
        client.rpush("list:1", "x")
    assert found(cli.json(keys="string:*", status=3)) == {("string:1", "value")}
    report = cli.json(partitions="1-2", keys="nothing*")
    assert [p["coverage"] for p in report["partitions"]] == ["left-out", "full", "full"]
    report = cli.json(sample=4000, status=3)
    assert found(report) == {("string:1", "value"), ("list:1", "value")}
    assert 7000 < report["compared"] <= 8000 and report["different"] == 2


def test_the_totals_are_written_to_a_file_too(lab, mixed, tmp_path):
    topic, server = mixed
    with server.client() as client:
        client.set("made by hand", 1)
    summary = tmp_path / "summary"
    for _ in range(2):  # a file that is there is replaced
        report = Verify(lab, topic, server).json(status=3, summary=summary)
        written = json.loads(summary.read_text())
        assert written == {key: report[key] for key in written} and written["different"] == 1
        assert "differences" not in written
    done = Verify(lab, topic, server).run(summary=tmp_path / "none" / "x")
    assert done.status == 3 and "--summary" in done.err
    with server.client() as client:
        client.delete("made by hand")
    assert Verify(lab, topic, server).run(summary=tmp_path / "none" / "x").status == 5


def test_killed_it_leaves_nothing_behind(lab, mixed):
    topic, server = mixed
    cli = Verify(lab, topic, server)
    scratch, chance = lab.directory / "tmp", random.Random(5)
    scratch.mkdir()
    for _ in range(4):
        process = subprocess.Popen(cli.cli.argv("verify"), env={**environment(), "TMPDIR": str(scratch)},
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        await_(lambda: any(scratch.iterdir()) or process.poll() is not None, 60, "it has begun")
        try:
            process.wait(chance.random() / 2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        await_(lambda: not any(scratch.iterdir()), 60, "its directory is gone")
    done = cli.run(env={"TMPDIR": str(scratch)})
    assert done.status == 0 and not any(scratch.iterdir())


@pytest.mark.parametrize("options, status, said", [
    ({"wal": "other"}, 1, "give --wal orders"),
    ({"redis_server": "no-such-redis"}, 1, "there is no no-such-redis"),
    ({"partitions": "3-1"}, 2, "--partitions"),
    ({"sample": 5, "keys": "*"}, 2, "give one of them"),
], ids=["wal", "program", "partitions", "both"])
def test_what_cannot_be_done_is_said(lab, options, status, said):
    topic, server = lab.topic(partitions=1), lab.redis()
    with server.client() as client:
        client.hset("redwal:identity", "wal", lab.wal)
    done = Verify(lab, topic, server).run(**options)
    assert done.status == status and said in done.err, done.err
    assert done.out == ""


def test_a_scratch_redis_must_be_empty_and_another_one(lab, mixed):
    topic, server = mixed
    other = lab.redis("other")
    cli = Verify(lab, topic, server)
    assert "is the Redis to be verified" in cli.run(scratch=server.address).err
    assert cli.json(scratch=other.address)["equal"] is True
    assert "is not empty" in cli.run(scratch=other.address).err
