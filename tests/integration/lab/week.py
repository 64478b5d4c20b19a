"""A log that was written over days: keys that live by being renewed, that end between two writes, and
that are written again once they have ended."""

import random

from .workload import encode

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3600_000, 86400_000
QUIET = 5 * MINUTE  # between the log's end and now: nothing ends while a test looks at it


def _ttl(r):
    return r.choice([20, 45, 60, 90, 120, 600]) * SECOND


def _long(r):
    return r.choice([_ttl(r), 2 * HOUR, 3 * DAY, 40 * DAY])


def _seconds(ms):
    return ms // 1000


# By kind of key, each (command, args, fields of the record) of (random, the record's time).
KINDS = {
    "session": [
        lambda r, t: ("SET", [f"s{t}", "EX", _seconds(_ttl(r))], {}),
        lambda r, t: ("EXPIRE", [_seconds(_ttl(r))], {}),
        lambda r, t: ("EXPIRE", [_seconds(_ttl(r))], {}),
        lambda r, t: ("PEXPIRE", [_ttl(r)], {}),
        lambda r, t: ("APPEND", ["+"], {}),
        lambda r, t: ("SET", [f"k{t}", "KEEPTTL"], {}),
        lambda r, t: ("SETNX", [f"new{t}"], {"ttlMs": _ttl(r)}),
        lambda r, t: ("SET", [f"x{t}", "XX", "PX", _ttl(r)], {}),
        lambda r, t: ("PERSIST", [], {}),
        lambda r, t: ("SETEX", [_seconds(_long(r)), f"e{t}"], {}),
        lambda r, t: ("GETEX", ["PX", _ttl(r)], {}),
        lambda r, t: ("DEL", [], {}),
    ],
    "counter": [
        lambda r, t: ("INCR", [], {}), lambda r, t: ("INCR", [], {}),
        lambda r, t: ("INCRBY", [5], {"ttlMs": _ttl(r)}),
        lambda r, t: ("EXPIRE", [_seconds(_ttl(r))], {}),
        lambda r, t: ("PEXPIREAT", [t + _long(r)], {}),
        lambda r, t: ("EXPIREAT", [_seconds(t + _ttl(r))], {}),
        lambda r, t: ("PEXPIRE", [0], {}),
        lambda r, t: ("GETDEL", [], {}),
    ],
    "compared": [
        lambda r, t: ("SET", [f"c{t}"], {}),
        lambda r, t: ("SET", [f"c{t}"], {"ttlMs": _long(r)}),
        lambda r, t: ("EXPIRE", [_seconds(_ttl(r)), "GT"], {}),
        lambda r, t: ("PEXPIRE", [_long(r), "LT"], {}),
        lambda r, t: ("EXPIRE", [_seconds(_ttl(r)), "NX"], {}),
        lambda r, t: ("PEXPIREAT", [t + _ttl(r), "XX"], {}),
        lambda r, t: ("APPEND", ["."], {}),
    ],
    "typed": [  # whether the key has ended decides whether the type is wrong
        lambda r, t: ("RPUSH", [f"l{t}"], {"ttlMs": _ttl(r)}),
        lambda r, t: ("SADD", [f"m{t % 7}"], {"ttlMs": _ttl(r)}),
        lambda r, t: ("ZINCRBY", [2, f"m{t % 5}"], {"ttlMs": _ttl(r)}),
        lambda r, t: ("XADD", ["*", "at", t], {"ttlMs": _ttl(r)}),
        lambda r, t: ("LPOP", [], {}), lambda r, t: ("EXPIRE", [_seconds(_ttl(r))], {}),
    ],
    "hash": [
        lambda r, t: ("HSET", [f"f{r.randrange(4)}", t], {}),
        lambda r, t: ("HINCRBY", [f"n{r.randrange(2)}", 3], {}),
        lambda r, t: ("HSET", ["g", t], {"ttlMs": _long(r)}),
        lambda r, t: ("HDEL", [f"f{r.randrange(4)}"], {}),
        lambda r, t: ("HSETNX", [f"f{r.randrange(4)}", f"nx{t}"], {}),
    ],
    "fields": [
        lambda r, t: ("HSET", [f"f{r.randrange(3)}", t, "n0", 1], {}),
        lambda r, t: ("HINCRBY", [f"n{r.randrange(2)}", 3], {}),
        lambda r, t: ("HEXPIRE", [_seconds(_ttl(r)), "FIELDS", 2, f"f{r.randrange(3)}", "n0"], {}),
        lambda r, t: ("HEXPIRE", [_seconds(_ttl(r)), "FIELDS", 1, f"n{r.randrange(2)}"], {}),
        lambda r, t: ("HPEXPIRE", [_ttl(r), "NX", "FIELDS", 1, f"f{r.randrange(3)}"], {}),
        lambda r, t: ("HPEXPIRE", [_long(r), "GT", "FIELDS", 1, f"f{r.randrange(3)}"], {}),
        lambda r, t: ("HPEXPIREAT", [t + _long(r), "FIELDS", 1, f"f{r.randrange(3)}"], {}),
        lambda r, t: ("HPERSIST", ["FIELDS", 1, f"f{r.randrange(3)}"], {}),
        lambda r, t: ("HSETEX", ["FNX", "EX", _seconds(_ttl(r)), "FIELDS", 1, f"f{r.randrange(3)}",
                                 f"x{t}"], {}),
        lambda r, t: ("HGETEX", ["PX", _ttl(r), "FIELDS", 1, f"f{r.randrange(3)}"], {}),
        lambda r, t: ("HGETDEL", ["FIELDS", 1, f"f{r.randrange(3)}"], {}),
        lambda r, t: ("HSETNX", [f"f{r.randrange(3)}", f"nx{t}"], {}),
        lambda r, t: ("EXPIRE", [_seconds(_ttl(r))], {}), lambda r, t: ("PERSIST", [], {}),
    ],
}


def week(seed, n, now, kinds=tuple(KINDS), keys=4):
    """n records as (key, value, timestamp), the last at about now - QUIET."""
    r = random.Random(seed)
    steps = [_step(r) for _ in range(n)]
    at = now - QUIET - sum(steps)
    for step in steps:
        at += step
        kind = r.choice(kinds)
        command, args, fields = r.choice(KINDS[kind])(r, at)
        timestamp = at - r.randrange(5 * SECOND) if r.random() < 0.05 else at  # not quite in order
        yield f"{kind}:{r.randrange(keys)}".encode(), encode(command, args, **fields), timestamp


def _step(r):
    """Milliseconds to the next record: mostly a few, now and then a night."""
    dice = r.random()
    if dice < 0.7:
        return r.randrange(1, 8 * SECOND)
    if dice < 0.99:
        return r.randrange(8 * SECOND, 60 * SECOND)
    return r.randrange(HOUR, 6 * HOUR)
