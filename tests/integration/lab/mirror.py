"""A real MirrorMaker 2 from a cluster to itself: a topic T is mirrored to SOURCE.T."""

import pathlib

from .kafka import jars, java
from .process import Process

POM = pathlib.Path(__file__).resolve().parent.parent / "mirror" / "pom.xml"
SIMPLE = "org.apache.kafka.connect.storage.SimpleHeaderConverter"  # what Connect takes by itself
BYTES = "org.apache.kafka.connect.converters.ByteArrayConverter"
SOURCE = "near"

PROPERTIES = """\
clusters={source},far
{source}.bootstrap.servers={brokers}
far.bootstrap.servers={brokers}
{source}->far.enabled=true
{source}->far.topics={topics}
far->{source}.enabled=false
replication.factor=1
checkpoints.topic.replication.factor=1
heartbeats.topic.replication.factor=1
offset-syncs.topic.replication.factor=1
offset.storage.replication.factor=1
status.storage.replication.factor=1
config.storage.replication.factor=1
{source}->far.emit.heartbeats.enabled=false
{source}->far.emit.checkpoints.enabled=false
{source}->far.sync.topic.acls.enabled=false
key.converter={bytes}
value.converter={bytes}
header.converter={headers}
"""


class Mirror:
    def __init__(self, directory, brokers, topics, header_converter):
        directory.mkdir(parents=True, exist_ok=True)
        config = directory / "mirror.properties"
        config.write_text(PROPERTIES.format(
            source=SOURCE, brokers=brokers, bytes=BYTES, headers=header_converter,
            topics=",".join(t.name for t in topics)))
        self.process = Process("mirror", java(
            directory, jars(POM), "384m", "org.apache.kafka.connect.mirror.MirrorMaker", str(config)),
            directory / "mirror.log", cwd=directory)

    def start(self):
        self.process.start()
        return self

    def stop(self):
        self.process.stop(seconds=40)
