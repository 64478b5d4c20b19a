"""A Kubernetes of hack/lab for one session, and kube-probe in front of it."""

import json
import os
import pathlib
import re
import signal
import subprocess
import urllib.parse

import kubernetes
import yaml

from lab.process import Process
from lab.wait import await_

LAB = pathlib.Path(__file__).resolve().parents[2] / "hack" / "lab"
PROBE = os.environ["KUBE_PROBE"]
CONFIG_MAPS = "core/v1/configmaps"


class Cluster:
    kind = "api"

    def __init__(self, directory):
        self.directory = directory

    def start(self):
        subprocess.run([LAB, "up", self.directory], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "LAB": self.kind})
        self.kubeconfig = self.directory / "admin.kubeconfig"
        self.client = kubernetes.config.new_client_from_config(str(self.kubeconfig))
        self.core = kubernetes.client.CoreV1Api(self.client)
        self.coordination = kubernetes.client.CoordinationV1Api(self.client)
        self.events = kubernetes.client.EventsV1Api(self.client)
        self.access = kubernetes.client.AuthorizationV1Api(self.client)
        self.rbac = kubernetes.client.RbacAuthorizationV1Api(self.client)
        return self

    def stop(self):
        subprocess.run([LAB, "down", self.directory], check=True)

    def part(self, verb, name):
        """`verb` is start or stop."""
        subprocess.run([LAB, verb, name, self.directory], check=True)

    def start_api_server(self):
        """After it was stopped. Kubernetes' own controllers come back to it as late as a minute afterwards, unless
        they are started anew."""
        self.part("start", "kube-apiserver")
        self.await_ready()
        for verb in ("stop", "start"):
            self.part(verb, "kube-controller-manager")

    def await_ready(self, seconds=180):
        def ready():
            done = self.kubectl("get", "--raw", "/readyz", check=False)
            return done.returncode == 0
        await_(ready, seconds, "the API server is ready")

    def await_established(self, *what, seconds=60):
        """The definitions are served. `kubectl wait` fails on one that has no conditions yet."""
        said = []

        def established():
            done = self.kubectl("wait", "--for=condition=Established", "--timeout=10s", *what,
                                check=False)
            said[:] = [done.stdout + done.stderr]
            return done.returncode == 0
        await_(established, seconds, lambda: f"{what} are served: {said[0]}")

    def kubectl(self, *argv, check=True, stdin=None):
        done = subprocess.run(
            [self.directory / "kubectl", "--kubeconfig", self.kubeconfig, *map(str, argv)],
            check=False, capture_output=True, text=True, input=stdin)
        assert not check or done.returncode == 0, f"kubectl {argv}: {done.stdout}{done.stderr}"
        return done

    @property
    def port(self):
        return self._server().port

    @property
    def machine(self):
        """The address at which the API server listens, and whence a node sees who comes from the machine."""
        return self._server().hostname

    def _server(self):
        return urllib.parse.urlsplit(self.config()["clusters"][0]["cluster"]["server"])

    def config(self, name="admin"):
        return yaml.safe_load((self.directory / f"{name}.kubeconfig").read_text())

    def write_config(self, path, name="admin", user=None, **cluster):
        """A kubeconfig as that of `name`, with other fields of the cluster or another user."""
        config = self.config(name)
        of_cluster, of_user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        of_cluster["certificate-authority"] = str(self.directory / "ca.crt")
        for key in ("client-certificate", "client-key"):
            if key in of_user:
                of_user[key] = str(self.directory / of_user[key])
        of_cluster.update({k.replace("_", "-"): v for k, v in cluster.items()})
        if user is not None:
            config["users"][0]["user"] = user
        path.write_text(yaml.safe_dump(config))
        return path

    def compact(self):
        """Forgets the history of etcd up to now, as the API server does every few minutes."""
        address = (self.directory / "etcd.address").read_text().strip()
        env = {**os.environ, "ETCDCTL_API": "3"}
        status = subprocess.run(["etcdctl", "--endpoints", address, "endpoint", "status", "-w",
                                 "json"], check=True, capture_output=True, text=True, env=env)
        revision = json.loads(status.stdout)[0]["Status"]["header"]["revision"]
        subprocess.run(["etcdctl", "--endpoints", address, "compact", str(revision)], check=True,
                       capture_output=True, env=env)

    def allows(self, user, namespace, verb, group, resource):
        """By the rules of RBAC. `resource` may be a part of one, as pods/log is."""
        kind, _, part = resource.partition("/")
        return self.access.create_subject_access_review({"spec": {"user": user, "resourceAttributes": {
            "namespace": namespace, "verb": verb, "group": group, "resource": kind,
            "subresource": part or None}}}).status.allowed

    def await_may(self, namespace, rules, may=True):
        """The API server goes by the rules of RBAC that say what the lab's user may do there, or no longer. It
        does so a moment after a role or a binding is written."""
        asked = [(verb, group, resource) for rule in rules for verb in rule["verbs"] for group in rule["apiGroups"]
                 for resource in rule["resources"]]

        def otherwise():
            return [what for what in asked if may != self.allows("lab-user", namespace, *what)]
        await_(lambda: not otherwise(), 30, lambda: f"the user {'may' if may else 'may not'}: {otherwise()}")

    def namespace(self, name):
        """Pods may be made in it: the account that they have is there."""
        self.core.create_namespace({"metadata": {"name": name}})
        await_(lambda: self.core.list_namespaced_service_account(
            name, field_selector="metadata.name=default").items, 180, f"{name} has its service account")
        return name

    def put(self, namespace, name, **data):
        self.core.create_namespaced_config_map(namespace,
                                               {"metadata": {"name": name}, "data": data})

    def versions(self, namespace):
        """"namespace/name" -> resourceVersion, as another client sees the config maps."""
        found, token = {}, None
        while True:
            page = self.core.list_namespaced_config_map(namespace, limit=500, _continue=token)
            for item in page.items:
                found[f"{namespace}/{item.metadata.name}"] = item.metadata.resource_version
            token = page.metadata._continue
            if not token:
                return found


def run_probe(kubeconfig, *argv, stdin="", env=None, seconds=60):
    """Exit status and output of one request."""
    done = subprocess.run([PROBE, "--kubeconfig", kubeconfig, *map(str, argv)], text=True,
                          capture_output=True, input=stdin, timeout=seconds,
                          env={**os.environ, **(env or {})})
    return done.returncode, done.stdout.strip(), done.stderr


def apply(kubeconfig, verb, *argv, **body):
    return run_probe(kubeconfig, verb, *argv, stdin=json.dumps(body, ensure_ascii=False))


class Watcher(Process):
    """kube-probe watch."""

    def __init__(self, directory, kubeconfig, namespace, *argv, env=None):
        super().__init__("watcher", [PROBE, "--kubeconfig", kubeconfig, "watch", CONFIG_MAPS,
                                     namespace, *argv], directory / "watcher.log",
                         env={**os.environ, **(env or {})})

    def state(self):
        """(lists, watches, {"namespace/name": version})"""
        def states():  # it may be writing one
            return re.findall(r"^STATE lists=(\d+) watches=(\d+)(.*)\n", self.output(), re.M)
        before = len(states())
        self.signal(signal.SIGUSR1)
        await_(lambda: len(states()) > before or not self.running(), 30,
               lambda: f"the watcher's state\n{self.tail()}")
        line = states()[-1]
        return int(line[0]), int(line[1]), dict(e.rsplit("@", 1) for e in line[2].split())

    def await_synced(self, seconds=60):
        await_(lambda: "\nSYNCED " in "\n" + self.output(), seconds,
               lambda: f"it is synced\n{self.tail()}")
        return self

    def await_equal(self, cluster, namespace, seconds=60):
        """Its cache holds what another client sees."""
        def equal():
            return self.state()[2] == cluster.versions(namespace)
        await_(equal, seconds, lambda: f"the cache is what the server holds\n{self.tail()}")
        self.assert_told_all()

    def assert_told_all(self):
        """What it told adds up to what it holds."""
        held = {}
        for sign, name, version in re.findall(r"^([+-]) (\S+) (\d+)$", self.output(), re.M):
            if sign == "+":
                held[name] = version
            else:
                assert held.pop(name, None), f"{name} went without having been there"
        assert held == self.state()[2]
