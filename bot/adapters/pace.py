"""How often somebody may ask."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

WINDOW = 60.0
"""Seconds."""

CROWD = 10_000
"""How many people are remembered before those who have not asked for a minute are looked for."""


class Pace:
    """Counts the requests of each person over the last minute. Of this process only: a restart forgives."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked: dict[tuple[str, str], deque[float]] = {}

    def take(self, guild: str, user: str, limit: int | None) -> float | None:
        """Count one request. If the limit is reached, count nothing and return the seconds until there is room."""
        if limit is None:
            return None
        now = self._clock()
        times = self._asked.setdefault((guild, user), deque())
        while times and times[0] <= now - WINDOW:
            times.popleft()
        if len(times) >= limit:
            return times[-limit] + WINDOW - now
        times.append(now)
        self._forget(now)
        return None

    def _forget(self, now: float) -> None:
        if len(self._asked) > CROWD:
            self._asked = {who: times for who, times in self._asked.items() if times[-1] > now - WINDOW}
