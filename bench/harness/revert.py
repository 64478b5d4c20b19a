"""One large hash is reverted, which takes a stage of many records, beside the plain records that made it: seconds of
Redis's processor for either, by the same applier, in wall time and in log time, for all fields and for half of them."""

import argparse
import contextlib
import os
import pathlib
import statistics
import subprocess
import tempfile

from lab.applier import Applier
from lab.wait import await_
from lab.workload import encode
from stage import APPLIER, PATIENCE, Bystanders, Stage

TOOL = pathlib.Path(APPLIER).parent / "kubectl-redwal"
FIELDS, ROUNDS = 500_000, 3
FIELDS_IN_RECORD, VALUE_BYTES = 500, 100
KEY = b"large"


class Hash:
    """In a log and a Redis of its own."""

    def __init__(self, stage, fields, expiry):
        self.stage, self.fields, self.name = stage, fields, stage.fresh_name("large")
        stage.empty_redis()
        self.topic = stage.topic(self.name, 1, retention_ms=-1)
        self.options = {
            "wal": self.name, "brokers": stage.brokers, "topic": self.name, "redis": stage.redis.address,
            "dlq-topic": stage.topic(f"{self.name}-dlq", 1).name, "expiry": expiry, "replay-threshold": "24h"}
        self.applier = Applier(stage.directory / self.name, "applier", {**self.options, "group": self.name}).start()
        self.client = stage.redis.client(socket_timeout=60)

    def close(self):
        self.applier.stop()
        self.client.close()

    def end(self):
        return self.topic.ends()[0]

    def await_applied(self):
        end = self.end()
        await_(lambda: int(self.client.hget(f"redwal:{{{self.name}}}:p:0", "next") or 0) >= end, PATIENCE,
               lambda: f"Redis has all\n{self.applier.process.tail()}")

    def make(self):
        for first in range(0, self.fields, FIELDS_IN_RECORD):
            some = range(first, min(first + FIELDS_IN_RECORD, self.fields))
            self.topic.write(encode("HSET", [w for i in some for w in (f"f{i:07}", f"{i:0{VALUE_BYTES}}")]), KEY)
        self.topic.flush()
        self.await_applied()

    def change(self):
        self.topic.write(encode("HSET", ["f0000000", "changed"]), KEY)
        self.topic.flush()
        self.await_applied()

    def revert(self, end):
        given = [f"--{name}={value}" for name, value in self.options.items()]
        done = subprocess.run([TOOL, "revert", *given, f"--to=0:{end}", f"--keys={KEY.decode()}", "--yes", "--wait",
                               f"--timeout={PATIENCE}s", "--run=bench"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=environment(), timeout=PATIENCE, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"revert ended with {done.returncode}: {done.stdout}{done.stderr}")
        if self.client.hlen(KEY) != self.fields or self.client.hget(KEY, "f0000000") == b"changed":
            raise RuntimeError("the hash is not what it was")


def environment():
    return {k: v for k, v in os.environ.items() if not k.startswith("REDWAL_")}


def measure(stage, fields, expiry):
    """Records and seconds, of what made it and of what reverted it."""
    made = Hash(stage, fields, expiry)
    with contextlib.closing(made):
        made.await_applied()
        took = [stage.redis_cpu_s()]
        made.make()
        took.append(stage.redis_cpu_s())
        plain = made.end()
        made.change()
        changed = made.end()
        took.append(stage.redis_cpu_s())
        made.revert(plain)
        took.append(stage.redis_cpu_s())
        return plain, took[1] - took[0], made.end() - changed, took[3] - took[2]


def main():
    parser = argparse.ArgumentParser(prog="bench/revert", description=__doc__)
    parser.add_argument("--fields", type=int, default=FIELDS, help="of the hash (%(default)s)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of each (%(default)s)")
    args = parser.parse_args()
    if args.fields < 4 * FIELDS_IN_RECORD or args.rounds < 1:
        parser.error(f"needs at least {4 * FIELDS_IN_RECORD} fields and 1 round")
    rows = {(n, expiry): [] for n in (args.fields // 2, args.fields) for expiry in ("wall", "log")}
    with contextlib.ExitStack() as stack:
        stage = Stage(stack, pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="redwal-bench-"))))
        bystanders = Bystanders(stage)
        for _ in range(args.rounds):
            for (n, expiry), samples in rows.items():
                samples.append(measure(stage, n, expiry))
        others = bystanders.taken()
    print(f"A hash with values of {VALUE_BYTES} bytes, {args.rounds} rounds, medians; seconds of Redis's processor")
    print(f"Other programs took {others:.2f} CPUs meanwhile\n")
    print("   fields  expiry  records  made in  records  reverted in  times")
    for (n, expiry), samples in rows.items():
        made, made_s, reverted, reverted_s = (statistics.median(column) for column in zip(*samples))
        times = statistics.median(r / m for _, m, _, r in samples)
        print(f"{n:9}  {expiry:6}  {made:7.0f}  {made_s:7.2f}  {reverted:7.0f}  {reverted_s:11.2f}  {times:5.1f}")


if __name__ == "__main__":
    main()
