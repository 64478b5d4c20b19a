"""Many RedisWals: how long until all have what they want, what it costs from then on, and how soon
the status of one tells of a new primary."""

import argparse
import concurrent.futures
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import kubernetes

import primary_changes
from cluster import Cluster
from controllers import Controller
from lab.kafka import Broker
from lab.redis_server import RedisServer
from lab.wal import Topic
from rediswals import GROUP, PLURAL, VERSION, create, make

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMESPACE, TOPIC, PARTITIONS = "bench", "redis-writes", 3
PATIENCE = 900
WALS, ROUNDS = 500, 10
REQUESTS_MAX = 0.1         # of a RedisWal and second
RESIDENT_MAX = 64 << 20
CHANGE_MAX = 2.0           # seconds
LOOK_MAX = 30              # what is older is unknown


def applied(api, n):
    """How many have all objects, and how many were looked at."""
    items = api.list_namespaced_custom_object(GROUP, VERSION, NAMESPACE, PLURAL)["items"]
    conditions = [{c["type"]: c["status"] for c in i.get("status", {}).get("conditions", [])}
                  for i in items]
    assert len(items) == n
    return (sum(c.get("ObjectsApplied") == "True" for c in conditions),
            sum(c.get("RedisReachable") == "True" for c in conditions))


def await_all(api, n, kind, it):
    """A list of so many is no small thing for the API server: asked for now and then."""
    deadline = time.monotonic() + PATIENCE
    while applied(api, n)[kind] < n:
        assert time.monotonic() < deadline and it.running(), it.tail()
        time.sleep(1)


def resident_of_children(pid):
    """The processes that look at logs."""
    rows = subprocess.run(["ps", "--ppid", str(pid), "-o", "rss="], capture_output=True, text=True,
                          check=False).stdout.split()
    return sum(map(int, rows)) << 10


def process_metric(it, name):
    for line in it.get("/metrics")[1].splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    return 0.0


def oldest_looks(it, seconds):
    """The oldest look at a log, and at a Redis, at any time within so long."""
    oldest, ends = {"log": 0, "redis": 0}, time.monotonic() + seconds
    while time.monotonic() < ends:
        time.sleep(1)
        for at, seen in oldest.items():
            now = it.metric(rf'oldest_look_seconds\{{at="{at}"\}}')
            oldest[at] = max(seen, now or 0)
    return oldest


def measure(cluster, directory, n, seconds, rounds):
    api = kubernetes.client.CustomObjectsApi(cluster.client)
    redis = RedisServer(directory, "redis").start()
    (directory / "kafka").mkdir()
    broker = Broker(directory / "kafka").start()
    Topic(broker.plain, TOPIC, PARTITIONS, retention_ms=-1)
    it = Controller(directory, "controller", cluster.kubeconfig, NAMESPACE)

    def add(i):
        create(api, NAMESPACE, make({"metadata.name": f"wal-{i}", "spec.wal": "bench",
                                     "spec.redis": {"address": redis.address},
                                     "spec.kafka": {"brokers": [broker.plain]}}))
    try:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(add, range(n)))
        began = time.monotonic()
        it.start()
        await_all(api, n, 0, it)
        synced = time.monotonic() - began
        await_all(api, n, 1, it)
        looked = time.monotonic() - began
        time.sleep(35)  # figures that were put off are written
        before = it.metric("api_requests_total"), process_metric(it, "process_cpu_seconds_total")
        oldest = oldest_looks(it, seconds)
        steady = {"synced": synced, "looked": looked,
                "requests": (it.metric("api_requests_total") - before[0]) / seconds / n,
                "cpu": (process_metric(it, "process_cpu_seconds_total") - before[1]) / seconds,
                "resident": process_metric(it, "process_resident_memory_bytes"),
                "children": resident_of_children(it.pid),
                "oldest": oldest, "writes": it.writes()}
        return {**steady, "changes": sorted(primary_changes.measure(
            api, NAMESPACE, directory, [broker.plain], rounds))}
    finally:
        it.stop()
        broker.stop()
        redis.remove()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--wals", type=int, default=WALS)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        cluster = Cluster(directory / "kubernetes").start()
        try:
            cluster.namespace(NAMESPACE)
            cluster.kubectl("apply", "--server-side", "-k", ROOT / "manifests" / "crd")
            cluster.kubectl("wait", "--for=condition=Established", "crd/rediswals.redwal.dev")
            m = measure(cluster, directory, args.wals, args.seconds, args.rounds)
        finally:
            cluster.stop()
    latest = m["changes"][-1]
    met = m["requests"] <= REQUESTS_MAX and m["resident"] <= RESIDENT_MAX and \
        latest <= CHANGE_MAX and max(m["oldest"].values()) <= LOOK_MAX
    print(f"{args.wals} RedisWals, each with 6 objects\n"
          f"  all objects there and told    {m['synced']:8.1f} s after the start\n"
          f"  each looked at                {m['looked']:8.1f} s after the start\n"
          f"then, over {args.seconds} s in which nothing changes\n"
          f"  requests to the API server    {m['requests']:8.3f} per RedisWal and second"
          f" (at most {REQUESTS_MAX})\n"
          f"  processor                     {m['cpu'] * 100:8.1f} % of one\n"
          f"  resident memory               {m['resident'] / (1 << 20):8.1f} MiB"
          f" (at most {RESIDENT_MAX >> 20})\n"
          f"  and of processes for the log  {m['children'] / (1 << 20):8.1f} MiB\n"
          f"  oldest look at a log          {m['oldest']['log']:8.0f} s (at most {LOOK_MAX})\n"
          f"  and at a Redis                {m['oldest']['redis']:8.0f} s (at most {LOOK_MAX})\n"
          f"a new primary, of {len(m['changes'])} by Sentinel, by Sentinel while the old one hangs, and by "
          f"an operator\n"
          f"  in the status, median         {statistics.median(m['changes']):8.2f} s after the first "
          f"Sentinel told of it\n"
          f"  the latest                    {latest:8.2f} s (at most {CHANGE_MAX:.0f})\n"
          f"{'met' if met else 'NOT MET'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
