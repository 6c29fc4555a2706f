"""What the asker is told while their request is on its way, and of how it ended."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import structlog
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import TelegramError

from bot.adapters.patience import PATIENCE, pause_of
from bot.adapters.telegram.again import Again
from bot.adapters.telegram.handling import data
from bot.adapters.telegram.messenger import Messenger
from bot.adapters.telegram.once import Once
from bot.adapters.telegram.parcel import Parcel, Receipt
from bot.adapters.telegram.slips import short
from bot.adapters.telegram.status import Status
from bot.adapters.words import duration, word

log = structlog.get_logger()

REFRESH = 5.0
"""Seconds between two changes of a status at the soonest: Telegram counts them like messages."""

KNOWN_SECONDS = 600.0
"""For how long a chat knows what holds for all notes that it gets."""

CANCEL, AGAIN = "cancel", "again"
"""The areas of the buttons."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """Seconds before the first word (until then the chat shows that a note is recorded), and between two changes."""

    first: float = PATIENCE
    each: float = REFRESH


class Following:
    """Tells of one parcel: nothing where it comes at once, and nothing at all where nobody asked for it."""

    def __init__(
        self, parcel: Parcel, messenger: Messenger, status: Status, again: Again, once: Once, pauses: Pauses
    ) -> None:
        self._parcel, self._messenger = parcel, messenger
        self._status, self._again, self._once = status, again, once
        self._pauses = pauses

    async def to_the_end(self) -> Receipt:
        """Tell how it goes until it is known what became of it."""
        if not self._parcel.target.quiet:
            await self._tell()
        return await self._parcel.delivered()

    async def conclude(self, receipt: Receipt) -> None:
        """Tell how it ended, where that is not to be heard."""
        if self._parcel.target.quiet or receipt.taken_back:
            await self._status.remove()
        elif receipt.later:
            await self._later()
        elif not receipt.delivered:
            await self._failed(receipt)
        else:
            if receipt.note and self._once.first((self._parcel.target.place.lane, receipt.note), KNOWN_SECONDS):
                await self._reply(receipt.note)
            await self._status.remove()  # which may take its time

    async def _tell(self) -> None:
        ended = asyncio.ensure_future(self._parcel.delivered())
        try:
            pause = self._pauses.first
            while not (await asyncio.wait([ended], timeout=pause))[0]:
                await self._show(ended)
                wait = self._parcel.wait
                pause = pause_of(self._pauses.each, wait.seconds if wait is not None else 0.0)
        finally:
            ended.cancel()

    async def _show(self, ended: asyncio.Future[Receipt]) -> None:
        text = self._text()
        if text is None:
            return
        fresh = not self._status.shown
        showing = asyncio.ensure_future(self._status.show(text, self._buttons(CANCEL, short(self._parcel.request.id))))
        try:
            # A first word that is on the wire must be known, to be taken away again; a change may be given up.
            waited: list[asyncio.Future[Any]] = [showing] if fresh else [showing, ended]
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            showing.cancel()

    def _text(self) -> str | None:
        """How it goes; None where that is not worth a word (yet)."""
        wait, arrived = self._parcel.wait, len(self._parcel.notes)
        if arrived:
            seconds = max(self._parcel.seconds, self._parcel.said.speech.seconds)
            return self._word("part", part=arrived + 1, time=clock(seconds))
        if wait is not None and wait.seconds > PATIENCE:
            time = duration(wait.seconds, self._parcel.target.locale)
            return (
                self._word("waiting", place=wait.ahead + 1, time=time) if wait.ahead else self._word("soon", time=time)
            )
        return self._word("making") if self._status.shown else None

    async def _later(self) -> None:
        """This process ends. Who was told nothing yet need not be told that: it comes a little later."""
        if self._status.shown:
            await self._status.show(self._word("later"))

    async def _failed(self, receipt: Receipt) -> None:
        text, buttons = receipt.why or self._word("unsure" if receipt.unsure else "lost"), None
        if receipt.unsure and (name := await self._again.put(self._parcel)) is not None:
            buttons = self._buttons(AGAIN, name)
        if await self._status.become(text, buttons):
            return
        # What fails for many fails for one reason; but each has a button of their own.
        if buttons is not None or self._once.first((self._parcel.target.place.lane, text)):
            await self._reply(text, buttons)

    async def _reply(self, text: str, buttons: InlineKeyboardMarkup | None = None) -> None:
        target = self._parcel.target
        try:
            await self._messenger.text(target.place, text, reply_to=target.reply_to, buttons=buttons)
        except TelegramError as error:
            log.info("answer_not_sent", error=type(error).__name__, chat=target.chat)

    def _buttons(self, area: str, name: str) -> InlineKeyboardMarkup:
        label = word(f"telegram_say.button.{area}", self._parcel.target.locale)
        return InlineKeyboardMarkup.from_button(InlineKeyboardButton(label, callback_data=data(area, name)))

    def _word(self, name: str, **values: object) -> str:
        return word(f"telegram_say.status.{name}", self._parcel.target.locale, **values)


def clock(seconds: float) -> str:
    """A length as players show it: ``1:40``."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}"
