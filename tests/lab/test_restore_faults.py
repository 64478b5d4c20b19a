"""A restore of a large log under load, while in each of its steps something dies. Afterwards Redis is the
fold of the log.
   REDWAL_RESTORE_RECORDS=1000000   so many, by all rounds together
   REDWAL_RESTORE_ROUNDS=4          all that there are"""

import os

import pytest

from controllers import Controller
from judged import repeating
from lab import oracle
from lab.failover import Failover
from lab.kafka import Broker
from lab.wait import await_
from test_restore import LOOKS, PARTITIONS, Site, await_event, stage

RECORDS = int(os.environ.get("REDWAL_RESTORE_RECORDS", "200000"))
ROUNDS_RUN = int(os.environ.get("REDWAL_RESTORE_ROUNDS", "2"))
REPLAY_SECONDS = 10  # at least, so that something can happen meanwhile
LOAD = 20  # records at a time


class Replicated(Site):
    """Its Redis has replicas and Sentinels."""

    def start_redis(self, directory):
        self.failover = Failover(directory).start()

    def stop_redis(self):
        self.failover.stop()

    def where_redis_is(self):
        return {"sentinels": [s.address for s in self.failover.sentinels]}

    @property
    def client(self):
        """Of the primary. What was one and is dead is nobody's any more once Sentinel says so."""
        return await_(self.failover.primary, 30, "the Sentinels name a primary").client()

    def may_wipe(self, yes):
        for node in self.failover.nodes:
            with node.client() as client:
                client.execute_command("ACL", "SETUSER", "default", "+flushall" if yes else "-flushall")

    def was_wiped(self):
        """By a command, and not because an empty replica was promoted."""
        def calls(node):
            with node.client() as client:
                return client.info("commandstats").get("cmdstat_flushall", {"calls": 0})["calls"]
        return any(map(calls, self.failover.nodes))

    def under_load(self):
        """Records come all the while."""
        return repeating(lambda: self.write(LOAD))


class Faults:
    def __init__(self, site, broker, directory):
        self.site, self.broker, self.directory = site, broker, directory
        self.controller, self.n_controllers = None, 0
        self.start_controller()

    def start_controller(self):
        self.n_controllers += 1
        self.controller = Controller(self.directory, f"controller-{self.n_controllers}",
                                     self.site.cluster.kubeconfig, self.site.namespace, *LOOKS).start()

    def kill(self, what):
        {"the primary": self.kill_primary, "the broker": self.kill_broker,
         "an applier": self.kill_applier, "the controller": self.kill_controller}[what]()

    def kill_primary(self):
        """Sentinel promotes a replica; who was the primary comes back as one."""
        failover = self.site.failover
        await_(failover.settled, 60, "no Sentinel is amid a failover")
        old = failover.primary()
        old.kill()
        new = failover.await_primary_other_than(old)
        old.start()
        failover.follow(old, new)

    def kill_broker(self):
        self.broker.kill()
        self.broker.start()

    def kill_applier(self):
        """Its container is started again."""
        applier = next(iter(self.site.processes.running.values()))
        applier.kill()
        applier.start()

    def kill_controller(self):
        self.controller.kill()
        self.start_controller()


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory):
    broker = Broker(tmp_path_factory.mktemp("faults") / "kafka").start()
    yield broker
    broker.stop()


@pytest.fixture
def site(cluster, api, definition, namespace, wals, own_broker, tmp_path, scratch_redis):
    del definition
    with stage(Replicated(cluster, api, namespace, wals, own_broker.plain, tmp_path,
                          scratch_redis)) as site:
        yield site


@pytest.fixture
def faults(site, own_broker, tmp_path):
    site.create()
    faults = Faults(site, own_broker, tmp_path)
    await_(lambda: len(site.processes.running) == 2, 60, "the appliers run")
    yield faults
    assert faults.controller.stop() == 0


# What dies while appliers stop, while the group is waited for, while Redis is to be wiped, and during the
# replay. The first two rounds have each of them, and two in each step.
ROUNDS = [
    ("the controller", "an applier", "the primary", ["the broker", "the controller"]),
    ("the primary", "the broker", "the controller", ["an applier", "the primary"]),
    ("the broker", "the controller", "the broker", ["an applier"]),
    ("an applier", "the primary", "the controller", ["the primary", "the broker"]),
]


@pytest.mark.parametrize("stopping, fencing, wiping, replaying", ROUNDS[:ROUNDS_RUN], ids=range(ROUNDS_RUN))
def test_what_dies_in_a_step_changes_nothing(site, faults, stopping, fencing, wiping, replaying):
    n = RECORDS // ROUNDS_RUN
    site.write(n)
    site.await_applied(seconds=180)
    site.client.set("stray", 1)
    site.may_wipe(False)
    site.processes.lingers = True
    with site.under_load():
        site.restore(rate=max(n // (2 * REPLAY_SECONDS), 1))
        await_event(site, "Stopping")
        faults.kill(stopping)
        site.await_step("Fencing")
        faults.kill(fencing)
        site.processes.lingers = False
        site.await_step("Wiping")
        faults.kill(wiping)
        assert site.status()["step"] == "Wiping" and not site.was_wiped()
        site.may_wipe(True)
        for what in replaying:
            site.await_step("Replaying")
            await_(lambda: any(site.positions().values()), 60, "something is replayed")
            faults.kill(what)
        site.change(rate=0)
        status = site.await_step("Completed", seconds=180)
    assert site.was_wiped()
    assert status["receipt"]["records"] >= status["plan"]["records"] >= n
    site.await_applied(seconds=120)
    oracle.assert_equal(oracle.Oracle(site.scratch_redis).fold(
        site.topic.read(), partitions=PARTITIONS), site.client)
    await_(lambda: site.wals.condition("Ready") == ("True", "AllWell"), 60,
           lambda: f"the RedisWal is well: {site.wals.get()['status']}")
