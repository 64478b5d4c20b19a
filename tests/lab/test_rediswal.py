"""RedisWals that are good and bad: the API server and our decoder agree which is which."""

import json
import os
import pathlib
import subprocess

import kubernetes
import pytest

from rediswals import GROUP, PLURAL, TABLE, VERSION, create, make

WAL_TABLES = pathlib.Path(os.environ["KUBE_PROBE"]).with_name("wal-tables")


def decode(body):
    done = subprocess.run([WAL_TABLES, "decode"], input=json.dumps(body), text=True,
                          capture_output=True, timeout=30)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode == 0, done.stdout


@pytest.mark.parametrize("row", TABLE["good"], ids=lambda row: row["why"])
def test_a_good_one_is_stored_and_decoded(api, namespace, row):
    body = make(row["set"])
    stored = create(api, namespace, body)
    assert decode(body) == (True, "good\n")
    assert decode(stored) == (True, "good\n")


@pytest.mark.parametrize("row", TABLE["bad"], ids=lambda row: row["why"])
def test_a_bad_one_is_refused_by_both_and_told_why(api, namespace, row):
    body = make(row["set"])
    with pytest.raises(kubernetes.client.ApiException) as refusal:
        create(api, namespace, body, dry_run="All")
    message = json.loads(refusal.value.body)["message"]
    assert refusal.value.status in (400, 422)
    assert row["says"] in message
    good, said = decode(body)
    assert not good
    assert row["says"] in said


@pytest.mark.parametrize("row", TABLE["changes"], ids=lambda row: row["why"])
def test_what_may_change_and_what_may_not(api, namespace, row):
    before = create(api, namespace, make(row["from"]))
    after = make(row["to"])
    after["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"]
    arguments = GROUP, VERSION, namespace, PLURAL, before["metadata"]["name"], after
    if "says" not in row:
        api.replace_namespaced_custom_object(*arguments)
        return
    with pytest.raises(kubernetes.client.ApiException) as refusal:
        api.replace_namespaced_custom_object(*arguments)
    assert row["says"] in json.loads(refusal.value.body)["message"]


def test_defaults_are_those_of_the_applier(api, namespace):
    spec = create(api, namespace, make({}))["spec"]
    assert spec["topics"] == {"log": "redis-writes", "deadLetters": "redis-writes-dlq"}
    assert spec["kafka"]["group"] == "redis-applier"
    assert spec["kafka"]["security"] == "PLAINTEXT"
    assert spec["redis"]["masterName"] == "mymaster"
    assert spec["applier"]["replicas"] == 2
    assert "options" not in spec  # what the applier decides is not written down


def test_people_see_columns_and_scale_it(cluster, api, namespace):
    create(api, namespace, make({"spec.site": "dc"}))
    api.patch_namespaced_custom_object_status(GROUP, VERSION, namespace, PLURAL, "orders", {
        "status": {"phase": "Ready", "lag": {"records": 7}, "freshness": 5,
                   "primary": {"address": "10.0.0.1:6379"},
                   "applier": {"ready": 2, "replicas": 3, "selector": "redwal.dev/wal=orders"}}})
    heads, row = cluster.kubectl("-n", namespace, "get", "rwal").stdout.splitlines()
    assert heads.split() == ["NAME", "SITE", "ROLE", "PHASE", "READY", "LAG", "LAG", "(S)",
                             "FRESH", "(S)", "PRIMARY", "AGE"]
    assert row.split()[:8] == ["orders", "dc", "active", "Ready", "2", "7", "5", "10.0.0.1:6379"]
    assert "orders" in cluster.kubectl("-n", namespace, "get", "redwal").stdout

    cluster.kubectl("-n", namespace, "scale", "rediswal", "orders", "--replicas=5")
    scale = json.loads(cluster.kubectl(
        "get", "--raw",
        f"/apis/{GROUP}/{VERSION}/namespaces/{namespace}/{PLURAL}/orders/scale").stdout)
    assert scale["spec"]["replicas"] == 5
    assert scale["status"] == {"replicas": 3, "selector": "redwal.dev/wal=orders"}


def test_conditions_are_merged_by_type(cluster, api, namespace):
    create(api, namespace, make({}))

    def say(manager, kind, status):
        body = {"apiVersion": f"{GROUP}/{VERSION}", "kind": "RedisWal",
                "metadata": {"name": "orders"},
                "status": {"conditions": [{
                    "type": kind, "status": status, "reason": "Seen", "message": "",
                    "lastTransitionTime": "2026-11-25T10:00:00Z"}]}}
        return cluster.kubectl("-n", namespace, "apply", "--server-side", "--subresource=status",
                               f"--field-manager={manager}", "-f", "-", stdin=json.dumps(body),
                               check=False)

    assert say("one", "Ready", "True").returncode == 0
    assert say("two", "CaughtUp", "Unknown").returncode == 0
    assert "status.conditions" in say("two", "Other", "Perhaps").stderr
    stored = api.get_namespaced_custom_object(GROUP, VERSION, namespace, PLURAL, "orders")
    assert {c["type"] for c in stored["status"]["conditions"]} == {"Ready", "CaughtUp"}
