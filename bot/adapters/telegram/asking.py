"""What people ask to be said: who may, where it goes, and what they are told while it is on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from contextlib import suppress
from typing import TYPE_CHECKING

from telegram.error import TelegramError

from bot.adapters.boundary import contained
from bot.adapters.memory import Memory
from bot.adapters.telegram.again import Again
from bot.adapters.telegram.following import Following, Pauses
from bot.adapters.telegram.heard import Heard
from bot.adapters.telegram.identity import request_id
from bot.adapters.telegram.incoming import Incoming
from bot.adapters.telegram.once import Once
from bot.adapters.telegram.parcel import Parcel
from bot.adapters.telegram.place import Place
from bot.adapters.telegram.slips import Slips
from bot.adapters.telegram.status import Status
from bot.adapters.telegram.target import Target
from bot.adapters.telegram.wish import Wish
from bot.adapters.words import duration, refusal, word
from bot.speech import Reason, Refusal, Request

if TYPE_CHECKING:
    from bot.adapters.telegram.messenger import Buttons
    from bot.adapters.telegram.station import Station

__all__ = ["Asking", "Wish"]

GRACE = 1.0
"""Seconds that answers have to be finished when Sayso goes."""

SKEW = 120.0
"""Seconds by which Telegram's clock and ours may differ."""

ASKED = 10_000
"""How many requests are known by their ids."""

_EVERYBODYS = frozenset({Reason.GUILD_QUEUE_FULL, Reason.QUEUE_FULL, Reason.CLOSING, Reason.EXPIRED})
"""What hinders one hinders all: one of them is told for the others."""

_OURS = frozenset({"admins_only", "pace", "late"})
"""Causes of refusals that stand in the words of this room."""


class Asking:
    """Takes the wishes of one bot's people. ``heard`` is what came of them lately; ``again`` what may be sent twice."""

    pauses = Pauses()

    def __init__(self, station: Station) -> None:
        self.station = station
        self.heard = Heard()
        self.once = Once()
        self._slips = Slips(station.speaker, station.bot.id, station.wall)
        self.again = Again(self._slips)
        self._since = station.wall()
        self._asked: Memory[str, bool] = Memory(ASKED)
        self._following: dict[asyncio.Task[None], Parcel] = {}

    async def ask(self, incoming: Incoming, wish: Wish) -> Parcel | Refusal | None:
        """Have it said where it was asked for. Returns once it is accepted or refused (and the asker told why).

        None if the very same was asked for already (Telegram delivered the update again after a restart).
        """
        id = self._id(incoming, wish)
        if id in self._asked or await self._is_known(incoming, id):
            return None
        self._asked.put(id, True)
        answer = self._late(incoming) or await self._barred(incoming) or await self._send(incoming, wish, id)
        if isinstance(answer, Parcel):
            self.follow(answer)
        elif not wish.quiet:
            await self.refuse(incoming, answer)
        return answer

    async def latest(self, incoming: Incoming) -> str | None:
        """The cache key of what was heard last in this chat (and topic)."""
        here = self.heard.here(incoming.place)
        return here or await self.station.speaker.latest(incoming.lane, incoming.user)

    async def refuse(self, incoming: Incoming, refused: Refusal) -> None:
        """Tell why not."""
        text, cause = _phrase(refused, incoming.locale), refused.details.get("cause", refused.reason)
        about = (cause,) if refused.reason in _EVERYBODYS else (text, incoming.asker)
        await self.tell(incoming, text, about)

    async def tell(self, incoming: Incoming, text: str, about: Hashable, buttons: Buttons | None = None) -> None:
        """Answer, but the same thing only once within some seconds: a flood is not to be answered by a flood."""
        if incoming.query is not None and not incoming.answered:
            await incoming.answer(text, alert=True)
        elif self.once.first((incoming.lane, about)):
            self.station.tell(incoming, text, buttons)

    def follow(self, parcel: Parcel, *, resumed: bool = False) -> None:
        """Tell its asker how it goes, in the background, and remember what was heard."""
        task = asyncio.create_task(self._contained(parcel, resumed))
        self._following[task] = parcel
        task.add_done_callback(self._following.pop)

    def retract(self, place: Place, request: str) -> None:
        """Take back what was asked for: what is not sent is not sent any more, and what was is deleted, in a moment."""
        parcel = self.station.courier.find(request) or self._followed_parcel(request)
        if parcel is not None:
            parcel.cancel()
        self.station.errands.start(self._removed(place, request, parcel), "notes_not_removed", chat=place.chat)

    async def resumed(self, parcel: Parcel) -> None:
        """Go on telling how it goes, of what an earlier process was asked for: for :attr:`Courier.resumed`.

        Returns at once: what the courier does in the background ends before the last notes have arrived.
        """
        self.follow(parcel, resumed=True)

    def forget(self, user: str) -> None:
        """Keep no words of a person's, nor any that they had said."""
        self.again.forget(user)

    async def close(self) -> None:
        """Tell nobody any more how things go; what is just over may still be told."""
        if self._following:
            await asyncio.wait(self._following, timeout=GRACE)
        for task in self._following:
            task.cancel()
        if self._following:
            await asyncio.wait(self._following)

    async def _contained(self, parcel: Parcel, resumed: bool) -> None:
        await contained(self._followed(parcel, resumed), "following_crashed", chat=parcel.target.chat)

    async def _followed(self, parcel: Parcel, resumed: bool) -> None:
        status = Status(self.station.messenger, self._slips, parcel)
        if resumed:
            await status.find()
        following = Following(parcel, self.station.messenger, status, self.again, self.once, self.pauses)
        receipt = await following.to_the_end()
        self.heard.add(parcel, receipt)
        await following.conclude(receipt)

    def _followed_parcel(self, request: str) -> Parcel | None:
        """A parcel of which people are still told: it may be over, and not yet remembered as heard."""
        return next((parcel for parcel in self._following.values() if parcel.request.id == request), None)

    async def _removed(self, place: Place, request: str, parcel: Parcel | None) -> None:
        messages = self.heard.take(place, request)
        if parcel is not None:
            receipt, moved = await parcel.delivered(), parcel.target.chat != place.chat
            messages = () if moved else (*parcel.notes, *receipt.messages)
        for message in dict.fromkeys(messages):
            with suppress(TelegramError):
                await self.station.messenger.delete(place, message)

    def _id(self, incoming: Incoming, wish: Wish) -> str:
        bot, place = self.station.bot.id, incoming.place
        if incoming.query is not None:
            return f"telegram-{bot}-{place.chat}-press-{incoming.query.id}"
        return request_id(bot, place.chat, incoming.message.message_id, wish.turn, place.business)

    async def _is_known(self, incoming: Incoming, id: str) -> bool:
        """Whether an earlier process was asked the same. Of what is younger than this one there is no need to look."""
        if incoming.query is None and incoming.message.date.timestamp() > self._since + SKEW:
            return False
        return await self.station.speaker.store.journal.knows(id)

    def _until(self, incoming: Incoming) -> float:
        """Until when it is wanted: for so long from when it was written, though Sayso may have been away meanwhile."""
        now, message = self.station.wall(), incoming.message
        written = (message.edit_date or message.date).timestamp()
        asked = now if incoming.query is not None else min(now, written + SKEW)
        return asked + self.station.settings.note_seconds

    def _late(self, incoming: Incoming) -> Refusal | None:
        """Why it is not said any more."""
        if self._until(incoming) > self.station.wall():
            return None
        message = "That was asked for too long ago to be said now; ask for it again."
        return Refusal(Reason.EXPIRED, message, {"cause": "late"})

    async def _barred(self, incoming: Incoming) -> Refusal | None:
        """Why the person may not have anything said here, or not just now; else it is counted."""
        rules = await self.station.rules(incoming.lane)
        if rules.admins_only and not await self.station.admins.may_decide(incoming.place, incoming.asker):
            message = "Only administrators may have things said here; ask one of them."
            return Refusal(Reason.NOT_ALLOWED, message, {"cause": "admins_only"})
        wait = self.station.pace.take(incoming.lane, incoming.user, rules.per_minute)
        if wait is None:
            return None
        message = f"You have asked {rules.per_minute} times within a minute; try again in about {wait:.0f} seconds."
        return Refusal(Reason.NOT_ALLOWED, message, {"cause": "pace", "limit": rules.per_minute}, retry_after=wait)

    async def _send(self, incoming: Incoming, wish: Wish, id: str) -> Parcel | Refusal:
        place = incoming.place
        target = Target(
            self.station.bot.id,
            place.chat,
            place.thread,
            place.business,
            reply_to=wish.reply_to or incoming.message.message_id,
            locale=incoming.locale,
            quiet=wish.quiet,
        )
        request = Request(
            incoming.lane,
            incoming.user,
            wish.text,
            voice=wish.voice,
            rate=wish.rate,
            language=wish.language,
            channel=incoming.channel,
            priority=wish.priority,
            deadline=self._until(incoming),
            names=wish.names,
            id=id,
            replay=wish.replay,
            author=wish.author,
        )
        return await self.station.courier.send(request, target)


def _phrase(refused: Refusal, locale: str) -> str:
    cause = refused.details.get("cause")
    if cause not in _OURS:
        return refusal(refused, locale)
    time = duration(refused.retry_after or 0.0, locale)
    return word(f"telegram_say.refused.{cause}", locale, limit=refused.details.get("limit"), time=time)
