"""When a message may leave: Telegram's limits, kept for each chat and for all together, with nobody held up by another.

Telegram takes one message a second in a chat, 20 a minute in a group, 30 a second in all (Bots FAQ, "My bot is hitting
limits"). What waits for its turn waits here, where it has a place and can be taken back, and not in the library, which
halts everything for everybody when one chat was too fast.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from enum import IntEnum
from typing import TypeVar

T = TypeVar("T")


class Urgency(IntEnum):
    """What goes first within a chat."""

    ANSWER = 0
    """Somebody has just pressed or typed something."""
    NOTE = 1
    """What was asked for."""
    STATUS = 2
    """How it goes."""


class Post:
    """Lets calls of one chat go one after the other, in their order by urgency, as fast as Telegram allows."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep

    async def send(
        self, chat: int, call: Callable[[], Awaitable[T]], urgency: Urgency = Urgency.NOTE, *, within: float = 60.0
    ) -> T:
        """Make the call when it is its turn, and again while Telegram surely did not take it (429, no connection).

        ``within`` is how many seconds it may begin, or be repeated; after that the last error is raised (TimedOut if it
        never had its turn). Raises what the call raises; :class:`Lost` when nobody knows whether Telegram took it.
        """
        raise NotImplementedError

    def wait(self, chat: int) -> float:
        """In about how many seconds a note could leave that is handed in now."""
        raise NotImplementedError

    def drop(self, chat: int) -> None:
        """The chat is gone: what waits for its turn there is told so (``Forbidden``)."""
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing leaves any more; what waits is told so (``asyncio.CancelledError``)."""
        raise NotImplementedError
