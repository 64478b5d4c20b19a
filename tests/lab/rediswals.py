"""RedisWals for tests, from the table in rediswals.yaml."""

import copy
import pathlib

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
