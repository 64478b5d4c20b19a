"""What another Connect stores in its topic of offsets, for a connector that has the same name."""

import itertools
import json

from .wal import Topic


class Offsets:
    """For one connector, and its topic at the source."""

    def __init__(self, brokers, offsets_topic, connector, source_topic):
        self.topic = Topic(brokers, offsets_topic, partitions=1, existing=True)
        self.connector, self.source_topic = connector, source_topic
        self.others = itertools.count(1000)

    def store(self, partition=0, offset=None):
        """Without `offset` another one each time."""
        key = [self.connector, {"cluster": "source", "partition": partition,
                                "topic": self.source_topic}]
        value = {"offset": next(self.others) if offset is None else offset}
        self.topic.write(json.dumps(value).encode(),
                         json.dumps(key, separators=(",", ":")).encode())
        self.topic.flush()
