"""`kubectl redwal restore` on a cluster, with the controller's part played by the test."""

import json
import subprocess
import threading
import time

import pytest

from kinds import RESTORE
from lab.process import Process
from lab.wait import await_
from person import Person
from place import bind
from rediswals import create, make
from test_kubectl import DIFFERENT, DONE, FAILED, REDWAL, TIMEOUT, USAGE

INCOMPLETE = 5
END = "2026-11-25T10:00:00Z"
PLAN = {"log": "cluster/topic", "toEnd": True, "records": 1234, "recordBytes": 100, "bytes": 123400,
        "seconds": 65, "lostRecords": 0,
        "partitions": [{"partition": 0, "from": 0, "until": 1234, "end": 1234}]}
LOSSY = {**PLAN, "lostRecords": 7, "partitions": [
    {"partition": 0, "from": 7, "until": 1241, "end": 1300}]}


OBJECTS = [{"kind": "Pod", "name": "rfr-orders-0", "uid": "u-0"},
           {"kind": "PersistentVolumeClaim", "name": "data-rfr-orders-0", "uid": "u-1"}]


class Part:
    """Of the controller: gives each RedisRestore that appears its statuses, one after the other. `begins`: of
    its spec, once it acts; `goes_on`: of a step, once there may be another."""

    def __init__(self, api, namespace, *statuses, begins=lambda spec: True, goes_on=lambda step: True):
        self.api, self.namespace, self.statuses = api, namespace, statuses
        self.begins, self.goes_on = begins, goes_on
        self.seen, self.ended = {}, threading.Event()
        self.thread = threading.Thread(target=self._play)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def _play(self):
        while not self.ended.wait(0.1):
            for found in self.all():
                if found["metadata"]["uid"] not in self.seen and self.begins(found["spec"]):
                    self._act(found)

    def _act(self, found):
        self.seen[found["metadata"]["uid"]] = found["spec"]
        for status in self.statuses:
            said = status(found["spec"])
            RESTORE.say(self.api, self.namespace, found["metadata"]["name"], said)
            while not self.goes_on(said["step"]):
                if self.ended.wait(0.05):
                    return

    def all(self):
        return self.api.list_namespaced_custom_object(
            "redwal.dev", "v1alpha1", self.namespace, "redisrestores")["items"]


def steps(*those, plan=None):
    """Statuses of a restore that goes through these; of a plan alone that it is made."""
    plan = plan or PLAN

    def status(step):
        def of(spec):
            step_now = "Completed" if spec["dryRun"] and step != "Failed" else step
            ended = {"completedAt": END} if step_now in ("Completed", "Failed", "Cancelled") else {}
            done = {"progress": {"records": 600, "percent": 48, "recordsPerSecond": 1000,
                                 "secondsLeft": 1}} if step == "Replaying" else {}
            return {"step": step_now, "reason": f"Is{step}", "message": f"it is {step.lower()}",
                    "to": "latest", "plan": plan, **ended, **done,
                    **({"recreation": {"objects": OBJECTS}} if spec.get("wipe") == "Volumes" else {})}
        return of
    return [status(step) for step in those]


@pytest.fixture
def wal(api, namespace):
    created = create(api, namespace, make({}))
    api.patch_namespaced_custom_object_status(
        "redwal.dev", "v1alpha1", namespace, "rediswals", "orders", {"status": {
            "phase": "Applying", "primary": {"address": "10.0.0.7:6379", "pod": "rfr-orders-0"}}})
    return created


def call(cluster, namespace, *argv, kubeconfig=None):
    return [REDWAL, "restore", *argv, "-n", namespace, "--kubeconfig", kubeconfig or cluster.kubeconfig]


@pytest.fixture
def restore(cluster, wal, namespace):
    """Runs it; returns (exit status, output, errors)."""
    del wal

    def run(*argv, **options):
        done = subprocess.run(call(cluster, namespace, *argv, **options), capture_output=True, text=True,
                              timeout=60, check=False, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout, done.stderr
    return run


class Told:
    """What the tool tells people on its way, so that each step lasts until it was told."""

    def __init__(self, path):
        self.path = path
        self.path.touch()

    def has(self, step):
        return f": {step}: " in self.path.read_text()

    def run(self, argv):
        """As `restore` does it."""
        with self.path.open("w") as errors:
            done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=errors, text=True, timeout=60, check=False,
                                  stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout, self.path.read_text()


@pytest.fixture
def told(tmp_path):
    return Told(tmp_path / "told")


def the_one(api, namespace):
    found, = api.list_namespaced_custom_object("redwal.dev", "v1alpha1", namespace,
                                               "redisrestores")["items"]
    return found


def test_what_is_asked_for_is_what_is_made(api, namespace, restore):
    code, out, err = restore("orders", "--to", "2026-11-25T09:46:47.5Z", "--after", "skip",
                             "--wipe", "volumes", "--accept", "both", "--rate", "500", "--verify", "full", "--yes",
                             "-o", "json")
    assert code == DONE, err
    made = the_one(api, namespace)
    assert made["metadata"]["name"] == json.loads(out)["name"]
    assert made["metadata"]["name"].startswith("orders-")
    assert made["spec"] == {
        "rediswal": "orders", "to": {"time": "2026-11-25T09:46:47.500Z"}, "after": "Skip", "wipe": "Volumes",
        "accept": ["LostRecords", "UnknownData"], "rate": 500, "verify": "Full", "sample": 10000, "dryRun": False,
        "cancel": False, "release": False}


@pytest.mark.parametrize("argv, verify, sample", [
    ((), "Sample", 10000), (("--verify", "none"), "None", 10000), (("--sample", "7"), "Sample", 7)])
def test_how_it_is_verified(api, namespace, restore, argv, verify, sample):
    code, _, err = restore("orders", *argv, "--yes")
    assert code == DONE, err
    spec = the_one(api, namespace)["spec"]
    assert (spec["verify"], spec["sample"]) == (verify, sample)


@pytest.mark.parametrize("verified, code", [
    ("Equal", DONE), ("NotWanted", DONE), ("Unknown", INCOMPLETE)])
def test_waiting_tells_what_could_not_be_verified(api, cluster, namespace, wal, told, verified, code):
    del wal
    end, = steps("Completed")
    with Part(api, namespace, *steps("Verifying"), lambda spec: {
            **end(spec), "receipt": {"verified": verified, "keysCompared": 5}}, goes_on=told.has):
        got, out, err = told.run(call(cluster, namespace, "orders", "--wait", "--yes", "-o", "json"))
    assert got == code, err
    assert (json.loads(out)["verified"], json.loads(out)["keysCompared"]) == (verified, 5)
    assert ("is not known: it is completed" in err) == (code == INCOMPLETE)
    assert "Verifying: it is verifying" in err


@pytest.mark.parametrize("argv, to", [
    ((), None), (("--to", "latest"), None),
    (("--to", "0:5,3:9223372036854775807"), {"positions": [
        {"partition": 0, "offset": 5}, {"partition": 3, "offset": 9223372036854775807}]})])
def test_targets(api, namespace, restore, argv, to):
    code, _, err = restore("orders", *argv, "--yes")
    assert code == DONE, err
    assert the_one(api, namespace)["spec"].get("to") == to


@pytest.mark.parametrize("argv, spec", [
    (("--keys", "cart:*"), {"keys": "cart:*"}),
    (("--keys=--x [a-z]?",), {"keys": "--x [a-z]?"}),
    (("--partitions", "7-9,0"), {"partitions": [0, 7, 8, 9]}),
    (("--keys", "a", "--partitions", "3", "--accept", "lost-records"),
     {"keys": "a", "partitions": [3], "accept": ["LostRecords"]})])
def test_keys_and_partitions(api, namespace, restore, argv, spec):
    code, _, err = restore("orders", *argv, "--yes")
    assert code == DONE, err
    made = the_one(api, namespace)["spec"]
    assert {field: made[field] for field in spec} == spec and "to" not in made


@pytest.mark.parametrize("argv, says", [
    (("--keys", "a", "--to", "2h", "--after", "skip"), "nothing is held"),
    (("--keys", "a", "--rate", "5"), "leave out --rate"),
    (("--keys", "a", "--sample", "5"), "leave out --verify and --sample"),
    (("--partitions", "0", "--verify", "full"), "leave out --verify and --sample"),
    (("--keys", "a", "--verify", "none"), "leave out --verify and --sample"),
    (("--partitions", "9-7"), "is not a list such as"),
    (("--partitions", "1024"), "more partitions than can be restored"),
    (("--keys", "ä"), "put ? in the place of each byte")])
def test_keys_that_cannot_be_restored_like_that(api, namespace, restore, argv, says):
    code, _, err = restore("orders", *argv, "--yes")
    assert code == USAGE and says in err
    assert not api.list_namespaced_custom_object("redwal.dev", "v1alpha1", namespace,
                                                 "redisrestores")["items"]


def test_how_long_ago_is_a_time(api, namespace, restore):
    assert restore("orders", "--to", "2h", "--yes")[0] == DONE
    said = the_one(api, namespace)["spec"]["to"]["time"]
    ago = time.time() - 2 * 3600
    assert said[:13] in {time.strftime("%Y-%m-%dT%H", time.gmtime(ago - s)) for s in (0, 60)}


@pytest.mark.parametrize("given, made", [
    ("nothing", None), ("lost-records", ["LostRecords"]), ("unknown-data", ["UnknownData"])])
def test_what_is_accepted(api, namespace, restore, given, made):
    assert restore("orders", "--wipe", "volumes", "--accept", given, "--yes")[0] == DONE
    assert the_one(api, namespace)["spec"].get("accept") == made


def test_what_cannot_be_flushed_needs_volumes(api, namespace, restore):
    code, _, err = restore("orders", "--accept", "unknown-data", "--yes")
    assert code == USAGE and "give --wipe volumes" in err
    assert not api.list_namespaced_custom_object("redwal.dev", "v1alpha1", namespace,
                                                 "redisrestores")["items"]


def test_without_a_terminal_it_needs_yes(api, namespace, restore):
    code, out, err = restore("orders")
    assert (code, out) == (USAGE, "")
    assert "this wipes a Redis: give --yes" in err
    code, _, err = restore("orders", "--keys", "cart:*")
    assert code == USAGE and "this writes keys of a Redis: give --yes" in err
    assert not api.list_namespaced_custom_object("redwal.dev", "v1alpha1", namespace,
                                                 "redisrestores")["items"]


def test_a_wal_that_is_not_there_is_told(api, namespace, restore):
    code, _, err = restore("other", "--yes")
    assert code == FAILED and '"other" not found' in err
    assert not api.list_namespaced_custom_object("redwal.dev", "v1alpha1", namespace,
                                                 "redisrestores")["items"]


def test_a_plan_is_shown_and_nothing_is_left_of_it(api, namespace, restore):
    with Part(api, namespace, *steps("Preflight", "Completed")) as part:
        code, out, err = restore("orders", "--dry-run", "-o", "json")
    assert code == DONE, err
    shown = json.loads(out)
    assert [shown[k] for k in ("rediswal", "to", "records", "bytes", "durationMs", "lostRecords")] == [
        "orders", "latest", 1234, 123400, 65000, 0]
    assert shown["partitions"] == [{"partition": 0, "lost": 0, "from": 0, "until": 1234,
                                    "records": 1234, "behind": 0}]
    assert [spec["dryRun"] for spec in part.seen.values()] == [True]
    assert not part.all()


def test_a_plan_lists_what_would_be_deleted(api, namespace, restore):
    with Part(api, namespace, *steps("Completed")):
        code, out, err = restore("orders", "--wipe", "volumes", "--dry-run", "-o", "json")
        assert code == DONE, err
        assert json.loads(out)["deleted"] == OBJECTS
        assert json.loads(restore("orders", "--dry-run", "-o", "json")[1])["deleted"] == []
        text = restore("orders", "--wipe", "volumes", "--dry-run")[1]
    assert all(one["name"] in text for one in OBJECTS)


@pytest.mark.parametrize("last, plan", [("Completed", LOSSY), ("Failed", PLAN)])
def test_a_plan_that_is_not_fine_says_so(api, namespace, restore, last, plan):
    with Part(api, namespace, *steps(last, plan=plan)) as part:
        code, out, err = restore("orders", "--dry-run", "-o", "json")
        assert not part.all()
    assert code == DIFFERENT, err
    assert json.loads(out)["lostRecords"] == plan["lostRecords"]


def test_a_plan_that_waits_says_for_what(api, namespace, restore):
    def denied(_):
        return {"step": "Preflight", "reason": "Denied", "message": "it is not allowed. What to do: allow it"}
    with Part(api, namespace, denied) as part:
        code, _, err = restore("orders", "--wipe", "volumes", "--dry-run", "--patience", "20s")
        assert code == TIMEOUT and "Preflight: Denied: it is not allowed. What to do: allow it" in err
        assert "is it running" not in err and not part.all()


def test_a_plan_that_nobody_makes_is_not_waited_for_for_ever(api, namespace, restore):
    code, _, err = restore("orders", "--dry-run", "--patience", "500ms")
    assert code == TIMEOUT and "is it running" in err
    assert not api.list_namespaced_custom_object("redwal.dev", "v1alpha1", namespace,
                                                 "redisrestores")["items"]


@pytest.mark.parametrize("last, code", [("Completed", DONE), ("Held", DONE), ("Failed", FAILED),
                                        ("Cancelled", INCOMPLETE)])
def test_waiting_ends_as_the_restore_does(api, cluster, namespace, wal, told, last, code):
    del wal
    with Part(api, namespace, *steps("Stopping", "Wiping", "Replaying", last), goes_on=told.has):
        got, out, err = told.run(call(cluster, namespace, "orders", "--wait", "--yes", "-o", "json"))
    assert got == code, err
    assert json.loads(out)["step"] == last
    said = [line.split(": ")[1] for line in err.splitlines() if line.startswith("orders-")]
    assert said == ["Pending", "Stopping", "Wiping", "Replaying", last] or \
        said == ["Stopping", "Wiping", "Replaying", last]
    assert ("restore release" in err) == (last == "Held")
    assert (f"Is{last}: it is {last.lower()}" in err) == (code in (FAILED, INCOMPLETE))


def test_waiting_is_bounded_and_the_restore_goes_on(api, namespace, restore):
    code, _, err = restore("orders", "--wait", "--yes", "--timeout", "500ms")
    assert code == TIMEOUT and "restore status orders-" in err
    assert the_one(api, namespace)["spec"]["cancel"] is False


def test_progress_is_shown(api, cluster, namespace, wal, tmp_path):
    del wal
    with Part(api, namespace, *steps("Replaying")):
        process = Process("restore", call(cluster, namespace, "orders", "--wait", "--yes"),
                          tmp_path / "restore.log").start()
        await_(lambda: "600 of 1,234 records replayed  48 %" in process.output(), 30, process.tail)
        process.kill()


@pytest.mark.parametrize("answer, code, made", [("orders", DONE, 1), ("yes", USAGE, 0), ("", USAGE, 0)])
def test_a_person_is_asked(api, cluster, namespace, wal, answer, code, made):
    del wal
    with Part(api, namespace, *steps("Completed", plan=LOSSY)) as part:
        person = Person(call(cluster, namespace, "orders"))
        person.reads("Type the name of the RedisWal to go on: ")
        assert f"RedisWal {namespace}/orders" in person.read
        assert "10.0.0.7:6379 (pod rfr-orders-0)" in person.read
        assert "1,234 records" in person.read
        assert "7 records that the log no longer holds" in person.read
        assert not part.all()  # of the plan
        assert person.types(answer) == code
        assert [r["spec"]["dryRun"] for r in part.all()] == [False] * made


def test_a_person_is_told_which_pods_and_claims_go(api, cluster, namespace, wal):
    del wal
    with Part(api, namespace, *steps("Completed")):
        person = Person(call(cluster, namespace, "orders", "--wipe", "volumes"))
        person.reads("Type the name of the RedisWal to go on: ")
        assert "Pod rfr-orders-0" in person.read and "PersistentVolumeClaim data-rfr-orders-0" in person.read
        assert person.types("orders") == DONE


def test_a_person_is_told_that_keys_are_written(api, cluster, namespace, wal):
    del wal
    with Part(api, namespace, *steps("Completed")) as part:
        person = Person(call(cluster, namespace, "orders", "--keys", "cart:*", "--partitions", "0"))
        person.reads("Type the name of the RedisWal to go on: ")
        assert "keys that match cart:* of partition 0, where they differ" in person.read
        assert "Nothing is wiped" in person.read and "wiped:" not in person.read
        assert person.types("orders") == DONE
        made, = part.all()
        assert made["spec"]["keys"] == "cart:*" and made["spec"]["partitions"] == [0]


def test_a_person_is_not_asked_for_what_is_refused(api, cluster, namespace, wal):
    del wal
    with Part(api, namespace, *steps("Failed")) as part:
        person = Person(call(cluster, namespace, "orders"))
        person.reads("IsFailed: it is failed")
        assert person.process.wait(60) == FAILED
        assert "Type the name" not in person.read
        assert not part.all()


def put(api, namespace, name, step, **spec):
    RESTORE.create(api, namespace, RESTORE.make(
        {"metadata.name": name, **{f"spec.{key}": value for key, value in spec.items()}}))
    status, = steps(step)
    RESTORE.say(api, namespace, name, status({"dryRun": False}))


def test_status_is_of_the_one_under_way(api, namespace, restore):
    code, _, err = restore("status")
    assert code == FAILED and "there is no RedisRestore" in err
    put(api, namespace, "first", "Replaying")
    time.sleep(1.1)  # the age of objects has seconds
    put(api, namespace, "second", "Completed")
    code, out, _ = restore("status", "-o", "json")
    shown = json.loads(out)
    assert (code, shown["name"], shown["step"]) == (DONE, "first", "Replaying")
    assert (shown["percent"], shown["recordsPerSecond"], shown["leftMs"]) == (48, 1000, 1000)
    assert shown["partitions"][0]["until"] == 1234
    assert json.loads(restore("status", "second", "-o", "json")[1])["name"] == "second"
    code, _, err = restore("status", "third")
    assert code == FAILED and '"third" not found' in err
    code, out, _ = restore("list", "-o", "json")
    assert code == DONE
    assert [(r["name"], r["step"]) for r in json.loads(out)["restores"]] == [
        ("first", "Replaying"), ("second", "Completed")]
    assert {"first", "second"} <= {r["name"] for r in json.loads(
        restore("list", "-A", "-o", "json")[1])["restores"]}


@pytest.mark.parametrize("step, code", [("Held", DONE), ("Failed", DIFFERENT),
                                        ("Cancelled", DIFFERENT)])
def test_the_exit_status_of_status(api, namespace, restore, step, code):
    put(api, namespace, "orders-1", step)
    assert restore("status")[0] == code


@pytest.mark.parametrize("verb", ["status", "list"])
def test_watching_shows_changes(api, cluster, namespace, wal, tmp_path, verb):
    del wal
    put(api, namespace, "orders-1", "Stopping")
    process = Process(verb, call(cluster, namespace, verb, "-w", "--interval", "100ms",
                                 "-o", "json"), tmp_path / "status.log").start()
    await_(lambda: '"Stopping"' in process.output(), 20, process.tail)
    status, = steps("Wiping")
    RESTORE.say(api, namespace, "orders-1", status({"dryRun": False}))
    await_(lambda: '"Wiping"' in process.output(), 20, process.tail)
    process.stop()


TO_A_TIME = {"to": {"time": END}}


@pytest.mark.parametrize("verb, spec", [("cancel", {}), ("release", TO_A_TIME)])
def test_it_is_ended_and_released(api, namespace, restore, verb, spec):
    put(api, namespace, "orders-1", "Held", **spec)
    assert restore(verb, "orders-1")[0] == DONE
    assert the_one(api, namespace)["spec"][verb] is True


@pytest.mark.parametrize("verb, last, code", [
    ("cancel", "Cancelled", DONE), ("cancel", "Completed", DONE), ("cancel", "Failed", FAILED),
    ("release", "Completed", DONE), ("release", "Cancelled", INCOMPLETE)])
def test_its_end_is_waited_for(api, namespace, restore, verb, last, code):
    put(api, namespace, "orders-1", "Held", **TO_A_TIME)
    with Part(api, namespace, *steps("Releasing", last), begins=lambda spec: spec[verb]):
        assert restore(verb, "orders-1", "--wait")[0] == code


@pytest.mark.parametrize("verb, step, spec, says", [
    ("cancel", "Completed", TO_A_TIME, "it has ended already"),
    ("release", "Failed", TO_A_TIME, "it has ended already"),
    ("release", "Replaying", {}, "holds nothing"),
    ("release", "Replaying", {**TO_A_TIME, "after": "Skip"}, "skips what follows")])
def test_what_cannot_be_is_told_and_not_done(api, namespace, restore, verb, step, spec, says):
    put(api, namespace, "orders-1", step, **spec)
    code, _, err = restore(verb, "orders-1")
    assert code == USAGE and says in err and "nothing was done" in err
    assert the_one(api, namespace)["spec"][verb] is False


@pytest.fixture
def as_user(cluster, restore):
    """`restore` as the lab's user."""
    return lambda *argv: restore(*argv, kubeconfig=cluster.directory / "user.kubeconfig")


@pytest.fixture
def offered(cluster, namespace):
    """What a shell offers behind these words."""
    def run(*words, kubeconfig=cluster.kubeconfig):
        done = subprocess.run([REDWAL, "__complete", "restore", "-n", namespace, "--kubeconfig", kubeconfig, *words],
                              capture_output=True, text=True, timeout=60, check=True)
        return [line.split("\t")[0] for line in done.stdout.splitlines()]
    return run


def test_one_role_is_enough_for_all_of_it(api, cluster, namespace, as_user):
    put(api, namespace, "held", "Held", **TO_A_TIME)
    put(api, namespace, "unwanted", "Held", **TO_A_TIME)
    bind(cluster, namespace, "redwal-restore")
    with Part(api, namespace, *steps("Completed"), begins=lambda spec: "to" not in spec) as part:
        assert as_user("orders", "--dry-run")[0] == DONE
        assert {"held", "unwanted"} == {one["metadata"]["name"] for one in part.all()}
        assert as_user("orders", "--yes", "--wait")[0] == DONE
    for argv in (("release", "held"), ("cancel", "unwanted"), ("status", "held"), ("list",)):
        assert as_user(*argv)[0] == DONE, argv
    spec = {one["metadata"]["name"]: one["spec"] for one in part.all()}
    assert spec["held"]["release"] is spec["unwanted"]["cancel"] is True and len(spec) == 3


@pytest.mark.parametrize("verb, resource, argv", [
    ("get", "rediswals", ("orders", "--yes")), ("create", "redisrestores", ("orders", "--yes")),
    ("get", "redisrestores", ("status", "held")), ("list", "redisrestores", ("list",)),
    ("patch", "redisrestores", ("cancel", "held")), ("delete", "redisrestores", ("orders", "--dry-run"))])
def test_nothing_in_that_role_is_too_much(api, cluster, namespace, as_user, verb, resource, argv):
    put(api, namespace, "held", "Held", **TO_A_TIME)
    bind(cluster, namespace, "redwal-restore", (verb, resource))
    with Part(api, namespace, *steps("Completed"), begins=lambda spec: spec["dryRun"]):
        assert f'cannot {verb} resource "{resource}"' in as_user(*argv)[2]


def test_shells_are_offered_rediswals_by_what_that_role_lists(cluster, namespace, wal, offered):
    del wal
    user = cluster.directory / "user.kubeconfig"
    bind(cluster, namespace, "redwal-restore")
    assert "orders" in offered("", kubeconfig=user)
    bind(cluster, namespace, "redwal-restore", ("list", "rediswals"))
    assert "orders" not in offered("", kubeconfig=user)


def test_who_may_look_sees_restores_and_makes_none(api, cluster, namespace, as_user):
    put(api, namespace, "held", "Held", **TO_A_TIME)
    bind(cluster, namespace, "redwal-view")
    for argv in (("status",), ("status", "held"), ("list",)):
        assert as_user(*argv)[0] == DONE, argv
    for argv in (("orders", "--yes"), ("orders", "--dry-run"), ("cancel", "held"), ("release", "held")):
        code, _, err = as_user(*argv)
        assert code == FAILED and "403" in err, argv
    assert not the_one(api, namespace)["spec"]["release"]


def test_shells_are_offered_what_is_there(api, namespace, wal, offered):
    del wal
    put(api, namespace, "orders-1", "Held")
    assert offered("") == ["status", "list", "cancel", "release", "orders", ":4"]
    assert offered("or") == ["orders", ":4"]
    for verb in ("status", "cancel", "release"):
        assert offered(verb, "") == ["orders-1", ":4"]
    assert offered("list", "") == [":4"]
