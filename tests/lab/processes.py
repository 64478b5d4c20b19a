"""What a node would do with the pods of appliers and of restores' Jobs, where there is none: each is a process
on the loopback interface, with the options that the controller made. As on a node whose kubelet is slow, a process
may outlive its pod for a moment."""

import contextlib
import datetime
import os
import pathlib
import threading

import kubernetes

from lab.applier import Applier
from lab.process import Process
from lab.redis_server import RedisServer

LABELS = "app.kubernetes.io/name=redis-applier,redwal.dev/wal=orders"
JOBS = "redwal.dev/restore,redwal.dev/wal=orders"
NAME, FILE = "orders-applier", "redis-applier.yaml"
REDWAL = pathlib.Path(os.environ["KUBE_PROBE"]).parents[1] / "bin" / "kubectl-redwal"
MESSAGE_MAX = 4096  # of a container that has ended
EACH_SECONDS = 0.1


class JobPod:
    """A pod of a Job: the arguments of its container, with a Redis of its own to fold into."""

    def __init__(self, pod, options, directory, more):
        container, = pod.spec.containers
        self.name, self.container = pod.metadata.name, container.name
        directory.mkdir()
        self.scratch = RedisServer(directory, "scratch", options=["databases 2"]).start()
        self.message = directory / "message"
        words = list(container.args)
        for flag, value in (("--config", options), ("--scratch", self.scratch.address),
                            ("--summary", self.message)):
            words[words.index(flag) + 1] = value
        self.process = Process(self.name, [REDWAL, *words, *more], directory / "log").start()

    def status(self):
        """As a kubelet writes it, once it has ended."""
        code = self.process.popen.poll()
        if code is None:
            return None
        text = self.message.read_text() if self.message.exists() else ""
        if code and not text:
            text = self.process.output()[-MESSAGE_MAX:]
        return {"phase": "Failed" if code else "Succeeded", "containerStatuses": [{
            "name": self.container, "image": "", "imageID": "", "ready": False, "restartCount": 0,
            "state": {"terminated": {
                "exitCode": code, "reason": "Error" if code else "Completed", "message": text,
                "finishedAt": datetime.datetime.now(datetime.timezone.utc).isoformat()}}}]}

    def end(self):
        if self.process.running():
            self.process.kill()
        self.scratch.remove()


class Processes:
    """`lingers`: processes outlive their pods until it is taken back. `before_job`: called before a Job's
    process is started; it is given what this returns as further arguments. `no_image`: nor does it start,
    `no_node`: nor is its pod taken by a node."""

    def __init__(self, cluster, namespace, directory):
        self.core, self.namespace, self.directory = cluster.core, namespace, directory
        self.options = directory / FILE
        self.running, self.ended, self.troubles = {}, [], []
        self.lingers = self.no_image = self.no_node = False
        self.before_job = lambda: []
        self.jobs, self.ended_jobs = {}, []
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
        for job in self.jobs.values():
            job.end()

    def pods(self, labels=LABELS):
        return {pod.metadata.name: pod for pod in self.core.list_namespaced_pod(
            self.namespace, label_selector=labels).items if not pod.metadata.deletion_timestamp}

    def _run(self):
        """The processes die with this thread."""
        while not self.over.wait(EACH_SECONDS):
            # An API server that is busy is asked again.
            with contextlib.suppress(kubernetes.client.ApiException):
                self._write_options()
                self._follow(self.pods())
                self._follow_jobs(self.pods(JOBS))
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

    def _follow_jobs(self, pods):
        pods = {name: pod for name, pod in pods.items()
                if pod.status.phase not in ("Succeeded", "Failed")}
        for name in pods.keys() - self.jobs.keys():
            if self.no_node:
                self._say(name, {"conditions": [{
                    "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                    "message": "0/1 nodes are available: 1 Insufficient memory."}]})
            elif self.no_image:
                self._say(name, {"containerStatuses": [{
                    "name": pods[name].spec.containers[0].name, "image": "", "imageID": "",
                    "ready": False, "restartCount": 0, "state": {"waiting": {
                        "reason": "ImagePullBackOff", "message": "there is no such image"}}}]})
            else:
                self.jobs[name] = JobPod(pods[name], self.options, self.directory / name,
                                         self.before_job())
        for name in self.jobs.keys() - pods.keys():
            job = self.jobs.pop(name)
            job.end()
            self.ended_jobs.append(name)
        for name, job in self.jobs.items():
            status = job.status()
            if status:
                self._say(name, status)

    def _say(self, name, status):
        self.core.patch_namespaced_pod_status(name, self.namespace, {"status": status})

    def _tell_ready(self, name):
        self._say(name, {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]})
