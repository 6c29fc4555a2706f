"""Sounds as files of Telegram's own, which can be sent anywhere without being uploaded again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import structlog
import telegram
from telegram.error import TelegramError

from bot.adapters.telegram.place import Place
from bot.adapters.telegram.post import Urgency
from bot.adapters.telegram.trouble import Fate, fate
from bot.speech import Clip

if TYPE_CHECKING:
    from bot.adapters.telegram.station import Station

log = structlog.get_logger()

WITHIN = 30.0
"""Seconds in which an upload must have had its turn."""


class Files:
    """Has a sound uploaded where nobody is disturbed, if it was not sent anywhere before."""

    def __init__(self, station: Station) -> None:
        self._station, self._uploads = station, station.courier.uploads

    async def known(self, key: str) -> str | None:
        """The file of a sound, if there is one already."""
        return await self._uploads.find(self._uploads.whole(key))

    async def forget(self, key: str, file_id: str) -> None:
        """Telegram does not know that file any more."""
        await self._uploads.forget(self._uploads.whole(key), file_id)

    async def file(self, key: str, clip: Clip, person: int) -> str:
        """The file of a sound, uploaded if it must be. Raises TelegramError."""
        file = self._uploads.whole(key)
        await self._uploads.find(file)
        async with self._uploads.turn(file) as known:
            if known is not None:
                return known
            file_id = await self._stored(clip) or await self._passed(clip, person)
            self._uploads.keep(file, file_id)
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


def _file_of(message: telegram.Message) -> str:
    if message.voice is None:
        raise TelegramError("what was sent as a voice message became something else")
    return message.voice.file_id
