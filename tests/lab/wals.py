"""RedisWals of a namespace on a real API server, and what became of them."""

import time

import kubernetes

from lab.wait import await_
from rediswals import GROUP, PLURAL, VERSION, create, make

NAME = "orders-applier"
KINDS = ["serviceaccount", "configmap", "networkpolicy", "deployment", "poddisruptionbudget",
         "service"]


class Wals:
    """RedisWals of one namespace, and what became of them."""

    def __init__(self, cluster, api, namespace):
        self.cluster, self.api, self.namespace = cluster, api, namespace
        self.apps = kubernetes.client.AppsV1Api(cluster.client)

    def create(self, name="orders", **changes):
        """Of a Redis and a log that are not there."""
        body = make({"metadata.name": name, "spec.redis": {"address": "127.0.0.1:1"},
                     "spec.kafka": {"brokers": ["127.0.0.1:1"]},
                     **{k.replace("__", "."): v for k, v in changes.items()}})
        return create(self.api, self.namespace, body)

    def get(self, name="orders"):
        return self.api.get_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL, name)

    def patch(self, spec, name="orders"):
        self.api.patch_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL, name,
                                                {"spec": spec})

    def condition(self, kind, name="orders"):
        found = [c for c in self.get(name).get("status", {}).get("conditions", [])
                 if c["type"] == kind]
        return (found[0]["status"], found[0]["reason"]) if found else None

    def kubectl(self, *argv, check=True):
        return self.cluster.kubectl("-n", self.namespace, *argv, check=check)

    def versions(self):
        """kind -> (uid, resourceVersion) of the objects, and of the RedisWal."""
        text = self.kubectl("get", ",".join(KINDS + ["rediswal"]), "-o", "jsonpath={range .items[*]}"
                            "{.kind} {.metadata.name} {.metadata.uid} {.metadata.resourceVersion}"
                            "{\"\\n\"}{end}").stdout
        rows = [row.split() for row in text.splitlines()]
        return {row[0]: tuple(row[2:]) for row in rows if row[1] in (NAME, "orders")}

    def await_made(self):
        def made():
            done = self.kubectl("get", *[f"{kind}/{NAME}" for kind in KINDS], check=False)
            return done.returncode == 0 and self.condition("ObjectsApplied") == ("True", "Applied")
        await_(made, 90, "all objects are there")

    def await_settled(self):
        """Nothing has changed for a while, the Deployment's own status included."""
        self.await_made()
        await_(self._is_known, 90, lambda: f"what is outside is known: {self.get()['status']}")
        last = [self.versions(), time.monotonic()]

        def settled():
            now = self.versions()
            if now != last[0]:
                last[:] = now, time.monotonic()
            return time.monotonic() - last[1] > 3
        await_(settled, 180, "nothing changes")

    def _is_known(self):
        found = map(self.condition, ("RedisReachable", "LogReachable"))
        return all(one and one[0] != "Unknown" for one in found)
