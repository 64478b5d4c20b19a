"""Restores end to end: a real API server, Kafka and Redis, the controller, and appliers that are processes
in the place of pods. What Redis holds is judged by the independent fold."""

import contextlib
import json
import subprocess
import threading

import confluent_kafka
import kubernetes
import pytest

from controllers import Controller
from kinds import RESTORE
from lab import oracle
from lab.applier import position
from lab.redis_server import RedisServer
from lab.wait import await_, holds
from lab.wal import Topic, assignment
from lab.workload import encode
from place import INCOMPLETE
from processes import JOBS, Processes
from test_kubectl import DIFFERENT, DONE, FAILED, REDWAL

SESSION, PARTITIONS, SOME, MANY = 6, 3, 500, 20000
LARGE, LARGE_BYTES = 9000, 4000
RATE = 20  # slow enough for what happens meanwhile
BEFORE, TIME, AFTER = 1795600000000, 1795600007000, 1795600008000
TIME_TEXT = "2026-11-25T09:46:47Z"
LOOKS = "--look-interval", "1s"
STRATEGY = "cooperative-sticky"  # of the appliers: others do not get into their group
ENDS = {"Completed", "Failed", "Cancelled"}


class Site:
    """A RedisWal whose Redis and log are there, and its appliers."""

    def __init__(self, cluster, api, namespace, wals, broker, directory, scratch_redis):
        self.cluster, self.api, self.namespace = cluster, api, namespace
        self.scratch_redis = scratch_redis
        self.topic = Topic(broker, namespace, PARTITIONS, retention_ms=-1)
        self.letters = Topic(broker, f"{namespace}-dlq", 1)
        self.group = f"{namespace}-group"
        self.start_redis(directory)
        self.processes = Processes(cluster, namespace, directory)
        self.wals, self.broker = wals, broker
        self.n_written, self.asked_for = 0, None

    def start_redis(self, directory):
        self.redis = RedisServer(directory, "primary").start()
        self.client = self.redis.client()

    def stop_redis(self):
        self.redis.remove()

    def where_redis_is(self):
        return {"address": self.redis.address}

    def create(self, **more):
        self.wals.create(**more, **{
            "spec.redis": self.where_redis_is(),
            "spec.kafka": {"brokers": [self.broker], "group": self.group},
            "spec.topics": {"log": self.topic.name, "deadLetters": self.letters.name},
            "spec.options": {"sessionTimeout": f"{SESSION}s"}})

    def write(self, n, timestamp=None):
        """Operations that show whether they were done twice, or never."""
        for _ in range(n):
            i = self.n_written = self.n_written + 1
            kind = i % 3
            self.topic.write(
                encode("RPUSH", [i]) if kind == 0 else encode("INCRBY", [i]) if kind == 1
                else encode("HSET", [f"f{i % 7}", i]),
                f"{['list', 'count', 'hash'][kind]}:{i % 20}".encode(), timestamp=timestamp)
        self.topic.flush()

    def ends(self):
        return self.topic.ends()

    def positions(self):
        """None where there is none yet."""
        at = {p: position(self.client, "orders", p) for p in range(PARTITIONS)}
        return {p: found and found[0] for p, found in at.items()}

    def await_applied(self, until=None, seconds=180):
        until = until or self.ends()
        await_(lambda: self.positions() == until, seconds,
               lambda: f"positions are {until}: {self.positions()}")

    def is_fold(self, records):
        oracle.assert_equal(oracle.Oracle(self.scratch_redis).fold(
            sorted(records, key=lambda r: (r.partition, r.offset)), partitions=PARTITIONS), self.client)

    def rates(self):
        """Of the appliers that run, in operations a second."""
        return {applier.metric("rate_limit_operations") for applier in [*self.processes.running.values()]}

    def pods(self):
        return {pod.metadata.uid for pod in self.processes.pods().values()}

    def n_wipes(self):
        return self.client.info("commandstats").get("cmdstat_flushall", {}).get("calls", 0)

    # --- restores ---------------------------------------------------------------------------------

    def restore(self, name="orders-1", **spec):
        self.asked_for = RESTORE.create(self.api, self.namespace, RESTORE.make(
            {"metadata.name": name, **{f"spec.{key}": value for key, value in spec.items()}}))
        return name

    def change(self, name="orders-1", **spec):
        self.api.patch_namespaced_custom_object("redwal.dev", "v1alpha1", self.namespace,
                                                RESTORE.plural, name, {"spec": spec})

    def get(self, name="orders-1"):
        return RESTORE.get(self.api, self.namespace, name)

    def status(self, name="orders-1"):
        return self.get(name).get("status", {})

    def await_step(self, *steps, name="orders-1", seconds=240):
        """The status at one of them; none that ends it is passed."""
        def there():
            status = self.status(name)
            step = status.get("step")
            assert step in steps or step not in ENDS, status
            return step in steps and status
        return await_(there, seconds, lambda: f"{name} is {steps}: {json.dumps(self.status(name))}")

    def only(self):
        restore, = self.api.list_namespaced_custom_object(
            "redwal.dev", "v1alpha1", self.namespace, RESTORE.plural)["items"]
        return restore

    def jobs(self):
        return kubernetes.client.BatchV1Api(self.cluster.client).list_namespaced_job(
            self.namespace).items

    def redwal(self, *argv):
        done = subprocess.run(
            [REDWAL, "restore", *argv, "-n", self.namespace, "--kubeconfig", self.cluster.kubeconfig],
            capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout, done.stderr


@contextlib.contextmanager
def stage(site):
    """Its appliers follow its pods, and complain of nothing."""
    with site.processes:
        yield site
    for applier in [*site.processes.ended, *site.processes.running.values()]:
        applier.assert_healthy()
    site.stop_redis()


@pytest.fixture
def idle(cluster, api, namespace, wals, place, tmp_path, scratch_redis):
    """Nothing runs yet."""
    with stage(Site(cluster, api, namespace, wals, place.broker.plain, tmp_path, scratch_redis)) as site:
        yield site


@pytest.fixture
def site(idle, controller):
    """The controller acts, and the appliers run."""
    idle.create()
    controller("first", idle.cluster.kubeconfig, *LOOKS).await_leading()
    await_(lambda: len(idle.processes.running) == 2, 180, "the appliers run")
    return idle


@pytest.fixture
def successor(idle, tmp_path):
    """The controller acts, and the appliers run. To be called: it is killed, and another one comes."""
    controllers = []

    def start():
        controllers.append(Controller(tmp_path, f"controller-{len(controllers)}",
                                      idle.cluster.kubeconfig, idle.namespace, *LOOKS).start())
    idle.create()
    start()
    controllers[0].await_leading()
    await_(lambda: len(idle.processes.running) == 2, 180, "the appliers run")

    def succeed():
        controllers[-1].kill()
        start()
    yield succeed
    assert controllers[-1].stop() == 0


def written(site, n=SOME):
    """The log, applied; and a key that came past it."""
    site.write(n)
    site.await_applied()
    site.client.set("stray", 1)
    return site.topic.read()


def test_to_the_end_of_the_log(site):
    records = written(site, MANY)
    site.restore()
    status = site.await_step("Completed", seconds=180)
    site.is_fold(records)
    assert site.n_wipes() == 1
    assert status["plan"]["records"] == status["receipt"]["records"] == MANY
    assert status["plan"]["lostRecords"] == 0 and status["plan"]["bytes"] > MANY
    assert status["receipt"]["lost"] == []
    assert (status["reason"], status["receipt"]["verified"]) == ("Verified", "Equal")
    assert status["receipt"]["keysCompared"] > 0 and status["receipt"]["keysDifferent"] == 0
    assert status["receipt"]["verifySeconds"] >= 0
    await_(lambda: "finalizers" not in site.get()["metadata"], 30, "it may be deleted")
    site.write(SOME)
    site.await_applied()
    site.is_fold(site.topic.read())
    await_(lambda: site.wals.condition("Ready") == ("True", "AllWell"), 60, "the RedisWal is well")


def before(site):
    """Records before the time and behind it: the former, and where each partition is then."""
    site.write(SOME, BEFORE)
    early, until = site.topic.read(), site.ends()
    site.write(SOME, AFTER)
    site.await_applied()
    site.client.set("stray", 1)
    return early, until


def test_to_a_time_and_released(site):
    early, until = before(site)
    site.restore(to={"time": TIME_TEXT})
    site.await_step("Held", seconds=120)
    site.write(SOME, AFTER)
    holds(lambda: site.positions() == until, 3, "later records wait")
    site.is_fold(early)
    site.change(release=True)
    assert site.await_step("Completed")["receipt"]["releasedAt"]
    site.await_applied()
    site.is_fold(site.topic.read())


def test_to_a_time_and_the_rest_skipped(site):
    early, until = before(site)
    ends = site.ends()
    site.restore(to={"time": TIME_TEXT}, after="Skip")
    status = site.await_step("Completed", seconds=120)
    site.is_fold(early)
    assert status["receipt"]["skipped"] == [
        {"partition": p, "from": until[p], "until": ends[p]} for p in range(PARTITIONS)]
    site.write(SOME, AFTER)
    site.await_applied()
    site.is_fold([*early, *(r for r in site.topic.read() if r.offset >= ends[r.partition])])


def test_what_was_skipped_comes_back_only_when_somebody_says_so(site):
    before(site)
    site.restore(to={"time": TIME_TEXT}, after="Skip", verify="None")
    site.await_step("Completed", seconds=120)
    site.client.flushall()
    site.write(SOME, AFTER)
    await_(lambda: site.wals.condition("RestoreRequired") == ("True", "HeldLeftOut"), 60,
           lambda: f"it is held: {json.dumps(site.wals.get()['status'], indent=1)}\n{site.status()}")
    assert "left out: orders-1. What to do: kubectl redwal restore" in json.dumps(site.wals.get()["status"])
    holds(lambda: site.client.dbsize() == 0, 3, "nothing comes back by itself")
    site.restore("orders-2", verify="None")
    site.await_step("Completed", name="orders-2", seconds=120)
    site.await_applied()
    site.is_fold(site.topic.read())
    await_(lambda: site.wals.condition("RestoreRequired") == ("False", "NotRequired"), 60, "it is not held")


def test_to_positions(site):
    records = written(site)
    ends = site.ends()
    until = {p: end // 2 for p, end in ends.items()}
    site.restore(to={"positions": [{"partition": p, "offset": until[p]} for p in (0, 2)]})
    site.await_step("Held", seconds=120)
    until[1] = ends[1]
    site.is_fold([r for r in records if r.offset < until[r.partition]])


def test_a_plan_touches_nothing(site):
    written(site)
    code, out, err = site.redwal("orders", "--dry-run", "-o", "json", "--rate", "50")
    assert code == DONE, err
    plan = json.loads(out)
    assert (plan["records"], plan["lostRecords"], plan["to"]) == (SOME, 0, "latest")
    assert plan["durationMs"] == SOME // (2 * 50) * 1000  # by two appliers
    sizes = [len(r.key) + len(r.value) for r in site.topic.read()]
    assert min(sizes) <= plan["bytes"] / SOME <= max(sizes)
    assert [p["until"] for p in plan["partitions"]] == list(site.ends().values())
    assert site.n_wipes() == 0 and site.client.get("stray") == b"1"
    assert len(site.processes.running) == 2 and not site.processes.ended


def test_what_the_log_lost_is_refused_and_then_accepted(site):
    records = written(site)
    for partition in (0, 1):
        site.topic.truncate(partition, 50)
    code, out, err = site.redwal("orders", "--dry-run", "-o", "json")
    assert code == DIFFERENT and json.loads(out)["lostRecords"] == 100, err
    code, _, err = site.redwal("orders", "--yes", "--wait")
    assert code == FAILED and "LogTrimmed" in err
    assert site.n_wipes() == 0 and site.client.get("stray") == b"1"
    code, _, err = site.redwal("orders", "--yes", "--wait", "--accept", "lost-records")
    assert code == INCOMPLETE, err  # two partitions cannot be compared
    assert "not all that was asked for could be compared" in err and "kubectl redwal verify" in err
    site.is_fold([r for r in records if r.partition == 2 or r.offset >= 50])
    last = max((r for r in site.api.list_namespaced_custom_object(
        "redwal.dev", "v1alpha1", site.namespace, RESTORE.plural)["items"]),
        key=lambda r: r["status"]["step"] == "Completed")
    assert last["status"]["receipt"]["lost"] == [
        {"partition": p, "from": 0, "until": 50} for p in (0, 1)]


def of_restore(site):
    """Reasons of its Events, by whether they are warnings."""
    events = site.cluster.core.list_namespaced_event(
        site.namespace, field_selector="involvedObject.kind=RedisRestore").items
    return {(event.type, event.reason) for event in events}


def jobs(site):
    return site.processes.pods(JOBS)


def test_a_redis_that_differs_fails(site):
    """Somebody writes around the log between replay and comparison."""
    written(site)

    def falsify():
        site.client.set("around", 1)
        site.client.incr(next(iter(site.client.scan_iter("count:*"))))
        return []
    site.processes.before_job = falsify
    site.restore(verify="Full")
    status = site.await_step("Failed", seconds=180)
    assert status["reason"] == "Differs"
    assert "2 of" in status["message"] and "kubectl redwal verify --rediswal" in status["message"]
    assert (status["receipt"]["verified"], status["receipt"]["keysDifferent"]) == ("Different", 2)
    await_(lambda: ("Warning", "Differs") in of_restore(site), 30, lambda: f"{of_restore(site)}")
    await_(lambda: "finalizers" not in site.get()["metadata"], 30, "it may be deleted")


def test_what_is_held_is_compared_where_it_is_held(site):
    early, _ = before(site)
    site.restore(to={"time": TIME_TEXT}, verify="Full")
    status = site.await_step("Held", seconds=180)
    assert status["receipt"]["verified"] == "Equal"
    assert status["receipt"]["keysCompared"] == len(oracle.Oracle(site.scratch_redis).fold(
        early, partitions=PARTITIONS).state)


def test_a_comparison_that_always_fails_is_given_up(site):
    records = written(site)
    site.processes.before_job = lambda: ["--redis", "127.0.0.1:1"]
    site.restore()
    status = site.await_step("Completed", seconds=240)
    assert (status["reason"], status["receipt"]["verified"]) == ("NotVerified", "Unknown")
    assert "BackoffLimitExceeded" in status["message"], status
    assert "127.0.0.1:1: Connection refused" in status["message"], status
    await_(lambda: ("Warning", "NotVerified") in of_restore(site), 30, lambda: f"{of_restore(site)}")
    site.is_fold(records)


def test_a_comparison_that_does_not_begin_can_be_cancelled(site):
    records = written(site)
    site.processes.no_image = True
    site.restore()
    site.await_step("Verifying", seconds=120)
    await_(lambda: "ImagePullBackOff: there is no such image" in site.status()["message"], 90,
           lambda: f"it is told: {site.status()}")
    site.change(cancel=True)
    site.await_step("Cancelled")
    await_(lambda: not jobs(site), 90, "its Job is gone")
    site.is_fold(records)


def test_nobody_wants_it_to_be_compared(site):
    written(site)
    site.restore(verify="None")
    status = site.await_step("Completed", seconds=120)
    assert (status["reason"], status["receipt"]["verified"]) == ("Replayed", "NotWanted")
    assert not site.processes.ended_jobs


def test_a_failover_behind_the_wipe_while_it_is_compared(site):
    """The primary is one again that was not wiped: another Job compares what is made of that."""
    records = written(site)
    before_wipe = {field: site.client.hget("redwal:identity", field)
                   for field in site.client.hkeys("redwal:identity")}

    def forget_once():
        if not site.processes.ended_jobs:
            site.client.hdel("redwal:identity", "restore")
        return []
    assert b"restore" not in before_wipe
    site.processes.before_job = forget_once
    site.restore()
    await_(lambda: site.n_wipes() == 2, 120, lambda: f"it is wiped again: {site.status()}")
    status = site.await_step("Completed", seconds=180)
    assert status["receipt"]["verified"] == "Equal"
    site.is_fold(records)


def test_a_cancelled_replay_goes_on_to_the_end(site):
    written(site, 3000)
    site.restore(rate=RATE)
    site.await_step("Replaying")
    await_(lambda: 0 < sum(p or 0 for p in site.positions().values()) < 3000, 30, "it is under way")
    await_(lambda: site.rates() == {RATE}, 30, lambda: f"that is its rate: {site.rates()}")
    pods = site.pods()
    site.change(rate=2 * RATE)
    await_(lambda: site.rates() == {2 * RATE}, 30, lambda: f"it is another while it runs: {site.rates()}")
    assert site.pods() == pods and site.status()["step"] == "Replaying"
    site.change(cancel=True)
    assert site.await_step("Cancelled")["reason"] == "Cancelled"
    site.await_applied()
    site.is_fold(site.topic.read())


def test_a_wipe_that_redis_refuses_can_be_cancelled(site):
    written(site)
    site.client.execute_command("ACL", "SETUSER", "default", "-flushall")
    site.restore()
    await_(lambda: "flushall" in site.status().get("message", "").lower(), 60,
           lambda: f"it is told: {site.status()}")
    assert site.status()["step"] == "Wiping" and not site.processes.running
    site.change(cancel=True)
    site.await_step("Cancelled")
    site.client.execute_command("ACL", "SETUSER", "default", "+flushall")
    await_(lambda: len(site.processes.running) == 2, 60, "the appliers run again")
    site.write(SOME)
    site.await_applied()
    assert site.n_wipes() == 0 and site.client.get("stray") == b"1"
    await_(lambda: "finalizers" not in site.get()["metadata"], 30, "it may be deleted")


@contextlib.contextmanager
def intruder(site):
    """Somebody else is in the appliers' group, and stays."""
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": site.broker, "group.id": site.group, "enable.auto.commit": False,
        "session.timeout.ms": SESSION * 1000, "partition.assignment.strategy": STRATEGY})
    consumer.subscribe([site.topic.name])
    over = threading.Event()

    def stay():
        while not over.is_set():
            consumer.poll(0.1)
        consumer.close()
    thread = threading.Thread(target=stay)
    thread.start()
    try:
        await_(lambda: len(assignment(site.broker, site.group)) == 3, 90, "it is in the group")
        yield
    finally:
        over.set()
        thread.join()


def test_nothing_is_wiped_while_somebody_is_in_the_group(site):
    written(site)
    with intruder(site):
        site.restore()
        site.await_step("Fencing")
        await_(lambda: site.status()["reason"] == "GroupNotEmpty", 90,
               lambda: f"the group is told: {site.status()}")
        holds(lambda: site.status()["step"] == "Fencing", 5, "it waits for the group")
        site.change(cancel=True)
        site.await_step("Cancelled")
    assert site.n_wipes() == 0 and site.client.get("stray") == b"1"
    await_(lambda: len(site.processes.running) == 2, 60, "the appliers run again")
    site.write(SOME)
    site.await_applied()


def test_a_wipe_of_a_redis_that_is_away_can_be_cancelled(site):
    written(site)
    with intruder(site):
        site.restore()
        site.await_step("Fencing")
        site.redis.pause()
    site.await_step("Wiping")
    site.change(cancel=True)
    holds(lambda: site.status()["step"] == "Wiping", 5, "a wipe may be on its way")
    site.await_step("Releasing", seconds=120)
    await_(lambda: len(site.processes.running) == 2, 60, "the appliers run again")
    site.redis.resume()
    site.await_step("Cancelled")
    site.write(SOME)
    site.await_applied()
    assert site.n_wipes() == 0 and site.client.get("stray") == b"1"


def test_it_goes_on_when_the_group_is_left(site):
    records = written(site)
    with intruder(site):
        site.restore()
        site.await_step("Fencing")
        holds(lambda: site.status()["step"] == "Fencing", 3, "it waits for the group")
    site.await_step("Completed")
    site.is_fold(records)
    assert site.n_wipes() == 1


def test_an_applier_that_stood_still_writes_nothing_later(site):
    written(site)
    zombies = list(site.processes.running.values())
    site.write(SOME)
    site.processes.lingers = True
    for zombie in zombies:
        zombie.pause()
    site.write(SOME)
    site.restore()
    site.await_step("Replaying", "Completed", seconds=120)
    for zombie in zombies:
        zombie.resume()
    site.await_step("Completed", seconds=120)
    site.processes.lingers = False
    site.write(SOME)
    site.await_applied()
    site.is_fold(site.topic.read())
    assert site.n_wipes() == 1


def await_event(site, step, seconds=240):
    """A watch tells that the restore was at that step since it was asked for."""
    for event in kubernetes.watch.Watch().stream(
            site.api.list_namespaced_custom_object, "redwal.dev", "v1alpha1", site.namespace,
            RESTORE.plural, timeout_seconds=seconds,
            resource_version=site.asked_for["metadata"]["resourceVersion"]):
        if event["object"].get("status", {}).get("step") == step:
            return
    raise AssertionError(f"nobody tells of {step}: {site.status()}")


TO_THE_END, TO_A_TIME = {"rate": 1000}, {"to": {"time": TIME_TEXT}}


@pytest.mark.parametrize("step, spec", [
    *((step, TO_THE_END) for step in (
        "Pending", "Preflight", "Stopping", "Fencing", "Wiping", "Replaying", "Verifying")),
    ("Held", TO_A_TIME), ("Releasing", TO_A_TIME), ("Skipping", {**TO_A_TIME, "after": "Skip"})])
def test_the_controller_is_killed_in_a_step(idle, successor, step, spec):
    records = written(idle, 3000) if spec is TO_THE_END else before(idle)[0]
    idle.restore(**spec)
    if step == "Releasing":
        idle.await_step("Held")
        idle.change(release=True)
    if step != "Pending":
        await_event(idle, step)
    successor()
    if step == "Held":
        idle.change(release=True)
    idle.await_step("Completed", seconds=120)
    idle.await_applied()
    idle.is_fold(records if step == "Skipping" else idle.topic.read())
    assert idle.n_wipes() == 1
    await_(lambda: idle.wals.condition("Ready") == ("True", "AllWell"), 60, "all is well")


def test_a_replay_that_retention_overtakes_fails_and_another_one_can_be_had(site):
    """Records are large, so that appliers have not read ahead to the end."""
    for i in range(LARGE):
        site.topic.write(encode("SET", ["x" * LARGE_BYTES]), f"large:{i}".encode())
    site.topic.flush()
    site.await_applied()
    site.restore(rate=50)
    site.await_step("Replaying")
    await_(lambda: any(site.positions().values()), 120, "something is replayed")
    for partition, end in site.ends().items():
        site.topic.truncate(partition, end)
    site.write(SOME)
    status = site.await_step("Failed")
    assert status["reason"] == "Overtaken" and "raise retention" in status["message"]
    await_(lambda: site.wals.condition("RestoreRequired") == ("True", "LogTooShort"), 60,
           lambda: f"what is missing is told: {site.wals.get()['status']}")
    assert site.wals.get()["status"]["phase"] == "RestoreRequired"
    await_(lambda: "finalizers" not in site.get()["metadata"], 30, "it may be deleted")
    site.restore("orders-2", accept=["LostRecords"])
    assert site.await_step("Completed", name="orders-2")["receipt"]["lost"]
    site.is_fold(site.topic.read())
    await_(lambda: site.wals.condition("RestoreRequired") == ("False", "NotRequired"), 60,
           lambda: f"nothing is missing: {site.wals.get()['status']}")


def test_a_hold_that_retention_passes_is_told(site):
    before(site)
    site.restore(to={"time": TIME_TEXT})
    site.await_step("Held", seconds=120)
    site.topic.truncate(0, site.ends()[0])
    await_(lambda: site.status()["reason"] == "HoldTrimmed", 60, lambda: f"it is told: {site.status()}")
    assert site.status()["step"] == "Held" and "raise retention" in site.status()["message"]
    site.change(release=True)
    site.await_step("Completed")
