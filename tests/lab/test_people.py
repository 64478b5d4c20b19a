"""What roles of manifests/rbac, and those of the cluster that they add to, let people do with our objects."""

import pytest

from lab.wait import await_
from manifests import MANIFESTS

READ = {"get", "list", "watch"}
WRITE = {"create", "update", "patch", "delete", "deletecollection"}
RESOURCES = ["rediswals", "rediswals/scale", "rediswals/status", "redisrestores", "redisrestores/status"]
VIEW = dict.fromkeys(RESOURCES, READ)
EDIT = {**VIEW, "rediswals": READ | WRITE, "rediswals/scale": READ | WRITE}
MAY = {
    "view": VIEW, "edit": EDIT, "admin": EDIT,
    "redwal-view": VIEW,
    "redwal-edit": {"rediswals": WRITE, "rediswals/scale": WRITE},
    "redwal-connect": {"rediswals": {"get"}},
    "redwal-restore": {"rediswals": {"get", "list"}, "redisrestores": {"get", "list", "create", "patch", "delete"}},
}


@pytest.mark.parametrize("role", MAY)
def test_a_role_lets_people_do_this_and_no_more(cluster, definition, namespace, role):
    """Above all: only who is named may wipe a Redis, by a RedisRestore."""
    del definition
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", MANIFESTS / "rbac" / "people.yaml")
    cluster.kubectl("create", "rolebinding", role, "-n", namespace, f"--clusterrole={role}", f"--user=of-{role}")

    def may():
        return {resource: {verb for verb in READ | WRITE
                           if cluster.allows(f"of-{role}", namespace, verb, "redwal.dev", resource)}
                for resource in RESOURCES}
    wanted = {resource: MAY[role].get(resource, set()) for resource in RESOURCES}
    await_(lambda: may() == wanted, 60, lambda: f"{role} may {wanted}: {may()}")
