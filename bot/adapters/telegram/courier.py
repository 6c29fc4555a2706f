"""Says requests and brings them to their chats.

The way of a parcel, and what the journal knows of it::

    send ──► speaker.say ──► ACCEPTED ──► each note: SENDING "leaving …" ──► sent ──► SENDING "there …" ──► … ──► DONE

Telegram has no idempotency key and shows a bot no history: a note is written down before it leaves, and one of which
nobody knows whether it arrived is not sent again by itself: its asker is told, and may have it sent again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace

import structlog

from bot.adapters.boundary import Errands, contained
from bot.adapters.crowd import Crowd
from bot.adapters.telegram.delivery import Delivery, restarting, show_instead
from bot.adapters.telegram.doors import Doors
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
from bot.errors import StoreError
from bot.queue import Limits, State
from bot.speaker import Speaker
from bot.speech import Reason, Refusal, Request
from bot.wishes import EVERY_GUILD, Rules

__all__ = ["Courier", "Parcel", "Receipt"]

log = structlog.get_logger()

GRACE = 5.0
"""Seconds that notes which are leaving have to arrive when the courier is closed."""


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
        self._crowd: Crowd[Parcel] = Crowd(speaker.dispatcher.limits)
        self._doors = Doors(messenger.post, sleep)
        self._uploads = Uploads(speaker, messenger.bot.id, sleep=sleep)
        self._tasks = Errands()
        self._deliveries: dict[asyncio.Task[Receipt], Parcel] = {}
        self._aloud: dict[str, Parcel] = {}
        self._new: set[str] | None = set()
        self._closed = False
        messenger.moved = self.moved

    async def send(self, request: Request, target: Target) -> Parcel | Refusal:
        """Say it and deliver it in the background. ``request.target`` and a missing deadline are set here."""
        if self._closed:
            return Refusal(Reason.CLOSING, "I am just being restarted. Try again in a minute.")
        target = replace(target, bot=self._messenger.bot.id)
        deadline = self._wall() + self._settings.note_seconds if request.deadline is None else request.deadline
        request = replace(request, target=target.to_json(), deadline=deadline)
        try:
            limits = await self._limits(request.guild)
            # Nothing is awaited from here until it has its place.
            return self._crowd.refusal(request, limits) or await self.accept(request, target)
        except StoreError:
            return Refusal(Reason.INVALID, "I cannot reach my notes just now. Try again in a minute.", _NO_STORE)

    async def accept(
        self, request: Request, target: Target, begin: Point = BEGINNING, *, sure: bool = True
    ) -> Parcel | Refusal:
        """Say it and deliver it, whatever else is on its way; for what a restart brought back, and :meth:`send`.

        ``begin`` and ``sure`` as in :meth:`Delivery.run`.
        """
        self._crowd.enter(request)
        if self._new is not None:
            self._new.add(request.id)
        parcel = None
        try:
            said = await self._speaker.say(request)
            if isinstance(said, Refusal):
                return said
            parcel = self._begin(Parcel(request, target, said, _doors=self._doors), begin, sure=sure)
            return parcel
        finally:
            if parcel is None:
                self._crowd.leave(request)

    def find(self, id: str) -> Parcel | None:
        """The parcel of a request that is on its way."""
        return self._crowd.get(id)

    def parcels(self, guild: str) -> Sequence[Parcel]:
        """What is on its way in a chat, in the order in which it was asked for."""
        here = (each for each in self._crowd if guild in (each.request.guild, guild_key(each.target.chat)))
        return sorted(here, key=lambda parcel: parcel.request.at)

    def recall(self, user: str) -> None:
        """Take back whatever a person has on its way, wherever, and their words for others."""
        for parcel in self._crowd:
            if user in (parcel.request.user, parcel.request.author):
                parcel.cancel()

    def clear(self, chat: int) -> None:
        """The bot may not write in the chat any more: what is on its way there is given up."""
        for parcel in self._crowd:
            if parcel.target.chat == chat:
                parcel.bar()
        self._messenger.post.drop(chat)

    def moved(self, old: int, new: int) -> None:
        """A group has become a supergroup: what is on its way goes there, and what was decided holds there."""
        for parcel in self._crowd:
            if parcel.target.chat == old:
                # Messages and topics of the old group are not known in the new one.
                parcel.target = replace(parcel.target, chat=new, thread=None, reply_to=None, status=None)
        self.spawn(self._speaker.store.move(guild_key(old), guild_key(new)))

    async def resume(self) -> int:
        """After a start: deliver what was accepted and is still wanted, each chat in its order. Returns how many.

        Returns once the journal is read, which is tried until it can be; the rest is done in the background.
        """
        revival = Revival(self, self._messenger, self._speaker, self._wall, self._sleep)
        old = await revival.find(() if self._new is None else self._new)
        self._new = None
        for lane in old:
            self.spawn(revival.run(lane))
        return sum(map(len, old))

    async def close(self) -> None:
        """Stop delivering; what is not delivered stays in the journal. Notes on the wire have a moment to arrive."""
        self._closed = True
        await self._tasks.close()
        if leaving := [task for task, parcel in self._deliveries.items() if parcel.leaving]:
            await asyncio.wait(leaving, timeout=GRACE)
        left = dict(self._deliveries)
        for delivery in left:
            delivery.cancel()
        if left:
            await asyncio.wait(left)
        for parcel in left.values():
            parcel.said.cancel()
        await self._uploads.close()

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Do it in the background, until the courier is closed."""
        self._tasks.start(work, "courier_crashed")

    async def _limits(self, guild: str) -> Limits:
        usual, settings = self._speaker.dispatcher.limits, self._speaker.store.settings
        own = Rules.of(await settings.guild(guild), await settings.guild(EVERY_GUILD), ())
        return Limits(own.per_user or usual.per_user, own.per_guild or usual.per_guild, usual.total)

    def _begin(self, parcel: Parcel, begin: Point, *, sure: bool) -> Parcel:
        """See it delivered."""
        if self._closed:  # meanwhile; it is in the journal, and comes back
            self._crowd.leave(parcel.request)
            parcel.settle(restarting(parcel))
            return parcel
        self._crowd.take(parcel)
        work = self._deliver(parcel, begin, sure, self._before(parcel))
        task = asyncio.create_task(work, name=f"delivery {parcel.request.id}")
        self._deliveries[task] = parcel
        # Not in the task's own `finally`: a task that is cancelled before its first step never reaches one.
        task.add_done_callback(self._over)
        return parcel

    def _before(self, parcel: Parcel) -> Parcel | None:
        """What must be over before it: a chat that is read aloud is heard in the order in which it was written."""
        if not parcel.target.quiet:
            return None
        before, self._aloud[parcel.request.guild] = self._aloud.get(parcel.request.guild), parcel
        return before

    async def _deliver(self, parcel: Parcel, begin: Point, sure: bool, before: Parcel | None) -> Receipt:
        delivery = Delivery(
            parcel,
            self._messenger,
            self._doors,
            self._uploads,
            before,
            wall=self._wall,
            closing=self._is_closing,
            cleared=self.clear,
        )
        with self._presence.recording(parcel.target.place):
            receipt = await contained(delivery.run(begin, sure=sure), "delivery_crashed", chat=parcel.target.chat)
        if receipt is not None:
            return receipt
        receipt = Receipt(False, tuple(parcel.notes), why=word("delivery.crashed", parcel.target.locale))
        await show_instead(self._messenger, parcel, receipt)
        await delivery.mark(State.FAILED, "-")
        return receipt

    def _over(self, task: asyncio.Task[Receipt]) -> None:
        parcel = self._deliveries.pop(task)
        self._crowd.leave(parcel.request)
        if self._aloud.get(parcel.request.guild) is parcel:
            del self._aloud[parcel.request.guild]
        over = not task.cancelled() and task.exception() is None
        parcel.settle(task.result() if over else restarting(parcel))

    def _is_closing(self) -> bool:
        return self._closed or self._speaker.dispatcher.closing


async def _nobody_is_told(parcel: Parcel) -> None:
    await parcel.delivered()


_NO_STORE = {"cause": "store"}
