"""The dashboards' questions, asked of a real Prometheus that reads real programs' pages.

REDWAL_DASHBOARDS=DIRECTORY draws what it has then (hack/render-dashboards, which needs more: hack/install-deps
dashboards); REDWAL_DASHBOARDS_SECONDS says how much of it there is to see."""

import json
import os
import re
import subprocess
import time

import pytest

from judged import repeating
from lab.wait import await_
from manifests import MANIFESTS
from prometheus import EACH_SECONDS, Prometheus
from test_restore import LOOKS, Site, stage

ROOT = MANIFESTS.parent
PICTURES, SECONDS = os.environ.get("REDWAL_DASHBOARDS"), int(os.environ.get("REDWAL_DASHBOARDS_SECONDS", 10))
WINDOW = f"{10 * EACH_SECONDS}s"
FEW = 20
# No mirror is there and nothing is held; and whole minutes must have passed for the objective.
WITHOUT_MIRROR, WITHOUT_HOLDS = {"Mirror", "Behind its source, by offsets"}, {"Reasons of holds"}
OF_MINUTES = {"Burn rate, 1 h", "Burn rate", "Budget used in three days"}


def panels(name):
    """Title -> its questions, about all there is."""
    board = json.loads((MANIFESTS / "observability" / "grafana" / f"{name}.json").read_text())
    return {panel["title"]: [re.sub(r"\$\w+", lambda m: {"$__rate_interval": WINDOW}.get(m[0], ".*"), target["expr"])
                             for target in panel["targets"]]
            for panel in board["panels"] if panel["type"] != "row"}


@pytest.fixture
def site(cluster, api, namespace, wals, place, tmp_path, scratch_redis):
    with stage(Site(cluster, api, namespace, wals, place.broker.plain, tmp_path, scratch_redis)) as site:
        yield site


@pytest.fixture
def prometheus(tmp_path):
    (tmp_path / "prometheus").mkdir()
    prometheus = Prometheus(tmp_path / "prometheus")
    yield prometheus
    prometheus.stop()


def follow(prometheus, site):
    await_(lambda: len(site.processes.running) == 2, 60, "the appliers run")
    appliers = list(site.processes.running.values())
    for applier in appliers:
        applier.await_ready()
    prometheus.follow([applier.http for applier in appliers])


def test_each_panel_shows_something(site, controller, prometheus, namespace):
    site.create(**{"spec.marks": {"interval": "1s"}})
    leader = controller("first", site.cluster.kubeconfig, *LOOKS).await_leading()
    prometheus.start([f"127.0.0.1:{leader.port}"], namespace, "orders")
    follow(prometheus, site)
    with repeating(lambda: site.write(FEW)):
        site.topic.write(b"no record", b"key")
        site.topic.flush()
        time.sleep(SECONDS)
        site.restore(verify="None")
        site.await_step("Completed")
        follow(prometheus, site)
        time.sleep(SECONDS)
        empty = {name: {title for title, questions in panels(name).items()
                        if not any(map(prometheus.knew, questions))}
                 for name in ("redis-applier", "redwal-controller")}
    if PICTURES:
        subprocess.run([ROOT / "hack" / "render-dashboards", "--prometheus", prometheus.url, "--minutes",
                        str(1 + 2 * SECONDS // 60), PICTURES], check=True)
    assert empty["redis-applier"] == WITHOUT_HOLDS
    assert empty["redwal-controller"] - OF_MINUTES == WITHOUT_MIRROR
