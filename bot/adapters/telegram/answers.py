"""The answers of LLMs, spoken as the chat wants it: as voice, as text, or both. No answer is lost.

What is to be heard only, and cannot be, arrives as text: a whole text is then sent by the courier, which has it in the
journal; of one that is still being written only this room knows the words.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING

import structlog
import telegram
from telegram.constants import ChatType
from telegram.error import TelegramError

from bot.adapters.boundary import contained
from bot.adapters.telegram.content import words_of
from bot.adapters.telegram.identity import asker_of, channel_key, thread_of, user_key
from bot.adapters.telegram.mention import is_meant
from bot.adapters.telegram.parcel import Parcel
from bot.adapters.telegram.place import place_of
from bot.adapters.telegram.rules import Auto, Replies, Rules
from bot.adapters.telegram.shown import Shown
from bot.adapters.telegram.stream import Stream
from bot.adapters.telegram.target import Target
from bot.adapters.words import closest, language, word
from bot.errors import StoreError
from bot.speech import Reason, Refusal, Request

if TYPE_CHECKING:
    from bot.adapters.telegram.station import Station

log = structlog.get_logger()

GRACE = 5.0
"""Seconds that texts have to arrive when Sayso goes."""

NOTHING = Refusal(Reason.NOTHING_TO_SAY, "The answer is empty, so nothing was sent.")

_BUSY = (Reason.USER_QUEUE_FULL, Reason.GUILD_QUEUE_FULL, Reason.QUEUE_FULL)


class Answers:
    """Speaks for one bot's hosts."""

    def __init__(self, station: Station, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self.station = station
        self._sleep = sleep
        self._streams: set[Stream] = set()
        self._unwritten: set[Parcel] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    async def speak_reply(
        self,
        message: telegram.Message,
        text: str | AsyncIterable[str],
        *,
        voice: str | None = None,
        shown: bool = False,
    ) -> Parcel | Refusal | None:
        """Give the LLM's answer to ``message`` as the chat's rules say; returns once it is on its way.

        ``text`` may be a stream that is still being written; it is spoken, and shown, as it comes, and read in the
        background from its first word on: what it raises before that is raised here, and later only ends it. ``shown``:
        the host shows the text itself, so only the voice is Sayso's. The Parcel of what is spoken; None where the
        answer is text only; a Refusal where it could not be spoken, and was sent as text instead, so that no answer is
        lost. A blank answer is refused, and nothing is sent.
        """
        rules = await self._rules(place_of(message).lane)
        spoken = rules.replies is not Replies.TEXT and self._is_spoken(message, rules)
        written = not shown and (not spoken or rules.replies is Replies.BOTH)
        if not (spoken or written):
            return None
        words = text if isinstance(text, str) else self._stream(text)
        if not (words.strip() if isinstance(words, str) else await words.begin()):
            return NOTHING
        if written:
            self._start(self._write(message, words))
        return await self._speak(message, words, voice, alone=not (shown or written)) if spoken else None

    async def close(self) -> None:
        """Give up what is under way: what was still being written ends, and is shown as far as it came."""
        self._closing = True
        for stream in tuple(self._streams):
            await stream.close()
        for parcel in tuple(self._unwritten):
            parcel.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GRACE)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _rules(self, lane: str) -> Rules:
        try:
            return await self.station.rules(lane)
        except StoreError:  # then it cannot be spoken either, and arrives as text
            return Rules()

    def _is_spoken(self, message: telegram.Message, rules: Rules) -> bool:
        match rules.auto:
            case Auto.OFF:
                return False
            case Auto.INBOUND:
                return bool(message.voice or message.video_note or message.audio)
            case Auto.MENTION:
                return message.chat.type == ChatType.PRIVATE or is_meant(message, self.station.bot)
            case _:
                return True

    async def _speak(
        self, message: telegram.Message, words: str | Stream, voice: str | None, *, alone: bool
    ) -> Parcel | Refusal:
        """Have it spoken; where it is to be heard ``alone`` and cannot be, have it shown."""
        parcel = await self.station.courier.send(self._request(message, words, voice), self._target(message, alone))
        if isinstance(parcel, Parcel):
            self.station.asking.follow(parcel)
            if alone and isinstance(words, Stream):
                self._start(self._heed(message, words, parcel))
        elif alone:
            self._start(self._write(message, words, _why(parcel, _locale(message))))
        return parcel

    async def _heed(self, message: telegram.Message, stream: Stream, parcel: Parcel) -> None:
        """Show what was still being written when it began to be spoken, unless all of it was heard."""
        self._unwritten.add(parcel)
        try:
            receipt = await parcel.delivered()
        finally:
            self._unwritten.discard(parcel)
        if receipt.taken_back and not self._closing:
            await stream.close()
        elif not receipt.delivered:
            why = "" if self._closing else receipt.why
            ending = word("telegram_answers.failed", parcel.target.locale, why=why) if why else ""
            await self._write(message, stream, ending)
        elif parcel.said.truncated:
            await self._write(message, stream, word("telegram_answers.cut", parcel.target.locale))

    async def _write(self, message: telegram.Message, words: str | Stream, ending: str = "") -> None:
        """Show it as a reply, with a line below it."""
        place, messenger = place_of(message), self.station.messenger
        try:
            if isinstance(words, str):
                text = f"{words.rstrip()}\n\n{ending}" if ending else words
                await messenger.text(place, text, reply_to=message.message_id)
            else:
                await Shown(messenger, place, message.message_id, sleep=self._sleep).follow(words, ending)
        except TelegramError as error:
            log.info("answer_not_shown", error=type(error).__name__, chat=message.chat.id)

    def _request(self, message: telegram.Message, words: str | Stream, voice: str | None) -> Request:
        return Request(
            guild=place_of(message).lane,
            user=user_key(asker_of(message)),
            text=words,
            voice=voice,
            channel=channel_key(thread_of(message)),
            names=_names(message),
        )

    def _target(self, message: telegram.Message, alone: bool) -> Target:
        place = place_of(message)
        return Target(
            self.station.bot.id,
            place.chat,
            place.thread,
            place.business,
            reply_to=message.message_id,
            locale=_locale(message),
            text=alone,
            quiet=True,
        )

    def _stream(self, text: AsyncIterable[str]) -> Stream:
        self._streams = {stream for stream in self._streams if not stream.over.is_set()}
        self._streams.add(stream := Stream(text))
        return stream

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(_contained(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _contained(work: Awaitable[None]) -> None:
    await contained(work, "answer_lost")


def _why(refused: Refusal, locale: str) -> str:
    """What the reader of an answer should know of why it is not heard; empty where that does not help."""
    details = refused.details
    if refused.reason is Reason.TOO_LONG and "limit" in details:
        return word("telegram_answers.too_long", locale, limit=details["limit"])
    if refused.reason is Reason.LANGUAGE_NOT_SPOKEN and "language" in details:
        return word("telegram_answers.language", locale, language=language(str(details["language"]), locale))
    return word("telegram_answers.busy", locale) if refused.reason in _BUSY else ""


def _locale(message: telegram.Message) -> str:
    """The catalogue for whom an answer is for."""
    return closest((message.from_user.language_code if message.from_user else None) or "en")


def _names(message: telegram.Message) -> dict[str, str]:
    """Those whom an answer is likely to mention: who asked, and whom they mentioned."""
    asker = message.from_user
    own = {f"@{asker.username}": asker.first_name} if asker is not None and asker.username else {}
    return {**words_of(message).names, **own}
