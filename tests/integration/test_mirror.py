"""kubectl-redwal mirror, on a real Kafka Connect between two real clusters."""

import contextlib
import itertools
import json
import os
import subprocess
import time

import confluent_kafka
import pytest

from lab.cli import Cli
from lab.connect import Connect
from lab.offsets import Offsets
from lab.process import free_port
from lab.wait import await_, holds
from lab.wal import Topic

GUARD = {"offsets": [{"partition": {"cluster": "redwal", "partition": 0, "topic": "(redwal guard)"},
                      "offset": None}]}
SIMPLE = "org.apache.kafka.connect.storage.SimpleHeaderConverter"
IMPATIENT = {"admin.timeout.ms": "3000", "source.cluster.default.api.timeout.ms": "4000",
             "source.cluster.request.timeout.ms": "3000"}
PROOF_S = 10  # between the two looks at the log
PATIENCE_S = 30  # for what one question may take beyond --timeout
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def connect(scratch, broker):
    connect = Connect(scratch / "connect", broker.plain).start()
    yield connect
    connect.stop()


@pytest.fixture
def topic(source):
    """What is mirrored, at its source."""
    return Topic(source.plain, f"mirrored-{next(_numbers)}", partitions=2)


@pytest.fixture
def mirror(lab, source, connect, topic):
    """Makes the connector, which has `->` in its name as Strimzi's have."""
    def make(**config):
        connector = connect.connector(f"source->target.{topic.name}", {
            "topics": topic.name, "source.cluster.bootstrap.servers": source.plain,
            "target.cluster.bootstrap.servers": lab.broker.plain, **config})
        lab.on_close(connector.remove)
        return connector
    return make


@pytest.fixture
def cli(lab, connect, topic):
    return Cli(brokers=lab.broker.plain, topic=topic.name, kafka_connect=connect.url,
               connector=f"source->target.{topic.name}")


def write(topic, first, count):
    for i in range(first, first + count):
        topic.write(b'{"command":"APPEND","args":["%d,"]}' % i, b"k%d" % (i % 7))
    topic.flush()


def here(lab, topic):
    return Topic(lab.broker.plain, topic.name, topic.partitions, existing=True)


def here_made(lab, topic):
    """The same, before anything was mirrored."""
    return Topic(lab.broker.plain, topic.name, topic.partitions)


def mirrored(lab, topic):
    """What has arrived; nothing as long as the topic is not there."""
    try:
        return here(lab, topic).read()
    except (confluent_kafka.KafkaException, KeyError):
        return []


def await_mirrored(lab, topic, count):
    await_(lambda: len(mirrored(lab, topic)) >= count, 120,
           lambda: f"{len(mirrored(lab, topic))} of {count} are mirrored")


def by_partition(records):
    """What a mirror must keep: everything but offsets, and order within a partition."""
    kept = {}
    for r in records:
        kept.setdefault(r.partition, []).append((r.key, r.value, r.timestamp, r.headers))
    return kept


def status(cli, exit_status=0):
    return cli.run("mirror", "status", "-o", "json", status=exit_status).json()


def await_running(cli):
    """What it says then; Connect tells of a task a moment after it has begun."""
    def running():
        found = status(cli, exit_status=None)
        return found["state"] == "Running" and found
    return await_(running, 60, lambda: f"{status(cli, exit_status=None)}")


def behind(cli, source):
    rows = cli.run("mirror", "status", "-o", "json", "--source-brokers", source.plain).json()
    return sum(row["behind"] for row in rows["partitions"])


def examined(lab, server, cli):
    """What `doctor` says of the mirror, by its check."""
    doctor = Cli(**cli.options, redis=server.address, wal=lab.wal)
    found = {c["check"]: c["verdict"] for c in
             doctor.run("doctor", "-o", "json", status=None).json()["checks"]}
    return tuple(found[c] for c in ("mirror", "mirror-exactly-once", "mirror-headers"))


def stop(cli, seconds=180):
    """What it says in the end, and what it said on the way."""
    running = cli.start("mirror", "stop", "--wait", "--timeout", f"{seconds}s", "-o", "json")
    try:
        out, err = running.communicate(timeout=seconds + PATIENCE_S)
    finally:
        running.kill()
    assert running.returncode == 0, err
    return json.loads(out), err


def test_a_mirror_is_stopped_with_a_proof_and_goes_on_without_loss_or_repetition(
        lab, source, topic, mirror, cli, server):
    connector = mirror()
    write(topic, 0, 200)
    await_mirrored(lab, topic, 200)
    found = await_running(cli)
    assert found["reason"] == "Running"
    assert (found["connectorState"], found["tasks"]) == ("RUNNING", found["tasksRunning"])
    assert (found["exactlyOnce"], found["keepsNames"], found["keepsHeaders"]) == (True, True, None)
    assert examined(lab, server, cli) == ("OK", "OK", "UNKNOWN")
    assert connector.ask("PATCH", "/offsets", GUARD)[0] == 400

    began = time.monotonic()
    found, said = stop(cli)
    assert time.monotonic() - began >= PROOF_S
    assert (found["state"], found["reason"]) == ("Stopped", "StoppedAndFenced")
    assert "Stopping: " in said and "Stopped: " not in said
    assert (connector.state(), connector.status()["tasks"]) == ("STOPPED", [])

    offsets = connector.offsets()
    assert connector.ask("PATCH", "/offsets", GUARD)[0] == 200
    assert connector.offsets() == offsets, "the guard write changes nothing"
    rows = status(cli)["partitions"]
    assert {r["partition"]: r["next"] for r in rows} == topic.ends()
    assert {r["partition"]: r["end"] for r in rows} == here(lab, topic).ends()

    write(topic, 200, 100)
    ends = here(lab, topic).ends()
    holds(lambda: here(lab, topic).ends() == ends, 3, "nothing arrives from a stopped mirror")
    assert behind(cli, source) == 100 and all(r["behind"] is None for r in status(cli)["partitions"])
    cli.run("mirror", "resume", "--wait")
    assert status(cli)["state"] == "Running"
    await_mirrored(lab, topic, 300)
    await_(lambda: behind(cli, source) == 0, 60, "the mirror has stored its offsets")
    assert by_partition(mirrored(lab, topic)) == by_partition(topic.read())

    target = here(lab, topic)
    target.dead_letters = None
    lab.applier(target, server).start().await_ready()
    lab.check(target, server)
    lab.compare(topic.read(), server, partitions=topic.partitions)


def test_a_stop_that_is_not_awaited_claims_nothing(lab, topic, mirror, cli):
    connector = mirror()
    write(topic, 0, 10)
    await_mirrored(lab, topic, 10)
    await_running(cli)
    plan = cli.run("mirror", "stop", "--dry-run", "-o", "json").json()
    assert (plan["state"], plan["wouldDo"]) == ("Running", "stop it")
    assert connector.state() == "RUNNING"
    assert cli.run("mirror", "stop", "-o", "json").json()["state"] in ("Running", "Stopping")
    await_(lambda: connector.status()["tasks"] == [], 60, "the tasks end")
    await_(lambda: status(cli)["reason"] == "GuardAwaited", 60, lambda: f"{status(cli)}")


@contextlib.contextmanager
def dead(source):
    source.process.kill()
    try:
        yield
    finally:
        source.start()


def test_a_mirror_that_never_saw_its_source_is_stopped(lab, source, topic, mirror, cli):
    write(topic, 0, 10)
    here_made(lab, topic)
    with dead(source):
        connector = mirror(**IMPATIENT)
        found = cli.run("mirror", "status", "-o", "json", status=None).json()
        assert found["state"] in ("Starting", "Unknown") and found["tasks"] in (0, None)
        assert stop(cli, 120)[0]["state"] == "Stopped"
        assert connector.state() == "STOPPED"
    cli.run("mirror", "resume", "--wait")
    await_mirrored(lab, topic, 10)
    assert by_partition(mirrored(lab, topic)) == by_partition(topic.read())


def test_a_mirror_that_failed_is_told_and_stopped(lab, topic, mirror, cli):
    here_made(lab, topic)
    connector = mirror(**{"source.consumer.auto.offset.reset": "sideways"})
    await_(lambda: any(t["state"] == "FAILED" for t in connector.status().get("tasks", [])), 60,
           lambda: f"a task fails: {connector.status()}")
    found = status(cli, exit_status=3)
    assert (found["state"], found["reason"]) == ("Failed", "Failed")
    assert "Exception" in found["trouble"] and "\n" not in found["trouble"]
    assert stop(cli)[0]["state"] == "Stopped"


def test_a_mirror_whose_source_died_is_stopped(lab, source, topic, mirror, cli):
    connector = mirror()
    write(topic, 0, 10)
    await_mirrored(lab, topic, 10)
    with dead(source):  # Connect ends a connector that looks at its source a minute late
        assert stop(cli, 120)[0]["state"] == "Stopped"
        assert connector.status()["tasks"] == []


def n_tasks(connect):
    """Threads that run one, as the machine sees them."""
    shown = subprocess.run(["ps", "-L", "-o", "comm=", "-p", str(connect.process.pid)],
                           capture_output=True, text=True, check=True)
    return shown.stdout.count("task-thread")


def test_a_task_that_hangs_is_fenced_and_delivers_nothing_later(lab, source, topic, connect, mirror,
                                                               cli):
    """Its source stands still, and its worker lives."""
    connector = mirror()
    write(topic, 0, 10)
    await_mirrored(lab, topic, 10)
    source.pause()
    try:
        found, _ = stop(cli, 300)
        assert (found["state"], found["reason"]) == ("Stopped", "StoppedAndFenced")
        assert (connector.state(), connector.status()["tasks"]) == ("STOPPED", [])
        assert n_tasks(connect), "they hang, although Connect tells of none"
    finally:
        source.resume()
    ends = here(lab, topic).ends()
    write(topic, 10, 100)
    holds(lambda: here(lab, topic).ends() == ends, 5, "nothing arrives from a task that hung")
    cli.run("mirror", "resume", "--wait")
    await_mirrored(lab, topic, 110)
    assert by_partition(mirrored(lab, topic)) == by_partition(topic.read())


def test_a_worker_that_hangs_is_unknown_and_never_stopped(lab, topic, connect, mirror, cli):
    mirror()
    write(topic, 0, 10)
    await_mirrored(lab, topic, 10)
    connect.process.pause()
    try:
        found = status(cli, exit_status=1)
        assert (found["state"], found["reason"]) == ("Unknown", "Unreachable")
        assert "timed out" in found["trouble"] and found["connectorState"] is None
        answer = cli.run("mirror", "stop", "--wait", "--timeout", "15s", status=4)
        assert "Stopped" not in answer.out + answer.err
        assert "timed out" in cli.run("mirror", "stop", status=1).err
    finally:
        connect.process.resume()
    assert stop(cli)[0]["state"] == "Stopped"


def test_a_worker_that_hangs_while_it_is_stopped_proves_nothing(lab, topic, connect, mirror, cli):
    connector = mirror()
    write(topic, 0, 10)
    await_mirrored(lab, topic, 10)
    assert connector.ask("PUT", "/stop")[0] == 204
    await_(lambda: connector.status()["tasks"] == [], 60, "the tasks end")
    connect.process.pause()
    try:
        answer = cli.run("mirror", "stop", "--wait", "--timeout", "25s", status=4)
        assert "Unknown" in answer.err and "Stopped" not in answer.out + answer.err
    finally:
        connect.process.resume()


def test_an_interface_that_is_closed_is_unknown(lab, topic, mirror):
    mirror()
    cli = Cli(brokers=lab.broker.plain, topic=topic.name, connector=f"source->target.{topic.name}",
              kafka_connect=f"http://127.0.0.1:{free_port()}")
    write(here_made(lab, topic), 0, 1)
    assert status(cli, exit_status=1)["reason"] == "Unreachable"
    assert "does not answer" in cli.run("mirror", "stop", status=1).err


def no_stop_is_proven(cli, meanwhile, *words):
    """It says these words while `meanwhile` is done, and then waits on, for longer than a log must stand still."""
    running, said = cli.start("mirror", "stop", "--wait"), []
    os.set_blocking(running.stderr.fileno(), False)

    def told():
        meanwhile()
        with contextlib.suppress(BlockingIOError):
            said.append(os.read(running.stderr.fileno(), 1 << 16).decode())
        return running.poll() is not None or all(word in "".join(said) for word in words)

    def waits():
        meanwhile()
        return running.poll() is None

    try:
        await_(told, 180, lambda: f"it says {words}: {said}")
        holds(waits, 1.5 * PROOF_S, "it waits on")
    finally:
        running.kill()
        running.communicate()


def no_stop_is_proven_while_it_writes(cli, producer):
    numbers = itertools.count()
    no_stop_is_proven(cli, lambda: write(producer, next(numbers), 1), "Stopping: the log here still grows")


def test_a_log_that_still_grows_is_no_proof(lab, topic, mirror, cli):
    mirror()
    write(topic, 0, 10)
    await_mirrored(lab, topic, 10)
    producer = here(lab, topic)
    no_stop_is_proven_while_it_writes(cli, producer)
    assert stop(cli)[0]["state"] == "Stopped"


def test_offsets_that_another_connect_stores_prove_no_stop_and_are_told(
        lab, topic, mirror, connect, cli):
    connector = mirror()
    await_running(cli)
    another = Offsets(lab.broker.plain, connect.offsets_topic, connector.name, topic.name)
    no_stop_is_proven(cli, another.store, "still offsets are stored for it",
                      "name the Connect that really runs")


def test_an_open_transaction_hides_no_record_behind_it(lab, topic, mirror, cli):
    """Readers of what is committed see the log end where the transaction begins."""
    mirror()
    write(topic, 0, 10)
    await_mirrored(lab, topic, 10)
    producer = here(lab, topic)
    hiding = confluent_kafka.Producer({"bootstrap.servers": lab.broker.plain, "log_level": 0,
                                       "transactional.id": topic.name,
                                       "transaction.timeout.ms": 600000})
    hiding.init_transactions(60)
    hiding.begin_transaction()
    for partition in range(topic.partitions):
        hiding.produce(topic.name, b'{"command":"INCR"}', b"k", partition)
    hiding.flush()
    ends = producer.ends()
    no_stop_is_proven_while_it_writes(cli, producer)
    assert producer.ends() == ends, "the transaction hid what was written meanwhile"
    hiding.abort_transaction(60)
    assert stop(cli)[0]["state"] == "Stopped"


def test_what_is_not_fenced_is_said(lab, topic, mirror, cli, server):
    mirror(**{"exactly.once.support": "requested", "header.converter": SIMPLE})
    write(topic, 0, 10)
    await_mirrored(lab, topic, 10)
    found = await_running(cli)
    assert (found["exactlyOnce"], found["keepsHeaders"]) == (None, False)
    assert examined(lab, server, cli) == ("OK", "UNKNOWN", "FAIL")
    found, _ = stop(cli)
    assert (found["state"], found["reason"]) == ("Stopped", "StoppedNotKnownFenced")
    assert examined(lab, server, cli)[0] == "WARN"


def test_a_name_that_is_mistyped_is_not_called_stopped(lab, topic, cli):
    write(here_made(lab, topic), 0, 1)
    for words in (["status"], ["stop"], ["stop", "--wait"], ["resume", "--wait"]):
        assert "has no connector" in cli.run("mirror", *words, status=1).err


def test_what_is_missing_is_said(cli):
    bare = Cli(brokers=cli.options["brokers"])
    answer = bare.run("mirror", "status", status=2)
    assert "--kafka-connect or --mirror-maker is required" in answer.err
    assert "--connector or --mirror-maker is required" in answer.err
