"""The program as an operator meets it: options, endpoints, signals, exit statuses."""

import re
import subprocess
import time

import pytest
from prometheus_client.openmetrics import parser as openmetrics

from conftest import PATIENT, SECRETS
from lab.applier import BINARY, environment, flags
from lab.wait import await_, holds
from lab.wal import committed
from lab.workload import Workload, encode


def write(topic, seed, n):
    Workload(seed).write(topic, n)
    topic.flush()


def run(*argv, **env):
    return subprocess.run([BINARY, *argv], capture_output=True, text=True, timeout=60, check=False,
                          env={**environment(), **env})


@pytest.mark.parametrize("records", [0, 3000])
def test_until_end_applies_what_was_there_and_exits(lab, records):
    lab.calm = True
    topic, server = lab.topic(), lab.redis()
    write(topic, 1, records)
    applier = lab.applier(topic, server, until_end=True).start()
    assert applier.process.wait(120) == 0, applier.process.tail()
    assert len(lab.check(topic, server).state) > 0 or records == 0


def test_a_fold_that_is_to_end_somewhere_ends_there(lab):
    topic, server, until = lab.topic(), lab.redis(), {0: 500, 1: 0, 2: 731}
    write(topic, 11, 3000)
    with server.client() as client:
        client.hset("redwal:identity", mapping={
            "wal": lab.wal, **{f"until{p}": offset for p, offset in until.items()}})
        applier = lab.applier(topic, server).start()
        for partition in until:
            applier.await_held("until", f"partition {partition}")
        at = lab.positions(topic, client)
        assert {p: n[0] if n else 0 for p, n in at.items()} == until
        lab.compare([r for r in topic.read() if r.offset < until[r.partition]], server)
        write(topic, 12, 100)
        holds(lambda: lab.positions(topic, client) == at, 1, "nothing is applied")
        client.hdel("redwal:identity", *(f"until{p}" for p in until))
    lab.check(topic, server)


def test_terminating_drains_and_commits(lab):
    topic, server = lab.topic(), lab.redis()
    applier = lab.applier(topic, server).start().await_ready()
    write(topic, 2, 5000)
    before = time.monotonic()
    assert applier.stop() == 0, applier.process.tail()
    assert time.monotonic() - before < 15
    with server.client() as client:
        at = lab.positions(topic, client)
    done = committed(topic.brokers, applier.options["group"], topic)
    assert {p: n[0] for p, n in at.items() if n} == {p: n for p, n in done.items() if n >= 0}
    applier.start()
    lab.check(topic, server)


def test_a_quiet_topic_is_ready(lab):
    applier = lab.applier(lab.topic(), lab.redis()).start().await_ready()
    assert applier.get("/livez")[0] == 200
    holds(applier.ready, 1, "stays ready")


def test_metrics_tell_what_was_done(lab):
    topic, server = lab.topic(), lab.redis()
    applier = lab.applier(topic, server, session_timeout=PATIENT).start()
    write(topic, 3, 1000)
    folded = lab.check(topic, server)
    await_(lambda: applier.metric("lag_records") == 0, 60, "no lag")
    assert applier.metric("records_total") == 1000
    assert applier.metric("rejected_total") == len(folded.rejected)
    assert applier.metric("rejected_total", reason="redis-wrongtype") == sum(
        reason == "redis-wrongtype" for reason in folded.rejected.values())
    assert {p: applier.metric("position", partition=str(p)) for p in range(3)} == topic.ends()
    assert applier.metric("apply_latency_seconds_count") > 0


def test_a_slow_record_is_named_by_its_latency(lab):
    topic, server = lab.topic(partitions=2), lab.redis()
    applier = lab.applier(topic, server).start().await_ready()
    topic.write(encode("SET", ["now"]), b"k", partition=0)
    for delay in (20, 40):
        topic.write(encode("SET", [delay]), b"k", partition=1,
                    timestamp=int((time.time() - delay) * 1000))
    topic.flush()
    lab.await_applied(topic, server)

    def exemplars():
        answer = applier.request("/metrics", Accept="application/openmetrics-text; version=1.0.0")
        families = {f.name: f for f in openmetrics.text_string_to_metric_families(answer.text)}
        samples = families["redwal_applier_apply_latency_seconds"].samples
        return {s.labels["le"]: s.exemplar for s in samples if s.exemplar}

    await_(lambda: len(exemplars()) == 3, 60, lambda: f"all three are shown: {exemplars()}")
    for bound, offset, delay in (("30.0", "0", 20), ("60.0", "1", 40)):
        slow = exemplars()[bound]
        assert slow.labels == {"partition": "1", "offset": offset}
        assert delay <= slow.value < delay + 10 and abs(float(slow.timestamp) - time.time()) < 60


def test_the_rate_limit_holds(lab):
    topic, server = lab.topic(), lab.redis()
    for i in range(1500):
        topic.write(encode("INCR"), b"n%d" % (i % 7))
    topic.flush()
    lab.applier(topic, server, rate_limit=500).start()
    with server.client() as client:
        await_(lambda: any(lab.positions(topic, client).values()), 60, "it begins")
        began = time.monotonic()
        left = 1500 - sum(at[0] for at in lab.positions(topic, client).values() if at)
        lab.await_applied(topic, server)
    assert left / 500 - 0.5 < time.monotonic() - began < 60, f"{left} were left"
    lab.check(topic, server)


def test_memory_stays_bounded_behind_a_slow_redis(lab):
    topic, server = lab.topic(), lab.redis()
    applier = lab.applier(topic, server).start().await_ready()
    with server.client() as client:
        client.config_set("maxmemory", 1)
        for i in range(2000):
            topic.write(encode("SET", ["x" * 50_000]), b"k%d" % (i % 10))
        topic.flush()
        applier.await_trouble("OOM")
        bound = 400_000  # KiB; the sanitizer's own needs included, the backlog of 100 MB not
        holds(lambda: applier.process.resident_kib() < bound, 2, "memory is bounded")
        client.config_set("maxmemory", 0)
    lab.check(topic, server)


BAD = [
    (["--nonsense"], ["nonsense"]),
    (["--rate-limit", "fast"], ["rate-limit", "fast"]),
    (["--http", "nowhere"], ["http", "nowhere"]),
    (["--kafka-security", "PLAIN"], ["kafka-security", "PLAIN", "SASL_SSL"]),
    (["--on-reject", "explode"], ["on-reject", "explode", "skip", "halt"]),
    (["--redis-password-file", "/nonexistent/f"], ["redis-password-file", "/nonexistent/f"]),
    (["--redis-ca", "/nonexistent/ca"], ["redis-ca", "/nonexistent/ca"]),
    (["--wal", "a b"], ["wal", "a b"]),
    (["--config", "/nonexistent.yaml"], ["/nonexistent.yaml"]),
    (["--redis", "127.0.0.1:1", "--sentinel", "127.0.0.1:2"], ["redis", "sentinel"]),
    (["stray"], ["--name VALUE"]),
]


@pytest.mark.parametrize("argv, named", BAD, ids=[" ".join(argv) for argv, _ in BAD])
def test_bad_options_exit_2_and_say_why(argv, named):
    done = run(*argv)
    assert done.returncode == 2, done.stderr
    for word in named:
        assert word in done.stderr


def test_bad_environment_exits_2():
    done = run(REDWAL_RATE_LIMIT="fast")
    assert done.returncode == 2
    assert "REDWAL_RATE_LIMIT" in done.stderr and "fast" in done.stderr


@pytest.mark.parametrize("text, named", [
    ("rate-limt: 5\n", ["rate-limt"]), ("rate-limit: fast\n", ["rate-limit", "fast"]),
    ("rate-limit: [\n", []), ("- a\n", []),
])
def test_a_bad_file_exits_2_and_is_named(tmp_path, text, named):
    path = tmp_path / "applier.yaml"
    path.write_text(text)
    done = run("--config", path)
    assert done.returncode == 2
    for word in [str(path), *named]:
        assert word in done.stderr


def test_a_file_and_the_environment_configure_too(lab):
    topic, server = lab.topic(), lab.redis()
    applier = lab.applier(topic, server)
    path = lab.directory / "applier.yaml"
    path.write_text("".join(f"{k}: {v}\n" for k, v in applier.options.items() if k != "topic"))
    applier.process.argv = [str(BINARY), "--config", str(path)]
    applier.process.env["REDWAL_TOPIC"] = topic.name
    applier.start()
    write(topic, 4, 200)
    lab.check(topic, server)


def test_help_names_every_option_the_issue_fixes():
    done = run("--help")
    assert done.returncode == 0
    for name in ("config wal brokers topic group dlq-topic redis sentinel master-name redis-user "
                 "redis-password-file redis-tls redis-ca kafka-security kafka-sasl-mechanism "
                 "kafka-user kafka-password-file kafka-ca http rate-limit until-end").split():
        assert re.search(rf"--(\[no-\])?{name}\b", done.stdout), name


def test_the_settings_shown_hide_secrets(lab):
    files = [lab.secret_file(f"secret-{i}", secret) for i, secret in enumerate(SECRETS)]
    applier = lab.applier(lab.topic(), lab.redis(), redis_user="someone",
                          redis_password_file=files[1], kafka_security="SASL_SSL",
                          kafka_user="somebody", kafka_password_file=files[0]).start()
    await_(lambda: "someone" in applier.process.output() and "somebody" in applier.process.output(),
           60, "the settings are logged")
    dumped = run(*flags(applier.options), "--dump-config")
    assert dumped.returncode == 0 and "someone" in dumped.stdout, dumped.stderr
    for secret in SECRETS:
        assert secret not in applier.process.output() + dumped.stdout + dumped.stderr
