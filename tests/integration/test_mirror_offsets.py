"""How far a mirror is, from the topic in which Connect stores it, where nobody may ask Connect."""

import itertools
import json

import confluent_kafka
import pytest

from conftest import KAFKA_PASSWORD, KAFKA_USER
from lab import permissions
from lab.cli import Cli
from lab.connect import Connect
from lab.wait import await_
from lab.wal import Topic, grant, revoke_everything

DEFAULT_POLICY = "org.apache.kafka.connect.mirror.DefaultReplicationPolicy"
ONCE = "offset.storage.partitions=5\n"
AT_LEAST_ONCE = ONCE + "exactly.once.source.support=disabled\noffset.flush.interval.ms=2000\n"
N = 200
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def workers(scratch, broker):
    """A Connect by its further properties, started when it is wanted first."""
    started = {}

    def get(more):
        if more not in started:
            name = f"workers{len(started)}"
            started[more] = Connect(scratch / name, broker.plain, name, more).start()
        return started[more]
    yield get
    for connect in started.values():
        connect.stop()


class Mirrored:
    """A topic, its connector, and `mirror status` without a way to Connect."""

    def __init__(self, lab, source, connect, prefix="", **config):
        name = f"stored-{next(_numbers)}"
        self.connect, self.source_broker = connect, source
        self.source = Topic(source.plain, name, partitions=3)
        self.here = Topic(lab.broker.plain, prefix + name, partitions=3)
        self.connector = connect.connector(f"source->target.{name}", {
            "topics": name, "source.cluster.bootstrap.servers": source.plain,
            "target.cluster.bootstrap.servers": lab.broker.plain, **config})
        lab.on_close(self.connector.remove)
        self.cli = Cli(brokers=lab.broker.plain, topic=self.here.name,
                       connector=self.connector.name, offsets_topic=connect.offsets_topic)

    def write(self, count):
        for i in range(count):
            self.source.write(b'{"command":"INCR"}', b"k%d" % i)
        self.source.flush()

    def status(self, cli=None):
        return (cli or self.cli).run("mirror", "status", "-o", "json", "--source-brokers",
                                     self.source_broker.plain, status=1)

    def rows(self, cli=None):
        return self.status(cli).json()["partitions"]

    def next(self, cli=None):
        return {r["partition"]: r["next"] for r in self.rows(cli)}

    def by_connect(self):
        """The same by Connect's own word."""
        told = {o["partition"]["partition"]: o["offset"]["offset"] + 1
                for o in self.connector.offsets() if o["offset"]}
        return {p: told.get(p) for p in range(self.here.partitions)}

    def await_all(self):
        await_(lambda: all(r["behind"] == 0 for r in self.rows()), 120,
               lambda: f"all is mirrored, and stored: {self.rows()}")


@pytest.fixture
def mirrored(lab, source, workers):
    def make(more=ONCE, **options):
        return Mirrored(lab, source, workers(more), **options)
    return make


@pytest.mark.parametrize("more, support", [(ONCE, "required"), (AT_LEAST_ONCE, "requested")],
                         ids=["exactly-once", "at-least-once"])
def test_what_the_topic_says_is_what_connect_says(mirrored, more, support):
    mirror = mirrored(more, **{"exactly.once.support": support})
    mirror.write(N)
    mirror.await_all()
    assert mirror.next() == mirror.by_connect() == mirror.source.ends()
    found = mirror.status().json()
    assert (found["state"], found["reason"]) == ("Unknown", "NotObserved")
    assert found["tasks"] is None and found["exactlyOnce"] is None
    asking = Cli(**mirror.cli.options, kafka_connect=mirror.connect.url)

    def running():
        found = asking.run("mirror", "status", "-o", "json", status=None).json()
        return found["state"] == "Running" and found
    with_connect = await_(running, 60, "Connect tells that all runs")
    assert {r["partition"]: r["next"] for r in with_connect["partitions"]} == mirror.by_connect()

    mirror.connect.process.pause()
    try:
        mirror.write(N)
        assert sum(r["behind"] for r in mirror.rows()) == N
    finally:
        mirror.connect.process.resume()
    mirror.await_all()

    mirror.connector.ask("PUT", "/stop")
    await_(lambda: mirror.connector.status().get("tasks") == [], 60, "its tasks are gone")
    assert mirror.connector.ask("DELETE", "/offsets")[0] == 200
    await_(lambda: mirror.next() == mirror.by_connect() == dict.fromkeys(range(3)), 60,
           lambda: f"they are gone: {mirror.next()}, {mirror.by_connect()}")


def test_a_stop_needs_somebody_who_takes_the_order(mirrored):
    mirror = mirrored()
    for words in (["stop"], ["resume"], ["resume", "--wait"]):
        assert "nobody takes orders" in mirror.cli.run("mirror", *words, status=1).err
    assert "--wait needs --kafka-connect" in mirror.cli.run("mirror", "stop", "--wait", status=2).err
    await_(lambda: mirror.connector.state() == "RUNNING", 60, "it runs on")


def test_a_mirror_that_renames_topics_and_stores_in_a_topic_of_its_own(lab, mirrored):
    mirror = mirrored(prefix="source.", **{"replication.policy.class": DEFAULT_POLICY,
                                          "offsets.storage.topic": "stored-by-itself"})
    mirror.write(N)
    itself = Cli(**{**mirror.cli.options, "offsets-topic": "stored-by-itself"})
    await_(lambda: all(r["behind"] == 0 for r in mirror.rows(itself)), 120,
           lambda: f"all is mirrored, and stored: {mirror.rows(itself)}")
    assert mirror.next(itself) == mirror.by_connect() == mirror.source.ends()


def test_a_user_is_told_whether_the_topic_says(lab, mirrored, server):
    mirror = mirrored()

    def examined(**more):
        doctor = Cli(**{**mirror.cli.options, **more}, redis=server.address, wal=lab.wal)
        return {c["check"]: c["verdict"] for c in
                doctor.run("doctor", "-o", "json", status=None).json()["checks"]}
    assert examined()["mirror-offsets"] == "WARN"
    mirror.write(N)
    mirror.await_all()
    found = examined()
    assert (found["mirror-offsets"], found["mirror"]) == ("OK", "UNKNOWN")
    assert examined(**{"offsets-topic": "nowhere"})["mirror-offsets"] == "UNKNOWN"


def test_what_was_not_committed_does_not_count_and_the_last_that_was_does(lab, mirrored):
    mirror = mirrored()
    mirror.write(N)
    mirror.await_all()
    before = mirror.next()
    mirror.connector.ask("PUT", "/stop")
    await_(lambda: mirror.connector.status().get("tasks") == [], 60, "its tasks are gone")
    writer = confluent_kafka.Producer({"bootstrap.servers": lab.broker.plain, "log_level": 0,
                                       "transactional.id": f"offsets of {mirror.here.name}",
                                       "partitioner": "murmur2_random"})
    writer.init_transactions(30)

    def store(value, end, partition=0, cluster="source"):
        key = [mirror.connector.name, {"cluster": cluster, "partition": partition,
                                       "topic": mirror.source.name}]
        writer.begin_transaction()
        writer.produce(mirror.connect.offsets_topic, json.dumps(value),
                       json.dumps(key, separators=(",", ":")))
        writer.flush()
        end(30)

    def await_next(wanted):
        """The coordinator marks the end of a transaction after it has answered."""
        await_(lambda: mirror.next() == wanted, 60, lambda: f"{wanted}: {mirror.next()}")

    store({"offset": 123455}, writer.abort_transaction)
    assert mirror.next() == before
    store({"offset": 123455}, writer.commit_transaction)
    await_next({**before, 0: 123456})
    store({"offset": -2}, writer.commit_transaction)
    store({"offset": 5}, writer.commit_transaction, partition=2**40)
    await_next({**before, 0: None})
    store({"offset": 5}, writer.commit_transaction, cluster="elsewhere")
    answer = await_(lambda: (lambda a: a if "several topics that may be the source" in a.err else None)(
        mirror.status()), 60, "both are read")
    assert [r["next"] for r in answer.json()["partitions"]] == [None] * 3


def test_offsets_in_another_cluster_are_read_there(lab, mirrored):
    mirror = mirrored()
    topic = Topic(mirror.source_broker.plain, f"elsewhere-{mirror.source.name}", partitions=1)
    for partition in range(3):
        key = [mirror.connector.name, {"cluster": "source", "partition": partition,
                                       "topic": mirror.source.name}]
        topic.write(json.dumps({"offset": 6 + partition}).encode(),
                    json.dumps(key, separators=(",", ":")).encode())
    topic.flush()
    options = {**mirror.cli.options, "offsets-topic": topic.name}
    there = Cli(**options, offsets_brokers=mirror.source_broker.plain)
    assert mirror.next(there) == {0: 7, 1: 8, 2: 9}
    assert set(mirror.next(Cli(**options)).values()) == {None}
    options.pop("offsets-topic")
    answer = Cli(**options, offsets_brokers=mirror.source_broker.plain,
                 kafka_connect=mirror.connect.url).run("mirror", "status", status=2)
    assert "--offsets-brokers needs --offsets-topic" in answer.err


def test_a_topic_that_is_none_of_connects_is_told(lab, mirrored):
    mirror = mirrored()
    mirror.write(N)
    mirror.await_all()
    for topic, says in ((mirror.here.name, "is one that Connect stores"),
                        ("nowhere", "nowhere")):
        answer = mirror.status(Cli(**{**mirror.cli.options, "offsets-topic": topic}))
        assert says in answer.err and {r["next"] for r in answer.json()["partitions"]} == {None}


def test_the_permission_that_it_takes_is_enough_and_needed(lab, mirrored):
    mirror = mirrored()
    mirror.write(N)
    mirror.await_all()
    broker = lab.broker
    cli = Cli(**{**mirror.cli.options, "brokers": broker.secure, "kafka-security": "SASL_SSL",
                 "kafka-ca": broker.ca, "kafka-user": KAFKA_USER,
                 "kafka-password-file": lab.secret_file("kafka", KAFKA_PASSWORD)})
    names = {"redis-writes": mirror.here.name, "connect-offsets": mirror.connect.offsets_topic}

    def found():
        return cli.run("mirror", "status", "-o", "json", status=1)

    def give(rows):
        for resource, name, operation in rows:
            if name in names:
                grant(broker.plain, KAFKA_USER, resource, names[name], operation)
    try:
        give(permissions.KAFKA)
        answer = await_(lambda: found() if found().json()["partitions"] else None, 60,
                        "the log here may be read")
        assert {r["next"] for r in answer.json()["partitions"]} == {None}
        assert f"topic {mirror.connect.offsets_topic}" in answer.err
        give(permissions.MIRROR)
        await_(lambda: {r["partition"]: r["next"] for r in found().json()["partitions"]} ==
               mirror.by_connect(), 60, lambda: f"they may be read: {found().err}")
    finally:
        revoke_everything(broker.plain, KAFKA_USER)
