"""What the controller knows of a WAL: from Redis and Sentinel by threads, from Kafka by a process of
its own, put together to conditions. Unknown is not false, and nothing hangs."""

import os
import pathlib
import signal
import time

import confluent_kafka
import pytest

from conftest import KAFKA_PASSWORD, KAFKA_USER, REDIS_PASSWORD, REDIS_USER
from lab import permissions
from lab.kafka import Broker
from lab.observer import Observer
from lab.wait import await_, holds
from lab.wal import grant
from lab.workload import encode

WELL = "Applying"


def observe(lab, topic, redis, access=None, login=(), group=None):
    address = getattr(redis, "address", None) or f"sentinels:{redis.sentinel_list}"
    observer = Observer(lab.directory / f"observer-{time.monotonic_ns()}", lab.wal, address,
                        access or {"brokers": lab.broker.plain},
                        {"topic": topic.name, "group": group or f"{topic.name}-group"}, login)
    lab.on_close(observer.stop)
    return observer.start()


def write(topic, n=30):
    for i in range(n):
        topic.write(encode("INCR"), f"k{i}".encode())
    topic.flush()


@pytest.fixture
def deployment(lab):
    topic = lab.topic(retention_ms=-1, retention_bytes=-1)
    server = lab.redis()
    with server.client() as client:
        client.config_set("save", "3600 1")
    lab.applier(topic, server).start().await_ready()
    write(topic)
    lab.await_applied(topic, server)
    return topic, server


def test_a_sound_wal_is_applying(lab, deployment):
    topic, server = deployment
    observer = observe(lab, topic, server)
    observer.await_phase(WELL)
    status = observer.last()["status"]
    assert status["primary"]["address"] == server.address
    assert status["partitions"] == 3
    assert observer.condition("GroupHealthy")["message"] == \
        "each partition has an applier: 3 of 3 partitions are assigned"
    # Quiet or not, the delay is that of the looks.
    for _ in range(3):
        write(topic)
        holds(lambda: observer.last()["status"]["lag"].get("seconds", 0) <= 6, 2, "no delay")
    await_(lambda: observer.last()["status"]["lag"]["records"] == 0, 60, "nothing is behind")
    assert observer.told() == []
    assert observer.last()["agents"] == 1 and observer.last()["lost"] == 0


def test_a_log_that_nobody_applies_is_behind_and_its_group_empty(lab, deployment):
    topic, server = deployment
    observer = observe(lab, topic, server)
    observer.await_phase(WELL)
    lab.appliers[0].stop()
    observer.await_condition("GroupHealthy", "False", "NoMembers")
    write(topic)
    observer.await_condition("CaughtUp", "False", "Behind")
    observer.await_phase("CatchingUp")
    await_(lambda: observer.last()["status"]["lag"]["records"] == 30, 60, "all 30 are behind")
    await_(lambda: observer.last()["status"]["lag"]["seconds"] >= 4, 60, "the delay grows")
    lab.appliers[0].start()
    observer.await_condition("GroupHealthy", "True", "Stable")
    observer.await_phase(WELL)
    assert sorted(observer.told()) == ["Behind", "NoMembers", "Stable", "WithinTarget"]


def test_a_group_that_was_reset_by_hand_is_told(lab, deployment):
    topic, server = deployment
    observer = observe(lab, topic, server)
    observer.await_phase(WELL)
    lab.appliers[0].stop()
    observer.await_condition("GroupHealthy", "False", "NoMembers")
    at = topic.ends()

    def reset(offset_of):
        group = f"{topic.name}-group"
        request = confluent_kafka.ConsumerGroupTopicPartitions(group, [
            confluent_kafka.TopicPartition(topic.name, p, offset_of(p)) for p in at])
        for future in topic.admin.alter_consumer_group_offsets([request]).values():
            assert all(p.error is None for p in future.result(30).topic_partitions)

    reset(lambda p: 0)
    observer.await_condition("GroupHealthy", "False", "CommitsMovedBack")
    reset(lambda p: at[p])
    observer.await_condition("GroupHealthy", "False", "NoMembers")
    reset(lambda p: at[p] + 1)
    observer.await_condition("GroupHealthy", "False", "CommitsMovedForward")
    # The position counts: nothing is applied twice or left out, and the appliers commit it again.
    write(topic)
    lab.appliers[0].start()
    observer.await_phase(WELL)
    lab.check(topic, server)


def test_content_decides_what_a_redis_is(lab, deployment):
    topic, server = deployment
    observer = observe(lab, topic, server)
    observer.await_phase(WELL)
    lab.appliers[0].stop()
    with server.client() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        assert "noeviction" in observer.await_condition("RedisDurable", "False", "Evicting")["message"]
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("save", "")
        observer.await_condition("RedisDurable", "False", "PersistenceOff")
        client.hset("redwal:identity", "wal", "invoices")
        observer.await_condition("PositionConsistent", "False", "OtherWal")
        observer.await_phase("Held")
        client.hset("redwal:identity", "wal", lab.wal)
        client.delete(f"redwal:{{{lab.wal}}}:p:1")
        observer.await_condition("PositionConsistent", "False", "PositionLost")
        client.flushall()
        observer.await_condition("PositionConsistent", "True", "Blank")
        assert "PrimaryRewound" in observer.told()
        observer.await_condition("RestoreRequired", "False", "NotRequired")
        topic.truncate(1, 2)
        observer.await_condition("PositionConsistent", "False", "BlankAndTrimmed")
        observer.await_condition("RestoreRequired", "True", "LogTooShort")
        observer.await_phase("RestoreRequired")
        observer.await_condition("LogRetained", "False", "Trimmed")


def test_a_log_that_is_not_the_position_s_is_told(lab, deployment):
    topic, server = deployment
    observer = observe(lab, topic, server)
    observer.await_phase(WELL)
    lab.appliers[0].stop()
    topic.delete()
    observer.await_condition("LogReachable", "False", "TopicMissing")
    observer.await_condition("PositionConsistent", "Unknown", "NotObserved")
    topic.create()
    write(topic)
    observer.await_condition("PositionConsistent", "False", "LogReplaced")
    assert observer.condition("RestoreRequired")["status"] == "False"


def test_sentinels_lead_to_the_new_primary(lab):
    topic = lab.topic(retention_ms=-1, retention_bytes=-1)
    failover = lab.failover()
    lab.applier(topic, failover).start().await_ready()
    write(topic)
    lab.await_applied(topic, failover.primary())
    observer = observe(lab, topic, failover)
    await_(lambda: observer.last()["status"].get("phase") in (WELL, "Degraded"), 60, "it is seen")
    old = failover.primary()
    assert observer.last()["status"]["primary"]["address"] == old.address
    old.kill()
    new = failover.await_primary_other_than(old)
    await_(lambda: observer.last()["status"]["primary"]["address"] == new.address, 60,
           "the new primary is seen")
    await_(lambda: "PrimaryChanged" in observer.told(), 60, "and told")


# --- who asks the brokers may die or hang ---------------------------------------------------------


def test_a_killed_agent_is_started_again_before_anybody_misses_it(lab, deployment):
    topic, server = deployment
    observer = observe(lab, topic, server)
    observer.await_phase(WELL)
    descriptors = observer.descriptors()
    for n in range(1, 4):
        await_(observer.agents, 60, "an agent runs")
        os.kill(observer.agents()[0], signal.SIGKILL)
        await_(lambda n=n: observer.last()["lost"] == n, 60, "it is missed")
        await_(observer.agents, 60, "another one runs")
        # One answer that is missing is no news; what was told is still believed.
        assert observer.condition("LogReachable")["reason"] == "BrokersAnswer"
        assert observer.condition("PositionConsistent")["status"] == "True"
        observer.await_phase(WELL)
    assert observer.told() == []
    await_(lambda: observer.descriptors() <= descriptors + 1 and len(observer.agents()) == 1, 60,
           lambda: f"nothing is left of the others: {observer.descriptors()}, before {descriptors}")


def test_a_stopped_agent_is_ended_and_dies_with_its_parent(lab, deployment):
    topic, server = deployment
    observer = observe(lab, topic, server)
    observer.await_phase(WELL)
    first = observer.agents()[0]
    os.kill(first, signal.SIGSTOP)
    observer.await_condition("LogReachable", "Unknown", "AgentLost")
    await_(lambda: not pathlib.Path(f"/proc/{first}").exists(), 60, "it is gone")
    observer.await_phase(WELL)
    second = observer.agents()[0]
    os.kill(second, signal.SIGSTOP)
    observer.stop()
    await_(lambda: not pathlib.Path(f"/proc/{second}").exists(), 60, "the second is gone, too")


def test_brokers_that_hang_are_told_and_come_back(lab, tmp_path):
    broker = Broker(tmp_path / "own-kafka").start()
    lab.on_close(broker.stop)
    lab.use(broker)
    topic, server = lab.topic(retention_ms=-1, retention_bytes=-1), lab.redis()
    lab.applier(topic, server).start().await_ready()
    observer = observe(lab, topic, server)
    observer.await_condition("LogReachable", "True", "BrokersAnswer")
    broker.pause()
    try:
        c = await_(lambda: (observer.condition("LogReachable")["status"] != "True" and
                            observer.condition("LogReachable")), 60, "the silence is noticed")
        assert c["status"] in ("False", "Unknown") and c["message"]
        assert observer.condition("RedisReachable")["status"] == "True"
        # Redis is looked at all the while.
        server.kill()
        observer.await_condition("RedisReachable", "False", "Unreachable")
        server.start()
        observer.await_condition("RedisReachable", "True", "PrimaryAnswers")
    finally:
        broker.resume()
    observer.await_condition("LogReachable", "True", "BrokersAnswer", 60)


def test_a_redis_that_hangs_is_told_and_comes_back(lab, deployment):
    topic, server = deployment
    observer = observe(lab, topic, server)
    observer.await_phase(WELL)
    server.pause()
    observer.await_condition("RedisReachable", "False", "Unreachable")
    assert observer.condition("LogReachable")["status"] == "True"
    server.resume()
    observer.await_phase(WELL)


# --- secrets --------------------------------------------------------------------------------------


def test_secrets_come_through_the_pipe_and_go_nowhere(lab):
    topic = lab.topic(retention_ms=-1, retention_bytes=-1)
    server = lab.redis(security=lab.security(" ".join(permissions.REDIS)))
    grant(lab.broker.plain, KAFKA_USER, "TOPIC", topic.name, "DESCRIBE", "DESCRIBE_CONFIGS")
    grant(lab.broker.plain, KAFKA_USER, "GROUP", f"{topic.name}-group", "DESCRIBE")
    access = {"brokers": lab.broker.secure, "security": "SASL_SSL", "mechanism": "SCRAM-SHA-512",
              "user": KAFKA_USER, "password": KAFKA_PASSWORD, "ca": lab.broker.ca.read_text()}
    password = lab.secret_file("observer-password", REDIS_PASSWORD)
    login = (REDIS_USER, password, server.security.authority.ca)
    password.write_text(REDIS_PASSWORD)
    observer = observe(lab, topic, server, access=access, login=login)
    observer.await_condition("LogReachable", "True", "BrokersAnswer")
    observer.await_condition("RedisReachable", "True", "PrimaryAnswers")
    for pid in (observer.process.pid, *observer.agents()):
        shown = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        assert KAFKA_PASSWORD.encode() not in shown
    agent = pathlib.Path(f"/proc/{observer.agents()[0]}/limits").read_text()
    assert any(line.startswith("Max core file size") and line.split()[4] == "0"
               for line in agent.splitlines())
    wrong = observe(lab, topic, server, access={**access, "password": "wrong"},
                    login=login)
    wrong.await_condition("LogReachable", "False", "Unreachable", 40)
    for secret in (KAFKA_PASSWORD, REDIS_PASSWORD):
        assert secret not in observer.process.output() + wrong.process.output()
