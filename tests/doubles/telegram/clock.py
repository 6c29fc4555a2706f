"""Telegram's clock: time may be moved on by a test, so that no test waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """Seconds, monotonic and of the day; ``source`` is another's clock, if the fake is to share it."""

    def __init__(self, source: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._began = source()
        self._day = time.time()
        self._ahead = 0.0

    def now(self) -> float:
        """Seconds, monotonic."""
        return self._source() + self._ahead

    def date(self) -> int:
        """Seconds since 1970, whole, as they stand in messages."""
        return int(self._day + self.now() - self._began)

    def advance(self, seconds: float) -> None:
        """Let so much time pass at once."""
        self._ahead += seconds
