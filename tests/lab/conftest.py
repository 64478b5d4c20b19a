"""Fixtures: one API server for the session, and one with a node; namespaces and programs are a
test's own."""

import itertools
import json
import pathlib
import subprocess

import kubernetes
import pytest
from xdist.scheduler import LoadScopeScheduling

from cluster import Cluster, Watcher
from controllers import Controller
from installed import SampleFailover, Wal, install, make_topics
from kubelet import Kubelet
from lab.link import Link
from lab.redis_server import RedisServer
from lab.wait import await_
from node import Node, missing
from place import Place, Scene
from strimzi import FORMS
from wals import Wals

ROOT = pathlib.Path(__file__).resolve().parents[2]
_numbers = itertools.count(1)


# What the tests of these files share takes long to start, and one worker starts it. Of the node there is
# one on a machine at a time.
SHARED = {
    **dict.fromkeys(["test_lab", "test_mirror", "test_node", "test_restore_pods",
                     "test_restore_pods_volumes", "test_wal_faults", "test_wal_pods"], "node"),
    "test_kubectl_mirror": "connect", "test_marks": "marked broker", "test_rbac": "manifests",
    "test_restore_faults": "mortal broker", "test_wal_mirror": "mirror"}


class Shares(LoadScopeScheduling):
    """Deals what is shared as a whole, and first; then test by test."""

    def _split_scope(self, nodeid):
        return SHARED.get(nodeid.partition(".py::")[0], nodeid)


def pytest_xdist_make_scheduler(config, log):
    return Shares(config, log)


def pytest_collection_modifyitems(items):
    for item in items:
        name = item.module.__name__
        if ("node" in item.fixturenames) != (SHARED.get(name) == "node"):
            raise pytest.UsageError(f"{item.nodeid}: a file whose tests want the node has no others, and "
                                    "stands in SHARED of conftest.py")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("lab") / "kubernetes").start()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def node(tmp_path_factory):
    lacks = missing()
    if lacks:
        pytest.skip(f"no node can run here, which lacks {lacks}")
    node = Node(tmp_path_factory.mktemp("lab") / "node")
    try:
        yield node.start()
    finally:
        node.stop()


@pytest.fixture(scope="session")
def system(node):
    """The controller is installed on the node."""
    install(node)


@pytest.fixture(scope="module")
def module_name(request):
    """Of what a module's tests share on the node: test_wal_pods.py has wal-pods."""
    return request.module.__name__.removeprefix("test_").replace("_", "-")


@pytest.fixture(scope="module")
def home(node, module_name):
    """Its namespace."""
    name = node.namespace(module_name)
    yield name
    node.empty(name)


@pytest.fixture(scope="module")
def failover(node, home):
    """The sample's Redis there."""
    return SampleFailover(node, home).await_whole()


@pytest.fixture(scope="module")
def topic(node, module_name):
    return make_topics(node, module_name)


@pytest.fixture(scope="module")
def wal(node, home, failover, topic, system):
    """The sample's RedisWal there, ready."""
    del failover, system
    wal = Wal(node, home, topic)
    wal.await_ready()
    return wal


@pytest.fixture(scope="session")
def scratch_redis(tmp_path_factory):
    server = RedisServer(tmp_path_factory.mktemp("lab"), "oracle").start()
    yield server
    server.remove()


@pytest.fixture
def namespace(cluster):
    return cluster.namespace(f"test-{next(_numbers)}")


@pytest.fixture(scope="session")
def definition(cluster):
    """RedisWals and RedisRestores are served."""
    cluster.kubectl("apply", "--server-side", "-k", ROOT / "manifests" / "crd")
    cluster.await_established("crd/rediswals.redwal.dev", "crd/redisrestores.redwal.dev")


@pytest.fixture(scope="session")
def others(cluster, tmp_path_factory):
    """Resources of other projects that our manifests use are served."""
    directory = tmp_path_factory.mktemp("crds")
    subprocess.run([ROOT / "hack" / "third-party-crds", directory], check=True)
    cluster.kubectl("apply", "--server-side", "-f", directory)
    cluster.await_established("-f", directory)


@pytest.fixture(scope="session")
def freshworks(cluster, others):
    """RedisFailovers have the field that freshworks' fork of the operator adds to those of Spotahome."""
    place = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/sentinel/properties"
    cluster.kubectl("patch", "crd", "redisfailovers.databases.spotahome.com", "--type=json", "-p", json.dumps(
        [{"op": "add", "path": f"{place}/disableMyMaster", "value": {"type": "boolean"}}]))
    one = {"apiVersion": "databases.spotahome.com/v1", "kind": "RedisFailover", "metadata": {"name": "one"},
           "spec": {"redis": {}, "sentinel": {"disableMyMaster": True}}}
    await_(lambda: "disableMyMaster" in cluster.kubectl(
        "create", "-n", "default", "--dry-run=server", "-o", "json", "-f", "-", stdin=json.dumps(one)).stdout,
           30, "the API server keeps that field")


@pytest.fixture(scope="session")
def definition_of_strimzi(cluster, request):
    """KafkaMirrorMaker2s are served; in the form that the test is run with, where it is with several."""
    form = getattr(request, "param", FORMS[0])
    form.define(cluster)
    yield form
    form.withdraw(cluster)


@pytest.fixture
def api(cluster, definition):
    """Reads and writes them."""
    del definition
    return kubernetes.client.CustomObjectsApi(cluster.client)


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    place = Place(tmp_path_factory.mktemp("place"))
    yield place
    place.close()


@pytest.fixture
def scene(cluster, definition, namespace, place):
    """A RedisWal of that place, with its Secrets."""
    del definition
    return Scene(cluster, namespace, place)


@pytest.fixture(scope="session")
def kubelet(cluster, tmp_path_factory):
    kubelet = Kubelet(tmp_path_factory.mktemp("kubelet"))
    kubelet.join(cluster, "said")
    yield kubelet
    cluster.kubectl("delete", "node", "said")
    kubelet.shutdown()


@pytest.fixture
def pods(cluster, kubelet, namespace):
    """Runs pods in the test's namespace."""
    await_(lambda: cluster.kubectl("get", "sa", "default", "-n", namespace, check=False)
           .returncode == 0, 180, "the namespace has its service account")
    yield lambda pod, log, **options: kubelet.run(cluster, namespace, pod, log, **options)
    for log in kubelet.logs.values():
        log.later.put(None)
    kubelet.logs.clear()


@pytest.fixture
def wals(cluster, api, namespace):
    return Wals(cluster, api, namespace)


@pytest.fixture
def controller(cluster, namespace, definition, tmp_path):
    """Starts controllers; each ends with the test, and well."""
    del definition
    started = []

    def start(name="first", kubeconfig=cluster.kubeconfig, *argv, env=None, **options):
        started.append(Controller(tmp_path, name, kubeconfig, namespace, *argv, **options))
        started[-1].env = env or started[-1].env
        return started[-1].start()

    yield start
    for process in started:
        status = process.stop()
        assert status == 0, f"exit status {status}\n{process.tail()}"


@pytest.fixture
def link(cluster):
    """A network to the API server that can be held and cut."""
    link = Link(cluster.port)
    yield link
    link.close()


@pytest.fixture
def linked(cluster, link, tmp_path):
    """A kubeconfig that goes through the link."""
    return cluster.write_config(tmp_path / "linked.kubeconfig",
                                server=f"https://127.0.0.1:{link.port}")


@pytest.fixture
def watcher(tmp_path):
    """Starts watchers; each ends with the test."""
    started = []

    def start(kubeconfig, namespace, *argv, **options):
        directory = tmp_path / f"watcher-{len(started)}"
        directory.mkdir()
        started.append(Watcher(directory, kubeconfig, namespace, *argv, **options).start())
        return started[-1]

    yield start
    for process in started:
        status = process.stop()
        assert status == 0, f"exit status {status}\n{process.tail()}"


def pytest_unconfigure(config):
    """The closing line that tests/run adds up."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and not config.option.collectonly:
        count = {kind: len(reporter.stats.get(kind, [])) for kind in
                 ("passed", "failed", "error", "skipped")}
        print(f"{count['passed']} passed, {count['failed'] + count['error']} failed, "
              f"{count['skipped']} skipped")
