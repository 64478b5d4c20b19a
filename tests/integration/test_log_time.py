"""Replays: a log of days, applied in seconds, gives what live application gave, key for key and deadline
for deadline."""

import json
import time

import pytest

from conftest import PATIENT
from lab import oracle as oracle_module
from lab import servers
from lab.clocked import SHIFT, ClockedServer, LogTime, in_log_time
from lab.wait import await_
from lab.week import HOUR, KINDS, SECOND, week
from lab.workload import encode
from test_owners import await_progress


def now_ms():
    return int(time.time() * 1000)


def index_keys(client):
    return [k for k in client.scan_iter(match="redwal:*") if b":x:" in k]


def judge(lab, kind):
    server = ClockedServer(lab.directory, "clocked", kind).start()
    lab.on_close(server.remove)
    lab.judge_with(server)
    return LogTime(server)


def lacking(judge_client, client):
    have = {name.upper() for name in client.command()}
    return {name.upper() for name in judge_client.command()} - have


class Replay:
    """A topic with a log of days, a Redis, and the verdict."""

    def __init__(self, lab, kind, n, seed=1, kinds=tuple(KINDS), partitions=3):
        self.lab = lab
        self.log_time = judge(lab, kind)
        self.topic = lab.topic(partitions=partitions, retention_ms=-1)
        for key, value, timestamp in week(seed, n, now_ms(), kinds):
            self.topic.write(value, key, timestamp=timestamp)
        self.topic.flush()

    def await_turned(self, server, seconds=60):
        """Everything is applied, and deadlines are by the clock of Redis."""
        records = self.lab.await_applied(self.topic, server, seconds)
        with server.client() as client:
            assert set(self.lab.clocks(self.topic, client)) == {b"wall"}
            assert index_keys(client) == []
        return records

    def check(self, server, seconds=60):
        records = self.await_turned(server, seconds)
        with server.client() as client:
            folded = self.lab.compare(records, server, log_time=self.log_time,
                                      lacking=lacking(self.log_time.client(), client))
        oracle_module.assert_dead_letters(folded, self.topic.name,
                                          self.topic.dead_letters.read(), records,
                                          crashed=self.lab.crashed, calm=self.lab.calm)
        return folded


@pytest.mark.parametrize("kind", servers.NAMES)
def test_a_replay_gives_what_live_application_gave(lab, kind):
    lab.calm = True
    replay = Replay(lab, kind, 4000)
    server = lab.redis(program=servers.program(kind))
    lab.applier(replay.topic, server).start()
    folded = replay.check(server)
    ends = [entry[2] for entry in folded.state.values() if entry[2] is not None]
    assert len(folded.state) > 8 and len(ends) > 1 and len(folded.rejected) > 20


def test_the_applier_may_be_killed_anywhere_in_a_replay(lab):
    lab.crashed = True
    kind = "redis-8"
    replay = Replay(lab, kind, 8000, seed=2)
    server = lab.redis(program=servers.program(kind))
    for n in range(8):
        applier = lab.applier(replay.topic, server, rate_limit=2000, batch_max_ops=64 + n).start()
        await_progress(lab, replay.topic, server, 200 + 100 * n)
        applier.kill()
    lab.applier(replay.topic, server).start()
    replay.check(server)


def test_the_turn_may_be_interrupted_anywhere(lab):
    """More keys than one step takes; the applier is killed while it turns."""
    lab.crashed = True
    kind = "redis-8"
    replay = Replay(lab, kind, 0, partitions=1)
    now = now_ms()
    for i in range(12000):
        replay.topic.write(encode("SET", [i], ttlMs=2 * HOUR + i * SECOND), b"k%d" % i,
                           timestamp=now - HOUR + i)
    replay.topic.flush()
    server = lab.redis(program=servers.program(kind))
    with server.client() as client:
        for _ in range(3):
            applier = lab.applier(replay.topic, server).start()
            await_(lambda: _turning(client) or _turned(lab, client, replay.topic), 60, "it turns")
            applier.kill()
    lab.applier(replay.topic, server).start()
    folded = replay.check(server)
    assert len(folded.state) == 12000


def _turning(client):
    """Some deadlines are by the clock of Redis already, some are in log time."""
    ends = [client.execute_command("PEXPIRETIME", b"k%d" % i) for i in (0, 11999)]
    return min(ends) < SHIFT <= max(ends)


def _turned(lab, client, topic):
    return set(lab.clocks(topic, client)) == {b"wall"}


@pytest.mark.parametrize("kind", ["redis-server", "redis-6.2"])
def test_a_failover_amid_a_replay(lab, kind):
    lab.crashed = True
    replay = Replay(lab, kind, 6000, seed=3)
    failover = lab.failover(program=servers.program(kind))
    applier = lab.applier(replay.topic, failover, rate_limit=1000, session_timeout=PATIENT).start()
    old = failover.primary()
    await_(lambda: (applier.metric("records_total") or 0) > 800, 60, "the replay is under way")
    failover.lose_what_follows(old)
    await_(lambda: (applier.metric("records_total") or 0) > 2000, 60, "the replicas are behind")
    old.kill()
    replay.check(failover.await_primary_other_than(old))
    assert applier.metric("rewinds_total") >= 1


class TestExpiryLog:
    kind = "redis-8"

    def at_the_end(self, lab, replay, server):
        """Redis is the fold at the time of the log, not at now."""
        records = lab.await_applied(replay.topic, server)
        replay.log_time.stays = True
        folded = lab.fold(records, log_time=replay.log_time)
        replay.log_time.stays = False
        with server.client() as client:
            clock, = lab.clocks(replay.topic, client)
            held = in_log_time(oracle_module.snapshot(client), int(clock))
        assert int(clock) == max(r.timestamp for r in records)
        assert not oracle_module.differences(folded.state, held)
        assert len(folded.state) > 5

    def test_deadlines_are_always_in_log_time(self, lab):
        replay = Replay(lab, self.kind, 3000, partitions=1)
        server = lab.redis(program=servers.program(self.kind))
        applier = lab.applier(replay.topic, server, expiry="log").start()
        self.at_the_end(lab, replay, server)
        await_(lambda: applier.metric("partition_log_time") == 1, 60, "the metric says so")

    def test_a_renewal_that_an_outage_delayed_counts(self, lab):
        topic, server = lab.topic(partitions=1), lab.redis(program=servers.program(self.kind))
        applier = lab.applier(topic, server, expiry="log").start()
        written = now_ms()
        topic.write(encode("SET", ["v", "PX", 1500]), b"k", timestamp=written)
        topic.flush()
        lab.await_applied(topic, server)
        applier.kill()
        topic.write(encode("PEXPIRE", [60000]), b"k", timestamp=written + 1000)
        topic.flush()
        await_(lambda: now_ms() > written + 2000, 60, "the key would have ended")
        lab.applier(topic, server, expiry="log").start()
        lab.await_applied(topic, server)
        with server.client() as client:
            assert client.get("k") == b"v"

    def test_from_log_to_wall_and_back(self, lab):
        replay = Replay(lab, self.kind, 1500, partitions=1)
        server = lab.redis(program=servers.program(self.kind))
        applier = lab.applier(replay.topic, server, expiry="log").start()
        self.at_the_end(lab, replay, server)
        applier.stop()
        applier = lab.applier(replay.topic, server).start()
        replay.check(server)
        applier.stop()
        lab.applier(replay.topic, server, expiry="log").start()
        replay.topic.write(encode("SET", ["v", "EX", 60]), b"session:0")
        replay.topic.flush()
        lab.await_applied(replay.topic, server)
        with server.client() as client:
            assert client.execute_command("PEXPIRETIME", "session:0") > SHIFT


    def test_what_has_a_deadline_already_keeps_it(self, lab):
        """It ends by the clock of Redis until it is set anew, as the page says."""
        topic, server = lab.topic(partitions=1), lab.redis(program=servers.program(self.kind))
        applier = lab.applier(topic, server).start()
        for key, ttl_ms in ((b"left", 3000), (b"set", HOUR)):
            topic.write(encode("SET", ["v", "PX", ttl_ms]), key)
        topic.flush()
        lab.await_applied(topic, server)
        applier.stop()
        lab.applier(topic, server, expiry="log").start()
        written = now_ms()
        topic.write(encode("PEXPIRE", [3000]), b"set", timestamp=written)
        topic.flush()
        lab.await_applied(topic, server)
        with server.client() as client:
            assert client.execute_command("PEXPIRETIME", "left") < SHIFT
            assert client.execute_command("PEXPIRETIME", "set") > SHIFT
            await_(lambda: client.exists("left") == 0, 60, "it ends by the clock of Redis")
            topic.write(encode("APPEND", ["+"]), b"set", timestamp=written)
            topic.write(encode("APPEND", ["+"]), b"left", timestamp=written)
            topic.flush()
            lab.await_applied(topic, server)
            assert (client.get("set"), client.get("left")) == (b"v+", b"+")

    def test_what_a_deadline_costs(self, lab):
        """In log time: an entry of the index, which docs/operations.md gives a size."""
        n, used = 20000, {}
        for expiry in ("wall", "log"):
            topic, server = lab.topic(partitions=1), lab.redis(expiry)
            lab.applier(topic, server, expiry=expiry).start()
            for i in range(n):
                topic.write(encode("SET", ["v", "PX", 3600_000 + i]), b"key:%06d" % i)
            topic.flush()
            lab.await_applied(topic, server)
            with server.client() as client:
                used[expiry] = client.info("memory")["used_memory_dataset"]
        more = (used["log"] - used["wall"]) / n - len("key:000000")
        print(f"a deadline in log time takes {more:.0f} bytes and its key's name")
        assert 60 < more < 130


@pytest.mark.parametrize("kind", servers.NAMES)
def test_envelopes_end_their_keys_in_log_time(lab, kind):
    """An operation of an envelope ends a key at once, moves a deadline, or is refused."""
    replay = Replay(lab, kind, 0, partitions=1)
    start = now_ms() - 2 * HOUR
    for at, value in (
        (0, atomic(("a", "SET", ["1"], 60), ("b", "SET", ["2"], None))),
        (30, atomic(("a", "EXPIRE", ["0"], None), ("a", "INCRBY", ["5"], None))),
        (31, atomic(("b", "EXPIRE", ["60"], None), ("b", "RENAME", ["c"], None))),
        (80, atomic(("c", "APPEND", ["+"], None), ("a", "LPUSH", ["refused"], None))),
        (92, atomic(("c", "APPEND", ["new"], None), ("d", "INCRBY", ["1"], 60))),
        (200, atomic(("d", "INCRBY", ["1"], None), ("e", "SET", ["v"], 30 * 24 * 3600))),
        (300, atomic(("e", "RENAME", ["f"], None), ("a", "INCRBY", ["1"], None))),
    ):
        replay.topic.write(value, timestamp=start + at * SECOND)
    replay.topic.flush()
    server = lab.redis(program=servers.program(kind))
    lab.applier(replay.topic, server, cross_partition="allow").start()
    folded = replay.check(server)
    assert {k: v[1] for k, v in folded.state.items()} == {
        b"a": b"6", b"c": b"new", b"d": b"1", b"f": b"v"}
    assert folded.state[b"f"][2] is not None and len(folded.rejected) == 1


def atomic(*operations):
    return json.dumps({"v": 1, "atomic": [
        {"key": key, "command": command, "args": args, **({"ttl": ttl} if ttl else {})}
        for key, command, args, ttl in operations]}).encode()
