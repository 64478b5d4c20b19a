"""Produce to visible at a steady 1000 records a second, beside Kafka's own acknowledgement."""

from lab.applier import Applier

PER_SECOND = 1000
WARM_UP = 1000  # records at the start that do not count


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def run(stage, records):
    """Microseconds, a triple a record: acknowledged, visible, visible after acknowledged."""
    name = stage.fresh_name("latency")
    stage.topic(name)
    stage.empty_redis()
    applier = Applier(stage.directory, name, {
        "wal": name, "brokers": stage.brokers, "topic": name, "group": name,
        "dlq-topic": stage.topic(f"{name}-dlq", 1).name, "redis": stage.redis.address})
    with stage.redis.client() as client:
        client.config_set("notify-keyspace-events", "K$")
        try:
            applier.start().await_ready()
            lines = stage.output("latency", brokers=stage.brokers, topic=name,
                                 port=stage.redis.port, records=records + WARM_UP,
                                 rate=PER_SECOND).splitlines()
        finally:
            applier.stop()
            client.config_set("notify-keyspace-events", "")
    pairs = [tuple(map(float, line.split())) for line in lines[WARM_UP:]]
    return [(acked, visible, visible - acked) for acked, visible in pairs]
