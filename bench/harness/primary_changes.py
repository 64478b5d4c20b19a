"""How long after the first Sentinel tells of a new primary the status of a RedisWal says so."""

import contextlib
import threading
import time

import kubernetes
import urllib3

from lab.failover import Failover
from lab.wait import await_
from rediswals import GROUP, PLURAL, VERSION, create, make

MASTER = "mymaster"
FAILOVER_TIMEOUT_MS = 1000
SETTLE_SECONDS = 2


class Ear:
    """When each address was first told of, by any of the Sentinels."""

    def __init__(self, sentinels):
        self.heard, self.ends = {}, threading.Event()
        self.threads = [threading.Thread(target=self._listen, args=(s,)) for s in sentinels]
        for thread in self.threads:
            thread.start()

    def _listen(self, sentinel):
        with sentinel.client() as client, client.pubsub(ignore_subscribe_messages=True) as pubsub:
            pubsub.subscribe("+switch-master", "+monitor")
            while not self.ends.is_set():
                message = pubsub.get_message(timeout=0.5)
                if message:
                    words = message["data"].split()
                    at = words[3:5] if message["channel"] == "+switch-master" else words[2:4]
                    self.heard.setdefault(":".join(at), time.monotonic())

    def forget(self):
        self.heard.clear()

    def close(self):
        self.ends.set()
        for thread in self.threads:
            thread.join()


class Eye:
    """When each address first stood in the status."""

    def __init__(self, api, namespace, name):
        self.api, self.namespace, self.name, self.seen = api, namespace, name, {}
        self.watch = kubernetes.watch.Watch()
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()

    def _look(self):
        with contextlib.suppress(urllib3.exceptions.HTTPError):  # the API server has ended
            self._watch()

    def _watch(self):
        for event in self.watch.stream(self.api.list_namespaced_custom_object, GROUP, VERSION,
                                       self.namespace, PLURAL,
                                       field_selector=f"metadata.name={self.name}"):
            primary = event["object"].get("status", {}).get("primary", {})
            self.seen.setdefault(primary.get("address"), time.monotonic())

    def forget(self):
        self.seen.clear()

    def close(self):
        self.watch.stop()


def by_sentinel(failover, old):
    failover.sentinels[0].ask("FAILOVER", MASTER)
    return failover.await_primary_other_than(old)


def by_a_hang(failover, old):
    old.pause()
    try:
        return failover.await_primary_other_than(old)
    finally:
        old.resume()


def by_an_operator(failover, old):
    new = next(node for node in failover.nodes if node is not old)
    failover.operator_moves_primary(new)
    return new


def settled(failover):
    """Sentinel has led the replicas past the links, and sees them follow."""
    primary = failover.primary()
    return primary is not None and failover.settled() and failover.in_sync(primary, 2) and \
        all(node.info("replication").get("master_port") == primary.port
            for node in failover.nodes if node is not primary)


# The operator's comes last: Sentinels that go on by an older configuration may undo it.
KINDS = (by_sentinel, by_a_hang, by_an_operator)


def change(failover, ear, eye, kind):
    await_(lambda: settled(failover), 60, "the nodes follow")
    time.sleep(SETTLE_SECONDS)
    ear.forget()
    eye.forget()
    new = kind(failover, failover.primary())
    await_(lambda: new.address in eye.seen, 60, "the new primary is told")
    return eye.seen[new.address] - ear.heard[new.address]


def run(api, namespace, directory, brokers, name):
    failover = Failover(directory).start()
    for sentinel in failover.sentinels:
        sentinel.set("failover-timeout", FAILOVER_TIMEOUT_MS)
    ear, eye = Ear(failover.sentinels), Eye(api, namespace, name)
    try:
        create(api, namespace, make({
            "metadata.name": name, "spec.wal": name, "spec.kafka": {"brokers": brokers},
            "spec.redis": {"sentinels": [s.address for s in failover.sentinels]}}))
        await_(lambda: failover.primary().address in eye.seen, 60, "the first primary is told")
        return [change(failover, ear, eye, kind) for kind in KINDS]
    finally:
        eye.close()
        ear.close()
        failover.stop()


def measure(api, namespace, directory, brokers, rounds):
    """Seconds, of one change of each kind a round."""
    return [took for i in range(rounds)
            for took in run(api, namespace, directory / f"changes-{i}", brokers, f"changing-{i}")]
