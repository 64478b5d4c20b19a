"""What RedisWals become, taken by the API server and by the applier itself."""

import copy
import json
import os
import pathlib
import re
import subprocess

import pytest

from rediswals import TABLE, apply, children, create, make

APPLIER = pathlib.Path(os.environ["KUBE_PROBE"]).parents[1] / "bin" / "redis-applier"
KINDS = {"ServiceAccount", "ConfigMap", "NetworkPolicy", "Deployment", "PodDisruptionBudget",
         "Service", "PodMonitor"}
GOOD = pytest.mark.parametrize("row", TABLE["good"], ids=lambda row: row["why"])


def options_file(wal, *argv):
    return children(wal, *argv)["ConfigMap"]["data"]["redis-applier.yaml"]


def secret_files(wal, *argv):
    volumes = children(wal, *argv)["Deployment"]["spec"]["template"]["spec"]["volumes"]
    return {item["path"]
            for volume in volumes for source in volume.get("projected", {}).get("sources", [])
            for item in source["secret"]["items"]}


@GOOD
def test_the_api_server_takes_each_object_as_it_is(cluster, api, others, namespace, row):
    del others
    wal = create(api, namespace, make(row["set"]))
    made = children(wal, "rf-auth")
    without = {"NetworkPolicy"} if not wal["spec"]["applier"]["networkPolicy"] else set()
    assert made.keys() == KINDS - without
    for kind, child in made.items():
        done = apply(cluster, namespace, child)
        assert done.returncode == 0, done.stderr
        owner, = json.loads(done.stdout)["metadata"]["ownerReferences"]
        assert owner["uid"] == wal["metadata"]["uid"] and owner["controller"]


def test_its_pods_are_let_into_a_restricted_namespace(cluster, namespace):
    cluster.kubectl("label", "namespace", namespace,
                    "pod-security.kubernetes.io/enforce=restricted")
    wal = make({"metadata.namespace": namespace, "metadata.uid": "u",
                "spec.applier": {"scriptsConfigMap": "lua"}})
    template = children(wal, "rf-auth")["Deployment"]["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
           "metadata": {"name": "try", **template["metadata"]}}
    pod["spec"].pop("serviceAccountName")

    def refused(**changes):
        tried = copy.deepcopy(pod)
        tried["spec"]["containers"][0]["securityContext"].update(changes)
        return apply(cluster, namespace, tried, "--dry-run=server").stderr

    assert refused() == ""
    # It is the profile that judges.
    assert "restricted" in refused(allowPrivilegeEscalation=True)
    assert "restricted" in refused(capabilities={"drop": []})


@GOOD
def test_the_applier_takes_its_file(tmp_path, row):
    wal = make({**row["set"], "metadata.namespace": "prod", "metadata.uid": "u"})
    for name in secret_files(wal, "rf-auth"):
        (tmp_path / "secrets").mkdir(exist_ok=True)
        (tmp_path / "secrets" / name).write_text("secret")
    (tmp_path / "scripts").mkdir()
    options = tmp_path / "redis-applier.yaml"
    options.write_text(options_file(wal, "rf-auth").replace("/etc/redwal", str(tmp_path)))
    done = subprocess.run([APPLIER, "--config", options, "--dump-config"], text=True,
                          capture_output=True, timeout=30)
    assert done.returncode == 0, done.stderr
    # Each secret that is mounted is named by an option, and the other way round.
    named = re.findall(r"/etc/redwal/secrets/([^\"]+)", options_file(wal, "rf-auth"))
    assert set(named) == secret_files(wal, "rf-auth")
    assert len(named) == len(set(named))


def test_a_changed_option_makes_new_pods_and_a_live_one_does_not(cluster, api, namespace):
    wal = create(api, namespace, make({}))

    def template(**options):
        wal["spec"]["options"] = options
        for kind in ("ConfigMap", "Deployment"):
            done = apply(cluster, namespace, children(wal)[kind])
            assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["metadata"]["generation"], \
            cluster.core.read_namespaced_config_map(f"{wal['metadata']['name']}-applier",
                                                    namespace).data["redis-applier.yaml"]

    first, text = template()
    assert "rate-limit" not in text
    second, text = template(rateLimit=100)
    assert second == first and 'rate-limit: "100"' in text
    third, text = template(onReject="halt")
    assert third == first + 1 and 'on-reject: "halt"' in text
