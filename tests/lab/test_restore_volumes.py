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


class Site:
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

    def goes_on(self, objects):
        """A restore that has come to where these are being deleted."""
        self.restore()
        RESTORE.say(self.api, self.namespace, "orders-1", {
            "step": "Recreating", "plan": {"log": self.log(), "toEnd": True, "partitions": [
                {"partition": p, "from": 0, "until": 0, "end": 0} for p in range(PARTITIONS)]},
            "recreation": {"redisFailover": "orders", "objects": [dict(zip(("kind", "name", "uid"), one)) for one in objects]}})

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
def site(cluster, api, namespace, wals, place, others):
    del others
    return Site(cluster, api, namespace, wals, place.broker.plain)


def start(site, tmp_path, name, kubeconfig=None):
    return Controller(tmp_path, name, kubeconfig or site.cluster.kubeconfig, site.namespace, *LOOKS).start()


def stay(site, name, there):
    site.kubectl("patch", "pod", name, "--type=merge", "-p", json.dumps(
        {"metadata": {"finalizers": [FINALIZER] if there else []}}))


def test_whoever_takes_over_deletes_what_was_noted_and_nothing_else(site, tmp_path):
    old = site.own()
    stay(site, "rfr-orders-1", True)
    site.goes_on(old)
    first = start(site, tmp_path, "first").await_leading()
    left = {one for one in old if one[1] == "rfr-orders-1"}
    await_(lambda: site.own() & old == left and len(site.own()) >= 3, 60,
           lambda: f"one stays: {site.own()}")
    await_(lambda: "Pod rfr-orders-1" in site.status().get("message", ""), 30,
           lambda: f"it is named: {site.status()}")
    assert site.status()["reason"] == "DeletingVolumes"
    first.kill()
    new = site.own() - old
    second = start(site, tmp_path, "second").await_leading()
    try:
        holds(lambda: new <= site.own() and site.status()["step"] == "Recreating", 8, "what is new stays")
        stay(site, "rfr-orders-1", False)
        site.await_reason("Recreating", "AwaitingPrimary")
        await_(lambda: site.are_new(old), 60, lambda: f"all are new: {site.own()}")
        assert new <= site.own() and site.noted() == old
        assert site.all() - site.own() == site.others
    finally:
        assert second.stop() == 0


def test_whose_they_are_stands_in_the_status(site, controller):
    site.api.patch_namespaced_custom_object(
        "redwal.dev", "v1alpha1", site.namespace, "rediswals", "orders", {"spec": {"redis": {"failover": "others"}}})
    old = site.own()
    site.goes_on(old)
    controller("first", site.cluster.kubeconfig, *LOOKS).await_leading()
    site.await_reason("Recreating", "AwaitingPrimary")
    await_(lambda: site.are_new(old), 60, lambda: f"all are new: {site.own()}")
    assert site.all() - site.own() == site.others


def test_one_that_is_deleted_meanwhile_tells_what_went(site, controller):
    stay(site, "rfr-orders-1", True)
    old = site.own()
    site.goes_on(old)
    site.kubectl("apply", "--server-side", "--field-manager=redwal-controller", "-f", "-", stdin=json.dumps({
        "apiVersion": "redwal.dev/v1alpha1", "kind": "RedisRestore",
        "metadata": {"name": "orders-1", "finalizers": ["redwal.dev/restore"]}}))
    controller("first", site.cluster.kubeconfig, *LOOKS).await_leading()
    site.await_reason("Recreating", "DeletingVolumes")
    await_(lambda: {name for _, name, _ in site.own() & old} == {"rfr-orders-1"}, 60,
           lambda: f"the one that stays is left: {site.own()}")
    site.kubectl("delete", "rrs", "orders-1", "--wait=false")
    await_(lambda: not restores(site), 60, lambda: f"it is gone: {restores(site)}")
    await_(lambda: any("deleted by then: " in said and "Pod rfr-orders-0" in said for said in cancelled(site)),
           30, lambda: f"it is told: {cancelled(site)}")
    stay(site, "rfr-orders-1", False)


def restores(site):
    return site.api.list_namespaced_custom_object(
        "redwal.dev", "v1alpha1", site.namespace, RESTORE.plural)["items"]


def cancelled(site):
    return [event.message for event in site.cluster.core.list_namespaced_event(
        site.namespace, field_selector="reason=Cancelled").items]


def test_a_redis_at_an_address_has_nobody_who_makes_new_ones(site, controller):
    site.api.patch_namespaced_custom_object(
        "redwal.dev", "v1alpha1", site.namespace, "rediswals", "orders",
        {"spec": {"redis": {"failover": None, "address": "127.0.0.1:1"}}})
    controller("first", site.cluster.kubeconfig, *LOOKS).await_leading()
    site.restore(accept=["UnknownData"])
    site.await_reason("Failed", "NoRedisFailover")
    assert site.all() - site.own() == site.others


@pytest.fixture(scope="module")
def installed(cluster, definition, others, tmp_path_factory):
    del definition, others
    return Installed(cluster, tmp_path_factory.mktemp("rbac"))


@pytest.fixture
def user(site, installed, tmp_path):
    """The controller as it is installed, without the component."""
    site.cluster.kubectl("-n", "redwal-system", "delete", "lease", "--all")
    controller = installed.run(tmp_path, site.namespace)
    yield controller
    controller.stop()


def component(site, tmp_path):
    directory = tmp_path / "component"
    directory.mkdir()
    (directory / "role.yaml").write_text((COMPONENT / "role.yaml").read_text())
    (directory / "kustomization.yaml").write_text(
        f"namespace: {site.namespace}\nresources: [role.yaml]\n")
    return directory


def test_a_redis_that_does_not_answer_gets_new_pods_and_claims(site, user, tmp_path):
    """Once somebody has accepted that, and with the component: until then nothing goes."""
    old = site.own()
    site.restore()
    site.await_reason("Preflight", "RedisUnknown", seconds=120)
    holds(lambda: site.status()["step"] == "Preflight", 3, "nobody has accepted that")
    site.change(cancel=True)
    await_(lambda: site.status()["step"] == "Cancelled", 30, site.status)
    site.kubectl("delete", "rrs", "orders-1")
    site.restore(accept=["UnknownData"])
    status = site.await_reason("Preflight", "Denied", seconds=180)
    assert "components/wipe-volumes" in status["message"] and "cannot list" in status["message"], status
    assert site.own() == old
    assert "orbidden" in user.tail(1000)
    site.kubectl("apply", "-k", component(site, tmp_path))
    site.await_reason("Recreating", "AwaitingPrimary", seconds=180)
    assert site.noted() == old
    await_(lambda: site.are_new(old), 60, lambda: f"all are new: {site.own()}")
    new = site.own()
    assert site.all() - new == site.others
    holds(lambda: site.own() == new, 5, "what is new stays")
    site.change(cancel=True)
    await_(lambda: site.status()["step"] == "Cancelled", 90, site.status)
    assert site.noted() == old and site.own() == new
    assert as_set(site.status()["receipt"]["deleted"]) == old
    await_(lambda: "finalizers" not in RESTORE.get(site.api, site.namespace, "orders-1")["metadata"], 30,
           "it may be deleted")


@pytest.mark.parametrize("rule, verb, refusal", [
    (0, "list", "cannot list resource \"persistentvolumeclaims\""),
    (0, "delete", "cannot delete resource \"persistentvolumeclaims\""),
    (1, "delete", "cannot delete resource \"pods\"")])
def test_nothing_in_the_component_is_too_much(site, user, tmp_path, rule, verb, refusal):
    del user
    component_text = site.cluster.kubectl("kustomize", component(site, tmp_path)).stdout
    site.kubectl("apply", "-f", "-", stdin=component_text)
    site.kubectl("patch", "role", "redwal-controller-wipe-volumes", "--type=json", "-p", json.dumps([
        {"op": "test", "path": f"/rules/{rule}/verbs", "value": ["list", "delete"] if rule == 0 else ["delete"]},
        {"op": "remove", "path": f"/rules/{rule}/verbs/{1 if (rule, verb) == (0, 'delete') else 0}"}
        if rule == 0 else {"op": "remove", "path": f"/rules/{rule}"}]))
    site.goes_on(site.own())
    status = site.await_reason("Recreating", "Denied")
    assert refusal in status["message"], status
