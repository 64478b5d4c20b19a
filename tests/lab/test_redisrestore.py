"""What a RedisRestore looks like to people, and that its status may be what our code writes."""

import json
import subprocess

import pytest

from kinds import RESOURCE_TABLES, RESTORE

END = "2026-11-25T10:00:00Z"
PLAN = {"log": "cluster/topic", "toEnd": False, "records": 12, "recordBytes": 100, "bytes": 1200,
        "seconds": 1, "lostRecords": 3, "partitions": [
            {"partition": 0, "from": 3, "until": 9223372036854775806, "end": 9223372036854775807},
            {"partition": 1, "from": 0, "until": 5, "end": 9}]}
STATUS = {"step": "Replaying", "to": "latest", "reason": "Replays", "plan": PLAN,
          "progress": {"records": 6, "percent": 50, "recordsPerSecond": 1000, "secondsLeft": 7},
          "startedAt": END}


def rewritten(body):
    """The status that our code writes for an object, from what it reads of it."""
    done = subprocess.run([RESOURCE_TABLES, "rewrite", RESTORE.name], input=json.dumps(body),
                          text=True, capture_output=True, timeout=30, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("step", ["Pending", "Replaying", "Completed", "Failed", "Cancelled"])
def test_the_api_server_keeps_what_our_code_writes(api, namespace, step):
    changes = {"spec.to": {"time": "2026-11-25T09:46:47.5Z"}, "spec.after": "Skip"}
    created = RESTORE.create(api, namespace, RESTORE.make(changes))
    written = rewritten({**created, "status": {
        **STATUS, "step": step, "completedAt": END, "wipedAt": END,
        "receipt": {"records": 12, "releasedAt": END}}})
    kept = RESTORE.say(api, namespace, "orders-1", written)
    assert kept["status"] == written
    assert written["to"] == "2026-11-25T09:46:47.500Z"
    assert written["plan"] == PLAN
    assert RESTORE.decode(kept) == (True, "good\n")
    assert rewritten(kept) == written
    assert ("skipped" in written["receipt"]) == (step == "Completed")


def test_people_see_how_far_it_is(cluster, api, namespace):
    RESTORE.create(api, namespace, RESTORE.make({}))
    RESTORE.say(api, namespace, "orders-1", STATUS)
    heads, row = cluster.kubectl("-n", namespace, "get", "rrs").stdout.splitlines()
    assert heads.split() == ["NAME", "REDISWAL", "TO", "STEP", "PERCENT", "RATE", "ETA", "(S)",
                             "AGE"]
    assert row.split()[:7] == ["orders-1", "orders", "latest", "Replaying", "50", "1000", "7"]
    assert "orders-1" in cluster.kubectl("-n", namespace, "get", "redwal").stdout


@pytest.mark.parametrize("step, status", [("Completed", "True"), ("Failed", "False"),
                                          ("Cancelled", "False"), ("Held", "Unknown")])
def test_its_end_can_be_waited_for(cluster, api, namespace, step, status):
    created = RESTORE.create(api, namespace, RESTORE.make({}))
    ended = {} if step == "Held" else {"completedAt": END}
    RESTORE.say(api, namespace, "orders-1",
                rewritten({**created, "status": {**STATUS, "step": step, "reason": "Why",
                                                 "message": "so", **ended}}))

    def waits_for(value):
        seconds = 10 if value == status else 1
        return cluster.kubectl("-n", namespace, "wait", f"--timeout={seconds}s",
                               f"--for=condition=Completed={value}", "rrs/orders-1",
                               check=False).returncode == 0

    assert [value for value in ("True", "False", "Unknown") if waits_for(value)] == [status]
    condition, = RESTORE.get(api, namespace, "orders-1")["status"]["conditions"]
    assert (condition["reason"], condition["message"]) == ("Why", "so")
    assert condition["lastTransitionTime"] == ended.get(
        "completedAt", created["metadata"]["creationTimestamp"])


def test_a_plan_of_every_partition_has_room(api, namespace):
    largest = 9223372036854775807
    created = RESTORE.create(api, namespace, RESTORE.make({}))
    written = rewritten({**created, "status": {**STATUS, "step": "Completed", "plan": {
        **PLAN, "partitions": [{"partition": p, "from": largest, "until": largest, "end": largest}
                               for p in range(1024)]}}})
    assert len(written["receipt"]["lost"]) == 1024
    kept = RESTORE.say(api, namespace, "orders-1", written)
    assert kept["status"] == written
