"""Every server that is supported: the same log is applied as that server itself folds it, and what
a server does not have is told of."""

import pytest

from conftest import PATIENT
from lab import servers
from lab.workload import HOUR_MS, Workload, encode

HOUR, FAR_MS = HOUR_MS // 1000, 9_000_000_000_000

# By key, so that each tells of one thing: commands with their arguments, and fields of the record.
OPERATIONS = {
    "ttl-list": [("RPUSH", ["a", "b"], {"ttl": HOUR}), ("LPOP", [], {}),
                 ("LSET", [5, "out of range"], {"ttl": 9 * HOUR}), ("LMPOP", [1, "LEFT"], {})],
    "ttl-hash": [("HSET", ["f", 1], {}), ("HINCRBY", ["f", 1], {"ttlMs": HOUR_MS}),
                 ("HINCRBY", ["f", "one"], {"ttl": 9 * HOUR})],
    "ttl-set": [("SADD", ["a"], {"ttl": HOUR}), ("INCR", [], {"ttl": 9 * HOUR})],
    "ttl-zset": [("ZADD", ["GT", "CH", 1, "a", 2, "b"], {"ttl": HOUR}), ("ZMPOP", [1, "MIN"], {})],
    "ttl-string": [("SETRANGE", [3, "x"], {"ttl": HOUR}), ("APPEND", ["y"], {}),
                   ("SET", ["z", "NX"], {"ttl": 9 * HOUR}), ("SETNX", ["z"], {"ttl": 2 * HOUR})],
    "ttl-stream": [("XADD", ["*", "f", "v"], {"ttl": HOUR}), ("GEOADD", [1, 2, "m"], {})],
    "set-get": [("SET", ["a", "GET"], {}), ("SET", ["b", "NX", "GET"], {}),
                ("SET", ["c", "IFEQ", "a"], {}), ("SET", ["d", "XX", "PX", HOUR_MS], {})],
    "stream": [("XADD", ["*", "n", 1], {}), ("XADD", ["NOMKSTREAM", "*", "n", 2], {}),
               ("XADD", [f"{FAR_MS}-*", "n", 3], {}), ("XADD", ["1-1", "n", "too low"], {}),
               ("XADD", ["MAXLEN", 2, f"{FAR_MS + 1}-*", "n", 4], {}),
               ("XGROUP", ["CREATE", "g", "$"], {}), ("XGROUP", ["CREATE", "g", "$"], {}),
               ("XGROUP", ["CREATECONSUMER", "g", "c"], {}), ("XGROUP", ["SETID", "g", "0"], {})],
    "expire": [("SET", [1], {}), ("EXPIRE", [HOUR], {}), ("EXPIRE", [2 * HOUR, "GT"], {}),
               ("PEXPIRE", [3 * HOUR_MS, "NX"], {}), ("EXPIREAT", [FAR_MS // 1000], {}),
               ("PEXPIREAT", [FAR_MS + 1, "XX"], {}), ("PEXPIRE", [4 * HOUR_MS, "LT"], {})],
    "expired": [("SET", [1], {}), ("EXPIRE", [-1], {}), ("INCR", [], {})],
    "fields": [("HSET", ["a", 1, "b", 2, "c", 3, "d", 4], {}),
               ("HEXPIRE", [HOUR, "FIELDS", 1, "a"], {}),
               ("HPEXPIRE", [HOUR_MS, "NX", "FIELDS", 2, "a", "b"], {}),
               ("HPEXPIREAT", [FAR_MS, "FIELDS", 1, "c"], {}), ("HPERSIST", ["FIELDS", 1, "b"], {}),
               ("HGETEX", ["PX", 2 * HOUR_MS, "FIELDS", 1, "d"], {}),
               ("HSETEX", ["FXX", "EX", HOUR, "FIELDS", 2, "b", 5, "d", 6], {}),
               ("HSETEX", ["FNX", "FIELDS", 1, "a", "not new"], {}),
               ("HGETDEL", ["FIELDS", 1, "c"], {}), ("HGETDEL", ["FIELDS", 2, "c"], {})],
    "vector": [("VADD", ["VALUES", 1, 1, "e"], {})],
}

FIELD_EXPIRY = {"HEXPIRE", "HPEXPIRE", "HPEXPIREAT", "HPERSIST", "HGETEX", "HSETEX", "HGETDEL"}
LACKS = {
    "redis-6.2": FIELD_EXPIRY | {"LMPOP", "ZMPOP"},
    "redis-8": set(),
    "valkey-8": FIELD_EXPIRY,
}


@pytest.fixture(params=servers.NAMES)
def name(request):
    return request.param


def write_all(topic):
    """The operations, once each; returns the commands that were written."""
    for key, operations in OPERATIONS.items():
        for command, args, fields in operations:
            topic.write(encode(command, args, **fields), key.encode())
    topic.flush()


def test_a_mix_is_applied_as_the_server_itself_folds_it(lab, name):
    program = servers.program(name)
    topic, server = lab.topic(), lab.redis(program=program)
    lab.judge_with(lab.redis("oracle", program=program))
    lab.applier(topic, server).start()
    Workload(20, rejects=0.05).write(topic, 2000)
    write_all(topic)
    folded = lab.check(topic, server)
    assert len(folded.rejected) > 50 and len(folded.state) > 100
    if name in LACKS:
        lacking = {letter.headers["redwal-detail"].decode() for letter in topic.dead_letters.read()
                   if letter.headers["redwal-reason"] == b"command-unsupported"}
        assert lacking == LACKS[name]


def test_a_promoted_replica_gets_back_what_it_lacks(lab, name):
    lab.crashed = True
    program = servers.program(name)
    topic, failover = lab.topic(), lab.failover(program=program)
    lab.judge_with(lab.redis("oracle", program=program))
    applier = lab.applier(topic, failover, session_timeout=PATIENT).start().await_ready()
    old = failover.primary()
    failover.lose_what_follows(old)
    Workload(21).write(topic, 1000)
    write_all(topic)
    lab.await_applied(topic, old)
    old.kill()
    lab.check(topic, failover.await_primary_other_than(old))
    assert applier.metric("rewinds_total") >= 1
