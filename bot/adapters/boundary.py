"""Where foreign code is run on behalf of one, so that its surprises do not become another's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import TypeVar

import structlog

from bot.log import where

log = structlog.get_logger()

T = TypeVar("T")


class Errands:
    """What is done in the background, each :func:`contained`, until it is closed."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: Coroutine[object, object, object], event: str, **fields: object) -> None:
        """Begin it; a crash is logged as ``event``."""
        task = asyncio.create_task(contained(work, event, **fields))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())  # a task that is cancelled before its first step never had it

    async def close(self) -> None:
        """Give up what is under way."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)


async def contained(work: Awaitable[T], event: str, **fields: object) -> T | None:
    """What it comes to; None if it crashed, which is logged as ``event`` by type and place, never by its words."""
    try:
        return await work
    except Exception as error:  # noqa: BLE001 (this is the boundary)
        log.error(event, error=type(error).__name__, where=where(error), **fields)
        return None
