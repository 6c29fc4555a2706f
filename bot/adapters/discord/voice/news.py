"""How the one task of a room learns that something happened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress


class News:
    """Wakes one waiter, who then looks at everything; what is told while nobody waits is not missed."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def tell(self) -> None:
        """Something happened. On the loop."""
        self._event.set()

    def call(self) -> None:
        """Something happened. From any thread."""
        with suppress(RuntimeError):  # the loop is closed, and nobody waits
            self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self, seconds: float | None = None) -> None:
        """Until something happens, or at most so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._event.wait()
        self._event.clear()

    async def until(self, true: Callable[[], bool], seconds: float) -> None:
        """Until something is true, looking also every so many seconds by itself."""
        while not true():
            await self.wait(seconds)
