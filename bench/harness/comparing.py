"""How many keys a second `kubectl-redwal verify` compares, and `repair` where some of them differ."""

import json
import pathlib
import subprocess

from contestants import applier
from stage import APPLIER, PATIENCE, Log

TOOL = pathlib.Path(APPLIER).parent / "kubectl-redwal"
TOPIC = "compared"
TAMPERED = 10_000  # keys
COMPARED, FOLDED, REPAIRED = ("verify, keys compared", "verify, records folded",
                              f"repair of {TAMPERED} keys, keys compared")


def prepare(stage, records):
    """A log, and the Redis that it makes. Returns the name of the WAL."""
    stage.topic(TOPIC, retention_ms=-1)
    stage.fill(TOPIC, records, Log("set64"))
    stage.empty_redis()
    applier(TOPIC)(stage, records)
    with stage.redis.client() as client:
        return client.hget("redwal:identity", "wal").decode()


def run(stage, wal):
    """By what it is, so many a second. Leaves Redis as it was."""
    verified = call(stage, wal, "verify")
    tamper(stage)
    repaired = call(stage, wal, "repair", "--yes", "--limit", "1")
    if repaired["repaired"] != TAMPERED or not call(stage, wal, "verify")["equal"]:
        raise RuntimeError(f"{repaired['repaired']} of {TAMPERED} keys are repaired")
    return {COMPARED: verified["compared"] / verified["compareMs"] * 1000,
            FOLDED: verified["records"] / verified["foldMs"] * 1000,
            REPAIRED: repaired["compared"] / repaired["compareMs"] * 1000}


def tamper(stage):
    with stage.redis.client(socket_timeout=60) as client:
        keys = []
        for key in client.scan_iter(match="[^r]*", count=1000):
            keys.append(key)
            if len(keys) == TAMPERED:
                break
        client.mset({key: "around the log" for key in keys})


def call(stage, wal, verb, *words):
    argv = [TOOL, verb, *words, "--wal", wal, "--brokers", stage.brokers, "--topic", TOPIC,
            "--redis", stage.redis.address, "--replay-threshold=24h", "-o", "json"]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{verb} ended with {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)
