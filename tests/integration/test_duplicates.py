"""Records that are in the log twice: applied once, whoever applies them and wherever."""

import random
import threading

import pytest

from conftest import PATIENT
from lab.wait import await_
from lab.workload import RepeatingWorkload, encode

HOUR_MS = 3600_000
ID_BYTES = 16


def write(topic, seed, n):
    RepeatingWorkload(seed).write(topic, n)
    topic.flush()


def write_counts(topic, n, first=0, timestamp=None, partition=0):
    """One INCR each, under the ids `first` and up."""
    for i in range(first, first + n):
        topic.write(encode("INCR", id=f"count {i}"), b"counter", partition=partition,
                    timestamp=timestamp)
    topic.flush()


def stored_bytes(server, wal):
    with server.client() as client:
        return sum(client.strlen(k) for k in client.scan_iter(f"redwal:{{{wal}}}:i:*:*"))


class Writer:
    """Writes in small portions until told to stop."""

    def __init__(self, topic, seed):
        self._topic, self._workload = topic, RepeatingWorkload(seed, rejects=0.05)
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self._enough.wait(0.05):
            self._workload.write(self._topic, 100)
            self._topic.flush()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._enough.set()
        self._thread.join()


def await_progress(lab, topic, server, records):
    def applied():
        with server.client() as client:
            return sum(at[0] for at in lab.positions(topic, client).values() if at)
    wanted = applied() + records
    await_(lambda: applied() >= wanted, 60,
           lambda: f"{records} more records are applied\n" + lab.appliers[-1].process.tail())


def test_a_run_that_a_mirror_repeats_is_skipped(lab):
    """What MirrorMaker does after a crash without exactly-once: new offsets, old timestamps."""
    lab.calm = True
    topic, server = lab.topic(), lab.redis()
    applier = lab.applier(topic, server).start()
    write(topic, 1, 1000)
    for record in topic.read():
        topic.write(record.value, record.key, partition=record.partition,
                    timestamp=record.timestamp)
    topic.flush()
    folded = lab.check(topic, server)
    assert len(folded.repeated) >= 900
    await_(lambda: applier.metric("duplicates_total") == len(folded.repeated), 60, "all are counted")


def test_across_crashes(lab):
    lab.crashed = True
    topic, server, chance = lab.topic(), lab.redis(), random.Random(1)
    applier = lab.applier(topic, server)
    with Writer(topic, 2):
        for _ in range(5):
            applier.start()
            await_progress(lab, topic, server, chance.randrange(1, 300))
            applier.kill()
    applier.start()
    assert lab.check(topic, server).repeated


def test_across_hand_overs(lab):
    lab.crashed = True  # the new owner may begin before the old one wrote its outcomes down
    topic, server = lab.topic(partitions=4), lab.redis()
    appliers = [lab.applier(topic, server) for _ in range(3)]
    with Writer(topic, 3):
        for applier in appliers:
            applier.start()
            await_progress(lab, topic, server, 300)
        for applier in appliers[:2]:
            assert applier.stop() == 0
            await_progress(lab, topic, server, 300)
    assert lab.check(topic, server).repeated


def test_across_a_failover_that_goes_back(lab):
    lab.crashed = True
    topic, failover = lab.topic(), lab.failover()
    applier = lab.applier(topic, failover, session_timeout=PATIENT).start().await_ready()
    write(topic, 4, 500)
    old = failover.primary()
    lab.await_applied(topic, old)
    failover.lose_what_follows(old)
    write(topic, 5, 1000)
    lab.await_applied(topic, old)
    old.kill()
    new = failover.await_primary_other_than(old)
    write(topic, 5, 1000)  # all of it once more, over what is applied again
    folded = lab.check(topic, new)
    assert len(folded.repeated) >= 900
    assert applier.metric("rewinds_total") >= 1


@pytest.mark.parametrize("window, later_ms, counted", [
    ("1h", HOUR_MS - 1000, 10), ("1h", HOUR_MS, 20), ("2s", 1000, 10), ("2s", 2000, 20),
    ("0s", 0, 20)])
def test_the_window_is_one_of_log_time(lab, window, later_ms, counted):
    topic, server = lab.topic(partitions=1, retention_ms=-1), lab.redis()
    lab.applier(topic, server, idempotency_window=window).start()
    for at in (1_700_000_000_000, 1_700_000_000_000 + later_ms):
        write_counts(topic, 10, timestamp=at)
    seconds = {"1h": 3600, "2s": 2, "0s": 0}[window]
    lab.check(topic, server, window_seconds=seconds)
    with server.client() as client:
        assert int(client.get("counter")) == counted


def test_beyond_the_bound_the_oldest_are_given_up(lab):
    topic, server = lab.topic(partitions=1), lab.redis()
    applier = lab.applier(topic, server, idempotency_max_ids=1000, session_timeout=PATIENT).start()
    write_counts(topic, 20000)
    lab.await_applied(topic, server)
    write_counts(topic, 900, first=19100)
    lab.check(topic, server)  # the fold knows of no bound: the latest are all recognised
    await_(lambda: applier.metric("duplicates_total") == 900, 60, "they were skipped")
    assert applier.metric("ids_given_up_total") >= 19000
    assert applier.metric("remembered_ids") <= 1000
    assert stored_bytes(server, lab.wal) <= (1000 + 2 * 4096 + 1024) * ID_BYTES
    assert "--idempotency-max-ids" in applier.process.output()
    write_counts(topic, 100)
    lab.await_applied(topic, server)
    with server.client() as client:
        assert int(client.get("counter")) == 20100  # those are applied again


def test_ids_that_cannot_be_read_hold_their_partition(lab):
    topic, server = lab.topic(partitions=2), lab.redis()
    applier = lab.applier(topic, server).start()
    for partition in (0, 1):
        write_counts(topic, 10, partition=partition)
    lab.await_applied(topic, server)
    applier.stop()
    with server.client() as client:
        index = f"redwal:{{{lab.wal}}}:i:0"
        client.delete(f"{index}:0")
        applier.start()
        applier.await_held("ids-corrupt")
        client.delete(index)  # as docs/holds.md says
    write_counts(topic, 10, first=10)
    lab.check(topic, server)
