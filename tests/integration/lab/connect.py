"""A real Kafka Connect worker with MirrorMaker 2's connectors, and its REST interface.

Uses nothing outside Python's standard library: `python3 -m lab.connect` makes its files and prints,
as a shell assignment, the command that starts it.
"""

import argparse
import http.client
import json
import pathlib
import shlex
import urllib.parse

from .kafka import jars, java
from .mirror import BYTES, POM
from .process import Process, free_port
from .wait import await_

PROPERTIES = """\
bootstrap.servers={brokers}
listeners=http://{address}
group.id={name}
key.converter={bytes}
value.converter={bytes}
header.converter={bytes}
exactly.once.source.support=enabled
config.storage.topic={name}-configs
offset.storage.topic={name}-offsets
status.storage.topic={name}-status
config.storage.replication.factor=1
offset.storage.replication.factor=1
status.storage.replication.factor=1
offset.storage.partitions=1
status.storage.partitions=1
plugin.discovery=only_scan
"""

MIRROR = {
    "connector.class": "org.apache.kafka.connect.mirror.MirrorSourceConnector",
    "source.cluster.alias": "source",
    "target.cluster.alias": "target",
    "replication.policy.class": "org.apache.kafka.connect.mirror.IdentityReplicationPolicy",
    "exactly.once.support": "required",
    "consumer.isolation.level": "read_committed",
    "refresh.topics.interval.seconds": "2",
    "sync.topic.acls.enabled": "false",
    "replication.factor": "1",
    "offset-syncs.topic.replication.factor": "1",
    "tasks.max": "2",
}


def command(directory, brokers, address, name="connect", more=""):
    """`brokers`: of the cluster it keeps its state in and writes to; `address`: of its REST interface;
    `name`: of its group, with which its topics begin; `more`: lines of its properties."""
    directory.mkdir(parents=True, exist_ok=True)
    config = directory / "connect.properties"
    config.write_text(PROPERTIES.format(brokers=brokers, address=address, bytes=BYTES, name=name) + more)
    return java(directory, jars(POM), "512m", "org.apache.kafka.connect.cli.ConnectDistributed",
                str(config))


class Connect:
    """One worker, and what it says to whoever asks it."""

    def __init__(self, directory, brokers, name="connect", more=""):
        self.address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.address}"
        self.offsets_topic = f"{name}-offsets"
        self.process = Process(name, command(directory, brokers, self.address, name, more),
                               directory / "connect.log", cwd=directory)

    def start(self):
        self.process.start()
        await_(lambda: not self.process.running() or self._serves(), 120, self.process.tail)
        assert self.process.running(), self.process.tail()
        return self

    def stop(self):
        self.process.stop(seconds=40)

    def _serves(self):
        try:
            return self.ask("GET", "/connectors")[0] == 200
        except (OSError, ValueError):  # while it starts it answers in HTML
            return False

    def ask(self, method, path, body=None):
        """HTTP's status, and the answer; asked again while connectors are being shared out."""
        def answer():
            connection = http.client.HTTPConnection(self.address, timeout=100)
            try:
                connection.request(method, path, None if body is None else json.dumps(body),
                                   {"Content-Type": "application/json"})
                response = connection.getresponse()
                text = response.read()
            finally:
                connection.close()
            return None if response.status == 409 else \
                (response.status, json.loads(text) if text else None)

        return await_(answer, 200, f"{method} {path} is answered")

    def connector(self, name, config):
        return Connector(self, name, config)


class Connector:
    """A source connector of MirrorMaker 2; `config` is beside what all of ours have."""

    def __init__(self, connect, name, config):
        self.connect, self.name = connect, name
        self._path = f"/connectors/{urllib.parse.quote(name, safe='')}"
        status, answer = connect.ask("PUT", f"{self._path}/config", {**MIRROR, **config})
        assert status in (200, 201), answer

    def ask(self, method, what="", body=None):
        return self.connect.ask(method, self._path + what, body)

    def status(self):
        return self.ask("GET", "/status")[1]

    def state(self):
        """None as long as it has no status."""
        return self.status().get("connector", {}).get("state")

    def offsets(self):
        return self.ask("GET", "/offsets")[1]["offsets"]

    def remove(self):
        self.ask("DELETE")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--directory", type=pathlib.Path, required=True)
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--address", required=True, help="HOST:PORT of the REST interface")
    options = parser.parse_args()
    argv = command(options.directory, options.brokers, options.address)
    print(f"command={shlex.quote(shlex.join(argv))}\nurl=http://{options.address}")


if __name__ == "__main__":
    main()
