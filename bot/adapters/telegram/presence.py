"""What people see while they wait: that a voice message is being recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import telegram

from bot.adapters.telegram.place import Place


class Presence:
    """Shows ``record_voice`` in a place while somebody waits there: one loop a place, however many wait."""

    def __init__(self, bot: telegram.Bot, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self._bot, self._sleep = bot, sleep

    @contextmanager
    def recording(self, place: Place) -> Iterator[None]:
        """Show it from here to the end of the block. Never raises, never waits."""
        raise NotImplementedError

    async def close(self) -> None:
        """Show nothing any more."""
        raise NotImplementedError
