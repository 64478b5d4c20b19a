"""The main job, secured end to end, read by independent clients."""

import random
import statistics
import time

import confluent_kafka
import redis.sentinel

from conftest import KAFKA_PASSWORD, KAFKA_USER, REDIS_PASSWORD, REDIS_RULES, REDIS_USER, SECRETS
from lab import permissions
from lab.applier import flags
from lab.wait import await_
from lab.wal import grant
from lab.workload import Workload, encode


def secured(lab, broker, topic):
    group = f"{topic.name}-group"
    for permission in permissions.kafka_for(topic.name, group, lab.dead_letters(topic).name):
        grant(broker.plain, KAFKA_USER, *permission)
    return {
        "group": group,
        "brokers": broker.secure, "kafka-security": "SASL_SSL",
        "kafka-sasl-mechanism": "SCRAM-SHA-512", "kafka-user": KAFKA_USER,
        "kafka-password-file": lab.secret_file("kafka-password", KAFKA_PASSWORD),
        "kafka-ca": broker.ca, "redis-user": REDIS_USER,
        "redis-password-file": lab.secret_file("redis-password", REDIS_PASSWORD),
        "redis-tls": True, "redis-ca": lab.security("").authority.ca,
    }


def test_scram_tls_acl_and_sentinel(lab, broker):
    lab.calm = True
    topic, failover = lab.topic(), lab.failover(security=lab.security(REDIS_RULES))
    applier = lab.applier(topic, failover, **secured(lab, broker, topic)).start().await_ready()
    Workload(1).write(topic, 3000)
    topic.flush()
    folded = lab.check(topic, failover.primary())
    assert len(folded.rejected) > 20

    sentinel = redis.sentinel.Sentinel(
        [("127.0.0.1", s.port) for s in failover.sentinels],
        sentinel_kwargs={"ssl": True, "ssl_ca_certs": str(failover.security.authority.ca)},
        username=REDIS_USER, password=REDIS_PASSWORD,
        ssl=True, ssl_ca_certs=str(failover.security.authority.ca))
    reader = sentinel.master_for(failover.master_name)
    strings = [key for key, (kind, _, _) in folded.state.items() if kind == b"string"]
    assert strings and all(reader.get(key) == folded.state[key][1] for key in strings)

    with open(f"/proc/{applier.process.pid}/cmdline", "rb") as f:
        cmdline = f.read().decode()
    with open(f"/proc/{applier.process.pid}/environ", "rb") as f:
        environ = f.read().decode()
    for secret in SECRETS:
        assert secret not in cmdline and secret not in environ
        assert secret not in applier.process.output()
        for page in ("/metrics", "/readyz?verbose"):
            assert secret not in applier.get(page)[1]


def test_failover_with_everything_secured(lab, broker):
    lab.crashed = True
    topic, failover = lab.topic(), lab.failover(security=lab.security(REDIS_RULES))
    lab.applier(topic, failover, **secured(lab, broker, topic)).start().await_ready()
    Workload(2).write(topic, 1000)
    topic.flush()
    old = failover.primary()
    lab.await_applied(topic, old)
    old.kill()
    Workload(3).write(topic, 1000)
    topic.flush()
    lab.check(topic, failover.await_primary_other_than(old))


def test_sentinels_with_one_password_for_all(lab):
    """requirepass, as before there were users."""
    lab.crashed = True
    security = lab.security(REDIS_RULES, sentinel_password="sentinel-word")
    topic, failover = lab.topic(), lab.failover(security=security)
    options = {"redis_user": REDIS_USER, "redis_tls": True, "redis_ca": security.authority.ca,
               "redis_password_file": lab.secret_file("redis-password", REDIS_PASSWORD)}
    shut_out = lab.applier(topic, failover, **options).start()
    shut_out.await_trouble("NOAUTH")
    shut_out.stop()
    lab.applier(topic, failover, **options, sentinel_password_file=lab.secret_file(
        "sentinel-password", "sentinel-word")).start().await_ready()
    Workload(4).write(topic, 300)
    topic.flush()
    old = failover.primary()
    lab.await_applied(topic, old)
    old.kill()
    Workload(5).write(topic, 300)
    topic.flush()
    lab.check(topic, failover.await_primary_other_than(old))


def test_a_wrong_password_is_named_and_nothing_is_touched(lab, broker):
    topic, failover = lab.topic(), lab.failover(security=lab.security(REDIS_RULES))
    options = secured(lab, broker, topic)
    options["redis-password-file"] = lab.secret_file("wrong", "not-it")
    applier = lab.applier(topic, failover, **options).start()
    applier.await_trouble("WRONGPASS")
    assert "not-it" not in applier.process.output()


def test_a_server_certificate_of_another_authority_is_refused(lab, broker):
    topic, failover = lab.topic(), lab.failover(security=lab.security(REDIS_RULES))
    options = secured(lab, broker, topic)
    options["redis-ca"] = broker.ca
    applier = lab.applier(topic, failover, **options).start()
    applier.await_trouble("certificate")
    with failover.primary().client() as client:
        assert client.dbsize() == 0


def test_records_of_several_megabytes(lab):
    lab.calm = True
    topic, server = lab.topic(partitions=2), lab.redis()
    lab.applier(topic, server, max_record_bytes="16MiB").start()
    r = random.Random(5)
    for i, size in enumerate((1, 900_000, 3_000_000, 6_000_000)):
        topic.write(encode("SET", [r.randbytes(size)]), b"big%d" % i)
        topic.write(encode("APPEND", ["x" * size]), b"big%d" % i)
    topic.flush()
    lab.check(topic, server)


def test_a_transaction_that_was_aborted_is_not_applied(lab):
    lab.calm = True
    topic, server = lab.topic(partitions=1), lab.redis()
    lab.applier(topic, server).start()
    producer = confluent_kafka.Producer({"bootstrap.servers": topic.brokers,
                                         "transactional.id": topic.name})
    producer.init_transactions(30)
    commit, abort = producer.commit_transaction, producer.abort_transaction
    for end in (commit, abort, commit):
        producer.begin_transaction()
        for _ in range(50):
            producer.produce(topic.name, encode("INCR"), b"n")
        producer.flush()  # what has not been sent yet would not be there to be aborted
        end(30)
    # The coordinator marks the end of a transaction after it has answered.
    await_(lambda: topic.ends() == {0: 153}, 60, "the last transaction may be read")
    lab.check(topic, server)
    with server.client() as client:
        assert client.get("n") == b"100"


def test_a_single_record_is_visible_at_once(lab):
    topic, server = lab.topic(partitions=1), lab.redis()
    lab.applier(topic, server).start().await_ready()
    took = []
    with server.client() as client:
        for i in range(20):
            topic.write(encode("SET", [i]), b"k")
            topic.flush()
            began = time.monotonic()
            lab.await_applied(topic, server)
            took.append(time.monotonic() - began)
            assert client.get("k") == b"%d" % i
    assert statistics.median(took) < 2, took


def test_flags_are_what_the_shell_would_pass():
    assert flags({"a": 1, "b": True, "c": None}) == ["--a", "1", "--b"]
