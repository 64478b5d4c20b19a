"""spec.mirror: the controller, two real clusters, and MirrorMaker 2 in a real Kafka Connect between them."""

import base64
import http.client
import http.server
import itertools
import json
import os
import socket
import ssl
import subprocess
import threading
import time

import pytest

from controllers import Controller
from lab.certs import Authority
from lab.connect import Connect
from lab.kafka import Broker
from lab.offsets import Offsets
from lab.wait import await_, holds
from lab.wal import Topic, grant
from lab.workload import encode
from person import Person
from place import DONE, FAILED, REDWAL, TIMEOUT, USAGE, bind
from strimzi import FORMS, NAME, SOURCE, Operator, make_mirror

LOOKS = "--look-interval", "1s", "--connect-allow", "127.0.0.1"
PROOF_S, STALE_S = 10, 30
NUDGE_SECONDS = 3
USER, PASSWORD = "mirror", "connect-secret-4h7T"
BYTES = "org.apache.kafka.connect.converters.ByteArrayConverter"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def brokers(tmp_path_factory):
    """The source's, and the one here."""
    directory = tmp_path_factory.mktemp("mirror")
    started = [Broker(directory / name).start() for name in ("source", "here")]
    yield started
    for broker in started:
        broker.stop()


@pytest.fixture(scope="module")
def connect(brokers, tmp_path_factory):
    connect = Connect(tmp_path_factory.mktemp("connect"), brokers[1].plain).start()
    yield connect
    connect.stop()


class Mirrored:
    """A topic at the source, its mirror, and the RedisWal here that names it."""

    def __init__(self, brokers, connect, wals):
        self.source_broker, self.broker = brokers
        self.connect, self.wals = connect, wals
        name = f"mirrored-{next(_numbers)}"
        self.source = Topic(self.source_broker.plain, name, partitions=2)
        self.here = Topic(self.broker.plain, name, partitions=2)
        self.connector = connect.connector(f"source->target.{name}", {
            "topics": name, "source.cluster.bootstrap.servers": self.source_broker.plain,
            "target.cluster.bootstrap.servers": self.broker.plain, "header.converter": BYTES})

    def create(self, state, **changes):
        self.wals.create(**{
            "spec.kafka": {"brokers": [self.broker.plain]}, "spec.role": "standby",
            "spec.topics": {"log": self.here.name},
            "spec.mirror": {"state": state, "sourceBrokers": [self.source_broker.plain],
                            "connect": {"url": self.connect.url, "connector": self.connector.name}},
            **changes})

    def want(self, state):
        self.wals.patch({"mirror": {"state": state}})

    def write(self, n, topic=None):
        topic = topic or self.source
        for i in range(n):
            topic.write(encode("INCR"), b"k%d" % (i % 7))
        topic.flush()

    def said(self):
        return self.wals.get().get("status", {}).get("mirror", {})

    def await_said(self, state, reason=None, seconds=90, it=None):
        await_(lambda: self.said().get("state") == state and reason in (None, self.said()["reason"]),
               seconds, lambda: f"{state} {reason}: {self.said()}\n{it.tail() if it else ''}")

    def await_figures(self, told, seconds, what):
        """Figures alone are written each half minute, and at once when the spec is another."""
        last, targets = [time.monotonic()], itertools.count(5)

        def nudged():
            if not told() and time.monotonic() - last[0] > NUDGE_SECONDS:
                self.wals.patch({"slo": {"freshness": f"{next(targets)}s"}})  # of marks, which nobody writes
                last[:] = [time.monotonic()]
            return told()
        await_(nudged, seconds, what)

    def next(self):
        """How far it is told that each partition is mirrored."""
        return [p["next"] for p in self.said().get("partitions", [])]

    def await_all(self):
        """It is told that all that the source holds is mirrored."""
        ends = list(self.source.ends().values())
        self.await_figures(lambda: self.next() == ends and self.said()["lag"]["records"] == 0, 150,
                           lambda: f"all is mirrored: {self.said()}")

    def is_stopped(self):
        """By Connect's own word, which is not enough."""
        now = self.connector.status()
        return now["connector"]["state"] == "STOPPED" and now["tasks"] == []

    def check(self):
        """Nothing is lost, repeated or changed on the way."""
        def kept(topic):
            rows = {}
            for r in topic.read():
                rows.setdefault(r.partition, []).append((r.key, r.value, r.timestamp, r.headers))
            return rows
        await_(lambda: kept(self.here) == kept(self.source), 60, "the same records are here")


@pytest.fixture
def mirrored(brokers, connect, wals):
    mirrored = Mirrored(brokers, connect, wals)
    yield mirrored
    mirrored.connector.remove()


def test_a_mirror_is_looked_at_stopped_with_a_proof_and_goes_on(wals, controller, mirrored):
    mirrored.create("Running")
    it = controller("first", wals.cluster.kubeconfig, *LOOKS).await_leading()
    mirrored.write(50)
    mirrored.await_said("Running", it=it)
    await_(lambda: wals.condition("MirrorRunning") == ("True", "Running"), 90, it.tail)
    await_(lambda: wals.condition("MirrorFaithful") == ("True", "Faithful"), 90,
           lambda: f"{wals.condition('MirrorFaithful')}")
    mirrored.await_all()
    series = r'wal_mirror_state\{[^}]*,state="Running",wanted="Running"\}'
    await_(lambda: it.metric(series) == 1, 90, lambda: it.get("/metrics")[1])

    began = time.monotonic()
    mirrored.want("Stopped")
    mirrored.await_said("Stopped", "StoppedAndFenced", it=it)
    assert time.monotonic() - began >= PROOF_S and mirrored.is_stopped()
    ends = mirrored.here.ends()
    mirrored.write(40)
    holds(lambda: mirrored.here.ends() == ends, 3, "nothing arrives")
    await_(lambda: mirrored.said().get("lag", {}).get("records") == 40, 60,
           lambda: f"what is not mirrored is counted: {mirrored.said()}")
    assert mirrored.said()["state"] == "Stopped"
    assert wals.condition("MirrorRunning") == ("False", "StoppedAndFenced")

    mirrored.want("Running")
    mirrored.await_said("Running", it=it)
    mirrored.check()


def test_what_stops_or_hangs_by_itself_is_told_and_nothing_is_ordered(wals, controller, mirrored):
    mirrored.create("Observed")
    it = controller("first", wals.cluster.kubeconfig, *LOOKS).await_leading()
    mirrored.await_said("Running", it=it)
    mirrored.connector.ask("PUT", "/pause")
    mirrored.await_said("Paused", it=it)
    mirrored.connect.process.pause()
    try:
        mirrored.await_said("Unknown", "Unreachable", seconds=STALE_S + 30, it=it)
        assert wals.condition("MirrorRunning") == ("Unknown", "Unreachable")
        assert "timed out" in mirrored.said()["trouble"]
    finally:
        mirrored.connect.process.resume()
    mirrored.await_said("Paused", it=it)
    assert mirrored.connector.state() == "PAUSED"


def test_a_mirror_whose_source_died_is_stopped_and_a_log_that_grows_is_no_proof(
        wals, controller, mirrored):
    mirrored.create("Running")
    it = controller("first", wals.cluster.kubeconfig, *LOOKS).await_leading()
    mirrored.write(10)
    mirrored.await_said("Running", it=it)
    mirrored.source_broker.process.kill()
    try:
        mirrored.want("Stopped")

        def grows():
            mirrored.write(1, mirrored.here)
            said = mirrored.said()
            assert said["state"] != "Stopped"
            return said["reason"] == "LogGrows"
        await_(grows, 300, it.tail)  # Connect ends a connector that looks at its source a minute late
        grows_until = time.monotonic() + PROOF_S + 5
        while time.monotonic() < grows_until:
            grows()
            time.sleep(0.5)
        mirrored.await_said("Stopped", it=it)
        assert mirrored.is_stopped()
        await_(lambda: "records" not in mirrored.said().get("lag", {}), STALE_S + 30,
               lambda: f"how far it is behind is not known: {mirrored.said()}")
    finally:
        mirrored.source_broker.start()


def test_a_controller_that_is_killed_leaves_the_stop_to_the_next(
        wals, controller, mirrored, tmp_path):
    mirrored.create("Running")
    first = Controller(tmp_path, "killed", wals.cluster.kubeconfig, wals.namespace,
                       *LOOKS).start().await_leading()
    mirrored.await_said("Running", it=first)
    mirrored.want("Stopped")
    await_(mirrored.is_stopped, 60, first.tail)
    first.kill()
    assert mirrored.said()["state"] != "Stopped"
    second = controller("second", wals.cluster.kubeconfig, *LOOKS).await_leading()
    mirrored.await_said("Stopped", "StoppedAndFenced", it=second)


class Front:
    """Connect behind TLS, for who has a certificate and a password."""

    def __init__(self, connect, authority):
        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
                status, text = 401, b""
                if self.headers["Authorization"] == f"Basic {login}":
                    there = http.client.HTTPConnection(connect.address, timeout=30)
                    there.request(self.command, self.path, body, {"Content-Type": "application/json"})
                    response = there.getresponse()
                    status, text = response.status, response.read()
                    there.close()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_PUT = do_PATCH = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.issue("connect")[2])
        context.load_verify_locations(authority.ca)
        context.verify_mode = ssl.CERT_REQUIRED
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def test_connect_is_asked_with_the_secrets_that_are_named(wals, controller, mirrored, tmp_path):
    authority = Authority(tmp_path / "certs")
    us = authority.client("controller")
    front = Front(mirrored.connect, authority)

    def put(name, **data):
        wals.kubectl("delete", "secret", name, "--ignore-not-found")
        wals.kubectl("create", "secret", "generic", name,
                     *[f"--from-literal={key}={value}" for key, value in data.items()])
    try:
        put("connect", password="wrong")
        put("connect-tls", **{"ca.crt": us["ca"], "tls.crt": us["cert"], "tls.key": us["key"]})
        mirrored.create("Running", **{"spec.mirror": {"state": "Running", "connect": {
            "url": front.url, "connector": mirrored.connector.name, "username": USER,
            "passwordSecret": {"name": "connect"},
            "tls": {"caSecret": {"name": "connect-tls"},
                    "certificateSecret": {"name": "connect-tls"}}}}})
        it = controller("first", wals.cluster.kubeconfig, *LOOKS).await_leading()
        mirrored.await_said("Unknown", "AccessDenied", it=it)
        put("connect", password=PASSWORD)
        mirrored.await_said("Running", it=it)
        text = it.log.read_text() + json.dumps(wals.get())
        assert PASSWORD not in text and "PRIVATE KEY" not in text
    finally:
        front.close()


def test_a_connect_that_is_not_allowed_is_never_asked(wals, controller):
    with socket.create_server(("127.0.0.2", 0)) as listener:
        address = "{}:{}".format(*listener.getsockname())
        wals.create(**{"spec.mirror": {
            "state": "Stopped", "connect": {"url": f"http://{address}", "connector": "a"}}})
        it = controller("first", wals.cluster.kubeconfig, *LOOKS).await_leading()
        await_(lambda: wals.condition("MirrorRunning") == ("Unknown", "NotAllowed"), 60, it.tail)
        listener.settimeout(5)
        with pytest.raises(TimeoutError):
            listener.accept()


def test_a_topic_that_stamps_records_anew_is_told(wals, controller, brokers):
    here = Topic(brokers[1].plain, "restamped", message_timestamp_type="LogAppendTime")
    wals.create(**{"spec.kafka": {"brokers": [here.brokers]}, "spec.topics": {"log": here.name},
                   "spec.mirror": {"connect": {"url": "http://127.0.0.1:1", "connector": "a"}}})
    it = controller("first", wals.cluster.kubeconfig, *LOOKS).await_leading()
    await_(lambda: wals.condition("MirrorFaithful") == ("False", "TopicRestamps"), 90, it.tail)
    here.set_config(message_timestamp_type="CreateTime")
    await_(lambda: wals.condition("MirrorFaithful") == ("Unknown", "NotObserved"), 90, it.tail)


ENVIRONMENT = {**os.environ, "XDG_CONFIG_HOME": "/nonexistent"}


def call(wals, *words, kubeconfig=None):
    return [REDWAL, "mirror", *words, "-n", wals.namespace, "--kubeconfig", kubeconfig or wals.cluster.kubeconfig,
            "-o", "json"]


def cli(wals, *words, status=DONE, tells=False, **options):
    """kubectl redwal mirror: its output, or what it complains about where it tells nothing else."""
    done = subprocess.run(call(wals, *words, **options), capture_output=True, text=True, timeout=330, check=False,
                          stdin=subprocess.DEVNULL, env=ENVIRONMENT)
    assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
    return json.loads(done.stdout) if tells or status == DONE else done.stderr


def test_a_user_stops_and_resumes_the_mirror_of_a_rediswal(wals, controller, mirrored):
    mirrored.create("Observed")
    it = controller("first", wals.cluster.kubeconfig, *LOOKS).await_leading()
    mirrored.write(20)
    mirrored.await_said("Running", it=it)
    mirrored.await_all()
    await_(lambda: mirrored.said().get("observedGeneration") == wals.get()["metadata"]["generation"], 30, it.tail)
    found = cli(wals, "status", "orders")
    assert (found["connector"], found["state"], found["wanted"]) == \
        (mirrored.connector.name, "Running", "Observed")
    assert found["behind"] == 0 and [p["behind"] for p in found["partitions"]] == [0, 0]

    assert "nobody to ask" in cli(wals, "stop", "orders", status=FAILED)
    assert cli(wals, "stop", "orders", "--dry-run")["wanted"] == "Stopped"
    assert wals.get()["spec"]["mirror"]["state"] == "Observed"
    found = cli(wals, "stop", "orders", "--yes", "--wait")
    assert (found["state"], found["reason"]) == ("Stopped", "StoppedAndFenced")
    assert mirrored.is_stopped()
    found = cli(wals, "resume", "orders", "--yes", "--wait")
    assert (found["state"], found["wanted"]) == ("Running", "Running")
    mirrored.connect.process.pause()
    try:
        assert "is not Stopped yet" in cli(wals, "stop", "orders", "--yes", "--wait", "--timeout",
                                           "5s", status=TIMEOUT)
    finally:
        mirrored.connect.process.resume()
    wals.create("plain")
    assert "names no mirror" in cli(wals, "status", "plain", status=FAILED)


@pytest.fixture
def say(wals):
    """What its controller would say of the mirror of `orders`, seen under that generation."""
    wals.create(**{"spec.mirror": {
        "state": "Stopped", "connect": {"url": "http://connect.example:8083", "connector": "a"}}})

    def generation():
        return wals.get()["metadata"]["generation"]

    def say(state, reason, seen):
        wals.kubectl("patch", "rediswal", "orders", "--subresource", "status", "--type", "merge",
                     "-p", json.dumps({"status": {"observedGeneration": generation(), "mirror": {
                         "state": state, "reason": reason, "connector": "a",
                         "observedGeneration": seen}}}))

    say.generation = generation
    return say


@pytest.mark.parametrize("answer, code", [("orders", DONE), ("yes", FAILED), ("no", FAILED), ("", FAILED)])
@pytest.mark.parametrize("verb, before, wanted", [("stop", "Running", "Stopped"), ("resume", "Stopped", "Running")])
def test_a_person_is_asked(wals, say, verb, before, wanted, answer, code):
    wals.patch({"mirror": {"state": before}})
    say(before, "Running", say.generation())
    person = Person(call(wals, verb, "orders"), ENVIRONMENT)
    person.reads("Type the RedisWal's name to go on: ")
    asked = f"The mirror of RedisWal {wals.namespace}/orders: a, which is {before} now, is to be {wanted}."
    assert asked in person.read
    assert ("written into the log here" in person.read) == (verb == "resume")
    assert wals.get()["spec"]["mirror"]["state"] == before
    assert person.types(answer) == code
    assert wals.get()["spec"]["mirror"]["state"] == (wanted if code == DONE else before)
    assert ("nothing was changed" in person.read) == (code != DONE)


def test_who_may_look_sees_the_mirror_and_orders_nothing(wals, say):
    say("Stopped", "StoppedAndFenced", say.generation())
    user = wals.cluster.directory / "user.kubeconfig"
    bind(wals.cluster, wals.namespace, "redwal-view", ("get", "rediswals"))
    assert 'cannot get resource "rediswals"' in cli(wals, "status", "orders", status=FAILED, kubeconfig=user)
    bind(wals.cluster, wals.namespace, "redwal-view")
    assert cli(wals, "status", "orders", kubeconfig=user)["state"] == "Stopped"
    assert "403" in cli(wals, "resume", "orders", "--yes", status=FAILED, kubeconfig=user)
    assert wals.get()["spec"]["mirror"]["state"] == "Stopped"


def test_no_status_from_before_ends_the_wait_for_a_stop(wals, say):
    say("Stopped", "StoppedAndFenced", say.generation() - 1)
    wait = "stop", "orders", "--yes", "--wait", "--timeout"
    assert "is not Stopped yet" in cli(wals, *wait, "3s", status=TIMEOUT)
    cli(wals, "status", "orders", status=FAILED)
    say("Stopped", "StoppedAndFenced", say.generation())
    assert cli(wals, *wait, "30s")["state"] == "Stopped"


def test_a_connector_that_is_not_there_is_not_waited_for(wals, say):
    wait = "stop", "orders", "--yes", "--wait", "--timeout"
    say("Unknown", "NoSuchConnector", say.generation() - 1)  # which may be of another name
    assert "is not Stopped yet" in cli(wals, *wait, "3s", status=TIMEOUT)
    say("Unknown", "NoSuchConnector", say.generation())
    said = cli(wals, *wait, "30s", status=FAILED)
    assert "Connect has no connector a, so that no stop of it can be proven" in said
    assert "check the name of the connector" in said


def test_what_has_no_meaning_for_a_rediswal_or_proves_nothing_is_refused(wals):
    wals.create(**{"spec.mirror": {"kafkaMirrorMaker2": {"name": NAME}}})
    assert "names no Connect" in cli(wals, "stop", "orders", "--yes", "--wait", status=FAILED)
    assert "state" not in wals.get()["spec"]["mirror"] or \
        wals.get()["spec"]["mirror"]["state"] == "Observed"
    assert cli(wals, "stop", "orders", "--yes")["wanted"] == "Stopped"
    for verb, flag, value in (("status", "--source-brokers", "b:1"), ("stop", "--brokers", "b:1"),
                              ("status", "--kafka-connect", "http://c.example"),
                              ("resume", "--connector", "c"), ("stop", "--mirror-maker", "m"),
                              ("resume", "--rediswal", "orders")):
        said = cli(wals, verb, "orders", flag, value, status=USAGE)
        assert f"{flag} has no meaning with NAME" in said, said


@pytest.mark.parametrize("definition_of_strimzi", FORMS, indirect=True, ids="-".join)
def test_a_mirror_of_strimzi_gets_its_orders_by_its_resource(
        cluster, namespace, definition_of_strimzi, wals, controller, mirrored):
    mirrored.connector.remove()
    connector = mirrored.connect.connector("dc->dr.MirrorSourceConnector", {
        "topics": mirrored.source.name, "source.cluster.alias": "dc", "target.cluster.alias": "dr",
        "source.cluster.bootstrap.servers": mirrored.source_broker.plain,
        "target.cluster.bootstrap.servers": mirrored.broker.plain})
    mirrored.connector = connector
    operator = Operator(cluster, namespace, definition_of_strimzi, connector)
    make_mirror(operator, mirrored.source_broker.plain, mirrored.broker.plain)
    operator.reconcile()
    mirrored.create("Running", **{"spec.mirror": {
        "state": "Running", "connect": {"url": mirrored.connect.url},
        "kafkaMirrorMaker2": {"name": NAME, "sourceAlias": "dc"}}})
    it = controller("first", wals.cluster.kubeconfig, *LOOKS).await_leading()
    mirrored.await_said("Running", it=it)
    assert mirrored.said()["connector"] == connector.name

    before = operator.unordered()
    mirrored.want("Stopped")
    await_(lambda: operator.mirror(1)[SOURCE].get("state") == "stopped", 30, it.tail)
    assert connector.state() == "RUNNING" and operator.unordered() == before
    operator.reconcile()
    mirrored.await_said("Stopped", "StoppedAndFenced", it=it)
    mirrored.want("Running")
    await_(lambda: operator.mirror(1)[SOURCE].get("state") == "running", 30, it.tail)
    operator.reconcile()
    mirrored.await_said("Running", it=it)


def test_where_nobody_may_ask_connect_its_topic_says_how_far_the_mirror_is(
        wals, controller, mirrored):
    mirrored.create("Observed", **{"spec.mirror": {
        "offsetsTopic": mirrored.connect.offsets_topic,
        "sourceBrokers": [mirrored.source_broker.plain],
        "connect": {"connector": mirrored.connector.name}}})
    it = controller("first", wals.cluster.kubeconfig, *LOOKS).await_leading()
    mirrored.write(50)
    mirrored.await_all()
    by_connect = {o["partition"]["partition"]: o["offset"]["offset"] + 1
                  for o in mirrored.connector.offsets()}
    said = mirrored.said()
    assert {p["partition"]: p["next"] for p in said["partitions"]} == by_connect
    assert (said["connector"], said["state"]) == (mirrored.connector.name, "Unknown")
    assert "spec.mirror.connect.url" in said["trouble"]
    mirrored.connect.process.pause()
    try:
        mirrored.write(40)
        mirrored.await_figures(lambda: mirrored.said().get("lag", {}).get("records") == 40, 120, it.tail)
        assert cli(wals, "status", "orders", status=FAILED, tells=True)["behind"] == 40
    finally:
        mirrored.connect.process.resume()
    mirrored.await_all()
    wals.patch({"mirror": {"offsetsTopic": mirrored.here.name}})
    await_(lambda: "is one that Connect stores" in mirrored.said().get("trouble", ""), 120,
           lambda: f"that this is none of its topics: {mirrored.said()}")
    await_(lambda: "records" not in mirrored.said().get("lag", {}), STALE_S + 60,
           lambda: f"how far it is behind is not known: {mirrored.said()}")


def test_offsets_that_another_connect_stores_prove_no_stop_and_are_told(wals, controller, mirrored):
    mirrored.create("Stopped", **{"spec.mirror": {
        "state": "Stopped", "offsetsTopic": mirrored.connect.offsets_topic,
        "connect": {"url": mirrored.connect.url, "connector": mirrored.connector.name}}})
    it = controller("first", wals.cluster.kubeconfig, *LOOKS).await_leading()
    await_(mirrored.is_stopped, 60, it.tail)
    another = Offsets(mirrored.broker.plain, mirrored.connect.offsets_topic,
                      mirrored.connector.name, mirrored.source.name)

    def told():
        another.store()
        return wals.condition("MirrorRunning") == ("False", "OffsetsMove")
    await_(told, 60, lambda: f"{mirrored.said()}\n{it.tail()}")
    said = cli(wals, "stop", "orders", "--yes", "--wait", "--timeout", "5s", status=TIMEOUT)
    waits_for, *_, gives_up = said.splitlines()
    assert all("name the Connect that really runs it" in line for line in (waits_for, gives_up)), said


def test_offsets_in_a_third_place_are_read_there_with_its_own_user(
        wals, controller, mirrored, tmp_path):
    elsewhere = Broker(tmp_path / "elsewhere", users=[(USER, PASSWORD)]).start()
    try:
        stored = Topic(elsewhere.plain, "stored-elsewhere", partitions=1)
        grant(elsewhere.plain, USER, "TOPIC", stored.name, "READ")
        offsets = Offsets(elsewhere.plain, stored.name, mirrored.connector.name,
                          mirrored.source.name)
        offsets.store(0, 6)
        offsets.store(1, 6)
        wals.kubectl("create", "secret", "generic", "elsewhere",
                     f"--from-literal=password={PASSWORD}", f"--from-file=ca.crt={elsewhere.ca}")
        mirrored.create("Observed", **{"spec.mirror": {
            "offsetsTopic": stored.name, "connect": {"connector": mirrored.connector.name},
            "sourceBrokers": [mirrored.source_broker.plain],
            "offsetsKafka": {
                "brokers": [elsewhere.secure], "security": "SASL_SSL",
                "sasl": {"username": USER, "passwordSecret": {"name": "elsewhere"}},
                "tls": {"caSecret": {"name": "elsewhere"}}}}})
        it = controller("first", wals.cluster.kubeconfig, *LOOKS).await_leading()
        mirrored.await_figures(lambda: mirrored.next() == [7, 7], 120,
                               lambda: f"what is stored there: {mirrored.said()}\n{it.tail()}")
        assert PASSWORD not in it.log.read_text() + json.dumps(wals.get())
    finally:
        elsewhere.stop()
