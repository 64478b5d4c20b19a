"""KafkaMirrorMaker2s as Strimzi defines them, and what its operator does with one."""

import json

from lab.wait import await_

KIND = "kafkamirrormaker2s.kafka.strimzi.io"
NAME = "dc-to-dr"
SOURCE, CHECKPOINT = "sourceConnector", "checkpointConnector"


class Operator:
    """What Strimzi's operator does with such a resource, when it is told to look at it."""

    def __init__(self, cluster, namespace, connector):
        self._cluster, self._namespace, self.connector = cluster, namespace, connector

    def kubectl(self, *argv, **options):
        return self._cluster.kubectl("-n", self._namespace, *argv, **options)

    def resource(self):
        return json.loads(self.kubectl("get", f"{KIND}/{NAME}", "-o", "json").stdout)

    def mirror(self, n):
        return self.resource()["spec"]["mirrors"][n]

    def reconcile(self):
        resource = self.resource()
        state = resource["spec"]["mirrors"][1][SOURCE].get("state", "running")
        self.connector.ask("PUT", {"running": "/resume", "stopped": "/stop"}[state])
        await_(lambda: self._is(state), 60, lambda: f"{state}: {self.connector.status()}")
        self.kubectl("patch", KIND, NAME, "--subresource=status", "--type=merge", "-p", json.dumps({
            "status": {"observedGeneration": resource["metadata"]["generation"],
                       "conditions": [{"type": "Ready", "status": "True"}],
                       "connectors": [self.connector.status()]}}))

    def _is(self, state):
        now, made = self.connector.status(), self.connector.ask("GET")[1]["tasks"]
        tasks = [t["state"] for t in now.get("tasks", [])]
        return now.get("connector", {}).get("state") == state.upper() and (
            tasks == [] if state == "stopped" else tasks and tasks == ["RUNNING"] * len(made))


def make_mirror(operator, source, target):
    """Of two mirrors the second one is that of the connector, from `dc` to `dr`."""
    operator.kubectl("create", "-f", "-", stdin=json.dumps({
        "apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaMirrorMaker2", "metadata": {"name": NAME},
        "spec": {"replicas": 1, "target": {
            "alias": "dr", "bootstrapServers": target, "groupId": "g", "configStorageTopic": "c",
            "statusStorageTopic": "s", "offsetStorageTopic": "o",
            "config": {"exactly.once.source.support": "enabled"}},
            "mirrors": [{"source": {"alias": "elsewhere", "bootstrapServers": source},
                         SOURCE: {"tasksMax": 1}},
                        {"source": {"alias": "dc", "bootstrapServers": source},
                         SOURCE: {"tasksMax": 1}, CHECKPOINT: {}}]}}))
