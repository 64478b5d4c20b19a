"""The manifests: they build, a real API server takes them, and they do what they say."""

import json
import os
import re

import pytest
import redis
import yaml

from lab import permissions
from lab.redis_server import RedisServer
from manifests import MANIFESTS, build, of_kind, users_of_sample
from rediswals import GROUP, PLURAL, VERSION, children, create, make

DIRECTORIES = sorted(str(path.parent.relative_to(MANIFESTS))
                     for path in MANIFESTS.rglob("kustomization.yaml")
                     if yaml.safe_load(path.read_text())["kind"] == "Kustomization")
SITES = ["dc", "dr"]


def test_all_of_them_are_tried():
    assert {"argocd", "controller", "crd", "observability", "observability/prometheus-operator", "rbac",
            "samples/dc", "samples/dr", "samples/restore"} <= set(DIRECTORIES)


@pytest.mark.parametrize("directory", DIRECTORIES)
def test_the_api_server_takes_it(cluster, definition, others, namespace, directory):
    del definition, others
    objects = build(cluster, directory)
    own = {o["metadata"].get("namespace") for o in objects} - {None}
    for scope in own - of_kind(objects, "Namespace").keys():
        cluster.kubectl("create", "namespace", scope, check=False)
    done = cluster.kubectl(*(["-n", namespace] if not own else []), "apply", "--server-side", "--validate=strict", "-k",
                           MANIFESTS / directory, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == len(objects)


def test_no_password_is_in_any_of_them(cluster):
    assert not any(of_kind(build(cluster, d), "Secret") for d in DIRECTORIES)


OF_CONNECT = MANIFESTS / "components/mirror-maker/connect.yaml"


def test_the_controller_is_let_into_its_namespace_and_out_to_redis_and_connect(cluster):
    objects = build(cluster, "controller")
    namespace = of_kind(objects, "Namespace")["redwal-system"]
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    template = of_kind(objects, "Deployment")["redwal-controller"]["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
           "metadata": {"name": "try", **template["metadata"]}}
    pod["spec"].pop("serviceAccountName")
    scope = cluster.namespace("restricted")
    cluster.kubectl("label", "namespace", scope, "pod-security.kubernetes.io/enforce=restricted")
    cluster.kubectl("-n", scope, "apply", "--dry-run=server", "-f", "-", stdin=json.dumps(pod))
    # The sample's Redis and Strimzi's Connect let it in by these labels, from this namespace.
    cluster.kubectl("-n", scope, "apply", "--dry-run=server", "--validate=strict", "-f", OF_CONNECT)
    policies = [*of_kind(build(cluster, "samples/dc"), "NetworkPolicy").values(),
                yaml.safe_load(OF_CONNECT.read_text())]
    peers = [peer for p in policies for rule in p["spec"]["ingress"] for peer in rule["from"]
             if "redwal-controller" in json.dumps(peer)]
    assert len(peers) == 2
    for peer in peers:
        assert peer["podSelector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
        assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "redwal-system"}


def test_one_pod_of_the_controller_at_a_time_may_be_evicted(cluster):
    objects = build(cluster, "controller")
    deployment = of_kind(objects, "Deployment")["redwal-controller"]
    budget, = of_kind(objects, "PodDisruptionBudget").values()
    assert budget["metadata"]["namespace"] == deployment["metadata"]["namespace"]
    assert budget["spec"]["selector"] == deployment["spec"]["selector"]
    assert budget["spec"]["selector"]["matchLabels"].items() <= \
        deployment["spec"]["template"]["metadata"]["labels"].items()
    assert (budget["spec"]["maxUnavailable"], deployment["spec"]["replicas"]) == (1, 2)
    assert budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"  # what is not ready holds up no drain


def numbers(ports):
    """What a rule of a NetworkPolicy lets through: (protocol, port)."""
    return {(p["protocol"], n) for p in ports for n in range(p["port"], p.get("endPort", p["port"]) + 1)}


def test_the_controller_goes_out_by_these_ports_and_to_the_pods_of_redis(cluster):
    """tests/lab/test_wal_pods.py has what this means to pods, as far as it is tried."""
    objects = build(cluster, "controller")
    policy, = of_kind(objects, "NetworkPolicy").values()
    deployment = of_kind(objects, "Deployment")["redwal-controller"]
    template, spec = deployment["spec"]["template"], policy["spec"]
    assert policy["metadata"]["namespace"] == deployment["metadata"]["namespace"]
    assert spec["podSelector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    rule, = spec["ingress"]
    assert rule.keys() == {"ports"} and numbers(rule["ports"]) == {
        ("TCP", port["containerPort"]) for c in template["spec"]["containers"] for port in c["ports"]}
    anywhere = [rule["ports"] for rule in spec["egress"] if "to" not in rule]
    assert set().union(*map(numbers, anywhere)) == {("UDP", 53), *(("TCP", port) for port in (
        53, 443, 6443, 6379, 26379, 9092, 9093, 9094, 8083))}
    assert [rule for rule in spec["egress"] if "to" in rule] == [{"to": [{
        "namespaceSelector": {}, "podSelector": {"matchLabels": {"app.kubernetes.io/part-of": "redis-failover"}}}]}]


def sample(cluster, site):
    """Its RedisWal, as if it were there."""
    wal = of_kind(build(cluster, f"samples/{site}"), "RedisWal")["orders"]
    wal["metadata"].update(uid="u", namespace="prod")
    return wal


def test_no_container_of_ours_writes_to_its_image(cluster):
    """Neither of those that the manifests have, nor of those that the controller makes."""
    objects = [o for directory in DIRECTORIES for o in build(cluster, directory)]
    objects += children(sample(cluster, "dc"), "auth", "uid").values()
    pods = [o["spec"]["template"]["spec"] for o in objects if o["kind"] in ("Deployment", "Job")]
    containers = {c["name"]: c for pod in pods for c in [*pod["containers"], *pod.get("initContainers", [])]}
    assert containers.keys() == {"redwal-controller", "redis-applier", "verify", "scratch"}
    read_only = {name for name, c in containers.items() if c["securityContext"].get("readOnlyRootFilesystem") is True}
    assert read_only == containers.keys()


@pytest.mark.parametrize("component, beside, kinds", [
    ("mirror-maker", "controller", ["ClusterRole", "ClusterRoleBinding"]),
    ("wipe-volumes", "samples/dc", ["Role", "RoleBinding"])])
def test_a_component_lets_the_controller_do_more(cluster, namespace, tmp_path, component, beside, kinds):
    """In a kustomization with a namespace: the controller's stays what it is."""
    scope = "redwal-system" if beside == "controller" else namespace
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump({
        "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "namespace": scope,
        "resources": [os.path.relpath(MANIFESTS / beside, tmp_path)],
        "components": [os.path.relpath(MANIFESTS / "components" / component, tmp_path)]}))
    there = {(o["kind"], o["metadata"]["name"]) for o in build(cluster, beside)}
    role, binding = added = [o for o in build(cluster, tmp_path)
                             if (o["kind"], o["metadata"]["name"]) not in there]
    assert [o["kind"] for o in added] == kinds
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert role["metadata"].get("namespace") == (scope if role["kind"] == "Role" else None)
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": "redwal-controller", "namespace": "redwal-system"}]
    cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-",
                    stdin="\n---\n".join(map(json.dumps, added)))


def test_what_was_installed_can_be_removed(cluster, api, namespace):
    """With every RedisWal; RedisRestores that the controller has not let go hold it up, and none are there."""
    installed = MANIFESTS / "controller"
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-k", installed)
    create(api, namespace, make({}))
    for left in api.list_cluster_custom_object(GROUP, VERSION, "redisrestores")["items"]:
        if "finalizers" in left["metadata"]:
            api.patch_namespaced_custom_object(
                GROUP, VERSION, left["metadata"]["namespace"], "redisrestores", left["metadata"]["name"],
                {"metadata": {"finalizers": None}})
    try:
        cluster.kubectl("delete", "-k", installed, "--ignore-not-found", "--timeout=300s")
        assert cluster.kubectl("get", "-k", installed, "--ignore-not-found", "-o", "name").stdout == ""
    finally:
        cluster.kubectl("apply", "--server-side", "-k", MANIFESTS / "crd")
        cluster.await_established("crd/rediswals.redwal.dev", "crd/redisrestores.redwal.dev")
    assert api.list_cluster_custom_object(GROUP, VERSION, PLURAL)["items"] == []


def made_by_hand():
    """The Secrets of docs/kubernetes.md: (name, key)."""
    page = (MANIFESTS.parent / "docs" / "kubernetes.md").read_text().replace("\\\n", " ")
    return {(name, key) for name, words in re.findall(r"kubectl create secret generic (\S+) (.*)", page)
            for key in re.findall(r"--from-(?:literal|file)=([\w.-]+)", words)}


@pytest.mark.parametrize("site", SITES)
def test_each_secret_of_a_sample_comes_from_vault_or_is_made_by_hand(cluster, site):
    objects = build(cluster, f"samples/{site}")
    made = {(name, key) for name, o in of_kind(objects, "ExternalSecret").items()
            for key in o["spec"].get("target", {}).get("template", {}).get("data") or
            [d["secretKey"] for d in o["spec"]["data"]]}
    wal = sample(cluster, site)
    failover = of_kind(objects, "RedisFailover")["orders"]["spec"]
    volumes = children(wal)["Deployment"]["spec"]["template"]["spec"]["volumes"]
    needed = {(source["secret"]["name"], item["key"]) for volume in volumes
              for source in volume.get("projected", {}).get("sources", [])
              for item in source["secret"]["items"]}
    needed |= {(failover["auth"]["secretPath"], "password")}
    needed |= {(v["secret"]["secretName"], item["key"]) for v in failover["redis"]["extraVolumes"]
               for item in v["secret"]["items"]}
    assert needed == made == made_by_hand()


@pytest.mark.parametrize("site", SITES)
def test_only_who_is_named_reaches_redis(cluster, site):
    objects = build(cluster, f"samples/{site}")
    policies = of_kind(objects, "NetworkPolicy")
    pods = {"matchLabels": {"app.kubernetes.io/part-of": "redis-failover",
                            "app.kubernetes.io/name": "orders"}}
    assert all(p["spec"]["podSelector"] == pods for p in policies.values())
    wal = sample(cluster, site)
    applier, job = (o["spec"]["template"]["metadata"]["labels"] for kind, o in children(wal, "auth", "uid").items()
                    if kind in ("Deployment", "Job"))

    def lets_in(peer, labels):
        return "namespaceSelector" not in peer and \
            peer["podSelector"]["matchLabels"].items() <= labels.items()

    peers = [peer for p in policies.values() for rule in p["spec"]["ingress"]
             for peer in rule["from"]]
    assert not any(lets_in(peer, {"app": "other"}) for peer in peers)
    for labels in (applier, job):
        assert sum(lets_in(peer, labels) for peer in peers) == 1
        assert not any(lets_in(peer, {**labels, "redwal.dev/wal": "other"}) for peer in peers)
    # And the appliers' own policy lets them out to the same pods.
    out = children(wal)["NetworkPolicy"]["spec"]["egress"]
    assert [{"podSelector": pods}] in [rule.get("to") for rule in out]


def test_the_controller_is_scraped_where_it_runs(cluster):
    monitor = of_kind(build(cluster, "observability/prometheus-operator"), "PodMonitor")["redwal-controller"]
    controller = of_kind(build(cluster, "controller"), "Deployment")["redwal-controller"]
    template = controller["spec"]["template"]
    assert monitor["metadata"]["namespace"] == controller["metadata"]["namespace"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    endpoint, = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint["port"] in [port["name"] for c in template["spec"]["containers"] for port in c["ports"]]
    assert endpoint["honorLabels"] is True  # else a RedisWal's namespace is replaced by the controller's


@pytest.fixture
def server(cluster, tmp_path):
    """Redis as the operator of the sample starts it, with the users of its Secret."""
    users = tmp_path / "users.conf"
    users.write_text(users_of_sample(cluster, "for-redwal"))
    server = RedisServer(tmp_path, options=["user pinger -@all +ping on >pingpass",
                                            f"include {users}"]).start()
    yield server
    server.remove()


def test_the_users_of_the_sample_may_what_is_documented_and_no_more(cluster, server):
    users = users_of_sample(cluster, "for-redwal")
    rules = re.fullmatch(r"user redwal on #[0-9a-f]{64} (.*)\n", users)[1].split()
    assert sorted(rules) == sorted([*permissions.REDIS, *permissions.RESTORE,
                                    "+config|get"])
    assert rules.index("-@all") < rules.index("+@write") < rules.index("-@dangerous")

    client = redis.Redis(port=server.port, username="redwal", password="for-redwal")
    client.set("a", 1)
    assert client.config_get("maxmemory-policy")
    client.flushall()
    for forbidden in (["CONFIG", "SET", "save", ""], ["KEYS", "*"], ["SHUTDOWN"]):
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.execute_command(*forbidden)
    with pytest.raises(redis.exceptions.AuthenticationError):
        redis.Redis(port=server.port, username="redwal", password="another").ping()


# --- Argo CD --------------------------------------------------------------------------------------

HEALTHS = {"Healthy", "Progressing", "Degraded", "Suspended", "Missing", "Unknown"}


@pytest.fixture
def health(cluster, scratch_redis):
    """What Argo CD's check says of an object; the Lua in Redis is 5.1, as Argo CD's."""
    config, = of_kind(build(cluster, "argocd"), "ConfigMap").values()
    client = redis.Redis(port=scratch_redis.port)

    def ask(obj, kind="RedisWal"):
        script = config["data"][f"resource.customizations.health.redwal.dev_{kind}"]
        said = client.eval("local obj = cjson.decode(ARGV[1])\n"
                           f"local function check()\n{script}\nend\n"
                           "return cjson.encode(check())", 0, json.dumps(obj))
        return json.loads(said)
    return ask


def wal_of(phase, conditions=(), generation=3, observed=3):
    return {"metadata": {"generation": generation},
            "status": {"phase": phase, "observedGeneration": observed,
                       "conditions": list(conditions)}}


def phases():
    page = (MANIFESTS.parent / "docs" / "conditions.md").read_text()
    table = page.split("\n## Phases\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", table, re.M)


def test_argo_knows_every_phase(health):
    known = {phase: health(wal_of(phase))["status"] for phase in phases()}
    assert len(known) >= 10 and set(known.values()) <= HEALTHS
    assert {phase for phase, status in known.items() if status == "Unknown"} == {"Unknown"}
    assert known["Applying"] == known["Degraded"] == "Healthy"
    assert known["RestoreRequired"] == known["Held"] == known["Unreachable"] == "Degraded"
    assert known["Paused"] == "Suspended"
    assert health(wal_of("NoSuchPhase"))["status"] == "Unknown"


def test_argo_waits_for_the_controller(health):
    for obj in ({"metadata": {"generation": 1}}, {"metadata": {"generation": 1}, "status": {}},
                wal_of("Applying", observed=2)):
        assert health(obj)["status"] == "Progressing"
        assert "has not looked" in health(obj)["message"]


def test_argo_is_told_what_is_not_good(health):
    conditions = [
        {"type": "Ready", "status": "False", "message": "see the others"},
        {"type": "RestoreRequired", "status": "False", "message": "the log makes Redis whole"},
        {"type": "CaughtUp", "status": "True", "message": "fine"},
        {"type": "RedisReachable", "status": "False", "message": "nobody answers"},
    ]
    said = health(wal_of("Unreachable", conditions))
    assert said == {"status": "Degraded", "message": "RedisReachable is False: nobody answers"}
    said = health(wal_of("RestoreRequired", [{"type": "RestoreRequired", "status": "True",
                                              "message": "too short"}]))
    assert said["message"] == "RestoreRequired is True: too short"


def steps():
    page = (MANIFESTS.parent / "docs" / "restore-steps.md").read_text()
    table = page.split("\n| step |")[1].split("\n\n")[0]
    return re.findall(r"^\| `?(\w+)`? \|", table, re.M)


def test_argo_knows_every_step_of_a_restore(health):
    known = {step: health({"status": {"step": step}}, "RedisRestore")["status"] for step in steps()}
    assert len(known) >= 10
    assert known.pop("Completed") == known.pop("Cancelled") == "Healthy"
    assert known.pop("Failed") == "Degraded"
    assert known.pop("Held") == "Suspended"
    assert set(known.values()) == {"Progressing"}


def test_argo_is_told_how_a_restore_is(health):
    for obj in ({}, {"status": {}}):
        assert health(obj, "RedisRestore") == {
            "status": "Progressing", "message": "the controller has not looked at it yet"}
    said = health({"status": {"step": "Failed", "message": "the log is trimmed"}}, "RedisRestore")
    assert said == {"status": "Degraded", "message": "Failed: the log is trimmed"}
