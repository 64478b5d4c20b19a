"""The parts under the benchmark, all real: a broker, a Redis, and programs that are measured."""

import dataclasses
import json
import os
import pathlib
import resource
import subprocess
import time

from lab.kafka import Broker
from lab.process import DIE_WITH_PARENT
from lab.record_formats import SCHEMAS
from lab.redis_server import RedisServer
from lab.registry import Registry
from lab.wal import Topic

PARTITIONS = 12
BENCH = pathlib.Path(os.environ["REDWAL_BENCH"])
APPLIER = os.environ["REDWAL_APPLIER"]
PATIENCE = 300  # seconds that one measurement may take
KAFKA_USER, KAFKA_PASSWORD = "applier", "kafka-word"
SCHEMA_FILES = {"protobuf": "redwal.proto", "avro": "redwal.avsc"}  # by format


@dataclasses.dataclass(frozen=True)
class Log:
    """What records a topic has."""

    workload: str
    format: str = "json"
    spread_s: int = 0  # of the timestamps, until now


class Stage:
    """`stack` ends what is started here."""

    def __init__(self, stack, directory):
        self._stack, self.directory = stack, directory
        self.broker = Broker(directory / "kafka", users=[(KAFKA_USER, KAFKA_PASSWORD)])
        stack.callback(self.broker.stop)
        self.broker.start()
        self.brokers = self.broker.plain
        self.redis = RedisServer(directory, "redis")
        stack.callback(self.redis.stop)
        self.redis.start()
        self.redis_version = self.redis.info("server")["redis_version"]
        self._n_topics = 0
        self._registry = None

    def servers(self):
        """Processes beside Redis."""
        return [part.process.pid for part in (self.broker, self._registry) if part]

    def registry(self):
        """Started when it is needed first."""
        if self._registry is None:
            self._registry = Registry(self.directory / "registry")
            self._stack.callback(self._registry.stop)
            self._registry.start()
        return self._registry

    def _schema_id(self, topic, kind):
        if kind not in SCHEMA_FILES:
            return 0
        text = (SCHEMAS / SCHEMA_FILES[kind]).read_text()
        return self.registry().register(f"{topic}-value", text, kind.upper())

    def topic(self, name, partitions=PARTITIONS, **config):
        return Topic(self.brokers, name, partitions, **config)

    def fill(self, topic, records, log):
        """A topic that is there gets so many records of that Log."""
        schema_id = self._schema_id(topic, log.format)
        self.tool("write-log", brokers=self.brokers, topic=topic, workload=log.workload,
                  records=records, spread=log.spread_s, format=log.format,
                  **{"schema-id": schema_id})

    def fresh_name(self, prefix):
        self._n_topics += 1
        return f"{prefix}-{self._n_topics}"

    def empty_redis(self):
        """Every contestant starts from nothing."""
        with self.redis.client(socket_timeout=60) as client:
            client.flushall()
            client.config_resetstat()

    def redis_cpu_s(self):
        cpu = self.redis.info("cpu")
        return cpu["used_cpu_user"] + cpu["used_cpu_sys"]

    def tool(self, name, **options):
        """Runs one of bench/*.c; what it printed as JSON."""
        return json.loads(self.output(name, **options))

    def output(self, name, **options):
        argv = [*DIE_WITH_PARENT, BENCH / name]
        for option, value in options.items():
            argv += [f"--{option}", str(value)]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{name} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout


class Bystanders:
    """What programs that are none of ours take of the CPUs from now on."""

    def __init__(self, stage):
        self._stage = stage
        self._started, self._busy_s, self._ours_s = self._now()

    def taken(self):
        """In CPUs, on average until now. Children count as ours once they ended."""
        at, busy_s, ours_s = self._now()
        return max(0.0, busy_s - self._busy_s - ours_s + self._ours_s) / (at - self._started)

    def _now(self):
        ours = [resource.getrusage(who) for who in
                (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return (time.monotonic(), busy_s(), sum(u.ru_utime + u.ru_stime for u in ours)
                + self._stage.redis_cpu_s() + sum(map(process_cpu_s, self._stage.servers())))


def busy_s():
    """Seconds that all CPUs were busy since the machine started."""
    with open("/proc/stat", encoding="ascii") as f:
        user, nice, system, _, _, irq, softirq, steal = map(int, f.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def process_cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Measured:
    """A child process, and what it took: CPU seconds by rusage once it ended, peak memory."""

    def __init__(self, argv, log):
        self.log = log
        with open(log, "wb") as out:
            self._popen = subprocess.Popen([*DIE_WITH_PARENT, *argv], stdin=subprocess.DEVNULL,
                                           stdout=out, stderr=out)
        self.started = time.monotonic()
        self.seconds = self.cpu_seconds = self.status = None
        self.peak_kib = 0

    def running(self):
        if self.status is None:
            self._look_at_memory()
            pid, status, usage = os.wait4(self._popen.pid, os.WNOHANG)
            if pid:
                self._ended(status, usage)
        return self.status is None

    def main_thread_busy_s(self):
        """Time that the main thread ran or was ready to run; the rest it waited for others."""
        try:
            path = f"/proc/{self._popen.pid}/task/{self._popen.pid}/schedstat"
            with open(path, encoding="ascii") as f:
                running_ns, ready_ns, _ = f.read().split()
        except OSError:
            return None
        return (int(running_ns) + int(ready_ns)) / 1e9

    def stop(self, seconds=20):
        deadline = time.monotonic() + seconds
        if self.running():
            self._popen.terminate()
        while self.running() and time.monotonic() < deadline:
            time.sleep(0.02)
        if self.running():
            self._popen.kill()
            self._ended(*os.wait4(self._popen.pid, 0)[1:])

    def tail(self):
        return self.log.read_text(errors="replace")[-3000:]

    def _ended(self, status, usage):
        self.seconds = time.monotonic() - self.started
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        self.status = self._popen.returncode = os.waitstatus_to_exitcode(status)

    def _look_at_memory(self):
        """Not ru_maxrss: that begins with the size of the process that started this one."""
        try:
            with open(f"/proc/{self._popen.pid}/status", encoding="ascii") as f:
                for line in f:
                    if line.startswith("VmHWM:"):
                        self.peak_kib = max(self.peak_kib, int(line.split()[1]))
        except OSError:
            pass
