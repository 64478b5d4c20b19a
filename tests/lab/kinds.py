"""Objects of our kinds for tests, from the tables beside this file, and our decoder's word on them."""

import copy
import json
import os
import pathlib
import subprocess

import yaml

GROUP, VERSION = "redwal.dev", "v1alpha1"
RESOURCE_TABLES = pathlib.Path(os.environ["KUBE_PROBE"]).with_name("resource-tables")


class Kind:
    def __init__(self, name):
        self.name, self.plural = name, f"{name.lower()}s"
        self.table = yaml.safe_load(
            (pathlib.Path(__file__).parent / f"{self.plural}.yaml").read_text())

    def make(self, changes):
        """The base with values set by path; None removes."""
        made = copy.deepcopy(self.table["base"])
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

    def create(self, api, namespace, body, **options):
        return api.create_namespaced_custom_object(GROUP, VERSION, namespace, self.plural, body,
                                                   field_validation="Strict", **options)

    def get(self, api, namespace, name):
        return api.get_namespaced_custom_object(GROUP, VERSION, namespace, self.plural, name)

    def say(self, api, namespace, name, status):
        """As the controller writes a status."""
        return api.patch_namespaced_custom_object_status(
            GROUP, VERSION, namespace, self.plural, name, {"status": status},
            field_validation="Strict")

    def decode(self, body):
        """Whether our code takes it, and what it says."""
        done = subprocess.run([RESOURCE_TABLES, "decode", self.name], input=json.dumps(body),
                              text=True, capture_output=True, timeout=30)
        assert done.returncode in (0, 1), done.stderr
        return done.returncode == 0, done.stdout


WAL, RESTORE = Kind("RedisWal"), Kind("RedisRestore")
ALL = [WAL, RESTORE]


def rows(part):
    """For parametrize: every row of that part of every kind's table."""
    return [(kind, row) for kind in ALL for row in kind.table[part]]


def called(value):
    return value.name if isinstance(value, Kind) else value["why"]
