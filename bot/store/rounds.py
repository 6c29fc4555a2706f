"""What is done again and again while the store is open."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

import structlog

from bot.errors import StoreError

FLUSH_SECONDS = 5.0
"""How long a use may wait in memory before it is written down with the others."""

_log = structlog.get_logger()


class Rounds:
    """An async context manager: ``work`` is done every so many ``seconds`` until it is left.

    Work that raises StoreError is logged as the event ``failure`` and done again in the next round.
    """

    def __init__(
        self,
        work: Callable[[], Awaitable[object]],
        seconds: float,
        sleep: Callable[[float], Awaitable[object]],
        *,
        failure: str,
    ) -> None:
        self._work = work
        self._seconds = seconds
        self._sleep = sleep
        self._failure = failure

    async def __aenter__(self) -> Self:
        self._keeper = asyncio.create_task(self._go())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._keeper.cancel()
        with suppress(asyncio.CancelledError):
            await self._keeper

    async def _go(self) -> None:
        while True:
            await self._sleep(self._seconds)
            try:
                await self._work()
            except StoreError as error:
                _log.warning(self._failure, error=str(error))
