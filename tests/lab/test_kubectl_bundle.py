"""kubectl-redwal support-bundle: secrets are planted wherever somebody may put one, and are not in it."""

import json
import os
import subprocess
import tarfile

import pytest

from controllers import Controller
from kubelet import Log, stamp
from lab.wait import await_
from place import DONE, FAILED, INCOMPLETE, REDWAL, bind

SECRETS = [f"planted-{n}-Zq7" for n in range(12)]
(IN_SECRET, IN_ENV, IN_ANNOTATION, IN_COPY, IN_CONFIG, IN_URL, IN_LOG, IN_JSON, IN_PREVIOUS, IN_KEY,
 IN_EVENT, IN_TOKEN) = SECRETS


@pytest.fixture
def bundle(cluster, namespace, definition, tmp_path):
    """Makes one; returns (what was printed, {name: text}, the raw bytes)."""
    del definition

    def make(*argv, status=DONE, kubeconfig=None):
        path = tmp_path / "bundle.tar.gz"
        path.unlink(missing_ok=True)
        done = subprocess.run(
            [REDWAL, "support-bundle", *argv, "-n", namespace, "-o", path, "--controller-namespace",
             namespace, "--kubeconfig", kubeconfig or cluster.kubeconfig],
            capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == status, f"{done.returncode}\n{done.stdout}{done.stderr}"
        if not path.exists():
            return done.stderr, {}, b""
        assert path.stat().st_mode & 0o777 == 0o600
        with tarfile.open(path) as archive:
            files = {m.name.removeprefix("redwal-support/"): archive.extractfile(m).read()
                     for m in archive.getmembers()}
        return done.stdout + done.stderr, {k: v.decode() for k, v in files.items()}, \
            b"".join(files.values())
    return make


@pytest.fixture
def planted(cluster, namespace, definition, pods):
    """A RedisWal, a pod, a ConfigMap, an Event and a Secret, full of secrets."""
    del definition
    labels = {"app.kubernetes.io/name": "redis-applier", "redwal.dev/wal": "orders"}

    def put(version, kind, name, metadata=None, **content):
        cluster.kubectl("create", "-n", namespace, "-f", "-", stdin=json.dumps({
            "apiVersion": version, "kind": kind, **content,
            "metadata": {"name": name, "labels": labels, **(metadata or {})}}))

    copy = json.dumps({"kind": "Secret", "data": {"x": IN_COPY}})
    put("redwal.dev/v1alpha1", "RedisWal", "orders", {"annotations": {
        "example.com/api-token": IN_ANNOTATION,
        "kubectl.kubernetes.io/last-applied-configuration": copy}},
        spec={"redis": {"address": "redis:6379"}, "kafka": {"brokers": ["kafka:9092"]}})
    put("v1", "Secret", "orders-kafka", stringData={"word": IN_SECRET})
    put("v1", "ConfigMap", "orders-applier", data={
        "redis-applier.yaml": f"brokers: kafka:9092\nredis-password: \"{IN_CONFIG}\"\n",
        "note": f"dial redis://me:{IN_URL}@redis:6379"})
    put("apps/v1", "Deployment", "orders-applier", spec={
        "replicas": 0, "selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels}, "spec": {"containers": [
                {"name": "redis-applier", "image": "x", "env": [
                    {"name": "COLOUR", "value": IN_ENV}]}]}}})
    put("events.k8s.io/v1", "Event", "orders.1", type="Warning", reason="Failed", action="Look",
        note=f"refused password={IN_EVENT}, try again", reportingController="redwal.dev/test",
        reportingInstance="t", eventTime="2026-11-25T14:00:00.000000Z",
        regarding={"kind": "RedisWal", "name": "orders", "namespace": namespace})
    key = f"-----BEGIN PRIVATE KEY-----\n{IN_KEY}\n-----END PRIVATE KEY-----"
    pods("orders-applier-a", Log(
        f"{stamp(1)} connected with password={IN_LOG}",
        f'{stamp(2)} {{"level":"info","apiToken":"{IN_JSON}","msg":"ready"}}',
        f"{stamp(3)} sent Authorization: Bearer {IN_TOKEN}",
        *[f"{stamp(4)} {line}" if n == 0 else line for n, line in enumerate(key.splitlines())],
        previous=[f"{stamp(0)} secret: {IN_PREVIOUS}", f"{stamp(0)} last words"]))
    cluster.kubectl("patch", "pod", "orders-applier-a", "-n", namespace, "--subresource=status",
                    "--type=merge", "-p", json.dumps({"status": {"containerStatuses": [{
                        "name": "redis-applier", "image": "x", "imageID": "x", "ready": True,
                        "restartCount": 1, "state": {"running": {}},
                        "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}}]}}))


def test_no_planted_secret_is_in_it_and_the_rest_is(bundle, planted, others, cluster, namespace):
    del planted, others
    cluster.kubectl("create", "-n", namespace, "-f", "-", stdin=json.dumps({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "redwal-controller"}, "spec": {"holderIdentity": "nobody-special"}}))
    printed, files, raw = bundle("orders")
    for secret in SECRETS:
        assert secret.encode() not in raw, secret
    for file, shows in (
            ("rediswals.jsonl", '"brokers":["kafka:9092"]'), ("configmaps.jsonl", "kafka:9092"),
            ("deployments.jsonl", '"COLOUR"'), ("pods.jsonl", "orders-applier-a"),
            ("events.jsonl", "try again"), ("controller/leases.jsonl", "nobody-special"),
            ("logs/orders-applier-a.log", '"msg":"ready"'), ("version.json", "gitVersion"),
            ("logs/orders-applier-a.previous.log", "last words"),
            ("doctor/orders.txt", "WARN     appliers-ready: 1 of 2 are"),
            ("about.txt", f"namespace {namespace}, RedisWal orders")):
        assert shows in files[file], (file, files[file])
    assert "secrets" not in "".join(files).lower() and files["errors.txt"] == ""
    assert all(f"  redwal-support/{name}\n" in printed for name in files)
    # All objects are whole, and JSON.
    for name, text in files.items():
        if name.endswith(".jsonl"):
            assert all(json.loads(line)["kind"] for line in text.splitlines())


def test_what_may_not_be_read_is_listed(bundle, planted, cluster, namespace):
    del planted
    bind(cluster, namespace, "redwal-view")
    printed, files, raw = bundle("orders", status=INCOMPLETE,
                                 kubeconfig=cluster.directory / "user.kubeconfig")
    assert "configmaps.jsonl: " in files["errors.txt"] and "403" in files["errors.txt"]
    assert 'resource "secrets"' not in printed + files["errors.txt"]
    assert "orders" in files["rediswals.jsonl"] and "logs/orders-applier-a.log" in files
    for secret in SECRETS:
        assert secret.encode() not in raw


def test_a_log_that_does_not_fit_is_listed(bundle, planted, kubelet, cluster, namespace):
    del planted
    kubelet.run(cluster, namespace, "orders-applier-b", Log(b"password=1\n" * (24 * 2**20 // 11)))
    _, files, _ = bundle("orders", status=INCOMPLETE)
    assert "logs/orders-applier-b.log: it is left out" in files["errors.txt"]
    assert "logs/orders-applier-b.log" not in files and "logs/orders-applier-a.log" in files


@pytest.fixture
def address():
    """One of this machine that the API server connects to, unlike 127.0.0.1; nobody outside does."""
    if os.geteuid() != 0:
        pytest.skip("only root adds an address to lo")
    ours = f"198.18.{os.getpid() % 256}.{os.getpid() // 256 % 254 + 1}"
    subprocess.run(["ip", "address", "add", f"{ours}/32", "dev", "lo"], check=True)
    yield ours
    subprocess.run(["ip", "address", "del", f"{ours}/32", "dev", "lo"], check=True)


def test_the_controllers_pages_are_in_it(bundle, others, kubelet, cluster, namespace, address, tmp_path):
    del others
    controller = Controller(tmp_path, "controller", cluster.kubeconfig, namespace, host=address).start()
    try:
        controller.await_leading()
        await_(lambda: controller.get("/readyz")[0] == 200, 30, controller.tail)
        kubelet.run(cluster, namespace, "the-controller", Log("a line"), name="redwal-controller",
                    ports=[controller.port])
        cluster.kubectl("patch", "pod", "the-controller", "-n", namespace, "--subresource=status",
                        "--type=merge", "-p", json.dumps({"status": {
                            "podIP": address, "podIPs": [{"ip": address}]}}))
        _, files, _ = bundle()
        assert "redwal_controller_leads 1" in files["controller/the-controller.metrics.txt"]
        ready = files["controller/the-controller.readyz.txt"]
        assert ready.endswith("\nready\n"), "with its details"
        bind(cluster, namespace, "redwal-view")
        _, files, _ = bundle(status=INCOMPLETE, kubeconfig=cluster.directory / "user.kubeconfig")
        for page in ("metrics", "readyz"):
            assert f"controller/the-controller.{page}.txt: " in files["errors.txt"]
            assert f"controller/the-controller.{page}.txt" not in files
        assert 'cannot get resource "pods/proxy"' in files["errors.txt"]
    finally:
        controller.stop()
    _, files, _ = bundle(status=INCOMPLETE)
    assert "controller/the-controller.metrics.txt: " in files["errors.txt"]


def test_no_bundle_of_what_is_not_there_or_over_another(bundle, planted, cluster, namespace,
                                                        tmp_path):
    del planted
    said, files, _ = bundle("nothing", status=FAILED)
    assert '"nothing" not found' in said and not files
    (tmp_path / "there").write_text("mine")
    done = subprocess.run([REDWAL, "support-bundle", "-n", namespace, "-o", tmp_path / "there",
                           "--kubeconfig", cluster.kubeconfig], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == FAILED and "File exists" in done.stderr
    assert (tmp_path / "there").read_text() == "mine"
