"""Records that come, and whether the primary of a RedisFailover is the fold of them."""

import concurrent.futures
import contextlib
import threading

from lab import oracle
from lab.applier import position
from lab.wait import await_
from lab.workload import Workload

WAL = "orders"
SOME, EACH_SECONDS = 10, 0.1


def write(topic, seed, n=500):
    Workload(seed).write(topic, n)
    topic.flush()


@contextlib.contextmanager
def repeating(write):
    """`write` is called all the while. What it raises is raised at the end."""
    over = threading.Event()

    def run():
        while not over.wait(EACH_SECONDS):
            write()
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        done = thread.submit(run)
        try:
            yield
        finally:
            over.set()
    done.result()


@contextlib.contextmanager
def writing(topic, seed):
    """Records come all the while."""
    workload = Workload(seed)
    with repeating(lambda: workload.write(topic, SOME)):
        yield
    topic.flush()


def await_applied(failover, topic, seconds=120, pod=None):
    """Every record of the log is applied and settled in the primary, or in this pod. Returns the
    records."""
    records = topic.read()
    ends = {r.partition: r.offset + 1 for r in records}

    def behind():
        try:
            with failover.client(pod, socket_timeout=2) as client:
                at = {p: position(client, WAL, p) for p in ends}
        except Exception as error:
            return str(error)
        return {p: at[p] for p, end in ends.items() if at[p] != (end, end)}

    await_(lambda: not behind(), seconds, lambda: f"all is applied; behind: {behind()}, ends "
           f"{ends}\n{failover.node.describe(failover.namespace)}")
    return records


def check(failover, topic, scratch_redis):
    """The primary and each replica."""
    records = await_applied(failover, topic)
    folded = oracle.Oracle(scratch_redis).fold(records, partitions=topic.partitions)
    for pod in failover.pods():
        await_applied(failover, topic, pod=pod)
        with failover.client(pod) as client:
            oracle.assert_equal(folded, client)
    return folded
