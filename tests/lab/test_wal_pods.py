"""All of it in pods, from manifests alone: the sample's Redis by its operator, the controller, and the
appliers that it runs."""

import json

import kubernetes
import pytest

import test_node
from lab import permissions
from lab.wait import await_
from lab.wal import Topic, grant
from manifests import build, of_kind, users_of_sample
from node import KAFKA_USER, REDIS_PASSWORD, RedisFailover
from rediswals import GROUP, PLURAL, VERSION, create

SYSTEM = "redwal-system"
PODS = "app.kubernetes.io/name=redis-applier,redwal.dev/wal=orders"
REDIS_IMAGE = {"image": "localhost/redis:lab", "imagePullPolicy": "Never"}


class SampleFailover(RedisFailover):
    """That of components/redis-auth, with users."""

    def __init__(self, node, namespace):
        self.node, self.namespace = node, namespace
        node.core.create_namespaced_secret(namespace, {
            "metadata": {"name": "orders-redis"},
            "stringData": {"password": REDIS_PASSWORD, "redwal-password": "for-redwal",
                           "users.conf": users_of_sample(node, "for-redwal")}})
        body = of_kind(build(node, "samples/dc"), "RedisFailover")["orders"]
        body["spec"]["redis"].update(REDIS_IMAGE)
        body["spec"]["sentinel"].update(REDIS_IMAGE)
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


def with_images_of_the_lab(objects):
    version = test_node.version()
    for o in objects:
        if o["kind"] == "Deployment":
            o["spec"]["template"]["spec"]["containers"][0].update(
                image=f"localhost/redwal-controller:{version}", imagePullPolicy="Never")
        if o["kind"] == "ConfigMap":
            text = o["data"]["redwal-controller.yaml"]
            assert "applier-image: " in text
            o["data"]["redwal-controller.yaml"] = text.replace(
                "applier-image: ", "applier-image: localhost/")
    return objects


@pytest.fixture(scope="module")
def controller(node):
    objects = with_images_of_the_lab(build(node, "controller"))
    text = "\n---\n".join(map(json.dumps, objects))
    node.kubectl("apply", "--server-side", "-f", "-", stdin=text)
    node.await_established(f"crd/{PLURAL}.{GROUP}")
    node.await_deployed(SYSTEM, "redwal-controller")


class Wal:
    """The sample's RedisWal, with the lab's Kafka."""

    def __init__(self, node, namespace, topic):
        self.node, self.namespace = node, namespace
        self.api = kubernetes.client.CustomObjectsApi(node.client)
        body = of_kind(build(node, "samples/dc"), "RedisWal")["orders"]
        body["spec"]["kafka"].update(
            brokers=[node.kafka.secure], group="wal-pods",
            sasl={"username": KAFKA_USER, "passwordSecret": {"name": "lab-kafka"}},
            tls={"caSecret": {"name": "lab-kafka"}})
        body["spec"]["topics"] = {"log": topic.name, "deadLetters": "wal-pods-dlq"}
        body["spec"]["options"] = {"sessionTimeout": "6s"}
        body["spec"]["applier"] = {"imagePullPolicy": "Never"}
        create(self.api, namespace, body)

    def get(self):
        return self.api.get_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL,
                                                     "orders")

    def patch(self, **spec):
        self.api.patch_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL, "orders",
                                                {"spec": spec})

    def is_ready(self):
        wal = self.get()
        status = wal.get("status", {})
        return status.get("observedGeneration") == wal["metadata"]["generation"] and any(
            c["type"] == "Ready" and c["status"] == "True" for c in status["conditions"])

    def await_ready(self, seconds=120):
        await_(self.is_ready, seconds, lambda: f"it is ready: {self.get().get('status')}\n"
               f"{self.node.describe(self.namespace)}")

    def pods(self):
        return {pod.metadata.uid for pod in self.node.pods(self.namespace, PODS)
                if pod.metadata.deletion_timestamp is None}


@pytest.fixture(scope="module")
def wal(node, home, failover, topic, controller):
    wal = Wal(node, home, topic)
    wal.await_ready()
    return wal


def test_the_log_reaches_redis_and_the_status_tells_the_truth(node, failover, topic, wal,
                                                              scratch_redis):
    test_node.write(topic, 1)
    test_node.check(failover, topic, scratch_redis)
    assert len(wal.pods()) == 2
    with failover.client() as client:
        assert "redwal" in {connected["user"] for connected in client.client_list()}
        run_id = client.info("server")["run_id"]
    primary = failover.primary()
    await_(lambda: wal.get()["status"]["applier"].get("ready") == 2, 30,
           lambda: f"the status knows both pods: {wal.get()['status']}")
    status = wal.get()["status"]
    assert status["primary"]["address"] == f"{primary.status.pod_ip}:6379"
    assert status["primary"]["runId"] == run_id
    assert (status["applier"]["ready"], status["applier"]["desired"]) == (2, 2)
    assert status["partitions"] == topic.partitions


def test_network_policies_mean_the_pods_that_there_are(node, home, failover, wal):
    """What selects nothing lets nobody in, and says so nowhere."""
    def selected(selector):
        return node.pods(home, ",".join(f"{k}={v}" for k, v in selector["matchLabels"].items()))

    policies = of_kind(build(node, "samples/dc"), "NetworkPolicy")
    for policy in policies.values():
        assert len(selected(policy["spec"]["podSelector"])) == 6  # Redis and Sentinels
    own = json.loads(node.kubectl("-n", home, "get", "networkpolicy", "orders-applier", "-o",
                                  "json").stdout)["spec"]
    assert len(selected(own["podSelector"])) == 2
    peers = [peer for rule in own["egress"] for peer in rule.get("to", [])]
    assert [len(selected(peer["podSelector"])) for peer in peers] == [6]


def test_a_failover_is_in_the_status(node, home, failover, topic, wal, scratch_redis):
    failover.await_whole()
    old = failover.primary()
    test_node.write(topic, 2)
    node.core.delete_namespaced_pod(old.metadata.name, home, grace_period_seconds=0)
    failover.await_whole()
    new = f"{failover.primary().status.pod_ip}:6379"
    assert new != f"{old.status.pod_ip}:6379"
    await_(lambda: wal.get()["status"].get("primary", {}).get("address") == new, 30,
           lambda: f"{new} is known: {wal.get()['status']}")
    test_node.check(failover, topic, scratch_redis)
    wal.await_ready()


def test_only_what_does_not_take_effect_by_itself_replaces_pods(node, home, wal):
    before = wal.pods()
    wal.patch(options={"rateLimit": 100000})
    name = "orders-applier"
    await_(lambda: "rate-limit" in node.core.read_namespaced_config_map(name, home).data[
        "redis-applier.yaml"], 30, "the option is in the ConfigMap")
    node.await_deployed(home, name)
    assert wal.pods() == before
    wal.patch(options={"onReject": "halt"})
    await_(lambda: not wal.pods() & before and len(wal.pods()) == 2, 120,
           lambda: f"all pods are new ones: {node.describe(home)}")
    wal.await_ready()


def test_its_objects_go_with_it(node, home, wal):
    wal.api.delete_namespaced_custom_object(GROUP, VERSION, home, PLURAL, "orders")
    left = ("get", "deployment,configmap,service,serviceaccount,poddisruptionbudget,networkpolicy",
            "-l", "redwal.dev/wal=orders", "-o", "name")
    await_(lambda: node.kubectl("-n", home, *left).stdout == "", 60,
           lambda: f"nothing is left of it: {node.kubectl('-n', home, *left).stdout}")
