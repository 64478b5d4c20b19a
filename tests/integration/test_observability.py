"""What manifests/observability says, tried with the programs it is for."""

import http.server
import json
import pathlib
import re
import shutil
import subprocess
import threading

import pytest
import yaml

from conftest import PATIENT
from lab.process import Process
from lab.wait import await_
from lab.workload import Workload

ROOT = pathlib.Path(__file__).resolve().parents[2]
MANIFESTS = ROOT / "manifests" / "observability"


def promtool(*argv, text=None):
    assert shutil.which("promtool"), "needs promtool; hack/install-deps test"
    return subprocess.run(["promtool", *argv], input=text, capture_output=True, text=True,
                          timeout=60, check=False, cwd=MANIFESTS)


def passes(done):
    assert done.returncode == 0, done.stdout + done.stderr


def test_alert_rules_are_sound_and_fire_when_they_should():
    passes(promtool("check", "rules", "alerts.yaml"))
    passes(promtool("test", "rules", "alerts_test.yaml"))


def served_by(applier):
    """Metrics by what programs say of themselves: the applier's page, and the controller's reference,
    which is made from the table that its page is made from."""
    reference = (ROOT / "docs" / "controller-metrics.md").read_text()
    return set(re.findall(r"^# TYPE (\w+) ", applier.get("/metrics")[1], re.M)) | \
        set(re.findall(r"^\| `(redwal_controller_\w+)`", reference, re.M))


def test_alerts_ask_for_metrics_that_there_are(lab):
    applier = lab.applier(lab.topic(), lab.redis()).start().await_ready()
    shown = applier.get("/metrics")[1]
    groups = yaml.safe_load((MANIFESTS / "alerts.yaml").read_text())["groups"]
    asked = {name for group in groups for rule in group["rules"]
             for name in re.findall(r"redwal_\w+", rule["expr"])}
    assert len(asked) >= 15
    assert asked <= served_by(applier)
    # promtool also has opinions on names, and says them with status 3.
    done = promtool("check", "metrics", text=shown)
    assert done.returncode in (0, 3), done.stdout + done.stderr


class Receiver:
    """Takes OTLP over HTTP, as JSON, and keeps the metrics by name."""

    def __init__(self):
        self.metrics = {}
        self.headers = {}
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.headers = self.headers
                receiver._take(json.loads(body))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *args):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)

    def _take(self, request):
        for resource in request.get("resourceMetrics", []):
            of = {a["key"]: a["value"] for a in resource["resource"]["attributes"]}
            for scope in resource["scopeMetrics"]:
                for metric in scope["metrics"]:
                    self.metrics[metric["name"]] = (of, metric)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def collector():
    built = subprocess.run([ROOT / "hack" / "build-collector"], capture_output=True, text=True,
                           check=False)
    if built.returncode == 77:
        pytest.skip(built.stderr.strip().splitlines()[-1])
    assert built.returncode == 0, built.stderr
    return built.stdout.strip()


def test_a_collector_scrapes_the_applier_and_sends_otlp(lab):
    program = collector()
    topic, server = lab.topic(), lab.redis()
    applier = lab.applier(topic, server, session_timeout=PATIENT).start()
    Workload(1).write(topic, 500)
    topic.flush()
    lab.check(topic, server)
    await_(lambda: applier.metric("records_total") == 500, 60, "all is counted")

    readable = lab.directory / "readable.yaml"  # for this test's eyes; the default is protobuf
    readable.write_text("exporters: {otlphttp: {encoding: json, compression: none}}\n")
    with Receiver() as receiver:
        process = Process("collector", [program, "--config", MANIFESTS / "otel-collector.yaml",
                                        "--config", readable], lab.directory / "collector.log",
                          env={"REDWAL_TARGET": applier.http, "SIGNOZ_ENDPOINT": receiver.endpoint,
                               "SIGNOZ_INGESTION_KEY": "lab", "REDWAL_SCRAPE_INTERVAL": "1s",
                               "GOMEMLIMIT": "256MiB", "PATH": "/usr/bin:/bin"}).start()
        try:
            await_(lambda: receiver.metrics.keys() >= {
                "redwal_applier_apply_latency_seconds", "redwal_applier_records_total"}, 60,
                   lambda: f"metrics arrive\n{process.tail()}")
        finally:
            process.stop()
    of, records = receiver.metrics["redwal_applier_records_total"]
    assert receiver.headers["signoz-ingestion-key"] == "lab"
    assert of["service.name"] == {"stringValue": "redis-applier"}
    assert records["sum"]["isMonotonic"]
    assert records["sum"]["dataPoints"][0]["asDouble"] == 500
    (point,) = receiver.metrics["redwal_applier_apply_latency_seconds"][1]["histogram"]["dataPoints"]
    assert int(point["count"]) > 0
    named = {a["key"] for e in point["exemplars"] for a in e["filteredAttributes"]}
    assert named == {"partition", "offset"}
