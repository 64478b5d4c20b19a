"""`kubectl-redwal verify` and `repair` of one log and one Redis."""

from . import servers
from .cli import Cli

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
