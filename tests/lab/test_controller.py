"""The controller on a real API server, seen by kubectl and the Python client."""

import json
import signal
import subprocess
import time

import pytest
import yaml

from controllers import PATIENT, PROGRAM
from lab.clocked import Clock
from lab.failover import Failover
from lab.mount import Mount
from lab.wait import await_, holds
from rediswals import GROUP, PLURAL
from wals import KINDS, NAME

HALF_A_DAY = 12 * 3600  # our certificates are valid for two


def test_a_wal_becomes_objects_and_they_go_with_it(wals, controller):
    wals.create()
    controller().await_leading()
    wals.await_made()
    await_(lambda: wals.condition("RedisReachable") == ("False", "Unreachable"), 90, "it is known")
    await_(lambda: wals.condition("LogReachable") == ("False", "Unreachable"), 90, "it is known")
    status = wals.get()["status"]
    assert status["observedGeneration"] == 1 and status["phase"] == "Unreachable"
    assert status["applier"]["desired"] == 2
    assert wals.condition("SpecAccepted") == ("True", "Accepted")
    assert "Unreachable" in wals.kubectl("get", "rwal").stdout
    wals.kubectl("delete", "rwal", "orders")
    await_(lambda: wals.kubectl("get", *[f"{kind}/{NAME}" for kind in KINDS],
                                check=False).stdout == "", 180, "the objects are gone")


def test_what_others_change_or_delete_is_put_back(wals, controller):
    wals.create()
    it = controller().await_leading()
    wals.await_settled()
    wals.kubectl("set", "image", f"deployment/{NAME}", "*=stranger")
    wals.kubectl("label", "service", NAME, "redwal.dev/wal=other", "--overwrite")
    wals.kubectl("delete", "poddisruptionbudget", NAME)

    def put_back():
        image = wals.apps.read_namespaced_deployment(NAME, wals.namespace).spec.template.spec
        label = wals.cluster.core.read_namespaced_service(NAME, wals.namespace).metadata.labels
        return image.containers[0].image != "stranger" and label["redwal.dev/wal"] == "orders" and \
            wals.kubectl("get", "pdb", NAME, check=False).returncode == 0
    await_(put_back, 90, it.tail)
    await_(lambda: it.metric("put_back_total") >= 2, 30, "its page tells of it")


def test_a_changed_setting_rolls_the_pods_and_a_scale_does_not(wals, controller):
    def template():
        return wals.apps.read_namespaced_deployment(NAME, wals.namespace).spec.template.to_dict()

    def option():
        return wals.cluster.core.read_namespaced_config_map(NAME, wals.namespace).data
    wals.create()
    controller().await_leading()
    wals.await_settled()
    before, options = template(), option()
    wals.kubectl("scale", "rwal", "orders", "--replicas", "3")
    await_(lambda: wals.apps.read_namespaced_deployment(NAME, wals.namespace).spec.replicas == 3,
           90, "three replicas are wanted")
    assert template() == before
    wals.patch({"options": {"batchMaxOps": 77}})
    await_(lambda: option() != options, 90, "the option reaches the applier's file")
    await_(lambda: template() != before, 90, "the pods are rolled")


def test_nothing_is_written_while_nothing_changes(wals, controller):
    wals.create()
    it = controller().await_leading()
    wals.await_settled()
    before = wals.versions()
    writes = it.writes()
    holds(lambda: wals.versions() == before, 10, "no version changes")
    assert it.writes() == writes
    assert it.stop() == 0
    second = controller("second").await_leading()
    await_(lambda: second.metric("passes_total") >= 1, 90, second.tail)
    holds(lambda: wals.versions() == before, 10, "a process that begins anew writes nothing")


def test_an_object_of_others_is_not_touched(wals, controller):
    wals.cluster.put(wals.namespace, NAME, theirs="x")
    wals.create()
    controller().await_leading()
    await_(lambda: wals.condition("ObjectsApplied") == ("False", "NameTaken"), 90, "it is told")
    held = wals.cluster.core.read_namespaced_config_map(NAME, wals.namespace)
    assert held.data == {"theirs": "x"} and not held.metadata.owner_references

    def told():
        return wals.cluster.events.list_namespaced_event(
            wals.namespace, field_selector="reason=NameTaken").items
    event, = await_(told, 90, "an Event")
    assert event.regarding.name == "orders" and event.type == "Warning"
    assert f"ConfigMap {NAME}" in event.note
    wals.cluster.core.delete_namespaced_config_map(NAME, wals.namespace)
    await_(lambda: wals.condition("ObjectsApplied") == ("True", "Applied"), 90, "it is ours now")


def test_a_leader_that_stood_still_past_its_lease_acts_no_more(wals, controller):
    wals.create()
    first = controller("first", lease=PATIENT).await_leading()
    wals.await_settled()
    second = controller("second", lease=PATIENT)
    await_(lambda: second.get("/readyz")[0] == 200, 90, second.tail)
    assert not second.leads()
    written = first.writes()
    first.pause()
    wals.patch({"applier": {"replicas": 4}})
    await_(lambda: wals.apps.read_namespaced_deployment(NAME, wals.namespace).spec.replicas == 4,
           90, second.tail)
    second.await_leading()
    first.resume()
    await_(lambda: first.get("/metrics")[0] == 200 and not first.leads(), 30, first.tail)
    wals.patch({"applier": {"replicas": 5}})
    await_(lambda: wals.apps.read_namespaced_deployment(NAME, wals.namespace).spec.replicas == 5,
           90, second.tail)
    time.sleep(3)  # in which it asks for the lease
    assert first.writes() == written and not first.leads() and second.leads()
    assert "Lost the lease" in first.output()


def test_clocks_that_jump_move_neither_the_lease_nor_what_is_written(wals, controller, tmp_path):
    """By half a day, while the one leads and the other waits; on, and back again."""
    def start(name):
        clock = Clock(tmp_path / f"{name}.clock")
        clock.run_ahead(0)
        # The sanitizer's library need not be the first.
        return clock, controller(name, lease=PATIENT, env={**clock.env, "ASAN_OPTIONS": "verify_asan_link_order=0"})

    def lease():
        spec = wals.cluster.coordination.read_namespaced_lease(
            "redwal-controller", wals.namespace).spec
        return spec.renew_time.timestamp() - time.time(), spec.lease_transitions

    wals.create()
    clock, first = start("first")
    first.await_leading()
    wals.await_settled()
    others_clock, second = start("second")
    await_(lambda: second.get("/readyz")[0] == 200, 90, second.tail)
    before = wals.versions()
    for ahead in (HALF_A_DAY, 0):
        clock.run_ahead(ahead)
        await_(lambda: abs(lease()[0] - ahead) < 60, 30, "its clock is what it believes")
        holds(lambda: first.leads() and not second.leads(), 3, "the one leads")
        others_clock.run_ahead(ahead)
        holds(lambda: first.leads() and not second.leads(), 3, "the other waits")
    assert first.metric("terms_total") == 1 and lease()[1] == 0
    assert wals.versions() == before
    clock.run_ahead(HALF_A_DAY)
    first.pause()
    second.await_leading(60)
    first.resume()
    await_(lambda: not first.leads(), 30, first.tail)
    wals.patch({"applier": {"replicas": 4}})
    await_(lambda: wals.apps.read_namespaced_deployment(NAME, wals.namespace).spec.replicas == 4,
           90, second.tail)


def test_a_leader_that_is_told_to_end_gives_its_place_away(wals, controller):
    wals.create()
    first = controller("first").await_leading()
    second = controller("second")
    await_(lambda: second.get("/readyz")[0] == 200, 30, second.tail)

    def holder():
        return wals.cluster.coordination.read_namespaced_lease(
            "redwal-controller", wals.namespace).spec.holder_identity
    before = holder()
    assert first.stop() == 0
    assert holder() != before, "nobody waits until its lease has run out"
    second.await_leading()


def test_an_api_server_that_restarts_is_waited_for(wals, controller):
    wals.create()
    it = controller().await_leading()
    wals.await_settled()
    wals.cluster.part("stop", "kube-apiserver")
    await_(lambda: not it.leads(), 20, it.tail)
    wals.cluster.start_api_server()
    it.await_leading(60)
    wals.patch({"applier": {"replicas": 4}})
    await_(lambda: wals.apps.read_namespaced_deployment(NAME, wals.namespace).spec.replicas == 4,
           60, it.tail)


def test_history_that_is_gone_hides_nothing(wals, controller, link, linked):
    wals.create()
    it = controller("first", linked).await_leading()
    wals.await_settled()
    link.cut()
    wals.kubectl("delete", "service", NAME)
    wals.patch({"applier": {"replicas": 4}})
    wals.cluster.compact()
    # The API server keeps the last changes itself; another process of it has only what etcd has.
    wals.cluster.part("stop", "kube-apiserver")
    wals.cluster.start_api_server()
    link.restore()
    await_(lambda: wals.apps.read_namespaced_deployment(NAME, wals.namespace).spec.replicas == 4,
           90, it.tail)
    await_(lambda: wals.kubectl("get", "service", NAME, check=False).returncode == 0, 30, it.tail)


RULES = [([GROUP], [PLURAL], ["get", "list", "watch"]),
         ([GROUP], [f"{PLURAL}/status"], ["patch"]),
         ([GROUP], [f"{PLURAL}/finalizers"], ["update"]),
         ([GROUP], ["redisrestores"], ["list", "watch"]),
         (["coordination.k8s.io"], ["leases"], ["get", "create", "update"]),
         (["events.k8s.io"], ["events"], ["create", "patch"]),
         ([""], ["serviceaccounts", "configmaps", "services"],
          ["get", "list", "watch", "create", "patch", "delete"]),
         (["networking.k8s.io"], ["networkpolicies"],
          ["get", "list", "watch", "create", "patch", "delete"]),
         (["policy"], ["poddisruptionbudgets"],
          ["get", "list", "watch", "create", "patch", "delete"]),
         (["apps"], ["deployments"], ["get", "list", "watch", "create", "patch", "delete"])]


def grant(wals, rules):
    wals.cluster.rbac.replace_namespaced_role("controller", wals.namespace, {
        "metadata": {"name": "controller"},
        "rules": [{"apiGroups": g, "resources": r, "verbs": v} for g, r, v in rules]})


def test_permissions_that_are_taken_are_told_and_may_come_back(wals, controller):
    grant(wals, RULES)
    wals.kubectl("create", "rolebinding", "controller", "--role=controller", "--user=lab-user")
    wals.create()
    it = controller("first", wals.cluster.directory / "user.kubeconfig").await_leading()
    wals.await_settled()
    grant(wals, [(g, r, ["get", "list", "watch"] if "deployments" in r else v)
                 for g, r, v in RULES])
    wals.cluster.await_may(wals.namespace, [
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch"]}], may=False)
    wals.patch({"applier": {"replicas": 4}})
    await_(lambda: wals.condition("ObjectsApplied") == ("False", "Refused"), 60, it.tail)
    assert "403 Forbidden" in str(wals.get()["status"]["conditions"])
    grant(wals, RULES)
    await_(lambda: wals.condition("ObjectsApplied") == ("True", "Applied"), 90, it.tail)
    assert wals.apps.read_namespaced_deployment(NAME, wals.namespace).spec.replicas == 4


def test_a_spec_that_slipped_past_the_schema_is_told(wals, controller):
    """A RedisFailover of a cluster that has none: the schema cannot know that."""
    wals.create(spec__redis={"failover": "cache"})
    it = controller().await_leading()
    await_(lambda: wals.condition("SpecAccepted") == ("False", "NotFollowed"), 30, it.tail)
    assert wals.get()["status"]["phase"] == "Rejected"
    assert wals.kubectl("get", "deployment", NAME, check=False).returncode != 0


def test_sentinels_that_call_the_primary_by_the_failovers_name_are_asked_for_that(wals, controller,
                                                                                 freshworks):
    """As a user of freshworks' operator may choose."""
    def option():
        config = wals.cluster.core.read_namespaced_config_map(NAME, wals.namespace)
        return yaml.safe_load(config.data["redis-applier.yaml"])["master-name"]
    of_failovers = ("databases.spotahome.com", "v1", wals.namespace, "redisfailovers")
    wals.api.create_namespaced_custom_object(*of_failovers, {
        "apiVersion": "databases.spotahome.com/v1", "kind": "RedisFailover", "metadata": {"name": "cache"},
        "spec": {"redis": {}, "sentinel": {"disableMyMaster": True}}})
    wals.create(spec__redis={"failover": "cache"})
    it = controller().await_leading()
    wals.await_made()
    await_(lambda: option() == "cache", 30, it.tail)
    wals.api.patch_namespaced_custom_object(*of_failovers, "cache", {
        "spec": {"sentinel": {"disableMyMaster": False}}})
    await_(lambda: option() == "mymaster", 30, it.tail)


@pytest.fixture
def failover(tmp_path):
    failover = Failover(tmp_path).start()
    yield failover
    failover.stop()


def test_a_primary_that_changed_is_told_before_the_next_look_is_due(wals, controller, failover):
    """By Sentinel while who was the primary hangs, and by an operator, which is no failover."""
    def is_told(node):
        return wals.get().get("status", {}).get("primary", {}).get("address") == node.address
    old = failover.primary()
    wals.create(spec__redis={"sentinels": [s.address for s in failover.sentinels]})
    it = controller("first", wals.cluster.kubeconfig, "--look-interval", "10m").await_leading()
    await_(lambda: is_told(old), 60, it.tail)
    old.pause()
    new = failover.await_primary_other_than(old)
    await_(lambda: is_told(new), 20, it.tail)
    old.resume()
    await_(failover.settled, 60, "all Sentinels know that who was the primary follows")
    failover.operator_moves_primary(old)
    await_(lambda: is_told(old), 20, it.tail)


def pod_of(name, ip, phase="Running"):
    """A pod as the operator makes it; nothing runs it."""
    labels = {"app.kubernetes.io/part-of": "redis-failover", "app.kubernetes.io/component": "redis"}
    return ({"metadata": {"name": name, "labels": labels},
             "spec": {"containers": [{"name": "redis", "image": "redis"}]}},
            {"status": {"phase": phase, "podIP": ip, "podIPs": [{"ip": ip}]}})


def test_the_status_names_the_pod_of_the_primary(wals, controller, others, scratch_redis):
    def put_pod(name, ip):
        pod, status = pod_of(name, ip)
        wals.cluster.core.create_namespaced_pod(wals.namespace, pod)
        wals.cluster.core.patch_namespaced_pod_status(name, wals.namespace, status)

    def told():
        return wals.get().get("status", {}).get("primary", {}).get("pod")
    put_pod("rfr-cache-0", "10.0.0.1")
    put_pod("rfr-cache-1", "127.0.0.1")
    wals.create(spec__redis={"address": scratch_redis.address})
    it = controller().await_leading()
    await_(lambda: told() == "rfr-cache-1", 60, it.tail)
    shown = subprocess.run([PROGRAM.with_name("kubectl-redwal"), "status", "orders", "-n",
                            wals.namespace, "--kubeconfig", wals.cluster.kubeconfig],
                           capture_output=True, text=True, check=False)
    assert "rfr-cache-1" in shown.stdout
    wals.kubectl("delete", "pod", "rfr-cache-1", "--grace-period=0", "--force")
    await_(lambda: told() is None, 30, it.tail)


def test_who_may_not_list_failovers_works_for_the_others(wals, controller, others):
    grant(wals, RULES)
    wals.kubectl("create", "rolebinding", "controller", "--role=controller", "--user=lab-user")
    wals.create()
    wals.create("by-failover", spec__redis={"failover": "cache"})
    it = controller("first", wals.cluster.directory / "user.kubeconfig").await_leading()
    wals.await_made()
    await_(lambda: wals.condition("SpecAccepted", "by-failover") == ("False", "NotFollowed"), 60,
           it.tail)
    assert "RedisFailovers cannot be listed" in str(wals.get("by-failover")["status"])
    assert wals.condition("SpecAccepted") == ("True", "Accepted")


def test_options_of_its_file_change_while_it_runs(wals, controller, tmp_path):
    mount = Mount(tmp_path / "mount", config="look-interval: 10m\n")
    wals.create()
    it = controller("first", wals.cluster.kubeconfig, "--config", mount.path("config")).await_leading()
    wals.await_settled()
    mount.put(config="look-interval: 1s\nrequests-per-second: 50\n"
                     "requests-burst: 60\napplier-image: other:1\n")
    await_(lambda: it.metric("reloads_total") == 1, 20, it.tail)
    config = it.get("/config")[1]
    for line in ("look-interval: 1s", "requests-per-second: 50", "requests-burst: 60"):
        assert f"{line}\n" in config
        name, value = line.split(": ")
        assert f"option={name} before=" in it.output() and f" after={value}" in it.output()
    assert "other:1" not in config
    assert 'needs a restart" option=applier-image' in it.output()
    # What is wrong changes nothing.
    mount.put(config="look-interval: never\n")
    await_(lambda: it.metric("reload_failed") == 1, 20, it.tail)
    assert "look-interval: 1s\n" in it.get("/config")[1] and "never" in it.output()
    mount.put(config="log-level: error\n")
    it.signal(signal.SIGHUP)
    await_(lambda: it.metric("reload_failed") == 0, 20, it.tail)
    assert "look-interval: 2s\n" in it.get("/config")[1] and it.leads()
    assert it.metric("reloads_total") == 2
    assert it.output().count("Read options again") == 1, "the second time says nothing at this level"


def test_it_logs_json_where_that_is_wanted(tmp_path):
    nowhere = tmp_path / "nowhere"
    nowhere.write_text("{}")
    done = subprocess.run([PROGRAM, "--log-format", "json", "--kubeconfig", nowhere],
                          stderr=subprocess.PIPE, text=True, timeout=30, check=False)
    first, last = map(json.loads, done.stderr.splitlines())
    assert first["msg"] == "Started" and str(nowhere) in last["error"]
