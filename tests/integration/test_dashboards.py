"""Dashboards: they are made from one table, and ask for what the programs have."""

import http.server
import importlib.machinery
import importlib.util
import itertools
import json
import pathlib
import re
import shutil
import subprocess
import threading
import time

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
OBSERVABILITY = ROOT / "manifests" / "observability"
NAMES = ["redis-applier", "redwal-controller"]
BOTH = [(kind, name) for kind in ("grafana", "signoz") for name in NAMES]
OF_TARGETS = {"job", "instance", "namespace", "redwal_dev_wal"}  # given by who scrapes; the last by our PodMonitor
BY_COLLECTOR = {"service.name": "job", "service.instance.id": "instance"}
# Shown by what is made of them, or of no use over time.
NOT_SHOWN = {"redwal_applier_position", "redwal_applier_end_offset", "process_virtual_memory_bytes",
             "process_start_time_seconds"}


def labels_of_metrics():
    rows = [row for page in ("metrics.md", "controller-metrics.md")
            for row in re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*)\|", (DOCS / page).read_text(), re.M)]
    assert len(rows) > 60
    return {name + ("_bucket" if kind == "histogram" else ""):
            set(re.findall(r"\w+", labels)) | ({"le"} if kind == "histogram" else set())
            for name, kind, labels in rows}


def headings(page):
    """The anchors of a page, as the web sites of Git hosts make them."""
    titles = re.findall(r"^#+ (.*)$", (DOCS / page).read_text(), re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def load(kind, name):
    return json.loads((OBSERVABILITY / kind / f"{name}.json").read_text())


def of_grafana(name):
    """Title, unit, description, link, and (expression, legend)s of each panel."""
    for panel in load("grafana", name)["panels"]:
        if panel["type"] != "row":
            yield (panel["title"], panel["fieldConfig"]["defaults"]["unit"], panel["description"],
                   panel["links"][0]["url"], [(t["expr"], t["legendFormat"]) for t in panel["targets"]])


def of_signoz(name):
    for panel in load("signoz", name)["spec"]["panels"].values():
        spec = panel["spec"]
        (query,) = spec["queries"]
        plugin = query["spec"]["plugin"]
        queries = [plugin["spec"]] if plugin["kind"] == "signoz/PromQLQuery" else \
            [q["spec"] for q in plugin["spec"]["queries"]]
        yield (spec["display"]["name"], spec["plugin"]["spec"]["formatting"]["unit"], spec["display"]["description"],
               spec["links"][0]["url"], [(q["query"], q["legend"]) for q in queries])


PANELS = {"grafana": of_grafana, "signoz": of_signoz}


def as_prometheus(expression):
    """SigNoz's expression with the names that Prometheus has."""
    expression = re.sub(r'\{"(\w+)\.bucket",', r"\1_bucket{", expression)
    return re.sub(r'"(service\.[a-z.]+)"', lambda m: BY_COLLECTOR[m[1]], expression)


def metrics_in(expression):
    return set(re.findall(r"\b(?:redwal|process)_\w+(?=\{)", expression))


def labels_in(expression):
    braces = ",".join(re.findall(r"\{([^}]*)\}", expression))
    grouped = ",".join(re.findall(r"\b(?:by|on) \(([^)]*)\)", expression))
    return set(re.findall(r"(\w+)(?==~|!=|!~|=)", braces)) | set(re.findall(r"\w+", grouped))


@pytest.mark.parametrize("kind, name", BOTH)
def test_the_file_is_what_the_table_makes(kind, name):
    done = subprocess.run([ROOT / "hack" / "gen-dashboards", kind, name], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (OBSERVABILITY / kind / f"{name}.json").read_text(), "run make docs"


def test_there_are_no_others():
    assert {(p.parent.name, p.stem) for p in OBSERVABILITY.glob("*/*.json")} == set(BOTH)


@pytest.mark.parametrize("kind, name", BOTH)
def test_panels_ask_for_metrics_and_labels_that_there_are(kind, name):
    known = labels_of_metrics()
    for title, _, _, _, queries in PANELS[kind](name):
        for expression, legend in queries:
            expression = as_prometheus(expression)
            metrics = metrics_in(expression)
            assert metrics and metrics <= known.keys(), (title, metrics)
            assert not re.search(r"\b(redwal|process)_\w+\b(?!\{|=|\.)", expression), (title, "not of what is chosen")
            there = OF_TARGETS.union(*(known[m] for m in metrics))
            assert labels_in(expression) <= there, (title, expression)
            kept = re.match(r"[^{]*?\bby \(([^)]*)\)", expression)
            shown = {BY_COLLECTOR.get(label, label) for label in re.findall(r"\{\{([\w.]+)\}\}", legend)}
            assert shown <= (set(kept[1].split(", ")) if kept else there), (title, legend)


@pytest.mark.parametrize("kind, name", BOTH)
def test_each_panel_has_a_unit_says_what_it_shows_and_leads_to_a_page(kind, name):
    for title, unit, text, link, _ in PANELS[kind](name):
        page, _, anchor = link.partition("docs}/" if kind == "grafana" else "docs}}/")[2].partition("#")
        assert unit and len(text) > 20, title
        assert (DOCS / page).is_file() and page, (title, link)
        assert not anchor or anchor in headings(page), (title, link)
        assert f"docs/{page}" in text, title


@pytest.mark.parametrize("name", NAMES)
def test_both_kinds_show_the_same(name):
    def shown(kind):
        return [(title, [metrics_in(as_prometheus(e)) for e, _ in queries])
                for title, _, _, _, queries in PANELS[kind](name)]
    assert shown("grafana") == shown("signoz")


def test_what_programs_tell_and_what_wakes_people_is_shown():
    shown = {m for name in NAMES for *_, queries in of_grafana(name) for e, _ in queries for m in metrics_in(e)}
    assert labels_of_metrics().keys() - shown == NOT_SHOWN
    alerts = set(re.findall(r"redwal_\w+", "".join(
        rule["expr"] for group in yaml.safe_load((OBSERVABILITY / "alerts.yaml").read_text())["groups"]
        for rule in group["rules"])))
    assert len(alerts) > 15 and alerts <= shown


def test_phases_and_conditions_are_those_of_a_status():
    text = (DOCS / "conditions.md").read_text()
    (good_when_false,) = re.findall(r"^### (\w+)\n\n`False`: ", text, re.M)
    expressions = " ".join(e for *_, queries in of_grafana("redwal-controller") for e, _ in queries)
    assert set(re.findall(r'\btype!?="(\w+)"', expressions)) == {"Ready", good_when_false}
    assert "### Ready\n" in text
    assert all(f"| `{phase}` |" in text for phase in re.findall(r'phase!="(\w+)"', expressions))


def series():
    """One of each metric and of each value that an expression asks for, growing; all of one process."""
    values = {"type": ["Ready", "RestoreRequired"], "status": ["True", "False"], "phase": ["Held"], "window": ["1h"],
              "verdict": ["good", "bad"], "le": ["0.1", "+Inf"]}
    for name, labels in labels_of_metrics().items():
        given = {"job": ["j"], "instance": ["i"], "namespace": ["n"]} | \
            {label: values.get(label, ["x"]) for label in sorted(labels)}
        for chosen in itertools.product(*given.values()):
            text = ",".join(f'{label}="{value}"' for label, value in zip(given, chosen))
            yield {"series": f"{name}{{{text}}}", "values": "1+1x130"}


@pytest.mark.parametrize("kind, name", BOTH)
def test_each_expression_gives_something_in_prometheus(kind, name, tmp_path):
    assert shutil.which("promtool"), "needs promtool; hack/install-deps test"
    expressions = [re.sub(r"\$\w+", lambda m: {"$__rate_interval": "5m"}.get(m[0], ".*"), as_prometheus(e))
                   for *_, queries in PANELS[kind](name) for e, _ in queries]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": name, "rules": [
        {"alert": f"query{i}", "expr": f"count({e})"} for i, e in enumerate(expressions)]}]}))
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump({
        "rule_files": ["rules.yaml"], "evaluation_interval": "30s", "tests": [{
            "interval": "30s", "input_series": list(series()), "alert_rule_test": [
                {"alertname": f"query{i}", "eval_time": "1h", "exp_alerts": [{}]} for i in range(len(expressions))]}]}))
    done = subprocess.run(["promtool", "test", "rules", "tests.yaml"], capture_output=True, text=True, cwd=tmp_path,
                          timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr + "\n".join(f"{i}: {e}" for i, e in enumerate(expressions))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_overlaps_in_grafana(name):
    taken = set()
    ids = [panel["id"] for panel in load("grafana", name)["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in load("grafana", name)["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells


def test_variables_are_all_there_are_and_all_that_are_used():
    for kind, name in BOTH:
        board = load(kind, name)
        named = {v["name"] for v in board["templating"]["list"]} if kind == "grafana" else \
            {v["spec"]["name"] for v in board["spec"]["variables"]}
        used = set(re.findall(r"\$\{?(?!__)([a-z]+)", json.dumps(board))) | \
            set(re.findall(r"\{\{_([a-z]+)\}\}", json.dumps(board)))
        assert used - {"ref"} == named, (kind, name)


def test_a_sidecar_of_grafana_finds_them():
    (made,) = yaml.safe_load((OBSERVABILITY / "kustomization.yaml").read_text())["configMapGenerator"]
    assert set(made["files"]) == {f"grafana/{name}.json" for name in NAMES}
    assert made["options"]["labels"]["grafana_dashboard"] == "1"


@pytest.fixture(name="renderer", scope="module")
def _renderer():
    """hack/render-dashboards, as a module."""
    loader = importlib.machinery.SourceFileLoader("render_dashboards", str(ROOT / "hack" / "render-dashboards"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def test_what_draws_pictures_does_not_wait_for_ever(renderer):
    begin = time.monotonic()
    with pytest.raises(renderer.Trouble, match="sh has not ended within 0.2 s"):
        renderer.run("sh", "-c", "sleep 60; true", seconds=0.2)
    assert time.monotonic() - begin < 30
    with pytest.raises(renderer.Trouble, match="sh failed:\nso it is"):
        renderer.run("sh", "-c", "echo so it is >&2; exit 3", seconds=30)


@pytest.fixture(name="answering")
def _answering():
    """The URL of somebody who answers with that."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # pylint: disable=invalid-name
            self.wfile.write(Handler.answer)

        def log_message(self, *_):  # pylint: disable=arguments-differ
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def answering(answer):
            Handler.answer = answer
            return f"http://127.0.0.1:{server.server_port}"
        yield answering
        server.shutdown()


@pytest.mark.parametrize("answer", [
    b"HTTP/1.0 200 OK\r\n\r\nno JSON", b"HTTP/1.0 200 OK\r\n\r\n[]", b"HTTP/1.0 200 OK\r\n\r\n{\"data\": null}",
    b"HTTP/1.0 400 No\r\n\r\nno such metric", b"no HTTP\r\n", b""])
def test_whoever_is_no_prometheus_is_told_so(renderer, answering, answer):
    with pytest.raises(renderer.Trouble, match="Is it the URL of a Prometheus|refused up: no such metric"):
        renderer.ask(answering(answer), "up", 1, 2, 1)


def test_what_is_no_url_is_told_so(renderer):
    with pytest.raises(renderer.Trouble, match="Is it the URL of a Prometheus"):
        renderer.ask("nothing", "up", 1, 2, 1)
