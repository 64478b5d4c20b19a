"""Restores of keys and of partitions end to end: a Job, which is a process in the place of a pod, writes keys
beside appliers that run and producers that write, and nothing else. What is right says the independent fold."""

import contextlib
import threading

import pytest

import test_restore
from lab import oracle
from lab.wait import await_, holds
from lab.workload import encode
from test_kubectl import DONE, FAILED
from test_restore import LOOKS, PARTITIONS, SOME, await_event, written

idle, site, successor = test_restore.idle, test_restore.site, test_restore.successor
KINDS = "count", "list", "hash"
SECONDS = 300  # a Job that fails is tried again, later each time


def damage(site):
    """Goes around the log, at keys of each kind and of each partition; what Redis holds then."""
    for kind in KINDS:
        for i in range(6):
            key = f"{kind}:{i}"
            if i % 2:
                site.client.delete(key)
            else:
                site.client.set(key, "by hand")
        site.client.set(f"{kind}:stray", "by hand")
    return holdings(site)


def holdings(site):
    return oracle.snapshot(site.client)


def fold(site):
    """What the log makes of its keys, and in which partition each is."""
    records = site.topic.read()
    state = oracle.Oracle(site.scratch_redis).fold(
        sorted(records, key=lambda r: (r.partition, r.offset)), partitions=PARTITIONS).state
    return state, {r.key: r.partition for r in records}


def is_restored(site, damaged, matches):
    """Keys that match are what the log makes of them, and none but those were written."""
    right, _ = fold(site)
    held = holdings(site)
    wanted = {k: v for k, v in right.items() if matches(k)}
    assert {k: v for k, v in held.items() if matches(k)} == wanted
    for key in damaged.keys() | held.keys() | right.keys():
        if not matches(key):
            assert held.get(key) == damaged.get(key), key


@contextlib.contextmanager
def traffic(site, kinds):
    """Producers that write to keys of these kinds, of which none was damaged, until the end of the block."""
    over = threading.Event()

    def write():
        i = 0
        while not over.wait(0.02):
            i += 1
            for kind in kinds:
                value = {"count": encode("INCRBY", [i]), "list": encode("RPUSH", [i]),
                         "hash": encode("HSET", ["f", i])}[kind]
                site.topic.write(value, f"{kind}:{10 + i % 10}".encode())
            site.topic.producer.poll(0)
    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        site.topic.flush()


def appliers_stayed(site):
    assert site.n_wipes() == 0 and not site.processes.ended and len(site.processes.running) == 2


def test_keys_are_written_beside_appliers_and_producers(site):
    written(site)
    damaged = damage(site)
    with traffic(site, ["count"]):
        site.restore(keys="count:*")
        status = site.await_step("Completed", seconds=SECONDS)
    assert status["reason"] == "Repaired"
    receipt = status["receipt"]
    assert receipt["keysCompared"] >= 20 and receipt["keysWritten"] >= 7 and receipt["keysLeft"] == 0
    site.await_applied()
    is_restored(site, damaged, lambda key: key.startswith(b"count:"))
    appliers_stayed(site)
    await_(lambda: site.wals.condition("Ready") == ("True", "AllWell"), 60, "the RedisWal is well")


def test_partitions_are_written_and_no_others(site):
    written(site)
    damaged = damage(site)
    _, partitions = fold(site)
    code, _, err = site.redwal("orders", "--partitions", "0,2", "--yes", "--wait")
    assert code == DONE, err
    # A key that those do not make may be another one's, and stays.
    is_restored(site, damaged, lambda key: partitions.get(key) in (0, 2))
    plan = site.only()["status"]["plan"]
    assert [p["until"] for p in plan["partitions"]] == [site.ends()[0], 0, site.ends()[2]]
    assert plan["records"] == site.ends()[0] + site.ends()[2]
    appliers_stayed(site)


def test_keys_of_a_partition(site):
    written(site)
    damaged = damage(site)
    _, partitions = fold(site)
    site.restore(keys="[ch]*:?", partitions=[1])
    site.await_step("Completed", seconds=SECONDS)
    is_restored(site, damaged, lambda key: partitions.get(key) == 1 and key[:1] in b"ch"
                and len(key.rpartition(b":")[2]) == 1)


def test_what_the_log_lost_is_left_as_it_is(site):
    written(site)
    damaged = damage(site)
    right, partitions = fold(site)
    site.topic.truncate(1, 50)
    code, _, err = site.redwal("orders", "--keys", "*", "--yes", "--wait")
    assert code == FAILED and "PartitionsTrimmed" in err
    assert holdings(site) == damaged
    site.restore(keys="*", accept=["LostRecords"])
    status = site.await_step("Completed", seconds=SECONDS)
    assert status["receipt"]["lost"] == [{"partition": 1, "from": 0, "until": 50}]
    held = holdings(site)
    for key in right.keys() | damaged.keys():
        assert held.get(key) == (right if partitions.get(key) in (0, 2) else damaged).get(key), key


def test_a_partition_that_there_is_not_is_told(site):
    written(site)
    site.restore(partitions=[0, PARTITIONS])
    status = site.await_step("Failed")
    assert status["reason"] == "NotPossible" and f"and no {PARTITIONS}" in status["message"]


def test_a_plan_of_keys_touches_nothing(site):
    written(site)
    damaged = damage(site)
    site.restore(keys="*", dryRun=True)
    assert site.await_step("Completed")["plan"]["records"] == SOME
    assert holdings(site) == damaged and not site.processes.jobs and not site.processes.ended_jobs


def test_a_blank_redis_is_not_written_to(idle, controller):
    idle.write(SOME)
    idle.create(**{"spec.onBlank": "hold"})
    controller("first", idle.cluster.kubeconfig, *LOOKS).await_leading()
    await_(lambda: idle.wals.condition("RestoreRequired") == ("True", "HeldBlank"), 60, "it is held")
    idle.restore(keys="*")
    assert idle.await_step("Failed")["reason"] == "RedisBlank"
    assert not idle.processes.ended_jobs


def test_keys_that_redis_refuses_are_left_and_counted(site):
    written(site)
    damage(site)
    site.client.execute_command("ACL", "SETUSER", "default", "-rename")
    site.restore(keys="hash:*")
    status = site.await_step("Failed", seconds=SECONDS)
    assert status["reason"] == "KeysLeft" and "differ still" in status["message"]
    # The one that the log does not make is deleted, for which no name is changed.
    receipt = status["receipt"]
    assert (receipt["keysWritten"], receipt["keysLeft"]) == (1, 6)
    assert receipt["outcomes"] == {
        "equal": receipt["keysCompared"] - receipt["keysDifferent"],
        "written": 0, "deleted": 1, "left": 0, "busy": 0, "heldBack": 0, "rejected": 0, "doubtful": 0,
        "refused": 6, "unknown": 0}
    assert "differ still: 6 refused" in status["message"]
    assert site.client.get("hash:0") == b"by hand" and not site.client.exists("hash:stray")


def test_a_job_that_cannot_do_it_is_told(site):
    written(site)
    damaged = damage(site)
    site.processes.before_job = lambda: ["--no-such-option"]
    site.restore(keys="*")
    status = site.await_step("Failed", seconds=SECONDS)
    assert status["reason"] == "NotRepaired" and "no-such-option" in status["message"]
    assert holdings(site) == damaged


def test_it_can_be_cancelled_and_others_wait(site):
    written(site)
    damaged = damage(site)
    site.processes.no_node = True
    site.restore(keys="*")
    await_(lambda: ": Unschedulable: 0/1 nodes are available" in site.status().get("message", ""), 60,
           lambda: f"it is told: {site.status()}")
    assert site.status()["step"] == "Repairing"
    site.restore(name="orders-2")
    holds(lambda: site.status("orders-2").get("step", "Pending") == "Pending", 3, "the other one waits")
    site.change(name="orders-2", cancel=True)
    site.change(cancel=True)
    site.await_step("Cancelled")
    await_(lambda: not site.jobs(), 30, "its Job is gone")
    assert holdings(site) == damaged
    appliers_stayed(site)


@pytest.mark.parametrize("step", ["Pending", "Preflight", "Repairing"])
def test_the_controller_is_killed_in_a_step_of_keys(idle, successor, step):
    written(idle)
    damaged = damage(idle)
    idle.restore(keys="list:*")
    if step != "Pending":
        await_event(idle, step)
    successor()
    idle.await_step("Completed", seconds=SECONDS)
    is_restored(idle, damaged, lambda key: key.startswith(b"list:"))
    assert len(idle.jobs()) == 1
    appliers_stayed(idle)
