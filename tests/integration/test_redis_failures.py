"""Whatever happens to Redis: no logged write is lost or applied twice."""

import time

import pytest

from conftest import PATIENT
from lab.oracle import snapshot
from lab.wait import await_, holds
from lab.workload import Workload, encode

SILENCE_TIMEOUT = "3s"  # of the tests in which Redis is silent; the default
SILENCE_BOUND = 5  # seconds until a primary that stops answering is given up, then
SLACK = 10  # for a busy machine; far from the 30 after which it is not alive


def write(topic, seed, n):
    Workload(seed).write(topic, n)
    topic.flush()


def applied_records(lab, topic, node):
    with node.client() as client:
        return sum(at[0] for at in lab.positions(topic, client).values() if at)


class TestFailover:
    @pytest.fixture(autouse=True)
    def start(self, lab):
        lab.crashed = True
        self.lab, self.topic, self.failover = lab, lab.topic(), lab.failover()
        self.applier = lab.applier(self.topic, self.failover, session_timeout=PATIENT,
                                   silence_timeout=SILENCE_TIMEOUT).start().await_ready()
        write(self.topic, 1, 1000)
        self.old = self.failover.primary()
        lab.await_applied(self.topic, self.old)

    def check_on(self, node):
        write(self.topic, 9, 500)
        folded = self.lab.check(self.topic, node)
        await_(self.applier.ready, 60, "ready again")
        return folded

    def test_promoted_replica_lacks_acknowledged_writes(self):
        self.failover.lose_what_follows(self.old)
        write(self.topic, 2, 2000)
        self.lab.await_applied(self.topic, self.old)
        replicas = self.failover.replicas()
        lacking = applied_records(self.lab, self.topic, self.old) - max(
            applied_records(self.lab, self.topic, r) for r in replicas)
        assert lacking == 2000, f"the replicas lack {lacking} acknowledged records"
        self.old.kill()
        self.check_on(self.failover.await_primary_other_than(self.old))
        assert self.applier.metric("rewinds_total") >= 1
        assert self.applier.metric("reapplied_records_total") >= lacking

    def test_killed_under_load(self):
        for seed in (2, 3, 4):
            write(self.topic, seed, 500)
        self.old.kill()
        write(self.topic, 5, 500)
        self.check_on(self.failover.await_primary_other_than(self.old))

    def test_primary_that_stops_without_closing(self):
        write(self.topic, 2, 1000)
        self.old.pause()
        new = self.failover.await_primary_other_than(self.old)
        promoted = time.monotonic()
        write(self.topic, 3, 100)
        self.lab.await_applied(self.topic, new)
        assert time.monotonic() - promoted < SILENCE_BOUND + SLACK
        self.old.resume()
        self.check_on(new)

    def test_network_between_primary_and_replicas_is_cut(self):
        self.failover.links[self.failover.nodes.index(self.old)].cut()
        write(self.topic, 2, 1500)
        self.lab.await_applied(self.topic, self.old)
        self.old.kill()
        self.check_on(self.failover.await_primary_other_than(self.old))

    def test_forced_failover_while_the_old_primary_lives(self):
        self.failover.lose_what_follows(self.old)
        write(self.topic, 2, 1500)
        self.lab.await_applied(self.topic, self.old)
        self.failover.sentinels[0].ask("FAILOVER", self.failover.master_name)
        new = self.failover.await_primary_other_than(self.old)
        self.check_on(new)

    def test_operator_changes_the_primary_silently(self):
        new = self.failover.replicas()[0]
        write(self.topic, 2, 1000)
        self.failover.operator_moves_primary(new)
        self.check_on(new)

    def test_operator_promotes_a_replica_that_is_behind(self):
        self.failover.lose_what_follows(self.old)
        write(self.topic, 2, 1000)
        self.lab.await_applied(self.topic, self.old)
        new = self.failover.replicas()[0]
        self.failover.operator_moves_primary(new)
        self.check_on(new)

    def test_sentinels_name_who_was_the_primary_before_an_operator_moved_it(self):
        self.failover.sentinels[0].ask("FAILOVER", self.failover.master_name)
        former = self.failover.await_primary_other_than(self.old)
        await_(lambda: self.failover.in_sync(former, 2), 60, "both replicas follow")
        await_(self.failover.settled, 60, "the Sentinels see both replicas")
        self.failover.operator_moves_primary_slowly(self.old)
        await_(lambda: not self.applier.ready(), 60, "not ready without a primary")
        write(self.topic, 2, 500)
        self.check_on(self.failover.await_primary_other_than(former))

    def test_failovers_one_after_another(self):
        primary = self.old
        for seed in (2, 3):
            write(self.topic, seed, 500)
            primary.kill()
            new = self.failover.await_primary_other_than(primary)
            primary.start()
            self.failover.follow(primary, new)
            await_(lambda new=new: self.failover.in_sync(new, 2), 60, "both replicas follow")
            await_(self.failover.settled, 60, "the Sentinels see both replicas")
            primary = new
        self.check_on(primary)


class TestOneServer:
    @pytest.fixture(autouse=True)
    def start(self, lab):
        self.lab, self.topic, self.server = lab, lab.topic(), lab.redis()
        self.applier = lab.applier(self.topic, self.server, session_timeout=PATIENT).start().await_ready()
        write(self.topic, 1, 1000)
        lab.await_applied(self.topic, self.server)

    def blank_restart(self):
        self.server.kill()
        self.server.start()
        with self.server.client() as client:
            client.ping()

    def test_blank_restart_with_a_whole_log_is_replayed(self):
        self.lab.crashed = True
        self.blank_restart()
        write(self.topic, 2, 500)
        self.lab.check(self.topic, self.server)

    def test_blank_restart_with_a_trimmed_log_is_held(self):
        self.topic.truncate(0, 10)
        self.blank_restart()
        self.applier.await_held("blank-and-trimmed")
        with self.server.client() as client:
            position = client.hget(f"redwal:{{{self.lab.wal}}}:p:0", "next")
        assert position is None

    @pytest.mark.parametrize("error, begin, end", [
        ("OOM", lambda c, s: c.config_set("maxmemory", 1),
         lambda c, s: c.config_set("maxmemory", 0)),
        ("MISCONF", lambda c, s: s.break_saving(), lambda c, s: s.mend_saving()),
        ("NOREPLICAS", lambda c, s: c.config_set("min-replicas-to-write", 1),
         lambda c, s: c.config_set("min-replicas-to-write", 0)),
        ("it is a replica", lambda c, s: c.replicaof("127.0.0.1", 1),
         lambda c, s: c.replicaof("no", "one")),
    ])
    def test_redis_cannot_now(self, error, begin, end):
        self.lab.calm = error != "it is a replica"  # the others keep the connection
        with self.server.client() as client:
            begin(client, self.server)
            write(self.topic, 2, 1000)
            self.applier.await_trouble(error)
            before = applied_records(self.lab, self.topic, self.server)
            holds(lambda: applied_records(self.lab, self.topic, self.server) == before, 0.5,
                  f"nothing is applied during {error}")
            end(client, self.server)
        self.lab.check(self.topic, self.server)
        await_(self.applier.ready, 60, "ready again")

    def test_busy_with_a_script(self):
        with self.server.client() as client:
            client.config_set("lua-time-limit", 100)
            endless = self.server.client(socket_timeout=60)
            endless.connection_pool.get_connection().send_command(
                "EVAL", "while true do end", 0)
            write(self.topic, 2, 100)
            self.applier.await_trouble("BUSY")
            client.script_kill()
        self.lab.check(self.topic, self.server)

    def test_a_position_that_is_gone_is_held(self):
        with self.server.client() as client:
            self.applier.stop()
            client.delete(f"redwal:{{{self.lab.wal}}}:p:1")
            self.applier.start()
            self.applier.await_held("position-lost", "partition 1")

    def test_a_position_that_makes_no_sense_is_held(self):
        with self.server.client() as client:
            self.applier.stop()
            client.hset(f"redwal:{{{self.lab.wal}}}:p:1", "next", "many")
            self.applier.start()
            self.applier.await_held("position-corrupt", "partition 1")

    def test_another_wal_is_refused(self):
        self.applier.stop()
        with self.server.client() as client:
            before = client.dbsize(), snapshot(client)
            topic = self.lab.topic()
            write(topic, 2, 50)
            other = self.lab.applier(topic, self.server, wal="other").start()
            other.await_held("other-wal", "everything")
            assert (client.dbsize(), snapshot(client)) == before


def test_silence_is_noticed_and_ends(lab):
    lab.crashed = True
    topic, server = lab.topic(), lab.redis()
    applier = lab.applier(topic, server, session_timeout=PATIENT, silence_timeout=SILENCE_TIMEOUT)
    applier.start().await_ready()
    server.pause()
    before = time.monotonic()
    write(topic, 2, 10)
    await_(lambda: not applier.ready(), SILENCE_BOUND + SLACK, "readyz turns false")
    assert time.monotonic() - before < SILENCE_BOUND + SLACK
    assert applier.get("/livez")[0] == 200
    server.resume()
    lab.check(topic, server)
    await_(applier.ready, 60, "ready again")


def test_data_of_unknown_origin_is_held_until_adopted(lab):
    topic, server = lab.topic(), lab.redis()
    with server.client() as client:
        client.set("mine", "v")
        topic.write(encode("SET", ["new"]), b"k")
        topic.flush()
        applier = lab.applier(topic, server).start()
        applier.await_held("foreign-data", "everything")
        assert client.keys() == [b"mine"]
        applier.stop()
        adopting = lab.applier(topic, server, adopt=True).start()
        lab.await_applied(topic, server)
        adopting.await_ready()
        assert sorted(k for k in client.keys() if not k.startswith(b"redwal:")) == [b"k", b"mine"]


def test_a_blank_redis_is_held_where_that_is_wanted(lab):
    topic, server = lab.topic(), lab.redis()
    write(topic, 1, 200)
    applier = lab.applier(topic, server, on_blank="hold").start()
    applier.await_held("blank-held", "everything")
    with server.client() as client:
        assert client.dbsize() == 0
        applier.stop()
        replaying = lab.applier(topic, server, on_blank="replay").start()
        lab.check(topic, server)
        # What is not blank is gone on with, until somebody empties it under the applier.
        replaying.stop()
        applier = lab.applier(topic, server, on_blank="hold").start()
        write(topic, 1, 200)
        lab.check(topic, server)
        client.flushall()
        write(topic, 1, 1)
        applier.await_held("blank-held", "everything")
        assert client.dbsize() == 0


def test_a_held_partition_does_not_take_a_redis_that_was_emptied_for_its_own(lab):
    """It looks every five seconds whether it may go on, here long before the next probe."""
    topic, server = lab.topic(partitions=1), lab.redis()
    write(topic, 1, 200)
    with server.client() as client:
        client.hset("redwal:identity", mapping={"wal": lab.wal, "until0": 100})
        applier = lab.applier(topic, server, on_blank="hold", probe_interval="1m").start()
        applier.await_held("until")
        client.flushall()
        applier.await_held("blank-held", "everything")
        assert client.dbsize() == 0


def test_a_server_without_a_primary_is_waited_for(lab):
    topic, server = lab.topic(), lab.redis()
    server.stop()
    applier = lab.applier(topic, server).start()
    write(topic, 1, 200)
    await_(lambda: applier.get("/livez"), 60, "the HTTP endpoints answer")
    holds(lambda: not applier.ready(), 1, "not ready without Redis")
    server.start()
    lab.check(topic, server)
