"""A pod with labels of somebody's, which runs Redis and tries to connect to others."""

from installed import REDIS_IMAGE
from lab.wait import await_

REFUSED = "Could not connect"
AS_NOBODY = {"runAsNonRoot": True, "runAsUser": 65534, "seccompProfile": {"type": "RuntimeDefault"}}


# A Redis at each port that is given.
SERVE = 'for port in "$@"; do redis-server --protected-mode no --save "" --port "$port" & done; wait'
REDIS = 6379


class Bystander:
    def __init__(self, node, namespace, name, labels, ports=(REDIS,)):
        self.node, self.namespace, self.name = node, namespace, name
        node.core.create_namespaced_pod(namespace, {
            "metadata": {"name": name, "labels": labels},
            "spec": {"terminationGracePeriodSeconds": 0, "securityContext": AS_NOBODY, "containers": [
                # Never ready, so that no Service leads here.
                {"name": "redis", **REDIS_IMAGE, "readinessProbe": {"exec": {"command": ["false"]}},
                 "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                 "command": ["sh", "-c", SERVE, "sh", *map(str, ports)]}]}})

    def address(self):
        return self.node.core.read_namespaced_pod(self.name, self.namespace).status.pod_ip

    def await_running(self):
        def runs():
            pod = self.node.core.read_namespaced_pod(self.name, self.namespace)
            return pod.status.phase == "Running"
        await_(runs, 180, lambda: f"{self.name} runs: {self.node.describe(self.namespace)}")

    def reaches(self, host, port):
        """Whether there is a connection; what is said on it does not matter."""
        said = self.node.exec(self.namespace, self.name, "sh", "-c", f"redis-cli -h {host} -p {port} PING 2>&1; echo")
        return REFUSED not in said

    def await_reaches(self, host, port, wanted=True):
        """A policy takes effect a moment after a pod has its address."""
        await_(lambda: self.reaches(host, port) == wanted, 90,
               lambda: f"{self.namespace}/{self.name} {'reaches' if wanted else 'does not reach'} {host}:{port}")
