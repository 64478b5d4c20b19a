"""Who may write: crashes, hand-overs and appliers that wake up too late."""

import random
import threading

import pytest

from conftest import PATIENT
from lab.wait import await_
from lab.workload import Workload


class Writer:
    """Writes a workload in small portions until told to stop."""

    def __init__(self, topic, seed, portion=200):
        self._topic, self._workload, self._portion = topic, Workload(seed, rejects=0.05), portion
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self._enough.wait(0.05):
            self._workload.write(self._topic, self._portion)
            self._topic.flush()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._enough.set()
        self._thread.join()


def applied(lab, topic, server):
    with server.client() as client:
        return sum(at[0] for at in lab.positions(topic, client).values() if at)


def await_progress(lab, topic, server, records, seconds=60):
    wanted = applied(lab, topic, server) + records
    await_(lambda: applied(lab, topic, server) >= wanted, seconds,
           lambda: f"{records} more records are applied\n" + lab.appliers[-1].process.tail())


def owners(lab, applier):
    """Partitions by member, as the group's coordinator has them."""
    return lab.assignment(applier.options["group"])


def test_killed_again_and_again_under_load(lab):
    lab.crashed = True
    topic, server, chance = lab.topic(), lab.redis(), random.Random(1)
    applier = lab.applier(topic, server)
    with Writer(topic, 1):
        for _ in range(6):
            applier.start()
            await_progress(lab, topic, server, chance.randrange(1, 400))
            applier.kill()
    applier.start()
    lab.check(topic, server)


def test_terminated_again_and_again_under_load(lab):
    topic, server, chance = lab.topic(), lab.redis(), random.Random(2)
    applier = lab.applier(topic, server)
    with Writer(topic, 2):
        for _ in range(5):
            applier.start()
            await_progress(lab, topic, server, chance.randrange(1, 400))
            assert applier.stop() == 0
    applier.start()
    lab.check(topic, server)


def test_three_appliers_come_and_go(lab):
    lab.crashed = True
    topic, server, chance = lab.topic(partitions=6), lab.redis(), random.Random(3)
    appliers = [lab.applier(topic, server) for _ in range(3)]
    with Writer(topic, 3):
        for applier in appliers:
            applier.start()
        await_progress(lab, topic, server, 200)
        for _ in range(6):
            applier = chance.choice(appliers)
            if not applier.process.running():
                applier.start()
            elif chance.random() < 0.5:
                applier.kill()
            else:
                assert applier.stop() == 0
            await_progress(lab, topic, server, 50)
    for applier in appliers:
        if not applier.process.running():
            applier.start()
    lab.check(topic, server)
    for applier in appliers:
        applier.await_ready()


def test_a_zombie_writes_nothing(lab):
    lab.crashed = True
    topic, server = lab.topic(partitions=2), lab.redis()
    zombie, heir = lab.applier(topic, server), lab.applier(topic, server)
    with Writer(topic, 4, portion=600):
        zombie.start().await_ready()
        await_progress(lab, topic, server, 1000)
        for _ in range(2):
            zombie.pause()
            heir.start()
            await_progress(lab, topic, server, 2000)
            zombie.resume()
            await_progress(lab, topic, server, 1000)
            zombie, heir = heir, zombie
            heir.kill()
    lab.check(topic, server)
    zombie.await_ready()


def test_scaling_moves_only_what_must_move(lab):
    lab.crashed = True  # the new owner may begin before the old one wrote its outcomes down
    topic, server = lab.topic(partitions=6), lab.redis()
    appliers = [lab.applier(topic, server, session_timeout=PATIENT) for _ in range(3)]
    with Writer(topic, 5):
        for applier in appliers[:2]:
            applier.start()
        before = await_(lambda: balanced(owners(lab, appliers[0]), 2, 6), 60, "two share six")
        appliers[2].start()
        after = await_(lambda: balanced(owners(lab, appliers[0]), 3, 6), 60, "three share six")
        await_progress(lab, topic, server, 500)
    for member, partitions in before.items():
        assert after[member] < partitions, "an old member was given a partition it did not have"
    folded = lab.check(topic, server)
    assert folded.rejected


def balanced(owned, members, partitions):
    even = {member: parts for member, parts in owned.items() if len(parts) == partitions // members}
    return owned if len(even) == members == len(owned) else None


@pytest.mark.parametrize("written", [0, 200])
def test_a_spare_with_nothing_to_assign_is_ready(lab, written):
    topic, server = lab.topic(partitions=1), lab.redis()
    Workload(6).write(topic, written)
    topic.flush()
    for applier in (lab.applier(topic, server), lab.applier(topic, server)):
        applier.start().await_ready()
    lab.check(topic, server)
