"""All of it in pods, from manifests alone: the sample's Redis by its operator, the controller, and the
appliers that it runs."""

import json

import pytest

from bystander import REDIS, Bystander
from installed import APPLIERS, CONTROLLERS, SYSTEM
from judged import check, write
from lab.wait import await_
from manifests import build, of_kind
from node import ready
from rediswals import GROUP, PLURAL, VERSION

HTTP, SENTINEL = 8080, 26379
# Of others, to which the controller goes wherever they are; and one to which it does not.
OPEN, CLOSED = (REDIS, SENTINEL, 6443, 8083, 9092, 9094), 9095
NOBODY = {"app": "nobody"}
APPLIER = {"app.kubernetes.io/name": "redis-applier", "redwal.dev/wal": "orders"}
JOB = {"app.kubernetes.io/name": "kubectl-redwal", "redwal.dev/wal": "orders"}
CONTROLLER = {"app.kubernetes.io/name": "redwal-controller"}
READER = {"redwal.dev/reads": "orders"}
OPERATOR = {"app": "redisoperator"}
OF_REDIS = {"app.kubernetes.io/part-of": "redis-failover", "app.kubernetes.io/name": "orders"}
LET_IN = ["redis", "applier", "job", "operator", "elsewhere/operator", "system/controller", "reader"]
KEPT_OUT = ["nobody", "controller", "elsewhere/nobody", "elsewhere/applier", "elsewhere/job", "elsewhere/reader"]


@pytest.fixture(scope="module")
def people(node, home, wal):
    """By name. Those of another namespace have a name with a slash. To who counts pods they count."""
    del wal
    elsewhere = node.namespace(f"{home}-elsewhere")
    people = {name: Bystander(node, home, name, labels) for name, labels in
              (("nobody", NOBODY), ("applier", APPLIER), ("job", JOB), ("reader", READER),
               ("operator", OPERATOR), ("redis", OF_REDIS), ("controller", CONTROLLER))}
    people["elsewhere/nobody"] = Bystander(node, elsewhere, "nobody", NOBODY, (*OPEN, CLOSED))
    people["elsewhere/applier"] = Bystander(node, elsewhere, "applier", APPLIER)
    people["elsewhere/job"] = Bystander(node, elsewhere, "job", JOB)
    people["elsewhere/reader"] = Bystander(node, elsewhere, "reader", READER)
    people["elsewhere/operator"] = Bystander(node, elsewhere, "operator", OPERATOR)
    people["system/controller"] = Bystander(node, SYSTEM, "bystander", CONTROLLER)
    for person in people.values():
        person.await_running()
    yield people
    node.core.delete_namespaced_pod("bystander", SYSTEM)


def test_the_log_reaches_redis_and_the_status_tells_the_truth(node, failover, topic, wal,
                                                              scratch_redis):
    write(topic, 1)
    check(failover, topic, scratch_redis)
    assert len(wal.pods()) == 2
    with failover.client() as client:
        assert "redwal" in {connected["user"] for connected in client.client_list()}
        run_id = client.info("server")["run_id"]
    primary = failover.primary()
    await_(lambda: wal.get()["status"]["applier"].get("ready") == 2, 60,
           lambda: f"the status knows both pods: {wal.get()['status']}")
    status = wal.get()["status"]
    assert status["primary"]["address"] == f"{primary.status.pod_ip}:6379"
    assert status["primary"]["runId"] == run_id
    assert (status["applier"]["ready"], status["applier"]["desired"]) == (2, 2)
    assert status["partitions"] == topic.partitions


def test_only_what_does_not_take_effect_by_itself_replaces_pods(node, home, wal):
    before = wal.pods()
    wal.patch(options={"rateLimit": 100000})
    name = "orders-applier"
    await_(lambda: "rate-limit" in node.core.read_namespaced_config_map(name, home).data[
        "redis-applier.yaml"], 60, "the option is in the ConfigMap")
    node.await_deployed(home, name)
    assert wal.pods() == before
    wal.patch(options={"onReject": "halt"})
    await_(lambda: not wal.pods() & before and len(wal.pods()) == 2, 120,
           lambda: f"all pods are new ones: {node.describe(home)}")
    wal.await_ready()


def test_network_policies_mean_the_pods_that_there_are(node, home, failover, wal):
    """What selects nothing lets nobody in, and says so nowhere."""
    def selected(selector):
        return node.pods(home, ",".join(f"{k}={v}" for k, v in selector["matchLabels"].items()))

    def await_selected(selector, n):
        await_(lambda: len(selected(selector)) == n, 60,
               lambda: f"{selector} selects {n} pods, and none that goes\n{node.describe(home)}")

    policies = of_kind(build(node, "samples/dc"), "NetworkPolicy")
    for policy in policies.values():
        await_selected(policy["spec"]["podSelector"], 6)  # Redis and Sentinels
    own = json.loads(node.kubectl("-n", home, "get", "networkpolicy", "orders-applier", "-o",
                                  "json").stdout)["spec"]
    await_selected(own["podSelector"], 2)
    peer, = [peer for rule in own["egress"] for peer in rule.get("to", [])]
    await_selected(peer["podSelector"], 6)


@pytest.mark.parametrize("who", LET_IN)
def test_redis_and_sentinels_are_open_to(failover, people, who):
    for component, port in (("redis", REDIS), ("sentinel", SENTINEL)):
        for pod in failover.pods(component):
            people[who].await_reaches(pod.status.pod_ip, port)


@pytest.mark.parametrize("who", KEPT_OUT)
def test_redis_and_sentinels_are_closed_to(failover, people, who):
    for component, port in (("redis", REDIS), ("sentinel", SENTINEL)):
        for pod in failover.pods(component):
            people[who].await_reaches(pod.status.pod_ip, port, False)


@pytest.mark.parametrize("who", ["nobody", "job"])
def test_whoever_has_no_policy_goes_anywhere_else(node, people, who):
    host, _, port = node.kafka.secure.rpartition(":")
    for address in ((people["elsewhere/nobody"].address(), REDIS), (host, port), (node.machine, node.port)):
        people[who].await_reaches(*address)


def test_appliers_go_to_kafka_and_their_redis_and_nowhere_else(node, people):
    host, _, port = node.kafka.secure.rpartition(":")
    people["applier"].await_reaches(host, port)
    people["applier"].await_reaches(people["nobody"].address(), REDIS, False)
    people["applier"].await_reaches(node.machine, node.port, False)


def test_the_controller_goes_by_its_ports_anywhere_and_to_names(people, node):
    """To the API server and Kafka of the lab, which listen elsewhere, a policy of the lab lets it out."""
    controller, address = people["system/controller"], people["elsewhere/nobody"].address()
    controller.await_reaches(node.machine, node.port)
    for port in OPEN:
        controller.await_reaches(address, port)
    people["nobody"].await_reaches(address, CLOSED)
    controller.await_reaches(address, CLOSED, False)
    controller.await_reaches("kube-dns.kube-system", 53)
    coredns, = node.pods("kube-system", "k8s-app=kube-dns")
    controller.await_reaches(coredns.status.pod_ip, 8181, False)  # its readiness, not its names
    people["nobody"].await_reaches(coredns.status.pod_ip, 8181)


def test_redis_does_not_go_out(people, node):
    people["redis"].await_reaches(people["nobody"].address(), REDIS, False)
    people["redis"].await_reaches(node.machine, node.port, False)


@pytest.mark.parametrize("who", ["nobody", "elsewhere/nobody"])
def test_pages_of_our_programs_are_open_to(node, home, people, who):
    def pods():
        return [pod for pod in node.pods(home, APPLIERS) + node.pods(SYSTEM, CONTROLLERS) if ready(pod)]

    await_(lambda: len(pods()) == 4, 60, lambda: f"all are ready\n{node.describe(home)}")
    for pod in pods():
        people[who].await_reaches(pod.status.pod_ip, HTTP)


def test_its_objects_go_with_it(node, home, wal):
    wal.api.delete_namespaced_custom_object(GROUP, VERSION, home, PLURAL, "orders")
    left = ("get", "deployment,configmap,service,serviceaccount,poddisruptionbudget,networkpolicy",
            "-l", "redwal.dev/wal=orders", "-o", "name")
    await_(lambda: node.kubectl("-n", home, *left).stdout == "", 60,
           lambda: f"nothing is left of it: {node.kubectl('-n', home, *left).stdout}")
