"""One voice note on its way, in whatever form Telegram takes it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol

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


class Copies(Protocol):
    """What Telegram has of a sound already, by its form."""

    async def find(self, kind: Kind) -> str | None:
        """Its file id, if there is one; may take a moment."""

    def turn(self, kind: Kind, wrong: str | None) -> AbstractAsyncContextManager[str | None]:
        """Its file id as far as it was found, but not the ``wrong`` one. None: it is uploaded in the block."""

    def keep(self, kind: Kind, id: str) -> None:
        """It was uploaded."""


@dataclass(frozen=True, slots=True)
class Sound:
    """One note: ``ogg`` makes its Ogg/Opus file (called only if it has to be uploaded), ``seconds`` long."""

    ogg: Callable[[], bytes]
    seconds: float
    copies: Copies


@dataclass(frozen=True, slots=True)
class Sent:
    """A note that arrived: its message, and the id by which it can be sent again without an upload.

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
    """Sends one note, and knows in which form to try next. ``unwanted`` is why it goes as an audio file.

    ``leaving`` is entered right before each call, and left when it is known what became of it.
    """

    bot: telegram.Bot = field(repr=False)  # it would show its token
    address: Address
    sound: Sound
    caption: str = ""
    unwanted: TelegramError | None = None
    leaving: Callable[[], AbstractAsyncContextManager[object]] = nullcontext
    uploaded: int = 0
    _file_id: str | None = None
    _wrong: str | None = None
    _looked: bool = False
    _ogg: bytes = field(default=b"", repr=False)
    _mp3: bytes = field(default=b"", repr=False)

    @property
    def kind(self) -> Kind:
        """As what it goes."""
        return Kind.VOICE if self.unwanted is None else Kind.AUDIO

    async def prepare(self) -> None:
        """Find or make the file that is to be sent, so that nobody waits for it once it has its turn."""
        if not self._looked:
            self._looked = True
            if await self.sound.copies.find(self.kind) is None and self.kind is Kind.AUDIO:
                await self._made()

    async def send(self) -> Sent:
        """Try to send it. Raises TelegramError."""
        await self.prepare()
        kind = self.kind
        async with self.sound.copies.turn(kind, self._wrong) as self._file_id:
            file = self._file_id or await self._made()
            async with self.leaving():
                message = await self._send(file)
            sound = message.voice if kind is Kind.VOICE else message.audio
            if self._file_id is None and sound is not None:
                self.sound.copies.keep(kind, sound.file_id)
        return Sent(message.message_id, kind, sound.file_id if sound else None, self.uploaded)

    def otherwise(self, error: TelegramError) -> bool:
        """Whether there is another way to send what Telegram has refused; :meth:`send` takes that from here on."""
        kind = trouble(error)
        if kind is Trouble.WRONG_FILE and self._file_id is not None:
            self._wrong = self._file_id
            return True
        if kind in (Trouble.VOICE_UNWANTED, Trouble.NO_VOICE_HERE) and self.unwanted is None:
            self.unwanted, self._looked, self._wrong = error, False, None
            return True
        return self.address.otherwise(error)

    async def _send(self, file: str | bytes) -> telegram.Message:
        arguments = {**self._arguments(), **(self._upload(file) if isinstance(file, bytes) else {})}
        if self.kind is Kind.VOICE:
            return await self.bot.send_voice(voice=file, **arguments)
        return await self.bot.send_audio(audio=file, **arguments)

    def _arguments(self) -> dict[str, Any]:
        # Without a parse mode, for the host may have set one for all: what people wrote is no markup.
        caption = {"caption": self.caption, "parse_mode": None} if self.caption else {}
        return {**self.address.arguments(), **caption, "read_timeout": ANSWER_SECONDS}

    def _upload(self, data: bytes) -> dict[str, Any]:
        self.uploaded += len(data)
        names = {"filename": "voice.ogg"} if self.kind is Kind.VOICE else {"filename": "voice.mp3", "title": "voice"}
        # Rounded up by ourselves: the library hands on fractions, and Telegram cuts them off.
        seconds = max(1, math.ceil(self.sound.seconds))
        return {**names, "duration": seconds, "write_timeout": WRITE_SECONDS + len(data) / BYTES_PER_SECOND}

    async def _made(self) -> bytes:
        self._ogg = self._ogg or self.sound.ogg()
        if self.kind is Kind.AUDIO:
            self._mp3 = self._mp3 or await asyncio.to_thread(convert, self._ogg, "mp3")
        return self._ogg if self.kind is Kind.VOICE else self._mp3
