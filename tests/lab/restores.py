"""A RedisRestore of a RedisWal on the node, and what holds the data of its Redis."""

from judged import WAL
from lab.wait import await_
from manifests import MANIFESTS
from node import RedisFailover
from rediswals import GROUP, VERSION

PLURAL = "redisrestores"


class Restore:
    def __init__(self, wal, name, **spec):
        self.wal, self.name = wal, name
        wal.api.create_namespaced_custom_object(GROUP, VERSION, wal.namespace, PLURAL, {
            "apiVersion": f"{GROUP}/{VERSION}", "kind": "RedisRestore",
            "metadata": {"name": name}, "spec": {"rediswal": "orders", **spec}})

    def get(self):
        return self.wal.api.get_namespaced_custom_object(GROUP, VERSION, self.wal.namespace, PLURAL,
                                                         self.name)

    @property
    def status(self):
        return self.get().get("status", {})

    def patch(self, **spec):
        self.wal.api.patch_namespaced_custom_object(GROUP, VERSION, self.wal.namespace, PLURAL,
                                                    self.name, {"spec": spec})

    def await_step(self, *steps, seconds=180):
        await_(lambda: self.status.get("step") in steps, seconds,
               lambda: f"{self.name} comes to {steps}: {self.status}\n"
               f"{self.wal.get()['status']}\n{self.wal.node.describe(self.wal.namespace)}")
        return self.status

    def await_completed(self, seconds=600):
        status = self.await_step("Completed", "Failed", "Cancelled", seconds=seconds)
        assert status["step"] == "Completed", status
        return status


def await_caught_up(failover, topic):
    """Deadlines are by the clock of Redis again."""
    def clocks():
        with failover.client() as client:
            return {client.hget(f"redwal:{{{WAL}}}:p:{p}", "clock") for p in topic.ends()}
    await_(lambda: clocks() == {b"wall"}, 60, lambda: f"all is ordinary again: {clocks()}")


def allow_volumes(node, namespace):
    """The component for restores by volumes."""
    node.kubectl("-n", namespace, "apply", "-f", MANIFESTS / "components/wipe-volumes/role.yaml")


def objects(node, namespace):
    """What holds the data of Redis: (kind, name, uid)."""
    pods = node.pods(namespace, f"{RedisFailover.selector}redis")
    claims = node.core.list_namespaced_persistent_volume_claim(namespace).items
    return {(kind, one.metadata.name, one.metadata.uid)
            for kind, ones in (("Pod", pods), ("PersistentVolumeClaim", claims)) for one in ones}


def deleted(status):
    return {(one["kind"], one["name"], one["uid"]) for one in status["receipt"]["deleted"]}
