"""Writes and their refusals, seen by other clients."""

import json

import pytest

from cluster import CONFIG_MAPS, apply, run_probe

CRD = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.lab.example"},
    "spec": {
        "group": "lab.example", "scope": "Namespaced",
        "names": {"plural": "things", "singular": "thing", "kind": "Thing"},
        "versions": [{
            "name": "v1", "served": True, "storage": True, "subresources": {"status": {}},
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                "spec": {"type": "object", "properties": {
                    "size": {"type": "integer"}, "colour": {"type": "string"}}},
                "status": {"type": "object", "properties": {"phase": {"type": "string"}}}}}}}]},
}
THINGS = "lab.example/v1/things"


@pytest.fixture(scope="session")
def things(cluster):
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps(CRD))
    cluster.await_established("crd/things.lab.example")


@pytest.fixture
def probe(cluster):
    def run(verb, *argv, **body):
        return apply(cluster.kubeconfig, verb, *argv, **body)
    return run


def config_map(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def thing(name, **fields):
    return {"apiVersion": "lab.example/v1", "kind": "Thing", "metadata": {"name": name}, **fields}


def read(cluster, namespace, name):
    return cluster.core.read_namespaced_config_map(name, namespace)


def test_applied_fields_have_owners(cluster, namespace, probe):
    assert probe("apply", CONFIG_MAPS, namespace, "a", "manager=one",
                 **config_map("a", x="1", y="\u00e9/\U0001F600"))[0] == 0
    status, text, _ = probe("apply", CONFIG_MAPS, namespace, "a", "manager=two",
                            **config_map("a", x="2"))
    assert status == 1 and text.startswith("REFUSED 409 Conflict")
    assert 'conflict with "one"' in text
    assert probe("apply", CONFIG_MAPS, namespace, "a", "manager=two", "force",
                 **config_map("a", x="2"))[0] == 0
    # What its manager leaves out goes, unless another manages it as well.
    assert probe("apply", CONFIG_MAPS, namespace, "a", "manager=one", **config_map("a"))[0] == 0
    assert read(cluster, namespace, "a").data == {"x": "2"}
    managers = {m.manager for m in read(cluster, namespace, "a").metadata.managed_fields}
    assert "two" in managers


def test_text_of_any_kind_arrives_as_it_is(cluster, namespace, probe):
    text = "tab\t newline\n quote\" \\ / \u00e9 \u20ac \U0001F600 \x7f \x80 \x85 \u2028 \ufeff \uffff"
    assert probe("apply", CONFIG_MAPS, namespace, "a", "manager=one",
                 **config_map("a", x=text))[0] == 0
    assert read(cluster, namespace, "a").data == {"x": text}


def test_a_json_patch_is_done_only_if_its_tests_hold(cluster, namespace, probe):
    cluster.put(namespace, "a", x="1")

    def patch(expected, value):
        operations = [{"op": "test", "path": "/data/x", "value": expected},
                      {"op": "replace", "path": "/data/x", "value": value}]
        return run_probe(cluster.kubeconfig, "json-patch", CONFIG_MAPS, namespace, "a",
                         stdin=json.dumps(operations))

    status, text, _ = patch("other", "2")
    assert status == 1 and text.startswith("REFUSED 422 Invalid")
    assert read(cluster, namespace, "a").data == {"x": "1"}
    assert patch("1", "2")[0] == 0
    assert read(cluster, namespace, "a").data == {"x": "2"}


def test_an_update_of_an_old_version_is_refused(cluster, namespace, probe):
    cluster.put(namespace, "a", x="1")
    old = config_map("a", x="mine")
    old["metadata"]["resourceVersion"] = read(cluster, namespace, "a").metadata.resource_version
    cluster.core.patch_namespaced_config_map("a", namespace, {"data": {"x": "2"}})
    status, text, _ = probe("update", CONFIG_MAPS, namespace, "a", **old)
    assert status == 1 and text.startswith("REFUSED 409 Conflict")
    assert read(cluster, namespace, "a").data == {"x": "2"}


def test_only_the_object_that_is_meant_is_deleted(cluster, namespace, probe):
    cluster.put(namespace, "a")
    meta = read(cluster, namespace, "a").metadata
    for uid, version in [("00000000-0000-0000-0000-000000000000", ""), (meta.uid, "1")]:
        status, text, _ = probe("delete", CONFIG_MAPS, namespace, "a", uid, version)
        assert status == 1 and text.startswith("REFUSED 409 Conflict")
    assert probe("delete", CONFIG_MAPS, namespace, "a", meta.uid, meta.resource_version)[0] == 0
    assert probe("get", CONFIG_MAPS, namespace, "a")[1].startswith("REFUSED 404 NotFound")
    assert probe("delete", CONFIG_MAPS, namespace, "a")[1].startswith("REFUSED 404 NotFound")


def test_status_and_spec_are_written_apart(cluster, namespace, things, probe):
    del things
    assert probe("create", THINGS, namespace,
                 **thing("t", spec={"size": 1}, status={"phase": "lost"}))[0] == 0
    assert probe("merge-patch", THINGS + "/status", namespace, "t", spec={"size": 9},
                 status={"phase": "Ready"})[0] == 0
    assert probe("merge-patch", THINGS, namespace, "t", spec={"colour": "red"},
                 status={"phase": "lost"})[0] == 0
    seen = json.loads(cluster.kubectl("-n", namespace, "get", "thing", "t", "-o", "json").stdout)
    assert seen["spec"] == {"size": 1, "colour": "red"}
    assert seen["status"] == {"phase": "Ready"}
    assert seen["metadata"]["generation"] == 2


def test_unknown_fields_are_errors_or_warnings(namespace, things, probe):
    del things
    body = thing("t", spec={"sighs": 1})
    status, text, _ = probe("create", THINGS, namespace, "strict", **body)
    assert status == 1 and text.startswith("REFUSED 400") and "sighs" in text
    status, _, warnings = probe("create", THINGS, namespace, **body)
    assert status == 0 and "WARNING" in warnings and "sighs" in warnings


def test_a_dry_run_changes_nothing(namespace, probe):
    assert probe("create", CONFIG_MAPS, namespace, "dry-run", **config_map("a"))[0] == 0
    assert probe("get", CONFIG_MAPS, namespace, "a")[1].startswith("REFUSED 404 NotFound")


def test_the_versions_of_a_kind_are_found(cluster, things):
    del things
    assert run_probe(cluster.kubeconfig, "served", "Thing")[1] == f"{THINGS} namespaced status"
    assert run_probe(cluster.kubeconfig, "served", "Namespace")[1] == \
        "/v1/namespaces cluster status"
    assert run_probe(cluster.kubeconfig, "served", "NoSuchKind")[1] == ""


def test_what_repeats_is_one_event_with_a_count(cluster, namespace):
    assert run_probe(cluster.kubeconfig, "event", namespace, "a", "Seen", "40")[0] == 0
    assert run_probe(cluster.kubeconfig, "event", namespace, "b", "Seen", "1")[0] == 0
    events = {e.regarding.name: e for e in cluster.events.list_namespaced_event(namespace).items}
    assert events.keys() == {"a", "b"}
    assert events["a"].series.count == 40
    assert events["b"].series is None
    assert events["a"].reason == "Seen" and events["a"].type == "Normal"
    assert "redwal.dev/kube-probe" in cluster.kubectl(
        "-n", namespace, "get", "events", "-o", "wide").stdout
