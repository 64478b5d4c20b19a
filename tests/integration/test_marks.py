"""Marks: never applied, never a dead letter; they tell how fresh a copy is and where it differs."""

import json
import time

from lab.cli import Cli
from lab.wait import await_
from lab.workload import Workload, encode

KEY = b"redwal:mark"


def mark(topic, partition, sequence, digest=None, time_ms=None):
    value = {"sequence": sequence, "timeMs": time_ms or int(time.time() * 1000), "site": "dc"}
    if digest is not None:
        value["digest"] = digest
    topic.write(json.dumps({"v": 1, "mark": value}).encode(), KEY, partition)


def state(client, wal, partition):
    text = client.hget(f"redwal:{{{wal}}}:p:{partition}", "mark")
    return None if text is None else text.decode().split()


def test_marks_among_records_change_nothing(lab):
    topic, server = lab.topic(), lab.redis()
    applier = lab.applier(topic, server).start().await_ready()
    workload = Workload(7)
    for sequence in range(1, 6):
        workload.write(topic, 200)
        topic.flush()
        for partition in range(3):
            mark(topic, partition, sequence, time_ms=1000 * sequence)
    topic.flush()
    lab.check(topic, server)
    with server.client() as client:
        for partition in range(3):
            sequence, time_ms, before, since, different = state(client, lab.wal, partition)
            assert (sequence, time_ms, since, different) == ("5", "5000", "0" * 16, "0")
            assert len(before) == 16
    for partition in range(3):
        await_(lambda p=partition: applier.metric("mark_timestamp_seconds", partition=str(p)) == 5,
               60, "the time of the mark is shown")


def test_a_copy_that_differs_is_told_and_whole_ones_are_not(lab):
    """One log is written with its digests; another is what a bad mirror makes of it."""
    source, whole, bad = lab.topic(1), lab.topic(1), lab.topic(1)
    servers = [lab.redis(name) for name in ("source", "whole", "bad")]
    appliers = [lab.applier(topic, server).start().await_ready()
                for topic, server in zip((source, whole, bad), servers)]
    digest = None
    for sequence in range(1, 7):
        for i in range(10):
            source.write(encode("RPUSH", [str(i)]), b"list", 0)
        mark(source, 0, sequence, digest)
        source.flush()
        lab.await_applied(source, servers[0])
        with servers[0].client() as client:
            before = state(client, lab.wal, 0)[2]
        digest = None if before == "-" else before
    lost = 35  # in the stretch before the fourth mark
    for record in source.read():
        whole.write(record.value, record.key, 0, headers=[("rewritten", b"eA==")])
        if record.offset != lost:
            bad.write(record.value, record.key, 0)
    for topic, server, applier, differences in zip((whole, bad), servers[1:], appliers[1:], (0, 1)):
        topic.flush()
        lab.await_applied(topic, server)
        with server.client() as client:
            assert state(client, lab.wal, 0)[4] == str(differences)
        await_(lambda: applier.metric("mark_differences", partition="0") == differences, 60,
               "differences are counted")
        found = {c["check"]: c["verdict"] for c in Cli(
            brokers=lab.broker.plain, topic=topic.name, redis=server.address, wal=lab.wal).run(
                "doctor", "-o", "json", status=None).json()["checks"]}
        assert found["redis-marks"] == ("FAIL" if differences else "OK")


def test_the_tool_knows_marks(lab):
    topic, server = lab.topic(1), lab.redis()
    lab.applier(topic, server).start().await_ready()
    topic.write(encode("SET", ["1"]), b"k", 0)
    mark(topic, 0, 41)
    topic.flush()
    lab.await_applied(topic, server)
    cli = Cli(brokers=lab.broker.plain, topic=topic.name, dlq_topic=topic.dead_letters.name,
              wal=lab.wal, group=f"{topic.name}-group", redis=server.address)
    assert "mark 41" in [row["command"] for row in
                         cli.run("tail", "--from", "start", "-o", "json").rows()]
    assert "mark" not in cli.run("history", "k").out
    cli.run("verify")
