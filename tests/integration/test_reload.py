"""Options, passwords and certificates that change under a running applier, with records on the way."""

import itertools
import signal
import threading
import time

import pytest

from conftest import KAFKA_PASSWORD, PATIENT, REDIS_PASSWORD, REDIS_RULES, REDIS_USER
from lab import permissions
from lab.kafka import Broker
from lab.mount import Mount
from lab.wait import await_, holds
from lab.wal import grant, revoke_everything, set_scram_password
from lab.workload import Workload, encode

NEW_PASSWORD = "rotated-secret-3k9W"
_users = itertools.count(1)


def took_over(applier, times):
    await_(lambda: applier.metric("reloads_total") == times, 60,
           lambda: f"it reads again\n{applier.process.tail()}")


def refused(applier):
    await_(lambda: applier.metric("reload_failed") == 1, 60,
           lambda: f"it refuses\n{applier.process.tail()}")


class Load:
    """Records, written all the time until `stop`."""

    def __init__(self, topic, seed):
        self._topic, self._workload = topic, Workload(seed)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._end.wait(0.02):
            self._workload.write(self._topic, 20)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._end.set()
        self._thread.join()
        self._topic.flush()


def await_progress(applier, records=100, seconds=60):
    """It goes on: so many records more than now."""
    before = applier.metric("records_total")
    await_(lambda: applier.metric("records_total") >= before + records, seconds,
           lambda: f"records are applied\n{applier.get('/readyz?verbose')}\n"
                   f"{applier.process.tail()}")


# --- options --------------------------------------------------------------------------------------


def test_rate_limit_and_log_level_change_while_it_runs(lab):
    topic, server = lab.topic(), lab.redis()
    mount = Mount(lab.directory / "mount", config="rate-limit: 0\n")
    applier = lab.applier(topic, server, config=mount.path("config")).start().await_ready()
    for i in range(2000):
        topic.write(encode("INCR"), b"n%d" % (i % 7))
    topic.flush()
    lab.await_applied(topic, server)
    assert "level=debug" not in applier.process.output()

    mount.put(config="rate-limit: 300\nlog-level: debug\n")
    took_over(applier, 1)
    assert applier.metric("rate_limit_operations") == 300
    assert "rate-limit: 300\n" in applier.get("/config")[1]
    assert "option=rate-limit before=0 after=300" in applier.process.output()

    began, before = time.monotonic(), applier.metric("operations_total")
    for i in range(1500):
        topic.write(encode("INCR"), b"n%d" % (i % 7))
    topic.flush()
    done = 0
    while done < 1400:
        done = applier.metric("operations_total") - before
        passed = time.monotonic() - began
        assert passed < 60, f"{done} operations in {passed:.2f} s"
        # A tenth of a second's worth at once, and as much again that /metrics may be late.
        assert done <= 300 * (passed + 0.6), f"{done} operations in {passed:.2f} s"
        time.sleep(0.05)
    assert passed > 4

    mount.put(config="log-level: error\n")
    took_over(applier, 2)
    assert applier.metric("rate_limit_operations") == 0
    before = len(applier.process.output())
    server.kill()
    applier.await_trouble("redis-primary")
    assert "level=warn" not in applier.process.output()[before:]
    server.start()


def test_what_needs_a_restart_is_told_and_stays(lab):
    topic, server = lab.topic(), lab.redis()
    mount = Mount(lab.directory / "mount", config="batch-max-ops: 64\n")
    applier = lab.applier(topic, server, config=mount.path("config")).start().await_ready()
    mount.put(config="batch-max-ops: 65\nrate-limit: 9000\n")
    took_over(applier, 1)
    assert "needs a restart\" option=batch-max-ops before=64 after=65" in applier.process.output()
    assert "batch-max-ops: 64\n" in applier.get("/config")[1]
    assert applier.metric("rate_limit_operations") == 9000


def test_a_flag_wins_over_a_changed_file(lab):
    mount = Mount(lab.directory / "mount", config="rate-limit: 1\n")
    applier = lab.applier(lab.topic(), lab.redis(), config=mount.path("config"), rate_limit=77)
    applier.start().await_ready()
    mount.put(config="rate-limit: 2\n")
    took_over(applier, 1)
    assert applier.metric("rate_limit_operations") == 77


@pytest.mark.parametrize("bad, named", [
    ("rate-limit: fast\n", "rate-limit: 'fast' is not allowed"),
    ("rate-limt: 5\n", "did you mean rate-limit?"),
    ("rate-limit: [5\n", "config:"),
    ("rate-limit: 5\nredis-user: x\n", "--redis-user: needs --redis-password-file"),
])
def test_a_bad_configuration_is_named_and_changes_nothing(lab, bad, named):
    topic, server = lab.topic(), lab.redis()
    mount = Mount(lab.directory / "mount", config="rate-limit: 5000\n")
    applier = lab.applier(topic, server, config=mount.path("config")).start().await_ready()
    before = applier.get("/config")
    with Load(topic, 1):
        mount.put(config=bad)
        refused(applier)
        assert named in applier.process.output()
        assert applier.get("/config") == before and applier.metric("reloads_total") == 0
        await_progress(applier)
        assert applier.ready()
        mount.put(config="rate-limit: 6000\n")
        took_over(applier, 1)
    assert applier.metric("reload_failed") == 0 and applier.metric("rate_limit_operations") == 6000
    assert applier.process.output().count("Could not take changes over") == 1
    lab.check(topic, server)


def test_a_hangup_reads_everything_again_at_once(lab):
    mount = Mount(lab.directory / "mount", config="rate-limit: 5\n")
    applier = lab.applier(lab.topic(), lab.redis(), config=mount.path("config"))
    applier.start().await_ready()
    applier.process.signal(signal.SIGHUP)
    took_over(applier, 1)
    holds(lambda: applier.metric("reloads_total") == 1, 2.5, "read once")
    assert applier.ready()


def test_nobody_can_change_anything_over_http(lab):
    applier = lab.applier(lab.topic(), lab.redis()).start().await_ready()
    for path in ("/config", "/metrics", "/readyz", "/-/reload"):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert applier.request(path, method=method).status == 405


# --- Redis and Sentinel ---------------------------------------------------------------------------


def rotate_redis(server):
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", REDIS_USER, "resetpass", f">{NEW_PASSWORD}")


def drop_connections(server):
    with server.client() as client:
        client.execute_command("CLIENT", "KILL", "USER", REDIS_USER)


def test_a_new_redis_password_is_used_where_the_old_one_is_gone(lab):
    lab.crashed = True
    topic, server = lab.topic(), lab.redis(security=lab.security(REDIS_RULES))
    mount = Mount(lab.directory / "mount", password=REDIS_PASSWORD + "\n")
    applier = lab.applier(topic, server, redis_user=REDIS_USER, redis_tls=True,
                          redis_ca=server.security.authority.ca,
                          redis_password_file=mount.path("password")).start().await_ready()
    with Load(topic, 1):
        await_progress(applier)
        rotate_redis(server)  # what is connected stays so
        holds(applier.ready, 1, "it goes on")
        mount.put(password=NEW_PASSWORD + "\n")
        took_over(applier, 1)
        assert applier.metric("redis_disconnects_total") == 0
        drop_connections(server)
        await_progress(applier)
        # The file comes late: refused until it is there.
        with server.client() as client:
            client.execute_command("ACL", "SETUSER", REDIS_USER, "resetpass", ">another")
        drop_connections(server)
        applier.await_trouble("WRONGPASS")
        mount.put(password="")  # as a file that is being written
        refused(applier)
        mount.put(password="another\n")
        await_progress(applier)
    lab.check(topic, server)
    for secret in (REDIS_PASSWORD, NEW_PASSWORD):
        assert secret not in applier.process.output()


def test_new_certificates_for_redis_are_used_where_the_old_ones_are_gone(lab):
    lab.crashed = True
    security = lab.security(REDIS_RULES, client_certificates=True)
    topic, server = lab.topic(), lab.redis(security=security)
    old, new = security.authority, lab.authority("another")
    mount = Mount(lab.directory / "mount", password=REDIS_PASSWORD, **old.client("applier"))
    applier = lab.applier(topic, server, redis_user=REDIS_USER, redis_tls=True,
                          redis_password_file=mount.path("password"), redis_ca=mount.path("ca"),
                          redis_cert=mount.path("cert"), redis_key=mount.path("key"))
    applier.start().await_ready()
    files = new.client("applier")
    with Load(topic, 2):
        mount.put(cert=files["cert"])  # the key of another one
        refused(applier)
        assert "key values mismatch" in applier.process.output()
        mount.put(**files)
        took_over(applier, 1)
        cert, key, _ = new.issue("redis-again")
        with server.client() as client:
            client.execute_command("CONFIG", "SET", "tls-ca-cert-file", str(new.ca),
                                   "tls-cert-file", str(cert), "tls-key-file", str(key))
        drop_connections(server)
        await_progress(applier)
    lab.check(topic, server)


def test_a_new_sentinel_password_is_used_where_the_old_one_is_gone(lab):
    lab.crashed = True
    security = lab.security(REDIS_RULES, sentinel_user="watcher", sentinel_password="sentinel-1")
    topic, failover = lab.topic(), lab.failover(security=security)
    mount = Mount(lab.directory / "mount", redis=REDIS_PASSWORD, sentinel="sentinel-1")
    applier = lab.applier(topic, failover, redis_user=REDIS_USER, redis_tls=True,
                          redis_ca=security.authority.ca, redis_password_file=mount.path("redis"),
                          sentinel_user="watcher",
                          sentinel_password_file=mount.path("sentinel")).start().await_ready()
    with Load(topic, 3):
        mount.put(sentinel="sentinel-2")
        took_over(applier, 1)
        for sentinel in failover.sentinels:
            with sentinel.client() as client:
                client.execute_command("ACL", "SETUSER", "watcher", "resetpass", ">sentinel-2")
        old = failover.primary()
        old.kill()
        new = failover.await_primary_other_than(old)
        await_progress(applier)
    lab.check(topic, new)
    assert "sentinel-1" not in applier.process.output()
    assert "sentinel-2" not in applier.process.output()


# --- Kafka ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def guarded(scratch):
    """A broker of these tests' own: passwords change, and what the others know must not."""
    broker = Broker(scratch / "guarded", users=[(f"applier-{i}", KAFKA_PASSWORD) for i in (1, 2)])
    yield broker.start()
    broker.stop()


def permit(lab, broker, user, topic):
    for permission in permissions.kafka_for(topic.name, f"{topic.name}-group",
                                            topic.dead_letters.name):
        grant(broker.plain, user, *permission)


def test_a_new_kafka_password_is_used_where_the_old_one_is_gone(lab, guarded):
    lab.use(guarded)
    topic, server, user = lab.topic(), lab.redis(), f"applier-{next(_users)}"
    lab.dead_letters(topic)
    permit(lab, guarded, user, topic)
    mount = Mount(lab.directory / "mount", password=KAFKA_PASSWORD)
    applier = lab.applier(topic, server, brokers=guarded.secure, kafka_security="SASL_SSL",
                          kafka_user=user, kafka_password_file=mount.path("password"),
                          kafka_ca=guarded.ca).start().await_ready()
    with Load(topic, 4):
        await_progress(applier)
        set_scram_password(guarded.plain, user, NEW_PASSWORD)
        mount.put(password=NEW_PASSWORD)
        took_over(applier, 1)
        time.sleep(6)  # the broker wants each connection to log in again within 5 s
        await_progress(applier, 200)
    lab.check(topic, server)
    assert "renews_kafka_clients=false" in applier.process.output()
    assert NEW_PASSWORD not in applier.process.output()


def test_new_certificates_for_kafka_are_used_where_the_old_ones_are_gone(lab, guarded):
    lab.use(guarded)
    topic, server = lab.topic(), lab.redis()
    lab.dead_letters(topic)
    for name in ("first", "second", "third"):
        permit(lab, guarded, f"CN={name}", topic)
    mount = Mount(lab.directory / "mount", **guarded.authority.client("first"))
    applier = lab.applier(topic, server, brokers=guarded.mutual, kafka_security="SSL",
                          kafka_ca=mount.path("ca"), kafka_cert=mount.path("cert"),
                          kafka_key=mount.path("key"), session_timeout=PATIENT).start().await_ready()
    pid = applier.process.pid
    with Load(topic, 5):
        await_progress(applier)
        for reloads, (name, before) in enumerate([("second", "first"), ("third", "second")], 1):
            mount.put(**guarded.authority.client(name))
            took_over(applier, reloads)
            await_(lambda: applier.process.output().count("Renewed the Kafka clients") == reloads,
                   60, "clients are renewed")
            revoke_everything(guarded.plain, f"CN={before}")
            await_progress(applier)
    lab.check(topic, server)
    assert applier.process.pid == pid and applier.process.running()
    await_(lambda: applier.metric("records_total") == sum(topic.ends().values()), 60,
           "each record is counted once")


@pytest.mark.parametrize("name, content", [
    ("ca", "nonsense"), ("cert", ""), ("key", "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMG\n"),
])
def test_a_bad_certificate_file_for_kafka_changes_nothing(lab, guarded, name, content):
    lab.use(guarded)
    topic, server = lab.topic(), lab.redis()
    lab.dead_letters(topic)
    permit(lab, guarded, "CN=steady", topic)
    files = guarded.authority.client("steady")
    mount = Mount(lab.directory / "mount", **files)
    applier = lab.applier(topic, server, brokers=guarded.mutual, kafka_security="SSL",
                          kafka_ca=mount.path("ca"), kafka_cert=mount.path("cert"),
                          kafka_key=mount.path("key")).start().await_ready()
    with Load(topic, 6):
        mount.put(**{name: content})
        refused(applier)
        await_progress(applier)
        mount.put(**{name: files[name]})
        await_(lambda: applier.metric("reload_failed") == 0, 60, "the trouble is over")
        await_progress(applier)
    lab.check(topic, server)
    assert "Renewed" not in applier.process.output()


def test_a_client_without_a_certificate_is_refused(lab, guarded):
    lab.use(guarded)
    applier = lab.applier(lab.topic(), lab.redis(), brokers=guarded.mutual, kafka_security="SSL",
                          kafka_ca=guarded.ca).start()
    applier.await_trouble("kafka")
    assert not applier.ready()
