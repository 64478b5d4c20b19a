"""kubectl-redwal --rediswal NAME, the verbs that judge and repair: they find the log, the dead letters and
the Redis of the RedisWal, and fold the log by its options. Its applier is a real one."""

import json

import pytest

from lab.applier import Applier, position
from lab.wait import await_
from lab.wal import Topic
from lab.workload import encode
from place import (DIFFERENT, FAILED, GROUP, KAFKA_PASSWORD, KAFKA_USER, REDIS_PASSWORD, REDIS_USER)

HELD, OTHER = b"held", b"other"


@pytest.fixture
def scene(scene, place, tmp_path):
    """The RedisWal `holding` quarantines keys, as its applier does, which is up."""
    secrets = {"kafka": KAFKA_PASSWORD, "redis": REDIS_PASSWORD, **place.identity}
    for name, text in secrets.items():
        (tmp_path / name).write_text(text)
    spec = place.spec(scene.topic)
    spec["wal"], spec["options"] = "orders", {"onReject": "quarantine-key"}
    scene.wal("holding", spec)
    with place.redis.client() as client:
        client.flushall()
    Topic(place.broker.plain, f"{scene.topic.name}-dlq", 1)
    applier = Applier(tmp_path, "applier", {
        "wal": "orders", "group": GROUP, "topic": scene.topic.name,
        "dlq-topic": f"{scene.topic.name}-dlq", "on-reject": "quarantine-key",
        "brokers": place.broker.secure, "kafka-security": "SASL_SSL", "kafka-user": KAFKA_USER,
        "kafka-password-file": tmp_path / "kafka", "kafka-ca": place.broker.ca,
        "redis": place.redis.address, "redis-user": REDIS_USER, "redis-tls": True,
        "redis-password-file": tmp_path / "redis", "redis-ca": tmp_path / "ca",
        "redis-cert": tmp_path / "cert", "redis-key": tmp_path / "key"}).start().await_ready()
    yield scene
    applier.stop()
    applier.assert_healthy(place.secrets)
    with place.redis.client() as client:
        client.flushall()


@pytest.fixture
def held(scene, place):
    """A key of which a record was rejected, and the next one is held back."""
    topic = scene.topic
    for value, key in ((encode("SET", ["text"]), HELD), (encode("SET", ["text"]), OTHER),
                       (encode("RPUSH", ["x"]), HELD), (encode("APPEND", ["+"]), HELD)):
        topic.write(value, key)
    topic.flush()
    ask(scene, "wait", "--timeout", "30s", *(f"{p}:{n - 1}" for p, n in topic.ends().items() if n))
    with place.redis.client() as client:
        await_(lambda: all(position(client, "orders", p) == (n, n) for p, n in topic.ends().items() if n), 30,
               "dead letters are stored, too")
        assert (client.get(HELD), client.get(OTHER)) == (b"text", b"text")
    return scene


def ask(scene, *words, **options):
    return scene.run(*words, name="holding", **options)


def rows(text):
    return [json.loads(line) for line in text.splitlines()]


def test_dlq_finds_the_letters_and_what_waits(held, place):
    listed = rows(ask(held, "dlq", "list", "-o", "json"))
    assert [(row["reason"], row["waits"]) for row in listed] == [("redis-wrongtype", "1/2"),
                                                                  ("key-quarantined", "2/2")]
    first = f"{listed[0]['partition']}:{listed[0]['offset']}"
    shown = json.loads(ask(held, "dlq", "show", first, "-o", "json"))
    assert [row["key"] for row in shown["waits"]] == ["held"]
    assert [row["key"] for row in json.loads(
        ask(held, "dlq", "keys", "-o", "json", status=DIFFERENT))["keys"]] == ["held"]
    discarded = json.loads(ask(held, "dlq", "discard", first, "-o", "json"))
    assert [row["outcome"] for row in discarded["letters"]] == ["discarded"]
    retried = json.loads(ask(held, "dlq", "retry", "--key", "held", "-o", "json"))
    assert [row["outcome"] for row in retried["letters"]] == ["given up", "retried"]
    with place.redis.client() as client:
        assert client.get(HELD) == b"text+"
    assert ask(held, "dlq", "list", "-o", "json") == ""


def test_verify_and_repair_fold_by_its_options(held, place):
    assert json.loads(ask(held, "verify", "-o", "json"))["equal"] is True
    # Of another RedisWal, which skips what is rejected, the same log makes another value.
    skipped = json.loads(held.run("verify", "-o", "json", status=DIFFERENT))
    assert [(row["key"], row["kind"]) for row in skipped["differences"]] == [("held", "value")]
    with place.redis.client() as client:
        client.set(OTHER, "by hand")
    found = json.loads(ask(held, "verify", "-o", "json", status=DIFFERENT))
    assert [(row["key"], row["kind"]) for row in found["differences"]] == [("other", "value")]
    planned = json.loads(ask(held, "repair", "-o", "json", status=DIFFERENT))
    assert [row["outcome"] for row in planned["differences"]] == ["would-write"]
    done = json.loads(ask(held, "repair", "--yes", "-o", "json"))
    assert [row["outcome"] for row in done["differences"]] == ["written"]
    with place.redis.client() as client:
        assert (client.get(HELD), client.get(OTHER)) == (b"text", b"text")


def test_bench_writes_to_its_log_and_waits_for_its_redis(scene, place):
    report = json.loads(ask(scene, "bench", "-o", "json", "--yes", "--records", "200", "--rate", "200"))
    assert report["produced"] == report["visible"] == 200 and report["keysLeft"] == 0
    assert sum(scene.topic.ends().values()) >= 200
    with place.redis.client() as client:
        await_(lambda: not [k for k in client.scan_iter() if not k.startswith(b"redwal:")], 10,
               "nothing of it is left")


@pytest.mark.parametrize("words", [
    ("dlq", "list"), ("dlq", "show", "0:0"), ("dlq", "keys"), ("dlq", "retry", "--all"),
    ("dlq", "discard", "--all"), ("verify",), ("repair",), ("bench", "--dry-run")],
    ids=" ".join)
def test_what_it_cannot_read_stops_each(scene, place, words):
    spec = place.spec(scene.topic)
    spec["kafka"]["sasl"]["passwordSecret"]["name"] = "not-there"
    scene.wal("lacking", spec)
    assert f"Secret {scene.namespace}/not-there: " in scene.run(*words, name="lacking", status=FAILED)
