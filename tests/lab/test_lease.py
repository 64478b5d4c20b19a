"""Leader election: never do two act, whatever happens to the leader."""

import os
import re
import shlex
import time

import pytest

from cluster import PROBE
from controllers import LEASE, PATIENT
from lab.process import Process, free_port
from lab.wait import await_, holds


class Candidate(Process):
    def __init__(self, directory, kubeconfig, namespace, name, lease):
        super().__init__(name, [PROBE, "--kubeconfig", kubeconfig, "lead", namespace, "lock", name, *lease], directory / f"{name}.log",
                         env=dict(os.environ))

    def acts(self):
        return [int(t) for t in re.findall(r"^ACT (\d+)$", self.output(), re.M)]

    def is_leading(self):
        return self.output().rfind("LEADS") > self.output().rfind("STOPS")

    def await_leading(self, seconds=30):
        await_(self.is_leading, seconds, lambda: f"{self.name} leads\n{self.tail()}")
        return self


@pytest.fixture
def candidates(cluster, namespace, tmp_path):
    """Starts candidates; at the end no two of them have acted at the same time."""
    started = []

    def start(name, kubeconfig=cluster.kubeconfig, lease=LEASE):
        started.append(Candidate(tmp_path, kubeconfig, namespace, name, lease).start())
        return started[-1]

    yield start
    for process in started:
        process.stop()
    turns = sorted((at, c.name) for c in started for at in c.acts())
    for c in started:
        for begin, end in spans(c):
            strangers = [t for t in turns if begin <= t[0] <= end and t[1] != c.name]
            assert not strangers, f"{c.name} led from {begin} to {end}, and there acted {strangers}"


def spans(candidate):
    """(first, last) of the acts of each term."""
    terms, acts = [], []
    for word, at in re.findall(r"^(LEADS|ACT|STOPS) (\d+)$", candidate.output(), re.M):
        if word == "ACT":
            acts.append(int(at))
        elif acts:
            terms.append((acts[0], acts[-1]))
            acts = []
    return terms + ([(acts[0], acts[-1])] if acts else [])


def test_a_leader_that_stands_still_is_followed_by_another(candidates):
    first = candidates("first").await_leading()
    second = candidates("second")
    time.sleep(2)
    first.pause()
    second.await_leading()
    time.sleep(1)
    first.resume()
    await_(lambda: "STOPS" in first.output(), 10, first.tail)
    time.sleep(2)  # and no two act, whoever leads now


def test_a_leader_that_ends_gives_its_place_away(candidates, cluster, namespace):
    first = candidates("first").await_leading()
    second = candidates("second")
    time.sleep(1)
    def lease():
        return cluster.coordination.read_namespaced_lease("lock", namespace).spec
    assert first.stop() == 0
    assert lease().holder_identity != "first", "nobody waits until its lease has run out"
    second.await_leading()
    assert lease().holder_identity == "second"
    assert lease().lease_transitions == 1


def test_a_leader_that_is_cut_off_stops_before_another_starts(candidates, link, linked):
    first = candidates("first", linked).await_leading()
    second = candidates("second")
    time.sleep(1)
    so_far = len(second.acts())
    link.hold()
    await_(lambda: len(second.acts()) > so_far, 30, second.tail)
    assert max(first.acts()) < second.acts()[so_far]
    await_(lambda: not first.is_leading(), 30, first.tail)
    link.restore()
    time.sleep(2)


def test_a_lease_of_another_client_is_respected(candidates, cluster, namespace):
    body = {"metadata": {"name": "lock"},
            "spec": {"holderIdentity": "stranger", "leaseDurationSeconds": 6,
                     "renewTime": "2020-01-01T00:00:00.000000Z"}}
    cluster.coordination.create_namespaced_lease(namespace, body)
    it = candidates("first")
    started = time.monotonic()
    it.await_leading()
    assert time.monotonic() - started > 5.5, "its clock is not ours: old times are no reason"


def test_an_api_server_that_is_away_ends_the_term(candidates, cluster):
    it = candidates("first").await_leading()
    cluster.part("stop", "kube-apiserver")
    await_(lambda: not it.is_leading(), 20, it.tail)
    cluster.start_api_server()
    it.await_leading(60)


class ControllerManager(Process):
    """A candidate with client-go's election: kube-controller-manager with hardly a controller."""

    def __init__(self, directory, cluster, namespace):
        duration, renew, retry_ms = PATIENT
        program = shlex.split((cluster.directory / "kube-controller-manager.command").read_text())[1]
        super().__init__("kube-controller-manager", [
            program, "--kubeconfig", cluster.kubeconfig, "--bind-address", "127.0.0.1",
            "--secure-port", free_port(), "--cert-dir", directory / "manager",
            "--controllers", "ttl-after-finished-controller", "--leader-elect",
            "--leader-elect-resource-name", "lock",
            "--leader-elect-resource-namespace", namespace,
            "--leader-elect-lease-duration", f"{duration}s",
            "--leader-elect-renew-deadline", f"{renew}s",
            "--leader-elect-retry-period", f"{retry_ms}ms"], directory / "manager.log")


def test_client_go_and_we_respect_each_other(candidates, cluster, namespace, tmp_path):
    def holder():
        return cluster.coordination.read_namespaced_lease("lock", namespace).spec.holder_identity

    ours = candidates("ours", lease=PATIENT).await_leading()
    theirs = ControllerManager(tmp_path, cluster, namespace).start()
    try:
        await_(lambda: "attempting to acquire leader lease" in theirs.output(), 60, theirs.tail)
        holds(lambda: holder() == "ours", 4, "client-go lets our lease be")
        ours.pause()
        await_(lambda: holder() not in ("ours", ""), 60, theirs.tail)
        acts = len(ours.acts())
        ours.resume()
        await_(lambda: "STOPS" in ours.output(), 30, ours.tail)
        holds(lambda: holder() != "ours", 4, "we let theirs be")
        assert len(ours.acts()) == acts and not ours.is_leading()
        theirs.pause()
        ours.await_leading(60)
        theirs.resume()
        assert theirs.wait(30) != 0, "it lost its lease, and ends"
        assert holder() == "ours" and ours.is_leading()
    finally:
        theirs.stop()
