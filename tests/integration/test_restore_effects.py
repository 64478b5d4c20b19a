"""What a restore does to Redis and to the consumer group: whole or not at all, again with the same
result, and never to somebody else's."""

import random
import threading
import time

import confluent_kafka
import pytest

from conftest import KAFKA_PASSWORD, KAFKA_USER, REDIS_PASSWORD, REDIS_USER
from lab import permissions, servers
from lab.cutter import Cutter
from lab.restorer import Restorer, done
from lab.wait import await_, holds
from lab.wal import committed, grant, revoke_everything
from lab.workload import Workload

LOG = "cluster/topic"
PLAN = (LOG, [0, 4, 9], [3, 3, 7], [5, 6, 6])  # from, until and end of three partitions
NOWHERE = {"brokers": "127.0.0.1:1"}
IDENTITY = b"redwal:identity"


def restorer(lab, redis, topic=None, access=None, login=()):
    address = getattr(redis, "address", None) or f"sentinels:{redis.sentinel_list}"
    name = topic.name if topic else "nothing"
    r = Restorer(lab.wal, address, access or ({"brokers": lab.broker.plain} if topic else NOWHERE),
                 {"topic": name, "group": f"{name}-group"}, login)
    lab.on_close(r.stop)
    return r


def everything(client):
    """All that a Redis holds, as bytes."""
    return {key: client.hgetall(key) if client.type(key) == b"hash" else client.get(key)
            for key in client.keys()}


def fill(client, wal="orders"):
    """Some way into the log, with an earlier restore behind it."""
    client.flushall()
    client.hset(IDENTITY, mapping={"wal": wal, "restore": "earlier", "p0": 1, "until1": 8})
    client.hset(f"redwal:{{{wal}}}:p:0", mapping={"next": 7, "settled": 7, "log": LOG})
    client.mset({f"k{i}": i for i in range(20)})


def begun(wal="orders", uid="now", starts=(0, 3, 5), ends=(4, 3, 6)):
    """A Redis that was wiped and begins."""
    identity = {b"wal": wal.encode(), b"restore": uid.encode(), b"untilnew": b"0"}
    state = {IDENTITY: identity}
    for p, (start, end) in enumerate(zip(starts, ends)):
        identity |= {b"p%d" % p: b"1", b"until%d" % p: b"%d" % end}
        state[f"redwal:{{{wal}}}:p:{p}".encode()] = {
            b"next": b"%d" % start, b"settled": b"%d" % start, b"log": LOG.encode(),
            b"epoch": b"0", b"ts": b"0", b"digest": b"0" * 16, b"clock": b"wall"}
    return state


# --- Redis ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", servers.NAMES)
def test_a_wipe_is_whole_and_comes_once(lab, name):
    server = lab.redis(program=servers.program(name), options=["databases 2"])
    r = restorer(lab, server)
    r.given(*PLAN)
    with server.client() as client, server.client(db=1) as other:
        fill(client)
        other.set("elsewhere", 1)
        done(r.redis("wipe", "now"))
        assert everything(client) == begun()
        assert other.dbsize() == 0
        client.set("replayed", 1)
        done(r.redis("wipe", "now"))
        assert client.get("replayed") == b"1"
        done(r.redis("wipe", "later"))
        assert everything(client) == begun(uid="later")
        # Blank, and blank but for what is somebody else's.
        client.flushall()
        done(r.redis("wipe", "now"))
        assert everything(client) == begun()
        client.flushall()
        other.set("elsewhere", 1)
        assert r.redis("wipe", "now")["restored"] == "refused"
        assert other.dbsize() == 1 and client.dbsize() == 0


@pytest.mark.parametrize("wal", ["invoices", None])
def test_somebody_else_s_redis_is_never_touched(lab, server, wal):
    r = restorer(lab, server)
    r.given(*PLAN)
    with server.client() as client:
        fill(client, wal or "orders")
        if wal is None:
            client.delete(IDENTITY)
        before = everything(client)
        for action in ("wipe", "release", "skip"):
            result = r.redis(action, "now")
            assert result["restored"] == "refused" and server.address in result["why"]
        assert everything(client) == before


def held(client):
    """Wiped, and applied to where it is held."""
    client.flushall()
    for key, fields in begun().items():
        client.hset(key, mapping=fields)
    for p, next_ in enumerate((4, 3, 6)):
        client.hset(f"redwal:{{orders}}:p:{p}", mapping={"next": next_, "settled": next_})
    client.set("k", 1)


def skipped():
    state = begun(starts=(9, 7, 6))
    state[IDENTITY] = {k: v for k, v in state[IDENTITY].items() if not k.startswith(b"until")}
    return {**state, b"k": b"1"}


def cuts(r, cutter, action, begin):
    """Behind how many bytes, to the server or from it, a connection is cut: behind each byte of what
    is said, and of the answers from that of MULTI on; behind some of the rest."""
    begin()
    cutter.cut_behind()
    done(r.redis(action, "now"))
    n_to, n_from = cutter.passed
    late = n_from - 400
    yield from ({"to_server": n} for n in range(n_to))
    yield from ({"from_server": n} for n in range(1, n_from) if n > late or n % 97 == 0)


@pytest.mark.parametrize("action, begin, wanted", [
    ("wipe", fill, begun), ("skip", held, skipped)], ids=["wipe", "skip"])
def test_a_connection_cut_anywhere_leaves_all_or_nothing(lab, server, action, begin, wanted):
    cutter = Cutter(server.port)
    lab.on_close(cutter.close)
    r = restorer(lab, cutter)
    r.given(*PLAN)
    outcomes = set()
    with server.client() as client:
        begin(client)
        before, after = everything(client), wanted()
        for cut in cuts(r, cutter, action, lambda: begin(client)):
            begin(client)
            cutter.cut_behind(**cut)
            result = r.redis(action, "now")
            # Redis may still execute what came before the cut.
            cutter.cut_behind()
            client.ping()
            state = everything(client)
            assert state in (before, after), (cut, result, state)
            if result["restored"] == "done":
                assert state == after, cut
            outcomes.add((result["restored"], state == after))
            done(r.redis(action, "now"))
            assert everything(client) == after, cut
    # The answer may be lost when it was done; nothing else is told otherwise than it is.
    assert outcomes >= {("failed", False), ("failed", True)}, outcomes


def test_a_server_that_is_killed_meanwhile_comes_back_with_all_or_nothing(lab):
    server = lab.redis(options=["appendonly yes", "appendfsync always"])
    r = restorer(lab, server)
    r.given(*PLAN)
    states = set()
    for n in range(36):  # a kill comes after 0.5 ms to 0.2 s, and later where that is not seen
        if n >= 24 and len(states) == 2:
            break
        with server.client() as client:
            fill(client)
            before = everything(client)
        killer = threading.Timer(1.3 ** n / 2000, server.kill)
        killer.start()
        result = r.redis("wipe", "now")
        killer.join()
        server.start()
        with server.client() as client:
            state = everything(client)
            assert state in (before, begun()), (n, result)
            assert result["restored"] != "done" or state == begun()
            states.add(state == begun())
            done(r.redis("wipe", "now"))
            assert everything(client) == begun()
    assert states == {False, True}, "one of both was never seen"


def test_each_permission_is_enough_with_the_others_and_needed(lab):
    for i, rules in enumerate([permissions.REDIS + permissions.RESTORE, permissions.REDIS]):
        server = lab.redis(f"redis-{i}", security=lab.security(" ".join(rules)))
        login = (REDIS_USER, lab.secret_file(f"password-{i}", REDIS_PASSWORD),
                 server.security.authority.ca)
        login[1].write_text(REDIS_PASSWORD)
        r = restorer(lab, server, login=login)
        r.given(*PLAN)
        with server.client() as client:
            fill(client)
            before = everything(client)
            result = r.redis("wipe", "now")
            if i == 0:
                assert result["restored"] == "done", result
                assert everything(client) == begun()
                done(r.redis("release", "now"))
            else:
                assert result["restored"] == "failed" and result["denied"], result
                assert "flushall" in result["why"].lower()
                assert everything(client) == before


def test_nothing_is_sent_too_late(lab, server):
    r = restorer(lab, server)
    r.given(*PLAN)
    r.within(0)
    with server.client() as client:
        fill(client)
        before = everything(client)
        assert "not sent" in r.redis("wipe", "now")["why"]
        # What a server that stands still has not taken by then, it never takes.
        r.within(300)
        server.pause()
        try:
            assert r.redis("wipe", "now")["restored"] == "failed"
        finally:
            server.resume()
        holds(lambda: everything(client) == before, 1, "nothing was done")


def test_a_failover_behind_the_wipe_is_seen_and_made_good(lab):
    failover = lab.failover(options=["replica-serve-stale-data yes"])
    old = failover.primary()
    r = restorer(lab, failover)
    r.given(*PLAN)
    with old.client() as client:
        fill(client)
        assert client.wait(2, 10000) == 2
    failover.lose_what_follows(old)
    done(r.redis("wipe", "now"))
    old.kill()
    new = failover.await_primary_other_than(old)
    with new.client() as client:
        assert client.hget(IDENTITY, "restore") == b"earlier"
        result = await_(lambda: (lambda x: x if "does not name" in x["why"] else None)(
            r.redis("release", "now")), 60, "the new primary says that it was not wiped")
        assert result["restored"] == "failed"
        done(r.redis("wipe", "now"))
        assert everything(client) == begun()


# --- the log --------------------------------------------------------------------------------------


def write(topic, seed, n):
    Workload(seed).write(topic, n)
    topic.flush()


def sizes(records):
    return [len(r.key or b"") + len(r.value or b"") for r in records]


def test_a_plan_says_what_is_replayed(lab, server):
    topic = lab.topic()
    write(topic, 1, 400)
    time.sleep(0.01)
    middle = int(time.time() * 1000)
    time.sleep(0.01)
    write(topic, 2, 400)
    topic.truncate(1, 20)
    ends, records = topic.ends(), topic.read()
    r = restorer(lab, server, topic)
    starts = {0: 0, 1: 20, 2: 0}

    plan = done(r.plan("latest"))
    assert plan["partitions"] == [[starts[p], ends[p], ends[p]] for p in range(3)]
    assert plan["toEnd"] and plan["log"].endswith(topic.id())
    assert min(sizes(records)) <= plan["recordBytes"] <= max(sizes(records))

    plan = done(r.plan("time", timeMs=middle))
    until = {p: min([x.offset for x in records if x.partition == p and x.timestamp >= middle],
                    default=ends[p]) for p in range(3)}
    assert plan["partitions"] == [[starts[p], until[p], ends[p]] for p in range(3)]
    assert not plan["toEnd"]
    far = done(r.plan("time", timeMs=middle + 3600_000))
    assert far["partitions"] == [[starts[p], ends[p], ends[p]] for p in range(3)]
    assert not far["toEnd"]

    plan = done(r.plan("position", positions=[[1, 25], [2, ends[2]]]))
    assert [p[1] for p in plan["partitions"]] == [ends[0], 25, ends[2]]
    for wrong, word in [([[1, 19]], "holds 20 to"), ([[3, 0]], "partition 3"),
                        ([[0, ends[0] + 1]], "holds 0 to"), ([[0, 1], [0, 2]], "two positions")]:
        refused = r.plan("position", positions=wrong)
        assert refused["restored"] == "refused" and word in refused["why"], refused


def test_an_empty_log_has_a_plan(lab, server):
    topic = lab.topic()
    plan = done(restorer(lab, server, topic).plan("latest"))
    assert plan["partitions"] == [[0, 0, 0]] * 3 and plan["recordBytes"] == -1


def test_a_log_that_is_away_is_tried_again(lab, server):
    topic = lab.topic()
    r = restorer(lab, server, topic)
    done(r.plan("latest"))
    topic.recreate()
    gone = r.group()
    assert gone["restored"] == "refused" and "another log" in gone["why"]
    topic.delete()
    gone = r.group()
    assert gone["restored"] == "failed" and not gone["denied"] and topic.name in gone["why"]
    assert r.plan("latest")["restored"] == "failed"


# --- the group ------------------------------------------------------------------------------------


def group_of(topic):
    return f"{topic.name}-group"


def test_commits_are_set_once_the_last_applier_has_left(lab, server):
    topic = lab.topic()
    write(topic, 3, 300)
    applier = lab.applier(topic, server, session_timeout="30s").start().await_ready()
    lab.await_applied(topic, server)
    topic.truncate(2, 5)
    r = restorer(lab, server, topic)
    done(r.plan("latest"))
    await_(lambda: committed(topic.brokers, group_of(topic), topic) == topic.ends(), 60, "commits")
    busy = r.group()
    assert busy["restored"] == "busy" and group_of(topic) in busy["why"] and not busy["denied"]
    assert committed(topic.brokers, group_of(topic), topic) == topic.ends()
    applier.pause()  # it is a member still
    assert r.group()["restored"] == "busy"
    applier.resume()
    applier.stop()
    await_(lambda: r.group()["restored"] == "done", 60, "the group is empty")
    assert committed(topic.brokers, group_of(topic), topic) == {0: 0, 1: 0, 2: 5}
    done(r.group())


@pytest.mark.parametrize("given", [
    {"group.instance.id": "one", "session.timeout.ms": 20000, "heartbeat.interval.ms": 500},
    {"group.protocol": "consumer"}], ids=["static", "consumer"])
def test_any_member_keeps_commits_from_being_set(lab, server, given):
    topic = lab.topic()
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": topic.brokers, "group.id": group_of(topic), "log_level": 0,
        "auto.offset.reset": "earliest", **given})
    try:
        consumer.subscribe([topic.name])
        await_(lambda: (consumer.poll(0.1), consumer.assignment())[1], 60, "it is a member")
        r = restorer(lab, server, topic)
        done(r.plan("latest"))
        assert r.group()["restored"] == "busy"
    finally:
        consumer.close()
    if "group.instance.id" in given:
        # A static member leaves when its session ends, and not before.
        assert r.group()["restored"] == "busy"
    await_(lambda: r.group()["restored"] == "done", 120, "the group is empty")
    assert committed(topic.brokers, group_of(topic), topic) == {0: 0, 1: 0, 2: 0}


def test_the_applier_s_permissions_are_enough_for_the_log_too(lab, server):
    topic = lab.topic()
    write(topic, 4, 30)
    lab.dead_letters(topic)
    access = {"brokers": lab.broker.secure, "security": "SASL_SSL", "mechanism": "SCRAM-SHA-512",
              "user": KAFKA_USER, "password": KAFKA_PASSWORD, "ca": lab.broker.ca.read_text()}
    rows = permissions.kafka_for(topic.name, group_of(topic), topic.dead_letters.name)
    r = restorer(lab, server, topic, access=access)
    try:
        for resource, name, operation in rows:
            if resource != "GROUP":
                grant(lab.broker.plain, KAFKA_USER, resource, name, operation)
        await_(lambda: r.plan("latest")["restored"] == "done", 60, "the topic may be read")
        denied = r.group()
        assert denied["restored"] == "failed" and denied["denied"], denied
        grant(lab.broker.plain, KAFKA_USER, "GROUP", group_of(topic), "READ")
        await_(lambda: r.group()["restored"] == "done", 60, "the group may be set")
    finally:
        revoke_everything(lab.broker.plain, KAFKA_USER)


def test_each_partition_s_commit_is_to_be_accepted(lab, server):
    """The brokers accept a request as a whole, and refuse what it says of a partition."""
    topic = lab.topic(partitions=2)
    r = restorer(lab, server, topic)
    plan = done(r.plan("latest"))
    r.given(plan["log"], *[[0, 0, 0]] * 3)
    refused = r.group()
    assert refused["restored"] == "failed" and "partition 2: " in refused["why"], refused
    assert "Unknown topic or partition" in refused["why"], refused


def test_commits_are_not_set_too_late(lab, server):
    topic = lab.topic()
    r = restorer(lab, server, topic)
    done(r.plan("latest"))
    r.within(1)
    late = r.group()
    assert late["restored"] == "failed" and "nothing was sent" in late["why"]
    assert set(committed(topic.brokers, group_of(topic), topic).values()) == {-1001}


# --- the whole of it ------------------------------------------------------------------------------


def restored(lab, topic, server, to, trimmed=(), **target):
    """As a restore does it, with an applier at work before and after; the plan. `trimmed`: what the
    log has lost by then, as (partition, offset)."""
    applier = lab.applier(topic, server).start()
    lab.await_applied(topic, server)
    for partition, offset in trimmed:
        topic.truncate(partition, offset)
    with server.client() as client:
        client.set("made by hand", 1)
        client.set(random.choice([k for k in client.keys() if not k.startswith(b"redwal:")]), "x")
    r = restorer(lab, server, topic)
    plan = done(r.plan(to, **target))
    applier.stop()
    await_(lambda: r.group()["restored"] == "done", 60, "the group is empty")
    done(r.redis("wipe", "uid"))
    applier.start()
    return r, plan


@pytest.mark.parametrize("trimmed", [(), [(1, 100), (2, 33)]], ids=["whole", "trimmed"])
def test_a_replay_to_the_latest_is_the_fold_of_what_the_log_holds(lab, server, trimmed):
    topic = lab.topic()
    write(topic, 5, 2000)
    restored(lab, topic, server, "latest", trimmed=trimmed)
    write(topic, 6, 500)
    lab.compare(lab.await_applied(topic, server), server)


@pytest.mark.parametrize("after", ["release", "skip"])
def test_a_replay_to_a_time_is_the_fold_to_there(lab, server, after):
    topic = lab.topic()
    write(topic, 7, 1500)
    time.sleep(0.01)
    middle = int(time.time() * 1000)
    write(topic, 8, 1500)
    r, plan = restored(lab, topic, server, "time", timeMs=middle)
    until = {p: x[1] for p, x in enumerate(plan["partitions"])}
    assert all(x[1] < x[2] for x in plan["partitions"])
    with server.client() as client:
        await_(lambda: {p: x and x[0] for p, x in lab.positions(topic, client).items()} == until,
               60, "it is applied to there")
        before = [x for x in topic.read() if x.offset < until[x.partition]]
        assert before == [x for x in topic.read() if x.timestamp < middle]
        lab.compare(before, server)
        write(topic, 9, 300)
        holds(lambda: {p: x[0] for p, x in lab.positions(topic, client).items()} == until, 1,
              "nothing later is applied")
        # What is known of the end is of now.
        done(r.plan("time", timeMs=middle))
        ends = topic.ends()
        await_(lambda: r.redis(after, "uid")["restored"] == "done", 60, f"{after} is done")
        assert not [f for f in client.hkeys(IDENTITY) if f.startswith(b"until")]
        if after == "skip":
            await_(lambda: {p: x[0] for p, x in lab.positions(topic, client).items()} == ends, 60,
                   "positions are at the end")
        write(topic, 10, 300)
        records = lab.await_applied(topic, server)
        lab.compare([x for x in records if after == "release" or x.offset < until[x.partition]
                     or x.offset >= ends[x.partition]], server)


@pytest.mark.parametrize("after", ["release", "skip"])
def test_a_partition_that_the_log_got_since_waits_with_the_others(lab, server, after):
    topic = lab.topic()
    write(topic, 11, 900)
    r = restorer(lab, server, topic)
    plan, ends = done(r.plan("latest")), topic.ends()
    r.given(plan["log"], *plan["partitions"][:2])
    done(r.redis("wipe", "uid"))
    applier = lab.applier(topic, server).start()
    for partition in ends:
        applier.await_held("until", f"partition {partition}")
    lab.compare([x for x in topic.read() if x.partition < 2], server)
    r.given(plan["log"], *plan["partitions"][:2], [0, 0, ends[2]])
    await_(lambda: r.redis(after, "uid")["restored"] == "done", 60, f"{after} is done")
    write(topic, 12, 300)
    records = lab.await_applied(topic, server)
    lab.compare([x for x in records
                 if after == "release" or x.partition < 2 or x.offset >= ends[2]], server)
