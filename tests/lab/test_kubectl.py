"""kubectl-redwal on a cluster: what it shows and changes, as kubectl sees it."""

import json
import os
import pathlib
import subprocess
import time

import pytest

from lab.process import Process
from lab.wait import await_
from place import bind

REDWAL = pathlib.Path(os.environ["KUBE_PROBE"]).parents[1] / "bin" / "kubectl-redwal"
DONE, FAILED, USAGE, DIFFERENT, TIMEOUT = range(5)


def wal(name, **applier):
    return {"apiVersion": "redwal.dev/v1alpha1", "kind": "RedisWal", "metadata": {"name": name},
            "spec": {"site": "dc", "redis": {"address": "redis:6379"},
                     "kafka": {"brokers": ["kafka:9092"]}, "applier": applier}}


def status(ready, generation=1, **figures):
    return {"observedGeneration": generation, "phase": "Applying" if ready else "Held",
            "applier": {"ready": 2, "desired": 2}, **figures,
            "conditions": [{"type": "Ready", "status": "True" if ready else "False",
                            "reason": "AllWell" if ready else "ConditionFails",
                            "message": "as the test says",
                            "lastTransitionTime": "2026-11-25T14:00:00Z"}]}


@pytest.fixture
def redwal(cluster, definition, namespace):
    """Runs kubectl-redwal in a namespace of its own; returns (exit status, output, errors)."""
    del definition

    def run(*argv, kubeconfig=None, scope=namespace):
        done = subprocess.run(
            [REDWAL, *argv, "-n", scope, "--kubeconfig", kubeconfig or cluster.kubeconfig],
            capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture
def put(cluster, namespace):
    """Creates a RedisWal, and writes its status as a controller would."""
    def write(name, said=None, **applier):
        cluster.kubectl("create", "-n", namespace, "-f", "-", stdin=json.dumps(wal(name, **applier)))
        if said:
            say(name, said)

    def say(name, said):
        cluster.kubectl("patch", "rediswal", name, "-n", namespace, "--subresource", "status",
                        "--type", "merge", "-p", json.dumps({"status": said}))

    write.status = say
    return write


def look(redwal, *argv):
    code, out, err = redwal("status", "-o", "json", *argv)
    assert code in (DONE, DIFFERENT), err
    return code, json.loads(out)


def test_status_shows_what_the_status_says(redwal, put):
    put("orders", status(True, partitions=12, lag={"records": 7, "seconds": 3}, freshness=5,
                         primary={"address": "10.0.0.7:6379", "pod": "rfr-0"}))
    code, shown = look(redwal, "orders")
    assert code == DONE
    assert (shown["phase"], shown["site"], shown["behind"], shown["lagSeconds"],
            shown["freshnessSeconds"]) == ("Applying", "dc", 7, 3, 5)
    assert (shown["primary"], shown["pod"], shown["current"]) == ("10.0.0.7:6379", "rfr-0", True)
    assert [(c["type"], c["status"], c["message"]) for c in shown["conditions"]] == [
        ("Ready", "True", "as the test says")]


def test_its_exit_status_says_whether_all_are_ready(redwal, put):
    put("good", status(True))
    assert look(redwal)[0] == DONE
    put("bad", status(False))
    put("new")
    code, shown = look(redwal)
    assert code == DIFFERENT
    assert [(w["name"], w["phase"]) for w in shown["wals"]] == [
        ("bad", "Held"), ("good", "Applying"), ("new", None)]
    assert [look(redwal, name)[0] for name in ("good", "bad", "new")] == [DONE, DIFFERENT,
                                                                         DIFFERENT]


def test_a_status_of_an_older_specification_says_so(redwal, put):
    put("orders", status(True))
    assert redwal("scale", "orders", "3")[0] == DONE
    assert look(redwal, "orders")[1]["current"] is False


def test_those_of_all_namespaces(cluster, redwal, put, namespace):
    put("here", status(True))
    other = cluster.namespace(f"{namespace}-other")
    cluster.kubectl("create", "-n", other, "-f", "-", stdin=json.dumps(wal("there")))
    shown = look(redwal, "-A")[1]
    assert {(namespace, "here"), (other, "there")} <= {
        (w["namespace"], w["name"]) for w in shown["wals"]}
    code, _, err = redwal("status", "here", "-A")
    assert code == USAGE and "--all-namespaces" in err


def test_watching_shows_changes(cluster, put, namespace, tmp_path, definition):
    del definition
    put("orders", status(False))
    process = Process("status", [REDWAL, "status", "orders", "-w", "--interval", "100ms", "-o",
                                 "json", "-n", namespace, "--kubeconfig", cluster.kubeconfig],
                      tmp_path / "status.log").start()
    await_(lambda: '"Held"' in process.output(), 20, process.tail)
    put.status("orders", status(True))
    await_(lambda: '"Applying"' in process.output(), 20, process.tail)
    process.stop()
    phases = [json.loads(line)["phase"] for line in process.output().splitlines()]
    assert sorted(set(phases), key=phases.index) == ["Held", "Applying"]


def test_events_are_those_of_the_wal(cluster, redwal, put, namespace):
    put("orders", status(True))
    put("other")
    uid = json.loads(cluster.kubectl("get", "rediswal", "orders", "-n", namespace, "-o",
                                     "json").stdout)["metadata"]["uid"]
    for count, (name, reason) in enumerate([("orders", "First"), ("orders", "Second"),
                                            ("other", "NotThis")]):
        cluster.events.create_namespaced_event(namespace, {
            "metadata": {"name": f"event-{count}"}, "type": "Warning", "reason": reason,
            "action": "Look", "note": "what was found", "reportingController": "redwal.dev/test",
            "reportingInstance": "test", "eventTime": f"2026-11-25T14:00:0{count}.000000Z",
            "regarding": {"kind": "RedisWal", "name": name, "namespace": namespace,
                          "apiVersion": "redwal.dev/v1alpha1", "uid": uid}})
    code, out, err = redwal("events", "orders", "-o", "json")
    assert code == DONE, err
    assert [(e["reason"], e["type"], e["note"]) for e in json.loads(out)["events"]] == [
        ("First", "Warning", "what was found"), ("Second", "Warning", "what was found")]
    assert [e["reason"] for e in look(redwal, "orders")[1]["events"]] == ["First", "Second"]


def spec_of(cluster, namespace, name):
    return json.loads(cluster.kubectl("get", "rediswal", name, "-n", namespace, "-o",
                                      "json").stdout)["spec"]["applier"]


def test_pausing_resuming_and_scaling(cluster, redwal, put, namespace):
    put("orders")
    for argv, expected in ((("pause", "orders"), (True, 2)), (("scale", "orders", "5"), (True, 5)),
                           (("resume", "orders"), (False, 5)),
                           (("scale", "orders", "0"), (False, 0))):
        before = spec_of(cluster, namespace, "orders")
        code, out, err = redwal(*argv, "--dry-run", "-o", "json")
        assert code == DONE, err
        assert spec_of(cluster, namespace, "orders") == before
        assert redwal(*argv)[0] == DONE
        after = spec_of(cluster, namespace, "orders")
        assert (after["paused"], after["replicas"]) == expected
        assert (json.loads(out)["paused"], json.loads(out)["replicas"]) == expected


def test_what_cannot_be_is_refused_with_the_reason(redwal, put):
    put("orders")
    for argv, code, said in (
            (("scale", "orders", "101"), FAILED, "spec.applier.replicas"),
            (("scale", "orders", "-1"), USAGE, "-1"),
            (("scale", "orders", "many"), USAGE, "'many' is not a number"),
            (("scale", "orders"), USAGE, "REPLICAS"),
            (("pause", "nothing"), FAILED, '"nothing" not found'),
            (("events", "nothing"), FAILED, '"nothing" not found'),
            (("status", "nothing"), FAILED, '"nothing" not found'),
            (("status", "--context", "nowhere"), FAILED, "no context 'nowhere'")):
        got, _, err = redwal(*argv)
        assert got == code and said in err, (argv, got, err)


def test_waiting_ends_when_the_controller_says_so(redwal, put, cluster, namespace, tmp_path):
    put("orders", status(True))
    code, _, err = redwal("pause", "orders", "--wait", "--timeout", "500ms")
    assert code == TIMEOUT and "kubectl redwal status orders" in err
    process = Process("pause", [REDWAL, "pause", "orders", "--wait", "-n", namespace,
                                "--kubeconfig", cluster.kubeconfig], tmp_path / "pause.log").start()
    time.sleep(1)
    assert process.running()
    put.status("orders", status(False, generation=2, applier={"ready": 0, "desired": 0}))
    await_(lambda: not process.running(), 20, process.tail)
    assert "yes" in process.output()


def test_who_may_read_may_look_and_not_touch(cluster, redwal, put, namespace):
    put("orders", status(True))
    user = cluster.directory / "user.kubeconfig"
    code, _, err = redwal("status", kubeconfig=user)
    assert code == FAILED and "403" in err
    bind(cluster, namespace, "redwal-view")
    for argv in (("status",), ("status", "orders"), ("events", "orders")):
        code, _, err = redwal(*argv, kubeconfig=user)
        assert code == DONE, err
    code, _, err = redwal("pause", "orders", kubeconfig=user)
    assert code == FAILED and "403" in err
    for verb, resource, argv in (("list", "rediswals", ("status",)), ("get", "rediswals", ("status", "orders")),
                                 ("list", "events", ("events", "orders"))):
        bind(cluster, namespace, "redwal-view", (verb, resource))
        code, _, err = redwal(*argv, kubeconfig=user)
        assert code == FAILED and f'cannot {verb} resource "{resource}"' in err, err


def test_shells_are_offered_live_names(cluster, redwal, put, namespace):
    del redwal
    put("orders")
    put("other")
    done = subprocess.run([REDWAL, "__complete", "status", "-n", namespace, "--kubeconfig",
                           cluster.kubeconfig, "or"], capture_output=True, text=True, timeout=60,
                          check=True)
    assert done.stdout == "orders\n:4\n"


def test_shells_are_offered_what_the_cluster_and_its_configuration_have(cluster, redwal, put,
                                                                        namespace, tmp_path):
    del redwal
    put("orders")
    config = cluster.config()
    config["contexts"].append({**config["contexts"][0], "name": "admin@eu/2"})
    config["clusters"][0]["cluster"]["certificate-authority"] = str(cluster.directory / "ca.crt")
    for key in ("client-certificate", "client-key"):
        config["users"][0]["user"][key] = str(cluster.directory / config["users"][0]["user"][key])
    (tmp_path / "config").write_text(json.dumps(config))
    ours = tmp_path / "contexts.yaml"
    ours.write_text("contexts: {of-ours: {}}\n")

    def offered(*words):
        done = subprocess.run([REDWAL, "__complete", *words], capture_output=True, text=True,
                              timeout=60, check=True, env={
                                  **os.environ, "KUBECONFIG": str(tmp_path / "config"),
                                  "REDWAL_CONTEXT_FILE": str(ours)})
        return done.stdout.splitlines()

    names = [context["name"] for context in config["contexts"]]
    for words in (("status", "--context", ""), ("lag", "--rediswal", "orders", "--context", "")):
        assert offered(*words) == [*names, ":4"], words
    assert offered("lag", "--context", "") == ["of-ours", ":4"]
    assert {"default", "kube-system", namespace} <= set(offered("logs", "-n", ""))
    assert offered("logs", "-n", "kube-sys") == ["kube-system", ":4"]
    assert offered("tail", "-n", namespace, "--rediswal", "o") == ["orders", ":4"]


def test_a_cluster_without_the_definition_says_what_to_do(cluster, redwal):
    cluster.kubectl("delete", "crd", "rediswals.redwal.dev")
    try:
        code, _, err = redwal("status")
        assert code == FAILED and "manifests/crd" in err
    finally:
        crd = pathlib.Path(__file__).parents[2] / "manifests" / "crd"
        cluster.kubectl("apply", "--server-side", "-k", crd)
        cluster.await_established("crd/rediswals.redwal.dev")
