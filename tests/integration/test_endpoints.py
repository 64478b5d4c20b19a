"""What the program shows to others, before it ever reaches Kafka or Redis: read by parsers of theirs."""

import json
import re
import subprocess

import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from lab.applier import BINARY, Applier, environment
from lab.process import free_port
from lab.wait import await_, holds


OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@pytest.fixture
def lonely(tmp_path):
    """An applier whose brokers and Redis are not there."""
    applier = Applier(tmp_path, "lonely", {
        "brokers": f"127.0.0.1:{free_port()}", "redis": f"127.0.0.1:{free_port()}",
        "log-format": "json"})
    applier.start()
    await_(lambda: applier.get("/livez"), 60, lambda: f"it serves\n{applier.process.tail()}")
    yield applier
    applier.stop()
    applier.assert_healthy()


def test_metrics_are_what_prometheus_reads(lonely):
    families = {f.name: f for f in text_string_to_metric_families(lonely.get("/metrics")[1])}
    ours = {name: f for name, f in families.items() if name.startswith("redwal_applier_")}
    assert len(ours) > 25
    for name, family in families.items():
        assert family.documentation.endswith("."), name
        assert family.type in ("counter", "gauge", "histogram"), name
    assert ours["redwal_applier_build_info"].samples[0].labels["version"]
    reasons = [s.labels["reason"] for s in ours["redwal_applier_rejected"].samples]
    assert len(reasons) == len(set(reasons)) > 20
    assert families["process_resident_memory_bytes"].samples[0].value > 1e6
    buckets = [s for s in ours["redwal_applier_apply_latency_seconds"].samples
               if s.name.endswith("_bucket")]
    bounds = [float(s.labels["le"]) for s in buckets]
    assert bounds == sorted(bounds) and bounds[0] <= 0.00025 and bounds[-2:] == [60, float("inf")]
    assert ours["redwal_applier_ready"].samples[0].value == 0


def test_openmetrics_is_what_its_parser_reads(lonely):
    plain, open_ = lonely.request("/metrics"), lonely.request("/metrics", Accept=OPENMETRICS)
    assert plain.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert open_.content_type == OPENMETRICS + "; charset=utf-8"
    families = {f.name: f for f in openmetrics.text_string_to_metric_families(open_.text)}
    others = {f.name for f in text_string_to_metric_families(plain.text)}
    assert set(families) == others
    assert families["redwal_applier_records"].samples[0].name == "redwal_applier_records_total"


def test_it_lives_and_says_what_it_waits_for(lonely):
    holds(lambda: lonely.get("/livez")[0] == 200, 1, "it lives")
    assert not lonely.ready()
    for condition in ("kafka", "consumer-group", "redis-primary"):
        lonely.await_trouble(condition)
    status, index = lonely.get("/")
    assert status == 200 and index.split() == ["/livez", "/readyz", "/metrics", "/config"]
    assert lonely.get("/elsewhere")[0] == 404


def test_each_log_line_is_json_and_a_state_is_told_once(lonely):
    lonely.await_trouble("redis-primary bad")
    lines = [json.loads(line) for line in lonely.process.output().splitlines()]
    for line in lines:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["ts"]), line
        assert line["level"] in ("error", "warn", "info") and line["msg"][0].isupper(), line
    assert sum(line.get("condition") == "redis-primary" for line in lines) == 1


def test_no_core_is_dumped(lonely):
    with open(f"/proc/{lonely.process.pid}/limits", encoding="ascii") as f:
        limits = f.read()
    assert re.search(r"Max core file size +0 +0 ", limits), limits


def test_an_address_in_use_ends_it_before_anything_is_touched(lonely, tmp_path):
    second = Applier(tmp_path, "second", {**lonely.options, "http": lonely.http})
    second.start()
    assert second.process.wait(60) == 2
    assert lonely.http in second.process.output() and "in use" in second.process.output()


def complete(line):
    """What bash offers for the last word of the line."""
    words = line.split(" ")
    script = (f'eval "$("{BINARY}" --generate bash)"; f=$(complete -p redis-applier); f=${{f#*-F }};'
              f' COMPREPLY=(); "${{f%% *}}" redis-applier "$1" "$2"; printf "%s\\n" "${{COMPREPLY[@]}}"')
    done = subprocess.run(["bash", "-euc", script, "bash", words[-1], words[-2]], timeout=60,
                          capture_output=True, text=True, check=True, env=environment())
    return done.stdout.split()


def test_bash_completes():
    assert complete("redis-applier --redis-") == [
        "--redis-user", "--redis-password-file", "--redis-tls", "--redis-ca", "--redis-cert",
        "--redis-key"]
    assert complete("redis-applier --on-reject ") == ["skip", "quarantine-key", "halt"]
    assert complete("redis-applier --kafka-security SASL_S") == ["SASL_SSL"]
    assert "--no-until-end" in complete("redis-applier --no-")
