"""The one message by which people are told how it goes with what they wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog
from telegram import InlineKeyboardMarkup
from telegram.error import ChatMigrated, TelegramError

from bot.adapters.telegram.messenger import Messenger
from bot.adapters.telegram.parcel import Parcel
from bot.adapters.telegram.post import Urgency
from bot.adapters.telegram.slips import Slips, short
from bot.adapters.telegram.target import Target
from bot.adapters.telegram.trouble import Late

log = structlog.get_logger()

_KIND = "status"

WITHIN = 5.0
"""Seconds after which it is too late to begin telling something: the next time it reads otherwise."""

JAM = 1.0
"""Seconds for which notes may wait in a chat before it has no room for anything else."""

LEISURE, LOOK = 20.0, 1.0
"""Seconds for which what is over may stand there while others have more need of Telegram, and between two looks."""

HURRY = 2.0
"""Seconds to take it away when the house closes meanwhile."""


class Status:
    """There is none until something is worth telling, and it goes away in the end, or becomes the answer.

    Where many are written to there is none either: what Telegram takes is for what they wait for.

    A restart does not part it from its request: which message it is, is written down as long as it is there.
    """

    def __init__(
        self,
        messenger: Messenger,
        slips: Slips,
        parcel: Parcel,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._messenger, self._slips, self._sleep = messenger, slips, sleep
        self._parcel = parcel
        self._name = short(parcel.request.id)
        self._held: int | None = None
        self._chat = parcel.target.chat
        self._text = ""
        self._lost = False

    @property
    def _target(self) -> Target:
        return self._parcel.target

    @property
    def _message(self) -> int | None:
        """When a group gets another id, its messages get others as well: this may then be anybody's."""
        return self._held if self._target.chat == self._chat else None

    @property
    def shown(self) -> bool:
        """Whether there is one."""
        return self._message is not None

    async def find(self) -> None:
        """Take up the one that an earlier process has shown."""
        found = (await self._slips.get(_KIND, self._name)).get("message")
        self._held = found if isinstance(found, int) else self._held

    async def show(self, text: str, buttons: InlineKeyboardMarkup | None = None) -> None:
        """Have it read so. One that somebody has taken away does not come back."""
        if self._lost or text == self._text:
            return
        try:
            await (self._begin(text, buttons) if self._message is None else self._change(text, buttons))
        except TelegramError as error:
            # It may be there or not: another would perhaps be a second one. What never left is not there.
            self._lost = self._message is None and not isinstance(error, Late)
            log.info("status_not_shown", error=type(error).__name__, chat=self._target.chat)

    async def become(self, text: str, buttons: InlineKeyboardMarkup | None = None) -> bool:
        """Leave it there as the answer; False if there is none, or it is gone."""
        if self._message is None:
            return False
        message, self._held = self._message, None
        await self._slips.drop(_KIND, self._name)
        try:
            return await self._messenger.edit(self._target.place, message, text, buttons=buttons)
        except TelegramError as error:
            log.info("status_not_changed", error=type(error).__name__, chat=self._target.chat)
            return False

    async def remove(self) -> None:
        """Take it away, if there is one: in a crowd when there is time for it."""
        if self._message is None:
            return
        try:
            await self._leisure()
        except asyncio.CancelledError:  # nobody but us knows that it is there
            with suppress(TimeoutError):
                await asyncio.wait_for(self._delete(), HURRY)
            raise
        await self._delete()

    async def _leisure(self) -> None:
        left = LEISURE
        while left > 0 and self._messenger.post.crowded():
            await self._sleep(LOOK)
            left -= LOOK

    async def _delete(self) -> None:
        if self._message is None:
            return
        message, self._held = self._message, None
        try:
            await self._messenger.delete(self._target.place, message)
        except TelegramError as error:
            log.info("status_not_removed", error=type(error).__name__, chat=self._target.chat)
        await self._slips.drop(_KIND, self._name)

    async def _begin(self, text: str, buttons: InlineKeyboardMarkup | None) -> None:
        if self._messenger.post.crowded() or self._messenger.post.wait(self._target.chat) > JAM:
            return
        place, answers = self._target.place, self._target.reply_to
        self._held = await self._messenger.text(
            place, text, reply_to=answers, buttons=buttons, urgency=Urgency.STATUS, silent=True, within=WITHIN
        )
        self._text = text
        await self._slips.put(_KIND, self._name, {"message": self._held})

    async def _change(self, text: str, buttons: InlineKeyboardMarkup | None) -> None:
        assert self._message is not None
        place, there = self._target.place, False
        with suppress(ChatMigrated):
            there = await self._messenger.edit(place, self._message, text, buttons=buttons, urgency=Urgency.STATUS)
        self._text = text
        if not there:
            self._held, self._lost = None, True
            await self._slips.drop(_KIND, self._name)
