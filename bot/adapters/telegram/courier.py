"""Says requests and brings them to their chats.

The way of a parcel, and what the journal knows of it::

    send ──► speaker.say ──► ACCEPTED ──► each note: SENDING "leaving …" ──► sent ──► SENDING "there …" ──► … ──► DONE
                                            ▲                                  │
                                            └─ SENDING "there …" (as before) ◄─┴─ surely not taken: it waits again

Telegram has no idempotency key and shows a bot no history: a note is written down in the moment in which it leaves, and
one of which nobody knows whether it arrived is not sent again by itself: its asker is told, and may have it sent again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace

from bot.adapters.boundary import contained
from bot.adapters.deliveries import Deliveries
from bot.adapters.telegram.delivery import Delivery, restarting, show_instead
from bot.adapters.telegram.identity import guild_key
from bot.adapters.telegram.messenger import Messenger
from bot.adapters.telegram.parcel import Parcel, Receipt
from bot.adapters.telegram.parts import BEGINNING, Point
from bot.adapters.telegram.presence import Presence
from bot.adapters.telegram.revival import Revival
from bot.adapters.telegram.target import Target
from bot.adapters.telegram.uploads import Uploads
from bot.adapters.words import word
from bot.config import TelegramSettings
from bot.queue import State
from bot.said import Said
from bot.speaker import Speaker
from bot.speech import Refusal, Request

__all__ = ["Courier", "Parcel", "Receipt"]


class Courier:
    """Takes requests for one bot. Journals them, delivers each at most once, and resumes after a restart.

    ``resumed`` is called with each parcel that a restart brought back, to tell people what becomes of it; some have
    their receipt already. Close the courier before the post and the speaker, so that what these break off is not given
    up.
    """

    def __init__(
        self,
        messenger: Messenger,
        presence: Presence,
        speaker: Speaker,
        settings: TelegramSettings,
        *,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.resumed: Callable[[Parcel], Coroutine[object, object, None]] = _nobody_is_told
        self._messenger, self._presence, self._speaker = messenger, presence, speaker
        self._settings, self._wall, self._sleep = settings, wall, sleep
        self._deliveries: Deliveries[Parcel, Receipt] = Deliveries(speaker, restarting)
        self.uploads = Uploads(speaker, messenger.bot.id, sleep=sleep)
        self._aloud: dict[str, Parcel] = {}
        messenger.moved = self.moved

    async def send(self, request: Request, target: Target) -> Parcel | Refusal:
        """Say it and deliver it in the background. ``request.target`` and a missing deadline are set here."""
        target = replace(target, bot=self._messenger.bot.id)
        deadline = self._wall() + self._settings.note_seconds if request.deadline is None else request.deadline
        request = replace(request, target=target.to_json(), deadline=deadline)
        return await self._deliveries.admit(request, lambda: self.accept(request, target))

    async def accept(
        self, request: Request, target: Target, begin: Point = BEGINNING, *, sure: bool = True
    ) -> Parcel | Refusal:
        """Say it and deliver it, whatever else is on its way; for what a restart brought back, and :meth:`send`.

        ``begin`` and ``sure`` as in :meth:`Delivery.run`.
        """

        def started(said: Said) -> Parcel:
            parcel = Parcel(request, target, said, _post=self._messenger.post)
            return self._deliveries.begin(parcel, lambda: self._deliver(parcel, begin, sure, self._before(parcel)))

        return await self._deliveries.accept(request, started)

    def find(self, id: str) -> Parcel | None:
        """The parcel of a request that is on its way."""
        return self._deliveries.find(id)

    def parcels(self, guild: str) -> Sequence[Parcel]:
        """What is on its way in a chat, in the order in which it was asked for."""
        here = (each for each in self._deliveries if guild in (each.request.guild, each.target.place.lane))
        return sorted(here, key=lambda parcel: parcel.request.at)

    def recall(self, user: str) -> None:
        """Take back whatever a person has on its way, wherever, and their words for others."""
        self._deliveries.recall(user)

    def clear(self, chat: int) -> None:
        """The bot may not write in the chat any more: what is on its way there is given up.

        A business writes to the same person in its own name, and goes on with that.
        """
        here = [parcel for parcel in self._deliveries if parcel.target.chat == chat]
        own = [parcel for parcel in here if parcel.target.business is None]
        for parcel in own:
            parcel.bar()
        if len(own) == len(here):  # else what is dropped may be the business's
            self._messenger.post.drop(chat)

    def moved(self, old: int, new: int) -> None:
        """A group has become a supergroup: what is on its way goes there, and what was decided holds there."""
        for parcel in self._deliveries:
            if parcel.target.chat == old:
                # Messages and topics of the old group are not known in the new one.
                parcel.target = replace(parcel.target, chat=new, thread=None, reply_to=None)
        self.spawn(self._speaker.store.move(guild_key(old), guild_key(new)))

    async def resume(self) -> int:
        """After a start: deliver what was accepted and is still wanted, each chat in its order. Returns how many.

        Returns once the journal is read, which is tried until it can be; the rest is done in the background.
        """
        revival = Revival(self, self._messenger, self._speaker, self._wall, self._sleep)
        old = await revival.find(() if self._deliveries.new is None else self._deliveries.new)
        self._deliveries.new = None
        for lane in old:
            self.spawn(revival.run(lane))
        return sum(map(len, old))

    async def close(self) -> None:
        """Stop delivering; what is not delivered stays in the journal. Notes on the wire have a moment to arrive."""
        await self._deliveries.close()
        await self.uploads.close()

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Do it in the background, until the courier is closed."""
        self._deliveries.spawn(work)

    def _before(self, parcel: Parcel) -> Parcel | None:
        """What must be over before it: a chat that is read aloud is heard in the order in which it was written."""
        if not parcel.target.quiet:
            return None
        guild = parcel.request.guild
        before, self._aloud[guild] = self._aloud.get(guild), parcel
        return before

    async def _deliver(self, parcel: Parcel, begin: Point, sure: bool, before: Parcel | None) -> Receipt:
        delivery = Delivery(
            parcel,
            self._messenger,
            self.uploads,
            before,
            wall=self._wall,
            closing=lambda: self._deliveries.closing,
            cleared=self.clear,
        )
        try:
            with self._presence.recording(parcel.target.place):
                receipt = await contained(delivery.run(begin, sure=sure), "delivery_crashed", chat=parcel.target.chat)
        finally:
            if self._aloud.get(parcel.request.guild) is parcel:
                del self._aloud[parcel.request.guild]
        if receipt is not None:
            return receipt
        receipt = Receipt(False, tuple(parcel.notes), why=word("delivery.crashed", parcel.target.locale))
        await show_instead(self._messenger, parcel, receipt)
        await delivery.mark(State.FAILED, "-")
        return receipt


async def _nobody_is_told(parcel: Parcel) -> None:
    await parcel.delivered()
