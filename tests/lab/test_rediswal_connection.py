"""kubectl-redwal --rediswal NAME: the connection of a RedisWal and its Secrets, to a real Kafka and a
real Redis that want passwords and certificates."""

import json
import os
import pathlib

from lab.failover import Failover
from lab.process import Process
from lab.wait import await_
from place import (FAILED, GROUP, KAFKA_PASSWORD, REDIS_PASSWORD, REDIS_USER, TIMEOUT, USAGE,
                   bind)


def test_every_verb_finds_its_way(scene):
    scene.run("put", "k", "SET", "v")
    [record] = scene.topic.read()
    assert json.loads(record.value)["args"] == ["v"]
    lag = json.loads(scene.run("lag", "-o", "json"))
    assert (lag["topic"], lag["behind"]) == (scene.topic.name, 1)
    position = json.loads(scene.run("position", "-o", "json"))
    assert (position["wal"], position["group"]) == ("orders", GROUP)
    assert '"v"' in scene.run("tail", "-o", "json")
    assert '"SET"' in scene.run("history", "k", "-o", "json")
    scene.run("explain", f"{record.partition}:{record.offset}")
    scene.run("wait", "--timeout", "300ms", f"{record.partition}:{record.offset}", status=TIMEOUT)


def test_what_is_given_by_hand_wins(scene, place):
    other = place.topic()
    assert json.loads(scene.run("lag", "-o", "json", "--topic", other.name))["topic"] == other.name
    assert json.loads(scene.run("lag", "-o", "json", env={"REDWAL_TOPIC": other.name}))[
        "topic"] == other.name
    # Its Sentinels do not matter then, nor does how to log in where nobody asks for it.
    scene.wal("by-sentinel", place.spec(scene.topic, sentinels=["127.0.0.1:1"],
                                        sentinel={"username": "x",
                                                  "passwordSecret": {"name": "not-there"}}))
    scene.run("lag", "--redis", place.redis.address, name="by-sentinel")
    assert "not-there" in scene.run("lag", name="by-sentinel", status=FAILED)
    scene.run("lag", "--brokers", place.broker.plain, "--kafka-security", "PLAINTEXT")


def test_the_secret_of_the_redis_failover_is_found(scene, place, others):
    del others
    scene.make("databases.spotahome.com/v1", "RedisFailover", "orders",
               spec={"auth": {"secretPath": "redis"}, "redis": {}, "sentinel": {}})
    spec = place.spec(scene.topic, failover="orders")
    del spec["redis"]["passwordSecret"], spec["redis"]["username"]
    scene.wal("by-failover", spec)
    argv = ("lag", "--redis", place.redis.address, "--redis-user", REDIS_USER)
    scene.run(*argv, name="by-failover")
    scene.cluster.kubectl("delete", "redisfailover", "orders", "-n", scene.namespace)
    assert f"RedisFailover {scene.namespace}/orders: " in scene.run(
        *argv, name="by-failover", status=FAILED)


def test_sentinels_that_call_the_primary_by_the_failovers_name_are_asked_for_that(scene, place,
                                                                                 freshworks, tmp_path):
    del freshworks
    scene.make("databases.spotahome.com/v1", "RedisFailover", "orders",
               spec={"redis": {}, "sentinel": {"disableMyMaster": True}})
    spec = place.spec(scene.topic)
    spec["redis"] = {"failover": "orders"}
    scene.wal("by-failover", spec)
    failover = Failover(tmp_path, master_name="orders").start()
    try:
        scene.run("lag", "--sentinel", failover.sentinel_list, name="by-failover")
    finally:
        failover.stop()


def test_secrets_stay_in_memory(scene, place, tmp_path):
    """Not in arguments, environment, output, or any file that the process made or has open."""
    home = tmp_path / "home"
    home.mkdir()
    scene.run("put", "k", "SET", "v")
    process = Process("tail", scene.argv("tail", "-f", "-o", "json"), tmp_path / "tail.log",
                      cwd=home, env={**os.environ, "HOME": str(home), "TMPDIR": str(home)}).start()
    await_(lambda: '"SET"' in process.output(), 30, process.tail)
    proc = pathlib.Path(f"/proc/{process.pid}")
    opened = [os.readlink(fd) for fd in (proc / "fd").iterdir()]
    shown = (proc / "cmdline").read_text() + (proc / "environ").read_text()
    process.stop()
    shown += process.output()
    assert any(name.startswith("/memfd:redwal") for name in opened)
    for name in opened:
        assert not os.path.isfile(name) or name == str(tmp_path / "tail.log"), name
    assert list(home.rglob("*")) == []
    for secret in place.secrets:
        assert secret not in shown


def test_who_may_not_read_the_secrets_is_told_which_role_lets(scene, place, tmp_path):
    user = scene.cluster.directory / "user.kubeconfig"
    scene.bind("redwal-view")
    err = scene.run("lag", kubeconfig=user, status=FAILED)
    assert "ClusterRole redwal-connect" in err and "Secret " in err and "403" in err
    assert place.secrets[0] not in err
    # Everything secret by hand: the Secrets are not asked for.
    files = {name: tmp_path / name for name in ("kafka", "redis", "ca", "cert", "key")}
    for name, text in (("kafka", KAFKA_PASSWORD), ("redis", REDIS_PASSWORD),
                       *place.identity.items()):
        files[name].write_text(text)
    scene.run("lag", "--kafka-password-file", files["kafka"], "--kafka-ca", place.broker.ca,
              "--redis-password-file", files["redis"], "--redis-ca", files["ca"], "--redis-cert",
              files["cert"], "--redis-key", files["key"], kubeconfig=user)
    scene.bind("redwal-connect")
    scene.run("lag", kubeconfig=user)


def test_nothing_in_that_role_is_too_much(scene, place, others):
    del others
    user = scene.cluster.directory / "user.kubeconfig"
    scene.make("databases.spotahome.com/v1", "RedisFailover", "orders",
               spec={"auth": {"secretPath": "redis"}, "redis": {}, "sentinel": {}})
    spec = place.spec(scene.topic, failover="orders")
    del spec["redis"]["passwordSecret"], spec["redis"]["username"]
    scene.wal("by-failover", spec)
    argv = ("lag", "--redis", place.redis.address, "--redis-user", REDIS_USER)
    scene.bind("redwal-connect")
    scene.run(*argv, name="by-failover", kubeconfig=user)
    for resource in ("rediswals", "redisfailovers", "secrets"):
        bind(scene.cluster, scene.namespace, "redwal-connect", ("get", resource))
        said = scene.run(*argv, name="by-failover", kubeconfig=user, status=FAILED)
        assert f'cannot get resource "{resource}"' in said


def test_what_is_missing_is_named(scene, place):
    for name, change, said in (
            ("no-secret", ("kafka", "sasl", "passwordSecret", {"name": "none"}),
             f"Secret {scene.namespace}/none: "),
            ("no-key", ("kafka", "sasl", "passwordSecret", {"name": "kafka", "key": "none"}),
             "none")):
        spec = place.spec(scene.topic)
        spec[change[0]][change[1]][change[2]] = change[3]
        scene.wal(name, spec)
        assert said in scene.run("lag", name=name, status=FAILED)
    assert f'RedisWal {scene.namespace}/nothing: ' in scene.run("lag", name="nothing", status=FAILED)
    assert "no context 'nowhere'" in scene.run("lag", "--context", "nowhere", status=FAILED)
    assert "--config, --rediswal" in scene.run("lag", "--config", "/dev/null", status=USAGE)
    # A context of ours in the environment is none of the kubeconfig's.
    scene.run("lag", env={"REDWAL_CONTEXT": "nowhere"})


def test_scripts_are_asked_for(scene, place, tmp_path):
    spec = place.spec(scene.topic)
    spec["applier"] = {"scriptsConfigMap": "our-scripts"}
    scene.wal("scripted", spec)
    argv = ("put", "k", "SET", "v")
    assert "ConfigMap our-scripts" in scene.run(*argv, name="scripted", status=USAGE)
    (tmp_path / "one.lua").write_text("return 1\n")
    scene.run(*argv, "--scripts", tmp_path, name="scripted")
    scene.run("lag", name="scripted")


def test_names_of_the_cluster_are_explained(scene, place):
    spec = place.spec(scene.topic, sentinels=["rfs-orders:26379"])
    spec["kafka"]["brokers"] = ["kafka.kafka.svc:9092"]
    scene.wal("inside", spec)
    err = scene.run("position", name="inside", status=FAILED)
    assert "kafka.kafka.svc:9092, rfs-orders:26379" in err
    assert f"kubectl -n {scene.namespace} port-forward svc/rfs-orders 26379" in err
    assert "kubectl -n kafka port-forward svc/kafka 9092" in err
    assert "port-forward" not in scene.run("position", "--brokers", "127.0.0.1:1", "--redis",
                                           "127.0.0.1:1", name="inside", status=FAILED)


def test_a_watch_explains_the_names_of_the_cluster_once(scene, place, tmp_path):
    scene.wal("inside", place.spec(scene.topic, sentinels=["rfs-orders:26379"]))
    watching = Process("lag", scene.argv("lag", "-w", "--interval", "100ms", name="inside"), tmp_path / "lag.log",
                       env=dict(os.environ)).start()
    await_(lambda: watching.output().count("kubectl-redwal lag: Redis: ") > 2, 30, watching.tail)
    watching.stop()
    assert watching.output().count("port-forward svc/rfs-orders 26379") == 1
