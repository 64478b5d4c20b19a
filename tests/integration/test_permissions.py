"""Each permission in docs/permissions.md is enough together with the others, and needed."""

import json
import time

import pytest

from conftest import KAFKA_PASSWORD, KAFKA_USER, REDIS_PASSWORD, REDIS_USER
from lab import permissions
from lab.wait import await_, holds
from lab.wal import grant
from lab.workload import Workload, encode


def without(rule, rules):
    assert rules.count(rule) == 1
    return " ".join(r for r in rules if r != rule)


def commands_in_the_page():
    shown = permissions.PAGE.read_text().split("ACL SETUSER applier on >… ")[1:]
    return [" ".join(text.split("\n\n")[0].split("\n## ")[0].split()) for text in shown]


def test_the_page_shows_the_same_rules_twice():
    assert commands_in_the_page() == [" ".join(permissions.REDIS), " ".join(permissions.SENTINEL)]


# --- Redis ----------------------------------------------------------------------------------------


def secured(lab, rules):
    server = lab.redis(security=lab.security(rules))
    return server, {
        "redis_user": REDIS_USER, "redis_tls": True, "redis_ca": server.security.authority.ca,
        "redis_password_file": lab.secret_file("redis-password", REDIS_PASSWORD)}


def dumped(server):
    """A value as this server writes it."""
    with server.client() as client:
        client.set("dumped", "value")
        value = client.dump("dumped")
        client.delete("dumped")
    return value


def write_everything(topic, value):
    """What needs each of the rules."""
    Workload(1).write(topic, 500)
    topic.write(encode("RPUSH", ["3", "1", "2"]), b"numbers")
    topic.write(encode("SORT", ["STORE", "numbers"]), b"numbers")
    topic.write(encode("RESTORE", ["0", value]), b"restored")
    topic.write(json.dumps({"v": 1, "atomic": [
        {"key": "counter", "command": "DECRBY", "args": ["5"]},
        {"key": "counter", "command": "APPEND", "args": ["0"]}]}).encode(), b"counter")
    topic.write(encode("INCR"), b"old", timestamp=int(time.time() * 1000) - 3600_000)
    topic.flush()


def test_all_of_the_rules_for_redis_are_enough(lab):
    lab.calm = True
    server, options = secured(lab, " ".join(permissions.REDIS))
    topic, value = lab.topic(), dumped(server)
    lab.applier(topic, server, **options).start().await_ready()
    write_everything(topic, value)
    lab.check(topic, server)


@pytest.mark.parametrize("rule", permissions.grants(permissions.REDIS))
def test_redis_is_not_used_without(lab, rule):
    server, options = secured(lab, without(rule, permissions.REDIS))
    topic, value = lab.topic(), dumped(server)
    applier = lab.applier(topic, server, **options).start()
    write_everything(topic, value)
    trouble = applier.await_trouble("permission")
    assert "redis-primary" in trouble, trouble
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", REDIS_USER, *permissions.REDIS)
    lab.check(topic, server)


# --- Sentinel -------------------------------------------------------------------------------------


def watched(lab, rules):
    security = lab.security(" ".join(permissions.REDIS), sentinel_user="watcher",
                            sentinel_password="sentinel-word", sentinel_rules=rules)
    failover = lab.failover(security=security)
    applier = lab.applier(
        lab.topic(), failover, redis_user=REDIS_USER, redis_tls=True,
        redis_ca=security.authority.ca, sentinel_user="watcher",
        redis_password_file=lab.secret_file("redis-password", REDIS_PASSWORD),
        sentinel_password_file=lab.secret_file("sentinel-password", "sentinel-word")).start()
    return failover, applier


def listens(failover):
    """Whether a Sentinel has granted to tell the applier of everything."""
    def subscribed(sentinel):
        with sentinel.client() as client:
            return any(c["user"] == "watcher" and c["sub"] == "3" for c in client.client_list())
    return any(map(subscribed, failover.sentinels))


def test_all_of_the_rules_for_sentinels_are_enough(lab):
    failover, applier = watched(lab, " ".join(permissions.SENTINEL))
    applier.await_ready()
    await_(lambda: listens(failover), 60, "it listens to a Sentinel")


@pytest.mark.parametrize("rule", permissions.grants(permissions.SENTINEL))
def test_a_sentinel_is_not_listened_to_without(lab, rule):
    failover, applier = watched(lab, without(rule, permissions.SENTINEL))
    if rule.startswith("+sentinel"):
        applier.await_trouble("permission")
    else:
        applier.await_ready()
        holds(lambda: not listens(failover), 3, "nothing is heard")


# --- Kafka ----------------------------------------------------------------------------------------


def allow(broker, rows):
    for resource, name, operation in rows:
        grant(broker.plain, KAFKA_USER, resource, name, operation)


# That all of them are enough shows test_whole_path.py.
@pytest.mark.parametrize("row", range(len(permissions.KAFKA)),
                         ids=["-".join(row) for row in permissions.KAFKA])
def test_kafka_is_not_used_without(lab, broker, row):
    topic, server = lab.topic(), lab.redis()
    rows = permissions.kafka_for(topic.name, f"{topic.name}-group", lab.dead_letters(topic).name)
    missing = rows.pop(row)
    allow(broker, rows)
    applier = lab.applier(
        topic, server, brokers=broker.secure, kafka_security="SASL_SSL", kafka_ca=broker.ca,
        kafka_user=KAFKA_USER, kafka_password_file=lab.secret_file("kafka", KAFKA_PASSWORD)).start()
    Workload(1, rejects=0.1).write(topic, 500)
    topic.flush()
    condition, words = ("dead-letters", "allow our user to write") if "WRITE" in missing else (
        "kafka", "uthorization")
    trouble = applier.await_trouble(words)
    assert condition in trouble, trouble
    allow(broker, [missing])
    lab.check(topic, server)
