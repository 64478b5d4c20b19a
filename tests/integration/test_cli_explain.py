"""kubectl-redwal explain: what it says of a record is what the applier does with it."""

import pytest
import redis as redis_py

from lab.cli import Cli
from lab.oracle import differences, snapshot
from lab.workload import atomic, encode

NOON = "2026-01-31T12:00:00Z"
NOON_MS = 1769860800000


RECORDS = [
    (b"a", encode("SET", ["text"])),
    (b"a", encode("RPUSH", ["1"])),  # refused by Redis alone
    (b"a", encode("EXPIRE", ["3600"])),
    (b"n", encode("INCRBY", ["5"], ttlMs=3600000)),
    (b"h", encode("HSET", ["field", "value with blanks"])),
    (b"s", encode("XADD", ["*", "f", "v"])),
    (b"x", atomic(("x", "INCR", []), ("x", "APPEND", ["0"]))),
    (b"b", b"not json"),
    (b"b", b""),
    (b"b", encode("SPOP")),
    (b"b", encode("NOSUCHCOMMAND")),
    (b"other", b'{"v":1,"key":"b","command":"DEL"}'),
]
BEFORE_REDIS = {7: "not-json", 8: "empty-record", 9: "command-nondeterministic",
                10: "command-unknown", 11: "key-mismatch"}


@pytest.fixture
def topic(lab):
    topic = lab.topic(partitions=1)
    lab.dead_letters(topic)
    return topic


@pytest.fixture
def cli(lab, topic):
    return Cli(brokers=lab.broker.plain, topic=topic.name, dlq_topic=topic.dead_letters.name,
               wal=lab.wal)


def explain(cli, *words, **options):
    return cli.run("explain", *words, "-o", "json", status=None, **options)


def test_what_it_says_is_what_the_applier_does(lab, topic, cli):
    server, scratch = lab.redis(), lab.redis("scratch").client()
    lab.applier(topic, server).start().await_ready()
    for key, value in RECORDS:
        topic.write(value, key)
    topic.flush()
    lab.await_applied(topic, server)
    said = {}
    for offset in range(len(RECORDS)):
        answer = explain(cli, f"0:{offset}")
        fields = answer.json()
        assert answer.status == (3 if fields["verdict"] == "rejected" else 0)
        assert len(fields["commands"]) == (fields["nCommands"] or 0)
        if fields["verdict"] == "rejected":
            said[offset] = fields["reason"]
            assert fields["remedy"] and fields["detail"] is not None
        for command in fields["commands"]:
            try:
                scratch.execute_command(*command["words"])
            except redis_py.exceptions.ResponseError as error:
                assert "WRONGTYPE" in str(error) and offset == 1
                assert fields["mayFailFor"] == "another type of the key"
    assert said == BEFORE_REDIS
    assert differences(snapshot(scratch), snapshot(server.client())) == []


def test_a_dead_letter_tells_of_a_record_that_the_log_no_longer_has(lab, topic, cli):
    server = lab.redis()
    lab.applier(topic, server).start().await_ready()
    topic.write(encode("SPOP"), b"k")
    topic.flush()
    lab.await_applied(topic, server)
    topic.truncate(0, 1)
    gone = explain(cli, "0:0")
    assert gone.status == 1 and "0" in gone.err
    kept = explain(cli, "0:0", "--dlq")
    assert (kept.status, kept.json()["reason"]) == (3, "command-nondeterministic")
    absent = explain(cli, "0:7", "--dlq")
    assert absent.status == 1 and "0:7" in absent.err


class TestWithoutKafka:
    def test_a_value_is_judged_at_a_time_with_a_key(self):
        value = '{"v":1,"command":"EXPIRE","args":["60"]}'
        told = explain(Cli(), value, "--key", "k", "--time", NOON).json()
        assert told["commands"] == [{"words": ["PEXPIREAT", "k", str(NOON_MS + 60000)]}]
        assert explain(Cli(), value).json()["reason"] == "key-missing"
        assert explain(Cli(), "-", "--key", "k", "--time", NOON, stdin=value + "\n").json() == told

    def test_scripts_are_those_that_are_given(self, tmp_path):
        call = '{"v":1,"script":"add","keys":["a"],"args":["5"]}'
        (tmp_path / "add.lua").write_text("return redis.call('INCRBY', KEYS[1], ARGV[1])\n")
        assert explain(Cli(), call).json()["reason"] == "script-unknown"
        known = explain(Cli(), call, "--scripts", tmp_path).json()
        assert (known["verdict"], known["keys"]) == ("applied", ["a"])

    def test_bad_use_is_told(self):
        assert "--dlq" in explain(Cli(), "{}", "--dlq").err
        assert "--time" in explain(Cli(), "{}", "--time", "soon").err
        assert Cli().run("explain", "0:1", status=2).err

    def test_a_record_with_a_schema_is_not_guessed_at(self):
        answer = explain(Cli(), "-", stdin=b"\0\0\0\0\7anything")
        assert answer.status == 1 and "schema 7" in answer.err
