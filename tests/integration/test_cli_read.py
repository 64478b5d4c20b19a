"""kubectl-redwal history and tail: what the log holds, judged by a reader of another make."""

import datetime
import json
import select
import signal
import subprocess
import time

import confluent_kafka
import pytest

from lab.cli import Cli
from lab.wait import await_

DAY_MS = 86400000


@pytest.fixture
def topic(lab):
    return lab.topic(partitions=3)


@pytest.fixture
def cli(lab, topic):
    return Cli(brokers=lab.broker.plain, topic=topic.name, group=f"{topic.name}-group")


def iso(ms):
    moment = datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03}Z"


def expected(record):
    """The row of a record that holds one operation."""
    value = json.loads(record.value)
    ttl = value.get("ttlMs") or (value["ttl"] * 1000 if "ttl" in value else None)
    return {"partition": record.partition, "offset": record.offset, "time": iso(record.timestamp),
            "key": value.get("key", record.key.decode()), "part": None,
            "command": value["command"], "args": value.get("args", []), "ttlMs": ttl,
            "id": value.get("id"), "rejected": None}


def send(topic, key, value, **options):
    topic.write(json.dumps(value).encode(), key, **options)


def write(topic, keys, count):
    for i in range(count):
        key = keys[i % len(keys)]
        send(topic, key, {"v": 1, "id": f"i-{i}", "command": "SET", "args": [str(i)], "ttlMs": i + 1})
    topic.flush()


def in_order(rows):
    return sorted(rows, key=lambda r: (r["partition"], r["offset"]))


def test_history_shows_each_operation_on_a_key_and_no_other(topic, cli):
    write(topic, ["a", "b", "c", "d"], 400)
    rows = cli.run("history", "b", "-o", "json").rows()
    assert rows == [expected(r) for r in topic.read() if r.key == b"b"]
    assert len(rows) == 100
    assert cli.run("history", "nobody", "-o", "json").out == ""


def test_history_begins_where_it_is_told(topic, cli):
    now = int(time.time() * 1000)
    for age in (3, 2, 1):
        send(topic, "k", {"command": "SET", "args": [str(age)]},
             timestamp=now - age * DAY_MS)
    topic.flush()
    two_days_ago = iso(now - 2 * DAY_MS)
    for when, args in (("start", ["3", "2", "1"]), ("36h", ["1"]), (two_days_ago, ["2", "1"])):
        rows = cli.run("history", "k", "--from", when, "-o", "json").rows()
        assert [r["args"][0] for r in rows] == args, when


def test_history_shows_what_an_atomic_envelope_does_to_the_key(topic, cli):
    send(topic, "a", {"v": 1, "id": "t-1", "atomic": [
        {"key": "a", "command": "DECRBY", "args": ["5"]},
        {"key": "b", "command": "INCRBY", "args": ["5"]},
        {"key": "a", "command": "PERSIST"}]})
    topic.flush()
    rows = cli.run("history", "a", "-o", "json").rows()
    assert [(r["part"], r["command"], r["args"], r["id"]) for r in rows] == \
        [("1/3", "DECRBY", ["5"], "t-1"), ("3/3", "PERSIST", [], "t-1")]
    [row] = cli.run("history", "b", "-o", "json").rows()
    assert (row["part"], row["key"], row["command"]) == ("2/3", "b", "INCRBY")


def test_history_reads_one_partition_when_it_knows_how_that_is_chosen(topic, cli):
    """The lab's producer chooses as Java's do; what another one put elsewhere is not found then."""
    write(topic, ["a"], 10)
    [partition] = {r.partition for r in topic.read()}
    send(topic, "a", {"command": "DEL"}, partition=(partition + 1) % 3)
    topic.flush()
    assert len(cli.run("history", "a", "-o", "json").rows()) == 11
    rows = cli.run("history", "a", "--partitioner", "murmur2", "-o", "json").rows()
    assert {r["partition"] for r in rows} == {partition} and len(rows) == 10


def test_records_with_a_schema_are_named(topic, cli):
    topic.write(b"\x00\x00\x00\x00\x07bytes", b"k")
    topic.flush()
    [row] = cli.run("history", "k", "-o", "json").rows()
    assert (row["key"], row["command"], row["rejected"]) == ("k", "schema 7", None)


def test_records_that_the_applier_cannot_read_are_shown_with_the_reason(topic, cli):
    topic.write(b"nonsense", b"k")
    topic.write(None, b"k")
    send(topic, None, {"command": "SET", "args": ["1"]})
    topic.flush()
    rejected = sorted(r["rejected"].split(":")[0]
                      for r in cli.run("tail", "-o", "json").rows())
    assert rejected == ["empty-record", "key-missing", "not-json"]
    assert len(cli.run("history", "k", "-o", "json").rows()) == 2


def test_tail_shows_the_newest_of_each_partition(topic, cli):
    write(topic, ["a", "b", "c", "d", "e"], 300)
    records, ends = topic.read(), topic.ends()
    last = cli.run("tail", "--from", "-7", "-o", "json").rows()
    assert in_order(last) == [expected(r) for r in records if r.offset >= ends[r.partition] - 7]
    everything = cli.run("tail", "--from", "start", "-o", "json").rows()
    assert in_order(everything) == [expected(r) for r in records]
    [partition] = {r["partition"] for r in cli.run("tail", "--partition", 1, "-o", "json").rows()}
    assert partition == 1
    assert cli.run("tail", "--from", "end", "-o", "json").out == ""


def test_tail_shows_keys_that_match_a_pattern(topic, cli):
    write(topic, ["orders:1", "orders:22", "users:1"], 30)
    for pattern, keys in (("orders:*", {"orders:1", "orders:22"}), ("*:?", {"orders:1", "users:1"})):
        rows = cli.run("tail", "--from", "start", "--key", pattern, "-o", "json").rows()
        assert {r["key"] for r in rows} == keys, pattern


def test_tail_follows_until_it_is_told_to_stop(topic, cli):
    write(topic, ["a"], 5)
    following = cli.start("tail", "-f", "--from", "end", "-o", "json")

    def is_shown():
        """It has no way to say that it has begun."""
        send(topic, "a", {"command": "INCR"})
        topic.flush()
        return select.select([following.stdout], [], [], 0.3)[0]
    await_(is_shown, 60, "a record is shown")
    row = json.loads(following.stdout.readline())
    assert (row["key"], row["command"]) == ("a", "INCR")
    following.send_signal(signal.SIGINT)
    assert following.wait(20) == -signal.SIGINT


def test_a_reader_that_has_enough_ends_following(topic, cli):
    write(topic, ["a"], 50)
    following = cli.start("tail", "-f", "--from", "start", "-o", "json")
    with following:
        head = subprocess.run(["head", "-n", "3"], stdin=following.stdout, capture_output=True,
                              check=True)
        following.stdout.close()
        assert len(head.stdout.splitlines()) == 3
        send(topic, "a", {"command": "INCR"})
        topic.flush()
        await_(lambda: following.poll() is not None, 60, "it notices that nobody reads")
    assert following.returncode == 0


def test_what_was_never_committed_is_not_shown(topic, cli):
    """As the applier reads it: read_committed."""
    write(topic, ["a"], 3)
    producer = confluent_kafka.Producer({"bootstrap.servers": topic.brokers,
                                         "transactional.id": topic.name})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(topic.name, b'{"command":"DEL"}', "a")
    producer.flush()
    producer.abort_transaction(30)
    write(topic, ["a"], 2)
    # The coordinator marks the end of a transaction after it has answered.
    await_(lambda: sum(topic.ends().values()) == 7, 60, "three, one, its mark, and two may be read")
    rows = cli.run("history", "a", "-o", "json").rows()
    assert rows == [expected(r) for r in topic.read()] and len(rows) == 5


def test_what_the_log_no_longer_holds_is_not_waited_for(topic, cli):
    write(topic, ["a"], 20)
    partition = topic.read()[0].partition
    topic.truncate(partition, 15)
    offsets = [r["offset"] for r in cli.run("history", "a", "-o", "json").rows()]
    assert offsets == list(range(15, 20))


def test_a_place_that_is_none_is_refused(cli):
    assert "--from: 'yesterday'" in cli.run("tail", "--from", "yesterday", status=2).err
    assert "there is no partition 7; the topic has 3" in \
        cli.run("tail", "--partition", 7, status=1).err


def test_a_topic_that_is_not_there_is_told(cli):
    cli.options["topic"] = "no-such-topic"
    assert "no-such-topic" in cli.run("tail", status=1).err
