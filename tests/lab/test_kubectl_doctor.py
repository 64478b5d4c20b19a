"""kubectl-redwal doctor --rediswal: what is wrong with a RedisWal in its cluster, made wrong here."""

import json
import subprocess

import pytest

from controllers import Controller
from lab.wait import await_
from lab.wal import Topic, grant
from place import DIFFERENT, KAFKA_USER, PEOPLE, REDIS_USER

CHILD = "orders-applier"


class Patient:
    def __init__(self, scene):
        self.scene = scene

    def kubectl(self, *argv, **options):
        return self.scene.cluster.kubectl("-n", self.scene.namespace, *argv, **options)

    def examine(self, *argv, **options):
        """check -> row"""
        out = self.scene.run("doctor", "-o", "json", "--controller-namespace", self.scene.namespace,
                             *argv, status=DIFFERENT, **options)
        return {row["check"]: row for row in json.loads(out)["checks"]}

    def made(self):
        return self.kubectl("get", *[f"{kind}/{CHILD}" for kind in (
            "serviceaccount", "configmap", "networkpolicy", "deployment", "poddisruptionbudget",
            "service")], check=False).returncode == 0

    def pods(self):
        names = self.kubectl("get", "pods", "-o", "name").stdout.split()
        return sorted(name.removeprefix("pod/") for name in names)

    def say(self, pod, ready=False, last=None, **state):
        self.kubectl("patch", "pod", pod, "--subresource=status", "--type=merge", "-p", json.dumps({
            "status": {"phase": "Running", "containerStatuses": [{
                "name": "redis-applier", "image": "x", "imageID": "x", "ready": ready,
                "restartCount": 1 if last else 0, "state": state or {"running": {}},
                "lastState": {"terminated": last} if last else {}}]}}))


@pytest.fixture
def patient(scene, tmp_path):
    """Its controller has made everything; nobody has started the two pods."""
    patient = Patient(scene)
    controller = Controller(tmp_path, "controller", scene.cluster.kubeconfig,
                            scene.namespace).start()
    patient.controller = controller
    try:
        await_(lambda: patient.made() and len(patient.pods()) == 2, 180, controller.tail)
        yield patient
    finally:
        controller.stop()


def verdicts(rows, *checks):
    return [rows[check]["verdict"] for check in checks]


def test_a_healthy_one_and_its_pods(patient):
    def settled():
        rows = patient.examine()
        return {"RedisReachable", "LogReachable", "ApplierAvailable"} <= rows.keys() and \
            verdicts(rows, "RedisReachable", "LogReachable", "ApplierAvailable") == ["OK", "OK", "FAIL"] and rows
    rows = await_(settled, 60, patient.controller.tail)
    assert verdicts(rows, "rediswal-served", "controller", "rediswal", "rediswal-observed", "secrets",
                    "objects", "objects-owned", "appliers-run", "log-topic", "redis-primary",
                    "LogReachable") == ["OK"] * 11
    assert "redis-failover" not in rows
    assert verdicts(rows, "appliers-ready") == ["FAIL"]
    assert rows["ApplierAvailable"]["remedy"] == (
        "look at the pods' logs, and at /readyz?verbose of one")
    first, second = patient.pods()
    patient.say(first, ready=True)
    rows = patient.examine()
    assert (rows["appliers-ready"]["verdict"], rows["appliers-ready"]["found"]) == ("WARN", "1 of 2 are")
    patient.say(second, ready=True)
    assert patient.examine()["appliers-ready"]["verdict"] == "OK"
    # What keeps one from running, and what to do about it.
    for last, reason, shown, remedy in (
            (None, "ImagePullBackOff", "ImagePullBackOff", "imagePullSecrets"),
            ({"exitCode": 1, "reason": "Error"}, "CrashLoopBackOff", "CrashLoopBackOff", "--previous"),
            ({"exitCode": 137, "reason": "OOMKilled"}, "CrashLoopBackOff", "OOMKilled", "memory"),
            (None, "CreateContainerConfigError", "CreateContainerConfigError", "secrets")):
        patient.say(second, last=last, waiting={"reason": reason, "message": "as the node says"})
        row = patient.examine()["appliers-run"]
        assert (row["verdict"], row["found"]) == ("FAIL", f"{second}: {shown}")
        assert remedy in row["remedy"]
    patient.say(second, waiting={"reason": "ContainerCreating"})
    assert patient.examine()["appliers-run"]["verdict"] == "OK"


def test_what_is_missing_is_named_and_the_rest_still_looked_at(patient, scene):
    patient.controller.stop()
    rows = patient.examine()
    assert rows["controller"]["verdict"] == "FAIL"
    patient.kubectl("delete", "poddisruptionbudget", CHILD)
    patient.kubectl("delete", "networkpolicy", CHILD)
    patient.kubectl("delete", "service", CHILD)
    patient.kubectl("create", "service", "clusterip", CHILD, "--tcp=80")
    patient.kubectl("patch", "secret", "kafka", "--type=json", "-p",
                    '[{"op": "remove", "path": "/data/word"}]')
    patient.kubectl("delete", "secret", "redis-tls")
    patient.kubectl("patch", "rwal", "orders", "--type=merge", "-p",
                    '{"spec": {"site": "elsewhere"}}')
    rows = patient.examine()
    assert rows["objects"]["found"] == (
        f"missing: NetworkPolicy/{CHILD}, PodDisruptionBudget/{CHILD}")
    assert rows["objects-owned"]["found"] == f"not ours: Service/{CHILD}"
    assert rows["secrets"]["verdict"] == "FAIL"
    for missing in ("kafka/word", "redis-tls/ca.crt", "redis-tls/tls.key"):
        assert missing in rows["secrets"]["found"]
    assert rows["rediswal-observed"]["verdict"] == "WARN"
    assert "log-topic" not in rows  # how to connect is not known
    # A lease of a controller that is gone, and one of another version's RedisWal.
    patient.kubectl("patch", "lease", "redwal-controller", "--type=merge", "-p", json.dumps({
        "spec": {"holderIdentity": "gone", "renewTime": "2026-01-01T00:00:00.000000Z",
                 "leaseDurationSeconds": 4}}))
    row = patient.examine()["controller"]
    assert row["verdict"] == "FAIL" and row["found"].startswith("gone renewed the lease ")
    patient.kubectl("patch", "rwal", "orders", "--type=merge", "-p",
                    '{"spec": {"applier": {"paused": true}}}')
    assert patient.examine()["appliers-ready"]["verdict"] == "WARN"
    assert "none of that name" in patient.examine(name="nothing")["rediswal"]["found"]


def test_the_redis_failover_and_who_may_not_look(scene, place, others):
    del others
    patient = Patient(scene)
    spec = place.spec(scene.topic, failover="orders")
    del spec["redis"]["passwordSecret"], spec["redis"]["username"]
    scene.wal("by-failover", spec)
    argv = ("--redis", place.redis.address, "--redis-user", REDIS_USER)
    rows = patient.examine(*argv, name="by-failover")
    assert rows["redis-failover"]["found"] == "orders is not there"
    assert verdicts(rows, "controller", "objects") == ["FAIL", "FAIL"]
    scene.make("databases.spotahome.com/v1", "RedisFailover", "orders",
               spec={"auth": {"secretPath": "redis"}, "redis": {}, "sentinel": {}})
    rows = patient.examine(*argv, name="by-failover")
    assert verdicts(rows, "redis-failover", "secrets", "redis-primary") == ["OK", "OK", "OK"]
    user = scene.cluster.directory / "user.kubeconfig"
    scene.bind("redwal-view")
    out = scene.run("doctor", "-o", "json", kubeconfig=user, status=DIFFERENT)
    rows = {row["check"]: row["verdict"] for row in json.loads(out)["checks"]}
    assert [rows[check] for check in ("rediswal", "controller", "secrets", "objects")] == [
        "OK", "UNKNOWN", "UNKNOWN", "UNKNOWN"]


# What a user is bound to, and the checks that nobody can tell without.
RIGHTS = {
    "view": ("--clusterrole=view", {"objects", "objects-owned", "appliers-ready", "appliers-run"}),
    "redwal-connect": ("--clusterrole=redwal-connect", {"secrets"}),
    "lease": ("--role=lease", {"controller"})}


def test_these_rights_are_enough_for_all_checks_and_each_is_needed(patient, scene):
    patient.kubectl("apply", "--server-side", "--force-conflicts", "-f", PEOPLE)
    patient.kubectl("create", "role", "lease", "--verb=get", "--resource=leases", "--resource-name=redwal-controller")

    def verdicts_for(name):
        argv = scene.argv("doctor", "-o", "json", "--controller-namespace", scene.namespace,
                          kubeconfig=scene.cluster.directory / f"{name}.kubeconfig")
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        return {row["check"]: row["verdict"] for row in json.loads(done.stdout)["checks"]}

    def unknown_to_user():
        return {check for check, verdict in verdicts_for("user").items() if verdict == "UNKNOWN"}

    def grant(right):
        patient.kubectl("create", "rolebinding", right, RIGHTS[right][0], "--user=lab-user")
    for right in RIGHTS:
        grant(right)
    await_(lambda: verdicts_for("admin").keys() >= {"log-topic", "redis-primary", "LogReachable"}, 90,
           patient.controller.tail)
    await_(lambda: verdicts_for("user") == verdicts_for("admin"), 90,
           lambda: f"the user sees the same: {verdicts_for('user')}\n{verdicts_for('admin')}")
    for right, (_, checks) in RIGHTS.items():
        patient.kubectl("delete", "rolebinding", right)
        await_(lambda: checks <= unknown_to_user(), 60, lambda: f"{checks} need {right}: {unknown_to_user()}")
        grant(right)
        await_(lambda: not checks & unknown_to_user(), 60, lambda: f"{right} counts: {unknown_to_user()}")


def test_who_may_write_the_marks_that_are_wanted(scene, place):
    """Told where marks are wanted of this site, and of the user who writes them."""
    patient = Patient(scene)
    assert "marks-permission" not in patient.examine()
    wanted = {"marks": {"interval": "2s"}}
    reader = Topic(place.broker.plain, "only-read")
    grant(place.broker.plain, KAFKA_USER, "TOPIC", reader.name, "READ")
    for name, spec in (("marking", {**place.spec(scene.topic), **wanted}),
                       ("standby", {**place.spec(scene.topic), **wanted, "role": "standby"}),
                       ("reader", {**place.spec(reader), **wanted})):
        scene.wal(name, spec)
    assert patient.examine(name="marking")["marks-permission"]["verdict"] == "OK"
    assert "marks-permission" not in patient.examine(name="standby")
    row = patient.examine(name="reader")["marks-permission"]
    assert (row["verdict"], row["found"]) == ("FAIL", "missing: Write on the log")
    assert "docs/permissions.md" in row["remedy"]
