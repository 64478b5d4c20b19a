"""The servers that redis-applier works on, by name: the system's redis-server and those that
hack/build-servers makes."""

import functools
import pathlib
import subprocess

import pytest

BUILD = pathlib.Path(__file__).resolve().parents[3] / "hack" / "build-servers"
SYSTEM = "redis-server"
NAMES = [SYSTEM, "redis-6.2", "redis-8", "valkey-8"]


def program(name):
    """What to start; skips the test with the reason when it could not be made here."""
    if name == SYSTEM:
        return SYSTEM
    missing = _directory() / f"{name}.missing"
    if missing.exists():
        pytest.skip(missing.read_text().strip())
    return _directory() / name


@functools.cache
def _directory():
    built = subprocess.run([BUILD], check=True, stdout=subprocess.PIPE, text=True)
    return pathlib.Path(built.stdout.strip())
