"""manifests/rbac is enough for the controller, and nothing in it is too much; the same of components/mirror-maker."""

import copy
import json

import pytest
import yaml

from controllers import Controller
from kinds import RESTORE
from lab.wait import await_, holds
from manifests import MANIFESTS, build, of_kind
from rediswals import create, make
from strimzi import NAME, SOURCE, Operator, make_mirror

HOME = "redwal-system"
# The same Event once more; test_writes.py has that of the recorder. A leader that takes over a restore and
# has nothing to write about it, which nothing here can bring about; the simulation has it.
SEEN_ELSEWHERE = {("patch", "events"), ("get", "redisrestores")}
# Without them no Job is made, and the restore that waits for it says why.
FOR_JOBS = {("create", "jobs"): 'cannot create resource "jobs"',
            ("update", "redisrestores/finalizers"): "cannot set blockOwnerDeletion"}
RBAC = MANIFESTS / "rbac"
OF_MIRRORS = MANIFESTS / "components" / "mirror-maker" / "rbac.yaml"


def roles():
    return [role for path in ("controller.yaml", "lease.yaml")
            for role in yaml.safe_load_all((RBAC / path).read_text())
            if role["kind"] in ("ClusterRole", "Role")]


def permissions():
    """(role, rule, verb, resource), each once."""
    for number, role in enumerate(roles()):
        for place, rule in enumerate(role["rules"]):
            for verb in rule["verbs"]:
                for resource in rule["resources"]:
                    yield number, place, verb, resource


def without(number, place, verb, resource):
    """The roles, less one permission."""
    changed = copy.deepcopy(roles())
    rules = changed[number]["rules"]
    rule = rules.pop(place)
    for kept in ({**rule, "resources": [r for r in rule["resources"] if r != resource]},
                 {**rule, "resources": [resource], "verbs": [v for v in rule["verbs"] if v != verb]}):
        if kept["resources"] and kept["verbs"]:
            rules.append(kept)
    return changed


class Installed:
    """What a user installs, and the controller run as its service account."""

    def __init__(self, cluster, directory):
        self.cluster = cluster
        self.restore()
        token = cluster.kubectl("-n", HOME, "create", "token", "redwal-controller").stdout.strip()
        self.kubeconfig = cluster.write_config(directory / "controller.kubeconfig",
                                               user={"token": token})

    def restore(self):
        self.cluster.kubectl("apply", "--server-side", "--force-conflicts", "-k",
                             RBAC.with_name("controller"))

    def grant(self, roles):
        for role in roles:
            role["metadata"].setdefault("namespace", HOME)
            self.cluster.kubectl("replace", "-f", "-", stdin=json.dumps(role))

    def run(self, directory, namespace):
        return Controller(directory, "controller", self.kubeconfig, namespace,
                          "--lease-namespace", HOME).start()


@pytest.fixture(scope="module")
def installed(cluster, definition, others, tmp_path_factory):
    del definition, others
    return Installed(cluster, tmp_path_factory.mktemp("rbac"))


FENCING = {"step": "Fencing", "plan": {"log": "c/t", "toEnd": True, "partitions": [
    {"partition": 0, "from": 0, "until": 5, "end": 5}]}}


VERIFYING = {**FENCING, "step": "Verifying", "wipedAt": "2026-11-25T09:46:47Z"}
REPAIRING = {**FENCING, "step": "Repairing"}


def restore(api, namespace, name, status, **changes):
    """One that has come so far."""
    made = RESTORE.create(api, namespace, RESTORE.make({"metadata.name": name, **changes}))
    RESTORE.say(api, namespace, name, status)
    return made["metadata"]["uid"]


def job(restore, uid):
    """Its Job, as the controller names it, which does not end."""
    container = {"name": "verify", "image": "none", "command": ["none"]}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {
        "name": f"restore-verify-{uid}-1", "labels": {"redwal.dev/restore": restore}},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}}


class Scene:
    """A RedisWal over a RedisFailover, with a restore that is over and one under way; another one over the Redis
    `of_keys`, with a restore of keys; and what people do to them."""

    def __init__(self, cluster, api, namespace, of_keys):
        self.cluster, self.namespace = cluster, namespace
        failover = of_kind(build(cluster, "samples/dc"), "RedisFailover")["orders"]
        self.kubectl("apply", "-f", "-", stdin=json.dumps(failover))
        self.kubectl("create", "secret", "generic", "orders-redis", "--from-literal=password=x")
        # The lease of the run before is of no account.
        cluster.kubectl("-n", HOME, "delete", "lease", "--all")
        restore(api, namespace, "over", {"step": "Completed"})
        self.kubectl("apply", "--server-side", "--field-manager=redwal-controller", "-f", "-",
                     stdin=json.dumps({"apiVersion": "redwal.dev/v1alpha1", "kind": "RedisRestore", "metadata": {
                         "name": "over", "finalizers": ["redwal.dev/restore"]}, "spec": {"rediswal": "orders"}}))
        restore(api, namespace, "under-way", FENCING)
        uid = restore(api, namespace, "cancelled", VERIFYING, **{"spec.cancel": True})
        self.kubectl("apply", "-f", "-", stdin=json.dumps(job("cancelled", uid)))
        create(api, namespace, make({"spec.kafka": {"brokers": ["127.0.0.1:1"]}}))
        self.repair(api, of_keys)

    def repair(self, api, redis):
        """Of a Redis that is the RedisWal's own: all that is wanted next is its Job."""
        client = redis.client()
        client.flushall()
        client.hset("redwal:identity", "wal", "carts")
        create(api, self.namespace, make({
            "metadata.name": "carts", "spec.redis": {"address": redis.address},
            "spec.kafka": {"brokers": ["127.0.0.1:1"]}, "spec.applier": {"replicas": 0}}))
        restore(api, self.namespace, "of-keys", REPAIRING, **{"spec.rediswal": "carts", "spec.keys": "cart:*"})

    def kubectl(self, *argv, check=True, stdin=None):
        return self.cluster.kubectl("-n", self.namespace, *argv, check=check, stdin=stdin)

    def exists(self, *what):
        found = self.kubectl("get", *what, "-o", "name", check=False)
        return found.returncode == 0 and found.stdout != ""

    def is_told(self):
        status = json.loads(self.kubectl("get", "rwal", "orders", "-o", "json").stdout).get("status")
        return bool(status and status.get("conditions"))

    def is_made(self):
        return self.exists(*[f"{kind}/orders-applier" for kind in (
            "serviceaccount", "configmap", "service", "deployment", "poddisruptionbudget",
            "networkpolicy", "podmonitor")]) and self.is_told()

    def events(self):
        return self.kubectl("get", "events", "--field-selector", "involvedObject.kind=RedisWal",
                            "-o", "name").stdout

    def said(self, controller):
        """To people: in the log, and in the status."""
        status = self.kubectl("get", "rwal", "orders", "-o", "jsonpath={.status.conditions}").stdout
        return (controller.tail(1000) + status).replace('\\"', '"')

    def said_of_keys(self):
        return self.kubectl("get", "rrs", "of-keys", "-o", "jsonpath={.status.message}").stdout

    def unwant(self):
        self.kubectl("patch", "rwal", "orders", "--type=merge", "-p",
                     '{"spec": {"applier": {"networkPolicy": false}}}')

    def restores_are_cared_for(self):
        """What is over may go, the Job of what is cancelled goes, that of keys is made, and what is under way waits
        for the brokers."""
        over, under_way = (json.loads(self.kubectl("get", "rrs", name, "-o", "json").stdout)
                           for name in ("over", "under-way"))
        return not self.exists("job", "-l", "redwal.dev/restore=cancelled") and \
            self.exists("job", "-l", "redwal.dev/restore=of-keys") and \
            "finalizers" not in over["metadata"] and under_way["status"]["step"] == "Fencing" and \
            under_way["status"].get("reason")

    def is_unwanted(self):
        return not self.exists("networkpolicy/orders-applier")


def test_it_is_enough(cluster, api, namespace, installed, scratch_redis, tmp_path):
    scene = Scene(cluster, api, namespace, scratch_redis)
    controller = installed.run(tmp_path, namespace)
    try:
        await_(scene.is_made, 90, lambda: f"everything is made\n{controller.tail()}")
        scene.unwant()
        await_(scene.is_unwanted, 90, lambda: f"what is not wanted goes\n{controller.tail()}")
        await_(scene.restores_are_cared_for, 90, lambda: f"restores go on\n{controller.tail()}")
        await_(scene.events, 90, lambda: f"it is told\n{controller.tail()}")
        assert controller.metric("refused_total") == controller.metric("events_refused_total") == 0
    finally:
        controller.stop()
    assert "orbidden" not in scene.said(controller)


def check_the_lease(controller, verb):
    """Who cannot get it never acts; who cannot renew it stops in time."""
    if verb == "update":
        await_(lambda: controller.metric("terms_total"), 90, controller.tail)
        await_(lambda: not controller.leads(), 30, controller.tail)  # a page tells it 2 s late
    else:
        await_(lambda: "Failed to take part in the election" in controller.output(), 90, controller.tail)
        holds(lambda: not controller.metric("terms_total"), 3, "nobody acts")
    assert sum("Failed to take part in the election" in line and "403" in line
               for line in controller.output().splitlines()) == 1


def check_the_events(scene, controller):
    await_(lambda: controller.metric("events_refused_total"), 90, controller.tail)
    assert not scene.events()


@pytest.mark.parametrize("number, place, verb, resource", [
    p for p in permissions() if p[2:] not in SEEN_ELSEWHERE], ids=lambda value: str(value))
def test_nothing_is_too_much(cluster, api, namespace, installed, scratch_redis, tmp_path, number, place, verb,
                             resource):
    refusal = f'cannot {verb} resource "{resource}"'
    if resource == "rediswals/finalizers":
        refusal = "cannot set blockOwnerDeletion"
    installed.grant(without(number, place, verb, resource))
    scene = Scene(cluster, api, namespace, scratch_redis)
    controller = installed.run(tmp_path, namespace)
    try:
        if resource == "leases":
            check_the_lease(controller, verb)
        elif resource == "events":
            check_the_events(scene, controller)
        elif (verb, resource) in FOR_JOBS:
            await_(lambda: FOR_JOBS[verb, resource] in scene.said_of_keys(), 90,
                   lambda: f"{scene.said_of_keys()}\n{controller.tail()}")
            assert not scene.exists("job", "-l", "redwal.dev/restore=of-keys")
        else:
            if verb == "delete" and resource != "jobs":
                await_(scene.is_made, 90, lambda: f"everything is made\n{controller.tail()}")
                scene.unwant()
            await_(lambda: refusal in scene.said(controller), 90,
                   lambda: f"{refusal}\n{scene.said(controller)}")
    finally:
        controller.stop()
        installed.restore()


# --- components/mirror-maker ----------------------------------------------------------------------

FOLLOW_AND_ORDER = ["list", "watch", "patch"]
NOBODY = "127.0.0.1:1"


def verbs_for_mirrors(cluster, namespace):
    """What the controller may do with KafkaMirrorMaker2s there."""
    return [verb for verb in [*FOLLOW_AND_ORDER, "get", "create", "update", "delete"]
            if cluster.allows(f"system:serviceaccount:{HOME}:redwal-controller", namespace, verb, "kafka.strimzi.io",
                              "kafkamirrormaker2s")]


@pytest.fixture
def component(cluster, namespace, installed):
    """Beside the controller; to be called, with the verb that it is to lack."""
    del installed

    def await_verbs(wanted):
        await_(lambda: verbs_for_mirrors(cluster, namespace) == wanted, 60,
               lambda: f"the controller may {wanted}: {verbs_for_mirrors(cluster, namespace)}")

    def grant(lacking=None):
        objects = list(yaml.safe_load_all(OF_MIRRORS.read_text()))
        rule, = objects[0]["rules"]
        rule["verbs"] = [verb for verb in rule["verbs"] if verb != lacking]
        for body in objects:
            cluster.kubectl("apply", "-f", "-", stdin=json.dumps(body))
        await_verbs([verb for verb in FOLLOW_AND_ORDER if verb != lacking])
    await_verbs([])
    yield grant
    cluster.kubectl("delete", "-f", OF_MIRRORS)


@pytest.fixture
def operator(cluster, namespace, definition_of_strimzi, component, wals):
    """That of a KafkaMirrorMaker2 which a RedisWal wants to be stopped."""
    del component
    cluster.kubectl("-n", HOME, "delete", "lease", "--all")
    operator = Operator(cluster, namespace, definition_of_strimzi, None)
    make_mirror(operator, NOBODY, NOBODY)
    wals.create(**{"spec.mirror": {"state": "Stopped", "kafkaMirrorMaker2": {"name": NAME, "sourceAlias": "dc"}}})
    return operator


def test_the_component_is_enough_to_follow_and_order_mirrors(namespace, installed, component, operator, wals,
                                                             tmp_path):
    component()
    controller = installed.run(tmp_path, namespace)

    def told(reason):
        return reason in (wals.condition("MirrorRunning") or ())
    try:
        await_(lambda: operator.mirror(1)[SOURCE].get("state") == "stopped", 90, controller.tail)
        await_(lambda: told("NotReconciled"), 90, controller.tail)
        operator.say(operator.resource(), {
            "name": "dc->dr.MirrorSourceConnector", "connector": {"state": "STOPPED"}, "tasks": []})
        await_(lambda: told("GuardAwaited"), 90, controller.tail)
    finally:
        controller.stop()
    assert "orbidden" not in controller.output()


@pytest.mark.parametrize("verb", FOLLOW_AND_ORDER)
def test_nothing_in_the_component_is_too_much(namespace, installed, component, operator, tmp_path, verb):
    del operator
    component(lacking=verb)
    controller = installed.run(tmp_path, namespace)
    try:
        await_(lambda: f'cannot {verb} resource "kafkamirrormaker2s"' in controller.output().replace('\\"', '"'), 90,
               controller.tail)
    finally:
        controller.stop()
