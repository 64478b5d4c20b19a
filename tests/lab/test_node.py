"""The node: Redis by its real operator, names, and the applier's image, all of it in pods."""

import json
import urllib.request

import pytest

from judged import WAL, check, write
from lab import permissions
from lab.wal import Topic, grant
from node import KAFKA_USER, RedisFailover, our_version


@pytest.fixture(scope="module")
def home(node):
    name = node.namespace("orders")
    yield name
    node.empty(name)


@pytest.fixture(scope="module")
def failover(node, home):
    return RedisFailover(node, home).await_whole()


@pytest.fixture(scope="module")
def topic(node):
    return Topic(node.kafka.plain, "orders")


@pytest.fixture(scope="module")
def applier(node, home, failover, topic):
    dead_letters = Topic(node.kafka.plain, "orders-dlq", 1)
    for permission in permissions.kafka_for("orders", "orders-group", "orders-dlq"):
        grant(node.kafka.plain, KAFKA_USER, *permission)
    node.apply(home, "applier.yaml", wal=WAL, brokers=node.kafka.secure, topic=topic.name,
               group="orders-group", dead_letters=dead_letters.name, version=our_version())
    node.await_deployed(home, "orders-applier")


def test_a_redis_failover_becomes_a_primary_and_its_replicas_and_sentinels(failover):
    assert failover.roles() == ["master", "slave", "slave"]
    assert {pod.metadata.labels["redisfailovers-role"] for pod in failover.pods()} == {
        "master", "slave"}
    primary, = failover.sentinels_say()
    assert primary == (failover.primary().status.pod_ip, 6379)


def test_replicas_have_what_is_written_to_their_primary(failover):
    assert failover.links() == ["up", "up"]
    with failover.client(socket_timeout=60) as primary:
        primary.set("copied", "v")
        assert primary.wait(2, 30000) == 2
    for pod in failover.pods():
        with failover.client(pod) as client:
            assert client.get("copied") == b"v"
    with failover.client() as primary:
        primary.delete("copied")


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


def test_resources_of_strimzi_are_checked_as_strimzi_defines_them(node, home):
    mirror = {"apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaMirrorMaker2",
              "metadata": {"name": "mirror", "namespace": home},
              "spec": {"replicas": "many", "mirrors": []}}
    done = node.kubectl("create", "-f", "-", stdin=json.dumps(mirror), check=False)
    assert done.returncode != 0 and "spec.replicas" in done.stderr
