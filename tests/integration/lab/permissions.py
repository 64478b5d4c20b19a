"""What docs/permissions.md grants: its tables are what the tests use."""

import pathlib
import re

PAGE = pathlib.Path(__file__).resolve().parents[3] / "docs" / "permissions.md"


def _rows(heading):
    section = PAGE.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            for line in lines]


def _rules(heading):
    return [row[0].strip("`") for row in _rows(heading)]


# (resource, name, operation), with the names of the defaults
KAFKA, MARKS, MIRROR = ([(row[0], row[1].strip("`"), row[2]) for row in _rows(heading)]
                        for heading in ("Kafka", "Marks", "Mirror"))
REDIS = _rules("Redis")
RESTORE = _rules("Restore")  # behind those of REDIS
SENTINEL = _rules("Sentinel")
REPAIR = _rules("Repair")
REVERT = [(row[0], row[1].strip("`"), row[2]) for row in _rows("Revert")]


def grants(rules):
    """Those that allow something; the others are limits."""
    return [rule for rule in rules if rule[0] in "+~&"]


def kafka_for(topic, group, dead_letters):
    """The rows of KAFKA with other names."""
    names = {"redis-writes": topic, "redis-applier": group, "redis-writes-dlq": dead_letters}
    return [(resource, names[name], operation) for resource, name, operation in KAFKA]
