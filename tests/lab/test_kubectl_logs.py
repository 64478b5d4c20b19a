"""kubectl-redwal logs on a real API server; what it asks of the nodes is answered by the test."""

import os
import pathlib
import subprocess

import pytest

from kubelet import Log, stamp
from lab.process import Process
from lab.wait import await_
from place import bind

REDWAL = pathlib.Path(os.environ["KUBE_PROBE"]).parents[1] / "bin" / "kubectl-redwal"
DONE, FAILED, USAGE, DIFFERENT, TIMEOUT, INCOMPLETE = range(6)


def line(seconds, text):
    return f"{stamp(seconds)} {text}"


@pytest.fixture
def argv(cluster, namespace):
    return lambda *words, kubeconfig=None: [
        REDWAL, "logs", *words, "-n", namespace, "--kubeconfig", kubeconfig or cluster.kubeconfig]


@pytest.fixture
def logs(argv):
    def run(*words, status=DONE, **options):
        done = subprocess.run(argv(*words, **options), capture_output=True, text=True, timeout=60,
                              check=False)
        assert done.returncode == status, f"{done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout.splitlines() if status == DONE else done.stdout + done.stderr
    return run


def test_all_pods_come_in_the_order_of_time(pods, logs):
    pods("orders-a", Log(line(1, "a1"), line(3, '{"msg":"a2"}')))
    pods("orders-b", Log(line(0, "b1"), line(2, " b2"), "without a time", line(4, "b3")))
    pods("other", Log(line(1, "not this")), wal="other")
    assert logs("orders") == ["[orders-b] b1", "[orders-a] a1", "[orders-b]  b2",
                              "[orders-b] without a time", '[orders-a] {"msg":"a2"}',
                              "[orders-b] b3"]
    assert logs("orders", "--no-prefix")[4] == '{"msg":"a2"}'
    assert logs("orders", "--timestamps")[1] == f"[orders-a] {stamp(1)} a1"
    assert "[other] not this" in logs()
    assert logs("other") == ["not this"]


def test_it_asks_for_what_is_wanted(pods, logs, kubelet):
    pods("orders-a", Log(line(1, "a1"), line(2, "a2"), previous=[line(0, "last words")]))
    pods("orders-b", Log(line(3, "side")), container="sidecar")
    kubelet.logs.pop(next(k for k in kubelet.logs if "orders-b" in k))
    kubelet.asked.clear()
    said = logs("orders", "--tail", "1", status=INCOMPLETE)
    assert "a2" in said and "a1" not in said and "orders-b" in said
    assert "last words" in logs("orders", "--previous", status=INCOMPLETE)
    logs("orders", "--since", "90s", "--tail", "-1", status=INCOMPLETE)
    queries = [query for where, query in kubelet.asked if where[1] == "orders-a"]
    assert [q.get("tailLines") for q in queries] == ["1", "100", None]
    assert [q.get("sinceSeconds") for q in queries] == [None, None, "90"]
    assert all(q["timestamps"] == "true" for q in queries)


def test_a_container_may_be_chosen(pods, logs):
    pods("orders-b", Log(line(3, "side")), container="sidecar")
    assert logs("orders", "--container", "sidecar") == ["side"]
    assert "redis-applier" in logs("orders", status=FAILED)


def test_a_log_that_fails_ends_no_other(pods, logs):
    pods("orders-a", Log(line(1, "a1")))
    pods("orders-b", Log(), waiting={"reason": "ImagePullBackOff"})
    pods("orders-c", Log(b"x" * (1024 * 1024 + 1), b"\n", line(2, "unseen")))
    said = logs("orders", status=INCOMPLETE)
    assert "[orders-a] a1" in said
    assert "orders-c: a line has more than 1048576 bytes" in said and "unseen" not in said


def test_following_takes_in_what_is_new(pods, argv, cluster, namespace, kubelet, tmp_path):
    first, second, third = Log(line(1, "a1")), Log(line(2, "b1")), Log(line(5, "c1"))
    pods("orders-a", first)
    pods("orders-b", second)
    process = Process("logs", argv("orders", "-f"), tmp_path / "logs.log").start()
    def shows(text):
        await_(lambda: text in process.output() or not process.running(), 30, process.tail)
        assert process.running(), process.tail()
    shows("[orders-b] b1")
    first.later.put(line(3, "a2"))
    shows("[orders-a] a2")
    first.later.put(None)  # its end ends nobody else
    second.later.put(line(4, "b2"))
    shows("[orders-b] b2")
    pods("orders-c", third)
    shows("[orders-c] c1")
    # The container of the first runs again: its log is another one.
    first.lines[:] = [line(6, "a again")]
    kubelet.say(cluster, namespace, "orders-a", restarts=1)
    shows("[orders-a] a again")
    # A connection that breaks is made again.
    second.lines[:] = [line(4, "b2"), line(7, "b went on")]
    second.later.put(...)
    shows("[orders-b] b went on")
    process.stop()
    assert process.output().count("b2") == 1


def test_nothing_to_read_is_said(pods, logs):
    del pods
    assert "kubectl redwal status" in logs("orders", status=FAILED)
    assert "--previous" in logs("orders", "-f", "--previous", status=USAGE)


def test_who_may_look_may_read_logs(pods, logs, cluster, namespace):
    """The role of manifests/rbac alone, and no permission of it is too much."""
    user = cluster.directory / "user.kubeconfig"
    pods("orders-a", Log(line(1, "a1")))
    assert "403" in logs("orders", kubeconfig=user, status=FAILED)
    bind(cluster, namespace, "redwal-view")
    assert logs("orders", kubeconfig=user) == ["a1"]
    for verb, resource in (("list", "pods"), ("get", "pods/log")):
        bind(cluster, namespace, "redwal-view", (verb, resource))
        assert f'cannot {verb} resource "{resource}"' in logs("orders", kubeconfig=user, status=FAILED)
