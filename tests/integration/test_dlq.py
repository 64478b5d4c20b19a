"""kubectl-redwal dlq: rejected records are found, retried in order, or given up."""

import json
import random

import pytest

from lab.wait import await_
from lab.workload import Workload, encode


@pytest.fixture
def topic(lab):
    topic = lab.topic(partitions=3)
    lab.dead_letters(topic)
    return topic


def listed(cli, *options):
    return cli.run("dlq", "list", *options, "-o", "json").rows()


def letters(answer):
    return answer.json()["letters"]


def places(rows):
    return [(row["partition"], row["offset"]) for row in rows]


def reject_some(lab, topic, server):
    """Keys whose operations are refused until `repair`; returns the applier."""
    applier = lab.applier(topic, server).start().await_ready()
    for key in (b"a", b"b", b"c"):
        topic.write(encode("SET", ["text"]), key)
        topic.write(encode("RPUSH", ["1"], id=f"id-{key.decode()}"), key, headers={"trace": b"t-1"})
        topic.write(encode("RPUSH", ["2"]), key)
    topic.write(b"not json", b"a")
    topic.flush()
    lab.await_applied(topic, server)
    return applier


def repair(topic):
    for key in (b"a", b"b", b"c"):
        topic.write(encode("DEL"), key)
    topic.flush()


def test_list_is_what_the_applier_rejected(lab, topic, server, cli):
    lab.calm = True
    applier = lab.applier(topic, server).start()
    Workload(40, rejects=0.2).write(topic, 2000)
    topic.flush()
    folded = lab.check(topic, server)
    rows = listed(cli)
    assert {(r["partition"], r["offset"]): r["reason"] for r in rows} == folded.rejected
    records = {(r.partition, r.offset): r for r in topic.read()}
    for row in rows:
        record = records[row["partition"], row["offset"]]
        assert row["key"] == record.key.decode() and row["copies"] == 1
    wrong = listed(cli, "--reason", "redis-wrongtype")
    assert set(places(wrong)) == {p for p, r in folded.rejected.items() if r == "redis-wrongtype"}
    some = listed(cli, "--key", "string:1*")
    assert some and {r["key"] for r in some} == {
        r["key"] for r in rows if r["key"].startswith("string:1")}
    assert listed(cli, "--since", "1h") == rows and listed(cli, "--since", "2100-01-01") == []
    applier.stop()


def test_a_letter_that_a_crash_stored_twice_is_listed_once(lab, topic, server, cli):
    lab.crashed = True
    applier, chance = lab.applier(topic, server), random.Random(3)
    Workload(41, rejects=0.5).write(topic, 3000)
    topic.flush()
    with server.client() as client:
        for _ in range(4):
            applier.start()
            wanted = min(3000, chance.randrange(200, 600) + sum(
                at[0] for at in lab.positions(topic, client).values() if at))
            await_(lambda wanted=wanted: sum(
                at[0] for at in lab.positions(topic, client).values() if at) >= wanted, 60, "applied")
            applier.kill()
    applier.start()
    folded = lab.check(topic, server)
    rows = listed(cli)
    assert set(places(rows)) >= set(folded.rejected) and len(set(places(rows))) == len(rows)
    assert sum(r["copies"] for r in rows) == len(topic.dead_letters.read())


def test_show_tells_what_was_sent_and_what_to_do(lab, topic, server, cli):
    reject_some(lab, topic, server)
    row = next(r for r in listed(cli, "--key", "a") if r["reason"] == "redis-wrongtype")
    shown = cli.run("dlq", "show", f"{row['partition']}:{row['offset']}", "-o", "json").json()
    assert shown["key"] == "a" and shown["reason"] == "redis-wrongtype" and shown["id"] == "id-a"
    assert json.loads(shown["value"])["command"] == "RPUSH" and "delete the key" in shown["remedy"]
    assert shown["operations"] == [
        {"key": "a", "command": "RPUSH", "args": ["1"], "ttlMs": None}]
    assert {"name": "trace", "value": "t-1"} in shown["headers"]
    bad = next(r for r in listed(cli) if r["reason"] == "not-json")
    shown = cli.run("dlq", "show", f"{bad['partition']}:{bad['offset']}", "-o", "json").json()
    assert shown["decoded"].startswith("no: not-json") and shown["value"] == "not json"
    assert "no dead letter" in cli.run("dlq", "show", "0:999999", status=1).err


def test_retried_in_order_they_are_what_the_fold_says(lab, topic, server, cli):
    """Behind a repair every record is applied again, in the order of the log, by another id."""
    lab.calm = True
    reject_some(lab, topic, server)
    repair(topic)
    before = topic.read()
    dry = letters(cli.run("dlq", "retry", "--reason", "redis-wrongtype", "--dry-run", "-o", "json"))
    assert {r["outcome"] for r in dry} == {"would be retried"} and topic.read() == before
    done = letters(cli.run("dlq", "retry", "--reason", "redis-wrongtype", "-o", "json"))
    assert places(done) == places(dry) == sorted(places(done)) and len(done) == 6
    assert {r["outcome"] for r in done} == {"retried"}
    lab.check(topic, server)
    with server.client() as client:
        assert all(client.lrange(key, 0, -1) == [b"1", b"2"] for key in "abc")
    records = {(r.partition, r.offset): r for r in topic.read()}
    for row in done:
        partition, offset = map(int, row["retriedAs"].split(":"))
        again, first = records[partition, offset], records[row["partition"], row["offset"]]
        assert partition == row["partition"] and again.key == first.key
        assert again.headers == first.headers
        value = json.loads(first.value)
        if "id" in value:
            value["id"] += "#retry1"
        assert json.loads(again.value) == value
    assert {r["reason"] for r in listed(cli)} == {"not-json"}
    assert len(listed(cli, "--state", "retried")) == 6


def test_a_retry_that_is_rejected_again_is_a_letter_of_its_own(lab, topic, server, cli):
    reject_some(lab, topic, server)
    for number in (1, 2):
        done = letters(cli.run("dlq", "retry", "--key", "a", "--reason", "redis-wrongtype", "-o",
                               "json"))
        assert len(done) == 2
        lab.await_applied(topic, server)
        values = [json.loads(r.value) for r in topic.read() if r.key == b"a" and r.value[:1] == b"{"]
        assert any(v.get("id") == f"id-a#retry{number}" for v in values)
        assert len(listed(cli, "--key", "a", "--reason", "redis-wrongtype")) == 2
    assert len(listed(cli, "--key", "a", "--state", "retried")) == 4


def test_discarded_letters_are_listed_no_more_and_still_there(lab, topic, server, cli):
    reject_some(lab, topic, server)
    bad = next(r for r in listed(cli) if r["reason"] == "not-json")
    place = f"{bad['partition']}:{bad['offset']}"
    assert letters(cli.run("dlq", "discard", place, "--dry-run", "-o", "json"))[0]["outcome"] == \
        "would be discarded"
    assert letters(cli.run("dlq", "discard", place, "-o", "json"))[0]["outcome"] == "discarded"
    assert "not-json" not in {r["reason"] for r in listed(cli)}
    assert places(listed(cli, "--state", "discarded")) == places([bad])
    assert len(listed(cli, "--state", "all")) == 7
    again = cli.run("dlq", "discard", place, "-o", "json")
    assert letters(again) == [] and "not all" in again.err
    decision = topic.dead_letters.read()[-1]
    assert decision.value is None and decision.key == b"a"
    assert decision.headers["redwal-resolution"] == b"discarded"
    assert decision.headers["redwal-source-offset"] == str(bad["offset"]).encode()


def test_what_is_not_written_is_said(lab, topic, server, cli):
    reject_some(lab, topic, server)
    topic.set_config(max_message_bytes=1)
    answer = cli.run("dlq", "retry", "--key", "b", "-o", "json", status=5)
    assert {r["outcome"] for r in letters(answer)} == {"failed"}
    assert all("max.message.bytes" in r["trouble"] for r in letters(answer))
    topic.set_config(max_message_bytes=16000000)
    topic.dead_letters.set_config(max_message_bytes=1)
    answer = cli.run("dlq", "retry", "--key", "b", "-o", "json", status=5)
    assert {r["outcome"] for r in letters(answer)} == {"retried, still open"}
    topic.dead_letters.set_config(max_message_bytes=16000000)
    assert len(listed(cli, "--key", "b")) == 2


@pytest.mark.parametrize("words, said", [
    (["retry"], "which letters?"), (["discard"], "which letters?"), (["show"], "PLACE"),
    (["show", "1"], "no place"), (["retry", "x:1"], "no place"),
    (["list", "--reason", "nothing"], "no reason"), (["list", "--since", "soon"], "--since"),
], ids=lambda w: "-".join(w) if isinstance(w, list) else "")
def test_what_is_meant_must_be_said(cli, words, said):
    assert said in cli.run("dlq", *words, status=2).err
