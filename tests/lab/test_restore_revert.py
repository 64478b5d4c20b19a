"""Restores of keys to a time or positions end to end: a Job, which is a process in the place of a pod, appends to the
log what they were, beside appliers that run and producers that write. What is right says the independent fold."""

import datetime
import json
import time

import test_restore
from lab import oracle
from processes import JOBS
from test_kubectl import DONE
from test_restore import LOOKS, PARTITIONS, SOME, await_event, written
from test_restore_keys import SECONDS, appliers_stayed, holdings, traffic

idle, site, successor = test_restore.idle, test_restore.site, test_restore.successor


def is_of_revert(site, record):
    uid = site.only()["metadata"]["uid"]
    return json.loads(record.value).get("id", "").startswith(f"{uid}:")


def fold(site, records):
    return oracle.Oracle(site.scratch_redis).fold(records, partitions=PARTITIONS).state


def await_quiet(site):
    """Everything that is in the log is applied."""
    site.topic.flush()
    site.await_applied()


def is_reverted(site, ends, matches):
    """What matches is what it was at `ends`, and what does not is what producers made it; each key
    has one record."""
    await_quiet(site)
    records = site.topic.read()
    ours = [r for r in records if is_of_revert(site, r)]
    theirs = [r for r in records if not is_of_revert(site, r)]
    then = fold(site, [r for r in theirs if r.offset < ends[r.partition]])
    plain = fold(site, theirs)
    wanted = {k: v for k, v in then.items() if matches(k)} | {
        k: v for k, v in plain.items() if not matches(k)}
    held = holdings(site)
    assert held.pop(b"stray"), "what was written past the log is left alone"
    assert not oracle.differences(wanted, held)
    assert not oracle.differences(fold(site, records), held), "a replay makes the same"
    assert len({r.key for r in ours}) == len(ours)
    return ours


def test_keys_to_a_time_beside_appliers_and_producers(site):
    written(site)
    ends = site.ends()
    time.sleep(0.05)
    then = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
    time.sleep(0.05)
    site.write(40)
    with traffic(site, ["hash"]):
        site.restore(keys="count:*", to={"time": then.replace("+00:00", "Z")})
        status = site.await_step("Completed", seconds=SECONDS)
    assert status["reason"] == "Reverted"
    ours = is_reverted(site, ends, lambda key: key.startswith(b"count:"))
    receipt = status["receipt"]
    assert receipt["keysWritten"] == len(ours) > 5 and receipt["keysLeft"] == 0
    assert receipt["outcomes"]["heldBack"] == 0
    job, = site.jobs()
    final, = [rule.on_exit_codes.values for rule in job.spec.pod_failure_policy.rules if rule.on_exit_codes]
    assert final == [2], "a key that was not reverted may be the next time, and wrong options never"
    appliers_stayed(site)


def test_a_partition_to_a_position(site):
    written(site)
    ends = site.ends()
    site.write(40)
    code, _, err = site.redwal("orders", "--partitions", "0,2", "--to", f"0:{ends[0]}", "--yes", "--wait")
    assert code == DONE, err
    partitions = {r.key: r.partition for r in site.topic.read()}
    ours = is_reverted(site, ends, lambda key: partitions.get(key) == 0)
    assert ours and {r.partition for r in ours} == {0}
    appliers_stayed(site)


def test_a_site_that_is_fed_is_not_written_to(idle, controller):
    idle.write(SOME)
    idle.create(**{"spec.role": "standby"})
    controller("first", idle.cluster.kubeconfig, *LOOKS).await_leading()
    held = idle.ends()
    idle.restore(keys="*", to={"positions": [{"partition": 0, "offset": 1}]})
    status = idle.await_step("Failed")
    assert status["reason"] == "OtherSite" and "where producers write" in status["message"]
    assert idle.ends() == held and not idle.jobs()


def test_the_controller_is_killed_while_keys_are_reverted(idle, successor):
    written(idle)
    ends = idle.ends()
    idle.write(40)
    idle.restore(keys="list:*", to={"positions": [
        {"partition": p, "offset": end} for p, end in ends.items()]})
    await_event(idle, "Reverting")
    successor()
    idle.await_step("Completed", seconds=SECONDS)
    assert is_reverted(idle, ends, lambda key: key.startswith(b"list:"))
    assert len(idle.jobs()) == 1


def test_a_job_that_cannot_do_it_is_told(site):
    written(site)
    held = site.ends()
    site.processes.before_job = lambda: ["--no-such-option"]
    site.restore(keys="*", to={"positions": [{"partition": 0, "offset": 1}]})
    status = site.await_step("Failed", seconds=SECONDS)
    assert status["reason"] == "NotReverted" and "no-such-option" in status["message"]
    assert len(site.processes.pods(JOBS)) == 1, "it is not tried again"
    assert site.ends() == held
