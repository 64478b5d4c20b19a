"""`make demo` ends with the truth, also when the truth is bad."""

import os
import subprocess

import pytest

from lab.applier import BINARY, ROOT


@pytest.mark.parametrize("arguments, status, words", [
    ([], 0, "\nEQUAL: "),
    (["--sabotage"], 1, "\nNOT EQUAL, 1 differences:\n  b'order:1'"),
])
def test_demo(arguments, status, words):
    done = subprocess.run(
        [ROOT / "hack/demo", "--orders", "300", "--rate", "1000", *arguments],
        env={**os.environ, "REDWAL_BUILD": str(BINARY.parent.parent), "KAFKA": "mock"},
        capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    assert words in done.stdout
