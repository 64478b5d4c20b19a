"""revert, while something dies, is away, refuses or comes in between: keys are what they were or untouched, and it says
which."""

import http.server
import json
import random
import re
import signal
import threading
import time

import pytest
from conftest import KAFKA_PASSWORD, KAFKA_USER
from lab import oracle, permissions
from lab.link import Link
from lab.revert import (Revert, applied, assert_reverted, at, incremented, is_of_revert, large_list, reverted_key,
                        snapshot, write)
from lab.traffic import Traffic
from lab.wait import await_
from lab.wal import grant


def write_and_change(topic, n, wide):
    """n counters, and the list k:wide of such elements. Gives the counters, and where the log ended before they were
    changed."""
    keys = [f"k:{i}" for i in range(n)]
    for key in keys:
        write(topic, key, "SET", ["1"])
    for element in wide:
        write(topic, "k:wide", "RPUSH", [element])
    topic.flush()
    ends = topic.ends()
    for key in keys:
        write(topic, key, "INCR")
    write(topic, "k:wide", "LPOP")
    topic.flush()
    return keys, ends


def test_killed_and_done_again(lab):
    topic, server = applied(lab)
    keys, ends = write_and_change(topic, 2000, ["a", *["x" * 500_000] * 20])
    held = sum(topic.ends().values())
    cli = Revert(lab, topic, server, to=at(ends), run="run", keys="k:*")
    process, link = start_held(lab, topic, server, at_key=1000, to=at(ends))
    await_(lambda: sum(topic.ends().values()) > held + 300, 60, "records are appended")
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=180)
    assert process.returncode == -signal.SIGKILL
    link.restore()
    done = {reverted_key(r) for r in topic.read() if is_of_revert(r)}
    assert 300 < len(done) < 2000
    for key in keys:
        write(topic, key, "INCRBY", ["10"])
    topic.flush()
    cli.run("--yes", "--wait")
    made = assert_reverted(lab, topic, server, ends)
    assert len(made) == 2001
    with server.client() as client:
        values = client.mget(keys)
        assert client.llen("k:wide") == 21
    for key, value in zip(keys, values):
        assert value == (b"11" if key.encode() in done else b"1"), key


def half_refused(lab, **options):
    """A list that needs a stage, of which appliers refuse one record in the middle, since it is larger than they
    take."""
    some = [f"{i:010}" for i in range(1000)]
    portions = [some, *([f"{i}" * 20_000] for i in range(6)), some]
    topic, server, ends = large_list(lab, portions, max_record_bytes="30000B", **options)
    return topic, server, Revert(lab, topic, server, to=at(ends), run="run", keys="large")


def test_a_stage_that_lacks_a_record_makes_nothing(lab):
    topic, server, cli = half_refused(lab, on_reject="skip")
    before = snapshot(server)
    done = cli.run("--yes", "--wait", on_reject="skip", status=3).json()
    difference, = done["differences"]
    assert difference["outcome"] == "rejected" and "redis-error" in difference["detail"]
    assert (done["rejected"], done["written"], done["repaired"]) == (1, 0, 0)
    ours = [r for r in topic.read() if is_of_revert(r)]
    sizes = [len(r.value) > 30_000 for r in ours]
    assert len(ours) > 4 and 0 < sizes.index(True) < len(ours) - 1 and not sizes[0] and not sizes[-1]
    letters = {int(le.headers["redwal-source-offset"]) for le in topic.dead_letters.read()}
    assert letters >= {r.offset for r in ours[sizes.index(True):]}, "all behind it are refused"
    after = {k: v for k, v in snapshot(server).items() if not k.startswith(b"redwal-revert:")}
    assert not oracle.differences(before, after), "the key is as it was"


def test_a_stage_that_lacks_a_record_is_told_where_it_is_held_back(lab):
    topic, server, cli = half_refused(lab, on_reject="quarantine-key")
    before = snapshot(server)
    done = cli.run("--yes", "--wait", on_reject="quarantine-key", status=3).json()
    difference, = done["differences"]
    assert difference["outcome"] == "held-back" and "dead letters" in difference["detail"]
    assert (done["held-back"], done["written"], done["repaired"]) == (1, 0, 0)
    after = {k: v for k, v in snapshot(server).items() if not k.startswith(b"redwal-revert:")}
    assert not oracle.differences(before, after), "the key is as it was"


def start_held(lab, topic, server, *words, at_key=1, **options):
    """A process that reverts `k:*`, and the link to Redis, which is held as it is asked about a key."""
    link = Link(server.port)
    lab.on_close(link.close)
    link.hold_at(b"HEXISTS", at_key)
    cli = Revert(lab, topic, server, run="run", keys="k:*", redis=f"127.0.0.1:{link.port}", output="json", **options)
    process = cli.start("--yes", *words)
    await_(link.held, 60, "the key is judged")
    return process, link


def finish(process, status):
    out, err = process.communicate(timeout=180)
    assert process.returncode == status, err
    return json.loads(out), err


def test_what_was_appended_until_redis_went_away_is_told(lab):
    topic, server, ends = incremented(lab, *(f"k:{i}" for i in range(9)))
    process, link = start_held(lab, topic, server, to=at(ends), at_key=5)
    link.cut()
    done, _ = finish(process, 1)
    told = {d["key"].encode() for d in done["differences"] if d["outcome"] == "written"}
    assert len(told) == done["written"] == 4 and done["error"]
    assert {reverted_key(r) for r in topic.read() if is_of_revert(r)} == told
    assert Revert(lab, topic, server, to=at(ends), run="run", keys="k:*").run("--yes", "--wait").json()["written"] == 5
    assert_reverted(lab, topic, server, ends)


def test_what_came_late_and_cannot_be_read_is_not_known(lab):
    topic, server, ends = incremented(lab, "k:1")
    process, link = start_held(lab, topic, server, to=at(ends))
    write(topic, "k:1", "INCR")
    topic.flush()
    lab.await_applied(topic, server)
    for partition, end in topic.ends().items():
        topic.truncate(partition, end)
    link.restore()
    done, err = finish(process, 0)
    assert "what was written to keys while they were judged is not known: " in err
    difference, = done["differences"]
    assert (difference["outcome"], done["written"]) == ("written", 1) and "undone" not in difference["detail"]
    lab.await_applied(topic, server)
    with server.client() as client:
        assert client.get("k:1") == b"1"


def test_what_redis_was_not_seen_to_have_is_not_called_accepted(lab):
    topic, server, ends = incremented(lab, "k:1")
    applier, = lab.appliers
    applier.stop()
    cli = Revert(lab, topic, server, to=at(ends), run="run", keys="k:*", timeout="200ms")
    done = cli.run("--yes", "--wait", status=4).json()
    assert done["written"] == 1 and "not all settled" in done["error"]
    assert not {"held-back", "rejected", "doubtful"} & done.keys()
    shown = cli.run("--yes", "--wait", output="table", status=4).out
    assert len(re.findall(r"(?m)^(?:held-back|rejected|doubtful) +not known: ", shown)) == 3, shown
    applier.start()
    done = cli.run("--yes", "--wait", timeout="30s").json()
    assert done["different"] == 0 and [done[code] for code in ("held-back", "rejected", "doubtful")] == [0, 0, 0]


@pytest.mark.parametrize("on_reject, outcome", [("skip", "rejected"), ("quarantine-key", "held-back")])
def test_done_again_it_tells_what_became_of_what_it_did_before(lab, on_reject, outcome):
    topic, server, cli = half_refused(lab, on_reject=on_reject)
    applier, = lab.appliers
    applier.stop()
    cli.run("--yes", "--wait", on_reject=on_reject, timeout="200ms", status=4)
    applier.start()
    lab.await_applied(topic, server)
    held = topic.ends()
    for _ in range(2):
        done = cli.run("--yes", "--wait", on_reject=on_reject, status=3).json()
        difference, = done["differences"]
        assert (difference["key"], difference["outcome"]) == ("large", outcome)
        assert (done["different"], done[outcome], done["written"], done["repaired"]) == (1, 1, 0, 0)
    assert topic.ends() == held, "nothing is appended"


class SlowRegistry:
    """Has no schema, and says so once it may."""

    def __init__(self):
        may, asked = self.may, self.asked = threading.Event(), threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.set()
                may.wait(60)
                self.send_response(404)
                self.end_headers()
                self.wfile.write(b'{"error_code": 40403, "message": "there is none"}')

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.may.set()
        self.server.shutdown()
        self.server.server_close()


def start_slow_fold(lab, registry, seconds):
    """A process that reverts keys of which one ends within `seconds`, and waits in its second fold; and when that key
    ends."""
    registry.may.set()
    topic, server = applied(lab, schema_registry=registry.url)
    topic.write(b"{}", b"other")
    topic.flush()
    lab.await_applied(topic, server)
    deadline = time.time() + seconds
    write(topic, "ends", "SET", ["1"], ttlMs=1000 * seconds)
    write(topic, "stays", "SET", ["1"])
    topic.flush()
    ends = topic.ends()
    write(topic, "ends", "INCR")
    write(topic, "stays", "INCR")
    topic.write(b"\0\0\0\0\7no such schema", b"other")
    topic.flush()
    lab.await_applied(topic, server)
    registry.may.clear()
    registry.asked.clear()
    process = Revert(lab, topic, server, keys="*s", to=at(ends), output="json",
                     schema_registry=registry.url).start("--yes", "--wait")
    assert registry.asked.wait(60), "it is folded"
    return process, deadline


def test_what_has_ended_while_the_log_was_folded_stays_gone(lab):
    registry = SlowRegistry()
    lab.on_close(registry.close)
    for seconds in (5, 15, 45):
        process, deadline = start_slow_fold(lab, registry, seconds)
        has_not_ended = time.time() < deadline
        time.sleep(max(0, deadline + 0.2 - time.time()))
        registry.may.set()
        done, _ = finish(process, 0)
        assert [d["key"] for d in done["differences"]] == ["stays"]
        if has_not_ended:
            return
    raise AssertionError("the key had ended before the log was folded, each time")


def test_what_happens_to_a_key_while_it_is_judged_is_told(lab, tmp_path):
    """Behind the end of the fold, and in front of the records that revert them, a key is quarantined and another one
    written to."""
    topic, server = applied(lab, on_reject="quarantine-key")
    applier, = lab.appliers
    for key in ("k:held", "k:late", "k:plain"):
        write(topic, key, "RPUSH", ["a"])
    topic.flush()
    ends = topic.ends()
    for key in ("k:held", "k:late", "k:plain"):
        write(topic, key, "RPUSH", ["b"])
    topic.flush()
    lab.await_applied(topic, server)
    applier.stop()
    receipt = tmp_path / "receipt"
    process, link = start_held(lab, topic, server, "--wait", to=at(ends), on_reject="quarantine-key", receipt=receipt,
                               limit=1)
    write(topic, "k:held", "INCR")
    write(topic, "k:late", "RPUSH", ["c"])
    topic.flush()
    link.restore()
    await_(lambda: sum(map(is_of_revert, topic.read())) == 3, 60, "records are appended")
    write(topic, "k:plain", "RPUSH", ["behind"])
    topic.flush()
    applier.start()
    done, _ = finish(process, 3)
    told, rows = {}, {}
    for line in receipt.read_text().splitlines():
        row = json.loads(line)
        told.setdefault(row["key"], []).append((row["outcome"], row["kind"]))
        rows[row["key"]] = row["outcome"], row["detail"]
    listed, = done["differences"]
    assert (listed["outcome"], listed["detail"]) == rows[listed["key"]] and listed["kind"] == "value"
    assert "quarantined" in rows["k:held"][1] and "undone, too" in rows["k:late"][1]
    assert "undone" not in rows["k:plain"][1]
    assert (done["written"], done["held-back"], done["repaired"]) == (2, 1, 2)
    assert told == {"k:held": [("written", "value")] * 2 + [("held-back", "value")],
                    "k:late": [("written", "value")] * 2, "k:plain": [("written", "value")]}
    with server.client() as client:
        assert [client.lrange(k, 0, -1) for k in ("k:held", "k:late", "k:plain")] == [
            [b"a", b"b"], [b"a"], [b"a", b"behind"]]


def test_a_record_that_the_log_refuses_is_told_and_done_again(lab):
    topic, server = applied(lab)
    write(topic, "k", "SET", [random.Random(71).randbytes(20_000)])
    topic.flush()
    ends = topic.ends()
    write(topic, "k", "SET", ["short"])
    topic.flush()
    lab.await_applied(topic, server)
    topic.set_config(max_message_bytes=5000)
    cli = Revert(lab, topic, server, to=at(ends), run="run", keys="k")
    refused = cli.run("--yes", status=3).json()
    assert [d["outcome"] for d in refused["differences"]] == ["refused"] and refused["refused"] == 1
    assert "larger than the topic's" in refused["differences"][0]["detail"]
    assert not any(map(is_of_revert, topic.read()))
    topic.set_config(max_message_bytes=16000000)
    assert cli.run("--yes", "--wait").json()["repaired"] == 1
    assert_reverted(lab, topic, server, ends)


def test_a_failover_while_keys_are_reverted(lab):
    failover, topic = lab.failover(), lab.topic()
    lab.applier(topic, failover).start()
    keys, ends = write_and_change(topic, 3000, ["x" * 300_000] * 10)
    primary = failover.primary()
    lab.await_applied(topic, primary)
    lab.crashed = True
    cli = Revert(lab, topic, primary, to=at(ends), run="run", keys="k:*", timeout="150s")
    del cli.cli.options["redis"]
    cli.cli.options |= {"sentinel": failover.sentinel_list, "master-name": failover.master_name}
    held = sum(topic.ends().values())
    process = cli.start("--yes", "--wait")
    await_(lambda: sum(topic.ends().values()) > held + 300, 60, "records are appended")
    primary.kill()
    now = failover.await_primary_other_than(primary)
    _, err = process.communicate(timeout=180)
    assert process.returncode in (0, 1), err
    cli.run("--yes", "--wait")
    assert len(assert_reverted(lab, topic, now, ends)) == 3001
    with now.client() as client:
        assert set(client.mget(keys)) == {b"1"} and client.llen("k:wide") == 10


def test_records_that_a_mirror_brings_twice_count_once(lab):
    topic, server = applied(lab, on_reject="quarantine-key")
    for key in ("k:1", "k:2"):
        write(topic, key, "RPUSH", ["a"])
    for i in range(20):
        write(topic, "k:wide", "RPUSH", [str(i) * 10_000])
    topic.flush()
    ends = topic.ends()
    for key in ("k:1", "k:2", "k:wide"):
        write(topic, key, "RPUSH", ["b"])
    topic.flush()
    lab.await_applied(topic, server)
    Revert(lab, topic, server, to=at(ends), run="run", keys="k:*").run("--yes", "--wait")
    ours = [r for r in topic.read() if is_of_revert(r)]
    assert len(ours) > 4
    write(topic, "k:1", "RPUSH", ["behind"])
    for record in ours:
        topic.write(record.value, record.key, partition=record.partition)
    topic.flush()
    lab.await_applied(topic, server)
    assert not topic.dead_letters.read()
    with server.client() as client:
        assert client.lrange("k:1", 0, -1) == [b"a", b"behind"] and client.lrange("k:2", 0, -1) == [b"a"]
        assert client.llen("k:wide") == 20
    assert set(snapshot(server)) == {b"k:1", b"k:2", b"k:wide"}


def test_while_producers_write_and_an_applier_dies(lab):
    topic, server = applied(lab)
    with Traffic(topic, seed=61):
        await_(lambda: len(topic.read()) > 500, 60, "records are written")
        ends = topic.ends()
        await_(lambda: len(topic.read()) > 1000, 60, "more are written")
        lab.appliers[0].kill()
        lab.crashed = True
        cli = Revert(lab, topic, server, to=at(ends), run="run", keys="[lsh]*")
        process = cli.start("--yes", "--wait")
        time.sleep(1)
        lab.appliers[0].start()
        out, err = process.communicate(timeout=200)
        assert process.returncode in (0, 3), err
    made = assert_reverted(lab, topic, server, ends)
    assert len(made) > 10 and b"hot" in made and not any(k[:1] in b"czx" for k in made)


def test_without_permission_to_write_nothing_is_done_and_it_says_so(lab, broker):
    topic, server = applied(lab)
    for i in range(300):
        write(topic, f"k:{i}", "SET", ["1"])
    topic.flush()
    ends = topic.ends()
    for i in range(300):
        write(topic, f"k:{i}", "INCR")
    topic.flush()
    lab.await_applied(topic, server)
    grant(broker.plain, KAFKA_USER, "TOPIC", topic.name, "READ")
    cli = Revert(lab, topic, server, to=at(ends), run="run", keys="k:*")
    who = {"brokers": broker.secure, "kafka_security": "SASL_SSL", "kafka_ca": broker.ca,
           "kafka_user": KAFKA_USER, "kafka_password_file": lab.secret_file("kafka", KAFKA_PASSWORD)}
    assert cli.run(status=3, **who).json()["different"] == 300, "a plan needs no more"
    answer = cli.run("--yes", status=1, **who)
    assert "allow the user to write to it" in answer.err
    assert not any(map(is_of_revert, topic.read()))
    assert all(d["outcome"] == "refused" for d in answer.json()["differences"])
    names = {"redis-writes": topic.name, "redis-writes-dlq": topic.dead_letters.name}
    for missing, (resource, name, operation), n in zip((1, 0), permissions.REVERT, (111, 189), strict=True):
        grant(broker.plain, KAFKA_USER, resource, names[name], operation)
        answer = cli.run("--yes", "--wait", **who, keys="k:*" if not missing else "k:1*")
        assert answer.json()["repaired"] == n
        assert ("rejected" in answer.json()) == (not missing)
        assert ("whether appliers reject what is appended is not known" in answer.err) == bool(missing)
    assert_reverted(lab, topic, server, ends)
