"""What a node would do with the pods of appliers, where there is none: each is a process on the loopback
interface, with the options that the controller made. As on a node whose kubelet is slow, a process may
outlive its pod for a moment."""

import contextlib
import threading

import kubernetes

from lab.applier import Applier

LABELS = "app.kubernetes.io/name=redis-applier,redwal.dev/wal=orders"
NAME, FILE = "orders-applier", "redis-applier.yaml"
EACH_SECONDS = 0.1


class Processes:
    """`lingers`: processes outlive their pods until it is taken back."""

    def __init__(self, cluster, namespace, directory):
        self.core, self.namespace, self.directory = cluster.core, namespace, directory
        self.options = directory / FILE
        self.running, self.ended, self.troubles = {}, [], []
        self.lingers = False
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        for applier in self.running.values():
            applier.stop()

    def pods(self):
        return {pod.metadata.name: pod for pod in self.core.list_namespaced_pod(
            self.namespace, label_selector=LABELS).items if not pod.metadata.deletion_timestamp}

    def _run(self):
        """The processes die with this thread."""
        while not self.over.wait(EACH_SECONDS):
            # An API server that is busy is asked again.
            with contextlib.suppress(kubernetes.client.ApiException):
                self._write_options()
                self._follow(self.pods())
        for applier in self.running.values():
            applier.resume()

    def _write_options(self):
        text = self.core.read_namespaced_config_map(NAME, self.namespace).data[FILE]
        if not self.options.exists() or self.options.read_text() != text:
            new = self.options.with_suffix(".new")
            new.write_text(text)
            new.rename(self.options)

    def _follow(self, pods):
        for name in pods.keys() - self.running.keys():
            self.running[name] = Applier(self.directory / name, name,
                                         {"config": self.options}).start()
        for name in self.running.keys() - pods.keys():
            if not self.lingers:
                applier = self.running.pop(name)
                applier.stop()
                self.ended.append(applier)
        for name, pod in pods.items():
            if pod.status.phase != "Running" and self.running[name].ready():
                self._tell_ready(name)

    def _tell_ready(self, name):
        self.core.patch_namespaced_pod_status(name, self.namespace, {"status": {
            "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}})
