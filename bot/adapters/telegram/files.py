"""Sounds as files of Telegram's own, which can be sent anywhere without being uploaded again."""

from __future__ import annotations

import math
from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar

import structlog
import telegram
from telegram.error import TelegramError

from bot.adapters.memory import Memory
from bot.adapters.telegram.place import Place
from bot.adapters.telegram.post import Urgency
from bot.adapters.telegram.trouble import Fate, fate
from bot.adapters.telegram.uploads import whole
from bot.errors import StoreError
from bot.speech import Clip

if TYPE_CHECKING:
    from bot.adapters.telegram.station import Station

log = structlog.get_logger()

T = TypeVar("T")

MOST = 10_000
"""Files in memory; the others stay with their clips."""

WITHIN = 30.0
"""Seconds in which an upload must have had its turn."""


class Files:
    """Has a sound uploaded where nobody is disturbed, and remembers its file with the cache."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._made: Memory[str, str] = Memory(MOST)

    async def known(self, key: str) -> str | None:
        """The file of a sound, if there is one already."""
        if (made := self._made.get(key)) is not None:
            return made
        return await _tried(self._station.speaker.store.cache.attachment(key, whole(self._station.bot.id)))

    async def forget(self, key: str, file_id: str) -> None:
        """Telegram does not know that file any more."""
        self._made.drop(key)
        await _tried(self._station.speaker.store.cache.detach(key, whole(self._station.bot.id), file_id))

    async def file(self, key: str, clip: Clip, person: int) -> str:
        """The file of a sound, uploaded if it must be. Raises TelegramError."""
        file_id = await self.known(key) or await self._stored(clip) or await self._passed(clip, person)
        # It may be sooner made and uploaded than it is in the cache: until then it is known here alone.
        self._made.put(key, file_id)
        await _tried(self._station.speaker.store.cache.attach(key, whole(self._station.bot.id), file_id))
        return file_id

    async def _stored(self, clip: Clip) -> str | None:
        """In the chat that is there for it; None if there is none, or it cannot be used."""
        chat = self._station.settings.store_chat
        if not chat:
            return None
        try:
            return _file_of(await self._send(chat, clip))
        except TelegramError as error:
            if fate(error) is not Fate.REFUSED:
                raise
            log.warning("inline_store_refused", error=type(error).__name__, chat=chat)
            return None

    async def _passed(self, clip: Clip, person: int) -> str:
        """By the person's own chat with the bot, where it is taken away at once: its file outlives the message."""
        message = await self._send(person, clip)
        removed = self._station.messenger.delete(Place(person), message.message_id)
        self._station.errands.start(removed, "inline_note_not_removed")
        return _file_of(message)

    async def _send(self, chat: int, clip: Clip) -> telegram.Message:
        async def call() -> telegram.Message:
            return await self._station.bot.send_voice(
                chat,
                clip.ogg,
                duration=max(1, math.ceil(clip.seconds)),
                filename="voice.ogg",
                disable_notification=True,
                read_timeout=WITHIN,
            )

        return await self._station.messenger.post.send(chat, call, Urgency.ANSWER, within=WITHIN)


async def _tried(work: Awaitable[T]) -> T | None:
    """What it comes to; a store that is away costs an upload, never the note."""
    try:
        return await work
    except StoreError as error:
        log.warning("file_id_store_away", error=type(error).__name__)
        return None


def _file_of(message: telegram.Message) -> str:
    if message.voice is None:
        raise TelegramError("what was sent as a voice message became something else")
    return message.voice.file_id
