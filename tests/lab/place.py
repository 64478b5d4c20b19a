"""A real Kafka and a real Redis that want passwords and certificates, and a RedisWal that has them."""

import itertools
import json
import os
import pathlib
import subprocess

import yaml

from lab.certs import Authority
from lab.kafka import Broker
from lab.redis_server import RedisServer, Security
from lab.wal import Topic, grant

REDWAL = pathlib.Path(os.environ["KUBE_PROBE"]).parents[1] / "bin" / "kubectl-redwal"
PEOPLE = pathlib.Path(__file__).resolve().parents[2] / "manifests/rbac/people.yaml"
DONE, FAILED, USAGE, DIFFERENT, TIMEOUT, INCOMPLETE = range(6)
KAFKA_USER, KAFKA_PASSWORD = "appliers", "kafka-secret-8u2Q"
REDIS_USER, REDIS_PASSWORD = "applier", "redis-secret-5v7X"
GROUP = "orders-appliers"
_numbers = itertools.count(1)


def bind(cluster, namespace, name, *lacking):
    """A role of manifests/rbac/people.yaml to the lab's user, without what is `lacking`: (verb, resource)."""
    role, = (role for role in yaml.safe_load_all(PEOPLE.read_text()) if role["metadata"]["name"] == name)
    rules = [{**rule, "verbs": [verb], "resources": [resource]}
             for rule in role["rules"] for verb in rule["verbs"] for resource in rule["resources"]]
    taken = [rule for rule in rules if (rule["verbs"][0], rule["resources"][0]) in lacking]
    left = [rule for rule in rules if rule not in taken]
    assert len(taken) == len(lacking), f"{name} has not all of {lacking}"
    binding = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": name},
               "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
               "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "lab-user"}]}
    for body in ({**role, "rules": left}, binding):
        cluster.kubectl("apply", "-n", namespace, "--server-side", "--force-conflicts", "-f", "-",
                        stdin=json.dumps(body))
    cluster.await_may(namespace, left)
    cluster.await_may(namespace, taken, may=False)


class Place:
    """A broker and a Redis that let in whoever has the right secrets."""

    def __init__(self, directory):
        self.broker = Broker(directory / "kafka", users=[(KAFKA_USER, KAFKA_PASSWORD)]).start()
        authority = Authority(directory / "redis-certs")
        self.identity = authority.client("appliers")
        security = Security(authority, "lab-admin-secret", REDIS_USER, REDIS_PASSWORD, "~* &* +@all",
                            client_certificates=True)
        self.redis = RedisServer(directory, "redis", security=security).start()
        self.secrets = [KAFKA_PASSWORD, REDIS_PASSWORD, *[
            line for line in self.identity["key"].splitlines() if not line.startswith("-----")]]

    def close(self):
        self.redis.remove()
        self.broker.stop()

    def topic(self):
        """Its user may do everything with it."""
        topic = Topic(self.broker.plain, f"orders-{next(_numbers)}")
        for name in (topic.name, f"{topic.name}-dlq"):
            grant(self.broker.plain, KAFKA_USER, "TOPIC", name, "READ", "WRITE", "DESCRIBE_CONFIGS")
        grant(self.broker.plain, KAFKA_USER, "GROUP", GROUP, "READ")
        return topic

    def spec(self, topic, **redis):
        return {
            "redis": {"username": REDIS_USER, "passwordSecret": {"name": "redis"},
                      "tls": {"enabled": True, "caSecret": {"name": "redis-tls"},
                              "certificateSecret": {"name": "redis-tls"}},
                      **(redis or {"address": self.redis.address})},
            "kafka": {"brokers": [self.broker.secure], "security": "SASL_SSL", "group": GROUP,
                      "sasl": {"username": KAFKA_USER, "passwordSecret": {"name": "kafka",
                                                                          "key": "word"}},
                      "tls": {"caSecret": {"name": "kafka"}}},
            "topics": {"log": topic.name, "deadLetters": f"{topic.name}-dlq"}}

    def secret_data(self):
        return {"kafka": {"word": KAFKA_PASSWORD, "ca.crt": self.broker.ca.read_text()},
                "redis": {"password": REDIS_PASSWORD + "\n"},
                "redis-tls": {"ca.crt": self.identity["ca"], "tls.crt": self.identity["cert"],
                              "tls.key": self.identity["key"]}}


class Scene:
    def __init__(self, cluster, namespace, place):
        self.cluster, self.namespace, self.place = cluster, namespace, place
        self.topic = place.topic()
        for name, data in place.secret_data().items():
            self.make("v1", "Secret", name, stringData=data)
        self.wal("orders", place.spec(self.topic))

    def make(self, version, kind, name, **content):
        self.cluster.kubectl("create", "-n", self.namespace, "-f", "-", stdin=json.dumps(
            {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **content}))

    def wal(self, name, spec):
        self.make("redwal.dev/v1alpha1", "RedisWal", name, spec=spec)

    def argv(self, *words, name="orders", kubeconfig=None):
        return [REDWAL, *words, "--rediswal", name, "-n", self.namespace, "--kubeconfig",
                kubeconfig or self.cluster.kubeconfig]

    def run(self, *words, status=DONE, env=None, **options):
        done = subprocess.run(self.argv(*words, **options), capture_output=True, text=True,
                              timeout=60, check=False, env={**os.environ, **(env or {})})
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout if status in (DONE, DIFFERENT) else done.stderr

    def bind(self, *roles):
        """To the lab's user."""
        for role in roles:
            bind(self.cluster, self.namespace, role)
