"""A real Kafka Connect worker with MirrorMaker 2's connectors, and its REST interface.

Uses nothing outside Python's standard library: `python3 -m lab.connect` makes its files and prints,
as a shell assignment, the command that starts it.
"""

import argparse
import pathlib
import shlex

from .kafka import jars, java
from .mirror import BYTES, POM

PROPERTIES = """\
bootstrap.servers={brokers}
listeners=http://{address}
group.id=connect
key.converter={bytes}
value.converter={bytes}
header.converter={bytes}
exactly.once.source.support=enabled
config.storage.topic=connect-configs
offset.storage.topic=connect-offsets
status.storage.topic=connect-status
config.storage.replication.factor=1
offset.storage.replication.factor=1
status.storage.replication.factor=1
offset.storage.partitions=1
status.storage.partitions=1
plugin.discovery=only_scan
"""


def command(directory, brokers, address):
    """`brokers`: of the cluster it keeps its state in and writes to; `address`: of its REST interface."""
    directory.mkdir(parents=True, exist_ok=True)
    config = directory / "connect.properties"
    config.write_text(PROPERTIES.format(brokers=brokers, address=address, bytes=BYTES))
    return java(directory, jars(POM), "512m", "org.apache.kafka.connect.cli.ConnectDistributed",
                str(config))


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
