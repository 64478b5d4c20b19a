"""What a RedisWal looks like to people; what it may say is in test_kinds.py."""

import json

from rediswals import GROUP, PLURAL, VERSION, create, make


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
