"""Takes events away from the host's handlers at once, and works on those of one place in the order they came."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine

import structlog

from bot.adapters.boundary import contained

log = structlog.get_logger()

Work = Callable[[], Coroutine[object, object, None]]

MOST = 500
"""Events of one place that may wait; one that writes faster is not read word for word anyway."""


class Intake:
    """One lane a server or chat; an empty lane costs nothing. Whatever fails is logged by its type and ends there."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lanes: dict[int, deque[Work]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def put(self, lane: int, work: Work, *, must: bool = False) -> bool:
        """Have it done when what came before it in the lane is. False if the lane is full, unless it ``must``."""
        waiting = self._lanes.get(lane)
        if self._closed or (waiting is not None and len(waiting) >= self._most and not must):
            return False
        if waiting is not None:
            waiting.append(work)
            return True
        self._lanes[lane] = deque([work])
        task = asyncio.create_task(self._drain(lane), name=f"intake {lane}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def drain(self, seconds: float) -> None:
        """Let what has come so far be done, for so many seconds at most."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    async def close(self) -> None:
        """Give up what waits and what is under way."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._lanes.clear()

    async def _drain(self, lane: int) -> None:
        waiting = self._lanes[lane]
        while waiting:
            await contained(waiting.popleft()(), "event_failed", guild=lane)
        del self._lanes[lane]
