"""kubectl-redwal doctor: each thing that is set wrong is told, with what to do; unknown is unknown."""

import time

import pytest

from conftest import KAFKA_PASSWORD, KAFKA_USER, REDIS_PASSWORD, REDIS_RULES, REDIS_USER
from lab import mirror, permissions, servers
from lab.cli import Cli
from lab.wait import await_
from lab.wal import Topic, grant, revoke_everything
from lab.workload import encode


def cli_of(lab, topic, server, **options):
    where = {"sentinel": server.sentinel_list} if hasattr(server, "sentinel_list") else {
        "redis": server.address}
    return Cli(**{"brokers": lab.broker.plain, "topic": topic.name, "wal": lab.wal,
                  "dlq_topic": f"{topic.name}-dlq", "group": f"{topic.name}-group",
                  **where, **options})


def checks(answer):
    return {c["check"]: c for c in answer.json()["checks"]}


def verdicts(answer):
    return {c: row["verdict"] for c, row in checks(answer).items()}


def doctor(cli):
    return checks(cli.run("doctor", "-o", "json", status=None))


# What one broker and one Redis of the lab cannot have.
LAB = {"log-replicas": "WARN", "log-min-isr": "WARN", "redis-replicas": "WARN",
       "redis-min-replicas": "WARN", "redis-persistence": "WARN", "redis-headroom": "WARN"}


@pytest.fixture
def deployment(lab):
    topic = lab.topic(retention_ms=-1, retention_bytes=-1)
    lab.dead_letters(topic, retention_ms=-1, retention_bytes=-1)
    topic.dead_letters.set_config(max_message_bytes=16000000 + 65536)
    server = lab.redis()
    lab.applier(topic, server).start().await_ready()
    for i in range(20):
        topic.write(encode("INCR"), f"k{i}".encode())
    topic.flush()
    lab.await_applied(topic, server)
    return topic, server


def test_a_sound_deployment_is_called_sound(lab, deployment):
    topic, server = deployment
    found = verdicts(cli_of(lab, topic, server).run("doctor", "-o", "json"))
    assert {c: v for c, v in found.items() if v != "OK"} == LAB
    table = cli_of(lab, topic, server).run("doctor").out
    assert "raise the replication factor" in table and "Redis is" in table


def test_what_is_wrong_in_kafka_is_told(lab, deployment):
    topic, server = deployment
    topic.set_config(retention_ms=86400000, cleanup_policy="compact,delete",
                     message_timestamp_type="LogAppendTime", unclean_leader_election_enable="true",
                     message_timestamp_before_max_ms=86400000)
    topic.dead_letters.set_config(cleanup_policy="compact", max_message_bytes=1000,
                                  retention_bytes=1)
    topic.truncate(0, 1)
    lab.appliers[0].stop()
    cli = cli_of(lab, topic, server)
    await_(lambda: verdicts(cli.run("doctor", "-o", "json", status=None))["group"] == "WARN", 60,
           "the group is empty")
    found = verdicts(cli.run("doctor", "-o", "json", status=3))
    assert {c: v for c, v in found.items() if v != "OK" and c not in LAB} == {
        "log-retention": "WARN", "log-cleanup": "FAIL", "log-timestamps": "WARN",
        "log-whole": "WARN", "log-unclean-election": "FAIL", "log-timestamp-bounds": "WARN",
        "dlq-cleanup": "FAIL", "dlq-size": "FAIL", "dlq-retention": "WARN", "group": "WARN"}
    topic.dead_letters.delete()
    answer = cli.run("doctor", "-o", "json", status=3)
    assert verdicts(answer)["dlq-topic"] == "FAIL" and verdicts(answer)["dlq-size"] == "UNKNOWN"


def test_what_is_wrong_in_redis_is_told(lab, deployment):
    topic, server = deployment
    lab.appliers[0].stop()
    with server.client() as client:
        client.config_set("maxmemory", 1)
        client.config_set("maxmemory-policy", "allkeys-lru")
        client.config_set("save", "3600 1")
        client.delete(f"redwal:{{{lab.wal}}}:p:1")
        client.config_set("min-replicas-to-write", 1)
    found = verdicts(cli_of(lab, topic, server).run("doctor", "-o", "json", status=3))
    assert found["redis-eviction"] == "FAIL" and found["redis-memory"] == "WARN"
    assert found["redis-persistence"] == "OK" and found["redis-positions"] == "WARN"
    assert found["redis-min-replicas"] == "FAIL" and found["redis-headroom"] == "OK"
    other = lab.redis("other")
    with other.client() as client:
        client.hset("redwal:identity", "wal", "somebody")
    found = verdicts(cli_of(lab, topic, other).run("doctor", "-o", "json", status=3))
    assert found["redis-identity"] == "FAIL" and found["redis-positions"] == "WARN"


def test_what_cannot_be_asked_is_unknown_and_why_is_said(lab, deployment):
    topic, _ = deployment
    server = lab.redis("secured", security=lab.security(REDIS_RULES))
    cli = cli_of(lab, topic, server, redis_user=REDIS_USER, redis_tls=True,
                 redis_password_file=lab.secret_file("p", REDIS_PASSWORD),
                 redis_ca=server.security.authority.ca)
    found = verdicts(cli.run("doctor", "-o", "json", status=5))
    assert found["redis-min-replicas"] == "UNKNOWN" and found["redis-persistence"] == "UNKNOWN"
    assert found["redis-eviction"] == "OK" and found["redis-identity"] == "WARN"
    server.stop()
    answer = cli.run("doctor", "-o", "json", status=5)
    assert verdicts(answer)["redis-primary"] == "UNKNOWN" and "Redis" in answer.err


def test_records_of_the_future_are_told(lab, deployment):
    topic, server = deployment
    topic.write(encode("INCR"), b"k", timestamp=int(time.time() * 1000) + 600_000)
    topic.flush()
    row = doctor(cli_of(lab, topic, server))["log-clock"]
    assert row["verdict"] == "WARN" and 480_000 < int(row["found"].split()[4]) < 600_001, row


@pytest.mark.parametrize("since", ["the start", "later"])
def test_an_append_only_file_that_a_restart_would_not_read_is_told(lab, since):
    """The lab's Redis has its configuration where the operator's has it: in redis/redis.conf."""
    topic = lab.topic()
    lab.dead_letters(topic)
    server = lab.redis(options=["appendonly yes"] if since == "the start" else [])
    if since == "later":
        with server.client() as client:
            client.config_set("appendonly", "yes")
        await_(lambda: server.info("persistence")["aof_last_rewrite_time_sec"] >= 0, 60,
               "the file is rewritten")
    found = doctor(cli_of(lab, topic, server))
    assert found["redis-aof"]["verdict"] == ("OK" if since == "the start" else "WARN")
    assert found["redis-persistence"]["verdict"] == "OK"


def test_commands_that_were_taken_away_are_told(lab):
    topic = lab.topic()
    lab.dead_letters(topic)
    server = lab.redis(options=['rename-command RENAMENX ""', "rename-command SET hidden"])
    row = doctor(cli_of(lab, topic, server))["redis-commands"]
    assert row["verdict"] == "FAIL" and row["found"] == "missing: RENAMENX, SET"


def test_a_machine_that_is_too_small_is_told(lab):
    topic = lab.topic()
    lab.dead_letters(topic)
    server = lab.redis()
    memory = server.info("memory")["total_system_memory"]
    backlog = server.info("replication")["repl_backlog_size"]
    for room, verdict in ((0, "OK"), (1, "WARN")):
        with server.client() as client:
            client.config_set("maxmemory", memory - backlog + room)
        assert doctor(cli_of(lab, topic, server))["redis-headroom"]["verdict"] == verdict


# --- permissions ----------------------------------------------------------------------------------


def as_applier(lab, topic, server):
    return cli_of(lab, topic, server, redis_user=REDIS_USER, redis_tls=True,
                  redis_ca=server.security.authority.ca,
                  redis_password_file=lab.secret_file("p", REDIS_PASSWORD))


@pytest.mark.parametrize("name", servers.NAMES)
def test_what_the_applier_may_run_is_enough_on_each_server(lab, name):
    topic = lab.topic()
    lab.dead_letters(topic)
    server = lab.redis(program=servers.program(name), options=[
        f"user {REDIS_USER} on >{REDIS_PASSWORD} {REDIS_RULES}"])
    cli = cli_of(lab, topic, server, redis_user=REDIS_USER,
                 redis_password_file=lab.secret_file("p", REDIS_PASSWORD))
    found = doctor(cli)
    for check in ("redis-permissions", "redis-commands", "redis-version"):
        assert found[check]["verdict"] == "OK", found[check]
    with server.client() as client:
        assert client.dbsize() == 0
        client.execute_command("ACL", "SETUSER", REDIS_USER, "-sort", "-xgroup")
    row = doctor(cli)["redis-permissions"]
    assert row["verdict"] == "FAIL" and row["found"] == "missing: SORT, XGROUP", row


def test_each_permission_for_redis_that_is_missing_is_told(lab):
    topic = lab.topic()
    lab.dead_letters(topic)
    server = lab.redis(security=lab.security(REDIS_RULES))
    cli = as_applier(lab, topic, server)
    for rule in permissions.grants(permissions.REDIS):
        with server.client() as client:
            client.execute_command("ACL", "SETUSER", REDIS_USER, "reset", "on",
                                   f">{REDIS_PASSWORD}",
                                   *(r for r in permissions.REDIS if r != rule))
        row = doctor(cli)["redis-permissions"]
        assert row["verdict"] == "FAIL", (rule, row)


def test_each_permission_for_kafka_that_is_missing_is_told(lab):
    server = lab.redis()
    for missing in [None, *permissions.KAFKA]:
        topic = lab.topic()
        group, letters = f"{topic.name}-group", lab.dead_letters(topic).name
        rows = permissions.kafka_for(topic.name, group, letters)
        for row, named in zip(permissions.KAFKA, rows):
            if row != missing:
                grant(lab.broker.plain, KAFKA_USER, *named)
        cli = cli_of(lab, topic, server, brokers=lab.broker.secure, kafka_security="SASL_SSL",
                     kafka_ca=lab.broker.ca, kafka_user=KAFKA_USER,
                     kafka_password_file=lab.secret_file("kafka", KAFKA_PASSWORD))
        row = doctor(cli)["kafka-permissions"]
        if missing is None:
            assert row["verdict"] == "OK", row
        else:
            _, name, operation = rows[permissions.KAFKA.index(missing)]
            assert row["found"] == f"missing: {operation.capitalize()} on {name}", row


# What docs/operations.md adds, for what is asked besides.
MORE = {"redis": "+config|get", "sentinel": "+sentinel|master +sentinel|ckquorum"}


def test_what_the_page_grants_is_enough_for_every_check(lab):
    topic = lab.topic()
    letters, group = lab.dead_letters(topic).name, f"{topic.name}-group"
    security = lab.security(
        f"{REDIS_RULES} {MORE['redis']}", sentinel_user="watcher", sentinel_password="watching",
        sentinel_rules=f"{' '.join(permissions.SENTINEL)} {MORE['sentinel']}")
    failover = lab.failover(security=security)
    for resource, name, *operations in [
            *permissions.kafka_for(topic.name, group, letters),
            ("TOPIC", topic.name, "DESCRIBE_CONFIGS"),
            ("TOPIC", letters, "DESCRIBE_CONFIGS", "READ"),
            ("BROKER", "kafka-cluster", "DESCRIBE_CONFIGS")]:
        grant(lab.broker.plain, KAFKA_USER, resource, name, *operations)
    lab.on_close(lambda: revoke_everything(lab.broker.plain, KAFKA_USER))
    found = doctor(cli_of(
        lab, topic, failover, brokers=lab.broker.secure, kafka_security="SASL_SSL",
        kafka_ca=lab.broker.ca, kafka_user=KAFKA_USER,
        kafka_password_file=lab.secret_file("kafka", KAFKA_PASSWORD), redis_user=REDIS_USER,
        redis_tls=True, redis_ca=security.authority.ca, sentinel_user="watcher",
        redis_password_file=lab.secret_file("p", REDIS_PASSWORD),
        sentinel_password_file=lab.secret_file("s", "watching")))
    assert [row for row in found.values() if row["verdict"] == "UNKNOWN"] == []


# --- replicas and Sentinels -----------------------------------------------------------------------


@pytest.fixture
def watched(lab):
    topic = lab.topic()
    lab.dead_letters(topic)
    failover = lab.failover()
    return failover, cli_of(lab, topic, failover)


def told(cli, prefix):
    return {c: row["verdict"] for c, row in doctor(cli).items() if c.startswith(prefix)}


SOUND = {"sentinel-answers": "OK", "sentinel-count": "OK", "sentinel-agreement": "OK",
         "sentinel-quorum": "OK", "sentinel-down-after": "OK"}


def test_what_is_wrong_with_sentinels_is_told(watched):
    failover, cli = watched
    one, two, three = failover.sentinels
    assert told(cli, "sentinel-") == SOUND
    three.ask("SET", failover.master_name, "down-after-milliseconds", 40000)
    assert told(cli, "sentinel-") == {**SOUND, "sentinel-down-after": "WARN"}
    three.ask("REMOVE", failover.master_name)
    assert told(cli, "sentinel-") == {**SOUND, "sentinel-answers": "WARN"}
    three.ask("MONITOR", failover.master_name, "127.0.0.1", failover.nodes[1].port, 2)
    found = told(cli, "sentinel-")
    assert found["sentinel-answers"] == "OK" and found["sentinel-agreement"] == "FAIL", found
    two.process.kill()
    three.process.kill()
    await_(lambda: told(cli, "sentinel-quorum")["sentinel-quorum"] == "FAIL", 60,
           "the one that is left sees no quorum")
    assert told(cli, "sentinel-") == {**SOUND, "sentinel-answers": "FAIL", "sentinel-quorum": "FAIL"}
    one.process.kill()
    found = told(cli, "sentinel-")
    assert found["sentinel-answers"] == "FAIL" and found["sentinel-quorum"] == "UNKNOWN"


def test_a_sentinel_that_may_not_say_leaves_it_unknown(lab):
    topic = lab.topic()
    lab.dead_letters(topic)
    security = lab.security(REDIS_RULES, sentinel_user="watcher", sentinel_password="watching",
                            sentinel_rules=" ".join(permissions.SENTINEL))
    failover = lab.failover(security=security)
    cli = cli_of(lab, topic, failover, redis_user=REDIS_USER, redis_tls=True,
                 redis_ca=security.authority.ca, sentinel_user="watcher",
                 redis_password_file=lab.secret_file("p", REDIS_PASSWORD),
                 sentinel_password_file=lab.secret_file("s", "watching"))
    assert told(cli, "sentinel-") == {
        **SOUND, "sentinel-count": "UNKNOWN", "sentinel-quorum": "UNKNOWN",
        "sentinel-down-after": "UNKNOWN"}


def test_a_replica_that_is_silent_is_told(watched):
    failover, cli = watched
    replicas = {"redis-replicas": "OK", "redis-links": "OK"}
    assert replicas.items() <= told(cli, "redis-").items()
    with failover.nodes[0].client() as client:
        client.config_set("min-replicas-to-write", 2)
    assert told(cli, "redis-min")["redis-min-replicas"] == "OK"
    failover.nodes[2].pause()
    await_(lambda: told(cli, "redis-links")["redis-links"] == "WARN", 60, "it is called silent")
    await_(lambda: told(cli, "redis-min")["redis-min-replicas"] == "FAIL", 60,
           "it no longer counts as a replica")
    failover.nodes[2].resume()


# --- a mirror -------------------------------------------------------------------------------------

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize("converter, verdict", [(mirror.SIMPLE, "FAIL"), (mirror.BYTES, "OK")],
                         ids=["simple", "bytes"])
def test_a_mirror_that_rewrites_headers_is_told(lab, converter, verdict):
    topic, server = lab.topic(), lab.redis()
    lab.applier(topic, server).start().await_ready()
    topic.write(encode("INCR"), b"k", headers={"traceparent": TRACE.encode()})
    topic.write(encode("SPOP"), b"k")
    topic.flush()
    lab.await_applied(topic, server)
    mirrored = [Topic(lab.broker.plain, f"{mirror.SOURCE}.{t.name}", t.partitions)
                for t in (topic, topic.dead_letters)]
    machine = mirror.Mirror(lab.directory / "mirror", lab.broker.plain,
                            [topic, topic.dead_letters], converter).start()
    lab.on_close(machine.stop)
    await_(lambda: all(sum(m.ends().values()) >= n for m, n in zip(mirrored, (2, 1))), 240,
           lambda: f"records are mirrored\n{machine.process.tail()}")
    for log, letters in ((mirrored[0], mirrored[1]), (mirrored[0], topic.dead_letters),
                         (topic, mirrored[1])):
        row = doctor(cli_of(lab, log, server, dlq_topic=letters.name))["headers"]
        assert row["verdict"] == verdict, row
    row = doctor(cli_of(lab, topic, server))["headers"]
    assert row["verdict"] == "OK" and row["found"].startswith("5 headers"), row
