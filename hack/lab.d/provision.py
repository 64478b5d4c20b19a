"""Topics of the default names in the lab's Kafka, and for its user what docs/permissions.md grants."""

import sys

from lab import permissions
from lab.wal import Topic, grant


def main():
    brokers, user = sys.argv[1:]
    Topic(brokers, "redis-writes", 3)
    Topic(brokers, "redis-writes-dlq", 1)
    for permission in permissions.KAFKA:
        grant(brokers, user, *permission)


main()
