"""What Telegram has of a sound already: the same audio is uploaded once, and then sent by its file_id everywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.adapters.boundary import Errands
from bot.adapters.memory import Memory
from bot.adapters.telegram.parts import Part
from bot.errors import StoreError
from bot.speaker import Speaker

log = structlog.get_logger()

MOST = 10_000
"""File ids in memory; the others stay with their clips."""

PAUSES = (1.0, 5.0, 30.0)
"""Seconds until it is tried again to keep one with a clip that is not in the cache yet."""


class Uploads:
    """The file ids of one bot's notes, by the cache key of a speech and the part of it. A store that is away costs an
    upload, never the note."""

    def __init__(
        self, speaker: Speaker, bot: int, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        self._cache, self._bot, self._sleep = speaker.store.cache, bot, sleep
        self._known: Memory[tuple[str, str], str] = Memory(MOST)
        self._errands = Errands()

    async def find(self, key: str, part: Part) -> str | None:
        """The file id of a note that was uploaded before."""
        name = name_of(self._bot, part)
        if (known := self._known.get((key, name))) is not None:
            return known
        try:
            return await self._cache.attachment(key, name)
        except StoreError as error:
            log.warning("file_id_not_read", error=type(error).__name__)
            return None

    async def keep(self, key: str, part: Part, file_id: str) -> None:
        """Remember it, in the place of another that Telegram has refused."""
        name = name_of(self._bot, part)
        self._known.put((key, name), file_id)
        try:
            if not await self._attached(key, name, file_id):
                self._errands.start(self._attach_later(key, name), "file_id_not_kept")
        except StoreError as error:
            log.warning("file_id_not_written", error=type(error).__name__)

    async def close(self) -> None:
        """Try no more."""
        await self._errands.close()

    async def _attach_later(self, key: str, name: str) -> None:
        """A note may have arrived before its sound is in the cache."""
        for pause in PAUSES:
            await self._sleep(pause)
            known = self._known.get((key, name))
            if known is None or await self._attached(key, name, known):
                return

    async def _attached(self, key: str, name: str, file_id: str) -> bool:
        """Write it down with the clip; whether that is there."""
        await self._cache.attach(key, name, file_id)
        return await self._cache.attachment(key, name) is not None


def whole(bot: int) -> str:
    """As what the file id of all of a sound is kept with its clip."""
    return f"telegram:{bot}:1:0"


def name_of(bot: int, part: Part) -> str:
    """As what that of a part is: by where it goes from and to, so that a version which cuts elsewhere has its own."""
    return whole(bot) if part.clip is not None else f"telegram:{bot}:{part.start}-{part.stop}"
