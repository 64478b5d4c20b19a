"""Wiping by pods and claims, where no pod runs: the API server, its StatefulSets and the log are real, and no Redis
ever answers. That Redis comes back, and is replayed, is in test_restore_pods_volumes.py."""

import json

import pytest

from controllers import Controller
from kinds import RESTORE
from lab.wait import await_, holds
from lab.wal import Topic
from manifests import MANIFESTS, build, of_kind
from test_rbac import Installed
from test_restore import LOOKS, PARTITIONS

LABELS = {"app.kubernetes.io/part-of": "redis-failover", "app.kubernetes.io/component": "redis",
          "app.kubernetes.io/name": "orders"}
FINALIZER = "lab.redwal.dev/stays"
COMPONENT = MANIFESTS / "components" / "wipe-volumes"
REPLICAS = 2


def stateful_set(name="rfr-orders", **labels):
    """As the operator makes it, of pods that nobody runs."""
    labels = {**LABELS, **labels}
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name}, "spec": {
        "replicas": REPLICAS, "serviceName": name, "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels},
                     "spec": {"containers": [{"name": "redis", "image": "redis"}]}},
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {
            "accessModes": ["ReadWriteOnce"], "storageClassName": "none",
            "resources": {"requests": {"storage": "1Mi"}}}}]}}


def as_set(objects):
    return {(one["kind"], one["name"], one["uid"]) for one in objects}


class Vessels:
    """A RedisFailover, the pods and claims of its Redis, and others beside them; a RedisWal that names it."""

    def __init__(self, cluster, api, namespace, wals, broker):
        self.cluster, self.api, self.namespace, self.wals = cluster, api, namespace, wals
        self.topic = Topic(broker, namespace, PARTITIONS)
        self.letters = Topic(broker, f"{namespace}-dlq", 1)
        failover = of_kind(build(cluster, "samples/dc"), "RedisFailover")["orders"]
        another = {**failover, "metadata": {**failover["metadata"], "name": "others"}}
        for body in (failover, another, stateful_set(), stateful_set("rfr-others", **{
                "app.kubernetes.io/name": "others"}), stateful_set("bystander", app="bystander")):
            self.kubectl("apply", "-f", "-", stdin=json.dumps(body))
        self.kubectl("create", "secret", "generic", "orders-redis", "--from-literal=password=x")
        await_(lambda: len(self.all()) == 3 * 2 * REPLICAS, 60, lambda: f"all are there: {self.all()}")
        self.others = self.all() - self.own()
        wals.create(**{
            "spec.redis": {"failover": "orders"},
            "spec.kafka": {"brokers": [broker], "group": f"{namespace}-group"},
            "spec.topics": {"log": self.topic.name, "deadLetters": self.letters.name}})

    def kubectl(self, *argv, **options):
        return self.cluster.kubectl("-n", self.namespace, *argv, **options)

    def all(self):
        """(kind, name, uid)"""
        core, home = self.cluster.core, self.namespace
        return {("Pod", p.metadata.name, p.metadata.uid)
                for p in core.list_namespaced_pod(home).items if "app.kubernetes.io/component" in p.metadata.labels
                and p.metadata.labels["app.kubernetes.io/component"] == "redis"} | {
            ("PersistentVolumeClaim", c.metadata.name, c.metadata.uid)
            for c in core.list_namespaced_persistent_volume_claim(home).items}

    def own(self):
        return {one for one in self.all() if one[1].rpartition("-")[0].endswith("rfr-orders")}

    def log(self):
        return f"{self.topic.admin.list_topics(timeout=10).cluster_id}/{self.topic.id()}"

    def restore(self, **spec):
        RESTORE.create(self.api, self.namespace, RESTORE.make({
            "metadata.name": "orders-1", "spec.wipe": "Volumes",
            **{f"spec.{key}": value for key, value in spec.items()}}))

    def goes_on(self, vessels):
        """A restore that has come to where these are being deleted."""
        self.restore()
        RESTORE.say(self.api, self.namespace, "orders-1", {
            "step": "Recreating", "plan": {"log": self.log(), "toEnd": True, "partitions": [
                {"partition": p, "from": 0, "until": 0, "end": 0} for p in range(PARTITIONS)]},
            "recreation": {"redisFailover": "orders", "objects": [dict(zip(("kind", "name", "uid"), one)) for one in vessels]}})

    def change(self, **spec):
        self.api.patch_namespaced_custom_object("redwal.dev", "v1alpha1", self.namespace,
                                                RESTORE.plural, "orders-1", {"spec": spec})

    def status(self):
        return RESTORE.get(self.api, self.namespace, "orders-1").get("status", {})

    def await_reason(self, step, reason, seconds=60):
        await_(lambda: (self.status().get("step"), self.status().get("reason")) == (step, reason), seconds,
               lambda: f"{step}, {reason}: {self.status()}")
        return self.status()

    def noted(self):
        return as_set(self.status()["recreation"]["objects"])

    def are_new(self, old):
        """Each of the old ones is gone, and there is another in its place."""
        own = self.own()
        return not own & old and {one[:2] for one in own} == {one[:2] for one in old}


@pytest.fixture
def vessels(cluster, api, namespace, wals, place, others):
    del others
    return Vessels(cluster, api, namespace, wals, place.broker.plain)


def start(vessels, tmp_path, name, kubeconfig=None):
    return Controller(tmp_path, name, kubeconfig or vessels.cluster.kubeconfig, vessels.namespace, *LOOKS).start()


def test_a_redis_that_does_not_answer_gets_new_pods_and_claims(vessels, controller):
    old = vessels.own()
    controller("first", vessels.cluster.kubeconfig, *LOOKS).await_leading()
    vessels.restore()
    vessels.await_reason("Preflight", "RedisUnknown", seconds=120)
    holds(lambda: vessels.status()["step"] == "Preflight", 3, "nobody has accepted that")
    vessels.change(cancel=True)
    await_(lambda: vessels.status()["step"] == "Cancelled", 30, vessels.status)
    vessels.kubectl("delete", "rrs", "orders-1")
    vessels.restore(accept=["UnknownData"])
    vessels.await_reason("Recreating", "AwaitingPrimary", seconds=180)
    assert vessels.noted() == old
    await_(lambda: vessels.are_new(old), 60, lambda: f"all are new: {vessels.own()}")
    new = vessels.own()
    assert vessels.all() - new == vessels.others
    holds(lambda: vessels.own() == new, 5, "what is new stays")
    vessels.change(cancel=True)
    await_(lambda: vessels.status()["step"] == "Cancelled", 30, vessels.status)
    assert vessels.noted() == old and vessels.own() == new
    assert as_set(vessels.status()["receipt"]["deleted"]) == old
    await_(lambda: "finalizers" not in RESTORE.get(vessels.api, vessels.namespace, "orders-1")["metadata"], 30,
           "it may be deleted")


def stay(vessels, name, there):
    vessels.kubectl("patch", "pod", name, "--type=merge", "-p", json.dumps(
        {"metadata": {"finalizers": [FINALIZER] if there else []}}))


def test_whoever_takes_over_deletes_what_was_noted_and_nothing_else(vessels, tmp_path):
    old = vessels.own()
    stay(vessels, "rfr-orders-1", True)
    vessels.goes_on(old)
    first = start(vessels, tmp_path, "first").await_leading()
    left = {one for one in old if one[1] == "rfr-orders-1"}
    await_(lambda: vessels.own() & old == left and len(vessels.own()) >= 3, 60,
           lambda: f"one stays: {vessels.own()}")
    await_(lambda: "Pod rfr-orders-1" in vessels.status().get("message", ""), 30,
           lambda: f"it is named: {vessels.status()}")
    assert vessels.status()["reason"] == "DeletingVolumes"
    first.kill()
    new = vessels.own() - old
    second = start(vessels, tmp_path, "second").await_leading()
    try:
        holds(lambda: new <= vessels.own() and vessels.status()["step"] == "Recreating", 8, "what is new stays")
        stay(vessels, "rfr-orders-1", False)
        vessels.await_reason("Recreating", "AwaitingPrimary")
        await_(lambda: vessels.are_new(old), 60, lambda: f"all are new: {vessels.own()}")
        assert new <= vessels.own() and vessels.noted() == old
        assert vessels.all() - vessels.own() == vessels.others
    finally:
        assert second.stop() == 0


def test_whose_they_are_stands_in_the_status(vessels, controller):
    vessels.api.patch_namespaced_custom_object(
        "redwal.dev", "v1alpha1", vessels.namespace, "rediswals", "orders", {"spec": {"redis": {"failover": "others"}}})
    old = vessels.own()
    vessels.goes_on(old)
    controller("first", vessels.cluster.kubeconfig, *LOOKS).await_leading()
    vessels.await_reason("Recreating", "AwaitingPrimary")
    await_(lambda: vessels.are_new(old), 60, lambda: f"all are new: {vessels.own()}")
    assert vessels.all() - vessels.own() == vessels.others


def test_one_that_is_deleted_meanwhile_tells_what_went(vessels, controller):
    stay(vessels, "rfr-orders-1", True)
    vessels.goes_on(vessels.own())
    vessels.kubectl("apply", "--server-side", "--field-manager=redwal-controller", "-f", "-", stdin=json.dumps({
        "apiVersion": "redwal.dev/v1alpha1", "kind": "RedisRestore",
        "metadata": {"name": "orders-1", "finalizers": ["redwal.dev/restore"]}}))
    controller("first", vessels.cluster.kubeconfig, *LOOKS).await_leading()
    vessels.await_reason("Recreating", "DeletingVolumes")
    vessels.kubectl("delete", "rrs", "orders-1", "--wait=false")
    await_(lambda: not restores(vessels), 60, lambda: f"it is gone: {restores(vessels)}")
    await_(lambda: any("deleted by then: " in said and "Pod rfr-orders-0" in said for said in cancelled(vessels)),
           30, lambda: f"it is told: {cancelled(vessels)}")
    stay(vessels, "rfr-orders-1", False)


def restores(vessels):
    return vessels.api.list_namespaced_custom_object(
        "redwal.dev", "v1alpha1", vessels.namespace, RESTORE.plural)["items"]


def cancelled(vessels):
    return [event.message for event in vessels.cluster.core.list_namespaced_event(
        vessels.namespace, field_selector="reason=Cancelled").items]


def test_a_redis_at_an_address_has_nobody_who_makes_new_ones(vessels, controller):
    vessels.api.patch_namespaced_custom_object(
        "redwal.dev", "v1alpha1", vessels.namespace, "rediswals", "orders",
        {"spec": {"redis": {"failover": None, "address": "127.0.0.1:1"}}})
    controller("first", vessels.cluster.kubeconfig, *LOOKS).await_leading()
    vessels.restore(accept=["UnknownData"])
    vessels.await_reason("Failed", "NoRedisFailover")
    assert vessels.all() - vessels.own() == vessels.others


@pytest.fixture(scope="module")
def installed(cluster, definition, others, tmp_path_factory):
    del definition, others
    return Installed(cluster, tmp_path_factory.mktemp("rbac"))


@pytest.fixture
def user(vessels, installed, tmp_path):
    """The controller as it is installed, without the component."""
    vessels.cluster.kubectl("-n", "redwal-system", "delete", "lease", "--all")
    controller = installed.run(tmp_path, vessels.namespace)
    yield controller
    controller.stop()


def component(vessels, tmp_path):
    directory = tmp_path / "component"
    directory.mkdir()
    (directory / "role.yaml").write_text((COMPONENT / "role.yaml").read_text())
    (directory / "kustomization.yaml").write_text(
        f"namespace: {vessels.namespace}\nresources: [role.yaml]\n")
    return directory


def test_without_the_component_nothing_goes_and_with_it_it_goes_on(vessels, user, tmp_path):
    old = vessels.own()
    vessels.restore(accept=["UnknownData"])
    status = vessels.await_reason("Preflight", "Denied", seconds=180)
    assert "components/wipe-volumes" in status["message"] and "cannot list" in status["message"], status
    assert vessels.own() == old
    vessels.kubectl("apply", "-k", component(vessels, tmp_path))
    vessels.await_reason("Recreating", "AwaitingPrimary", seconds=120)
    assert not vessels.own() & old
    assert "orbidden" in user.tail(1000)


@pytest.mark.parametrize("rule, verb, refusal", [
    (0, "list", "cannot list resource \"persistentvolumeclaims\""),
    (0, "delete", "cannot delete resource \"persistentvolumeclaims\""),
    (1, "delete", "cannot delete resource \"pods\"")])
def test_nothing_in_the_component_is_too_much(vessels, user, tmp_path, rule, verb, refusal):
    del user
    objects = vessels.cluster.kubectl("kustomize", component(vessels, tmp_path)).stdout
    vessels.kubectl("apply", "-f", "-", stdin=objects)
    vessels.kubectl("patch", "role", "redwal-controller-wipe-volumes", "--type=json", "-p", json.dumps([
        {"op": "test", "path": f"/rules/{rule}/verbs", "value": ["list", "delete"] if rule == 0 else ["delete"]},
        {"op": "remove", "path": f"/rules/{rule}/verbs/{1 if (rule, verb) == (0, 'delete') else 0}"}
        if rule == 0 else {"op": "remove", "path": f"/rules/{rule}"}]))
    vessels.goes_on(vessels.own())
    status = vessels.await_reason("Recreating", "Denied")
    assert refusal in status["message"], status
