"""Whose note goes next in a chat: what waits for that has not left, can be taken back, and survives a restart unharmed.

The post has a queue of its own, but what was handed to it may be on the wire at any moment, and counts as leaving.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.adapters.telegram.identity import is_group
from bot.adapters.telegram.post import Post

LOOK = 1.0
"""Seconds after which it is looked again whether a note may go: what held the chat up may be over sooner."""

_EACH, _IN_GROUP = 1.0, 3.0
"""Seconds between two notes in the long run (20 a minute in a group)."""


@dataclass(slots=True, eq=False)
class _Door:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


class Doors:
    """One door a chat, through which notes go in the order in which they came to it."""

    def __init__(self, post: Post, sleep: Callable[[float], Awaitable[object]]) -> None:
        self._post, self._sleep = post, sleep
        self._doors: dict[int, _Door] = {}

    @asynccontextmanager
    async def turn(self, chat: int) -> AsyncIterator[None]:
        """The block is entered when a note may leave, and the next one waits until it is over."""
        door = self._doors.setdefault(chat, _Door())
        door.waiting += 1
        try:
            async with door.lock:
                while (seconds := self._post.wait(chat)) > 0:
                    await self._sleep(min(seconds, LOOK))
                yield
        finally:
            door.waiting -= 1
            if not door.waiting:
                del self._doors[chat]

    def ahead(self, chat: int) -> int:
        """How many notes stand at the door."""
        return self._doors[chat].waiting if chat in self._doors else 0

    def wait(self, chat: int, ahead: int) -> float:
        """In about how many seconds a note may leave that has so many before it."""
        return self._post.wait(chat) + ahead * (_IN_GROUP if is_group(chat) else _EACH)
