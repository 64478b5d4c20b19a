"""The command table against real servers: nothing that writes is missing, keys and word counts
agree, and what the canonicaliser writes is understood."""

import base64
import json
import subprocess
import time

import pytest
import redis

from conftest import REDIS_PASSWORD, REDIS_RULES, REDIS_USER
from lab import oracle, servers
from lab.applier import BINARY
from lab.redis_server import RedisServer

FAR_MS = 9_000_000_000_000
SHIFT_MS = 1 << 45  # of deadlines in log time
INDEX = "redwal:{w}:x:0"  # of those that canonicalise has set

TOOLS = BINARY.parents[1] / "tools"

# First key, last key, step, as COMMAND gives them, for what the table says of keys.
KEYS = {
    "key ...": (1, 1, 1),
    "key key ...": (1, 2, 1),
    "key [key ...]": (1, -1, 1),
    "key value [key value ...]": (1, -1, 2),
    "word key [key ...]": (2, -1, 1),
    "numkeys key [key ...] ...": (0, 0, 0),
    "numkeys key value [key value ...] ...": (0, 0, 0),
    "key numkeys key [key ...] ...": (1, 1, 1),
    "key ... STORE key": (1, 1, 1),
}
SUBCOMMAND_KEY = (2, 2, 1)

# What takes options since Redis 7 that Redis 6.2 does not take: then it is a `redis-error`.
OPTIONS_SINCE_7 = {"EXPIRE", "EXPIREAT", "PEXPIRE", "PEXPIREAT", "XSETID"}
# What COMMAND lists to catch HTTP.
NO_COMMANDS = {"HOST:", "POST"}

# What the applier runs for itself.
OWN_COMMANDS = [line.split() for line in """
TIME
ROLE
INFO
DBSIZE
COMMAND
WATCH redwal:identity
HMGET redwal:identity wal
HGET redwal:identity wal
HSETNX redwal:identity wal orders
TYPE k
MULTI
HSET redwal:identity wal orders
EXEC
""".strip().splitlines()]

KEY_OF_TYPE = {
    "none": [],
    "string": [("SET", "k", "1")],
    "list": [("RPUSH", "k", "a", "b")],
    "set": [("SADD", "k", "a", "b")],
    "zset": [("ZADD", "k", "1", "a")],
    "hash": [("HSET", "k", "f", "1")],
    "stream": [("XADD", "k", "1-1", "f", "v"), ("XGROUP", "CREATE", "k", "g", "0")],
}

# A sound use of each command: its arguments without the key, which is `k`.
EXAMPLES = """
APPEND v
BITFIELD SET u8 0 1
BITOP AND k k
COPY k REPLACE
DECR
DECRBY 1
DEL
DELEX IFEQ v
DELIFEQ v
EXPIRE 100
EXPIREAT 9999999999
GEOADD 13.361389 38.115556 a
GEORADIUS 15 37 200 km STORE k
GEORADIUSBYMEMBER a 200 km STOREDIST k
GEOSEARCHSTORE k FROMLONLAT 15 37 BYRADIUS 200 km ASC COUNT 3
GETDEL
GETEX EX 100
GETSET v
HDEL f
HEXPIRE 100 NX FIELDS 1 f
HEXPIREAT 9999999999 FIELDS 1 f
HGETDEL FIELDS 1 f
HGETEX EX 100 FIELDS 1 f
HINCRBY f 1
HINCRBYFLOAT f 1.5
HMSET f v
HPERSIST FIELDS 1 f
HPEXPIRE 100000 FIELDS 1 f
HPEXPIREAT 9999999999000 FIELDS 1 f
HSET f v
HSETEX EX 100 FIELDS 1 f v
HSETNX f v
INCR
INCRBY 1
INCRBYFLOAT 1.5
LINSERT BEFORE a b
LMOVE k LEFT RIGHT
LMPOP 1 LEFT COUNT 2
LPOP 1
LPUSH v
LPUSHX v
LREM 0 v
LSET 0 v
LTRIM 0 1
MSET v
MSETEX 1 v EX 100
MSETNX v
PERSIST
PEXPIRE 100000
PEXPIREAT 9999999999000
PFADD a
PFMERGE k
PSETEX 100000 v
RENAME k
RENAMENX k
RESTORE 100000 dump REPLACE
RPOP
RPOPLPUSH k
RPUSH v
RPUSHX v
SADD a
SDIFFSTORE k
SET v NX EX 100
SETBIT 1 1
SETEX 100 v
SETNX v
SETRANGE 1 v
SINTERSTORE k
SMOVE k a
SORT BY nosort GET # ALPHA STORE k
SREM a
SUNIONSTORE k
UNLINK
XACK g 1-1
XACKDEL g IDS 1 1-1
XADD MAXLEN ~ 5 LIMIT 10 * f v
XDEL 1-1
XDELEX IDS 1 1-1
XGROUP|CREATE g $ MKSTREAM
XGROUP|CREATECONSUMER g c
XGROUP|DELCONSUMER g c
XGROUP|DESTROY g
XGROUP|SETID g $
XSETID 9-9
XTRIM MINID ~ 1-1
ZADD 1 a
ZDIFFSTORE 1 k
ZINCRBY 1 a
ZINTERSTORE 1 k WEIGHTS 2
ZMPOP 1 MIN
ZPOPMAX 1
ZPOPMIN
ZRANGESTORE k 0 -1
ZREM a
ZREMRANGEBYLEX - +
ZREMRANGEBYRANK 0 1
ZREMRANGEBYSCORE 0 1
ZUNIONSTORE 1 k AGGREGATE MAX
"""

# How Redis words what we wrote wrongly, unlike what it found in the key.
NOT_UNDERSTOOD = ("syntax", "unknown", "wrong number", "numkeys", "Number of keys", "mandatory",
                  "invalid expire", "is not an integer", "is not a valid")


@pytest.fixture(scope="module")
def table():
    printed = subprocess.run([TOOLS / "gen-docs", "commands-json"], check=True, timeout=30,
                             stdout=subprocess.PIPE)
    return {row["name"]: row for row in json.loads(printed.stdout)}


@pytest.fixture(scope="module")
def examples():
    """Arguments by name."""
    lines = [line.split(" ") for line in EXAMPLES.strip().splitlines()]
    return {name.replace("|", " "): args for name, *args in lines}


@pytest.fixture(scope="module", params=servers.NAMES)
def server(request, tmp_path_factory):
    server = RedisServer(tmp_path_factory.mktemp("commands"), request.param,
                         program=servers.program(request.param)).start()
    yield server
    server.remove()


@pytest.fixture(scope="module")
def commands(server):
    """Every command and subcommand of the server, as COMMAND describes them. (What redis-py makes
    of the answer has no subcommands.)"""
    with server.client() as client:
        client.response_callbacks.clear()
        answer = client.execute_command("COMMAND")
    found = {}
    for row in answer:
        for described in [row, *(row[9] if len(row) > 9 else [])]:
            name = described[0].decode().upper().replace("|", " ")
            found[name] = {
                "arity": described[1], "keys": tuple(described[3:6]),
                "flags": {_text(flag) for flag in described[2]},
                "subcommands": described is row and len(row) > 9 and bool(row[9]),
            }
    return found


def _text(word):
    return word.decode() if isinstance(word, bytes) else str(word)


def test_every_command_has_a_row(table, commands):
    missing = [name for name in commands.keys() - NO_COMMANDS
               if name not in table and table.get(name.split()[0], {}).get("refusal", "none") == "none"]
    assert not missing, f"the table has no row for {missing}"


def test_keys_and_word_counts_agree(table, commands):
    compared = 0
    for name, command in commands.items():
        row = table.get(name)
        if row is None or row["refusal"] != "none" or command["subcommands"]:
            continue
        compared += 1
        keys = SUBCOMMAND_KEY if name.startswith("XGROUP") else KEYS[row["keys"]]
        assert command["keys"] == keys, f"{name}: keys at {command['keys']}, the table says {keys}"
        assert row["min"] == abs(command["arity"]), name
        if command["arity"] > 0 and name not in OPTIONS_SINCE_7:
            assert row["max"] == command["arity"], name
    assert compared > 70


def test_what_is_applied_writes(table, commands):
    wrong = [name for name, row in table.items() if row["refusal"] == "none" and name in commands
             and not commands[name]["subcommands"] and "write" not in commands[name]["flags"]]
    assert not wrong, f"the table applies {wrong}, which write nothing"


def test_every_command_that_is_applied_has_an_example(table, examples):
    applied = {name for name, row in table.items() if row["refusal"] == "none"} - {"XGROUP"}
    assert examples.keys() == applied, f"they differ: {examples.keys() ^ applied}"


@pytest.fixture(params=["wall time", "log time"])
def time_of(request):
    return request.param


def test_what_is_written_is_understood(commands, server, examples, time_of):
    with server.client() as client:
        for name, resp in _had(commands, _canonicalised(examples, time_of)):
            client.flushall()
            for words in _commands(resp):
                error = _error(client, words)
                assert not any(sign in error for sign in NOT_UNDERSTOOD), f"{words}: {error}"


def test_the_user_of_the_documents_may_run_all_of_it(commands, server, examples, time_of):
    with server.client() as admin:
        _grant(admin)
    plain = _canonicalised(examples, time_of)
    expiring = _canonicalised({"LPUSH": ["v"]}, time_of, ttl=100)
    with server.client(username=REDIS_USER, password=REDIS_PASSWORD) as client:
        for _, resp in _had(commands, plain) + _had(commands, expiring):
            for words in _commands(resp):
                assert "no permissions" not in _error(client, words), words
        for words in OWN_COMMANDS:
            assert not _error(client, words), words


def test_what_is_refused_is_what_the_table_expects(table, commands, server, examples, time_of):
    """What core/settle.h builds on, for a key of each type."""
    with server.client() as client:
        for name, resp in _had(commands, _canonicalised(examples, time_of)):
            row = table[name]
            for kind, setup in KEY_OF_TYPE.items():
                client.delete("k")
                for words in setup:
                    client.execute_command(*words)
                errors = {error.split(" ")[0] for error in
                          (_error(client, words) for words in _commands(resp)) if error}
                what = f"{name} of a {kind}: {errors}"
                if row["failure"] == "":
                    assert not errors, what
                elif kind in ("none", row["type"]):
                    assert row["failure"] == "value" or not errors, what
                elif row["type"]:
                    assert errors == {"WRONGTYPE"}, what
                if row["type"]:
                    left = client.type("k").decode()
                    alone = {kind} if kind not in ("none", row["type"]) else {"none", row["type"]}
                    assert left in alone, f"{name} of a {kind} leaves a {left}"


def test_a_ttl_comes_with_its_command_or_not_at_all(server):
    operations = {"LPUSH": ["v"], "SETNX": ["v"], "SET": ["v"]}
    written = _canonicalised(operations, ttl=100)
    with server.client() as client:
        for name, resp in written.items():
            client.flushall()
            assert [_error(client, words) for words in _commands(resp)] in ([""], ["", ""]), name
            assert 90 < client.ttl("k") <= 100, name

        client.set("k", "a string")
        error, = [_error(client, words) for words in _commands(written["LPUSH"])]
        assert error.startswith("WRONGTYPE")
        assert client.get("k") == b"a string" and client.ttl("k") == -1


def test_an_atomic_that_fails_leaves_every_key_as_it_was(commands, server, examples):
    """Whatever was done to a key of whatever type, in front of the operation that is refused. Run
    as the user of the documents, who must be allowed to undo it."""
    refused = {"key": "text", "command": "INCR"}
    named = {name: {"atomic": [{"key": "k", "command": name, "args": args}, refused]}
             for name, args in examples.items()}
    with server.client() as client, \
            server.client(username=REDIS_USER, password=REDIS_PASSWORD) as user:
        _grant(client)
        for name, resp in _had(commands, _answers(named)):
            for kind, setup in KEY_OF_TYPE.items():
                client.flushall()
                for words in [("SET", "text", "x"), *setup]:
                    client.execute_command(*words)
                if setup:
                    client.execute_command("PEXPIREAT", "k", FAR_MS)
                before = oracle.snapshot(client)
                error, = [_error(user, words) for words in _commands(resp)]
                assert error, f"{name} of a {kind}: nothing was refused"
                changed = oracle.differences(before, oracle.snapshot(client))
                assert not changed, f"{name} of a {kind}: {error}: {changed}"
                assert client.dbsize() == len(before), "a copy is left behind"


def test_an_envelope_lists_every_deadline_that_it_leaves(commands, server, examples):
    """In log time: one that is not listed would never end. Whatever an operation on `k` does to it and to `o`, when both
    of them end, or `o` is not there."""
    with server.client() as client:
        ends = [FAR_MS + SHIFT_MS, "FIELDS", 1, "f"] if "HPEXPIRETIME" in commands else None
        for name, resp in _had(commands, _answers(_on_two_keys(client, examples, ends), "log time")):
            for kind, setup in KEY_OF_TYPE.items():
                for keys in ("k", "ko"):
                    client.flushall()
                    for key in keys if setup else "":
                        for words in setup:
                            client.execute_command(*(key if word == "k" else word for word in words))
                        client.execute_command("PEXPIREAT", key, FAR_MS + SHIFT_MS)
                        if kind == "hash" and ends:
                            client.execute_command("HPEXPIREAT", key, *ends)
                        client.zadd(INDEX, {key: FAR_MS})
                    for words in _commands(resp):
                        _error(client, words)
                    unlisted = [key for key in client.scan_iter() if _is_unlisted(client, key, bool(ends))]
                    assert not unlisted, f"{name} of a {kind}, {keys}: {unlisted}"


def _on_two_keys(client, examples, ends):
    """Records by the name of their operation."""
    client.flushall()
    client.hset("h", "f", "1")
    if ends:
        client.execute_command("HPEXPIREAT", "h", FAR_MS, *ends[1:])
    dump = {"base64": base64.b64encode(client.dump("h")).decode()}
    found = {name: ["o" if word == "k" else dump if word == "dump" else word for word in args]
             for name, args in examples.items()}
    found["MSETEX"] = ["2", "v", "o", "v", "EX", "100"]
    return {name: {"atomic": [{"key": "k", "command": name, "args": args}]} for name, args in found.items()}


def _is_unlisted(client, key, has_fields):
    if key.startswith(b"redwal:"):
        return False
    ends = [int(time.time() * 1000) + client.pttl(key)] if client.pttl(key) > 0 else []
    if has_fields and client.type(key) == b"hash":
        ends += [at for at in client.execute_command("HPEXPIRETIME", key, "FIELDS", 1, "f") if at > 0]
    listed = client.zscore(INDEX, key)
    return bool(ends) and (listed is None or listed > min(ends) - SHIFT_MS + 1000)


def _had(commands, outcomes):
    """Of what there is for each command, that of those which the server has."""
    return [(name, resp) for name, resp in outcomes.items() if name.split()[0] in commands]


def _grant(admin):
    admin.execute_command("ACL", "SETUSER", REDIS_USER, "on", f">{REDIS_PASSWORD}",
                          *REDIS_RULES.split())


def _canonicalised(named, time_of="wall time", **fields):
    """RESP by name, of records with `fields` besides."""
    return _answers({name: {"key": "k", "command": name, "args": args, **fields}
                     for name, args in named.items()}, time_of)


def _answers(named, time_of="wall time"):
    """RESP by name of records."""
    records = "".join(json.dumps({"v": 1, **fields}) + "\n" for fields in named.values())
    answers = subprocess.run(
        [TOOLS / "canonicalise", str(int(time.time() * 1000)), *["", "log"] * (time_of == "log time")],
        input=records.encode(), stdout=subprocess.PIPE, check=True, timeout=30)
    rest, found = answers.stdout, {}
    for name in named:
        head, rest = rest.split(b"\n", 1)
        assert head.startswith(b"+"), f"{named[name]}: {head.decode()}"
        size = int(head[1:])
        found[name], rest = rest[:size], rest[size:]
    assert not rest
    return found


def _commands(resp):
    while resp:
        head, resp = resp.split(b"\r\n", 1)
        words = []
        for _ in range(int(head[1:])):
            length, resp = resp.split(b"\r\n", 1)
            size = int(length[1:])
            words.append(resp[:size])
            resp = resp[size + 2:]
        yield words


def _error(client, words):
    """What Redis answers when it refuses; empty when it does not."""
    connection = client.connection_pool.get_connection()
    try:
        connection.send_command(*words)
        connection.read_response()
    except redis.ResponseError as error:
        return str(error)
    finally:
        client.connection_pool.release(connection)
    return ""
