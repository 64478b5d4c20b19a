"""The lab with a node (LAB=full): pods that run, the Redis operator, and Kafka."""

import dataclasses
import pathlib
import shlex
import string
import subprocess

import kubernetes
import redis

from cluster import LAB, Cluster
from lab.wait import await_

HERE = pathlib.Path(__file__).resolve().parent
REDIS_PASSWORD = "redis-secret-3n6W"
KAFKA_USER = "lab"
MASTER_NAME = "mymaster"  # the operator gives every RedisFailover's this name


def missing():
    """What this machine lacks for a node; empty when it can have one."""
    return subprocess.run([LAB, "probe"], check=True, capture_output=True, text=True).stdout.strip()


@dataclasses.dataclass(frozen=True)
class Kafka:
    plain: str  # for us: whoever is there may do everything
    secure: str  # for pods: KAFKA_USER by SCRAM-SHA-512, who may do what is granted


class Node(Cluster):
    kind = "full"

    def start(self):
        super().start()
        self.apps = kubernetes.client.AppsV1Api(self.client)
        self.kafka = self.broker("kafka")
        return self

    def broker(self, name):
        """`name`: kafka, or kafka2 once it is started."""
        values = dict(line.split("=", 1) for line in
                      (self.directory / f"{name}.env").read_text().splitlines())
        return Kafka(*(shlex.split(values[name])[0] for name in ("plain", "secure")))

    def namespace(self, name):
        """With what its pods need to reach Kafka."""
        super().namespace(name)
        secret = self.core.read_namespaced_secret("lab-kafka", "default")
        self.core.create_namespaced_secret(name, {"metadata": {"name": "lab-kafka"},
                                                  "data": secret.data})
        return name

    def apply(self, namespace, manifest, **values):
        """`manifest`: a file beside this one, with $names for `values`."""
        text = string.Template((HERE / manifest).read_text()).substitute(values)
        self.kubectl("apply", "-n", namespace, "-f", "-", stdin=text)

    def pods(self, namespace, selector):
        return self.core.list_namespaced_pod(namespace, label_selector=selector).items

    def await_deployed(self, namespace, name, seconds=120):
        done = self.kubectl("-n", namespace, "rollout", "status", f"deployment/{name}",
                            "--timeout", f"{seconds}s", check=False)
        assert done.returncode == 0, f"{done.stdout}{done.stderr}{self.describe(namespace)}"

    def exec(self, namespace, pod, *argv):
        return self.kubectl("-n", namespace, "exec", pod, "--", *argv).stdout

    def describe(self, namespace):
        return self.kubectl("-n", namespace, "get", "pods,events", "-o", "wide",
                            check=False).stdout


def ready(pod):
    return pod.metadata.deletion_timestamp is None and any(
        c.type == "Ready" and c.status == "True" for c in pod.status.conditions or ())


class RedisFailover:
    """The operator's Redis `orders`, seen through its pods and their addresses."""

    selector = "app.kubernetes.io/name=orders,app.kubernetes.io/component="

    def __init__(self, node, namespace):
        self.node, self.namespace = node, namespace
        node.apply(namespace, "redis-failover.yaml", redis_password=REDIS_PASSWORD)

    def pods(self, component="redis"):
        return self.node.pods(self.namespace, self.selector + component)

    def await_whole(self, seconds=180):
        def whole():
            return (self.roles() == ["master", "slave", "slave"]
                    and sum(map(ready, self.pods("sentinel"))) == 3
                    and all(map(ready, self.pods())) and len(self.sentinels_say()) == 1)
        await_(whole, seconds, lambda: f"redis {self.roles()}, its primary by the Sentinels "
               f"{self.sentinels_say()}\n{self.node.describe(self.namespace)}")
        return self

    def roles(self):
        """Sorted, as the servers themselves say."""
        return sorted(filter(None, map(self._role, self.pods())))

    def _role(self, pod):
        try:
            with self.client(pod, socket_timeout=1) as client:
                return client.info("replication")["role"]
        except redis.exceptions.RedisError:
            return None

    def sentinels_say(self):
        """The addresses that Sentinels name as the primary's."""
        said = set()
        for pod in filter(ready, self.pods("sentinel")):
            try:
                with redis.Redis(host=pod.status.pod_ip, port=26379, socket_timeout=1,
                                 decode_responses=True) as sentinel:
                    said.add(sentinel.sentinel_get_master_addr_by_name(MASTER_NAME))
            except redis.exceptions.RedisError:
                said.add(None)
        return said

    def primary(self):
        return next(pod for pod in self.pods() if self._role(pod) == "master")

    def client(self, pod=None, **options):
        """For the lab's eyes: of the primary, or of this pod."""
        pod = pod or self.primary()
        return redis.Redis(host=pod.status.pod_ip, password=REDIS_PASSWORD, protocol=2,
                           **{"socket_timeout": 10, **options})
