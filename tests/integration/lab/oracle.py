"""The independent fold: what Redis must hold after these records, found by a scratch redis-server.

Records are applied one by one, in partition order, by the rules of `record_rules`. Nothing of the
applier is used.
"""

import collections
import dataclasses

import redis

from .partitioners import MURMUR2
from .record_formats import NotDecodable, as_json
from .quarantine import Quarantine
from .recent_ids import WINDOW_SECONDS, RecentIds
from .record_rules import Refused, interpret, is_retry, keys_of
from .scripts import OWN_ERROR

EXPIRY_TOLERANCE_MS = 50
SHOWN = 10
REPEATED = object()


@dataclasses.dataclass
class Folded:
    """`rejected`: reason by (partition, offset). `repeated`: where an id was there before.
    `state`: by key, its type, content and expiry. `held`: by partition, the quarantined keys."""

    rejected: dict
    repeated: set
    state: dict
    records: int
    held: dict


class Oracle:
    def __init__(self, scratch):
        """`scratch`: a RedisServer of the same kind as the real one, for the oracle alone."""
        self._client = scratch.client(single_connection_client=True)
        self._arity = {name.upper(): info["arity"] for name, info in self._client.command().items()}

    def fold(self, records, window_seconds=WINDOW_SECONDS, log_time=None, quarantine=False,
             unknown=(), **rules):
        """`log_time`: tells our server the time of each record, instead of the time it is.
        `quarantine`: as with --on-reject quarantine-key; `unknown`: where, as (partition, offset),
        nobody knew what became of a record. `rules`: those of apply()."""
        self._client.flushall()
        rejected, repeated = {}, set()
        ids = collections.defaultdict(lambda: RecentIds(window_seconds))
        held = collections.defaultdict(Quarantine)
        for record in records:
            if log_time is not None:
                log_time.reach(record)
            where = record.partition, record.offset
            reason = self.apply(self._client, record, ids=ids[record.partition],
                                held=held[record.partition] if quarantine else None,
                                unknown=where in unknown, **rules)
            if reason is REPEATED:
                repeated.add(where)
            elif reason is not None:
                rejected[where] = reason
        if log_time is not None:
            log_time.end()
        return Folded(rejected, repeated, snapshot(self._client), len(records),
                      {p: q.held for p, q in held.items()})

    def apply(self, client, record, max_bytes=None, lacking=(), ids=None, partitions=None,
              partitioner=MURMUR2, scripts=None, schema_of=None, held=None, unknown=False):
        """One record, as it is meant. The reason when it is rejected, REPEATED when its id was
        there before, else None.

        `lacking`: commands that the real server does not have, though ours does. `partitions`: of
        the topic, to which the keys of an envelope are held; None: they may be in any.
        `scripts`: text by name of those that are registered. `schema_of`: the registry's schemas,
        by id. `held`: the partition's Quarantine."""
        try:
            if max_bytes is not None and len(record.value or b"") > max_bytes:
                raise Refused("too-large")
            record = dataclasses.replace(record, value=as_json(record.value, schema_of))
            arity = {name: n for name, n in self._arity.items() if name not in lacking} \
                if lacking else self._arity
            commands = interpret(record, arity, max_bytes,
                                 partitions and (lambda key: partitioner(key, partitions)), scripts)
        except (NotDecodable, Refused) as refused:
            if held is not None and not is_retry(record):
                held.park(record, keys_of(record))
            return refused.reason
        if ids is not None and ids.repeats(record):
            return REPEATED
        if held is None:
            return _run(client, commands)
        return _run_unless_held(client, record, commands, held, unknown)


def _run_unless_held(client, record, commands, held, unknown):
    if commands.release:
        held.release(commands.keys[0], *commands.release)
        return None
    if commands.claims and not held.admits(commands.keys, commands.claims):
        return None
    if not commands.claims and not held.passes(commands.keys):
        held.park(record, commands.keys)
        return "key-quarantined"
    reason = _run(client, commands)
    if commands.claims and reason is None and not unknown:
        held.retried(commands.claims)
    elif not commands.claims and (reason is not None or unknown):
        held.park(record, commands.keys)
    return reason


def _run(client, commands):
    before = []
    try:
        if len(commands) > 1 or (commands and commands[0][0] == b"EVAL"):
            before = [(key, client.dump(key), ends)
                      for key, ends in zip(commands.keys, _expiries(client, commands.keys))]
        for words in commands:
            client.execute_command(*words)
    except redis.exceptions.ResponseError as error:
        _put_back(client, before)
        if OWN_ERROR in str(error):
            return "script-failed"
        wrong_type = "WRONGTYPE" in str(error)
        return "redis-wrongtype" if wrong_type else "redis-error"
    return None


def _put_back(client, before):
    for key, content, ends in before:
        client.delete(key)
        if content is not None:
            client.restore(key, max(ends, 0), content, absttl=True)


def snapshot(client):
    """Everything a Redis holds but redwal's own keys: key -> (type, content, expiry or None)."""
    commands = {name.upper() for name in client.command()}
    field_expiries = _field_expiries if "HPEXPIRETIME" in commands else lambda *_: {}
    keys = sorted(k for k in client.scan_iter(count=5000) if not k.startswith(b"redwal:"))
    state = {}
    for some in (keys[i:i + 1000] for i in range(0, len(keys), 1000)):
        types = _pipelined(client, (("TYPE", k) for k in some))
        contents = _pipelined(client, (_content_command(t, k) for t, k in zip(types, some)))
        for key, kind, expiry, content in zip(some, types, _expiries(client, some), contents):
            kind = kind if isinstance(kind, bytes) else kind.encode()
            if kind == b"hash":
                if not content:  # all its fields have ended, and it is about to go
                    continue
                content = content, field_expiries(client, key, content)
            elif kind == b"stream":
                content = content, _groups(client, key)
            state[key] = (kind, _comparable(kind, content), None if expiry < 0 else expiry)
    return state


def _expiries(client, keys):
    try:
        return _pipelined(client, (("PEXPIRETIME", k) for k in keys))
    except redis.exceptions.ResponseError:  # it has no such command
        return _expiries_from_ttls(client, keys)


def _expiries_from_ttls(client, keys):
    """Each ttl beside the server's clock."""
    answers = _pipelined(client, (words for k in keys for words in (("TIME",), ("PTTL", k))))
    return [ttl if ttl < 0 else seconds * 1000 + micros // 1000 + ttl
            for (seconds, micros), ttl in zip(answers[::2], answers[1::2])]


def _field_expiries(client, key, fields):
    """By field, of those that have one."""
    answers = client.execute_command("HPEXPIRETIME", key, "FIELDS", len(fields), *fields)
    return {field: at for field, at in zip(fields, answers) if at >= 0}


def _groups(client, key):
    return [(group["name"], group["last-delivered-id"]) for group in client.xinfo_groups(key)]


def _pipelined(client, commands):
    pipeline = client.pipeline(transaction=False)
    for command in commands:
        pipeline.execute_command(*command)
    return pipeline.execute()


def _content_command(kind, key):
    kind = kind if isinstance(kind, bytes) else kind.encode()
    return {
        b"string": ("GET", key), b"list": ("LRANGE", key, 0, -1), b"set": ("SMEMBERS", key),
        b"hash": ("HGETALL", key), b"zset": ("ZRANGE", key, 0, -1, "WITHSCORES"),
        b"stream": ("XRANGE", key, "-", "+"),
    }[kind]


def _comparable(kind, content):
    if kind == b"set":
        return frozenset(content)
    return content


def differences(expected, actual):
    """What is wrong with `actual`, in words; empty when it equals the fold."""
    found = []
    for key in sorted(expected.keys() | actual.keys()):
        want, have = expected.get(key), actual.get(key)
        if want is None or have is None:
            found.append(f"{key!r}: expected {_short(want)}, found {_short(have)}")
        elif want[:2] != have[:2]:
            found.append(f"{key!r}: expected {_short(want)}, found {_short(have)}")
        elif (want[2] is None) != (have[2] is None) or \
                (want[2] is not None and abs(want[2] - have[2]) > EXPIRY_TOLERANCE_MS):
            found.append(f"{key!r}: expected to expire at {want[2]}, found {have[2]}")
    return found


def _short(entry):
    if entry is None:
        return "nothing"
    text = f"{entry[0].decode()} {entry[1]!r}"
    return text if len(text) < 120 else text[:120] + "..."


def assert_equal(folded, client):
    """Redis equals the fold, key for key."""
    found = differences(folded.state, snapshot(client))
    assert not found, f"Redis is not the fold of {folded.records} records, {len(found)} keys " \
        "differ:\n" + "\n".join(found[:SHOWN])


def assert_dead_letters(folded, topic_name, letters, records, crashed=False, calm=False):
    """Every rejected record has a dead letter that carries it and says why, and nothing else has.

    `crashed`: the applier died, lost Redis or handed partitions over, so a letter whose answer was
    lost may say `outcome-unknown`, also for a record that was applied. `calm`: nothing happened
    that makes the applier read records again, so no letter may be there twice."""
    originals = {(r.partition, r.offset): r for r in records}
    reasons = collections.defaultdict(list)
    for letter in letters:
        if "redwal-resolution" in letter.headers:  # no letter: what was decided about one
            continue
        where = (int(letter.headers["redwal-source-partition"]),
                 int(letter.headers["redwal-source-offset"]))
        original = originals[where]
        assert letter.headers["redwal-source-topic"] == topic_name.encode()
        assert int(letter.headers["redwal-source-timestamp"]) == original.timestamp
        assert (letter.key, letter.value) == (original.key, original.value), f"{where} was changed"
        assert original.headers.items() <= letter.headers.items(), f"{where} lost a header"
        reasons[where].append(letter.headers["redwal-reason"].decode())
    lost = {w: r for w, r in folded.rejected.items() if w not in reasons}
    assert not lost, \
        f"{len(lost)} rejected records have no dead letter: {list(lost.items())[:SHOWN]}"
    for where, said in reasons.items():
        allowed = {folded.rejected.get(where)} | ({"outcome-unknown"} if crashed else set())
        if crashed and folded.rejected.get(where) == "redis-error":
            allowed.add("redis-wrongtype")  # all that the key's type tells afterwards
        assert set(said) <= allowed, \
            f"{where}: dead letter says {said}, expected {folded.rejected.get(where)}"
        assert not calm or len(said) == 1, f"{where}: {len(said)} dead letters"
