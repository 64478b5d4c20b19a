"""kubectl-redwal lag and position: what they say is what Kafka and Redis say to others."""

import json
import re
import signal
import time

import pytest

from conftest import KAFKA_PASSWORD, KAFKA_USER, REDIS_PASSWORD, REDIS_USER
from lab.applier import ROOT
from lab.cli import Cli, Terminal
from lab.link import Link
from lab.wait import await_
from lab.wal import committed, grant

OPERATIONS = (ROOT / "docs/operations.md").read_text()


@pytest.fixture
def topic(lab):
    return lab.topic(partitions=3)


@pytest.fixture
def redis(lab):
    return lab.redis()


@pytest.fixture
def cli(lab, topic, redis):
    return Cli(brokers=lab.broker.plain, topic=topic.name, group=f"{topic.name}-group",
               wal=lab.wal, redis=redis.address)


def write(topic, count, **options):
    for i in range(count):
        topic.write(b'{"command":"INCR"}', b"k%d" % (i % 10), **options)
    topic.flush()


def hashes(lab, topic, redis):
    with redis.client() as client:
        return {p: {k.decode(): v.decode() for k, v in
                    client.hgetall(f"redwal:{{{lab.wal}}}:p:{p}").items()}
                for p in range(topic.partitions)}


def test_lag_is_zero_once_everything_is_applied(lab, topic, redis, cli):
    lab.applier(topic, redis).start().await_ready()
    write(topic, 500)
    lab.check(topic, redis)
    lag = cli.run("lag", "-o", "json").json()
    assert (lag["topic"], lag["behind"], lag["ageMs"]) == (topic.name, 0, 0)
    stored = hashes(lab, topic, redis)
    for row in lag["partitions"]:
        assert row["end"] == topic.ends()[row["partition"]] == int(stored[row["partition"]]["next"])
        assert (row["behind"], row["ageMs"], row["held"]) == (0, 0, None)


def test_lag_counts_records_and_seconds_that_redis_is_behind(lab, topic, redis, cli):
    applier = lab.applier(topic, redis).start().await_ready()
    write(topic, 300)
    lab.await_applied(topic, redis)
    applier.stop()
    group = f"{topic.name}-group"
    await_(lambda: committed(lab.broker.plain, group, topic) == topic.ends(), 60, "it is committed")
    at = topic.ends()
    two_minutes_ago = int(time.time() * 1000) - 120000
    write(topic, 60, timestamp=two_minutes_ago)

    lag = cli.run("lag", "-o", "json").json()
    assert lag["behind"] == 60
    for row in lag["partitions"]:
        p = row["partition"]
        assert (row["end"], row["committed"], row["next"]) == (topic.ends()[p], at[p], at[p])
        assert row["behind"] == topic.ends()[p] - at[p]
        assert row["behind"] == 0 or 119000 < row["ageMs"] < 180000
    assert 119000 < lag["ageMs"] < 180000


def test_lag_of_a_log_nobody_has_applied_counts_from_its_beginning(topic, cli):
    write(topic, 40)
    lag = cli.run("lag", "-o", "json").json()
    assert lag["behind"] == 40
    assert all(row["next"] is None and row["committed"] is None for row in lag["partitions"])


def test_lag_is_watched_until_it_is_interrupted(lab, topic, redis, cli):
    write(topic, 2000)
    watching = cli.start("lag", "-w", "--interval", "200ms", "-o", "json")
    with watching:
        assert json.loads(watching.stdout.readline())["behind"] == 2000
        lab.applier(topic, redis, rate_limit=500).start()
        seen = [json.loads(watching.stdout.readline())]
        while seen[-1]["behind"] > 0:
            seen.append(json.loads(watching.stdout.readline()))
        watching.send_signal(signal.SIGINT)
        assert watching.wait(20) == -signal.SIGINT
    assert any(100 < (s["appliedPerSecond"] or 0) < 2000 for s in seen), seen
    assert any(s["leftMs"] for s in seen), seen


def test_lag_is_drawn_in_place_on_a_terminal(topic, cli):
    write(topic, 10)
    with Terminal(cli.argv("lag", "-w", "--interval", "100ms")) as terminal:
        terminal.await_(r"(?s)POSITION.*\033\[\d+A\033\[J.*POSITION.*\033\[\d+A\033\[J")


def test_lag_is_watched_where_redis_is_away_at_first(lab, topic, redis, cli):
    write(topic, 10)
    link = Link(redis.port)
    lab.on_close(link.close)
    cli.options |= {"redis": f"127.0.0.1:{link.port}", "connect-timeout": "200ms"}
    link.hold()
    timed_out = cli.run("lag", status=4).err
    with cli.start("lag", "-w", "--interval", "100ms", "-o", "json") as watching:
        assert watching.stderr.readline() == timed_out
        assert watching.stderr.readline() == timed_out, "it goes on"
        link.cut()
        while (line := watching.stderr.readline()) == timed_out:
            continue
        assert "lag: Redis: " in line
        link.restore()
        assert json.loads(watching.stdout.readline())["behind"] == 10
        watching.send_signal(signal.SIGINT)
        assert watching.wait(20) == -signal.SIGINT


def test_a_login_that_redis_refuses_ends_a_watch(lab, cli):
    cli.options |= {"redis-user": "nobody", "redis-password-file": lab.secret_file("password", "wrong")}
    assert "WRONGPASS" in cli.run("lag", "-w", status=1).err


def test_position_shows_what_everybody_says(lab, topic, redis, cli):
    lab.applier(topic, redis).start().await_ready()
    write(topic, 300)
    lab.check(topic, redis)
    group = f"{topic.name}-group"
    await_(lambda: committed(lab.broker.plain, group, topic) == topic.ends(), 60, "it is committed")
    said = cli.run("position", "-o", "json").json()
    assert said["agrees"] is True
    assert (said["wal"], said["belongsTo"], said["role"]) == (lab.wal, lab.wal, "primary")
    assert (said["topic"], said["redis"]) == (topic.name, redis.address)
    assert said["log"].split("/", 1)[1] == topic.id()
    for row in said["partitions"]:
        stored = hashes(lab, topic, redis)[row["partition"]]
        assert {"next": str(row["next"]), "settled": str(row["settled"]), "log": row["log"],
                "epoch": str(row["epoch"]), "digest": row["digest"]} == \
            {k: stored[k] for k in ("next", "settled", "log", "epoch", "digest")}
        assert row["log"] == said["log"]
        assert (row["begin"], row["end"]) == topic.bounds()[row["partition"]]
        assert row["committed"] == row["end"] and row["verdict"] == "applied"


def change(lab, redis, partition, **fields):
    with redis.client() as client:
        client.hset(f"redwal:{{{lab.wal}}}:p:{partition}", mapping=fields)


def test_position_finds_what_does_not_agree(lab, topic, redis, cli):
    applier = lab.applier(topic, redis).start().await_ready()
    write(topic, 300)
    lab.await_applied(topic, redis)
    group = f"{topic.name}-group"
    await_(lambda: committed(lab.broker.plain, group, topic) == topic.ends(), 60, "it is committed")
    applier.stop()
    end = topic.ends()[0]
    good = hashes(lab, topic, redis)[0]
    cases = [
        ({"next": end - 5, "settled": end - 5}, "group-ahead"),
        ({"next": end + 5}, "position-past-end"),
        ({"log": "another/log"}, "log-replaced"),
        ({"next": "nonsense"}, "position-corrupt"),
    ]
    for fields, verdict in cases:
        change(lab, redis, 0, **{**good, **fields})
        said = cli.run("position", "-o", "json", status=3).json()
        assert said["agrees"] is False
        assert said["partitions"][0]["verdict"] == verdict, fields
        assert {p["verdict"] for p in said["partitions"][1:]} == {"applied"}
        assert said["partitions"][0]["detail"]

    with redis.client() as client:
        client.delete(f"redwal:{{{lab.wal}}}:p:0")
    said = cli.run("position", "-o", "json", status=3).json()
    assert said["partitions"][0]["verdict"] == "position-lost"

    change(lab, redis, 0, **good)
    assert cli.run("position", "-o", "json").json()["agrees"] is True
    topic.truncate(1, topic.ends()[1])
    write(topic, 100)
    change(lab, redis, 1, next=1, settled=1)
    said = cli.run("position", "-o", "json", status=3).json()
    assert said["partitions"][1]["verdict"] == "log-trimmed"


def test_position_of_another_wal_or_of_a_replica_does_not_agree(lab, topic, redis, cli):
    lab.applier(topic, redis).start().await_ready()
    write(topic, 10)
    lab.check(topic, redis)
    cli.options["wal"] = "another"
    said = cli.run("position", "-o", "json", status=3).json()
    assert (said["agrees"], said["wal"], said["belongsTo"]) == (False, "another", lab.wal)

    cli.options["wal"] = lab.wal
    replica = lab.redis("replica")
    with replica.client() as client:
        client.replicaof("127.0.0.1", redis.port)
        await_(lambda: client.info("replication")["master_link_status"] == "up", 60, "it follows")
    cli.options["redis"] = replica.address
    said = cli.run("position", "-o", "json", status=3).json()
    assert (said["agrees"], said["role"]) == (False, "replica")


def test_everything_secured_with_no_more_than_the_documented_permissions(lab, broker, topic):
    """By the applier's own configuration file, with other users in it."""
    rules = re.search(r"ACL SETUSER reader on >… (.*\n.*)", OPERATIONS).group(1).split()
    server = lab.redis(security=lab.security(" ".join(rules)))
    lab.dead_letters(topic)
    group = f"{topic.name}-group"
    for kind, name, operation in (("TOPIC", topic.name, "READ"), ("TOPIC", topic.name, "WRITE"),
                                  ("GROUP", group, "DESCRIBE")):
        grant(broker.plain, KAFKA_USER, kind, name, operation)
    config = lab.directory / "applier.yaml"
    config.write_text(f"""
        wal: {lab.wal}
        brokers: {broker.secure}
        topic: {topic.name}
        dlq-topic: {topic.dead_letters.name}
        group: {group}
        kafka-security: SASL_SSL
        kafka-user: {KAFKA_USER}
        kafka-password-file: {lab.secret_file("kafka-password", KAFKA_PASSWORD)}
        kafka-ca: {broker.ca}
        redis: {server.address}
        redis-user: {REDIS_USER}
        redis-password-file: {lab.secret_file("redis-password", REDIS_PASSWORD)}
        redis-tls: true
        redis-ca: {lab.security("").authority.ca}
        batch-max-ops: 7  # the applier's own
        """)
    cli = Cli(config=config)
    token = cli.run("put", "k", "SET", "v", "-o", "json").json()["token"]
    assert cli.run("lag", "-o", "json").json()["behind"] == 1
    assert cli.run("position", "-o", "json").json()["role"] == "primary"
    assert len(cli.run("history", "k", "-o", "json").rows()) == 1
    late = cli.run("wait", token, "--timeout", "200ms", status=4)
    for secret in (KAFKA_PASSWORD, REDIS_PASSWORD):
        assert secret not in late.err


def test_a_table_has_a_row_a_partition(topic, cli):
    write(topic, 10)
    for verb in ("lag", "position"):
        out = cli.run(verb, "-o", "wide").out
        assert [line.split()[0] for line in out.splitlines()[-3:]] == ["0", "1", "2"], out


def test_redis_that_is_not_there_fails(cli):
    cli.options["redis"] = "127.0.0.1:1"
    assert "Redis: 127.0.0.1:1: " in cli.run("position", status=1).err
