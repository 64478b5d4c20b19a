"""--on-reject quarantine-key: later records of a rejected record's key wait, in order."""

import json
import random

from conftest import PATIENT
from lab import quarantine
from lab.wait import await_
from lab.workload import Workload, encode

POLICY = {"on_reject": "quarantine-key"}


def held(lab, server, partition=0):
    with server.client() as client:
        return quarantine.held_in(client, lab.wal, partition)


def repair(value):
    """Whatever it was: what never fails. One still names another key than its message."""
    return encode("SET", ["repaired"], key="some other key" if b"some other" in value else None)


def repair_all(_value):
    return encode("SET", ["repaired"])


def retry_all(lab, topic, server, how):
    letters = topic.dead_letters.read()
    for partition in range(topic.partitions):
        for key, state in held(lab, server, partition).items():
            quarantine.retry(topic, letters, partition, key, state, how)
    topic.flush()


def test_later_records_wait_and_are_retried_in_order(lab):
    lab.calm = True
    topic, server = lab.topic(partitions=1), lab.redis()
    applier = lab.applier(topic, server, **POLICY).start().await_ready()
    for word in ("a", "b"):
        topic.write(encode("APPEND", [word]), b"text")
    topic.write(encode("LPUSH", ["c"]), b"text")
    for word in ("d", "e", "f"):
        topic.write(encode("APPEND", [word]), b"text")
        topic.write(encode("APPEND", [word]), b"other")
    topic.flush()
    folded = lab.check_quarantine(topic, server)
    assert sorted(folded.rejected.values()) == ["key-quarantined"] * 3 + ["redis-wrongtype"]
    assert held(lab, server)[b"text"].parked == 4
    await_(lambda: applier.metric("quarantined_keys") == 1, 60, "the key is counted")
    assert "1 keys are quarantined" in applier.get("/readyz?verbose")[1]
    assert applier.ready()

    def mend(value):
        return value.replace(b"LPUSH", b"APPEND")
    retry_all(lab, topic, server, mend)
    lab.check_quarantine(topic, server)
    assert not held(lab, server)
    with server.client() as client:
        assert client.get("text") == b"abcdef"
        assert client.get("other") == b"def"


def test_behind_a_retry_that_fails_the_rest_waits(lab):
    topic, server = lab.topic(partitions=1), lab.redis()
    lab.applier(topic, server, **POLICY).start()
    for value in (encode("SET", ["x"]), encode("LPUSH", ["y"]), encode("DEL")):
        topic.write(value, b"k")
    topic.flush()
    lab.check_quarantine(topic, server)
    retry_all(lab, topic, server, lambda value: value)
    lab.check_quarantine(topic, server)
    state = held(lab, server)[b"k"]
    assert (state.parked, state.retried) == (2, 0)
    with server.client() as client:
        assert client.get("k") == b"x"
    quarantine.release(topic, 0, b"k", state)  # discard
    topic.write(encode("APPEND", ["y"]), b"k")
    topic.flush()
    lab.check_quarantine(topic, server)
    assert not held(lab, server)
    with server.client() as client:
        assert client.get("k") == b"xy"


def test_a_record_that_is_given_up_lets_the_next_one_through(lab):
    topic, server = lab.topic(partitions=1), lab.redis()
    lab.applier(topic, server, **POLICY).start()
    for value in (b"not json", encode("APPEND", ["a"]), encode("APPEND", ["b"])):
        topic.write(value, b"k")
    topic.flush()
    lab.check_quarantine(topic, server)
    state = held(lab, server)[b"k"]
    quarantine.skip(topic, 0, b"k", state, 2)  # not the next one: no effect
    quarantine.skip(topic, 0, b"k", state, 1)
    quarantine.skip(topic, 0, b"k", state, 1)  # written once more: no effect
    topic.flush()
    lab.check_quarantine(topic, server)
    state = held(lab, server)[b"k"]
    assert (state.parked, state.retried) == (3, 1)
    retry_all(lab, topic, server, lambda value: value)
    lab.check_quarantine(topic, server)
    assert not held(lab, server)
    with server.client() as client:
        assert client.get("k") == b"ab"


def test_an_envelope_holds_all_of_its_keys_back(lab):
    lab.calm = True
    topic, server = lab.topic(partitions=1), lab.redis()
    lab.applier(topic, server, **POLICY).start()
    topic.write(encode("RPUSH", ["x"]), b"list")
    topic.write(json.dumps({"v": 1, "atomic": [
        {"key": "a", "command": "INCR"}, {"key": "list", "command": "INCR"}]}).encode(), b"a")
    for key in (b"a", b"list", b"free"):
        topic.write(encode("SET", ["1"]), key)
    topic.flush()
    lab.check_quarantine(topic, server)
    assert held(lab, server).keys() == {b"a", b"list"}
    with server.client() as client:
        assert client.get("a") is None and client.get("free") == b"1"


def test_killed_again_and_again(lab):
    lab.crashed = True
    topic, server, chance = lab.topic(partitions=2), lab.redis(), random.Random(1)
    applier = lab.applier(topic, server, **POLICY)
    workload = Workload(1, rejects=0.03)
    for _ in range(5):
        workload.write(topic, 400)
        topic.flush()
        applier.start()
        with server.client() as client:
            wanted = sum(at[0] for at in lab.positions(topic, client).values() if at) + \
                chance.randrange(1, 300)
            await_(lambda: sum(at[0] for at in lab.positions(topic, client).values() if at)
                   >= wanted, 60, lambda: f"position {wanted}\n{applier.process.tail()}")
        applier.kill()
    applier.start()
    assert lab.check_quarantine(topic, server).held
    for how in (repair, repair_all, repair_all):
        retry_all(lab, topic, server, how)
        lab.check_quarantine(topic, server)
    assert not any(held(lab, server, p) for p in range(topic.partitions))


def test_a_failover_goes_back_behind_what_was_parked(lab):
    lab.crashed = True
    topic, failover, workload = lab.topic(partitions=2), lab.failover(), Workload(2, rejects=0.03)
    applier = lab.applier(topic, failover, session_timeout=PATIENT, **POLICY).start().await_ready()
    workload.write(topic, 300)
    topic.flush()
    old = failover.primary()
    lab.await_applied(topic, old)
    failover.lose_what_follows(old)
    workload.write(topic, 600)
    topic.flush()
    lab.check_quarantine(topic, old)
    assert held(lab, old, 0) and held(lab, old, 1)
    old.kill()
    new = failover.await_primary_other_than(old)
    lab.check_quarantine(topic, new)
    assert applier.metric("rewinds_total") >= 1
    for how in (repair, repair_all, repair_all):
        retry_all(lab, topic, new, how)
        lab.check_quarantine(topic, new)
    assert not any(held(lab, new, p) for p in range(topic.partitions))


def test_a_failover_goes_back_behind_retries_and_releases(lab):
    lab.crashed = True
    topic, failover = lab.topic(partitions=1), lab.failover()
    applier = lab.applier(topic, failover, session_timeout=PATIENT, **POLICY).start().await_ready()
    for number in range(8):
        key = f"k{number}".encode()
        for value in (b"not json", encode("APPEND", ["a"]), encode("APPEND", ["b"])):
            topic.write(value, key)
    topic.flush()
    old = failover.primary()
    lab.check_quarantine(topic, old)
    # Some are released on every server, some only where it will be lost.
    retry_some(lab, topic, old, range(4))
    lab.await_applied(topic, old)
    await_(lambda: all(len(held(lab, node)) == 4 for node in failover.replicas()), 60, "they follow")
    failover.lose_what_follows(old)
    retry_some(lab, topic, old, range(4, 7))
    lab.check_quarantine(topic, old)
    assert held(lab, old).keys() == {b"k7"}
    old.kill()
    new = failover.await_primary_other_than(old)
    lab.check_quarantine(topic, new)
    assert held(lab, new).keys() == {b"k7"} and applier.metric("rewinds_total") >= 1
    with new.client() as client:
        assert [client.get(f"k{n}") for n in range(7)] == [b"ab"] * 7


def retry_some(lab, topic, server, numbers):
    """The first record of each, which nobody can read, is given up."""
    letters = topic.dead_letters.read()
    for key, state in held(lab, server).items():
        if int(key[1:]) in numbers:
            quarantine.skip(topic, 0, key, state, 1)
            state.retried = 1
            quarantine.retry(topic, letters, 0, key, state)
    topic.flush()


def test_too_many_keys_hold_the_partition(lab):
    topic, server = lab.topic(partitions=1), lab.redis()
    applier = lab.applier(topic, server, **POLICY, quarantine_max_keys=2).start()
    for key in (b"a", b"b", b"c"):
        topic.write(encode("NOSUCHCOMMAND", ["x"]), key)
    topic.flush()
    applier.await_held("quarantine-full")
    applier.stop()
    assert held(lab, server).keys() == {b"a", b"b"}
    skipping = lab.applier(topic, server).start()  # as docs/holds.md says
    for key, state in held(lab, server).items():
        quarantine.release(topic, 0, key, state)
    topic.flush()
    lab.await_applied(topic, server)
    skipping.stop()
    assert not held(lab, server)
    applier.start().await_ready()


def test_a_hash_that_cannot_be_read_holds_the_partition(lab):
    topic, server = lab.topic(partitions=1), lab.redis()
    applier = lab.applier(topic, server, **POLICY).start()
    topic.write(encode("NOSUCHCOMMAND", ["x"]), b"k")
    topic.flush()
    lab.await_applied(topic, server)
    applier.stop()
    with server.client() as client:
        client.hset(f"redwal:{{{lab.wal}}}:q:0", "k", "nonsense")
        applier.start().await_held("quarantine-corrupt")
        client.hdel(f"redwal:{{{lab.wal}}}:q:0", "k")
    applier.await_ready()
