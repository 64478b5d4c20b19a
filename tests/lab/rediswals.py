"""RedisWals for tests, from the table in rediswals.yaml, and what they become."""

import json
import os
import pathlib
import subprocess

from kinds import GROUP, VERSION, WAL

TABLE, PLURAL = WAL.table, WAL.plural
make, create = WAL.make, WAL.create
__all__ = ["GROUP", "PLURAL", "TABLE", "VERSION", "apply", "children", "create", "make"]


def children(wal, *argv):
    """By kind, as our code makes them. `argv`: the Secret of the RedisFailover, where it has one."""
    tool = pathlib.Path(os.environ["KUBE_PROBE"]).with_name("wal-children")
    done = subprocess.run([tool, *argv], input=json.dumps(wal), text=True, capture_output=True,
                          timeout=30)
    assert done.returncode == 0, done.stderr
    return {child["kind"]: child for child in map(json.loads, done.stdout.splitlines())}


def apply(cluster, namespace, child, *argv):
    """As the controller does."""
    return cluster.kubectl("-n", namespace, "apply", "--server-side", "--validate=strict",
                           "--field-manager=redwal-controller", "-o", "json", "-f", "-", *argv,
                           stdin=json.dumps(child), check=False)
