"""What users have, in pods of the node: our manifests installed, the sample's Redis, and a RedisWal."""

import json

import kubernetes

from lab import permissions
from lab.wait import await_
from lab.wal import Topic, grant
from manifests import build, of_kind, users_of_sample
from node import KAFKA_USER, REDIS_PASSWORD, RedisFailover, our_version
from rediswals import GROUP, PLURAL, VERSION, create

SYSTEM = "redwal-system"
APPLIERS = "app.kubernetes.io/name=redis-applier,redwal.dev/wal=orders"
CONTROLLERS = "app.kubernetes.io/name=redwal-controller"
REDIS_IMAGE = {"image": "localhost/redis:lab", "imagePullPolicy": "Never"}


def _with_images_of_the_lab(objects):
    for o in objects:
        if o["kind"] == "Deployment":
            o["spec"]["template"]["spec"]["containers"][0].update(
                image=f"localhost/redwal-controller:{our_version()}", imagePullPolicy="Never")
        if o["kind"] == "ConfigMap":
            text = o["data"]["redwal-controller.yaml"]
            for image in ("applier-image: ", "tool-image: "):
                assert image in text
                text = text.replace(image, f"{image}localhost/")
            o["data"]["redwal-controller.yaml"] = text
    return objects


def _admit(node, namespace, name, spec):
    """A NetworkPolicy beside ours, for what is elsewhere in the lab than in a cluster."""
    body = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": name}, "spec": spec}
    node.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(body))


def _let_out_to_the_machine(node):
    """Where the API server and Kafka listen at ports of their own."""
    _admit(node, SYSTEM, "lab", {
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "redwal-controller"}},
        "policyTypes": ["Egress"], "egress": [{"to": [{"ipBlock": {"cidr": f"{node.machine}/32"}}]}]})


def _let_in_from_the_machine(node, namespace):
    """Where the tests run."""
    _admit(node, namespace, "lab", {
        "podSelector": {"matchLabels": {"app.kubernetes.io/part-of": "redis-failover"}},
        "ingress": [{"from": [{"ipBlock": {"cidr": f"{node.machine}/32"}}]}]})


def install(node):
    """manifests/controller."""
    objects = _with_images_of_the_lab(build(node, "controller"))
    text = "\n---\n".join(map(json.dumps, objects))
    node.kubectl("apply", "--server-side", "-f", "-", stdin=text)
    node.await_established(f"crd/{PLURAL}.{GROUP}")
    _let_out_to_the_machine(node)
    node.await_deployed(SYSTEM, "redwal-controller")


class SampleFailover(RedisFailover):
    """That of components/redis-auth, with users. `of_redis`: more of spec.redis."""

    def __init__(self, node, namespace, **of_redis):
        self.node, self.namespace = node, namespace
        node.core.create_namespaced_secret(namespace, {
            "metadata": {"name": "orders-redis"},
            "stringData": {"password": REDIS_PASSWORD, "redwal-password": "for-redwal",
                           "users.conf": users_of_sample(node, "for-redwal")}})
        sample = build(node, "samples/dc")
        for policy in of_kind(sample, "NetworkPolicy").values():
            node.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(policy))
        _let_in_from_the_machine(node, namespace)
        body = of_kind(sample, "RedisFailover")["orders"]
        body["spec"]["redis"].update(REDIS_IMAGE, **of_redis)
        body["spec"]["sentinel"].update(REDIS_IMAGE)
        node.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(body))


def make_topics(node, name):
    """A log and its dead letters, which the appliers of the group `name` may use."""
    log, dead_letters = Topic(node.kafka.plain, name), Topic(node.kafka.plain, f"{name}-dlq", 1)
    for permission in permissions.kafka_for(log.name, name, dead_letters.name):
        grant(node.kafka.plain, KAFKA_USER, *permission)
    return log


class Wal:
    """The sample's RedisWal, with the lab's Kafka and the topics of make_topics()."""

    def __init__(self, node, namespace, topic):
        self.node, self.namespace = node, namespace
        self.api = kubernetes.client.CustomObjectsApi(node.client)
        body = of_kind(build(node, "samples/dc"), "RedisWal")["orders"]
        body["spec"]["kafka"].update(
            brokers=[node.kafka.secure], group=topic.name,
            sasl={"username": KAFKA_USER, "passwordSecret": {"name": "lab-kafka"}},
            tls={"caSecret": {"name": "lab-kafka"}})
        body["spec"]["topics"] = {"log": topic.name, "deadLetters": f"{topic.name}-dlq"}
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

    def condition(self, kind):
        found = {c["type"]: (c["status"], c["reason"]) for c in self.get()["status"]["conditions"]}
        return found.get(kind)

    def await_ready(self, seconds=120):
        await_(self.is_ready, seconds, lambda: f"it is ready: {self.get().get('status')}\n"
               f"{self.node.describe(self.namespace)}")

    def pods(self):
        return {pod.metadata.uid for pod in self.node.pods(self.namespace, APPLIERS)
                if pod.metadata.deletion_timestamp is None}
