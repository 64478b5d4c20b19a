"""RedisWals for tests, from the table in rediswals.yaml, and what they become."""

import copy
import json
import os
import pathlib
import subprocess

import yaml

TABLE = yaml.safe_load((pathlib.Path(__file__).parent / "rediswals.yaml").read_text())
GROUP, VERSION, PLURAL = "redwal.dev", "v1alpha1", "rediswals"


def make(changes):
    """The base with values set by path; None removes."""
    made = copy.deepcopy(TABLE["base"])
    for path, value in changes.items():
        *parents, last = path.split(".")
        inner = made
        for word in parents:
            inner = inner.setdefault(word, {})
        if value is None:
            inner.pop(last, None)
        else:
            inner[last] = value
    return made


def create(api, namespace, body, **options):
    return api.create_namespaced_custom_object(GROUP, VERSION, namespace, PLURAL, body,
                                               field_validation="Strict", **options)


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
