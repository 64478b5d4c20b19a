"""kubectl-redwal bench: what it measures is so, and nothing of it stays in Redis."""

import json
import signal
import time

import pytest

from lab.cli import Cli
from lab.wait import await_


@pytest.fixture
def stand(lab):
    """A topic, a Redis, an applier that is not started, and the tool."""
    topic, server = lab.topic(), lab.redis()
    applier = lab.applier(topic, server)
    cli = Cli(brokers=lab.broker.plain, topic=topic.name, wal=lab.wal, redis=server.address)
    return topic, server, applier, cli


def bench(cli, *words, status=0):
    return cli.run("bench", "-o", "json", *words, status=status)


def keys(server):
    with server.client() as client:
        return [k for k in client.scan_iter() if not k.startswith(b"redwal:")]


@pytest.mark.parametrize("shape", ["set", "incr", "hset", "rpush"])
def test_every_record_is_counted_once_and_its_key_deleted(lab, stand, shape):
    topic, server, applier, cli = stand
    applier.start().await_ready()
    report = bench(cli, "--shape", shape, "--records", 2000, "--rate", 2000, "--keys", 30,
                   "--value-bytes", "200B").json()
    assert report["produced"] == report["visible"] == 2000 and report["failed"] == 0
    assert report["keysDeleted"] == 30 and report["keysLeft"] == 0
    assert sum(row["count"] for row in report["histogram"]) == 2000
    by_what = {row["what"]: row for row in report["latency"]}
    for row in by_what.values():
        assert 0 <= row["p50Us"] <= row["p90Us"] <= row["p99Us"] <= row["p999Us"] <= row["maxUs"]
    assert 0 < by_what["acknowledged"]["p50Us"] <= by_what["visible"]["p50Us"]
    records = topic.read()
    assert len(records) == 2030 and len({r.key for r in records}) == 30
    assert keys(server) == []
    lab.check(topic, server)


def test_the_rate_is_kept(stand):
    _, _, applier, cli = stand
    applier.start().await_ready()
    began = time.monotonic()
    report = bench(cli, "--records", 600, "--rate", 200).json()
    assert time.monotonic() - began > 2.9
    assert 40 < report["produceRate"] <= 205 and report["appliedRate"] <= 205


def test_an_applier_that_stands_still_is_seen(stand):
    topic, _, applier, cli = stand
    applier.start().await_ready()
    applier.pause()
    process = cli.start("bench", "--records", "1500", "--rate", "500", "-o", "json")
    await_(lambda: sum(topic.ends().values()) > 0, 60, "it has begun")
    began = time.monotonic()
    await_(lambda: sum(topic.ends().values()) >= 600 and time.monotonic() - began > 1.2, 60,
           "600 records are written, and 1.2 s are over")
    applier.resume()
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, err
    report = json.loads(out)
    behind = next(r for r in report["latency"] if r["what"] == "visible after acknowledged")
    assert report["visible"] == 1500
    assert 1_000_000 < behind["maxUs"] < 30_000_000, behind
    assert report["lagPeak"] >= 500


def test_a_log_that_holds_records_is_written_to_only_when_that_is_meant(stand):
    topic, server, applier, cli = stand
    applier.start().await_ready()
    cli.run("put", "k", "SET", "v", "--wait")
    refused = bench(cli, "--records", 10, status=2)
    assert "--yes" in refused.err and len(topic.read()) == 1
    assert bench(cli, "--records", 10, "--yes").json()["visible"] == 10
    assert keys(server) == [b"k"]


def test_a_dry_run_writes_nothing(stand):
    topic, _, _, cli = stand
    plan = bench(cli, "--dry-run", "--records", 70, "--keys", 100, "--prefix", "mine-").json()
    assert plan["records"] == plan["keys"] == 70 and plan["prefix"] == "mine-"
    assert plan["held"] == 0 and plan["partitions"] == topic.partitions
    assert topic.read() == []


def test_without_an_applier_it_says_so(stand):
    _, _, _, cli = stand
    done = bench(cli, "--records", 20, "--timeout", "10s", status=4)
    assert "is an applier" in done.err and "may be left" in done.err
    report = done.json()
    assert report["produced"] == 20 and report["visible"] == 0 and report["lagPeak"] == 20
    assert report["keysLeft"] == 20


def test_interrupted_it_still_deletes_its_keys(lab, stand):
    topic, server, applier, cli = stand
    applier.start().await_ready()
    process = cli.start("bench", "--records", "100000", "--rate", "500", "-o", "json")
    await_(lambda: len(keys(server)) > 50, 60, "keys are written")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=180)
    assert process.returncode == 5
    report = json.loads(out)
    assert 50 < report["produced"] == report["visible"] < 100000
    assert report["keysLeft"] == 0 and keys(server) == []
    lab.check(topic, server)


def test_a_failover_is_measured_through(lab):
    lab.crashed = True
    failover, topic = lab.failover(), lab.topic()
    lab.applier(topic, failover).start().await_ready()
    cli = Cli(brokers=lab.broker.plain, topic=topic.name, wal=lab.wal,
              sentinel=failover.sentinel_list, master_name=failover.master_name)
    process = cli.start("bench", "--records", "3000", "--rate", "500", "--timeout", "2m", "-o", "json")
    await_(lambda: sum(topic.ends().values()) >= 500, 60, "records are written")
    old = failover.primary()
    old.kill()
    now = failover.await_primary_other_than(old)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    report = json.loads(out)
    assert report["visible"] == 3000 and report["keysLeft"] == 0
    assert keys(now) == []
    lab.check(topic, now)
