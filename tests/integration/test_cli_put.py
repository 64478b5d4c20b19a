"""kubectl-redwal put and wait: what is written is in the log as it was said, and can be awaited."""

import json
import signal
import subprocess

import confluent_kafka
import pytest

from lab.applier import environment, position
from lab.cli import Cli
from lab.process import free_port
from lab.wait import await_

LINES = [
    {"v": 1, "id": "a-1", "key": "a", "command": "SET", "args": ["1"]},
    {"key": "b", "command": "RPUSH", "args": ["x", "y"], "ttl": 60},
    {"v": 1, "key": {"base64": "/wA="}, "command": "SET", "args": [{"base64": "AP8="}]},
    {"v": 1, "id": "a-2", "key": "a", "command": "INCR"},
]


def as_lines(records):
    return "".join(json.dumps(r) + "\n" for r in records)


@pytest.fixture
def topic(lab):
    topic = lab.topic(partitions=3)
    lab.dead_letters(topic)
    return topic


@pytest.fixture
def cli(lab, topic):
    return Cli(brokers=lab.broker.plain, topic=topic.name, dlq_topic=topic.dead_letters.name,
               group=f"{topic.name}-group", wal=lab.wal)


def test_an_operation_is_in_the_log_as_it_was_said(topic, cli):
    answer = cli.run("put", "orders:42", "HSET", "status", "paid", "--ttl", "24h", "--id", "o-1",
                     "-o", "json")
    row = answer.json()
    [record] = topic.read()
    assert (row["partition"], row["offset"]) == (record.partition, record.offset)
    assert row["token"] == f"{record.partition}:{record.offset}"
    assert record.key == b"orders:42"
    assert json.loads(record.value) == {
        "v": 1, "id": "o-1", "key": "orders:42", "command": "HSET", "args": ["status", "paid"],
        "ttlMs": 86400000}


def test_bytes_that_are_not_text_arrive_unchanged(lab, topic, cli):
    redis = lab.redis()
    lab.applier(topic, redis).start().await_ready()
    cli.run("put", b"k\xff".decode(errors="surrogateescape"), "SET",
            b"v\xfe".decode(errors="surrogateescape"))
    lab.check(topic, redis)
    with redis.client() as client:
        assert client.get(b"k\xff") == b"v\xfe"


def test_lines_are_written_in_order_and_each_has_a_receipt(lab, topic, cli):
    redis = lab.redis()
    lab.applier(topic, redis).start().await_ready()
    answer = cli.run("put", "-o", "json", stdin=as_lines(LINES) + "\n")
    records = {(r.partition, r.offset): r for r in topic.read()}
    assert len(records) == len(LINES)
    for row in answer.rows():
        record = records[row["partition"], row["offset"]]
        assert json.loads(record.value) == LINES[row["line"] - 1]
        assert row["token"] == f"{row['partition']}:{row['offset']}"
    assert "4 stored, 0 refused, 0 failed; token " in answer.err
    lab.check(topic, redis)
    with redis.client() as client:
        assert client.get("a") == b"2"
        assert client.get(b"\xff\x00") == b"\x00\xff"


def test_keys_go_where_other_producers_send_them(topic, cli):
    """Each partitioner is that of a client of another make."""
    for name, theirs in (("murmur2", "murmur2_random"), ("crc32", "consistent_random")):
        producer = confluent_kafka.Producer({"bootstrap.servers": topic.brokers,
                                             "partitioner": theirs})
        keys = [f"key-{i}" for i in range(20)]
        for key in keys:
            producer.produce(topic.name, b"", key=key)
        producer.flush()
        before = {r.key.decode(): r.partition for r in topic.read() if r.value == b""}
        lines = as_lines({"key": k, "command": "DEL"} for k in keys)
        rows = cli.run("put", "--partitioner", name, "-o", "json", stdin=lines).rows()
        assert {keys[r["line"] - 1]: r["partition"] for r in rows} == before
        topic.recreate()


def test_a_line_that_is_refused_is_named_and_what_became_of_the_others_is_clear(topic, cli):
    bad = {"key": "c", "command": "SPOP"}
    lines = as_lines([*LINES[:2], bad, LINES[3]])
    stopped = cli.run("put", "-o", "json", stdin=lines, status=5)
    assert "line 3: command-nondeterministic: " in stopped.err
    assert "what stands behind line 3 was not read" in stopped.err
    assert "2 stored, 1 refused, 0 failed" in stopped.err
    assert sorted(r["line"] for r in stopped.rows()) == [1, 2]
    assert len(topic.read()) == 2

    went_on = cli.run("put", "--keep-going", "-o", "json", stdin=lines, status=5)
    assert sorted(r["line"] for r in went_on.rows()) == [1, 2, 4]
    assert "was not read" not in went_on.err
    assert len(topic.read()) == 5

    nothing = cli.run("put", stdin=as_lines([bad]), status=2)
    assert "line 1: command-nondeterministic" in nothing.err
    assert len(topic.read()) == 5


@pytest.mark.parametrize("value, reason", [
    ("nonsense", "not-json"),
    ('{"v":1,"command":"SET","args":["1"]}', "key-missing"),
    ('{"v":1,"key":"k","command":"SET","args":["1"],"tttl":1}', "bad-field"),
    ('{"v":1,"key":"redwal:x","command":"DEL"}', "key-reserved"),
    ('{"v":1,"key":"k","command":"SET"}', "wrong-arguments-count"),
    ('{"v":1,"key":"k","command":"SET","args":["' + "x" * 1100000 + '"]}', "max-record-bytes"),
])
def test_what_the_applier_would_refuse_is_not_written(topic, cli, value, reason):
    answer = cli.run("put", stdin=value + "\n", status=2)
    assert reason in answer.err
    assert not topic.read()


def test_wait_returns_when_redis_has_it_and_not_before(lab, topic, cli):
    redis = lab.redis()
    applier = lab.applier(topic, redis)
    cli.options["redis"] = redis.address
    token = cli.run("put", "k", "SET", "v", "-o", "json").json()["token"]
    late = cli.run("wait", token, "--timeout", "300ms", status=4)
    assert f"not visible within 300 ms: {token}" in late.err

    waiting = cli.start("wait", token)
    applier.start()
    assert waiting.wait(60) == 0, waiting.stderr.read()
    with redis.client() as client:
        assert client.get("k") == b"v"
        partition, offset = map(int, token.split(":"))
        assert position(client, lab.wal, partition)[0] > offset

    for i in range(20):  # read your writes
        cli.run("put", "counter", "SET", i, "--wait")
        with redis.client() as client:
            assert client.get("counter") == str(i).encode()
    lab.check(topic, redis)

    applier.stop()  # the position is at this very record, and not behind it
    token = cli.run("put", "counter", "SET", "late", "-o", "json").json()["token"]
    cli.run("wait", token, "--timeout", "300ms", status=4)


def test_wait_goes_on_through_a_failover(lab, topic, cli):
    failover = lab.failover()
    lab.applier(topic, failover).start().await_ready()
    cli.options["sentinel"] = failover.sentinel_list
    cli.options["master-name"] = failover.master_name
    old = failover.primary()
    old.kill()
    writing = cli.start("put", "k", "SET", "v", "--wait", "--timeout", "150s")
    new = failover.await_primary_other_than(old)
    _, err = writing.communicate(timeout=170)
    assert writing.returncode == 0, err
    with new.client() as client:
        assert client.get("k") == b"v"


def test_an_atomic_envelope_is_written_whole(lab, topic, cli):
    redis = lab.redis()
    lab.applier(topic, redis).start().await_ready()
    cli.options["redis"] = redis.address
    envelope = {"v": 1, "id": "t-1", "atomic": [
        {"key": "{a}1", "command": "DECRBY", "args": ["5"]},
        {"key": "{a}1", "command": "EXPIRE", "args": ["600"]}]}
    cli.run("put", "--wait", stdin=as_lines([envelope]))
    [record] = topic.read()
    assert (record.key, json.loads(record.value)) == (b"{a}1", envelope)
    lab.check(topic, redis)
    with redis.client() as client:
        assert client.get("{a}1") == b"-5" and 0 < client.ttl("{a}1") <= 600


def test_who_interrupts_learns_what_was_written(topic, cli):
    writing = subprocess.Popen(
        cli.argv("put", "-o", "json"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env=environment())
    with writing:
        writing.stdin.write(as_lines(LINES[:2]))
        writing.stdin.flush()
        await_(lambda: len(topic.read()) == 2, 60, "both lines are in the log")
        writing.send_signal(signal.SIGINT)
        out, err = writing.communicate(timeout=60)
    assert writing.returncode == 5
    assert sorted(json.loads(line)["line"] for line in out.splitlines()) == [1, 2]
    assert "interrupted; what stands behind line 2 was not read" in err
    assert "2 stored, 0 refused, 0 failed; token " in err


def test_a_dry_run_writes_nothing_and_needs_no_broker(topic):
    rows = Cli().run("put", "--dry-run", "-o", "json", stdin=as_lines(LINES)).rows()
    assert [json.loads(r["value"]) for r in rows] == LINES
    assert rows[2]["key"] == {"base64": "/wA="}
    [row] = Cli().run("put", "k", "SET", "v", "--dry-run", "-o", "json").rows()
    assert json.loads(row["value"])["args"] == ["v"]
    assert not topic.read()


def test_brokers_that_are_not_there_fail_within_the_timeout(cli):
    cli.options["brokers"] = f"127.0.0.1:{free_port()}"
    answer = cli.run("put", "k", "SET", "v", "--timeout", "2s", status=1)
    assert "not stored: " in answer.err and "timed out" in answer.err


def test_what_brokers_refuse_is_told(topic, cli):
    cli.options["topic"] = f"{topic.name}-nowhere"
    answer = cli.run("put", "k", "SET", "v", status=1)
    assert "create the topic" in answer.err
