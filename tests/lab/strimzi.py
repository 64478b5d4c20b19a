"""KafkaMirrorMaker2s as Strimzi defines them, and what its operator does with one."""

import collections
import json
import pathlib
import subprocess

from lab.wait import await_

BUILD = pathlib.Path(__file__).resolve().parents[2] / "hack" / "build-strimzi"
KIND = "kafkamirrormaker2s.kafka.strimzi.io"
NAME = "dc-to-dr"
SOURCE, CHECKPOINT = "sourceConnector", "checkpointConnector"


class Form(collections.namedtuple("Form", "release version")):
    """The release whose definition is served, and the version in which a resource is made."""

    @property
    def kind(self):
        return KIND.replace(".", f".{self.version}.", 1)

    def define(self, cluster):
        directory = subprocess.run([BUILD, self.release], capture_output=True, text=True,
                                   check=True).stdout.strip()
        cluster.kubectl("apply", "--server-side", "-f", f"{directory}/KafkaMirrorMaker2.yaml")
        cluster.await_established(f"crd/{KIND}")

    @staticmethod
    def withdraw(cluster):
        cluster.kubectl("delete", f"crd/{KIND}")


# One version is served, the other one, or both; then it may not have been converted to v1 yet.
FORMS = Form("1.2.0", "v1"), Form("0.49.1", "v1"), Form("0.49.1", "v1beta2"), Form("0.48.0", "v1beta2")


class Operator:
    """What Strimzi's operator does with such a resource, when it is told to look at it."""

    def __init__(self, cluster, namespace, form, connector):
        self._cluster, self._namespace, self.connector = cluster, namespace, connector
        self.form = form

    def kubectl(self, *argv, **options):
        return self._cluster.kubectl("-n", self._namespace, *argv, **options)

    def resource(self):
        return json.loads(self.kubectl("get", f"{self.form.kind}/{NAME}", "-o", "json").stdout)

    def mirror(self, n):
        return self.resource()["spec"]["mirrors"][n]

    def unordered(self):
        """What no order is to change."""
        spec = self.resource()["spec"]
        for connector in (SOURCE, CHECKPOINT):
            spec["mirrors"][1][connector].pop("state", None)
        return spec

    def reconcile(self):
        resource = self.resource()
        state = resource["spec"]["mirrors"][1][SOURCE].get("state", "running")
        self.connector.ask("PUT", {"running": "/resume", "stopped": "/stop"}[state])
        await_(lambda: self._is(state), 180, lambda: f"{state}: {self.connector.status()}")
        self.say(resource, self.connector.status())

    def say(self, resource, status):
        """That it has done what `resource` asks for, and what Connect says of the source connector."""
        self.kubectl("patch", self.form.kind, NAME, "--subresource=status", "--type=merge", "-p", json.dumps({
            "status": {"observedGeneration": resource["metadata"]["generation"],
                       "conditions": [{"type": "Ready", "status": "True"}], "connectors": [status]}}))

    def _is(self, state):
        now, made = self.connector.status(), self.connector.ask("GET")[1].get("tasks", [])
        tasks = [t["state"] for t in now.get("tasks", [])]
        return now.get("connector", {}).get("state") == state.upper() and (
            tasks == [] if state == "stopped" else tasks and tasks == ["RUNNING"] * len(made))


def _spec(source, target):
    aliases = "elsewhere", "dc"
    once = {"exactly.once.source.support": "enabled"}
    return {
        "v1": {
            "target": {"alias": "dr", "bootstrapServers": target, "groupId": "g", "config": once,
                       "configStorageTopic": "c", "statusStorageTopic": "s", "offsetStorageTopic": "o"},
            "mirrors": [{"source": {"alias": alias, "bootstrapServers": source}} for alias in aliases]},
        "v1beta2": {
            "connectCluster": "dr",
            "clusters": [{"alias": "dr", "bootstrapServers": target, "config": once},
                         *({"alias": alias, "bootstrapServers": source} for alias in aliases)],
            "mirrors": [{"sourceCluster": alias, "targetCluster": "dr"} for alias in aliases]}}


def make_mirror(operator, source, target):
    """Of two mirrors the second one is that of the connector, from `dc` to `dr`."""
    version = operator.form.version
    spec = _spec(source, target)[version]
    for mirror in spec["mirrors"]:
        mirror[SOURCE] = {"tasksMax": 1}
    spec["mirrors"][1][CHECKPOINT] = {}
    operator.kubectl("create", "-f", "-", stdin=json.dumps({
        "apiVersion": f"kafka.strimzi.io/{version}", "kind": "KafkaMirrorMaker2",
        "metadata": {"name": NAME}, "spec": {"replicas": 1, **spec}}))
