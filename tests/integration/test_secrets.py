"""Secrets stay where they belong: not in arguments, environment, logs, pages, or memory that others
may read."""

import os
import pathlib
import re
import resource
import signal
import subprocess

import pytest

from conftest import KAFKA_PASSWORD, KAFKA_USER, REDIS_PASSWORD, REDIS_RULES, REDIS_USER
from lab import permissions
from lab.applier import BINARY, environment
from lab.mount import Mount
from lab.process import free_port
from lab.wait import await_
from lab.wal import grant
from lab.workload import Workload

NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]


def lines_of_key(pem):
    return [line for line in pem.splitlines() if line and not line.startswith("-----")]


def test_nothing_shows_a_secret_whatever_happens(lab, broker):
    security = lab.security(REDIS_RULES, client_certificates=True, sentinel_user="watcher",
                            sentinel_password="sentinel-secret-2q")
    topic, failover = lab.topic(), lab.failover(security=security)
    group = f"{topic.name}-group"
    for permission in permissions.kafka_for(topic.name, group, lab.dead_letters(topic).name):
        grant(broker.plain, KAFKA_USER, *permission)
    identity = security.authority.client("applier-secrets")
    mount = Mount(lab.directory / "mount", kafka=KAFKA_PASSWORD, redis=REDIS_PASSWORD,
                  sentinel="sentinel-secret-2q", config="log-level: debug\n", **identity)
    applier = lab.applier(
        topic, failover, config=mount.path("config"), brokers=broker.secure,
        kafka_security="SASL_SSL", kafka_user=KAFKA_USER, kafka_ca=broker.ca,
        kafka_password_file=mount.path("kafka"), redis_user=REDIS_USER, redis_tls=True,
        redis_password_file=mount.path("redis"), redis_ca=mount.path("ca"),
        redis_cert=mount.path("cert"), redis_key=mount.path("key"), sentinel_user="watcher",
        sentinel_password_file=mount.path("sentinel")).start().await_ready()
    secrets = [KAFKA_PASSWORD, REDIS_PASSWORD, "sentinel-secret-2q", "not-the-password-8x",
               *lines_of_key(identity["key"])]

    Workload(1).write(topic, 500)
    topic.flush()
    lab.await_applied(topic, failover.primary())
    # What people do: the secret where its file belongs, a wrong one, half a key.
    for files in ({"config": f"redis-password-file: {REDIS_PASSWORD}\n"},
                  {"config": "log-level: debug\n", "key": identity["key"][:150]},
                  {"key": identity["key"], "redis": "not-the-password-8x",
                   "kafka": "not-the-password-8x", "sentinel": "not-the-password-8x"}):
        failures = applier.metric("reload_failures_total"), applier.metric("reloads_total")
        mount.put(**files)
        await_(lambda before=failures: (applier.metric("reload_failures_total"),
                                        applier.metric("reloads_total")) != before, 60,
               lambda: f"it is read\n{applier.process.tail()}")
    failover.primary().kill()
    applier.await_trouble("redis-primary")

    shown = {page: applier.get(page)[1]
             for page in ("/metrics", "/readyz?verbose", "/livez", "/config", "/")}
    for name in ("cmdline", "environ"):
        shown[name] = pathlib.Path(f"/proc/{applier.process.pid}/{name}").read_bytes().decode()
    applier.stop()
    shown["log"] = applier.process.output()
    assert "level=debug" in shown["log"] and "level=error" in shown["log"]
    for place, text in shown.items():
        for secret in secrets:
            assert secret not in text, f"{place} shows a secret"


# --- memory ---------------------------------------------------------------------------------------


def start(directory, argv):
    """With cores allowed, and as nobody, whom the kernel grants nothing special."""
    def allow_cores():
        _, most = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))
    return subprocess.Popen([*NOBODY, *map(str, argv)], cwd=directory, env=environment(),
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, preexec_fn=allow_cores)


@pytest.fixture
def watched(tmp_path):
    """(applier, another process), in a directory of their own."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to become nobody")
    tmp_path.chmod(0o777)
    for parent in list(tmp_path.parents)[:-2]:
        parent.chmod(parent.stat().st_mode | 0o011)
    applier = start(tmp_path, [BINARY, "--brokers", f"127.0.0.1:{free_port()}",
                               "--redis", f"127.0.0.1:{free_port()}"])
    other = start(tmp_path, ["sleep", "60"])
    await_(lambda: is_protected(applier), 60, "the applier has protected itself")
    await_(lambda: command(other) == "sleep", 60, "the other process is no longer setpriv")
    yield applier, other, tmp_path
    for process in (applier, other):
        process.kill()
        process.wait()


def is_protected(process):
    limits = pathlib.Path(f"/proc/{process.pid}/limits").read_text()
    return re.search(r"Max core file size +0 +0 ", limits)


def command(process):
    return pathlib.Path(f"/proc/{process.pid}/comm").read_text().strip()


def test_no_core_is_dumped_where_another_process_leaves_one(watched):
    applier, other, directory = watched
    if pathlib.Path("/proc/sys/kernel/core_pattern").read_text().startswith("|"):
        pytest.skip("needs a core_pattern that is a file: cores go to a program here")
    other.send_signal(signal.SIGABRT)
    other.wait(20)
    cores = await_(lambda: list(directory.glob("*core*")), 60, "another process leaves a core")
    for core in cores:
        core.unlink()
    applier.send_signal(signal.SIGABRT)
    assert applier.wait(20) == -signal.SIGABRT
    assert not list(directory.glob("*core*"))


def test_its_memory_is_closed_to_others_of_the_same_user(watched):
    applier, other, _ = watched
    read = [*NOBODY, "sh", "-c", "exec 3</proc/$1/mem", "sh"]
    allowed = subprocess.run([*read, str(other.pid)], capture_output=True, text=True, check=False)
    if "Permission denied" in allowed.stderr:
        pytest.skip("needs a machine that lets a user read the memory of his own processes")
    assert allowed.returncode == 0, allowed.stderr
    refused = subprocess.run([*read, str(applier.pid)], capture_output=True, text=True, check=False)
    assert "Permission denied" in refused.stderr, refused.stderr
