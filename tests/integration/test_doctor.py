"""kubectl-redwal doctor: each thing that is set wrong is told, with what to do; unknown is unknown."""

import pytest

from conftest import REDIS_PASSWORD, REDIS_RULES, REDIS_USER
from lab.cli import Cli
from lab.wait import await_
from lab.workload import encode


def cli_of(lab, topic, server, **options):
    return Cli(brokers=lab.broker.plain, topic=topic.name, dlq_topic=f"{topic.name}-dlq",
               wal=lab.wal, group=f"{topic.name}-group", redis=server.address, **options)


def verdicts(answer):
    return {c["check"]: c["verdict"] for c in answer.json()["checks"]}


# What one broker and one Redis of the lab cannot have.
LAB = {"log-replicas": "WARN", "log-min-isr": "WARN", "redis-replicas": "WARN",
       "redis-min-replicas": "WARN", "redis-persistence": "WARN"}


@pytest.fixture
def deployment(lab):
    topic = lab.topic(retention_ms=-1, retention_bytes=-1)
    lab.dead_letters(topic)
    topic.dead_letters.set_config(max_message_bytes=16000000 + 65536)
    server = lab.redis()
    lab.applier(topic, server).start().await_ready()
    for i in range(20):
        topic.write(encode("INCR"), f"k{i}".encode())
    topic.flush()
    lab.await_applied(topic, server)
    return topic, server


def test_a_sound_deployment_is_called_sound(lab, deployment):
    topic, server = deployment
    found = verdicts(cli_of(lab, topic, server).run("doctor", "-o", "json"))
    assert {c: v for c, v in found.items() if v != "OK"} == LAB
    table = cli_of(lab, topic, server).run("doctor").out
    assert "raise the replication factor" in table and "Redis is" in table


def test_what_is_wrong_in_kafka_is_told(lab, deployment):
    topic, server = deployment
    topic.set_config(retention_ms=86400000, cleanup_policy="compact,delete",
                     message_timestamp_type="LogAppendTime")
    topic.dead_letters.set_config(cleanup_policy="compact", max_message_bytes=1000)
    topic.truncate(0, 1)
    lab.appliers[0].stop()
    cli = cli_of(lab, topic, server)
    await_(lambda: verdicts(cli.run("doctor", "-o", "json", status=None))["group"] == "WARN", 20,
           "the group is empty")
    found = verdicts(cli.run("doctor", "-o", "json", status=3))
    assert {c: v for c, v in found.items() if v != "OK" and c not in LAB} == {
        "log-retention": "WARN", "log-cleanup": "FAIL", "log-timestamps": "WARN",
        "log-whole": "WARN", "dlq-cleanup": "FAIL", "dlq-size": "FAIL", "group": "WARN"}
    topic.dead_letters.delete()
    answer = cli.run("doctor", "-o", "json", status=3)
    assert verdicts(answer)["dlq-topic"] == "FAIL" and verdicts(answer)["dlq-size"] == "UNKNOWN"


def test_what_is_wrong_in_redis_is_told(lab, deployment):
    topic, server = deployment
    lab.appliers[0].stop()
    with server.client() as client:
        client.config_set("maxmemory", 1)
        client.config_set("maxmemory-policy", "allkeys-lru")
        client.config_set("save", "3600 1")
        client.config_set("min-replicas-to-write", 0)
        client.delete(f"redwal:{{{lab.wal}}}:p:1")
    found = verdicts(cli_of(lab, topic, server).run("doctor", "-o", "json", status=3))
    assert found["redis-eviction"] == "FAIL" and found["redis-memory"] == "WARN"
    assert found["redis-persistence"] == "OK" and found["redis-positions"] == "WARN"
    other = lab.redis("other")
    with other.client() as client:
        client.hset("redwal:identity", "wal", "somebody")
    found = verdicts(cli_of(lab, topic, other).run("doctor", "-o", "json", status=3))
    assert found["redis-identity"] == "FAIL" and found["redis-positions"] == "WARN"


def test_what_cannot_be_asked_is_unknown_and_why_is_said(lab, deployment):
    topic, _ = deployment
    server = lab.redis("secured", security=lab.security(REDIS_RULES))
    cli = cli_of(lab, topic, server, redis_user=REDIS_USER, redis_tls=True,
                 redis_password_file=lab.secret_file("p", REDIS_PASSWORD),
                 redis_ca=server.security.authority.ca)
    found = verdicts(cli.run("doctor", "-o", "json", status=5))
    assert found["redis-min-replicas"] == "UNKNOWN" and found["redis-persistence"] == "UNKNOWN"
    assert found["redis-eviction"] == "OK" and found["redis-identity"] == "WARN"
    server.stop()
    answer = cli.run("doctor", "-o", "json", status=5)
    assert verdicts(answer)["redis-primary"] == "UNKNOWN" and "Redis" in answer.err
