"""What a record means, written from docs/record-format.md and from nothing of the applier's code.

`interpret` turns one record into the commands Redis is told, or says why it is refused. Commands
that no test uses are not known here: they raise, so that a gap is seen and not taken for a pass.
"""

import base64
import binascii
import dataclasses
import json
import re

from . import scripts as registered

RESERVED = b"redwal:"
OPERATION_FIELDS = {"key", "command", "args", "ttl", "ttlMs"}
RECORD_FIELDS = {"v", "id", "retry"}
OPERATIONS_MAX, KEYS_MAX, ARGUMENTS_MAX, WORDS_MAX = 256, 256, 65536, 7000
INT64_MAX = 2**63 - 1


class Refused(Exception):
    """The record has no effect; `reason` is the code of its dead letter."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


@dataclasses.dataclass
class Operation:
    command: bytes
    key: bytes
    args: list
    ttl_ms: int | None


class Commands(list):
    """What Redis is told. All of it or nothing: when one is refused, `keys` are what they were."""

    def __init__(self, commands, keys):
        super().__init__(commands)
        self.keys = keys
        self.claims = []  # of a retry: (key, token, number)
        self.release = None  # (token, parked, retried)


def interpret(record, arity, max_bytes=None, partition_of=None, scripts=None):
    """Commands for `record`.

    `arity` maps a command to the number of words it wants, as the server's COMMAND says.
    `partition_of` tells where producers put a key; None: an envelope's keys may be anywhere.
    `scripts`: text by name."""
    fields = _decode(record, max_bytes)
    if _is_mark(fields, record):
        return Commands([], [])
    commands = _release(fields, record)
    if commands is None:
        commands = _skip(fields, record)
    if commands is None:
        commands = _interpret(fields, record, arity, partition_of, scripts)
    if fields.get("v") is not None:
        commands.claims = _claims(fields.get("retry"))
    return commands


def keys_of(record):
    """The keys that a record names, also when it is refused: the message's when it cannot be
    decoded."""
    try:
        fields = _decode(record, None)
        if _is_mark(fields, record):
            return []
        _claims(fields.get("retry") if fields.get("v") is not None else None)
        if fields.get("v") is not None and fields.get("skip") is not None:
            return _skip(fields, record).keys
        if fields.get("atomic") is not None:
            return list(dict.fromkeys(_member(m, record.key).key for m in fields["atomic"]))
        if fields.get("script") is not None:
            return list(dict.fromkeys(_bytes(key) for key in fields["keys"]))
        operation = _operation(fields, record.key)
        if record.key is None or operation.key == record.key:
            return [operation.key]
    except Refused:
        pass
    return [] if record.key is None else [record.key]


def is_retry(record):
    """Also when what it retries is refused."""
    try:
        fields = _decode(record, None)
        return fields.get("v") is not None and bool(_claims(fields.get("retry")))
    except Refused:
        return False


def _is_mark(fields, record):
    """One that is none is refused."""
    mark = fields.get("mark")
    if fields.get("v") is None or mark is None:
        return False
    if not isinstance(mark, _Pairs):
        raise Refused("bad-field")
    if record.key != b"redwal:mark":
        raise Refused("key-mismatch")
    given = dict(mark)
    if not all(type(given.get(name)) is int and 0 < given[name] <= INT64_MAX
               for name in ("sequence", "timeMs")):
        raise Refused("bad-field")
    digest = given.get("digest")
    if digest is not None and not (isinstance(digest, str) and re.fullmatch("[0-9a-f]{16}", digest)):
        raise Refused("bad-field")
    return True


def _release(fields, record):
    if fields.get("v") is None or fields.get("release") is None:
        return None
    given = dict(fields["release"]) if isinstance(fields["release"], _Pairs) else {}
    if given.keys() != {"quarantine", "parked", "retried"}:
        raise Refused("bad-field")
    commands = Commands([], [_key(fields.get("key"), record.key)])
    commands.release = given["quarantine"], given["parked"], given["retried"]
    return commands


def _skip(fields, record):
    """A retry that gives its record up."""
    if fields.get("v") is None or fields.get("skip") is None:
        return None
    keys = list(dict.fromkeys(key for key, *_ in _claims(fields.get("retry"))))
    if fields["skip"] is not True or not keys:
        raise Refused("bad-field")
    if record.key is not None and record.key not in keys:
        raise Refused("key-mismatch")
    return Commands([], keys)


def _claims(retry):
    if retry is None:
        return []
    if not isinstance(retry, list) or isinstance(retry, _Pairs) or not retry:
        raise Refused("bad-field")
    claims = [dict(claim) if isinstance(claim, _Pairs) else {} for claim in retry]
    if any(claim.keys() != {"key", "quarantine", "number"} for claim in claims):
        raise Refused("bad-field")
    return [(_bytes(c["key"]), c["quarantine"], c["number"]) for c in claims]


def _interpret(fields, record, arity, partition_of, scripts):
    if fields.get("atomic") is not None:
        return _atomic(fields["atomic"], record, arity, partition_of)
    if fields.get("script") is not None:
        return _script(fields, record, partition_of, scripts or {})
    operation = _operation(fields, record.key)
    if record.key is not None and operation.key != record.key:
        raise Refused("key-mismatch")
    commands = Commands([], [operation.key])
    commands += _commands(operation, record, arity, None)
    return commands


def _decode(record, max_bytes):
    if not record.value:
        raise Refused("empty-record")
    if max_bytes is not None and len(record.value) > max_bytes:
        raise Refused("too-large")
    pairs = _json_object(record.value)
    fields = dict(pairs)
    version = fields.get("v")
    if version is not None and (type(version) is not int or version != 1):
        raise Refused("unknown-version")
    allowed = RECORD_FIELDS | OPERATION_FIELDS
    if version is not None and fields.get("release") is not None:
        allowed = {"v", "key", "release"}
    elif version is not None and fields.get("skip") is not None:
        allowed = {"v", "retry", "skip"}
    elif version is not None and fields.get("mark") is not None:
        allowed = {"v", "mark"}
    for kind, names in (("script", {"script", "sha", "keys", "args"}), ("atomic", {"atomic"})):
        if fields.get(kind) is not None:
            allowed = RECORD_FIELDS | names
            if version is None:
                raise Refused("bad-field")
    _fields(pairs, allowed, strict=version == 1)
    _string_or_absent(fields.get("id"))
    return fields


def _fields(pairs, allowed, strict=True):
    if len(dict(pairs)) != len(pairs):
        raise Refused("bad-field")
    known = RECORD_FIELDS | OPERATION_FIELDS | {"atomic", "script", "sha", "keys", "release", "skip", "mark"}
    for name, value in pairs if strict else []:
        if name not in allowed and (value is not None or name not in known):
            raise Refused("bad-field")


def _operation(fields, key_of_record):
    args = _args(fields.get("args"))
    ttl_ms = _ttl_ms(fields.get("ttl"), fields.get("ttlMs"))
    command = _string_or_absent(fields.get("command"))
    if not command:
        raise Refused("bad-field")
    return Operation(command.upper(), _key(fields.get("key"), key_of_record), args, ttl_ms)


def _atomic(members, record, arity, partition_of):
    if not isinstance(members, list) or isinstance(members, _Pairs) or not members:
        raise Refused("bad-field")
    if len(members) > OPERATIONS_MAX:
        raise Refused("too-large")
    operations = [_member(member, record.key) for member in members]
    if sum(len(o.args) for o in operations) > ARGUMENTS_MAX:
        raise Refused("too-large")
    if record.key is not None and record.key not in [o.key for o in operations]:
        raise Refused("key-mismatch")
    commands = Commands([], [])
    for operation in operations:
        done = _commands(operation, record, arity, commands.keys)
        if len(commands.keys) > KEYS_MAX or max(map(len, done)) > WORDS_MAX:
            raise Refused("too-large")
        commands += done
    _one_partition(commands.keys, record, partition_of)
    return commands


def _script(fields, record, partition_of, scripts):
    name, sha = _string_or_absent(fields["script"]), _string_or_absent(fields.get("sha"))
    keys, args = _args(fields.get("keys")), _args(fields.get("args"))
    if not name or not keys:
        raise Refused("bad-field")
    if len(keys) > KEYS_MAX or len(args) > ARGUMENTS_MAX:
        raise Refused("too-large")
    if record.key is not None and record.key not in keys:
        raise Refused("key-mismatch")
    if any(key.startswith(RESERVED) for key in keys):
        raise Refused("key-reserved")
    text = scripts.get(name.decode())
    if text is None:
        raise Refused("script-unknown")
    if sha and sha.decode().lower() != registered.sha(text):
        raise Refused("script-differs")
    _one_partition(keys, record, partition_of)
    return Commands([registered.plain(text, record.timestamp, keys, args)], keys)


def _member(member, key_of_record):
    if not isinstance(member, _Pairs):
        raise Refused("bad-field")
    _fields(member, OPERATION_FIELDS)
    return _operation(dict(member), key_of_record)


def _one_partition(keys, record, partition_of):
    for key in keys if partition_of else []:
        if key != record.key and partition_of(key) != record.partition:
            raise Refused("keys-cross-partition")


def _json_object(value):
    def no_constant(name):
        raise ValueError(name)

    try:
        pairs = json.loads(value.decode("utf-8"), object_pairs_hook=_Pairs,
                           parse_constant=no_constant)
    except ValueError:
        raise Refused("not-json") from None
    if not isinstance(pairs, _Pairs):
        raise Refused("not-json")
    return pairs


class _Pairs(list):
    """A JSON object with repeated fields still in it; an array is a plain list."""


def _bytes(value):
    """A string, or {"base64": "..."}, as bytes."""
    if isinstance(value, str):
        return value.encode("utf-8")
    if isinstance(value, _Pairs) and len(value) == 1 and value[0][0] == "base64" \
            and isinstance(value[0][1], str):
        try:
            decoded = base64.b64decode(value[0][1], validate=True)
        except (binascii.Error, ValueError):
            raise Refused("bad-field") from None
        if base64.b64encode(decoded).decode() != value[0][1]:
            raise Refused("bad-field")
        return decoded
    raise Refused("bad-field")


def _string_or_absent(value):
    if value is None:
        return None
    if not isinstance(value, str):
        raise Refused("bad-field")
    return value.encode("utf-8")


def _args(value):
    if value is None:
        return []
    if not isinstance(value, list) or isinstance(value, _Pairs):
        raise Refused("bad-field")
    return [_bytes(arg) for arg in value]


def _ttl_ms(seconds, milliseconds):
    if seconds is not None and milliseconds is not None:
        raise Refused("bad-field")
    for value, unit in ((seconds, 1000), (milliseconds, 1)):
        if value is not None:
            if type(value) is not int or value <= 0 or value > INT64_MAX:
                raise Refused("bad-field")
            return value * unit
    return None


def _key(named, of_record):
    named = None if named is None else _bytes(named)
    key = of_record if named is None else named
    if key is None:
        raise Refused("key-missing")
    return key


# Applied as they are: [command, key, *args].
PLAIN = set(b"""
APPEND INCR DECR INCRBY DECRBY INCRBYFLOAT SETRANGE SETNX GETSET GETDEL SETBIT
LPUSH RPUSH LPOP RPOP LSET LREM LTRIM LINSERT LPUSHX RPUSHX
SADD SREM HSET HDEL HINCRBY HINCRBYFLOAT HSETNX ZADD ZREM ZINCRBY ZPOPMIN ZPOPMAX
ZREMRANGEBYRANK PFADD GEOADD XDEL XTRIM XSETID PERSIST EXPIREAT PEXPIREAT
HPEXPIREAT HPERSIST HGETDEL
""".split())

KEYS_ONLY = {b"DEL", b"UNLINK"}  # every word is a key
TWO_KEYS = {b"RENAME", b"RENAMENX", b"COPY", b"SMOVE", b"RPOPLPUSH", b"LMOVE"}
STORES_COUNTED = {b"ZUNIONSTORE", b"ZINTERSTORE", b"ZDIFFSTORE"}  # numkeys and keys follow the key
KEY_IS_SECOND = {b"LMPOP", b"ZMPOP", b"XGROUP"}
RELATIVE = {b"EXPIRE": (1000, b"PEXPIREAT"), b"PEXPIRE": (1, b"PEXPIREAT"),
            b"HEXPIRE": (1000, b"HPEXPIREAT"), b"HPEXPIRE": (1, b"HPEXPIREAT")}
# Redis 6.2 takes none of the options they have: Redis itself says so then.
OPTIONS_SINCE_7 = {b"EXPIRE", b"PEXPIRE", b"EXPIREAT", b"PEXPIREAT"}
WITHOUT_TTL = KEYS_ONLY | TWO_KEYS | {b"EXPIRE", b"PEXPIRE", b"EXPIREAT", b"PEXPIREAT", b"PERSIST",
                                      b"GETDEL", b"SETEX", b"PSETEX"}
REFUSED = {
    b"SPOP": "command-nondeterministic", b"VADD": "command-nondeterministic",
    b"FLUSHALL": "command-administrative",
    b"CONFIG": "command-administrative", b"SELECT": "command-administrative",
    b"BLPOP": "command-blocking", b"EVAL": "command-scripting",
    b"GET": "command-not-a-write", b"HGETALL": "command-not-a-write",
    b"XREADGROUP": "command-nondeterministic", b"NOSUCHCOMMAND": "command-unknown",
}


def _commands(operation, record, arity, keys):
    """`keys`: those of the envelope, which takes the operation's in; None: it is in none."""
    name = operation.command
    if operation.key.startswith(RESERVED):
        raise Refused("key-reserved")
    if name in REFUSED:
        raise Refused(REFUSED[name])
    if name.decode() not in arity:
        raise Refused("command-unsupported")
    words = [name, operation.key, *operation.args]
    wanted = arity[name.decode()]
    too_many = wanted > 0 and len(words) > wanted and name not in OPTIONS_SINCE_7
    if too_many or len(words) < abs(wanted):
        raise Refused("wrong-arguments-count")
    _check_keys(operation, keys)
    if operation.ttl_ms is not None and name in WITHOUT_TTL:
        raise Refused("ttl-not-allowed")
    rewritten = _rewrite(operation, record)
    if operation.ttl_ms is None:
        return [rewritten]
    deadline = _deadline(record, operation.ttl_ms)
    if name == b"SET":
        if any(a.upper() in (b"EX", b"PX", b"EXAT", b"PXAT", b"KEEPTTL")
               for a in operation.args[1:]):
            raise Refused("ttl-not-allowed")
        return [[*rewritten, b"PXAT", deadline]]
    return [rewritten, [b"PEXPIREAT", operation.key, deadline]]


def _check_keys(operation, keys):
    others = []
    if operation.command in KEYS_ONLY:
        others = operation.args
    elif operation.command in TWO_KEYS:
        others = operation.args[:1]
    elif operation.command == b"MSET":
        others = operation.args[1::2]
    elif operation.command == b"SORT":
        others = [b for a, b in zip(operation.args, operation.args[1:]) if a.upper() == b"STORE"]
    elif operation.command in STORES_COUNTED:
        others = operation.args[1:1 + _integer(operation.args[0])]
    if any(other.startswith(RESERVED) for other in others):
        raise Refused("key-reserved")
    if keys is None and any(other != operation.key for other in others):
        raise Refused("keys-cross-partition")
    if keys is not None:
        keys += [k for k in dict.fromkeys([operation.key, *others]) if k not in keys]


def _rewrite(operation, record):
    name, key, args = operation.command, operation.key, operation.args
    if name in PLAIN | KEYS_ONLY | TWO_KEYS | STORES_COUNTED or name == b"MSET":
        return [name, key, *args]
    if name == b"SORT":
        return [name, key, *args]
    if name == b"RESTORE":
        if _integer(args[0]) == 0 or b"ABSTTL" in map(bytes.upper, args[2:]):
            return [name, key, *args]
        return [name, key, _deadline(record, _integer(args[0])), *args[1:], b"ABSTTL"]
    if name in RELATIVE:
        unit, absolute = RELATIVE[name]
        return [absolute, key, _deadline(record, _integer(args[0]) * unit), *args[1:]]
    if name in (b"SETEX", b"PSETEX"):
        after = _integer(args[0]) * (1000 if name == b"SETEX" else 1)
        return [b"SET", key, args[1], b"PXAT", _deadline(record, after)]
    if name == b"SET":
        return [b"SET", key, *_absolute_options(args, record, first=1)]
    if name in (b"GETEX", b"HGETEX", b"HSETEX"):
        return [name, key, *_absolute_options(args, record, first=0)]
    if name in KEY_IS_SECOND:
        return [name, args[0], key, *args[1:]]
    if name == b"XADD":
        return [b"XADD", key, *_stream_id(args, record)]
    raise AssertionError(f"the oracle does not know {name.decode()}: teach it")


def _absolute_options(args, record, first):
    done = list(args)
    for i in range(first, len(args) - 1):
        unit = {b"EX": 1000, b"PX": 1}.get(args[i].upper())
        if unit:
            done[i] = b"PXAT"
            done[i + 1] = _deadline(record, _integer(args[i + 1]) * unit)
            break
    return done


def _stream_id(args, record):
    """`*` and `<ms>-*` become ids that are the same each time the record is applied."""
    at = 0
    while at < len(args):
        word = args[at].upper()
        if word == b"NOMKSTREAM":
            at += 1
        elif word in (b"MAXLEN", b"MINID"):
            at += 3 if args[at + 1] in (b"=", b"~") else 2
        elif word == b"LIMIT":
            at += 2
        else:
            break
    given, done = args[at], list(args)
    if given == b"*":
        done[at] = b"%d-%d" % (record.timestamp, record.offset)
    elif given.endswith(b"-*"):
        done[at] = given[:-1] + b"%d" % record.offset
    return done


def _integer(text):
    try:
        return int(text)
    except ValueError:
        raise Refused("bad-argument") from None


def _deadline(record, after_ms):
    deadline = record.timestamp + after_ms
    if abs(deadline) > INT64_MAX:
        raise Refused("bad-argument")
    return b"%d" % deadline
