"""The parts of the demo, all real but for the mock log: each is started here and ended by its pid."""

import re
import threading
import time

from lab.applier import Applier
from lab.failover import Failover
from lab.kafka import Broker
from lab.process import Process
from lab.redis_server import RedisServer
from lab.wait import await_
from lab.wal import Topic

TOPIC, DEAD_LETTERS, PARTITIONS = "redis-writes", "redis-writes-dlq", 12
WAL = "orders"


class MockTopic(Topic):
    """The mock cluster makes its topics at start; it has no admin interface."""

    def create(self):
        await_(self._has_leaders, 10, f"topic {self.name} has leaders")


class MockLog:
    """librdkafka's mock cluster in a process of its own. It drops the oldest of a partition's
    records beyond 5 MiB or 100 000, so a demo stays well below."""

    name, topic_class = "librdkafka's mock cluster", MockTopic

    def __init__(self, directory, program):
        self._process = Process("mock-kafka", [
            program, "--topic", f"{TOPIC}:{PARTITIONS}", "--topic", f"{DEAD_LETTERS}:1"],
            directory / "mock-kafka.log")

    def start(self):
        self._process.start()
        self.brokers = await_(self._ready, 10, lambda: f"mock-kafka\n{self._process.tail()}")

    def _ready(self):
        ready = re.search(r"READY brokers=(\S+)", self._process.output())
        return ready and ready[1]

    def stop(self):
        self._process.stop()


class RealLog:
    name, topic_class = "Apache Kafka", Topic

    def __init__(self, directory):
        self._broker = Broker(directory / "kafka")
        self.brokers = self._broker.plain

    def start(self):
        self._broker.start()

    def stop(self):
        self._broker.stop()


class Writer(threading.Thread):
    """Writes records at a steady pace; `written` counts those the log has acknowledged."""

    def __init__(self, topic, records, per_second):
        super().__init__(daemon=True)
        self._topic, self._records, self._per_second = topic, list(records), per_second
        self.planned, self.error = len(self._records), None

    @property
    def written(self):
        return self._topic.written

    def run(self):
        started = time.monotonic()
        try:
            for n, (key, value) in enumerate(self._records):
                self._topic.write(value, key)
                if n % 50 == 0:
                    self._topic.producer.poll(0)
                    time.sleep(max(0.0, started + n / self._per_second - time.monotonic()))
            self._topic.flush()
        except Exception as error:  # the main thread raises it again
            self.error = error

    def done(self):
        if self.error is not None:
            raise self.error
        return not self.is_alive()


def counted(topic_class):
    """A topic that counts what it had acknowledged."""
    class Counted(topic_class):
        written = 0

        def _report(self, error, message):
            super()._report(error, message)
            self.written += error is None
    return Counted


class Stage:
    """Log, Redis with Sentinel, applier and a scratch Redis for the fold. `stack` ends them."""

    def __init__(self, stack, directory, log):
        self._stack, self._directory, self.log = stack, directory, log

    def start_log(self):
        self._stack.callback(self.log.stop)
        self.log.start()
        self.topic = counted(self.log.topic_class)(self.log.brokers, TOPIC, PARTITIONS)
        self.dead_letters = self.log.topic_class(self.log.brokers, DEAD_LETTERS, 1)

    def start_redis(self):
        self.failover = Failover(self._directory / "redis")
        self._stack.callback(self.failover.stop)
        self.failover.start()

    def start_scratch(self):
        scratch = RedisServer(self._directory, "scratch")
        self._stack.callback(scratch.remove)
        return scratch.start()

    def start_applier(self):
        self.applier = Applier(self._directory / "applier", "redis-applier", {
            "wal": WAL, "brokers": self.log.brokers, "topic": TOPIC, "group": "redis-applier",
            "dlq-topic": DEAD_LETTERS, "sentinel": self.failover.sentinel_list,
            "master-name": self.failover.master_name})
        self._stack.callback(self.applier.stop)
        self.applier.start()
