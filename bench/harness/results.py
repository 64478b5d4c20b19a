"""What was measured, round by round, and what follows from it: medians and ratios."""

import dataclasses
import os
import pathlib
import platform
import statistics
import subprocess
import time

from contestants import CONTESTANTS
from latency import percentile

SHARES = {"p50": 0.50, "p99": 0.99, "p99.9": 0.999}
LATENCIES = ("acknowledged", "visible", "visible after acknowledged")


class Results:
    def __init__(self, root, records, rounds):
        self.records, self.rounds = records, rounds
        self.machine = machine(root)
        self.samples = {}
        self.latency_rounds = []
        self.latency_others = []  # CPUs that other programs took, by round
        self.latency_curve = []  # of the last round, for the drawing
        self.memory = {}  # peak MiB by size of the value
        self.everything = {}  # peak MiB with everything on, and without some of it
        self.comparing = {}  # a second, by what
        self.comparing_others = None  # CPUs that other programs took
        self.stages = []

    def add(self, name, sample):
        self.samples.setdefault(name, []).append(sample)

    def add_latency(self, triples, others_cpus):
        self.latency_others.append(others_cpus)
        columns = dict(zip(LATENCIES, zip(*triples)))
        self.latency_rounds.append({
            what: {name: percentile(values, share) for name, share in SHARES.items()}
            for what, values in columns.items()})
        self.latency_curve = [
            [share / 1000, *(percentile(values, share / 1000) for values in columns.values())]
            for share in (*range(0, 990, 10), *range(990, 1000))]

    def median(self, name, field):
        values = [getattr(s, field) for s in self.samples[name]]
        return None if None in values else statistics.median(values)

    def peak_mib(self):
        peaks = [self.median(name, "peak_mib") for name in ("applier-set64", "applier-mix")
                 if name in self.samples]
        return max([*peaks, *self.memory.values(), *self.everything.values()])

    def ratio(self, name):
        """Median over the rounds of this contestant's rate in units of the limit before it."""
        return statistics.median(s.rate / s.limit for s in self.samples[name])

    def share_of(self, name, other):
        """Median over the rounds of one contestant's rate in units of another's in that round."""
        return statistics.median(a.rate / a.limit / (b.rate / b.limit) for a, b
                                 in zip(self.samples[name], self.samples[other]))

    def others_cpus(self):
        """The median of what other programs took, and the worst, over all measurements."""
        taken = self.latency_others + [
            s.others_cpus for samples in self.samples.values() for s in samples]
        taken += [self.comparing_others] if self.comparing else []
        return (statistics.median(taken), max(taken)) if taken else (0.0, 0.0)

    def latency(self, what, share):
        return statistics.median(r[what][share] for r in self.latency_rounds)

    def costs(self):
        """What one record costs, in ns: name of the row to a function of the workload."""
        def whole(workload):
            return self.nanoseconds(f"applier-{workload}", "cpu_per_million")

        def rest(workload):
            known = [self.stage(name, workload) for name in names] + [read(workload)]
            return None if None in (*known, whole(workload)) else whole(workload) - sum(known)

        def read(_):
            return self.nanoseconds("read-log", "cpu_per_million")

        names = list(dict.fromkeys(s["stage"] for s in self.stages))
        return {
            "reading the log (librdkafka)": read,
            **{name: lambda w, name=name: self.stage(name, w) for name in names},
            "the rest: chain, positions, sockets": rest,
            "redis-applier in all": whole,
            "Redis: its own work meanwhile":
                lambda w: self.nanoseconds(f"applier-{w}", "redis_cpu_per_million"),
            "main thread waits for Redis or the log":
                lambda w: self.nanoseconds(f"applier-{w}", "waiting_per_million"),
        }

    def nanoseconds(self, name, field):
        """Seconds a million are microseconds each."""
        return self.median(name, field) * 1000 if name in self.samples else None

    def stage(self, name, workload):
        return next((s["ns"] for s in self.stages
                     if (s["stage"], s["workload"]) == (name, workload)), None)

    def as_json(self):
        return {
            "machine": self.machine, "records": self.records, "rounds": self.rounds,
            "throughput": {name: {"title": CONTESTANTS[name].title, "ratio": self.ratio(name),
                                  "samples": [dataclasses.asdict(s) for s in samples]}
                           for name, samples in self.samples.items()},
            "latency_us": self.latency_rounds, "latency_others_cpus": self.latency_others,
            "latency_curve_us": self.latency_curve,
            "peak_mib_by_value_bytes": self.memory, "peak_mib_of_everything": self.everything,
            "comparing_per_second": self.comparing,
            "comparing_others_cpus": self.comparing_others,
            "stages": self.stages,
        }


def machine(root):
    image = pathlib.Path(root) / "dist/redis-applier.oci.tar"
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "revision": told(["git", "-C", str(root), "describe", "--always", "--dirty"]),
        "cpu": cpu_name(), "cpus": len(os.sched_getaffinity(0)), "kernel": platform.release(),
        "redis": told(["redis-server", "--version"]),
        "image_mb": round(image.stat().st_size / 1e6, 2) if image.exists() else None,
    }


def cpu_name():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        return next((line.split(":", 1)[1].strip() for line in f
                     if line.startswith("model name")), platform.machine())


def told(argv):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          check=False)
    return done.stdout.strip()
