"""Quarantined keys, written from docs/adr/0008-quarantine.md: what must be held back, and what an
operator does about it."""

import dataclasses
import json

import xxhash

from .record_rules import is_retry, keys_of

NULL_LENGTH = 2**64 - 1


def digest(record):
    """As docs/record-format.md has it."""
    so_far = 0
    for part in (record.key, record.value):
        seed = so_far ^ (NULL_LENGTH if part is None else len(part))
        so_far = xxhash.xxh3_64_intdigest(part or b"", seed)
    return f"{so_far:016x}"


@dataclasses.dataclass
class Held:
    token: str
    first: int
    last: int
    parked: int = 1
    retried: int = 0


class Quarantine:
    """One partition's keys, its records being judged in order."""

    def __init__(self):
        self.held = {}

    def park(self, record, keys):
        for key in keys:
            held = self.held.get(key)
            if held is None:
                self.held[key] = Held(digest(record), record.offset, record.offset)
            else:
                held.last, held.parked = record.offset, held.parked + 1

    def passes(self, keys):
        return not any(key in self.held for key in keys)

    def admits(self, keys, claims):
        """`claims`: (key, token, number)."""
        for key, token, number in claims:
            held = self.held.get(key)
            if held is None or (held.token, held.retried + 1) != (token, number) or \
                    number > held.parked:
                return False
        claimed = {key for key, *_ in claims}
        return all(key in claimed for key in keys if key in self.held)

    def retried(self, claims):
        for key, *_ in claims:
            self.held[key].retried += 1

    def release(self, key, token, parked, retried):
        held = self.held.get(key)
        if held and (held.token, held.parked, held.retried) == (token, parked, retried):
            del self.held[key]


# --- the operator ---------------------------------------------------------------------------------

def held_in(client, wal, partition):
    """What Redis says: key -> Held."""
    fields = client.hgetall(f"redwal:{{{wal}}}:q:{partition}")
    fields.pop(b"redwal:since", None)
    found = {}
    for key, value in fields.items():
        token, first, last, parked, retried, _ = value.decode().split(" ")
        found[key] = Held(token, int(first), int(last), int(parked), int(retried))
    return found


def held_back(letters, partition, key, held):
    """The dead letters of the key that count, in order: (offset, message key, value)."""
    found = {}
    for letter in letters:
        offset = int(letter.headers["redwal-source-offset"])
        if int(letter.headers["redwal-source-partition"]) == partition and \
                held.first <= offset <= held.last and key in keys_of(letter) and \
                not is_retry(letter):
            found[offset] = letter.key, letter.value
    return [(offset, *found[offset]) for offset in sorted(found)]


def retry(topic, letters, partition, key, held, repair=lambda value: value, release_too=True):
    """Writes what was held back again, and the release. `repair`: value -> value."""
    records = held_back(letters, partition, key, held)
    assert len(records) == held.parked, f"{len(records)} dead letters of {key!r}, parked: {held}"
    for number, (_, message_key, value) in enumerate(records, start=1):
        if number <= held.retried:
            continue
        fields = json.loads(repair(value))
        fields.update(v=1, retry=[{"key": key.decode(), "quarantine": held.token,
                                   "number": number}])
        fields.pop("id", None)
        topic.write(json.dumps(fields).encode(), message_key, partition=partition)
    if release_too:
        release(topic, partition, key, held, held.parked)


def skip(topic, partition, key, held, number, message_key=None):
    """Gives the number-th record up, so that the next one is due."""
    value = {"v": 1, "skip": True,
             "retry": [{"key": key.decode(), "quarantine": held.token, "number": number}]}
    topic.write(json.dumps(value).encode(), message_key or key, partition=partition)


def release(topic, partition, key, held, retried=None):
    """`retried`: as it is when nobody retries, which gives the rest up."""
    value = {"v": 1, "release": {"quarantine": held.token, "parked": held.parked,
                                 "retried": held.retried if retried is None else retried}}
    topic.write(json.dumps(value).encode(), key, partition=partition)
