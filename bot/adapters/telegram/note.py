"""One voice note on its way, in whatever form Telegram takes it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import telegram
from telegram.error import TelegramError

from bot.adapters.telegram.place import Place
from bot.adapters.telegram.trouble import Trouble, trouble
from bot.tts.audio import convert

WRITE_SECONDS, BYTES_PER_SECOND = 20.0, 50_000
"""How long an upload may take: so many seconds, and one more for so many bytes."""

ANSWER_SECONDS = 60.0
"""How long Telegram may take to look at a note."""


class Kind(StrEnum):
    """As what a note arrived."""

    VOICE = "voice"
    AUDIO = "audio"
    """As a music file: voice messages are forbidden there."""


@dataclass(frozen=True, slots=True)
class Sound:
    """One note: ``ogg`` makes its Ogg/Opus file (called only if it has to be uploaded), ``seconds`` long.

    ``file_id`` is Telegram's own of the same sound where there is one already.
    """

    ogg: Callable[[], bytes]
    seconds: float
    file_id: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A note that arrived: its message, and the id by which it can be sent again without an upload (voice only).

    ``uploaded`` is how many bytes went over the wire.
    """

    message: int
    kind: Kind
    file_id: str | None
    uploaded: int


@dataclass(slots=True)
class Address:
    """Where a message goes and what it answers, as far as both are still there."""

    place: Place
    reply_to: int | None = None

    def arguments(self) -> dict[str, Any]:
        """What the library's ``send_…`` methods take for it."""
        reply = self.reply_to and telegram.ReplyParameters(self.reply_to, allow_sending_without_reply=True)
        return {**self.place.arguments(), "reply_parameters": reply or None}

    def otherwise(self, error: TelegramError) -> bool:
        """Give up what Telegram says is not there: the topic, the message to reply to. False if it is not that."""
        kind = trouble(error)
        if kind is Trouble.TOPIC_GONE and self.place.thread is not None:
            self.place = replace(self.place, thread=None)
            return True
        if kind is Trouble.NO_REPLY and self.reply_to is not None:
            self.reply_to = None
            return True
        return False

    def move(self, chat: int) -> None:
        """The group has become another, with messages and topics of its own."""
        self.place, self.reply_to = Place(chat), None


@dataclass(slots=True)
class Note:
    """Sends one note, and knows in which form to try next. ``unwanted`` is why it goes as an audio file."""

    bot: telegram.Bot
    address: Address
    sound: Sound
    caption: str = ""
    unwanted: TelegramError | None = None
    uploaded: int = 0
    _file_id: str | None = field(init=False)
    _ogg: bytes = b""
    _mp3: bytes = b""

    def __post_init__(self) -> None:
        self._file_id = self.sound.file_id

    async def prepare(self) -> None:
        """Make the file that is to be uploaded, so that nobody waits for it once it has its turn."""
        if self.unwanted is not None and not self._mp3:
            self._mp3 = await asyncio.to_thread(convert, self._made(), "mp3")

    async def send(self) -> Sent:
        """Try to send it. Raises TelegramError."""
        if self.unwanted is not None:
            return await self._send_audio()
        message = await self._send_voice()
        kept = message.voice.file_id if message.voice else None
        return Sent(message.message_id, Kind.VOICE, kept, self.uploaded)

    def otherwise(self, error: TelegramError) -> bool:
        """Whether there is another way to send what Telegram has refused; :meth:`send` takes that from here on."""
        kind = trouble(error)
        if kind is Trouble.WRONG_FILE and self._file_id is not None and self.unwanted is None:
            self._file_id = None
            return True
        if kind in (Trouble.VOICE_UNWANTED, Trouble.NO_VOICE_HERE) and self.unwanted is None:
            self.unwanted = error
            return True
        return self.address.otherwise(error)

    async def _send_voice(self) -> telegram.Message:
        if self._file_id is not None:
            return await self.bot.send_voice(voice=self._file_id, **self._arguments())
        ogg = self._made()
        arguments = {**self._arguments(), **self._upload(ogg)}
        return await self.bot.send_voice(voice=ogg, filename="voice.ogg", duration=self._seconds(), **arguments)

    async def _send_audio(self) -> Sent:
        await self.prepare()
        arguments = {**self._arguments(), **self._upload(self._mp3)}
        message = await self.bot.send_audio(
            audio=self._mp3, filename="voice.mp3", title="voice", duration=self._seconds(), **arguments
        )
        return Sent(message.message_id, Kind.AUDIO, None, self.uploaded)

    def _arguments(self) -> dict[str, Any]:
        # Without a parse mode, for the host may have set one for all: what people wrote is no markup.
        caption = {"caption": self.caption, "parse_mode": None} if self.caption else {}
        return {**self.address.arguments(), **caption, "read_timeout": ANSWER_SECONDS}

    def _upload(self, data: bytes) -> dict[str, float]:
        self.uploaded += len(data)
        return {"write_timeout": WRITE_SECONDS + len(data) / BYTES_PER_SECOND}

    def _made(self) -> bytes:
        self._ogg = self._ogg or self.sound.ogg()
        return self._ogg

    def _seconds(self) -> int:
        """Rounded up by ourselves: the library hands on fractions, and Telegram cuts them off."""
        return max(1, math.ceil(self.sound.seconds))
