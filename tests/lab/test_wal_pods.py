"""All of it in pods, from manifests alone: the sample's Redis by its operator, the controller, and the
appliers that it runs."""

import json

from judged import check, write
from lab.wait import await_
from manifests import build, of_kind
from rediswals import GROUP, PLURAL, VERSION


def test_the_log_reaches_redis_and_the_status_tells_the_truth(node, failover, topic, wal,
                                                              scratch_redis):
    write(topic, 1)
    check(failover, topic, scratch_redis)
    assert len(wal.pods()) == 2
    with failover.client() as client:
        assert "redwal" in {connected["user"] for connected in client.client_list()}
        run_id = client.info("server")["run_id"]
    primary = failover.primary()
    await_(lambda: wal.get()["status"]["applier"].get("ready") == 2, 30,
           lambda: f"the status knows both pods: {wal.get()['status']}")
    status = wal.get()["status"]
    assert status["primary"]["address"] == f"{primary.status.pod_ip}:6379"
    assert status["primary"]["runId"] == run_id
    assert (status["applier"]["ready"], status["applier"]["desired"]) == (2, 2)
    assert status["partitions"] == topic.partitions


def test_network_policies_mean_the_pods_that_there_are(node, home, failover, wal):
    """What selects nothing lets nobody in, and says so nowhere."""
    def selected(selector):
        return node.pods(home, ",".join(f"{k}={v}" for k, v in selector["matchLabels"].items()))

    policies = of_kind(build(node, "samples/dc"), "NetworkPolicy")
    for policy in policies.values():
        assert len(selected(policy["spec"]["podSelector"])) == 6  # Redis and Sentinels
    own = json.loads(node.kubectl("-n", home, "get", "networkpolicy", "orders-applier", "-o",
                                  "json").stdout)["spec"]
    assert len(selected(own["podSelector"])) == 2
    peers = [peer for rule in own["egress"] for peer in rule.get("to", [])]
    assert [len(selected(peer["podSelector"])) for peer in peers] == [6]


def test_only_what_does_not_take_effect_by_itself_replaces_pods(node, home, wal):
    before = wal.pods()
    wal.patch(options={"rateLimit": 100000})
    name = "orders-applier"
    await_(lambda: "rate-limit" in node.core.read_namespaced_config_map(name, home).data[
        "redis-applier.yaml"], 30, "the option is in the ConfigMap")
    node.await_deployed(home, name)
    assert wal.pods() == before
    wal.patch(options={"onReject": "halt"})
    await_(lambda: not wal.pods() & before and len(wal.pods()) == 2, 120,
           lambda: f"all pods are new ones: {node.describe(home)}")
    wal.await_ready()


def test_its_objects_go_with_it(node, home, wal):
    wal.api.delete_namespaced_custom_object(GROUP, VERSION, home, PLURAL, "orders")
    left = ("get", "deployment,configmap,service,serviceaccount,poddisruptionbudget,networkpolicy",
            "-l", "redwal.dev/wal=orders", "-o", "name")
    await_(lambda: node.kubectl("-n", home, *left).stdout == "", 60,
           lambda: f"nothing is left of it: {node.kubectl('-n', home, *left).stdout}")
