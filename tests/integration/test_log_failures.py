"""Whatever happens to Kafka: nothing skipped, nothing doubled, and a log that changed is named."""

import pytest

from lab.wait import await_
from lab.wal import committed
from lab.workload import Workload, encode


def write(topic, seed, n):
    Workload(seed).write(topic, n)
    topic.flush()


@pytest.fixture
def running(lab):
    """(topic, server, applier) with a thousand records applied."""
    topic, server = lab.topic(), lab.redis()
    applier = lab.applier(topic, server).start().await_ready()
    write(topic, 1, 1000)
    lab.await_applied(topic, server)
    return topic, server, applier


def set_position(lab, server, partition, **fields):
    with server.client() as client:
        client.hset(f"redwal:{{{lab.wal}}}:p:{partition}", mapping=fields)


@pytest.mark.parametrize("while_running", [True, False])
def test_a_topic_recreated_is_held(lab, running, while_running):
    topic, server, applier = running
    if not while_running:
        applier.stop()
    with server.client() as client:
        before = lab.positions(topic, client)
        topic.recreate()
        if not while_running:
            write(topic, 2, 1000)
            applier.start()
        applier.await_held("log-replaced")
        write(topic, 3, 2000)
        assert {p: at[0] for p, at in lab.positions(topic, client).items()} == {
            p: at[0] for p, at in before.items()}
        applier.await_held("log-replaced")


def test_a_position_past_the_end_is_held(lab, running):
    topic, server, applier = running
    applier.stop()
    set_position(lab, server, 0, next=100000, settled=100000)
    applier.start()
    applier.await_held("position-past-end")


def test_retention_that_overtakes_is_held_and_others_go_on(lab, running):
    topic, server, applier = running
    applier.stop()
    write(topic, 2, 1000)
    with server.client() as client:
        at = lab.positions(topic, client)[0][0]
        topic.truncate(0, at + 5)
        applier.start()
        applier.await_held("log-trimmed")
        ends = topic.ends()
        await_(lambda: all(lab.positions(topic, client)[p][0] == ends[p] for p in (1, 2)), 60,
               "the other partitions are applied")
        assert lab.positions(topic, client)[0][0] == at


def test_retention_that_removes_only_what_is_applied_is_fine(lab, running):
    topic, server, applier = running
    folded_before = topic.read()
    topic.truncate(0, topic.ends()[0])
    applier.stop()
    applier.start()
    write(topic, 2, 500)
    await_(lambda: applier.ready() and not lab_behind(lab, topic, server), 60, "all is applied")
    known = {(r.partition, r.offset) for r in folded_before}
    whole = folded_before + [r for r in topic.read() if (r.partition, r.offset) not in known]
    lab.compare(sorted(whole, key=lambda r: (r.partition, r.offset)), server)


def lab_behind(lab, topic, server):
    with server.client() as client:
        at = lab.positions(topic, client)
    return any(end and at[p] != (end, end) for p, end in topic.ends().items())


@pytest.fixture
def shaken(broker):
    """The shared broker, running again whatever the test did to it."""
    yield broker
    broker.resume()
    if not broker.process.running():
        broker.start()


class TestBroker:
    def test_restart(self, lab, running, shaken):
        topic, server, applier = running
        write(topic, 2, 2000)
        shaken.stop()
        await_(lambda: not applier.ready(), 60, "not ready without brokers")
        shaken.start()
        write(topic, 3, 1000)
        lab.check(topic, server)
        await_(applier.ready, 60, "ready again")

    def test_kill(self, lab, running, shaken):
        lab.crashed = True
        topic, server, applier = running
        write(topic, 2, 2000)
        shaken.kill()
        shaken.start()
        write(topic, 3, 1000)
        lab.check(topic, server)
        await_(applier.ready, 60, "ready again")

    def test_silence(self, lab, running, shaken):
        lab.crashed = True  # the session ends, with answers to come
        topic, server, applier = running
        write(topic, 2, 2000)
        shaken.pause()
        await_(lambda: not applier.ready(), 60, "not ready while brokers are silent")
        assert applier.get("/livez")[0] == 200
        shaken.resume()
        write(topic, 3, 1000)
        lab.check(topic, server)
        await_(applier.ready, 60, "ready again")

    def test_absent_at_start(self, lab, running, shaken):
        topic, server, applier = running
        applier.stop()
        shaken.stop()
        applier.start()
        await_(lambda: applier.get("/livez"), 60, "the HTTP endpoints answer")
        shaken.start()
        write(topic, 2, 100)
        lab.check(topic, server)


def test_a_topic_that_does_not_exist_yet_is_waited_for(lab):
    topic, server = lab.topic(), lab.redis()
    topic.delete()
    applier = lab.applier(topic, server).start()
    applier.await_trouble(topic.name)
    topic.create()
    write(topic, 1, 200)
    lab.check(topic, server)


def test_group_offsets_follow_but_are_never_believed(lab, running):
    topic, server, applier = running
    await_(lambda: committed(topic.brokers, applier.options["group"], topic) == topic.ends(), 60,
           "the group's offsets reach the end")
    applier.stop()
    lab.crashed = True  # dead letters are stored again
    with server.client() as client:
        client.flushall()
    applier.start()
    lab.check(topic, server)


def test_every_partition_of_a_wide_topic(lab):
    topic, server = lab.topic(partitions=12), lab.redis()
    lab.applier(topic, server).start()
    for i in range(1200):
        topic.write(encode("INCR"), b"n%d" % (i % 100), partition=i % 12)
    topic.flush()
    lab.await_applied(topic, server)
