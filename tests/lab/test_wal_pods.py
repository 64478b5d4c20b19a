"""What a RedisWal becomes, run: the sample's Redis by its operator, and the appliers as pods."""

import json

import kubernetes
import pytest

import test_node
from lab import permissions
from lab.wait import await_
from lab.wal import Topic, grant
from manifests import build, of_kind, users_of_sample
from node import KAFKA_USER, REDIS_PASSWORD, RedisFailover
from rediswals import GROUP, PLURAL, VERSION, apply, children, create

PODS = "app.kubernetes.io/name=redis-applier,redwal.dev/wal=orders"
IMAGES = {"image": "localhost/redis:lab", "imagePullPolicy": "Never"}


class SampleFailover(RedisFailover):
    """That of components/redis-auth, with users."""

    def __init__(self, node, namespace):
        self.node, self.namespace = node, namespace
        node.core.create_namespaced_secret(namespace, {
            "metadata": {"name": "orders-redis"},
            "stringData": {"password": REDIS_PASSWORD, "redwal-password": "for-redwal",
                           "users.conf": users_of_sample(node, "for-redwal")}})
        body = of_kind(build(node, "samples/dc"), "RedisFailover")["orders"]
        body["spec"]["redis"].update(IMAGES)
        body["spec"]["sentinel"].update(IMAGES)
        node.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(body))


@pytest.fixture(scope="module")
def home(node):
    return node.namespace("wal-pods")


@pytest.fixture(scope="module")
def failover(node, home):
    return SampleFailover(node, home).await_whole()


@pytest.fixture(scope="module")
def topic(node):
    log, dead_letters = Topic(node.kafka.plain, "wal-pods"), Topic(node.kafka.plain, "wal-pods-dlq", 1)
    for permission in permissions.kafka_for(log.name, "wal-pods", dead_letters.name):
        grant(node.kafka.plain, KAFKA_USER, *permission)
    return log


@pytest.fixture(scope="module")
def api(node):
    node.kubectl("apply", "--server-side", "-k", test_node.LAB.parents[1] / "manifests" / "crd")
    node.kubectl("wait", "--for=condition=Established", f"crd/{PLURAL}.{GROUP}")
    return kubernetes.client.CustomObjectsApi(node.client)


@pytest.fixture(scope="module")
def wal(node, home, failover, topic, api):
    """The sample's, with the lab's Kafka and images; its objects are there and its pods ready."""
    body = of_kind(build(node, "samples/dc"), "RedisWal")["orders"]
    body["spec"]["kafka"].update(
        brokers=[node.kafka.secure], group="wal-pods",
        sasl={"username": KAFKA_USER, "passwordSecret": {"name": "lab-kafka"}},
        tls={"caSecret": {"name": "lab-kafka"}})
    body["spec"]["topics"] = {"log": topic.name, "deadLetters": "wal-pods-dlq"}
    body["spec"]["options"] = {"sessionTimeout": "6s"}
    body["spec"]["applier"] = {"image": f"localhost/redis-applier:{test_node.version()}",
                               "imagePullPolicy": "Never"}
    stored = create(api, home, body)
    become(node, home, stored)
    return stored


def become(node, home, wal):
    for kind, child in children(wal).items():
        if kind != "PodMonitor":  # not served here
            done = apply(node, home, child)
            assert done.returncode == 0, done.stderr
    node.await_deployed(home, "orders-applier")


def uids(node, home):
    return {pod.metadata.uid for pod in node.pods(home, PODS)
            if pod.metadata.deletion_timestamp is None}


def test_its_pods_bring_the_log_to_redis(node, home, failover, topic, wal, scratch_redis):
    test_node.write(topic, 1)
    test_node.check(failover, topic, scratch_redis)
    assert len(uids(node, home)) == 2
    with failover.client() as client:
        assert "redwal" in {connected["user"] for connected in client.client_list()}


def test_only_what_does_not_take_effect_by_itself_replaces_them(node, home, wal):
    before = uids(node, home)
    wal["spec"]["options"]["rateLimit"] = 100000
    become(node, home, wal)
    assert uids(node, home) == before
    wal["spec"]["options"]["onReject"] = "quarantine-key"
    become(node, home, wal)
    await_(lambda: not uids(node, home) & before and len(uids(node, home)) == 2, 60,
           lambda: f"all pods are new ones: {node.describe(home)}")


def test_its_objects_go_with_it(node, home, wal, api):
    api.delete_namespaced_custom_object(GROUP, VERSION, home, PLURAL, "orders")
    left = ("get", "deployment,configmap,service,serviceaccount,poddisruptionbudget,networkpolicy",
            "-l", "redwal.dev/wal=orders", "-o", "name")
    await_(lambda: node.kubectl("-n", home, *left).stdout == "", 60,
           lambda: f"nothing is left of it: {node.kubectl('-n', home, *left).stdout}")
