"""Records in every format, by a real registry; and what happens when it is not there."""

import json
import random
import struct

import pytest

from lab import scripts
from lab.cli import Cli
from lab.record_formats import SCHEMAS, compile_proto, message_class
from lab.registry import Door, Registry
from lab.serializers import Serializers
from lab.wait import await_, holds
from lab.workload import Workload, encode, script_call

FORMATS = Serializers.FORMATS
UNKNOWN_ID = 999_999
USER, PASSWORD = "redis-applier", "registry-secret-3k9W"


def frame(schema_id, payload):
    return b"\0" + schema_id.to_bytes(4, "big") + payload


def atomic(*records):
    """One record of these operations."""
    operations = [{k: v for k, v in json.loads(r).items() if k != "v"} for r in records]
    return json.dumps({"v": 1, "atomic": operations}).encode()


def is_version_1(value):
    try:
        return json.loads(value).get("v") == 1
    except ValueError:
        return False


def write_mixed(topic, serializers, seed, n, kinds=(None, *FORMATS)):
    """The workload with each record in one of the formats, None being plain JSON; what is no JSON
    of version 1 stays as it is."""
    chance = random.Random(seed)
    for key, value, _ in Workload(seed).records(n):
        kind = chance.choice(kinds)
        if kind and value and is_version_1(value):
            value = serializers.encode(kind, value)
        topic.write(value, key)
    topic.flush()


@pytest.fixture
def own_registry(tmp_path):
    registry = Registry(tmp_path / "registry").start()
    yield registry
    registry.stop()


def test_records_of_all_formats_are_the_fold(lab, registry):
    lab.calm = True
    topic, server = lab.topic(), lab.redis()
    serializers = Serializers(registry.url, topic.name)
    lab.applier(topic, server, schema_registry=registry.url).start().await_ready()
    write_mixed(topic, serializers, 1, 3000)
    for kind in FORMATS:
        for key in ("a", "b"):
            topic.write(serializers.encode(kind, atomic(
                encode("RPUSH", [kind, b"\xff\0"], key=key), encode("INCR", key=f"{key}:n"))),
                key.encode(), partition=0)
    topic.flush()
    folded = lab.check(topic, server, schema_of=registry.schema)
    assert folded.state[b"a"][1] == [w for kind in FORMATS for w in (kind.encode(), b"\xff\0")]
    assert len(folded.rejected) > 20


def test_scripts_are_called_in_every_format(lab, registry):
    """With bytes that are no text, with a SHA, and with one that is another's."""
    lab.calm = True
    topic, server = lab.topic(partitions=1), lab.redis()
    directory = scripts.write(lab.directory / "scripts", scripts.TEXTS)
    serializers, sha = Serializers(registry.url, topic.name), scripts.sha(scripts.TEXTS["fill"])
    applier = lab.applier(topic, server, schema_registry=registry.url, scripts=directory).start()
    for kind in FORMATS:
        mine = kind.encode() + b"\xff\0"
        for record in (
                encode("SET", [100], key=mine), script_call("transfer", [mine, "all"], [7]),
                script_call("transfer", [mine, "all"], [94]),
                script_call("fill", [mine + b"l", mine + b"s"], [3], sha=sha),
                script_call("fill", [mine + b"l", mine + b"s"], [3], sha="0" * 64),
                script_call("transfer", [mine, "all"], [1], id="once"),
                script_call("transfer", [mine, "all"], [1], id="once")):
            topic.write(serializers.encode(kind, record), partition=0)
    topic.flush()
    folded = lab.check(topic, server, schema_of=registry.schema, scripts=scripts.TEXTS)
    assert folded.state[b"all"][1] == b"22"
    assert folded.state[b"avro\xff\0s"][1] == {b"1", b"2", b"3"}
    assert sorted(folded.rejected.values()) == ["script-differs"] * 3 + ["script-failed"] * 3

    def applied():
        return {kind: applier.metric("applied_envelopes_total", kind=kind)
                for kind in ("operation", "atomic", "script", "release")}
    await_(lambda: applied() == {"operation": 3, "atomic": 0, "script": 7, "release": 0}, 60, applied)


def test_verify_reads_them_by_the_same_registry(lab, registry):
    topic, server = lab.topic(), lab.redis()
    serializers = Serializers(registry.url, topic.name)
    lab.applier(topic, server, schema_registry=registry.url).start().await_ready()
    write_mixed(topic, serializers, 2, 500)
    lab.await_applied(topic, server)
    cli = Cli(brokers=lab.broker.plain, topic=topic.name, wal=lab.wal, redis=server.address)
    known = cli.run("verify", "--schema-registry", registry.url, "-o", "json").json()
    assert known["compared"] > 10
    assert cli.run("verify", "-o", "json", status=3).json()["different"] > 0
    server.client().set("a:1", "around the log")
    cli.run("verify", "--schema-registry", registry.url, status=3)
    assert "--schema-registry" in cli.run("verify", "--format", "avro", status=2).err


def test_ids_of_all_formats_are_compared(lab, registry):
    lab.calm = True
    topic, server = lab.topic(partitions=1), lab.redis()
    serializers = Serializers(registry.url, topic.name)
    lab.applier(topic, server, schema_registry=registry.url).start()
    for kind in (*FORMATS, *FORMATS):
        topic.write(serializers.encode(kind, encode("RPUSH", [kind], id="the same")), b"k")
        topic.write(serializers.encode(kind, encode("RPUSH", [kind], id=kind)), b"l")
    topic.flush()
    folded = lab.check(topic, server, schema_of=registry.schema)
    assert folded.state[b"k"][1] == [b"json"]
    assert folded.state[b"l"][1] == [kind.encode() for kind in FORMATS]


def test_killed_again_and_again(lab, registry):
    lab.crashed = True
    topic, server, chance = lab.topic(), lab.redis(), random.Random(3)
    serializers = Serializers(registry.url, topic.name)
    write_mixed(topic, serializers, 3, 4000)
    applier = lab.applier(topic, server, schema_registry=registry.url)
    with server.client() as client:
        def applied():
            return sum(at[0] for at in lab.positions(topic, client).values() if at)

        for _ in range(4):
            applier.start()
            wanted = min(applied() + chance.randrange(1, 900), 4000)
            await_(lambda wanted=wanted: applied() >= wanted, 60, f"{wanted} are applied")
            applier.kill()
    applier.start()
    lab.check(topic, server, schema_of=registry.schema)


# --- the registry is away -------------------------------------------------------------------------

def test_only_who_needs_the_registry_waits_while_it_is_dead(lab, own_registry):
    lab.calm = True
    topic, server = lab.topic(partitions=2), lab.redis()
    serializers = Serializers(own_registry.url, topic.name)
    for i in range(300):
        record = encode("APPEND", [f"{i} "])
        topic.write(record if i < 100 else serializers.encode("protobuf", record), b"a", partition=0)
        topic.write(record, b"b", partition=1)
    topic.flush()
    own_registry.kill()
    applier = lab.applier(topic, server, schema_registry=own_registry.url).start()
    applier.await_trouble("schema-registry bad")
    with server.client() as client:
        await_(lambda: lab.positions(topic, client) == {0: (100, 100), 1: (300, 300)}, 60,
               lambda: f"only partition 0 waits, at 100: {lab.positions(topic, client)}")
        holds(lambda: lab.positions(topic, client)[0] == (100, 100), 1, "it waits there")
    assert applier.metric("partitions_waiting_for_schema") == 1
    assert applier.metric("schema_request_failures_total") > 0
    assert not applier.ready() and not topic.dead_letters.read()
    own_registry.start()
    folded = lab.check(topic, server, schema_of=own_registry.schema)
    assert not folded.rejected
    await_(applier.ready, 60, "ready again")
    await_(lambda: applier.metric("partitions_waiting_for_schema") == 0, 60, "nobody waits")


def test_the_registry_is_killed_and_started_while_records_come(lab, own_registry):
    lab.crashed = True
    topic, server = lab.topic(), lab.redis()
    serializers = Serializers(own_registry.url, topic.name)
    write_mixed(topic, serializers, 5, 1000)
    applier = lab.applier(topic, server, schema_registry=own_registry.url).start()
    lab.await_applied(topic, server)
    own_registry.kill()
    write_mixed(topic, serializers, 6, 1000)  # the serializers know their schemas, as the applier
    lab.await_applied(topic, server)
    applier.kill()
    applier.start()  # this one knows none
    write_mixed(topic, serializers, 7, 1000)
    applier.await_trouble("schema-registry bad")
    own_registry.start()
    folded = lab.check(topic, server, schema_of=own_registry.schema)
    assert not {"schema-unknown", "schema-incompatible"} & set(folded.rejected.values())


def test_outcomes_wait_for_the_schemas_of_their_records(lab, own_registry):
    """An applier dies before Redis's answers are written down: the next one needs the schemas to
    judge what became of the records."""
    lab.crashed = True
    topic, server = lab.topic(partitions=1), lab.redis()
    serializers = Serializers(own_registry.url, topic.name)
    topic.write(encode("SET", ["text"]), b"k")
    for i in range(200):
        topic.write(serializers.encode("avro", encode("LPUSH" if i % 2 else "APPEND", ["x"])), b"k")
    topic.flush()
    lab.dead_letters(topic).set_config(max_message_bytes=1)
    applier = lab.applier(topic, server, schema_registry=own_registry.url).start()
    applier.await_trouble("dead-letters")
    applier.kill()
    own_registry.kill()
    topic.dead_letters.set_config(max_message_bytes=16000000)
    applier.start()
    applier.await_trouble("schema-registry bad")
    assert not topic.dead_letters.read()
    own_registry.start()
    folded = lab.check(topic, server, schema_of=own_registry.schema)
    assert len(folded.rejected) == 100


# --- schemas that are none or do not fit ----------------------------------------------------------

def variants(file, *changes):
    text = (SCHEMAS / file).read_text()
    for before, after in changes:
        assert before in text
        yield text.replace(before, after, 1)


def test_schemas_that_are_unknown_or_do_not_fit_are_dead_letters(lab, registry):
    lab.calm = True
    topic, server = lab.topic(partitions=1), lab.redis()
    lab.applier(topic, server, schema_registry=registry.url).start()
    unfit = [("PROTOBUF", text) for text in variants(
        "redwal.proto", ("bytes key = 1", "bytes note = 1"), ("int64 ttl_ms", "sint64 ttl_ms"),
        ("ttl_ms = 4;", "ttl_ms = 4; string note = 5;"), ("redwal.v1", "redwal.v2"),
        ("repeated bytes args = 3", "bytes args = 3"))]
    unfit += [("AVRO", text) for text in variants(
        "redwal.avsc", ('"name": "args"', '"name": "words"'), ('["null", "long"]', '["null", "double"]'),
        ("redwal.v1", "redwal.v2"), ('"name": "command"', '"name": "verb"'))]
    ids = [registry.register(f"{topic.name}-{i}", text, kind)
           for i, (kind, text) in enumerate(unfit)]
    fit = registry.register(f"{topic.name}-fit", (SCHEMAS / "redwal.proto").read_text(), "PROTOBUF")
    incr = b"\x12\x06\x12\x04INCR"
    # In Avro with a ttl of 5.0: the fold resolves schemas by what records hold.
    incr_in_avro = b"\0\0\0\x08INCR\0\2" + struct.pack("<d", 5)

    expected = {}
    for reason, values in {
        "schema-incompatible": [
            frame(i, incr_in_avro if kind == "AVRO" else b"\0" + incr)
            for i, (kind, _) in zip(ids, unfit)] + [
            frame(fit, b"\2\2" + incr), frame(fit, b"\4\0\0" + incr)],
        "schema-unknown": [frame(UNKNOWN_ID, b"\0" + incr), frame(UNKNOWN_ID, b"")],
        "not-decodable": [b"\0", b"\0\0\0\1", frame(fit, b""), frame(fit, b"\0\x12\x06\x12\x04INC")],
        "bad-field": [frame(fit, b"\0"), frame(fit, b"\0" + incr + b"\x28\1"),
                      frame(fit, b"\0\x12\x08\x12\x04INCR\x20\0")],
        "key-mismatch": [frame(fit, b"\0\x12\x09\x0a\1x\x12\x04INCR")],
        "command-nondeterministic": [frame(fit, b"\0\x12\x06\x12\x04SPOP")],
        None: [frame(fit, b"\0" + incr), frame(fit, b"\2\0" + incr)],
    }.items():
        for value in values:
            if reason:
                expected[0, len(expected)] = reason
            topic.write(value, b"k")
    topic.flush()
    folded = lab.check(topic, server, schema_of=registry.schema)
    assert folded.rejected == expected, "the oracle disagrees with the table"
    assert folded.state[b"k"][1] == b"2"


def test_a_schema_that_is_registered_later_is_found(lab, own_registry):
    topic, server = lab.topic(partitions=1), lab.redis()
    applier = lab.applier(topic, server, schema_registry=own_registry.url).start()
    serializers = Serializers(own_registry.url, topic.name)
    record = encode("INCR")
    topic.write(frame(1, b"\0\x12\x06\x12\x04INCR"), b"k")
    topic.flush()
    lab.await_applied(topic, server)
    await_(lambda: applier.metric("rejected_total", reason="schema-unknown") == 1, 60, "counted")
    assert serializers.encode("protobuf", record)[1:5] == b"\0\0\0\1"

    def write_until_found():
        topic.write(serializers.encode("protobuf", record), b"k")
        topic.flush()
        lab.await_applied(topic, server)
        with server.client() as client:
            return client.get("k")

    await_(write_until_found, 60, "the schema is asked for again")


def test_a_format_that_is_not_allowed(lab, registry):
    lab.calm = True
    topic, server = lab.topic(partitions=1), lab.redis()
    serializers = Serializers(registry.url, topic.name)
    applier = lab.applier(topic, server, format="protobuf", schema_registry=registry.url).start()
    topic.write(encode("INCR"), b"k")
    for kind in FORMATS:
        topic.write(serializers.encode(kind, encode("INCR")), b"k")
    topic.flush()
    lab.await_applied(topic, server)
    with server.client() as client:
        assert client.get("k") == b"1"
    await_(lambda: applier.metric("rejected_total", reason="format-not-allowed") == 3, 60, "counted")
    assert [letter.headers["redwal-reason"] for letter in topic.dead_letters.read()] == \
        [b"format-not-allowed"] * 3


# --- producers ------------------------------------------------------------------------------------

BAD_VALUES = {
    "json": [{"v": 1, "command": "SET", "args": [5]}, {"v": 1, "command": "SET", "tll": 5},
             {"v": 1, "args": ["x"]}, {"v": 2, "command": "DEL"}, {"command": "DEL"}],
    "avro": [{"body": ("redwal.v1.Operation", {"command": "SET", "args": ["text"]})},
             {"body": ("redwal.v1.Operation", {"args": [b"x"]})},
             {"body": ("redwal.v1.Nothing", {})}, {}],
    "protobuf": ["SET k v", {"operation": {"command": "SET"}}],
}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_value_that_does_not_fit_is_refused_before_it_is_written(registry, kind):
    serializers = Serializers(registry.url, f"refused-{kind}")
    assert serializers.encode(kind, encode("SET", ["v"], ttlMs=5))
    for value in BAD_VALUES[kind]:
        with pytest.raises(Exception):  # each serializer has its own
            serializers.write(kind, value)


def other_schema(kind):
    """A producer's schema that says something else than ours."""
    if kind == "protobuf":
        text = next(variants("redwal.proto", ("string command = 2", "int64 command = 2")))
        return message_class(compile_proto(text))
    if kind == "avro":
        return next(variants("redwal.avsc", ('"name": "command", "type": "string"',
                                             '"name": "command", "type": "long"')))
    return next(variants("redwal.schema.json", ('"command": {"type": "string", "minLength": 1',
                                                '"command": {"type": "integer", "minLength": 1')))


def other_value(kind, schema):
    if kind == "protobuf":
        return schema(operation={"command": 5})
    if kind == "avro":
        return {"body": ("redwal.v1.Operation", {"command": 5})}
    return {"v": 1, "command": 5}


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("compatibility", ["BACKWARD", "FULL"])
def test_a_producer_with_another_schema_is_refused(registry, kind, compatibility):
    serializers = Serializers(registry.url, f"other-{kind}-{compatibility}")
    assert serializers.encode(kind, encode("SET", ["v"]))
    registry.demand(serializers.subject(kind), compatibility)
    schema = other_schema(kind)
    with pytest.raises(Exception):
        serializers.write(kind, other_value(kind, schema), serializers.serializer(kind, schema))
    assert serializers.encode(kind, encode("SET", ["v"])), "the good one goes on"


@pytest.mark.parametrize("kind", FORMATS)
def test_a_producer_that_may_not_register_is_refused(registry, kind):
    serializers = Serializers(registry.url, f"fixed-{kind}")
    assert serializers.encode(kind, encode("SET", ["v"]))
    fixed = Serializers(registry.url, f"fixed-{kind}", **{"auto.register.schemas": False})
    assert fixed.encode(kind, encode("SET", ["v"]))
    schema = other_schema(kind)
    with pytest.raises(Exception):
        fixed.write(kind, other_value(kind, schema), fixed.serializer(kind, schema))


@pytest.mark.parametrize("compatibility", ["BACKWARD", "FULL"])
@pytest.mark.parametrize("kind, file, before, after", [
    ("PROTOBUF", "redwal.proto", "string command = 2", "int64 command = 2"),
    ("AVRO", "redwal.avsc", '"name": "command", "type": "string"',
     '"name": "command", "type": "long"'),
    ("JSON", "redwal.schema.json", '"command": {"type": "string"', '"command": {"type": "integer"'),
], ids=["protobuf", "avro", "json"])
def test_an_unfit_schema_cannot_be_registered(registry, compatibility, kind, file, before, after):
    subject = f"compatible-{kind}-{compatibility}"
    registry.register(subject, (SCHEMAS / file).read_text(), kind)
    registry.demand(subject, compatibility)
    status, answer = registry.call("POST", f"/subjects/{subject}/versions", {
        "schema": next(variants(file, (before, after))), "schemaType": kind})
    # Apicurio 2.6 cannot compare JSON Schemas of draft 2020-12: it refuses any that differs.
    assert status == (500 if kind == "JSON" else 409), answer


@pytest.mark.parametrize("kind, file, before, after", [
    ("PROTOBUF", "redwal.proto", "ttl_ms = 4;", "ttl_ms = 4; optional string note = 5;"),
    ("AVRO", "redwal.avsc", '{"name": "id"', '{"name": "note", "type": "string", "default": ""},'
     ' {"name": "id"'),
], ids=["protobuf", "avro"])
def test_an_optional_field_may_be_added(registry, kind, file, before, after):
    subject = f"grown-{kind}"
    registry.register(subject, (SCHEMAS / file).read_text(), kind)
    registry.demand(subject, "FULL")
    registry.register(subject, next(variants(file, (before, after))), kind)


# --- who may ask ----------------------------------------------------------------------------------

@pytest.fixture
def door(registry, authority):
    door = Door(registry, authority, USER, PASSWORD, asks_for_certificate=True)
    yield door
    door.close()


def secured(lab, door, authority, password=PASSWORD):
    cert, key, _ = authority.issue("applier-of-schemas")
    return {
        "schema-registry": door.url, "schema-registry-user": USER,
        "schema-registry-password-file": lab.secret_file("registry-password", password),
        "schema-registry-ca": authority.ca, "schema-registry-cert": cert,
        "schema-registry-key": key,
    }


def test_tls_a_client_certificate_and_a_password(lab, registry, door, authority):
    lab.calm = True
    topic, server = lab.topic(), lab.redis()
    serializers = Serializers(registry.url, topic.name)
    applier = lab.applier(topic, server, **secured(lab, door, authority)).start()
    write_mixed(topic, serializers, 8, 500)
    lab.check(topic, server, schema_of=registry.schema)
    with open(f"/proc/{applier.process.pid}/cmdline", "rb") as f:
        assert PASSWORD.encode() not in f.read()
    assert PASSWORD not in applier.process.output()


@pytest.mark.parametrize("wrong, told", [
    ({"schema-registry-cert": None, "schema-registry-key": None}, "schema-registry bad"),
    ({"schema-registry-ca": None}, "certificate"),
], ids=["no-certificate", "another-authority"])
def test_who_is_not_let_in_waits(lab, registry, door, authority, wrong, told):
    topic, server = lab.topic(partitions=1), lab.redis()
    serializers = Serializers(registry.url, topic.name)
    applier = lab.applier(topic, server, **{**secured(lab, door, authority), **wrong}).start()
    topic.write(serializers.encode("avro", encode("INCR")), b"k")
    topic.flush()
    applier.await_trouble("schema-registry bad")
    assert told in applier.await_trouble("schema-registry bad")
    with server.client() as client:
        holds(lambda: client.get("k") is None, 1, "nothing is applied")
    assert not topic.dead_letters.read()


def test_a_password_that_is_corrected_is_used(lab, registry, door, authority):
    topic, server = lab.topic(partitions=1), lab.redis()
    serializers = Serializers(registry.url, topic.name)
    options = secured(lab, door, authority, password="not-it")
    applier = lab.applier(topic, server, **options).start()
    topic.write(serializers.encode("avro", encode("INCR")), b"k")
    topic.flush()
    assert "401" in applier.await_trouble("schema-registry bad")
    lab.secret_file("registry-password", PASSWORD)
    lab.check(topic, server, schema_of=registry.schema)
    assert "not-it" not in applier.process.output()
