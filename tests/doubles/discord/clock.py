"""Discord's clock and its ids: time may be moved on by a test, so that no test waits for a deadline."""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime, timedelta

_EPOCH_MS = 1_420_070_400_000


class Clock:
    """The time of the day, and ``advance``."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._ids = itertools.count(1)

    def now(self) -> float:
        """Seconds, monotonic."""
        return time.monotonic() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let so much time pass at once."""
        self._ahead += seconds

    def stamp(self, later: float = 0.0) -> str:
        """The time of the day, or so many seconds later, as Discord writes it (ISO 8601)."""
        return (datetime.now(UTC) + timedelta(seconds=self._ahead + later)).isoformat()

    def snowflake(self) -> str:
        """A new id, later than all before ("Snowflakes", reference.mdx)."""
        milliseconds = int((time.time() + self._ahead) * 1000) - _EPOCH_MS
        return str((milliseconds << 22) | (next(self._ids) & 0x3FFFFF))
