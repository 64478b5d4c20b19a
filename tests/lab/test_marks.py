"""Marks that the controller writes: a real API server, Kafka, Redis and applier."""

import json
import time

import pytest

from controllers import DURATION
from lab import permissions
from lab.applier import Applier
from lab.kafka import Broker
from lab.redis_server import RedisServer
from lab.wait import await_, holds
from lab.wal import Topic, grant
from lab.workload import encode

USER, PASSWORD = "marker", "kafka-secret-3k9P"
KEY = b"redwal:mark"
INTERVAL = 1
LOOKS = "--look-interval", "1s"
TARGET = 10
SLACK = 2.5  # of a machine that is busy


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    broker = Broker(tmp_path_factory.mktemp("marks") / "kafka", users=[(USER, PASSWORD)]).start()
    yield broker
    broker.stop()


class Site:
    """A topic, its Redis and its applier."""

    def __init__(self, broker, directory, name, partitions=2):
        self.name, self.broker, self.directory = name, broker, directory
        self.topic = Topic(broker.plain, f"{directory.name}-{name}", partitions, retention_ms=-1)
        self.letters = Topic(broker.plain, f"{self.topic.name}-dlq", 1)
        self.redis = RedisServer(directory, name).start()
        self.applier = Applier(directory / f"applier-{name}", name, {
            "wal": "orders", "brokers": broker.plain, "topic": self.topic.name,
            "dlq-topic": self.letters.name, "group": f"{self.topic.name}-group",
            "session-timeout": "3s", "redis": self.redis.address}).start().await_ready()

    def stop(self):
        self.applier.stop()
        self.redis.remove()
        self.applier.assert_healthy([PASSWORD])

    def spec(self, **changes):
        """For Wals.create()."""
        return {"spec.wal": "orders", "spec.site": self.name,
                "spec.redis": {"address": self.redis.address},
                "spec.kafka": {"brokers": [self.broker.plain],
                               "group": f"{self.topic.name}-group"},
                "spec.topics": {"log": self.topic.name, "deadLetters": self.letters.name},
                "spec.marks": {"interval": f"{INTERVAL}s"}, **changes}

    def write(self, n):
        for i in range(n):
            self.topic.write(encode("INCR"), f"k{i}".encode())
        self.topic.flush()

    def state(self, partition):
        """What Redis has folded of marks: sequence, time, digest before, digest since, differences."""
        with self.redis.client() as client:
            text = client.hget(f"redwal:{{orders}}:p:{partition}", "mark")
        return text.decode().split() if text else None

    def await_sequence(self, at_least, seconds=90):
        def there():
            states = [self.state(p) for p in range(self.topic.partitions)]
            return all(s and int(s[0]) >= at_least for s in states)
        await_(there, seconds, lambda: f"marks are folded: {self.state(0)}\n{self.applier.process.tail()}")

    def marks(self):
        """By partition, in the log's order."""
        found = {p: [] for p in range(self.topic.partitions)}
        for record in self.topic.read():
            if record.key == KEY:
                found[record.partition].append(json.loads(record.value)["mark"])
        return found

    def differences(self):
        return [int(self.state(p)[4]) for p in range(self.topic.partitions)]

    def await_all(self):
        ends = self.topic.ends()

        def applied():
            with self.redis.client() as client:
                return all(int(client.hget(f"redwal:{{orders}}:p:{p}", "next") or 0) >= end
                           for p, end in ends.items())
        await_(applied, 30, self.applier.process.tail)


@pytest.fixture
def site(broker, tmp_path):
    """Makes sites; each ends with the test."""
    made = []

    def make(name="dc", **options):
        made.append(Site(broker, tmp_path, name, **options))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def freshness(controller, name="orders"):
    return controller.metric(rf'wal_freshness_seconds\{{namespace="[^"]*",name="{name}"\}}')


def n_failed(controller):
    return controller.metric(r'wal_marks_total\{[^}]*result="failed"\}') or 0


def n_missing(marks):
    """Sequences that are in no partition's log; none is there twice, or goes back."""
    n = 0
    for partition in marks.values():
        sequences = [m["sequence"] for m in partition]
        assert sequences == sorted(set(sequences))
        n += sequences[-1] - len(sequences)
    return n


def test_a_quiet_log_is_as_fresh_as_its_marks(wals, controller, site):
    dc = site()
    wals.create(**dc.spec())
    it = controller("first", wals.cluster.kubeconfig, *LOOKS).await_leading()
    await_(lambda: wals.condition("LogMarked") == ("True", "Written"), 90, it.tail)
    dc.await_sequence(3)
    await_(lambda: freshness(it) is not None, 90, it.tail)
    bound = 2 * INTERVAL + SLACK  # a mark each interval, a look each interval
    since = [time.monotonic()]

    def stays_fresh():
        """Some time on end, whatever kept the machine before."""
        marked, seen = dc.applier.metric("mark_timestamp_seconds", partition="0"), freshness(it)
        if None in (marked, seen) or not 0 <= seen <= bound or time.time() - marked > bound:
            since[:] = [time.monotonic()]
        return time.monotonic() - since[0] > 2 * bound  # longer than one mark keeps it so
    await_(stays_fresh, 180, lambda: f"it is fresh: {freshness(it)}, bound {bound}")
    # The target: what is well is not told exactly. Figures are written now and then.
    await_(lambda: wals.get()["status"].get("freshness") == 5, 60, lambda: f"{wals.get()['status']}")
    assert "FRESH (S)" in wals.kubectl("get", "rwal").stdout.upper()

    dc.applier.pause()
    marked = min(int(dc.state(p)[1]) for p in range(2)) / 1000
    await_(lambda: (freshness(it) or 0) >= 5, 90, it.tail)
    assert 5 <= time.time() - marked <= 15  # the page is written every 2 s
    dc.applier.resume()
    await_(lambda: (age := freshness(it)) is not None and age <= bound, 90, it.tail)
    found = dc.marks()
    for marks in found.values():
        assert all(m["site"] == "dc" for m in marks)
        assert "digest" not in marks[0] and any("digest" in m for m in marks[2:])
    missing = n_missing(found)
    await_(lambda: missing <= n_failed(it), 30, lambda: f"{missing} did not go out, of {n_failed(it)} that failed")
    assert dc.differences() == [0, 0]
    assert it.metric(r'wal_marks_total\{[^}]*result="stored"\}') >= 6


def minutes(controller, verdict):
    return controller.metric(rf'wal_slo_minutes_total\{{[^}}]*verdict="{verdict}"\}}')


def test_minutes_are_counted_and_burn_the_budget(wals, controller, site):
    """A minute is bad once it is, also the one that a controller begins in its midst; a good one is whole."""
    dc = site()
    wals.create(**dc.spec(**{"spec.slo": {"freshness": f"{TARGET}s", "objective": "99"}}))
    it = controller("first", wals.cluster.kubeconfig, *LOOKS).await_leading()
    await_(lambda: freshness(it) is not None, 90, it.tail)
    assert it.metric("wal_slo_budget_ratio") == 0.01
    dc.applier.pause()
    await_(lambda: (freshness(it) or 0) > 2 * TARGET, 60, it.tail)  # looks have seen that
    dc.applier.resume()
    await_(lambda: minutes(it, "bad"), 200, it.tail)
    await_(lambda: minutes(it, "good"), 200, it.tail)

    def burns():
        """Each is of a page of its own, and another minute may be over meanwhile."""
        good, bad, rate = minutes(it, "good"), minutes(it, "bad"), it.metric(
            r'wal_slo_burn_rate\{[^}]*window="5m"\}')
        return None not in (good, bad, rate) and abs(rate - bad / (good + bad) / 0.01) < 0.001
    await_(burns, 90, "the rate is that of what is counted")


def test_a_mirror_that_loses_a_record_is_told_and_a_whole_one_is_not(wals, controller, site):
    """The other site goes by what the log tells: it has a RedisWal of its own, which writes none."""
    dc, whole, bad = site(partitions=1), site("whole", partitions=1), site("bad", partitions=1)
    wals.create(**dc.spec())
    it = controller("first", wals.cluster.kubeconfig, *LOOKS).await_leading()
    for _ in range(6):
        dc.write(20)
        dc.await_sequence(int((dc.state(0) or [0])[0]) + 1)
    wals.patch({"marks": {"interval": "0s"}})
    await_(lambda: wals.condition("LogMarked") == ("True", "NotAskedFor"), 30, it.tail)
    records = dc.topic.read()
    third = [r.offset for r in records if r.key == KEY][2]
    lost = next(r.offset for r in records if r.offset > third and r.key != KEY)
    for record in records:
        whole.topic.write(record.value, record.key, 0, headers=[("rewritten", b"eA==")])
        if record.offset != lost:
            bad.topic.write(record.value, record.key, 0)
    for copy in (whole, bad):
        copy.topic.flush()
        copy.await_all()
    assert whole.differences() == [0] and bad.differences() == [1]

    wals.create("mirrored", **whole.spec(**{"spec.role": "standby"}))
    await_(lambda: freshness(it, "mirrored") is not None, 30, it.tail)
    await_(lambda: abs(freshness(it, "mirrored") - (time.time() - int(whole.state(0)[1]) / 1000)) <= SLACK, 15,
           "it is as old as the last mark")
    marks = len(whole.marks()[0])
    holds(lambda: wals.condition("LogMarked", "mirrored") in (None, ("True", "NotAskedFor")), 3,
          "a site that stands by writes none")
    assert len(whole.marks()[0]) == marks


def test_sequences_survive_a_leader_that_stands_still_and_one_that_ends(wals, controller, site):
    dc = site()
    wals.create(**dc.spec())
    first = controller("first", wals.cluster.kubeconfig, *LOOKS).await_leading()
    dc.await_sequence(3)
    second = controller("second", wals.cluster.kubeconfig, *LOOKS)
    await_(lambda: second.get("/readyz")[0] == 200, 30, second.tail)
    failed = n_failed(first)
    first.pause()
    at = int(dc.state(0)[0])
    second.await_leading()
    dc.await_sequence(at + 3)
    first.resume()  # and its process that writes had its orders before
    await_(lambda: first.get("/metrics")[0] == 200 and not first.leads(), 90, first.tail)
    at = int(dc.state(0)[0])
    dc.await_sequence(at + DURATION)
    failed += n_failed(second)
    assert second.stop() == 0  # gives the lease away
    at = int(dc.state(0)[0])
    first.await_leading()
    dc.await_sequence(at + 3)
    # A counter, which its page has once the WAL's status is told again.
    await_(lambda: first.metric(r'wal_marks_total\{[^}]*result="other"\}') == 0, 90, first.tail)
    missing = n_missing(dc.marks())
    under_way = 2 * dc.topic.partitions  # when each of the two led no longer
    await_(lambda: missing <= failed + under_way + n_failed(first), 30,
           lambda: f"{missing} did not go out, of {failed} and {n_failed(first)} that failed")
    assert dc.differences() == [0, 0]


def test_two_that_mark_one_log_are_told(wals, controller, site):
    dc = site()
    wals.create(**dc.spec())
    wals.create("twice", **dc.spec())
    it = controller("first", wals.cluster.kubeconfig, *LOOKS).await_leading()
    for name in ("orders", "twice"):
        await_(lambda n=name: wals.condition("LogMarked", n) == ("False", "OtherWriter"), 60, it.tail)
    wals.kubectl("delete", "rwal", "twice")
    dc.await_all()
    assert dc.differences() == [0, 0], "it is told, and does no harm"


def test_the_permission_that_docs_name_is_what_it_takes(wals, controller, site):
    dc = site()
    table = [(resource, {"redis-writes": dc.topic.name}[name], operation)
             for resource, name, operation in permissions.MARKS]
    grant(dc.broker.plain, USER, "TOPIC", dc.topic.name, "DESCRIBE", "DESCRIBE_CONFIGS")
    grant(dc.broker.plain, USER, "GROUP", f"{dc.topic.name}-group", "DESCRIBE")
    wals.cluster.core.create_namespaced_secret(wals.namespace, {
        "metadata": {"name": "kafka"},
        "stringData": {"password": PASSWORD, "ca.crt": dc.broker.ca.read_text()}})
    spec = dc.spec()
    spec["spec.kafka"].update(brokers=[dc.broker.secure], security="SASL_SSL", sasl={
        "username": USER, "passwordSecret": {"name": "kafka"}}, tls={"caSecret": {"name": "kafka"}})
    wals.create(**spec)
    it = controller("first", wals.cluster.kubeconfig, *LOOKS).await_leading()
    await_(lambda: wals.condition("LogMarked") == ("False", "AccessDenied"), 60,
           lambda: f"{wals.condition('LogMarked')}\n{it.tail()}")
    for resource, name, operation in table:
        grant(dc.broker.plain, USER, resource, name, operation)
    await_(lambda: wals.condition("LogMarked") == ("True", "Written"), 60,
           lambda: f"{wals.condition('LogMarked')}\n{it.tail()}")
    assert PASSWORD not in it.output()
