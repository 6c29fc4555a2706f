"""Time in tests of what waits: a post whose seconds are short, and pauses that a test ends."""

from __future__ import annotations

import asyncio
import time

from bot.adapters.telegram.post import Post

FASTER = 25
"""How many of its seconds go into one of ours."""


def quick_post() -> Post:
    """Telegram's limits, kept in a time that runs faster."""
    return Post(clock=lambda: time.monotonic() * FASTER, sleep=lambda seconds: asyncio.sleep(seconds / FASTER))


class Pauses:
    """A sleep for many sleepers that ends when a test says so. ``asked`` are the seconds they wanted."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.sleeping = 0
        self._end = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        self.sleeping += 1
        end = self._end
        try:
            await end.wait()
        finally:
            self.sleeping -= end is self._end

    def end(self) -> None:
        """Whoever sleeps now wakes up."""
        end, self._end, self.sleeping = self._end, asyncio.Event(), 0
        end.set()
