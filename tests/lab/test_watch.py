"""The cache follows the API server through everything that can happen to a watch."""

import concurrent.futures
import contextlib
import random
import time

import pytest
from kubernetes.client.rest import ApiException

from lab.wait import await_, holds


def churn(cluster, namespace, seconds, seed=0, names=30):
    """Creates, changes and deletes config maps; every other client sees the same end."""
    dice, there = random.Random(seed), set()
    deadline, n = time.monotonic() + seconds, 0
    while time.monotonic() < deadline:
        name, n = f"churn-{dice.randrange(names)}", n + 1
        if name not in there:
            cluster.put(namespace, name, n=str(n))
            there.add(name)
        elif dice.random() < 0.3:
            cluster.core.delete_namespaced_config_map(name, namespace)
            there.discard(name)
        else:
            cluster.core.patch_namespaced_config_map(name, namespace, {"data": {"n": str(n)}})
    return n


def test_a_watch_sees_everything_while_its_connections_are_cut(cluster, namespace, link, linked,
                                                               watcher):
    it = watcher(linked, namespace, "2").await_synced()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        done = pool.submit(churn, cluster, namespace, 12)
        while not done.done():
            time.sleep(0.4)
            link.cut()
            time.sleep(0.1)
            link.restore()
        assert done.result() > 50
    it.await_equal(cluster, namespace)
    lists, watches, _ = it.state()
    assert lists == 1, "what was cut goes on from where it was"
    assert watches > 5
    assert "TROUBLE" in it.output()


def test_a_held_network_is_noticed_by_its_silence(cluster, namespace, link, linked, watcher):
    it = watcher(linked, namespace, "60", "3").await_synced()
    link.hold()
    cluster.put(namespace, "while-held")
    await_(lambda: "the watch is silent" in it.output(), 30, it.tail)
    link.restore()
    it.await_equal(cluster, namespace)


def test_history_that_is_gone_leads_to_a_new_list(cluster, namespace, link, linked, watcher):
    for i in range(5):
        cluster.put(namespace, f"c{i}")
    it = watcher(linked, namespace).await_synced()
    link.cut()
    cluster.core.delete_namespaced_config_map("c3", namespace)
    churn(cluster, namespace, 1, names=3)
    cluster.compact()
    # The API server keeps the last changes itself; another process of it has only what etcd has.
    cluster.part("stop", "kube-apiserver")
    cluster.start_api_server()
    link.restore()
    it.await_equal(cluster, namespace)
    assert it.state()[0] > 1
    assert f"- {namespace}/c3 " in it.output()
    assert "410" in it.output()


def test_an_api_server_that_restarts_is_waited_for(cluster, namespace, watcher):
    it = watcher(cluster.kubeconfig, namespace).await_synced()
    cluster.put(namespace, "before")
    cluster.part("stop", "kube-apiserver")
    await_(lambda: "TROUBLE" in it.output(), 30, it.tail)
    assert it.state()[2].keys() >= {f"{namespace}/before"}, "unknown is not gone"
    cluster.start_api_server()
    cluster.put(namespace, "after")
    it.await_equal(cluster, namespace)


def test_thousands_of_objects_come_in_pages(cluster, namespace, watcher):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: cluster.put(namespace, f"c{i}"), range(2000)))
    it = watcher(cluster.kubeconfig, namespace, "300", "150", "100").await_synced(120)
    assert it.state()[0] >= 20, "2000 objects in pages of 100"
    it.await_equal(cluster, namespace)

    def is_empty():
        with contextlib.suppress(ApiException):  # what takes the server long is cut off, and goes on from there
            cluster.core.delete_collection_namespaced_config_map(namespace)
        return not cluster.versions(namespace)
    await_(is_empty, 240, "all are deleted")
    it.await_equal(cluster, namespace, seconds=120)


def test_objects_of_a_megabyte_arrive_whole(cluster, namespace, watcher):
    it = watcher(cluster.kubeconfig, namespace).await_synced()
    for i in range(3):
        cluster.put(namespace, f"large-{i}", text="\N{EURO SIGN}\n" * 225_000)
    it.await_equal(cluster, namespace)
    watcher(cluster.kubeconfig, namespace).await_synced().await_equal(cluster, namespace)


def test_what_is_forbidden_is_asked_for_until_it_is_allowed(cluster, namespace, watcher):
    config = cluster.directory / "user.kubeconfig"
    it = watcher(config, namespace)
    await_(lambda: "TROUBLE the API server says 403 Forbidden" in it.output(), 30, it.tail)
    cluster.kubectl("-n", namespace, "create", "role", "reader", "--verb=get,list,watch",
                    "--resource=configmaps")
    cluster.kubectl("-n", namespace, "create", "rolebinding", "reader", "--role=reader",
                    "--user=lab-user")
    it.await_synced()
    it.await_equal(cluster, namespace)
    with pytest.raises(ApiException):
        cluster.core.read_namespaced_config_map("none", namespace)


def test_a_quiet_watch_asks_for_nothing(cluster, namespace, watcher):
    it = watcher(cluster.kubeconfig, namespace).await_synced()
    it.await_equal(cluster, namespace)
    before = it.state()[:2]
    holds(lambda: it.state()[:2] == before, 5, it.tail)
