"""Waiting without blind sleeps: a condition, a deadline, and the condition's text on failure."""

import time


class Timeout(AssertionError):
    """A condition did not become true in time."""


def await_(condition, seconds, what):
    """Poll `condition` until it returns something true; return that. `what` says what was awaited.

    `what` may be a callable, asked only at failure, so that it can show the state of things then.
    """
    deadline = time.monotonic() + seconds
    pause = 0.005
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            text = what() if callable(what) else what
            raise Timeout(f"not within {seconds} s: {text}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def holds(condition, seconds, what):
    """Assert that `condition` stays true for a while: for what must *not* happen."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), f"did not hold for {seconds} s: {what}"
        time.sleep(0.05)
