"""What the lab starts on request: a second Kafka, and MirrorMaker 2 to it."""

import dataclasses
import time

import confluent_kafka
import pytest

from lab.wait import await_
from lab.wal import Topic

HEADERS = [("plain", b"x"), ("bytes", b"\x00\xff"), ("like-json", b"[1]")]


def without_offsets(records):
    """Exactly-once writing leaves marks between records, so that offsets differ."""
    return [dataclasses.replace(r, offset=None) for r in records]


@pytest.fixture
def start_connect(node):
    """And, before it, kafka2. No other test needs them."""
    yield lambda: node.part("start", "connect")
    for name in ("connect", "kafka2"):
        node.part("stop", name)


def test_mirror_maker_brings_records_to_the_second_kafka_as_they_are(node, start_connect):
    topic = Topic(node.kafka.plain, "redis-writes-mirrored")
    when = int(time.time() * 1000) - 60_000
    for i in range(30):
        topic.write(b"value %d" % i, b"key %d" % i, timestamp=when + i, headers=HEADERS)
    topic.flush()

    start_connect()
    mirrored = Topic(node.broker("kafka2").plain, topic.name, existing=True)

    def arrived():
        try:
            return mirrored.read()
        except confluent_kafka.KafkaException:
            return []  # the topic is not there yet

    await_(lambda: len(arrived()) == 30, 300, lambda: f"all is mirrored: {len(arrived())}")
    assert without_offsets(arrived()) == without_offsets(topic.read())
    secret = node.core.read_namespaced_secret("lab-kafka2", "default")
    assert set(secret.data) == {"brokers", "ca.crt", "password", "username"}
