"""What may happen to pods under a RedisWal while records are written. Afterwards Redis is the fold of
the log, the status tells the truth, and what happened was told once."""

import contextlib
import os
import signal

import pytest

import audit
from installed import APPLIERS, CONTROLLERS, SYSTEM
from judged import await_applied, check, write, writing
from lab import oracle
from lab.wait import await_, holds
from node import RedisFailover, ready

LEASE_SECONDS, RETRY_SECONDS = 15, 2  # the defaults, which our manifests keep
REFRESH_SECONDS = 150  # a series of Events is updated each minute
# What a new pod sees until its NetworkPolicy is in force, which takes a moment on a busy node.
REFUSED_AT_FIRST = {"Unreachable", "PrimaryAnswers"}


@pytest.fixture(scope="module")
def wal(topic, wal):
    write(topic, 1)
    return wal


def address(pod):
    return f"{pod.status.pod_ip}:6379"


def tells_the_truth(wal, failover):
    status, primary = wal.get()["status"], failover.primary()
    return (wal.is_ready() and status["phase"] == "Applying"
            and status["primary"].get("address") == address(primary)
            and status["primary"].get("pod") == primary.metadata.name
            and (status["applier"]["ready"], status["applier"]["desired"]) == (2, 2))


def delete(node, *pods):
    for pod in pods:
        node.core.delete_namespaced_pod(pod.metadata.name, pod.metadata.namespace,
                                        grace_period_seconds=0)


def leader(node):
    """Its pod; None while nobody leads."""
    holder = node.coordination.read_namespaced_lease("redwal-controller", SYSTEM).spec.holder_identity
    return next((pod for pod in node.pods(SYSTEM, CONTROLLERS)
                 if (holder or "").startswith(f"{pod.metadata.name}_")), None)


def await_leader(node, but=""):
    """Nobody leads for a moment after one went. `but`: the name of who must not be it."""
    def other():
        pod = leader(node)
        return pod if pod and pod.metadata.name != but else None
    return await_(other, 2 * LEASE_SECONDS + RETRY_SECONDS,
                  lambda: f"one leads that is not '{but}'\n{node.describe(SYSTEM)}")


def told(node, home):
    """The RedisWal's Events: name -> (reason, what, how often). Whoever acts writes Events of his own,
    and how often tells after a minute."""
    events = node.core.list_namespaced_event(home, field_selector="involvedObject.kind=RedisWal")
    return {event.metadata.name: (event.reason, event.message,
                                  event.series.count if event.series else 1)
            for event in events.items}


class Fault:
    def __init__(self, node, failover, topic, wal, scratch_redis):
        self.node, self.failover, self.topic, self.wal = node, failover, topic, wal
        self.scratch_redis = scratch_redis
        failover.await_whole()
        self.primary, self.told = failover.primary(), told(node, wal.namespace)

    def told_since(self, reason, of=""):
        """How often."""
        return sum(n - self.told.get(name, ("", "", 0))[2]
                   for name, (why, what, n) in told(self.node, self.wal.namespace).items()
                   if why == reason and of in what)

    def news(self, reason=""):
        """What nobody had told before, of any reason or of one."""
        before = {what for _, what, _ in self.told.values()}
        return {(why, what) for why, what, _ in told(self.node, self.wal.namespace).values()
                if what not in before and reason in ("", why)}

    def is_over(self):
        """What was done is done. Now nothing is left of it."""
        self.failover.await_whole()
        check(self.failover, self.topic, self.scratch_redis)
        await_(lambda: tells_the_truth(self.wal, self.failover), 120,
               lambda: f"the status tells the truth: {self.wal.get().get('status')}\n"
               f"{self.node.describe(self.wal.namespace)}")
        audit.turns(self.node.directory)
        assert not self.told_since("CommitsMovedBack") + self.told_since("CommitsMovedForward")

    def is_over_with_another_primary(self):
        self.is_over()
        new = self.failover.primary()
        assert address(new) != address(self.primary)
        await_(lambda: self.told_since("PrimaryChanged", of=address(new)), REFRESH_SECONDS,
               "it is told")
        assert self.told_since("PrimaryChanged", of=address(new)) == 1


@pytest.fixture
def fault(node, failover, topic, wal, scratch_redis):
    return Fault(node, failover, topic, wal, scratch_redis)


def waiting(node):
    """The controller's pod that does not lead."""
    first = await_leader(node).metadata.name
    return next(pod for pod in node.pods(SYSTEM, CONTROLLERS) if pod.metadata.name != first)


VICTIMS = {
    "the controller that acts": lambda node, failover: await_leader(node),
    "the controller that waits": lambda node, failover: waiting(node),
    "an applier": lambda node, failover: next(filter(ready, node.pods(failover.namespace, APPLIERS))),
    "the operator": lambda node, failover: node.pods("redis-operator", "app=redisoperator")[0],
    "a Sentinel": lambda node, failover: failover.pods("sentinel")[0],
    "a replica": lambda node, failover: next(
        pod for pod in failover.pods() if address(pod) != address(failover.primary())),
}


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_pod_goes(node, failover, topic, fault, victim):
    pod = VICTIMS[victim](node, failover)
    with writing(topic, list(VICTIMS).index(victim)):
        delete(node, pod)
        node.await_replaced(pod)
    fault.is_over()
    if "controller" in victim:
        assert {reason for reason, _ in fault.news()} <= REFUSED_AT_FIRST


def test_a_primary_goes_and_sentinel_promotes_another(node, failover, topic, fault):
    with writing(topic, 20):
        delete(node, fault.primary)
        failover.await_whole()
    fault.is_over_with_another_primary()


def test_sentinel_is_told_to_promote_another(failover, topic, fault):
    with writing(topic, 21):
        failover.promote_another()
        failover.await_whole()
    fault.is_over_with_another_primary()


def test_the_operator_promotes_one_when_no_sentinel_knows_any(node, failover, topic, fault):
    with writing(topic, 22):
        delete(node, fault.primary, *failover.pods("sentinel"))
        failover.await_whole()
    fault.is_over_with_another_primary()


class Known(RedisFailover):
    """Of whose pods nobody is asked: those that there were."""

    def __init__(self, failover):
        self.node, self.namespace = failover.node, failover.namespace
        self._pods = {component: failover.pods(component) for component in ("redis", "sentinel")}

    def pods(self, component="redis"):
        return self._pods[component]

    def _poke(self):
        pass


def test_a_failover_while_the_api_server_is_away_and_its_history_goes(node, failover, topic, fault):
    """Appliers need neither; the controller lists anew (410)."""
    known = Known(failover)
    with writing(topic, 23):
        node.part("stop", "kube-apiserver")
        known.promote_another()
        known.await_whole()
    await_applied(known, topic)
    node.compact()
    node.start_api_server()
    fault.is_over_with_another_primary()


@contextlib.contextmanager
def stopped(processes):
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def test_a_controller_that_stood_still_past_its_lease_acts_no_more(node, home, wal, fault):
    def option():
        return node.core.read_namespaced_config_map("orders-applier", home).data[
            "redis-applier.yaml"]

    first = await_leader(node)
    with stopped(node.processes(first)):
        second = await_leader(node, but=first.metadata.name)
        wal.patch(options={"sessionTimeout": "6s", "rateLimit": 70001})
        await_(lambda: "70001" in option(), 60, lambda: f"the other acts\n{node.describe(SYSTEM)}")
    wal.patch(options={"sessionTimeout": "6s", "rateLimit": 70002})
    await_(lambda: "70002" in option(), 60, lambda: f"the other acts\n{node.describe(SYSTEM)}")
    holds(lambda: (leader(node) or first).metadata.name == second.metadata.name, LEASE_SECONDS / 2, "the other leads")
    fault.is_over()
    assert not fault.news("PrimaryChanged")  # other things change, as its appliers are replaced
    assert audit.turns(node.directory)[-2:] == [first.metadata.name, second.metadata.name]


def test_a_redis_that_lost_everything_is_replayed(node, failover, topic, fault):
    """Its operator makes an empty one of it, which looks healthy."""
    with writing(topic, 30):
        delete(node, *failover.pods(), *failover.pods("sentinel"))
        failover.await_whole()
    fault.is_over_with_another_primary()


def test_a_redis_that_comes_back_with_less_gets_the_rest_again(failover, topic, fault):
    """Its disks have what was there a while ago."""
    await_applied(failover, topic)
    failover.save()
    write(topic, 31)
    await_applied(failover, topic)
    with failover.client() as client:
        client.set("not-saved", "v")
    with writing(topic, 32):
        failover.restart()
        failover.await_whole()
        with failover.client() as client:
            assert not client.exists("not-saved")
    fault.is_over()


def copy_of(client):
    """Each key with what it holds and when it ends."""
    keys = list(client.scan_iter(count=1000))
    with client.pipeline(transaction=True) as pipe:
        for key in keys:
            pipe.dump(key).execute_command("PEXPIRETIME", key)
        answers = pipe.execute()
    return dict(zip(keys, zip(answers[::2], answers[1::2])))


def restore(client, copied):
    with client.pipeline(transaction=True) as pipe:
        for key, (content, ends) in copied.items():
            pipe.restore(key, max(ends, 0), content, replace=True, absttl=True)
        pipe.execute()


def test_a_redis_that_the_log_cannot_make_whole_waits_for_a_snapshot(node, failover, topic, wal,
                                                                     fault, scratch_redis):
    old = await_applied(failover, topic)
    with failover.client() as client:
        snapshot = copy_of(client)
    for partition, end in topic.ends().items():
        topic.truncate(partition, end)
    write(topic, 40)
    delete(node, *failover.pods(), *failover.pods("sentinel"))
    failover.await_whole()
    await_(lambda: wal.condition("RestoreRequired") == ("True", "LogTooShort"), 60,
           lambda: f"a snapshot is asked for: {wal.get()['status']}")
    assert wal.get()["status"]["phase"] == "RestoreRequired"
    assert wal.condition("PositionConsistent") == ("False", "BlankAndTrimmed")
    assert wal.condition("Ready")[0] == "False"
    with failover.client() as client:
        assert not [key for key in client.scan_iter() if not key.startswith(b"redwal:")]
        restore(client, snapshot)
    records = sorted(old + await_applied(failover, topic), key=lambda r: (r.partition, r.offset))
    folded = oracle.Oracle(scratch_redis).fold(records, partitions=topic.partitions)
    with failover.client() as client:
        oracle.assert_equal(folded, client)
    await_(wal.is_ready, 60, lambda: f"all is well: {wal.get()['status']}")
    assert wal.condition("LogRetained") == ("False", "Trimmed")
    assert wal.get()["status"]["phase"] == "Degraded"
    assert fault.told_since("LogTooShort") == 1
