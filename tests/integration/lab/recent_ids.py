"""Which records repeat an earlier one, told from docs/record-format.md and the log alone."""

import json

WINDOW_SECONDS = 3600  # the default


class RecentIds:
    """One partition's records in order, those that are refused as such left out."""

    def __init__(self, window_seconds=WINDOW_SECONDS):
        self._window = window_seconds
        self._remembered = {}  # id -> log time at which it was applied
        self._now = 0

    def repeats(self, record):
        name = json.loads(record.value).get("id")
        if not name or self._window == 0:
            return False
        now = max(self._now, record.timestamp // 1000)
        if name in self._remembered and now - self._remembered[name] < self._window:
            return True
        self._now = self._remembered[name] = now
        return False
