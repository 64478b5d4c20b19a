"""Peak memory of the applier with everything on: TLS and passwords to Kafka, Redis and Sentinel, a
schema registry, log time, as many ids as it may remember, keys in quarantine, metrics asked for."""

import contextlib
import json
import pathlib
import tempfile
import time
import urllib.request

from lab import permissions
from lab.certs import Authority
from lab.failover import Failover
from lab.process import free_port
from lab.redis_server import Security
from lab.wal import grant
from stage import APPLIER, KAFKA_PASSWORD, KAFKA_USER, PARTITIONS, PATIENCE, Log, Measured

RECORDS = 700_000  # more than --idempotency-max-ids, all of them within its window
LOG = Log("ending", "protobuf", spread_s=3000)  # old enough for log time
REFUSED = 6_000  # keys, quarantined from the beginning
ASK_EVERY_S = 0.1
VARIANTS = {"everything on": {}, "the same without ids": {"idempotency-window": "0ms"}}
WORDS = {"redis": "redis-word", "sentinel": "sentinel-word", "kafka": KAFKA_PASSWORD}


def run(stage):
    """Peak MiB by variant."""
    refuse_some(stage)
    stage.fill("everything", RECORDS, LOG)
    with contextlib.ExitStack() as stack:
        directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(dir=stage.directory)))
        return {name: peak_mib(stage, directory, name, options)
                for name, options in VARIANTS.items()}


def refuse_some(stage):
    topic = stage.topic("everything", retention_ms=-1)
    value = json.dumps({"v": 1, "command": "SPOP"}).encode()
    for i in range(REFUSED):
        topic.write(value, b"refused:%d" % i, partition=i % PARTITIONS)
    topic.flush()


def peak_mib(stage, directory, name, options):
    failover = Failover(directory / name.replace(" ", "-"), security=security(directory))
    try:
        failover.start()
        return measure(stage, directory, failover, options)
    finally:
        failover.stop()


def security(directory):
    return Security(Authority(directory / "certs"), "admin-word", "applier", WORDS["redis"],
                    " ".join(permissions.REDIS), sentinel_user="watcher",
                    sentinel_password=WORDS["sentinel"],
                    sentinel_rules=" ".join(permissions.SENTINEL))


def flags(stage, directory, failover):
    for who, word in WORDS.items():
        path = directory / who
        path.write_text(word)
        yield f"{who}-password-file", path
    yield from {
        "kafka-security": "SASL_SSL", "kafka-user": KAFKA_USER, "kafka-ca": stage.broker.ca,
        "sentinel": failover.sentinel_list, "master-name": failover.master_name,
        "sentinel-user": "watcher", "redis-user": "applier", "redis-tls": "true",
        "redis-ca": failover.security.authority.ca, "schema-registry": stage.registry().url,
        "on-reject": "quarantine-key", "brokers": stage.broker.secure, "topic": "everything",
    }.items()


def measure(stage, directory, failover, options):
    group = stage.fresh_name("everything")
    dead_letters = stage.topic(f"{group}-dlq", 1).name
    for resource, name, operation in permissions.kafka_for("everything", group, dead_letters):
        grant(stage.brokers, KAFKA_USER, resource, name, operation)
    http = f"127.0.0.1:{free_port()}"
    given = {**dict(flags(stage, directory, failover)), **options, "wal": group, "group": group,
             "dlq-topic": dead_letters, "http": http}
    process = Measured([APPLIER, *(f"--{name}={value}" for name, value in given.items()),
                        "--until-end"], stage.directory / f"{group}.log")
    watch(process, f"http://{http}/metrics")
    if process.status != 0:
        raise RuntimeError(f"the applier ended with {process.status}\n{process.tail()}")
    return process.peak_kib / 1024


def watch(process, url):
    deadline = time.monotonic() + PATIENCE
    try:
        while process.running() and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(url, timeout=2).read()
            time.sleep(ASK_EVERY_S)
    finally:
        process.stop()
