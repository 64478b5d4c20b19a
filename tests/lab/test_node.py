"""The node: Redis by its real operator, names, and the applier's image, all of it in pods."""

import json
import subprocess
import urllib.request

import pytest

from cluster import LAB
from lab import oracle, permissions
from lab.applier import position
from lab.wait import await_
from lab.wal import Topic, grant
from lab.workload import Workload
from node import KAFKA_USER, RedisFailover

WAL = "orders"


@pytest.fixture(scope="module")
def home(node):
    return node.namespace("orders")


@pytest.fixture(scope="module")
def failover(node, home):
    return RedisFailover(node, home).await_whole()


@pytest.fixture(scope="module")
def topic(node):
    return Topic(node.kafka.plain, "orders")


def version():
    done = subprocess.run([LAB.parents[1] / "build/image/bin/redis-applier", "--version"],
                          check=True, capture_output=True, text=True)
    return done.stdout.split()[-1]


@pytest.fixture(scope="module")
def applier(node, home, failover, topic):
    dead_letters = Topic(node.kafka.plain, "orders-dlq", 1)
    for permission in permissions.kafka_for("orders", "orders-group", "orders-dlq"):
        grant(node.kafka.plain, KAFKA_USER, *permission)
    node.apply(home, "applier.yaml", wal=WAL, brokers=node.kafka.secure, topic=topic.name,
               group="orders-group", dead_letters=dead_letters.name, version=version())
    node.await_deployed(home, "orders-applier")


def await_applied(failover, topic, seconds=120):
    """Every record of the log is applied and settled in the primary. Returns the records."""
    records = topic.read()
    ends = {r.partition: r.offset + 1 for r in records}

    def behind():
        try:
            with failover.client(socket_timeout=2) as client:
                at = {p: position(client, WAL, p) for p in ends}
        except Exception as error:
            return str(error)
        return {p: at[p] for p, end in ends.items() if at[p] != (end, end)}

    await_(lambda: not behind(), seconds, lambda: f"all is applied; behind: {behind()}, ends "
           f"{ends}\n{failover.node.describe(failover.namespace)}")
    return records


def check(failover, topic, scratch_redis):
    records = await_applied(failover, topic)
    folded = oracle.Oracle(scratch_redis).fold(records, partitions=topic.partitions)
    with failover.client() as client:
        oracle.assert_equal(folded, client)
    return folded


def write(topic, seed, n=500):
    Workload(seed).write(topic, n)
    topic.flush()


def test_a_redis_failover_becomes_a_primary_and_its_replicas_and_sentinels(failover):
    assert failover.roles() == ["master", "slave", "slave"]
    assert {pod.metadata.labels["redisfailovers-role"] for pod in failover.pods()} == {
        "master", "slave"}
    primary, = failover.sentinels_say()
    assert primary == (failover.primary().status.pod_ip, 6379)


def test_names_of_services_resolve_and_others_do_not_exist(node, home, failover):
    pod = failover.primary().metadata.name
    ping = ["redis-cli", "-p", "26379", "-h"]
    for name in ("rfs-orders", f"rfs-orders.{home}.svc.cluster.local"):
        assert node.exec(home, pod, *ping, name, "ping").strip() == "PONG"
    done = node.kubectl("-n", home, "exec", pod, "--", *ping, "elsewhere.example.com", "ping",
                        check=False)
    assert done.returncode != 0 and "Name or service not known" in done.stdout + done.stderr


def test_the_applier_brings_the_log_to_redis(node, home, failover, topic, applier, scratch_redis):
    write(topic, 1)
    assert check(failover, topic, scratch_redis).rejected
    pods = node.pods(home, "app=orders-applier")
    assert len(pods) == 2
    for pod in pods:
        with urllib.request.urlopen(f"http://{pod.status.pod_ip}:8080/readyz", timeout=5) as answer:
            assert answer.status == 200


def test_pods_of_every_kind_may_go(node, home, failover, topic, applier, scratch_redis):
    """One of each at a time while records are written: an applier, a Sentinel, a replica."""
    replica = next(p for p in failover.pods() if p.metadata.name != failover.primary().metadata.name)
    victims = [node.pods(home, "app=orders-applier")[0], failover.pods("sentinel")[0], replica]
    for seed, pod in enumerate(victims, 10):
        write(topic, seed)
        node.core.delete_namespaced_pod(pod.metadata.name, home, grace_period_seconds=0)
        write(topic, seed + 100)
        check(failover, topic, scratch_redis)
    failover.await_whole()


def test_sentinel_promotes_a_replica_when_the_primary_goes(node, home, failover, topic, applier,
                                                           scratch_redis):
    failover.await_whole()
    old = failover.primary()
    write(topic, 20)
    node.core.delete_namespaced_pod(old.metadata.name, home, grace_period_seconds=0)
    write(topic, 21)
    failover.await_whole()
    assert failover.primary().status.pod_ip != old.status.pod_ip
    check(failover, topic, scratch_redis)


def test_the_operator_makes_one_primary_when_all_of_redis_is_gone(node, home, failover, topic,
                                                                  applier, scratch_redis):
    """An emptied Redis, which looks healthy, is replayed from the log."""
    write(topic, 30)
    for pod in failover.pods():
        node.core.delete_namespaced_pod(pod.metadata.name, home, grace_period_seconds=0)
    write(topic, 31)
    failover.await_whole()
    check(failover, topic, scratch_redis)


def test_resources_of_strimzi_are_checked_as_strimzi_defines_them(node, home):
    mirror = {"apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaMirrorMaker2",
              "metadata": {"name": "mirror", "namespace": home},
              "spec": {"replicas": "many", "mirrors": []}}
    done = node.kubectl("create", "-f", "-", stdin=json.dumps(mirror), check=False)
    assert done.returncode != 0 and "spec.replicas" in done.stderr
