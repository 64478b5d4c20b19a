"""Peak memory of the applier with a backlog of records of one size."""

import json

from contestants import applier

SIZES = {  # bytes of a value: how many records
    16: 300_000,
    1_000: 100_000,
    20_000: 5_000,
    900_000: 200,
}
KEYS = 1000
RECORD_MAX = 1_000_000


def run(stage):
    """Peak MiB by size of the value."""
    peaks = {}
    for size, records in SIZES.items():
        topic = stage.topic(f"values-{size}", max_message_bytes=2 * RECORD_MAX)
        value = json.dumps({"command": "SET", "args": ["x" * size]}).encode()
        for i in range(records):
            topic.write(value, b"key:%d" % (i % KEYS))
            if i % KEYS == 0:
                topic.producer.poll(0)
        topic.flush()
        stage.empty_redis()
        peaks[size] = applier(topic.name)(stage, records)[1].peak_mib
    return peaks
