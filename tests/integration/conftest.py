"""Fixtures: one broker and one scratch Redis for the session; everything else is a test's own."""

import contextlib
import itertools

import pytest
import redis

from lab import oracle as oracle_module
from lab import permissions
from lab.applier import Applier, position
from lab.certs import Authority
from lab.cli import Cli
from lab.failover import Failover
from lab.kafka import Broker
from lab.quarantine import held_in
from lab.redis_server import RedisServer, Security
from lab.registry import Registry
from lab.wait import await_
from lab.wal import Topic, assignment

KAFKA_USER, KAFKA_PASSWORD = "redis-applier", "kafka-secret-8u2Q"
REDIS_USER, REDIS_PASSWORD = "applier", "redis-secret-5v7X"
REDIS_RULES = " ".join(permissions.REDIS)
SECRETS = (KAFKA_PASSWORD, REDIS_PASSWORD)
SESSION_TIMEOUT = "3s"  # so that a killed applier's partitions move soon
PATIENT = "30s"  # of an applier that is not killed: what it counts is of one ownership
SILENCE_TIMEOUT = "20s"  # a busy machine is not a silent Redis

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="session")
def broker(scratch):
    broker = Broker(scratch / "kafka", users=[(KAFKA_USER, KAFKA_PASSWORD)]).start()
    yield broker
    broker.stop()


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The other site's Kafka; `broker` is the one that the mirror writes to."""
    source = Broker(tmp_path_factory.mktemp("source") / "kafka").start()
    yield source
    source.stop()


@pytest.fixture(scope="session")
def authority(scratch):
    return Authority(scratch / "redis-certs")


@pytest.fixture(scope="session")
def registry(scratch):
    registry = Registry(scratch / "registry").start()
    yield registry
    registry.stop()


@pytest.fixture(scope="session")
def scratch_redis(scratch):
    server = RedisServer(scratch, "oracle").start()
    yield server
    server.remove()


@pytest.fixture
def lab(request, tmp_path, scratch_redis):
    lab = Lab(request, tmp_path, scratch_redis)
    yield lab
    lab.close(failed=getattr(request.node, "failed", False))


@pytest.fixture
def server(lab):
    return lab.redis()


@pytest.fixture
def cli(lab, topic, server):
    """kubectl-redwal on a test's own topic, which has dead letters."""
    return Cli(brokers=lab.broker.plain, topic=topic.name, dlq_topic=topic.dead_letters.name,
               wal=lab.wal, redis=server.address)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call" and outcome.get_result().failed:
        item.failed = True


class Lab:
    """What one test builds: topics, Redis servers and appliers, all ended when the test ends."""

    wal = "orders"

    def __init__(self, request, directory, scratch_redis):
        self._request, self.directory = request, directory
        self._oracle = oracle_module.Oracle(scratch_redis)
        self._broker = None
        self._endings = []
        self.appliers = []
        self.crashed = False
        self.calm = False  # nothing makes the applier read records again

    @property
    def broker(self):
        return self._broker or self._request.getfixturevalue("broker")

    def use(self, broker):
        """Topics are made there, and appliers go there."""
        self._broker = broker

    def topic(self, partitions=3, **config):
        name = f"{self._request.node.originalname.removeprefix('test_')[:60]}-{next(_numbers)}"
        return self._topic(name, partitions, **config)

    def _topic(self, name, partitions, **config):
        topic = Topic(self.broker.plain, name, partitions, max_message_bytes=16000000, **config)
        topic.dead_letters = None
        return topic

    def dead_letters(self, topic, **config):
        topic.dead_letters = self._topic(f"{topic.name}-dlq", 1, **config)
        return topic.dead_letters

    def security(self, rules, **options):
        authority = self._request.getfixturevalue("authority")
        return Security(authority, "lab-admin-secret", REDIS_USER, REDIS_PASSWORD, rules, **options)

    def authority(self, name):
        return Authority(self.directory / name)

    def redis(self, name="redis", **options):
        server = RedisServer(self.directory, name, **options).start()
        self._endings.append(server.remove)
        return server

    def on_close(self, ending):
        self._endings.append(ending)

    def judge_with(self, server):
        """The log is folded on this server, which is of the same kind as the one under test."""
        self._oracle = oracle_module.Oracle(server)

    def failover(self, **options):
        failover = Failover(self.directory / "failover", **options)
        self._endings.append(failover.stop)
        return failover.start()

    def applier(self, topic, redis, **options):
        """Not started yet. `redis`: a RedisServer or a Failover."""
        if topic.dead_letters is None:
            self.dead_letters(topic)
        where = {"redis": redis.address} if isinstance(redis, RedisServer) else {
            "sentinel": redis.sentinel_list, "master-name": redis.master_name}
        given = {k.replace("_", "-"): v for k, v in options.items()}
        applier = Applier(self.directory / "appliers", f"applier-{len(self.appliers)}", {
            "wal": self.wal, "brokers": self.broker.plain, "topic": topic.name,
            "group": f"{topic.name}-group", "dlq-topic": topic.dead_letters.name,
            "session-timeout": PATIENT if self.calm else SESSION_TIMEOUT,
            "silence-timeout": SILENCE_TIMEOUT, **where, **given})
        self.appliers.append(applier)
        return applier

    def secret_file(self, name, secret):
        path = self.directory / name
        path.write_text(secret + "\n")
        path.chmod(0o600)
        return path

    def positions(self, topic, client):
        return {p: position(client, self.wal, p) for p in range(topic.partitions)}

    def await_applied(self, topic, server, seconds=60):
        """Every record of the log is applied and settled in this Redis. Returns the records."""
        records = topic.read()
        targets = {r.partition: r.offset + 1 for r in records}

        def behind():
            try:
                with server.client(socket_timeout=2) as client:
                    at = self.positions(topic, client)
                    clocks = self.clocks(topic, client)
            except redis.exceptions.RedisError as error:
                return str(error)
            return {p: (at[p], target) for p, target in targets.items()
                    if at[p] is None or at[p][0] < target or at[p][0] != at[p][1]
                    or self._turns(clocks[p])}
        def tell():
            return f"all is applied; by partition (next, settled), wanted: {behind()}\n" + \
                "\n".join(a.process.tail() for a in self.appliers)

        applied = await_(lambda: "applied" if not behind() else "ended" if not self._alive() else None,
                         seconds, tell) == "applied"
        assert applied or not behind(), f"every applier ended before {tell()}"
        return records

    def clocks(self, topic, client):
        """Per partition what its deadlines are by: b"wall", or a number that is log time."""
        return [client.hget(f"redwal:{{{self.wal}}}:p:{p}", "clock")
                for p in range(topic.partitions)]

    def _turns(self, clock):
        """Deadlines are in log time still, and will be by the clock of Redis soon."""
        return clock not in (None, b"wall") and not any(
            a.options.get("expiry") == "log" for a in self.appliers if a.process.running())

    def _alive(self):
        return any(a.process.running() for a in self.appliers)

    def check(self, topic, server, seconds=60, **rules):
        """The verdict: Redis equals the fold of the log, and the dead letters tell all."""
        records = self.await_applied(topic, server, seconds)
        folded = self.compare(records, server, **{"partitions": topic.partitions, **rules})
        oracle_module.assert_dead_letters(folded, topic.name, topic.dead_letters.read(), records,
                                          crashed=self.crashed, calm=self.calm)
        return folded

    def check_quarantine(self, topic, server, **rules):
        """The same with --on-reject quarantine-key: the hashes of quarantined keys too."""
        self.await_applied(topic, server)
        unknown = {(int(le.headers["redwal-source-partition"]),
                    int(le.headers["redwal-source-offset"])) for le in topic.dead_letters.read()
                   if le.headers.get("redwal-reason") == b"outcome-unknown"}
        folded = self.check(topic, server, quarantine=True,
                            unknown=unknown if self.crashed else (), **rules)
        with server.client() as client:
            for partition in range(topic.partitions):
                assert held_in(client, self.wal, partition) == folded.held.get(partition, {}), \
                    f"partition {partition}"
        return folded

    def compare(self, records, server, **rules):
        """Redis equals the fold of these records; `rules` are those of Oracle.fold()."""
        folded = self.fold(records, **rules)
        with server.client() as client:
            oracle_module.assert_equal(folded, client)
        return folded

    def fold(self, records, **rules):
        return self._oracle.fold(records, **rules)

    def assignment(self, group):
        """Partitions by member of a stable group; {} while it rebalances."""
        return assignment(self.broker.plain, group)

    def close(self, failed):
        with contextlib.ExitStack() as endings:  # each of them, also behind one that fails
            for ending in (*self._endings, *(applier.stop for applier in reversed(self.appliers))):
                endings.callback(ending)
        if failed:
            for applier in self.appliers:
                print(f"--- {applier.process.name}\n{applier.process.tail(60)}")
        else:
            for applier in self.appliers:
                applier.assert_healthy(SECRETS)


def pytest_unconfigure(config):
    """The closing line that tests/run adds up."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and not config.option.collectonly:
        count = {kind: len(reporter.stats.get(kind, [])) for kind in
                 ("passed", "failed", "error", "skipped")}
        print(f"{count['passed']} passed, {count['failed'] + count['error']} failed, "
              f"{count['skipped']} skipped")
