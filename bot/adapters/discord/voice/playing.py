"""What is played or waits for it in a room."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from bot.said import Said


class Outcome(StrEnum):
    """How it ended."""

    HEARD = "heard"
    """Played to its end over a connection that lived."""
    SKIPPED = "skipped"
    """Somebody skipped it, or stopped everything."""
    EXPIRED = "expired"
    """Its time was over before it could begin."""
    CANCELLED = "cancelled"
    """Its asker took it back."""
    FAILED = "failed"
    """Its synthesis failed; the error is in the speech."""
    LOST = "lost"
    """The channel could not be reached, or was lost and not won back; ``Item.trouble`` says why."""


class Wait(NamedTuple):
    """How many speeches play before it, and in about how many seconds it begins."""

    ahead: int
    seconds: float


@dataclass(eq=False, slots=True)
class Item:
    """A speech in a room's playlist. ``begun`` is set with its first packet, ``ended`` is resolved once.

    If the room is closed before, ``ended`` is cancelled; and whoever cancels it takes the item off the playlist. A move
    of the bot to another channel changes ``channel``.

    ``start`` is where to begin, in seconds (after a restart). ``progress`` is told, in seconds, how far it was surely
    heard, at each sentence that begins.
    """

    said: Said
    channel: int
    user: int
    start: float = 0.0
    progress: Callable[[float], Awaitable[None]] | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Future[Outcome] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    trouble: str | None = None
