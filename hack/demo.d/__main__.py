"""The story: orders are written, replication is held, the primary dies, and nothing is missing."""

import argparse
import contextlib
import pathlib
import shutil
import signal
import sys
import tempfile

import orders
import verdict
from screen import Screen, read_metrics
from stage import PARTITIONS, WAL, MockLog, RealLog, Stage, Writer

from lab.applier import position
from lab.wait import Timeout

MAX_ORDERS = 20000  # what the mock cluster can keep
HOLD_AT = 0.45  # share of the records applied when replication is held
BEHIND = 0.12  # share of the records the replicas then lack when the primary is killed


def parse():
    parser = argparse.ArgumentParser(prog="hack/demo", description=__doc__)
    parser.add_argument("--orders", type=int, default=6000, metavar="N",
                        help=f"how many, up to {MAX_ORDERS} (%(default)s)")
    parser.add_argument("--rate", type=int, default=4000, metavar="RECORDS",
                        help="written a second (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the orders")
    parser.add_argument("--sabotage", action="store_true",
                        help="delete one key before the verdict, which must then be: not equal")
    parser.add_argument("--kafka", choices=["mock", "real"], required=True, help=argparse.SUPPRESS)
    parser.add_argument("--mock", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not 100 <= options.orders <= MAX_ORDERS:
        parser.error(f"--orders is {options.orders}; allowed: 100 to {MAX_ORDERS}")
    if options.rate < 100:
        parser.error(f"--rate is {options.rate}; allowed: 100 and more")
    return options


class Demo:
    def __init__(self, options, stage, screen):
        self.options, self.stage, self.screen = options, stage, screen
        self.writer = self.primary = None
        self._applied = 0

    def run(self):
        self.set_up()
        self.write()
        lacking = self.fail_over()
        self.catch_up()
        return self.judge(lacking)

    def set_up(self):
        stage, say = self.stage, self.screen.event
        stage.start_log()
        say("log", f"{stage.log.name} on {stage.log.brokers}, {PARTITIONS} partitions")
        stage.start_redis()
        self.primary, *rest = stage.failover.nodes
        say("redis", f"{self.primary.name} is the primary, {names(rest)} follow; 3 Sentinels")
        stage.start_applier()
        self.screen.until(self.applier_is_ready, 60, "the applier is ready")
        say("applier", "joined its group and found its place in Redis: ready")

    def write(self):
        options = self.options
        self.writer = Writer(self.stage.topic, orders.records(options.orders, options.seed),
                             options.rate)
        self.screen.state = lambda: (self.writer.written, self.writer.planned, self.applied(),
                                     self.metrics().get("records_total", 0))
        self.writer.start()
        self.screen.event("orders", f"{options.orders} orders, {self.writer.planned} records, "
                                    f"{options.rate} a second")
        self.screen.until(lambda: self.applied() > HOLD_AT * self.writer.planned, 120,
                          "the first orders are applied")

    def fail_over(self):
        """Returns how many acknowledged records the promoted replica lacked, at least."""
        failover, say = self.stage.failover, self.screen.event
        old, replicas = self.primary, failover.replicas()
        failover.lose_what_follows(old)
        say("network", f"{names(replicas)} receive nothing any more; nobody notices")
        self.screen.until(lambda: self.lacking(old, replicas) > BEHIND * self.writer.planned, 120,
                          "the primary is ahead of its replicas")
        lacking, there = self.lacking(old, replicas), max(map(self.position, replicas))
        old.kill()
        self.primary, self._applied = None, there + lacking
        say("crash", f"{old.name} is killed (-9); no other Redis has the last {lacking} records")
        self.primary = self.screen.until(failover.successor_of(old), 120, "Sentinel promotes a replica")
        say("sentinel", f"{self.primary.name} is the primary now")
        self.screen.until(lambda: self.metrics().get("rewinds_total", 0) > 0, 120,
                          "the applier finds the new primary behind")
        say("applier", f"back from position {there + lacking} to {there}, on from there")
        return lacking

    def catch_up(self):
        self.screen.until(self.writer.done, 300, "all orders are written")
        self.screen.event("orders", f"all written: {self.writer.written} records")
        self.screen.until(self.everything_applied, 120, "everything in the log is applied")
        self.screen.event("applier", f"position {self.applied()}: everything is applied")

    def judge(self, lacking):
        if self.options.sabotage:
            with self.primary.client() as client:
                client.delete(b"order:1")
            self.screen.event("sabotage", f"order:1 is deleted on {self.primary.name}")
        self.screen.event("fold", "one plain command per record, by a tool of its own")
        found = verdict.judge(self.stage, self.primary)
        self.screen.end()
        print(verdict.report(found, lacking, int(self.metrics()["reapplied_records_total"])))
        return found.equal

    def metrics(self):
        answer = self.stage.applier.get("/metrics")
        return read_metrics(answer[1]) if answer else {}

    def applied(self):
        """What the primary says; while there is none, what it said last."""
        if self.primary is not None:
            self._applied = self.position(self.primary)
        return self._applied

    def applier_is_ready(self):
        process = self.stage.applier.process
        if not process.running():
            raise RuntimeError(f"the applier ended:\n{process.tail()}")
        return self.stage.applier.ready()

    def positions(self, node):
        with node.client() as client:
            return [position(client, WAL, p) or (0, 0) for p in range(PARTITIONS)]

    def lacking(self, primary, replicas):
        return self.position(primary) - max(map(self.position, replicas))

    def position(self, node):
        return sum(following for following, _ in self.positions(node))

    def everything_applied(self):
        self.applier_is_ready()
        ends = [end for _, end in sorted(self.stage.topic.ends().items())]
        return self.positions(self.primary) == [(end, end) for end in ends]


def names(nodes):
    return " and ".join(node.name for node in nodes)


def main():
    options = parse()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    screen = Screen()
    with contextlib.ExitStack() as stack:
        directory = pathlib.Path(tempfile.mkdtemp(prefix="redwal-demo-"))
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        stack.callback(screen.end)
        log = MockLog(directory, options.mock) if options.kafka == "mock" else RealLog(directory)
        stage = Stage(stack, directory, log)
        try:
            return 0 if Demo(options, stage, screen).run() else 1
        except (Timeout, TimeoutError, RuntimeError) as error:
            screen.end()
            print(f"demo: {error}", file=sys.stderr)
            if hasattr(stage, "applier"):
                print(f"--- the applier's last words\n{stage.applier.process.tail()}",
                      file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(main())
