"""Redis wiped by its pods and their claims, with the real operator, on volumes of the node: it is made anew
on other volumes. Afterwards it is the fold of the log, and the old data is nowhere."""

import json
import shutil

import pytest

from installed import CONTROLLERS, SYSTEM, SampleFailover
from judged import await_applied, check, write, writing
from lab.wait import await_, holds
from node import ready
from restores import Restore, allow_volumes, await_caught_up, deleted, objects

CLASS, OF_EACH_TEST = "lab-disks", 3
DISKS = (1 + 3) * OF_EACH_TEST
GARBAGE = b"no RDB at all, of no version\n" * 100


def disk(path):
    """A PersistentVolume in this directory. What was on it stays there when its claim goes."""
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": f"{CLASS}-{path.name}"},
            "spec": {"capacity": {"storage": "64Mi"}, "accessModes": ["ReadWriteOnce"],
                     "persistentVolumeReclaimPolicy": "Retain", "storageClassName": CLASS,
                     "hostPath": {"path": str(path)}}}


@pytest.fixture(scope="module")
def disks(node, tmp_path_factory):
    """Volumes that are there, in directories of the machine: first those of three pods, the rest for later."""
    base = tmp_path_factory.mktemp("disks")
    for number in range(DISKS):
        path = base / f"{number:02}"
        path.mkdir()
        path.chmod(0o777)  # Redis is nobody in particular
        node.kubectl("apply", "-f", "-", stdin=json.dumps(disk(path)))
    yield base
    node.kubectl("delete", "pv", "--all", "--wait=false")
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(scope="module")
def failover(node, home, disks):
    """The sample's Redis, with a volume for each pod. Its operator makes itself the owner of the claims unless
    they are kept, and may not where the API server asks for `update` of an owner's finalizers."""
    del disks
    claim = {"metadata": {"name": "data"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "storageClassName": CLASS,
        "resources": {"requests": {"storage": "64Mi"}}}}
    return SampleFailover(node, home, storage={
        "keepAfterDeletion": True, "persistentVolumeClaim": claim}).await_whole()


@pytest.fixture(scope="module")
def wal(node, home, topic, wal):
    """With the component, which lets the controller do it."""
    allow_volumes(node, home)
    write(topic, 1)
    return wal


def volumes(node, home):
    """Those that claims have."""
    return {claim.spec.volume_name
            for claim in node.core.list_namespaced_persistent_volume_claim(home).items}


class Old:
    """What is there before a restore, and a key that no record wrote, on each disk."""

    def __init__(self, node, failover, disks):
        self.node, self.failover = node, failover
        failover.await_whole()
        self.objects, self.volumes = objects(node, failover.namespace), volumes(node, failover.namespace)
        assert len(self.objects) == 2 * OF_EACH_TEST and len(self.volumes) == OF_EACH_TEST
        self.dumps = [disks / volume.removeprefix(f"{CLASS}-") / "dump.rdb" for volume in self.volumes]
        with failover.client(socket_timeout=60) as client:
            client.set("stray", "v")
            assert client.wait(2, 30000) == 2
        failover.save()
        assert all(b"stray" in dump.read_bytes() for dump in self.dumps)

    def check_replaced(self, restore, topic, wal, scratch_redis):
        status = restore.await_completed()
        assert deleted(status) == self.objects and status["recreation"]["completedAt"]
        self.failover.await_whole(seconds=600)
        home = self.failover.namespace
        assert not objects(self.node, home) & self.objects
        assert len(volumes(self.node, home)) == OF_EACH_TEST
        assert not volumes(self.node, home) & self.volumes
        await_applied(self.failover, topic)
        await_caught_up(self.failover, topic)
        check(self.failover, topic, scratch_redis)
        with self.failover.client() as client:
            assert not client.exists("stray")
            assert client.hget("redwal:identity", "restore")
        wal.await_ready()


@pytest.fixture
def old(node, failover, topic, wal, disks):
    await_applied(failover, topic)
    wal.await_ready()
    return Old(node, failover, disks)


VICTIMS = {
    "the controllers": lambda node, failover: node.pods(SYSTEM, CONTROLLERS),
    "what is there of redis": lambda node, failover: failover.pods() + failover.pods("sentinel"),
}


@pytest.mark.parametrize("victims", VICTIMS)
def test_pods_go_while_pods_and_claims_are_replaced(node, failover, topic, wal, old, scratch_redis, victims):
    with writing(topic, list(VICTIMS).index(victims)):
        restore = Restore(wal, victims.replace(" ", "-"), wipe="Volumes")
        restore.await_step("Recreating")
        for pod in VICTIMS[victims](node, failover):
            node.core.delete_namespaced_pod(pod.metadata.name, pod.metadata.namespace, grace_period_seconds=0)
        restore.await_step("Replaying", "Verifying", "Completed", seconds=600)
    old.check_replaced(restore, topic, wal, scratch_redis)


def test_a_redis_whose_disks_are_damaged_is_made_anew(node, home, failover, topic, wal, old, scratch_redis):
    for dump in old.dumps:
        dump.write_bytes(GARBAGE)
    failover.restart()
    await_(lambda: not any(map(ready, failover.pods())), 120,
           lambda: f"none comes up\n{node.describe(home)}")
    unasked = Restore(wal, "unasked", wipe="Volumes")
    unasked.await_step("Preflight")
    holds(lambda: unasked.status["step"] == "Preflight", 5, "nobody has accepted that")
    unasked.patch(cancel=True)
    unasked.await_step("Cancelled")
    assert objects(node, home) >= old.objects
    old.check_replaced(Restore(wal, "damaged", wipe="Volumes", accept=["UnknownData"]),
                       topic, wal, scratch_redis)
