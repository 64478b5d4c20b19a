"""The Job that verifies a restore, taken by the API server, and its arguments by kubectl-redwal."""

import json
import os
import pathlib
import re
import subprocess

import pytest

from rediswals import TABLE, apply, children, make

REDWAL = pathlib.Path(os.environ["KUBE_PROBE"]).parents[1] / "bin" / "kubectl-redwal"
UID = "0b4c7c1e-7d0e-4f3a-9a55-3f2f0f6f7a11"
GOOD = pytest.mark.parametrize("row", TABLE["good"], ids=lambda row: row["why"])


def made(row, namespace="prod"):
    wal = make({**row["set"], "metadata.namespace": namespace, "metadata.uid": "u"})
    return children(wal, "rf-auth", UID)


@GOOD
def test_the_api_server_takes_it_as_it_is(cluster, others, namespace, row):
    del others
    job = made(row, namespace)["Job"]
    done = apply(cluster, namespace, job, "--dry-run=server")
    assert done.returncode == 0, done.stderr
    taken = json.loads(done.stdout)
    sidecar, = taken["spec"]["template"]["spec"]["initContainers"]
    assert sidecar["restartPolicy"] == "Always" and sidecar["startupProbe"]
    assert taken["metadata"]["ownerReferences"][0]["uid"] == UID


def test_its_pods_are_let_into_a_restricted_namespace(cluster, namespace):
    cluster.kubectl("label", "namespace", namespace,
                    "pod-security.kubernetes.io/enforce=restricted")
    spec = made(TABLE["good"][0], namespace)["Job"]["spec"]["template"]["spec"]
    del spec["serviceAccountName"]
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": spec, "metadata": {"name": "try"}}
    assert apply(cluster, namespace, pod, "--dry-run=server").stderr == ""


@GOOD
def test_kubectl_redwal_takes_its_arguments(tmp_path, row):
    objects = made(row)
    pod = objects["Job"]["spec"]["template"]["spec"]
    mounts = {m["mountPath"] for m in pod["containers"][0]["volumeMounts"]}
    text = objects["ConfigMap"]["data"]["redis-applier.yaml"]
    for volume in pod["volumes"]:
        for source in volume.get("projected", {}).get("sources", []):
            (tmp_path / "secrets").mkdir(exist_ok=True)
            for item in source["secret"]["items"]:
                (tmp_path / "secrets" / item["path"]).write_text("secret")
    (tmp_path / "scripts").mkdir()
    (tmp_path / "redis-applier.yaml").write_text(text.replace("/etc/redwal", str(tmp_path)))
    arguments = [a.replace("/etc/redwal/options", str(tmp_path)).replace(":6379", ":1")
                 for a in pod["containers"][0]["args"]]
    done = subprocess.run([REDWAL, *arguments], text=True, capture_output=True, timeout=60)
    # The scratch Redis is the first that is asked for.
    assert done.returncode == 1, (done.returncode, done.stderr)
    assert set(re.findall(r"(/etc/redwal/\w+)/", text)) <= mounts
