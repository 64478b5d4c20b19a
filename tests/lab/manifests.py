"""What kustomize makes of our manifests."""

import hashlib
import pathlib

import yaml

MANIFESTS = pathlib.Path(__file__).resolve().parents[2] / "manifests"


def build(cluster, directory):
    done = cluster.kubectl("kustomize", MANIFESTS / directory)
    assert done.stderr == ""  # it warns of what is deprecated
    return list(yaml.safe_load_all(done.stdout))


def of_kind(objects, kind):
    return {o["metadata"]["name"]: o for o in objects if o["kind"] == kind}


def users_of_sample(cluster, password):
    """The file of Redis users that the External Secrets operator would make."""
    secret = of_kind(build(cluster, "samples/dc"), "ExternalSecret")["orders-redis"]
    text = secret["spec"]["target"]["template"]["data"]["users.conf"]
    return text.replace("{{ .redwalPassword | sha256sum }}",
                        hashlib.sha256(password.encode()).hexdigest())
