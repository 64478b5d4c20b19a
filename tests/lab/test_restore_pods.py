"""Restores in pods: the sample's Redis by its operator is wiped and made anew while records come and pods
go. Afterwards it is the fold of the log, and the receipt says so."""

import datetime
import time

import pytest

from installed import APPLIERS, CONTROLLERS, SYSTEM
from judged import WAL, await_applied, check, write, writing
from lab import oracle
from lab.applier import position
from lab.wait import await_, holds
from restores import Restore, allow_volumes, await_caught_up, deleted, objects

LOG_TIME_SHIFT = 2 ** 45  # of deadlines in log time: docs/adr/0007-log-time.md
SLOW = 200  # operations per second of each applier, so that something can happen meanwhile


@pytest.fixture(scope="module")
def wal(topic, wal):
    write(topic, 1)
    return wal


def without_shift(state):
    """What is held has not caught up with its log, so its deadlines are in log time still."""
    return {key: (kind, content, ends and (ends - LOG_TIME_SHIFT if ends > LOG_TIME_SHIFT else ends))
            for key, (kind, content, ends) in state.items()}


def told(node, home):
    events = node.core.list_namespaced_event(home, field_selector="involvedObject.kind=RedisRestore")
    return {(event.involved_object.name, event.reason) for event in events.items}


def test_what_went_around_the_log_is_gone_and_all_of_the_log_is_there(
        node, failover, topic, wal, scratch_redis):
    await_applied(failover, topic)
    before = wal.pods()
    with failover.client() as client:
        client.set("stray", "v")
        run_id = client.info("server")["run_id"]
    with writing(topic, 2):
        status = Restore(wal, "whole").await_completed()
    await_applied(failover, topic)
    await_caught_up(failover, topic)
    check(failover, topic, scratch_redis)
    with failover.client() as client:
        assert not client.exists("stray")
        assert client.info("server")["run_id"] == run_id
        assert client.hget("redwal:identity", "restore")
    await_(lambda: len(wal.pods()) == 2 and not wal.pods() & before, 120, "the appliers are new")
    wal.await_ready()
    assert (status["reason"], status["receipt"]["verified"]) == ("Verified", "Equal"), status
    assert status["receipt"]["keysCompared"] > 0
    assert status["receipt"]["records"] >= status["plan"]["records"] >= 500
    assert status["plan"]["lostRecords"] == 0
    done = node.kubectl("-n", wal.namespace, "wait", "--for=condition=Completed",
                        "redisrestore/whole", "--timeout=5s")
    assert "condition met" in done.stdout
    await_(lambda: ("whole", "Wiped") in told(node, wal.namespace), 30, "it is told")


def test_keys_that_went_around_the_log_are_repaired(failover, topic, wal, scratch_redis):
    await_applied(failover, topic)
    before = wal.pods()
    with failover.client() as client:
        client.set("stray", "v")
    status = Restore(wal, "keys", keys="*").await_completed()
    assert (status["reason"], status["receipt"]["keysWritten"]) == ("Repaired", 1), status
    check(failover, topic, scratch_redis)
    assert wal.pods() == before


def test_to_a_time_and_then_on(failover, topic, wal, scratch_redis):
    await_applied(failover, topic)
    time.sleep(1)
    instant = int(time.time() * 1000)
    text = datetime.datetime.fromtimestamp(instant / 1000, datetime.timezone.utc).isoformat(
        timespec="milliseconds").replace("+00:00", "Z")
    time.sleep(1)
    write(topic, 3)
    await_applied(failover, topic)
    restore = Restore(wal, "to-a-time", to={"time": text})
    status = restore.await_step("Held")
    until = {p["partition"]: p["until"] for p in status["plan"]["partitions"]}
    records = topic.read()
    assert until == {p: min((r.offset for r in records if r.partition == p and
                             r.timestamp >= instant), default=topic.ends()[p]) for p in until}
    with failover.client() as client:
        assert {p: position(client, WAL, p)[0] for p in until} == until
        folded = oracle.Oracle(scratch_redis).fold(
            [r for r in records if r.offset < until[r.partition]], partitions=topic.partitions)
        assert not oracle.differences(folded.state, without_shift(oracle.snapshot(client)))
    write(topic, 4, 50)
    holds(lambda: restore.status["step"] == "Held", 5, "later records wait")
    restore.patch(release=True)
    assert restore.await_completed()["receipt"]["releasedAt"]
    await_applied(failover, topic)
    await_caught_up(failover, topic)
    check(failover, topic, scratch_redis)
    wal.await_ready()


VICTIMS = {
    "a controller": lambda node, failover: node.pods(SYSTEM, CONTROLLERS),
    "the primary": lambda node, failover: [failover.primary()],
    "an applier": lambda node, failover: node.pods(failover.namespace, APPLIERS)[:1],
}


@pytest.mark.parametrize("victim, step", [
    ("a controller", "Stopping"), ("a controller", "Replaying"), ("the primary", "Stopping"),
    ("the primary", "Replaying"), ("an applier", "Replaying")])
def test_a_pod_goes_while_it_is_restored(node, failover, topic, wal, scratch_redis, victim, step):
    failover.await_whole()
    await_applied(failover, topic)
    name = f"{victim.split()[-1]}-{step}".lower()
    with writing(topic, len(name)):
        restore = Restore(wal, name, rate=SLOW)
        restore.await_step(step, "Replaying", "Completed")
        for pod in VICTIMS[victim](node, failover):
            node.core.delete_namespaced_pod(pod.metadata.name, pod.metadata.namespace,
                                            grace_period_seconds=0)
        time.sleep(2)
        restore.patch(rate=0)
        restore.await_completed()
    failover.await_whole()
    await_applied(failover, topic)
    await_caught_up(failover, topic)
    check(failover, topic, scratch_redis)
    wal.await_ready()


def test_a_redis_that_comes_back_without_the_wipe_is_wiped_again(failover, topic, wal, scratch_redis):
    """All that FLUSHALL leaves on its disks is nothing, which looks like any other blank Redis."""
    failover.await_whole()
    await_applied(failover, topic)
    restore = Restore(wal, "without", rate=SLOW // 10)
    wiped = restore.await_step("Replaying")["wipedAt"]
    failover.restart()
    await_(lambda: restore.status["wipedAt"] != wiped, 180, lambda: f"it is wiped again: {restore.status}")
    restore.patch(rate=0)
    restore.await_completed()
    failover.await_whole()
    await_applied(failover, topic)
    await_caught_up(failover, topic)
    check(failover, topic, scratch_redis)
    with failover.client() as client:
        assert client.hget("redwal:identity", "restore")
    wal.await_ready()


def test_by_pods(node, home, failover, topic, wal, scratch_redis):
    """Their volumes are no claims, so the data goes with them."""
    failover.await_whole()
    await_applied(failover, topic)
    allow_volumes(node, home)
    with failover.client() as client:
        client.set("stray", "v")
    old = objects(node, home)
    assert {kind for kind, _, _ in old} == {"Pod"} and len(old) == 3
    with writing(topic, 5):
        status = Restore(wal, "by-pods", wipe="Volumes").await_completed()
    assert deleted(status) == old and not objects(node, home) & old
    failover.await_whole()
    await_applied(failover, topic)
    await_caught_up(failover, topic)
    check(failover, topic, scratch_redis)
    with failover.client() as client:
        assert not client.exists("stray")
    wal.await_ready()
