"""What the demo shows: events, each on its line, and below them the state of things right now."""

import re
import sys
import time

SAMPLE = re.compile(r"^redwal_applier_(\w+)(?:\{[^}]*\})? (\S+)$", re.M)
BAR = 20
INTERVAL = {True: 0.1, False: 1.0}  # by whether it is a terminal


class Screen:
    """A terminal gets one line that changes; anything else a line each second."""

    def __init__(self):
        self._started = time.monotonic()
        self._live = sys.stdout.isatty()
        self._drawn = False
        self._shown_at = float("-inf")
        self._rate = Rate()
        self.state = None  # once there is one: gives written, planned, applied, records_total

    def event(self, who, what):
        self._clear()
        print(f"{self._clock()}  {who:<9} {what}", flush=True)

    def until(self, condition, seconds, what):
        """Polls `condition` until it is true, and shows the state meanwhile; returns what it gave."""
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {seconds} s: {what}")
            self._show()
            time.sleep(0.02)
        return value

    def end(self):
        self._clear()

    def _clock(self):
        return f"{time.monotonic() - self._started:6.1f} s"

    def _show(self):
        now = time.monotonic()
        if self.state is None or now - self._shown_at < INTERVAL[self._live]:
            return
        self._shown_at = now
        written, planned, applied, records_total = self.state()
        line = (f"{self._clock()}  {bar(applied, written, planned)}"
                f" log {written:<6} applied {applied:<6} lag {max(written - applied, 0):<6}"
                f"{self._rate.of(records_total, now):>6.0f}/s")
        if self._live:
            print(f"\r\x1b[K{line}", end="", flush=True)
            self._drawn = True
        else:
            print(line, flush=True)

    def _clear(self):
        if self._drawn:
            print("\r\x1b[K", end="")
        self._drawn = False


class Rate:
    """Per second, over the last second or so."""

    def __init__(self):
        self._seen = []

    def of(self, total, now):
        self._seen = [(t, n) for t, n in self._seen if now - t < 1.2] + [(now, total)]
        (t0, n0), (t1, n1) = self._seen[0], self._seen[-1]
        return (n1 - n0) / (t1 - t0) if t1 > t0 else 0.0


def bar(applied, written, planned):
    """`#` is applied, `-` is in the log only."""
    done, logged = (BAR * n // max(planned, 1) for n in (min(applied, written), written))
    return f"[{'#' * done}{'-' * (logged - done)}{' ' * (BAR - logged)}]"


def read_metrics(text):
    """Every metric of the applier, summed over its labels."""
    sums = {}
    for name, value in SAMPLE.findall(text):
        sums[name] = sums.get(name, 0.0) + float(value)
    return sums
