"""The lab itself: what it says it needs, and that it leaves a machine as it was."""

import os
import pathlib
import subprocess

from lab.wait import await_
from node import Node

TUNABLES = ("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops",
            "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes", "net/ipv4/ip_forward")
SHOWN_BY = {
    "links": ["ip", "-o", "-br", "link"],
    "addresses": ["ip", "-o", "-br", "address"],
    "routes": ["ip", "route", "show", "table", "all"],
    "rules": ["iptables-save"],
}
DIRECTORIES = ("/run", "/var/lib", "/var/log", "/etc")


def said(*command):
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return {line for line in done.stdout.splitlines() if line and line[0] not in "#:"}


def processes(directory):
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if str(directory).encode() in (path / "cmdline").read_bytes():
                yield path.name
        except OSError:
            pass


def namespaces():
    for path in pathlib.Path("/proc").glob("[0-9]*/ns/*"):
        try:
            yield os.readlink(path)
        except OSError:  # it ended, which lsns takes for a failure
            pass


def machine(directory):
    """What a lab in `directory` could leave behind."""
    return {name: said(*command) for name, command in SHOWN_BY.items()} | {
        "mounts": set(pathlib.Path("/proc/self/mounts").read_text().splitlines()),
        "cgroups": set(map(str, pathlib.Path("/sys/fs/cgroup").glob("**/redwal-lab-*"))),
        "tunables": {f"{t}={pathlib.Path('/proc/sys', t).read_text()}" for t in TUNABLES},
        "files": {str(entry) for d in DIRECTORIES for entry in pathlib.Path(d).iterdir()},
        "namespaces": set(namespaces()),
        "processes": set(processes(directory)),
    }


def added(before, directory):
    now = machine(directory)
    # Namespaces come and go with whatever else runs on the machine.
    return {what: now[what] - before[what] for what in before
            if what != "namespaces" and now[what] - before[what]}


def test_two_labs_have_nodes_at_once_and_one_leaves_nothing_when_it_ends(node, tmp_path_factory):
    directory = tmp_path_factory.mktemp("lab") / "second"  # short: kubelet's sockets are below
    before = machine(directory)
    second = Node(directory)
    try:
        second.start()
        assert second.core.list_node().items[0].metadata.name == "lab"
        assert set(added(before, directory)) == {"links", "addresses", "routes", "cgroups", "processes"}
        node.await_ready()
    finally:
        second.stop()
    await_(lambda: not added(before, directory), 60, lambda: f"left: {added(before, directory)}")
    assert not directory.exists()
    node.await_ready()
