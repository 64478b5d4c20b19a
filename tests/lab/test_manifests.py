"""The manifests: they build, a real API server takes them, and they do what they say."""

import json
import re

import pytest
import redis
import yaml

from lab import permissions
from lab.redis_server import RedisServer
from manifests import MANIFESTS, build, of_kind, users_of_sample
from rediswals import children

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


def test_the_controller_is_let_into_its_namespace_and_out_to_redis(cluster):
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
    # The sample's Redis lets it in by these labels, from this namespace.
    peers = [peer for p in of_kind(build(cluster, "samples/dc"), "NetworkPolicy").values()
             for rule in p["spec"]["ingress"] for peer in rule["from"]
             if "redwal-controller" in json.dumps(peer)]
    assert len(peers) == 1
    assert peers[0]["podSelector"]["matchLabels"].items() <= \
        template["metadata"]["labels"].items()
    assert peers[0]["namespaceSelector"]["matchLabels"] == {
        "kubernetes.io/metadata.name": "redwal-system"}


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


@pytest.mark.parametrize("site", SITES)
def test_each_secret_of_a_sample_comes_from_vault(cluster, site):
    objects = build(cluster, f"samples/{site}")
    made = {(name, key) for name, o in of_kind(objects, "ExternalSecret").items()
            for key in o["spec"].get("target", {}).get("template", {}).get("data") or
            [d["secretKey"] for d in o["spec"]["data"]]}
    wal = of_kind(objects, "RedisWal")["orders"]
    wal["metadata"].update(uid="u", namespace="prod")
    failover = of_kind(objects, "RedisFailover")["orders"]["spec"]
    volumes = children(wal)["Deployment"]["spec"]["template"]["spec"]["volumes"]
    needed = {(source["secret"]["name"], item["key"]) for volume in volumes
              for source in volume.get("projected", {}).get("sources", [])
              for item in source["secret"]["items"]}
    needed |= {(failover["auth"]["secretPath"], "password")}
    needed |= {(v["secret"]["secretName"], item["key"]) for v in failover["redis"]["extraVolumes"]
               for item in v["secret"]["items"]}
    assert needed == made


@pytest.mark.parametrize("site", SITES)
def test_only_who_is_named_reaches_redis(cluster, site):
    objects = build(cluster, f"samples/{site}")
    policies = of_kind(objects, "NetworkPolicy")
    pods = {"matchLabels": {"app.kubernetes.io/part-of": "redis-failover",
                            "app.kubernetes.io/name": "orders"}}
    assert all(p["spec"]["podSelector"] == pods for p in policies.values())
    wal = of_kind(objects, "RedisWal")["orders"]
    wal["metadata"].update(uid="u", namespace="prod")
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
