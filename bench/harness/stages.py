"""Cost per stage of one record, from a program that runs the library's own functions in a loop."""

import json


def run(stage):
    """Rows of {"stage", "workload", "ns"}: processor nanoseconds for one record."""
    return [json.loads(line) for line in stage.output("stages", records=200_000).splitlines()]
