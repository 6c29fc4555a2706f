"""A text that appears in a chat while it is still being written, and grows there by edits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from telegram.constants import MessageLimit
from telegram.error import ChatMigrated, Forbidden, TelegramError

from bot.adapters.telegram.identity import is_group
from bot.adapters.telegram.messenger import Messenger, Urgency
from bot.adapters.telegram.pieces import pieces
from bot.adapters.telegram.place import Place
from bot.adapters.telegram.stream import Stream

log = structlog.get_logger()

T = TypeVar("T")

FIRST = 0.8
"""Seconds of writing before anything is shown: what rings a telephone should say more than one word."""

BETWEEN, BETWEEN_IN_GROUP = 1.5, 4.0
"""Seconds between the first edits. A group takes 20 messages a minute, and the voice needs some of them."""

SLOWER, SLOWEST = 1.25, 12.0
"""By how much each is later than the one before, and the most seconds between them."""

Sleep = Callable[[float], Awaitable[object]]


class Shown:
    """One stream in one chat: its first message answers ``reply_to``, and where one is full another begins.

    What somebody deletes of it does not come back; what stands in a group that becomes another is shown there anew.
    """

    def __init__(
        self, messenger: Messenger, place: Place, reply_to: int | None, *, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._messenger, self._place, self._reply_to, self._sleep = messenger, place, reply_to, sleep
        self._before = 0
        self._message: int | None = None
        self._reads = ""
        self._deleted = False

    async def follow(self, stream: Stream, ending: str = "") -> None:
        """Show all that comes, and ``ending`` below it. Returns when it stands there to the last letter.

        Raises TelegramError if that cannot be.
        """
        seen, seconds = 0, FIRST
        while await stream.grown(seen):
            await _unless_over(stream, self._sleep(seconds))
            if stream.over.is_set():
                break
            seen = len(stream.pieces)
            await self._tried(stream)
            between = BETWEEN_IN_GROUP if is_group(self._place.chat) else BETWEEN
            seconds = min(SLOWEST, max(between, seconds * SLOWER))
        text = stream.text.rstrip()
        await self._show(f"{text}\n\n{ending}" if ending else text)

    async def _tried(self, stream: Stream) -> None:
        """Show what there is for now. What does not arrive is made good by the next time.

        A beginning of which nobody knows whether it arrived is sent again: to see it twice is better than never.
        """
        try:
            await self._show(stream.text, stream)
        except Forbidden:
            raise
        except TelegramError as error:
            log.info("answer_not_shown_yet", error=type(error).__name__, chat=self._place.chat)

    async def _show(self, text: str, growing: Stream | None = None) -> None:
        while not self._deleted:
            rest = text[self._before :]
            page = next(pieces(rest, MessageLimit.MAX_TEXT_LENGTH), "")
            await self._put(page, growing)
            end = self._before + rest.find(page) + len(page)
            if not text[end:].strip():
                return
            self._before, self._message, self._reads = end, None, ""

    async def _put(self, page: str, growing: Stream | None) -> None:
        """Have the current message read so; what only tells how it goes gives way when the text is whole."""
        if page in ("", self._reads):
            return
        if self._message is None:
            reply_to = None if self._before else self._reply_to
            self._message = await self._messenger.text(self._place, page, reply_to=reply_to)
            self._reads = page
            return
        urgency = Urgency.ANSWER if growing is None else Urgency.STATUS
        edit = self._messenger.edit(self._place, self._message, page, urgency=urgency)
        try:
            there = await (edit if growing is None else _unless_over(growing, edit))
        except ChatMigrated as error:
            self._place, self._reply_to = Place(error.new_chat_id), None
            self._message, self._reads = None, ""
            await self._put(page, growing)
        else:
            self._reads, self._deleted = (page if there else ""), there is False


async def _unless_over(stream: Stream, work: Awaitable[T]) -> T | None:
    """What it comes to; None if the stream is over first, which ends it."""
    task, over = asyncio.ensure_future(work), asyncio.ensure_future(stream.over.wait())
    try:
        await asyncio.wait([task, over], return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        over.cancel()
        if task.cancel():
            await asyncio.gather(task, return_exceptions=True)
