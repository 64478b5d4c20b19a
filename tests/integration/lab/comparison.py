"""`kubectl-redwal verify` and `repair` of one log and one Redis."""

from . import servers
from .cli import Answer, Cli
from .link import Link
from .wait import await_
from .workload import encode

ALL_TYPES = {
    "s": ("SET", ["text"]), "n": ("SET", ["12"]), "l": ("RPUSH", ["a", "b", "c"]),
    "t": ("SADD", ["a", "b"]), "h": ("HSET", ["f", "1", "g", "2"]),
    "z": ("ZADD", ["1.5", "a", "2", "b"]), "x": ("XADD", ["1-1", "f", "v"]),
}

# (the Redis that is compared, what the log is folded into). 6.2 refuses what 7 does (EXPIRE GT).
PAIRS = [(n, n) for n in servers.NAMES] + [("redis-8", servers.SYSTEM), ("valkey-8", servers.SYSTEM),
                                           (servers.SYSTEM, "redis-8")]


class Verify:
    """`kubectl-redwal verify` of one log and one Redis."""

    def __init__(self, lab, topic, redis, **options):
        self.cli = Cli(brokers=lab.broker.plain, topic=topic.name, wal=lab.wal, redis=redis.address,
                       **options)

    def given(self, **options):
        return Cli(**{**self.cli.options, **options})

    def run(self, status=None, env=None, **options):
        return self.given(**options).run("verify", status=status, env=env)

    def repair(self, *words, status=0, **options):
        """With --yes among the words, or dry."""
        return self.given(**{"output": "json", **options}).run("repair", *words, status=status)

    def json(self, status=0, **options):
        return self.run(status, output="json", **options).json()


def found(report):
    return {(d["key"], d["kind"]) for d in report["differences"]}


class Overtaken:
    """A counter to which the log goes on to write just after it was folded."""

    def __init__(self, lab, *keys):
        self.lab, self.topic, self.server = lab, lab.topic(partitions=1), lab.redis()
        self.applier = lab.applier(self.topic, self.server).start()
        for key in (b"counter", *keys):
            self.topic.write(encode("SET", ["5"]), key)
        self.topic.flush()
        lab.await_applied(self.topic, self.server)
        self.applier.stop()
        self.link = Link(self.server.port)
        lab.on_close(self.link.close)

    def run(self, verb, *words, record=encode("DECR"), key=b"counter", meanwhile=None,
            word=b"DUMP", **options):
        """Redis is asked for values (`word`) once the applier has gone on, or `meanwhile` is done."""
        self.topic.write(record, key)
        self.topic.flush()
        self.link.hold_at(word)
        given = {"redis": f"127.0.0.1:{self.link.port}", "output": "json", **options}
        process = Verify(self.lab, self.topic, self.server).given(**given).start(verb, *words)
        await_(self.link.held, 60, "values are asked for")
        (meanwhile or self.go_on)()
        self.link.restore()
        out, err = process.communicate(timeout=180)
        return Answer(process.returncode, out, err)

    def go_on(self):
        self.applier.start()
        self.lab.await_applied(self.topic, self.server)


# A record that makes `vanishing_list()` vanish from Redis alone, when the keys that Redis lacks have been looked for
# and those that it has have not been compared.
VANISHES = {"record": encode("LPOP"), "key": b"list", "word": b"SCAN"}


def vanishing_list(case):
    """A list of which a client took an element away: one is left."""
    case.topic.write(encode("RPUSH", ["a", "b"]), b"list")
    case.topic.flush()
    case.go_on()
    case.applier.stop()
    with case.server.client() as client:
        client.lpop("list")
