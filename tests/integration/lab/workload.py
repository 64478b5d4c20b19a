"""Seeded mixes of operations that show every mistake: most are wrong when done twice or never."""

import base64
import json
import random
import time

HOUR_MS = 3600_000


def encode(command, args=(), key=None, **fields):
    """A record's value in JSON v1; bytes that are not UTF-8 become base64."""
    value = {"v": 1, "command": command, "args": [_word(a) for a in args], **fields}
    if key is not None:
        value["key"] = _word(key)
    return json.dumps({k: v for k, v in value.items() if v is not None}).encode()


def _word(word):
    if isinstance(word, bytes):
        try:
            return word.decode("utf-8")
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(word).decode()}
    return str(word)


class Workload:
    """`records(n)` yields (key, value, timestamp). The same seed gives the same operations."""

    def __init__(self, seed, keys=40, rejects=0.02, now_ms=None):
        self.random = random.Random(seed)
        self.keys, self.rejects, self.now_ms = keys, rejects, now_ms
        self.written = 0

    def records(self, n):
        for _ in range(n):
            self.written += 1
            make = self._rejected if self.random.random() < self.rejects else self._good
            key, value = make()
            yield key.encode(), value, self.now_ms

    def write(self, topic, n):
        for key, value, timestamp in self.records(n):
            topic.write(value, key, timestamp=timestamp)
        return self

    def _good(self):
        kind = self.random.choice(list(OPERATIONS))
        key = f"{kind}:{self.random.randrange(self.keys)}"
        command, args, fields = self.random.choice(OPERATIONS[kind])(self.random, self.written)
        if self.random.random() < 0.15:
            return key, _old_shape(command, args, fields)
        return key, encode(command, args, **fields)

    def _rejected(self):
        return f"string:{self.random.randrange(self.keys)}", self.random.choice([
            encode("LPUSH", ["wrong type"]),
            encode("HINCRBY", ["f", 1], ttl=7200),  # wrong type, and its ttl must not count
            encode("INCRBY", ["not a number"]),
            encode("SPOP"),
            encode("SET", ["x"], key="some other key"),
            b'{"v":1,"command":"SET","args":["x"]',
            b"",
        ])


class RepeatingWorkload(Workload):
    """Every record has an id, and runs of records come again with their old timestamps, as from a
    mirror that was not told how far it had come."""

    def __init__(self, seed, run_max=40, **options):
        super().__init__(seed, **options)
        self._run_max, self._latest = run_max, []

    def records(self, n):
        for key, value, timestamp in super().records(n):
            value = _with_id(value, f"{key.decode()} {self.written}")
            timestamp = timestamp or int(time.time() * 1000)
            self._latest = [*self._latest[1 - self._run_max:], (key, value, timestamp)]
            yield self._latest[-1]
            if self.random.random() < 0.02:
                yield from self._latest[-self.random.randrange(self._run_max):]


def _with_id(value, name):
    try:
        return json.dumps({**json.loads(value), "id": name}).encode()
    except ValueError:
        return value  # not JSON: a record to be rejected


def atomic(*operations, **fields):
    """A record's value of operations (key, command, args, and fields besides)."""
    return json.dumps({"v": 1, **fields, "atomic": [
        {"key": _word(key), "command": command, "args": [_word(a) for a in args],
         **(more[0] if more else {})}
        for key, command, args, *more in operations]}).encode()


def script_call(name, keys, args=(), **fields):
    """A record's value that calls a registered script."""
    return json.dumps({"v": 1, "script": name, "keys": [_word(k) for k in keys],
                       "args": [_word(a) for a in args], **fields}).encode()


class Atomics:
    """Seeded envelopes on `keys`, a list of keys for each partition: what a Workload writes, several
    at a time and on keys of any type, so that many are refused at any of their operations."""

    def __init__(self, seed, keys):
        self.random, self.keys, self.written = random.Random(seed), keys, 0

    def write(self, topic, n):
        for _ in range(n):
            self.written += 1
            keys = self.random.choice(self.keys)
            operations = [self._operation(keys) for _ in range(self.random.randrange(1, 5))]
            topic.write(atomic(*operations), operations[self.random.randrange(len(operations))][0])
        return self

    def _operation(self, keys):
        kind = self.random.choice(list(OPERATIONS))
        command, args, fields = self.random.choice(OPERATIONS[kind])(self.random, self.written)
        if self.random.random() < 0.1:  # so that no type stays for ever
            command, args, fields = "DEL", [], {}
        return self.random.choice(keys), command, args, fields


def _old_shape(command, args, fields):
    """Without `v`, ttl in seconds."""
    value = {"command": command, "args": [_word(a) for a in args]}
    if fields.get("ttlMs"):
        value["ttl"] = fields["ttlMs"] // 1000
    elif fields.get("ttl"):
        value["ttl"] = fields["ttl"]
    return json.dumps(value).encode()


def _far(r):
    """A time to live that does not end while a test runs."""
    return r.randrange(2 * HOUR_MS, 48 * HOUR_MS) // 1000 * 1000


def _op(command, *args, **fields):
    """Arguments and fields may be functions of (random, number of the record)."""
    def make(r, n):
        def value(a):
            return a(r, n) if callable(a) else a
        return command, [value(a) for a in args], {k: value(v) for k, v in fields.items()}
    return make


def _word_of(r, n):
    return f"w{n}"


def _small(r, n):
    return r.randrange(-9, 10)


def _field(r, n):
    return f"f{r.randrange(6)}"


def _binary(r, n):
    return r.randbytes(8)


def _ttl(r, n):
    return _far(r)


def _seconds(r, n):
    return _far(r) // 1000


OPERATIONS = {
    "string": [
        _op("APPEND", _word_of), _op("APPEND", _binary), _op("APPEND", _word_of, ttlMs=_ttl),
        _op("SETRANGE", lambda r, n: r.randrange(30), _word_of), _op("SET", _word_of),
        _op("SET", _word_of, ttl=_seconds), _op("SET", _word_of, "KEEPTTL"),
        _op("SET", _word_of, "EX", _seconds), _op("SETEX", _seconds, _word_of),
        _op("EXPIRE", _seconds), _op("PEXPIRE", _ttl, "GT"), _op("PERSIST"), _op("DEL"),
        _op("GETDEL"), _op("GETEX", "PX", _ttl),
    ],
    "counter": [
        _op("INCR"), _op("INCRBY", _small), _op("DECR"), _op("INCR", ttlMs=_ttl),
        _op("INCRBY", _small), _op("DECRBY", _small),
    ],
    "list": [
        _op("RPUSH", _word_of), _op("LPUSH", _word_of, _word_of), _op("LPOP"), _op("RPOP"),
        _op("LPUSH", _binary), _op("LTRIM", 0, 50), _op("LREM", 0, _word_of),
        _op("RPUSH", _word_of, ttlMs=_ttl),
    ],
    "hash": [
        _op("HINCRBY", _field, _small), _op("HSET", _field, _small), _op("HDEL", _field),
        _op("HSETNX", _field, 7), _op("HINCRBY", _field, 1, ttl=_seconds),
    ],
    "set": [_op("SADD", _field, _word_of), _op("SREM", _field), _op("SADD", _field, ttlMs=_ttl)],
    "zset": [
        _op("ZINCRBY", _small, _field), _op("ZADD", _small, _field), _op("ZREM", _field),
        _op("ZPOPMIN"), _op("ZADD", "XX", "INCR", 1, _field),
    ],
    "stream": [
        _op("XADD", "*", "n", _word_of), _op("XADD", "MAXLEN", "=", 20, "*", "n", _word_of),
        _op("XTRIM", "MAXLEN", "=", 10),
    ],
}
