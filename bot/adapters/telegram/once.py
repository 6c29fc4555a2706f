"""Not to say the same again to who has just been told."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable

from bot.adapters.memory import Memory

SECONDS = 10.0

_MOST = 10_000


class Once:
    """Knows what was told lately."""

    def __init__(self, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._told: Memory[Hashable, float] = Memory(_MOST)

    def first(self, what: Hashable, within: float | None = None) -> bool:
        """Whether it is time to tell it (again), for it was not told within so many seconds; it then counts as told."""
        now, before = self._clock(), self._told.get(what)
        if before is not None and now - before < (self._seconds if within is None else within):
            return False
        self._told.put(what, now)
        return True
