"""kubectl-redwal dlq on quarantined keys: what was held back is retried in order, or given up."""

import json
import random
import subprocess

import pytest

from lab import quarantine, scripts
from lab.cli import Cli
from lab.wait import await_
from lab.workload import Workload, encode

POLICY = {"on_reject": "quarantine-key"}


@pytest.fixture
def topic(lab):
    topic = lab.topic(partitions=2)
    lab.dead_letters(topic)
    return topic


def held(lab, topic, server):
    with server.client() as client:
        return {key: state for p in range(topic.partitions)
                for key, state in quarantine.held_in(client, lab.wal, p).items()}


def value_of(server, key):
    with server.client() as client:
        return client.get(key)


def place(row):
    return f"{row['partition']}:{row['offset']}"


def listed(cli, *options):
    return cli.run("dlq", "list", *options, "-o", "json").rows()


def decide(cli, *words, status=0):
    """The letters by outcome, in order, and the keys."""
    answer = cli.run("dlq", *words, "-o", "json", status=status).json()
    return [row["outcome"] for row in answer["letters"]], \
        {row["key"]: row["outcome"] for row in answer["keys"]}


def hold_back(lab, topic, server, key=b"k", values=None):
    """A record that nobody can read, and what waits behind it; returns the applier."""
    applier = lab.applier(topic, server, **POLICY).start().await_ready()
    for value in values or (b"not json", *(encode("APPEND", [c], id=f"id-{c}") for c in "abc")):
        topic.write(value, key, headers={"trace": b"t-1"})
    topic.flush()
    lab.await_applied(topic, server)
    return applier


def discard_first(cli):
    first = next(row for row in listed(cli) if row["reason"] == "not-json")
    assert decide(cli, "discard", place(first)) == (["discarded"], {})


def test_what_waits_is_applied_in_order_and_the_key_is_free(lab, topic, server, cli):
    lab.calm = True
    hold_back(lab, topic, server)
    discard_first(cli)
    assert held(lab, topic, server)[b"k"].parked == 4
    before = topic.read(), topic.dead_letters.read()
    plan = decide(cli, "retry", "--key", "k", "--dry-run")
    assert plan == (["would be given up"] + ["would be retried"] * 3, {"k": "would be released"})
    assert (topic.read(), topic.dead_letters.read()) == before
    assert decide(cli, "retry", "--key", "k") == (["given up"] + ["retried"] * 3, {"k": "released"})
    lab.check_quarantine(topic, server)
    assert value_of(server, "k") == b"abc" and not held(lab, topic, server)
    assert listed(cli) == []
    retries = [r for r in topic.read() if b'"retry"' in r.value]
    assert len(retries) == 4 and all(r.headers == {"trace": b"t-1"} for r in retries)
    # What was done is not done again.
    assert decide(cli, "retry", "--all") == ([], {})


def test_which_keys_are_held_and_what_waits_is_told(lab, topic, server, cli):
    hold_back(lab, topic, server)
    p, _, state = where(lab, topic, server, b"k")
    row, = cli.run("dlq", "keys", "-o", "json", status=3).json()["keys"]
    first = next(r for r in topic.read() if (r.partition, r.offset) == (p, state.first))
    assert row["since"].endswith(f"{first.timestamp % 1000:03}Z")
    assert {k: row[k] for k in ("partition", "key", "reason", "parked", "retried", "letters", "first",
                                "last")} == {
        "partition": p, "key": "k", "reason": "not-json", "parked": 4, "retried": 0, "letters": 4,
        "first": state.first, "last": state.last}
    assert "cannot be read" in row["obstacle"]
    rows = listed(cli)
    assert [r["waits"] for r in rows] == ["1/4", "2/4", "3/4", "4/4"]
    shown = cli.run("dlq", "show", place(rows[2]), "-o", "json").json()
    assert shown["waits"] == [{"key": "k", "number": 3, "parked": 4, "retried": 0,
                               "first": state.first, "last": state.last}]
    discard_first(cli)
    row, = cli.run("dlq", "keys", "--key", "k*", "-o", "json", status=3).json()["keys"]
    assert row["obstacle"] is None
    assert cli.run("dlq", "keys", "--key", "x*", "-o", "json").json()["keys"] == []
    # Redis is asked only where it is named, and a list without it is better than none.
    alone = Cli(**{k: v for k, v in cli.options.items() if k != "redis"})
    assert [r["waits"] for r in listed(alone)] == [None] * 3
    server.stop()
    answer = cli.run("dlq", "list", "-o", "json")
    assert len(answer.rows()) == 3 and "is not known" in answer.err


def test_any_letter_of_a_key_brings_the_key_along(lab, topic, server, cli):
    hold_back(lab, topic, server, values=[
        encode("SET", ["x"]), encode("LPUSH", ["y"]), encode("DEL"), encode("SET", ["z"])])
    named = next(row for row in listed(cli) if row["reason"] == "redis-wrongtype")
    assert decide(cli, "retry", "--reason", "redis-wrongtype", "--dry-run")[1] == \
        decide(cli, "retry", place(named), "--dry-run")[1] == {"k": "would be released"}
    decide(cli, "discard", place(named))
    assert decide(cli, "retry", place(named)) == (["given up", "retried", "retried"],
                                                  {"k": "released"})
    lab.check_quarantine(topic, server)
    assert value_of(server, "k") == b"z"


def test_behind_one_that_is_rejected_again_the_rest_waits(lab, topic, server, cli):
    lab.calm = True
    hold_back(lab, topic, server, values=[
        b"not json", encode("APPEND", ["a"]), encode("LPUSH", ["b"]), encode("APPEND", ["c"])])
    discard_first(cli)
    answer = cli.run("dlq", "retry", "--all", "-o", "json", status=5).json()
    assert [row["outcome"] for row in answer["letters"]] == \
        ["given up", "retried", "still waits", "still waits"]
    assert answer["keys"][0]["outcome"] == "still held" and answer["keys"][0]["retried"] == 2
    lab.check_quarantine(topic, server)
    # The advice leads to the reason.
    trouble = answer["letters"][2]["trouble"]
    shown = cli.run("dlq", "show", trouble.split("`")[1].split()[-1], "-o", "json").json()
    assert shown["reason"] == "redis-wrongtype"
    # The letter that is the matter is discarded, and the next retry goes on behind it.
    assert decide(cli, "discard", place(answer["letters"][2])) == (["discarded"], {})
    assert decide(cli, "retry", "--key", "k")[1] == {"k": "released"}
    lab.check_quarantine(topic, server)
    assert value_of(server, "k") == b"ac" and listed(cli) == []


def test_an_envelope_takes_the_other_key_along(lab, topic, server, cli):
    lab.calm = True
    topic = lab.topic(partitions=1)
    lab.dead_letters(topic)
    cli = Cli(**{**cli.options, "topic": topic.name, "dlq-topic": topic.dead_letters.name})
    hold_back(lab, topic, server, b"a", values=[b"not json", encode("APPEND", ["1"])])
    topic.write(b"not json", b"b")
    topic.write(encode("APPEND", ["2"]), b"b")
    topic.write(json.dumps({"v": 1, "id": "e", "atomic": [
        {"key": "a", "command": "APPEND", "args": ["e"]},
        {"key": "b", "command": "APPEND", "args": ["e"]}]}).encode(), b"a")
    topic.write(encode("APPEND", ["3"]), b"b")
    topic.write(b"not json", b"c")
    topic.flush()
    lab.await_applied(topic, server)
    bad = [place(row) for row in listed(cli) if row["key"] != "c" and row["reason"] == "not-json"]
    decide(cli, "discard", *bad)
    outcomes, keys = decide(cli, "retry", "--key", "a")
    assert keys == {"a": "released", "b": "released"} and outcomes.count("retried") == 4
    lab.check_quarantine(topic, server)
    assert value_of(server, "a") == b"1e" and value_of(server, "b") == b"2e3"
    assert held(lab, topic, server).keys() == {b"c"}


def script_call(keys, amount):
    return json.dumps({"v": 1, "id": f"call-{amount}", "script": "transfer", "keys": keys,
                       "args": [str(amount)]}).encode()


def test_calls_of_scripts_wait_with_all_of_their_keys(lab, topic, server, cli):
    lab.calm = True
    topic = lab.topic(partitions=1)
    lab.dead_letters(topic)
    cli = Cli(**{**cli.options, "topic": topic.name, "dlq-topic": topic.dead_letters.name})
    directory = scripts.write(lab.directory / "scripts", scripts.TEXTS)
    lab.applier(topic, server, scripts=directory, **POLICY).start()
    for key, value in ((b"a", encode("SET", ["10"])), (b"a", script_call(["a", "b"], 40)),
                       (b"a", encode("INCRBY", ["100"])), (b"b", script_call(["b", "c"], 7)),
                       (b"a", script_call(["a", "b"], 5)), (b"c", encode("INCRBY", ["1"]))):
        topic.write(value, key)
    topic.flush()
    lab.await_applied(topic, server)
    assert {key: state.parked for key, state in held(lab, topic, server).items()} == {
        b"a": 3, b"b": 3, b"c": 2}
    # b has nothing to give: what failed first is not the last to fail.
    failed = next(row for row in listed(cli) if row["reason"] == "script-failed")
    assert decide(cli, "discard", place(failed)) == (["discarded"], {})
    answer = cli.run("dlq", "retry", "--key", "c", "-o", "json", status=5).json()
    assert [row["outcome"] for row in answer["letters"]] == ["given up", "retried", "still waits",
                                                             "still waits", "still waits"]
    lab.check_quarantine(topic, server, scripts=scripts.TEXTS)
    decide(cli, "discard", place(answer["letters"][2]))
    assert decide(cli, "retry", "--key", "c")[1] == {k: "released" for k in "abc"}
    lab.check_quarantine(topic, server, scripts=scripts.TEXTS)
    assert [value_of(server, k) for k in "abc"] == [b"105", b"5", b"1"]


def test_discarding_all_of_a_key_frees_it(lab, topic, server, cli):
    hold_back(lab, topic, server)
    assert decide(cli, "discard", "--key", "k", "--dry-run") == \
        (["would be discarded"] * 4, {"k": "would be released"})
    rows = [place(row) for row in listed(cli)]
    assert decide(cli, "discard", *rows[:2]) == (["discarded"] * 2, {})
    assert decide(cli, "discard", "--key", "k") == (["discarded"] * 4, {"k": "released"})
    topic.write(encode("APPEND", ["z"]), b"k")
    topic.flush()
    lab.check_quarantine(topic, server)
    assert value_of(server, "k") == b"z" and listed(cli) == []


def test_what_is_not_there_any_more_is_not_lost_silently(lab, topic, server, cli):
    hold_back(lab, topic, server)
    topic.dead_letters.truncate(0, 2)
    before = topic.read()
    answer = cli.run("dlq", "retry", "--all", "-o", "json", status=5).json()
    assert answer["keys"][0]["outcome"] == "left alone"
    assert "would be lost" in answer["keys"][0]["trouble"] and topic.read() == before
    outcomes, keys = decide(cli, "discard", "--key", "k")
    assert keys == {"k": "released"} and outcomes == ["discarded"] * 2
    lab.compare(lab.await_applied(topic, server), server, partitions=2, quarantine=True)
    assert not held(lab, topic, server)


def test_one_that_cannot_be_read_must_be_discarded_first(lab, topic, server, cli):
    hold_back(lab, topic, server)
    before = topic.read()
    answer = cli.run("dlq", "retry", "--all", "-o", "json", status=5).json()
    assert "discard it first" in answer["keys"][0]["trouble"] and topic.read() == before


def test_one_that_is_too_large_would_be_so_again(lab, topic, server, cli):
    lab.applier(topic, server, max_record_bytes="1KiB", **POLICY).start().await_ready()
    for value in (encode("SET", ["x" * 2000]), encode("SET", ["y"])):
        topic.write(value, b"k")
    topic.flush()
    lab.await_applied(topic, server)
    bound, before = ("--max-record-bytes", "1KiB"), topic.read()
    answer = cli.run("dlq", "retry", "--all", *bound, "-o", "json", status=5).json()
    assert "discard it first" in answer["keys"][0]["trouble"] and topic.read() == before
    decide(cli, "discard", place(listed(cli)[0]), *bound)
    assert decide(cli, "retry", "--all", *bound) == (["given up", "retried"], {"k": "released"})
    lab.check_quarantine(topic, server, max_bytes=1024)
    assert value_of(server, "k") == b"y"


def test_without_an_applier_it_gives_up_and_goes_on_later(lab, topic, server, cli):
    applier = hold_back(lab, topic, server)
    discard_first(cli)
    applier.stop()
    answer = cli.run("dlq", "retry", "--all", "--patience", "1s", "-o", "json", status=4)
    assert "run it again" in answer.err
    assert {row["outcome"] for row in answer.json()["letters"]} == {"written, not applied yet"}
    applier.start()
    lab.await_applied(topic, server)
    assert held(lab, topic, server)[b"k"].retried == 4
    # Applied it is: nothing is written but decisions and the release.
    assert decide(cli, "retry", "--all")[1] == {"k": "released"}
    lab.check_quarantine(topic, server)
    assert value_of(server, "k") == b"abc" and listed(cli) == []


def test_what_is_parked_meanwhile_follows(lab, topic, server, cli):
    applier = hold_back(lab, topic, server)
    discard_first(cli)
    applier.stop()
    process = cli.start("dlq", "retry", "--all", "-o", "json")
    await_(lambda: any(b'"retry"' in r.value for r in topic.read()), 60, "the retries are written")
    for c in "def":
        topic.write(encode("APPEND", [c]), b"k")
    topic.flush()
    applier.start()
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, err
    assert [row["outcome"] for row in json.loads(out)["keys"]] == ["released"]
    lab.check_quarantine(topic, server)
    assert value_of(server, "k") == b"abcdef" and listed(cli) == []


def test_a_decision_that_is_not_stored_keeps_the_key(lab, topic, server, cli):
    hold_back(lab, topic, server)
    discard_first(cli)
    topic.dead_letters.set_config(max_message_bytes=1)
    outcomes, keys = decide(cli, "retry", "--all", status=5)
    assert outcomes[1:] == ["retried, still open"] * 3 and keys == {"k": "still held"}
    topic.dead_letters.set_config(max_message_bytes=16000000)
    assert decide(cli, "retry", "--all") == (["retried"] * 3, {"k": "released"})
    lab.check_quarantine(topic, server)
    assert value_of(server, "k") == b"abc"


def test_a_release_that_is_not_written_leaves_all_to_the_next_run(lab, topic, server, cli):
    hold_back(lab, topic, server)
    discard_first(cli)
    p, key, state = where(lab, topic, server, b"k")
    quarantine.skip(topic, p, key, state, 1)
    topic.flush()
    state.retried = 1
    quarantine.retry(topic, topic.dead_letters.read(), p, key, state, release_too=False)
    topic.flush()
    lab.await_applied(topic, server)
    topic.set_config(max_message_bytes=1)
    assert decide(cli, "retry", "--all", status=5) == (["retried"] * 3, {"k": "still held"})
    assert listed(cli) == []
    topic.set_config(max_message_bytes=16000000)
    assert decide(cli, "retry", "--all") == ([], {"k": "released"})
    lab.check_quarantine(topic, server)
    assert value_of(server, "k") == b"abc"


def test_what_waited_for_a_quarantine_that_ended_is_not_written_again(lab, topic, server, cli):
    hold_back(lab, topic, server)
    quarantine.release(topic, *where(lab, topic, server, b"k"))
    topic.flush()
    lab.await_applied(topic, server)
    before = topic.read()
    outcomes, _ = decide(cli, "retry", "--reason", "key-quarantined", status=5)
    assert outcomes == ["left alone"] * 3 and topic.read() == before
    assert decide(cli, "discard", "--reason", "key-quarantined")[0] == ["discarded"] * 3


def where(lab, topic, server, key):
    with server.client() as client:
        for p in range(topic.partitions):
            state = quarantine.held_in(client, lab.wal, p).get(key)
            if state:
                return p, key, state
    raise AssertionError(f"{key!r} is not quarantined")


@pytest.mark.parametrize("crash", ["tool", "applier"])
def test_killed_anywhere_it_is_run_again(lab, topic, server, cli, crash):
    """Under a workload with rejections, some of which are rejected again."""
    chance = random.Random(crash)
    lab.crashed = crash == "applier"
    applier = lab.applier(topic, server, **POLICY).start().await_ready()
    Workload(50, rejects=0.04, keys=20).write(topic, 800)
    topic.flush()
    lab.await_applied(topic, server)
    for _ in range(8):
        process = cli.start("dlq", "retry", "--all")
        if crash == "tool":
            try:
                process.wait(chance.uniform(0.05, 1.5))
            except subprocess.TimeoutExpired:
                process.kill()
        else:
            await_(lambda: process.poll() is not None or chance.random() < 0.3, 60, "a moment")
            applier.kill()
            applier.start()
        process.communicate(timeout=180)
        lab.check_quarantine(topic, server)
    for _ in range(40):  # what is rejected again and again is given up, one by one
        answer = cli.run("dlq", "retry", "--all", "-o", "json", status=None).json()
        bad = [place(row) for row in answer["letters"] if "rejected again" in (row["trouble"] or "")]
        bad += [place(row) for row in listed(cli) if row["reason"] in (
            "not-json", "bad-field", "key-mismatch", "empty-record")]
        if not held(lab, topic, server):
            break
        if bad:
            decide(cli, "discard", *bad, status=None)
    lab.check_quarantine(topic, server)
    assert not held(lab, topic, server)
