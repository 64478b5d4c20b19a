"""kubectl-redwal mirror on a KafkaMirrorMaker2, as Strimzi defines it, of a real Connect."""

import json
import os
import subprocess

import pytest

from lab.connect import Connect
from lab.wait import await_
from lab.wal import Topic
from place import DONE, FAILED, REDWAL, USAGE
from strimzi import CHECKPOINT, FORMS, KIND, NAME, SOURCE, Operator, make_mirror

PAUSED = "strimzi.io/pause-reconciliation"
in_each_form = pytest.mark.parametrize("definition_of_strimzi", FORMS, indirect=True, ids="-".join)


@pytest.fixture(scope="module")
def connect(place, tmp_path_factory):
    connect = Connect(tmp_path_factory.mktemp("connect"), place.broker.plain).start()
    yield connect
    connect.stop()


@pytest.fixture
def topic(place):
    """It is mirrored to dc.<its name>, in the same cluster."""
    topic = place.topic()
    topic.write(b'{"command":"INCR"}', b"k")
    topic.flush()
    return topic


@pytest.fixture
def operator(cluster, namespace, definition_of_strimzi, place, connect, topic):
    connector = connect.connector("dc->dr.MirrorSourceConnector", {
        "topics": topic.name, "source.cluster.alias": "dc", "target.cluster.alias": "dr",
        "source.cluster.bootstrap.servers": place.broker.plain,
        "target.cluster.bootstrap.servers": place.broker.plain,
        "exactly.once.support": "requested",
        "replication.policy.class": "org.apache.kafka.connect.mirror.DefaultReplicationPolicy"})
    operator = Operator(cluster, namespace, definition_of_strimzi, connector)
    make_mirror(operator, place.broker.plain, place.broker.plain)
    operator.reconcile()
    mirrored = Topic(place.broker.plain, f"dc.{topic.name}", topic.partitions, existing=True)
    await_(lambda: len(mirrored.read()) == 1, 60, "the record is mirrored")
    yield operator
    connector.remove()


@pytest.fixture
def mirror(cluster, namespace, place, topic):
    """Runs a verb; its output, or what it complains about."""
    def argv(*words, kubeconfig=None, alias="dc"):
        return [REDWAL, "mirror", *words, "-n", namespace, "--brokers", place.broker.plain,
                "--topic", f"dc.{topic.name}", "--mirror-maker", NAME, "--source-alias", alias,
                "--kubeconfig", kubeconfig or cluster.kubeconfig, "-o", "json"]

    def run(*words, status=DONE, **options):
        done = subprocess.run(argv(*words, **options), capture_output=True, text=True, timeout=60,
                              check=False, env={**os.environ, "XDG_CONFIG_HOME": "/nonexistent"})
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return json.loads(done.stdout) if status == DONE else done.stderr

    run.argv = argv
    return run


@in_each_form
def test_a_mirror_is_stopped_by_its_resource_and_proven_by_connect(connect, operator, mirror):
    found = mirror("status")
    assert (found["state"], found["tasks"], found["exactlyOnce"]) == ("Running", 2, True)
    def stored():
        return [row["next"] for row in mirror("status", "--kafka-connect", connect.url)["partitions"] if row["next"]]
    await_(lambda: stored() == [1], 30, "how far it is can be read once its transaction has its mark")
    found = mirror("status", "--kafka-connect", connect.url)
    assert (found["state"], found["keepsNames"], found["exactlyOnce"]) == ("Running", False, True)

    before = operator.unordered()
    plan = mirror("stop", "--dry-run")
    assert (plan["state"], plan["wouldDo"]) == ("Running", "stop it")
    assert "state" not in operator.mirror(1)[SOURCE]
    found = mirror("stop")
    assert (found["state"], found["reason"]) == ("Unknown", "NotReconciled")
    assert operator.mirror(1)[SOURCE]["state"] == operator.mirror(1)[CHECKPOINT]["state"] == "stopped"
    assert operator.unordered() == before
    assert mirror("status", "--kafka-connect", connect.url)["state"] == "Running"

    awaiting = subprocess.Popen(
        mirror.argv("stop", "--wait", "--timeout", "2m", "--kafka-connect", connect.url), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "XDG_CONFIG_HOME": "/nonexistent"})
    try:
        operator.reconcile()
        out, err = awaiting.communicate(timeout=150)
    finally:
        awaiting.kill()
    assert awaiting.returncode == DONE, err
    assert (json.loads(out)["state"], json.loads(out)["reason"]) == ("Stopped", "StoppedAndFenced")
    assert mirror("status")["reason"] == "GuardAwaited"

    mirror("resume")
    assert operator.mirror(1)[SOURCE]["state"] == operator.mirror(1)[CHECKPOINT]["state"] == "running"
    operator.reconcile()
    assert mirror("status")["state"] == "Running"
    assert operator.unordered() == before


def test_what_the_resource_does_not_ask_for_is_not_called_stopped(connect, operator, mirror):
    operator.connector.ask("PUT", "/stop")
    await_(lambda: operator.connector.status().get("tasks") == [], 60, "its tasks are gone")
    plan = mirror("stop", "--dry-run", "--kafka-connect", connect.url)
    assert plan["wouldDo"] == "stop it"
    mirror("stop", "--kafka-connect", connect.url)
    assert operator.mirror(1)[SOURCE]["state"] == "stopped"
    before = operator.resource()["metadata"]["resourceVersion"]
    mirror("stop", "--kafka-connect", connect.url)
    assert operator.resource()["metadata"]["resourceVersion"] != before  # what others sent is void


def test_a_connector_that_is_not_there_is_ordered_to_stop_and_not_waited_for(connect, operator,
                                                                             mirror):
    operator.connector.remove()
    said = mirror("stop", "--wait", "--timeout", "20s", "--kafka-connect", connect.url,
                  status=FAILED)
    assert "Connect has no connector" in said
    assert operator.mirror(1)[SOURCE]["state"] == "stopped"


def test_what_nobody_would_carry_out_is_refused(cluster, operator, mirror):
    operator.kubectl("annotate", KIND, NAME, f"{PAUSED}=true")
    before = operator.resource()
    assert mirror("status", status=FAILED) is not None
    assert PAUSED in mirror("stop", status=FAILED) and PAUSED in mirror("resume", status=FAILED)
    operator.kubectl("annotate", KIND, NAME, f"{PAUSED}-")
    assert "no mirror from the cluster nowhere" in mirror("stop", status=FAILED, alias="nowhere")
    denied = mirror("stop", status=FAILED, kubeconfig=cluster.directory / "user.kubeconfig")
    assert KIND.split(".", maxsplit=1)[0] in denied and "forbidden" in denied
    assert operator.resource()["spec"] == before["spec"]


def test_a_proof_needs_connect(operator, mirror):
    del operator
    assert "--wait needs --kafka-connect" in mirror("stop", "--wait", status=USAGE)
