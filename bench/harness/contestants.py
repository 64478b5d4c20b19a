"""Who is measured. Each does the same operations from an empty Redis, and says what it took."""

import csv
import dataclasses
import io
import subprocess
import time
from typing import Callable

from lab.process import free_port
from stage import APPLIER, PARTITIONS, PATIENCE, Log, Measured

WEEK_S = 7 * 24 * 3600
LOGS = {  # by topic
    "set64": Log("set64"),
    "mix": Log("mix"),
    "set64-protobuf": Log("set64", "protobuf"),
    "set64-avro": Log("set64", "avro"),
    "ending": Log("ending"),
    "ending-week": Log("ending", spread_s=WEEK_S),
}
LIMIT = "redis-benchmark"
DEPTH = 256
LOOK_EVERY_S = 0.02
ONE_BY_ONE_SHARE = 20  # one in so many operations is enough for the slow way


@dataclasses.dataclass
class Sample:
    """One measurement. `None` where a figure has no meaning."""

    rate: float  # operations a second
    limit: float | None = None  # of redis-benchmark just before
    others_cpus: float | None = None  # what other programs took of the machine meanwhile
    cpu_per_million: float | None = None  # seconds of the contestant
    redis_cpu_per_million: float | None = None
    waiting_per_million: float | None = None  # seconds that its main thread waited for others
    peak_mib: float | None = None
    wall_s: float | None = None  # from start of the program to its end


@dataclasses.dataclass
class Contestant:
    title: str
    measure: Callable
    topic: str | None = None  # the log that it reads

    def run(self, stage, records):
        stage.empty_redis()
        before = stage.redis_cpu_s()
        operations, sample = self.measure(stage, records)
        used = stage.redis_cpu_s() - before
        sample.redis_cpu_per_million = used / operations * 1e6
        return sample


def redis_benchmark(stage, records):
    argv = ["redis-benchmark", "-p", str(stage.redis.port), "-t", "set", "-d", "64", "-r",
            "1000000", "-n", str(records), "-P", str(DEPTH), "--csv"]
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, timeout=PATIENCE, check=True)
    row = list(csv.DictReader(io.StringIO(done.stdout)))[0]
    return records, Sample(rate=float(row["rps"]))


def read_log(stage, records):
    took = stage.tool("read-log", brokers=stage.brokers, topic="set64", records=records)
    return records, Sample(took["n"] / took["seconds"],
                           cpu_per_million=took["cpu_seconds"] / records * 1e6)


def pipeline(workload, depth, share=1, positions=0):
    def measure(stage, records):
        n = records // share
        took = stage.tool("pipeline", port=stage.redis.port, workload=workload, records=n,
                          depth=depth, positions=positions)
        return n, Sample(n / took["seconds"], cpu_per_million=took["cpu_seconds"] / n * 1e6)
    return measure


def applier(topic, **options):
    """A backlog is no replay here: it was written just now."""
    def measure(stage, records):
        flags = {"replay-threshold": "24h", **options}
        if topic in LOGS and LOGS[topic].format != "json":
            flags["schema-registry"] = stage.registry().url
        group = stage.fresh_name("bench")
        dead_letters = stage.topic(f"{group}-dlq", 1).name
        process = Measured([APPLIER, "--wal", group, "--brokers", stage.brokers, "--topic", topic,
                            "--group", group, "--dlq-topic", dead_letters, "--redis",
                            stage.redis.address, "--http", f"127.0.0.1:{free_port()}",
                            *(f"--{name}={value}" for name, value in flags.items()),
                            "--until-end"], stage.directory / f"{group}.log")
        rate, waiting = watch(stage, process, group, records)
        return records, Sample(rate, cpu_per_million=process.cpu_seconds / records * 1e6,
                               waiting_per_million=waiting, peak_mib=process.peak_kib / 1024,
                               wall_s=process.seconds)
    return measure


def watch(stage, process, wal, records):
    """Operations a second, and seconds of waiting a million operations, between the first and the
    last time that the position was seen to move while the applier ran."""
    seen = []
    deadline = time.monotonic() + PATIENCE
    with stage.redis.client() as client:
        try:
            while process.running() and time.monotonic() < deadline:
                now, busy_s = applied(client, wal), process.main_thread_busy_s()
                if busy_s is not None and now > (seen[-1][1] if seen else 0):
                    seen.append((time.monotonic(), now, busy_s))
                time.sleep(LOOK_EVERY_S)
        finally:
            process.stop()
        total = applied(client, wal)
    if process.status != 0 or total != records or len(seen) < 2:
        raise RuntimeError(f"the applier ended with {process.status} after {total} of {records} "
                           f"records\n{process.tail()}")
    took, moved, busy_s = (last - first for first, last in zip(seen[0], seen[-1]))
    return moved / took, (took - busy_s) / moved * 1e6


def applied(client, wal):
    """Sum of the positions, which is the number of records applied from a whole log."""
    with client.pipeline(transaction=False) as batch:
        for partition in range(PARTITIONS):
            batch.hget(f"redwal:{{{wal}}}:p:{partition}", "next")
        return sum(int(n or 0) for n in batch.execute())


def compare(stage, name, records):
    """One sample of a contestant, with the limit measured just before it."""
    limit = CONTESTANTS[LIMIT].run(stage, records)
    sample = limit if name == LIMIT else CONTESTANTS[name].run(stage, records)
    sample.limit = limit.rate
    return sample


def applying(title, topic, **options):
    return Contestant(f"redis-applier, {title}", applier(topic, **options), topic)


CONTESTANTS = {
    LIMIT: Contestant("redis-benchmark -P 256, SET 64 B: the limit", redis_benchmark),
    "read-log": Contestant("reading the topic only", read_log, "set64"),
    "pipeline": Contestant("hiredis pipeline of 256 from memory, set64",
                           pipeline("set64", DEPTH)),
    "chain": Contestant("the same as verified transactions, set64",
                        pipeline("set64", 1024, positions=PARTITIONS)),
    "applier-set64": applying("set64", "set64"),
    "applier-no-ids": applying("set64, ids not compared", "set64", **{"idempotency-window": "0ms"}),
    "applier-protobuf": applying("set64 as Protobuf", "set64-protobuf"),
    "applier-avro": applying("set64 as Avro", "set64-avro"),
    "applier-mix": applying("mix", "mix"),
    "applier-ending": applying("ending", "ending"),
    "applier-replay": applying("ending, a week in log time", "ending-week",
                               **{"replay-threshold": "10s"}),
    "pipeline-mix": Contestant("hiredis pipeline of 256 from memory, mix", pipeline("mix", DEPTH)),
    "one-by-one": Contestant("one command a round trip, set64",
                             pipeline("set64", 1, ONE_BY_ONE_SHARE)),
}
