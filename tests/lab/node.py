"""The lab with a node (LAB=full): pods that run, the Redis operator, and Kafka."""

import contextlib
import dataclasses
import math
import os
import pathlib
import shlex
import signal
import string
import subprocess
import time

import kubernetes
import redis

from cluster import LAB, Cluster
from lab.wait import await_

HERE = pathlib.Path(__file__).resolve().parent
REDIS_PASSWORD = "redis-secret-3n6W"
KAFKA_USER = "lab"
POKE_SECONDS = 4
ANSWER_SECONDS = 10
PROMOTION_SECONDS = 15
MASTER_NAME = "mymaster"  # the operator gives every RedisFailover's this name


def missing():
    """What this machine lacks for a node; empty when it can have one."""
    return subprocess.run([LAB, "probe"], check=True, capture_output=True, text=True).stdout.strip()


def our_version():
    """The tag of our images."""
    done = subprocess.run([LAB.parents[1] / "build/image/bin/redis-applier", "--version"],
                          check=True, capture_output=True, text=True)
    return done.stdout.split()[-1]


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

    def empty(self, namespace):
        """Its pods, which go in their own time, leave the machine to those of other tests."""
        for kind in ("rediswals", "redisfailovers"):
            self.kubectl("-n", namespace, "delete", kind, "--all", "--wait=false", check=False)

    def apply(self, namespace, manifest, **values):
        """`manifest`: a file beside this one, with $names for `values`."""
        text = string.Template((HERE / manifest).read_text()).substitute(values)
        self.kubectl("apply", "-n", namespace, "-f", "-", stdin=text)

    def pods(self, namespace, selector):
        return self.core.list_namespaced_pod(namespace, label_selector=selector).items

    def await_deployed(self, namespace, name, seconds=240):
        done = self.kubectl("-n", namespace, "rollout", "status", f"deployment/{name}",
                            "--timeout", f"{seconds}s", check=False)
        assert done.returncode == 0, f"{done.stdout}{done.stderr}{self.describe(namespace)}"

    def await_replaced(self, pod, seconds=120):
        """`pod`, which was deleted, is gone, and as many of its kind are ready as there should be."""
        home, owner = pod.metadata.namespace, pod.metadata.owner_references[0]
        wanted = int(self.kubectl("-n", home, "get", f"{owner.kind}/{owner.name}", "-o",
                                  "jsonpath={.spec.replicas}").stdout)

        def replaced():
            pods = [p for p in self.pods(home, "") if p.metadata.owner_references and
                    p.metadata.owner_references[0].uid == owner.uid]
            return (len(pods) == wanted and all(map(ready, pods))
                    and pod.metadata.uid not in {p.metadata.uid for p in pods})
        await_(replaced, seconds, lambda: f"{pod.metadata.name} is replaced\n{self.describe(home)}")

    def processes(self, pod):
        """Of its containers, as the machine counts."""
        ids = [c.container_id.rpartition("/")[2] for c in pod.status.container_statuses]
        return [int(path.parent.name) for path in pathlib.Path("/proc").glob("[0-9]*/cgroup")
                if any(i in _text(path) for i in ids)]

    def kill(self, pod, program):
        """The pod stays and starts it again."""
        for pid in self.processes(pod):
            if program in _text(pathlib.Path(f"/proc/{pid}/cmdline")):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def exec(self, namespace, pod, *argv):
        return self.kubectl("-n", namespace, "exec", pod, "--", *argv).stdout

    def describe(self, namespace):
        return self.kubectl("-n", namespace, "get", "pods,events", "-o", "wide",
                            check=False).stdout


def _text(path):
    try:
        return path.read_text()
    except OSError:  # it has ended
        return ""


def ready(pod):
    return pod.metadata.deletion_timestamp is None and any(
        c.type == "Ready" and c.status == "True" for c in pod.status.conditions or ())


class RedisFailover:
    """The operator's Redis `orders`, seen through its pods and their addresses."""

    _poked = 0
    selector = "app.kubernetes.io/name=orders,app.kubernetes.io/component="

    def __init__(self, node, namespace):
        self.node, self.namespace = node, namespace
        node.apply(namespace, "redis-failover.yaml", redis_password=REDIS_PASSWORD)

    def pods(self, component="redis"):
        return self.node.pods(self.namespace, self.selector + component)

    def await_whole(self, seconds=360):
        began = time.monotonic()

        def whole():
            if time.monotonic() - self._poked > POKE_SECONDS < time.monotonic() - began:
                self._poke()
            return (self.roles() == ["master", "slave", "slave"]
                    and self.links() == ["up", "up"]
                    and sum(map(ready, self.pods("sentinel"))) == 3
                    and all(map(ready, self.pods())) and len(self.sentinels_say()) == 1
                    and self.sentinels_know() == {(2, 2)})
        await_(whole, seconds, lambda: f"redis {self.roles()}, links {self.links()}, its primary by "
               f"the Sentinels {self.sentinels_say()}, who know {self.sentinels_know()}\n"
               f"{self.node.describe(self.namespace)}")
        return self

    def _poke(self):
        """The operator looks each half minute, and at once when the object has changed."""
        self._poked = time.monotonic()
        self.node.kubectl("-n", self.namespace, "annotate", "--overwrite", "redisfailover/orders",
                          f"redwal.dev/poked={self._poked}")

    def roles(self):
        """Sorted, as the servers themselves say."""
        return sorted(filter(None, map(self._role, self.pods())))

    def links(self):
        """What each replica says of the one to its primary."""
        said = map(self._replication, self.pods())
        return [of["master_link_status"] for of in said if of.get("role") == "slave"]

    def _role(self, pod):
        return self._replication(pod).get("role")

    def _replication(self, pod):
        """Empty while it does not answer."""
        try:
            with self.client(pod, socket_timeout=1) as client:
                return client.info("replication")
        except redis.exceptions.RedisError:
            return {}

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

    def sentinels_know(self):
        """(replicas, other Sentinels), as each says. The operator lets them forget who went, and who
        is there with them: a primary that dies before they know its replicas again stays dead."""
        known = set()
        for pod in self.pods("sentinel"):
            try:
                with redis.Redis(host=pod.status.pod_ip, port=26379, socket_timeout=1,
                                 decode_responses=True) as sentinel:
                    master = sentinel.sentinel_master(MASTER_NAME)
                    known.add((master["num-slaves"], master["num-other-sentinels"]))
            except redis.exceptions.RedisError:
                known.add(None)
        return known

    def promote_another(self, seconds=120):
        """By a Sentinel, which refuses while it knows no good replica or is at it already, and gives up when the
        replica is not promoted in time."""
        old, ordered = self.sentinels_say(), [-math.inf]

        def order():
            for pod in self.pods("sentinel"):
                with redis.Redis(host=pod.status.pod_ip, port=26379, socket_timeout=5) as sentinel, \
                        contextlib.suppress(redis.exceptions.RedisError):
                    sentinel.execute_command("SENTINEL", "FAILOVER", MASTER_NAME)
                    ordered[:] = [time.monotonic()]
                    return

        def promoted():
            said = self.sentinels_say()
            if said == old and time.monotonic() - ordered[0] > PROMOTION_SECONDS:
                order()
            return not said & old
        await_(promoted, seconds, lambda: f"all Sentinels know another than {old}: {self.sentinels_say()}")

    def save(self):
        """What is there now is what each Redis starts with again, until it saves once more."""
        for pod in self.pods():
            with self.client(pod) as client:
                client.save()

    def restart(self):
        """Each Redis is killed, and comes back in its pod with what is on its disk."""
        for pod in self.pods():
            self.node.kill(pod, "redis-server")

    def primary(self):
        """One that is slow to answer is there all the same."""
        return await_(lambda: next((pod for pod in self.pods() if self._role(pod) == "master"), None),
                      ANSWER_SECONDS, lambda: f"there is a primary\n{self.node.describe(self.namespace)}")

    def client(self, pod=None, **options):
        """For the lab's eyes: of the primary, or of this pod."""
        pod = pod or self.primary()
        return redis.Redis(host=pod.status.pod_ip, password=REDIS_PASSWORD, protocol=2,
                           **{"socket_timeout": 10, **options})
