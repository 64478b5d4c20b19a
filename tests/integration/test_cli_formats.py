"""kubectl-redwal on records with a schema: decoded by a real registry, or shown as they are."""

import json

import pytest

from lab import scripts
from lab.cli import Cli
from lab.registry import Registry
from lab.serializers import Serializers
from lab.workload import encode

FORMATS = Serializers.FORMATS


@pytest.fixture
def topic(lab):
    topic = lab.topic(partitions=1)
    lab.dead_letters(topic)
    return topic


@pytest.fixture
def own_registry(tmp_path):
    registry = Registry(tmp_path / "registry").start()
    yield registry
    registry.stop()


def cli_of(lab, topic, server, registry=None):
    options = {"schema_registry": registry.url} if registry else {}
    return Cli(brokers=lab.broker.plain, topic=topic.name, dlq_topic=topic.dead_letters.name,
               wal=lab.wal, redis=server.address, **options)


def write(topic, serializers, kinds=FORMATS):
    for number, kind in enumerate(kinds):
        value = encode("RPUSH", [kind, b"\xff\0"], id=f"i-{number}", ttlMs=1000000)
        topic.write(serializers.encode(kind, value), b"k")
    topic.flush()


def test_the_verbs_that_read_decode_every_format(lab, topic, server, registry):
    write(topic, Serializers(registry.url, topic.name))
    with_registry = ("--schema-registry", registry.url, "-o", "json")
    cli = cli_of(lab, topic, server)
    for verb in (("history", "k"), ("tail", "--from", "start")):
        rows = cli.run(*verb, *with_registry).rows()
        assert [(r["key"], r["command"], r["args"][0], r["ttlMs"], r["id"]) for r in rows] == [
            ("k", "RPUSH", kind, 1000000, f"i-{n}") for n, kind in enumerate(FORMATS)]
        rows = cli.run(*verb, "-o", "json").rows()
        assert all(r["command"].startswith("schema ") for r in rows) and len(rows) == len(FORMATS)
    explained = cli.run("explain", "0:1", *with_registry).json()
    assert explained["verdict"] == "applied" and explained["keys"] == ["k"]
    assert "--schema-registry" in cli.run("explain", "0:1", status=1).err
    assert "--format" in cli.run("tail", "--format", "avro", status=2).err


def test_a_registry_that_is_down_is_said_and_nothing_breaks(lab, topic, server, own_registry):
    write(topic, Serializers(own_registry.url, topic.name))
    topic.write(encode("SET", ["1"]), b"j")
    topic.flush()
    own_registry.kill()
    cli = cli_of(lab, topic, server, own_registry)
    rows = cli.run("tail", "--from", "start", "-o", "json").rows()
    assert [r["command"] for r in rows][-1] == "SET" and len(rows) == len(FORMATS) + 1
    assert all("does not answer" in r["rejected"] for r in rows[:-1])
    assert "does not answer" in cli.run("explain", "0:0", status=1).err


@pytest.mark.parametrize("kind", FORMATS)
def test_letters_with_a_schema_are_shown_and_retried_in_order(lab, topic, server, registry, kind):
    serializers = Serializers(registry.url, topic.name)
    lab.applier(topic, server, schema_registry=registry.url,
                on_reject="quarantine-key").start().await_ready()
    topic.write(b"\0\0", b"k")
    for n, word in enumerate((b"a", b"\xff")):
        value = encode("APPEND", [word], id=f"i-{n}")
        topic.write(serializers.encode(kind, value), b"k")
    topic.flush()
    lab.await_applied(topic, server)
    cli = cli_of(lab, topic, server, registry)
    shown = cli.run("dlq", "show", "0:2", "-o", "json").json()
    assert shown["decoded"] == "yes" and shown["id"] == "i-1"
    assert shown["operations"][0]["command"] == "APPEND" and shown["waits"][0]["number"] == 3
    closed = cli_of(lab, topic, server)
    assert "no --schema-registry" in closed.run("dlq", "show", "0:2", "-o", "json").json()["decoded"]
    before = topic.read()
    answer = closed.run("dlq", "retry", "--all", "-o", "json", status=5).json()
    assert "cannot be read" in answer["keys"][0]["trouble"] and topic.read() == before
    cli.run("dlq", "discard", "0:0")
    assert cli.run("dlq", "retry", "--all", "-o", "json").json()["keys"][0]["outcome"] == "released"
    lab.check(topic, server, quarantine=True, schema_of=registry.schema)
    with server.client() as client:
        assert client.get("k") == b"a\xff"


def test_a_retry_of_a_known_id_gets_another_one(lab, topic, server, registry):
    serializers = Serializers(registry.url, topic.name)
    lab.applier(topic, server, schema_registry=registry.url).start().await_ready()
    topic.write(encode("SET", ["text"]), b"k")
    topic.write(serializers.encode("avro", encode("RPUSH", ["1"], id="i")), b"k")
    topic.write(encode("DEL"), b"k")
    topic.flush()
    lab.await_applied(topic, server)
    cli_of(lab, topic, server, registry).run("dlq", "retry", "--all")
    lab.check(topic, server, schema_of=registry.schema)
    assert json.loads(topic.read()[-1].value)["id"] == "i#retry1"
    with server.client() as client:
        assert client.lrange("k", 0, -1) == [b"1"]


def test_a_script_is_judged_by_those_that_are_registered(lab, topic, server):
    directory = scripts.write(lab.directory / "scripts", scripts.TEXTS)
    value = json.dumps({"v": 1, "script": "fill", "keys": ["k"], "args": []})
    cli = cli_of(lab, topic, server)
    refused = cli.run("put", "-", "--dry-run", stdin=value + "\n", status=2)
    assert "script-unknown" in refused.err and "give --scripts" in refused.err
    cli.run("put", "-", "--dry-run", "--scripts", directory, stdin=value + "\n")
    cli.run("put", "-", "--scripts", directory, stdin=value + "\n")
    assert [r.value for r in topic.read()] == [value.encode()]


@pytest.mark.parametrize("policy, then", [("skip", "are applied"), ("quarantine-key", "wait"),
                                          ("halt", "is held")])
def test_what_a_rejection_leads_to_is_explained(lab, topic, server, policy, then):
    answer = cli_of(lab, topic, server).run(
        "explain", '{"v":1,"key":"k","command":"FLUSHALL"}', "--on-reject", policy, "-o", "json",
        status=3)
    assert then in answer.json()["later"]
