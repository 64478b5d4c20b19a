"""A restore beside a plain replay: the same log, Redis, options and kind of process, in turns. A rate is
that of the records from the first one that Redis has to the last, seen in the positions."""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import kubernetes

from cluster import Cluster
from controllers import Controller
from kinds import GROUP, RESTORE, VERSION, WAL
from lab.applier import Applier
from lab.kafka import Broker
from lab.redis_server import RedisServer
from lab.wait import await_
from lab.wal import Topic
from processes import Processes

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMESPACE, NAME, TOPIC, PARTITIONS = "bench", "orders", "redis-writes", 3
RECORDS, ROUNDS, PATIENCE = 1_000_000, 3, 600
LOOK_SECONDS = 0.02
SHARE_MIN = 0.9         # of the applier's own rate
FIRST_SECONDS_MAX = 10  # from the command to the first record


class Bench:
    def __init__(self, cluster, directory, records):
        self.cluster, self.directory, self.records = cluster, directory, records
        self.api = kubernetes.client.CustomObjectsApi(cluster.client)
        self.redis = RedisServer(directory, "redis").start()
        (directory / "kafka").mkdir()
        self.broker = Broker(directory / "kafka").start()
        self.client = self.redis.client()
        Topic(self.broker.plain, TOPIC, PARTITIONS, retention_ms=-1)
        subprocess.run([pathlib.Path(os.environ["REDWAL_BENCH"], "write-log"), "--brokers",
                        self.broker.plain, "--topic", TOPIC, "--workload", "set64", "--records",
                        str(records)], check=True, timeout=PATIENCE)
        WAL.create(self.api, NAMESPACE, WAL.make({
            "metadata.name": NAME, "spec.redis": {"address": self.redis.address},
            "spec.kafka": {"brokers": [self.broker.plain]}, "spec.applier": {"replicas": 1}}))

    def close(self):
        self.broker.stop()
        self.redis.remove()

    def applied(self):
        with self.client.pipeline(transaction=False) as asked:
            for p in range(PARTITIONS):
                asked.hget(f"redwal:{{{NAME}}}:p:{p}", "next")
            return sum(int(n or 0) for n in asked.execute())

    def replay(self, trail=None):
        """When the first record was seen, and the rate from there on."""
        deadline, first = time.monotonic() + PATIENCE, None
        while True:
            n, now = self.applied(), time.monotonic()
            if trail:
                trail.note(n)
            if first is None and 0 < n < self.records:
                first = now, n
            if first is not None and n >= self.records:
                return first[0], (self.records - first[1]) / (now - first[0])
            assert now < deadline, f"{n} of {self.records} are applied"
            time.sleep(LOOK_SECONDS)

    def await_ready(self):
        def ready():
            conditions = WAL.get(self.api, NAMESPACE, NAME).get("status", {}).get("conditions", [])
            return {c["type"]: c["status"] for c in conditions}.get("Ready") == "True"
        await_(ready, PATIENCE, "the RedisWal is ready")

    def pause(self, paused):
        self.api.patch_namespaced_custom_object("redwal.dev", "v1alpha1", NAMESPACE, WAL.plural, NAME,
                                                {"spec": {"applier": {"paused": paused}}})

    def by_applier(self, processes, number):
        """Without a controller's doing: it runs no pods meanwhile."""
        self.pause(True)
        await_(lambda: not processes.running, 60, "no applier runs")
        self.client.flushall()
        applier = Applier(self.directory / f"plain-{number}", "plain",
                          {"config": processes.options}).start()
        _, rate = self.replay()
        applier.stop()
        self.pause(False)
        await_(lambda: processes.running, 60, "an applier runs")
        self.await_ready()
        return rate

    def by_restore(self, number):
        name = f"restore-{number}"
        began = time.monotonic()
        RESTORE.create(self.api, NAMESPACE, RESTORE.make(
            {"metadata.name": name, "spec.rediswal": NAME, "spec.to": None}))
        trail = Trail(began, self.api, name)
        first, rate = self.replay(trail)
        trail.join(PATIENCE)
        assert trail.steps[-1][0] == "Completed", f"the restore stays {trail.steps[-1][0]}"
        self.await_ready()
        return rate, first - began, trail


class Trail(threading.Thread):
    """What is seen of a restore: how many records Redis has, and the steps, by seconds since the command.

    The steps are watched and not asked for: that would take from the restore what its rate is measured with."""

    def __init__(self, began, api, name):
        super().__init__(daemon=True)
        self.began, self.api, self.name = began, api, name
        self.records, self.steps = [], [("Pending", 0.0)]
        self.start()

    def seconds(self):
        return time.monotonic() - self.began

    def note(self, n):
        self.records.append((self.seconds(), n))

    def run(self):
        watch = kubernetes.watch.Watch()
        for event in watch.stream(self.api.list_namespaced_custom_object, GROUP, VERSION, NAMESPACE, RESTORE.plural,
                                  field_selector=f"metadata.name={self.name}", timeout_seconds=PATIENCE):
            step = event["object"].get("status", {}).get("step", "Pending")
            if self.steps[-1][0] != step:
                self.steps.append((step, self.seconds()))
            if step == "Completed":
                watch.stop()

    def draw(self, n, out):
        """out/restore.svg and .png, by gnuplot from out/*.dat."""
        out.mkdir(parents=True, exist_ok=True)
        completed = self.steps[-1][1]
        seen = self.records + [(completed, self.records[-1][1])]
        (out / "restore.dat").write_text("".join(f"{t:.3f} {100 * of / n:.3f}\n" for t, of in seen))
        ends = [t for _, t in self.steps[1:]] + [completed]
        (out / "restore-steps.dat").write_text("".join(
            f"{t:.3f} {end:.3f} {i} {step}\n" for i, ((step, t), end) in enumerate(zip(self.steps, ends))))
        for kind, ending in (("pngcairo", "png"), ("svg", "svg")):
            subprocess.run(["gnuplot", "-e", f"kind='{kind}'; ending='{ending}'; out='{out}'",
                            ROOT / "bench" / "harness" / "draw-restore.gp"], check=True)
        print(f"Drawings and figures are in {out}")


def measure(cluster, directory, records, rounds):
    bench = Bench(cluster, directory, records)
    it = Controller(directory, "controller", cluster.kubeconfig, NAMESPACE)
    it.env = {k: v for k, v in os.environ.items() if not k.startswith("REDWAL_")}
    it.start()
    try:
        with Processes(cluster, NAMESPACE, directory) as processes:
            await_(lambda: processes.running, 60, it.tail)
            bench.await_ready()
            plain, restored = [], []
            for i in range(rounds):
                plain.append(bench.by_applier(processes, i))
                restored.append(bench.by_restore(i))
        return plain, restored
    finally:
        it.stop()
        bench.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--out", type=pathlib.Path, help="a directory for a drawing of the last one; needs gnuplot")
    args = parser.parse_args()
    if args.out and not shutil.which("gnuplot"):
        sys.exit("bench: --out needs gnuplot; hack/install-deps bench")
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        cluster = Cluster(directory / "kubernetes").start()
        try:
            cluster.namespace(NAMESPACE)
            cluster.kubectl("apply", "--server-side", "-k", ROOT / "manifests" / "crd")
            cluster.await_established("crd/rediswals.redwal.dev", "crd/redisrestores.redwal.dev")
            plain, restored = measure(cluster, directory, args.records, args.rounds)
        finally:
            cluster.stop()
    share = statistics.median(rate / own for (rate, *_), own in zip(restored, plain))
    first = max(seconds for _, seconds, _ in restored)
    met = share >= SHARE_MIN and first <= FIRST_SECONDS_MAX
    print(f"{args.records} records of 64 bytes in {PARTITIONS} partitions, {args.rounds} rounds, medians\n"
          f"  replayed by an applier alone  {statistics.median(plain):10.0f} records/s\n"
          f"  by a restore                  {statistics.median(r for r, *_ in restored):10.0f} "
          f"records/s\n"
          f"  its share                     {share:10.2f} (at least {SHARE_MIN})\n"
          f"  from the command to the first record, the latest {first:5.1f} s "
          f"(at most {FIRST_SECONDS_MAX})\n"
          f"{'met' if met else 'NOT MET'}")
    if args.out:
        restored[-1][-1].draw(args.records, args.out)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
