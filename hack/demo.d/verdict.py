"""Whether Redis is the fold of the log: what the records say, found without the applier's code."""

import collections
import dataclasses

from lab import oracle
from stage import TOPIC

SHOWN = 5
PLURALS = {"string": "strings", "hash": "hashes", "list": "lists", "set": "sets",
           "zset": "sorted sets", "stream": "streams"}


@dataclasses.dataclass
class Verdict:
    records: int
    keys: int
    kinds: dict  # how many keys of each type
    expiring: int
    rejected: dict  # how many records of each reason
    differences: list

    @property
    def equal(self):
        return not self.differences


def judge(stage, primary):
    records, letters = stage.topic.read(), stage.dead_letters.read()
    folded = oracle.Oracle(stage.start_scratch()).fold(records)
    with primary.client(protocol=2) as client:
        differences = oracle.differences(folded.state, oracle.snapshot(client))
    try:
        oracle.assert_dead_letters(folded, TOPIC, letters, records, crashed=True)
    except AssertionError as error:
        differences.append(f"dead letters: {error}")
    if len(records) != stage.topic.written:
        differences.append(f"the log holds {len(records)} records, {stage.topic.written} were "
                           "acknowledged to the writer")
    entries = folded.state.values()
    return Verdict(
        len(records), len(entries), collections.Counter(kind.decode() for kind, _, _ in entries),
        sum(expiry is not None for _, _, expiry in entries),
        collections.Counter(folded.rejected.values()), differences)


def report(v, lacking, reapplied):
    """For people: what was compared, and the verdict last."""
    kinds = ", ".join(f"{n} {PLURALS[kind]}" for kind, n in sorted(v.kinds.items()))
    rows = [
        ("in the log", f"{v.records} records"),
        ("their fold", f"{v.keys} keys, {v.expiring} of them with an expiry:"),
        ("", kinds),
        ("refused", f"{sum(v.rejected.values())} records, all in the dead-letter topic:"),
        *(("", f"{n} {reason}") for reason, n in sorted(v.rejected.items())),
        ("failover", f"the promoted replica lacked {lacking} acknowledged records;"),
        ("", f"the applier counts {reapplied} that it applied again"),
    ]
    if v.equal:
        rows.append(("Redis", "has them all back: all keys, their values and expiries are equal"))
        verdict = "EQUAL: Redis is the fold of the log, key for key."
    else:
        verdict = "\n  ".join([f"NOT EQUAL, {len(v.differences)} differences:",
                               *v.differences[:SHOWN]])
    return "\n".join(["", *(f"  {name:<13} {text}" for name, text in rows), "", verdict])
