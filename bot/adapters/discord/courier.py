"""Says requests and brings them to where they are to be heard.

The way of a parcel, and what the journal knows of it::

    send ──► speaker.say ──► ACCEPTED ──► note:  made ──► SENDING "note <when> <bytes>" ──► posted ──► DONE <message>
                                     └──► voice: in the playlist ──► SENDING "<seconds heard>" … ──► heard ──► DONE

What stands at ACCEPTED or SENDING after a crash is taken up again by :meth:`Courier.resume`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace

import discord

from bot.adapters.boundary import Errands, contained
from bot.adapters.crowd import Crowd
from bot.adapters.discord.delivery import Delivery, restarting
from bot.adapters.discord.identity import number
from bot.adapters.discord.leftovers import conclude
from bot.adapters.discord.parcel import Parcel, Receipt
from bot.adapters.discord.revival import Revival
from bot.adapters.discord.target import Target, Where
from bot.adapters.discord.voice import Item, Outcome, Rooms, Trouble
from bot.adapters.words import word
from bot.config import DiscordSettings
from bot.errors import StoreError
from bot.queue import Limits, State
from bot.speaker import Speaker
from bot.speech import Reason, Refusal, Request
from bot.wishes import EVERY_GUILD, Rules

__all__ = ["Courier", "Parcel", "Receipt"]

GRACE = 5.0
"""Seconds that notes which are leaving have to arrive when the courier is closed."""


class Courier:
    """Takes requests for one client. Journals them, delivers each exactly once, and resumes after a restart.

    ``resumed`` is called with each parcel that a restart brought back, to tell people what becomes of it; at first that
    is :meth:`conclude`. Close the courier before the rooms and the speaker, so that what these break off is not taken
    for delivered or given up.
    """

    def __init__(
        self,
        client: discord.Client,
        speaker: Speaker,
        rooms: Rooms,
        settings: DiscordSettings,
        *,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.resumed: Callable[[Parcel], Coroutine[object, object, None]] = self.conclude
        self._client = client
        self._speaker = speaker
        self._rooms = rooms
        self._settings = settings
        self._wall = wall
        self._crowd: Crowd[Parcel] = Crowd(speaker.dispatcher.limits)
        self._tasks = Errands()
        self._deliveries: dict[asyncio.Task[Receipt], Parcel] = {}
        self._new: set[str] | None = set()
        self._closed = False

    async def send(
        self, request: Request, target: Target, interaction: discord.Interaction | None = None
    ) -> Parcel | Refusal:
        """Say it and deliver it in the background. ``request.target`` is set from ``target`` here.

        A room whose playlist is full for this user or guild refuses like a full queue. ``interaction`` is used for
        notes where the bot itself may not write (a user-installed app).
        """
        if self._closed:
            return Refusal(Reason.CLOSING, "I am just being restarted. Try again in a minute.")
        target = self._ours(target, interaction)
        request = self._addressed(request, target)
        try:
            limits = await self._limits(request.guild)
            # Nothing is awaited from here until it has its place.
            return self._crowd.refusal(request, limits) or await self.accept(request, target)
        except StoreError:
            return Refusal(Reason.INVALID, "I cannot reach my notes just now. Try again in a minute.", _NO_STORE)

    async def accept(
        self, request: Request, target: Target, *, start: float = 0.0, as_note: bool = False
    ) -> Parcel | Refusal:
        """Say it and deliver it, whatever else is on its way; for what a restart brought back, and :meth:`send`."""
        self._crowd.enter(request)
        if self._new is not None:
            self._new.add(request.id)
        parcel = None
        try:
            said = await self._speaker.say(request)
            if isinstance(said, Refusal):
                return said
            parcel = self._begin(Parcel(request, target, said, _rooms=self._rooms), start, as_note=as_note)
            return parcel
        finally:
            if parcel is None:
                self._crowd.leave(request)

    def find(self, id: str) -> Parcel | None:
        """The parcel of a request that is on its way."""
        return self._crowd.get(id)

    def parcels(self, guild: str) -> Sequence[Parcel]:
        """What is on its way in a guild, in the order in which it will be heard; notes, which wait for none, last."""
        here = sorted((p for p in self._crowd if p.request.guild == guild), key=lambda parcel: parcel.request.at)
        rooms = {p.target.guild: self._rooms.find(p.target.guild) for p in here if p.item and p.target.guild}
        order = {item: place for room in rooms.values() if room for place, item in enumerate(room.items)}
        return sorted(here, key=lambda p: order.get(p.item, len(order)) if p.item else len(order) + 1)

    def recall(self, user: str) -> None:
        """Take back whatever a person has on its way, wherever it is to be heard, and their words for others."""
        for parcel in self._crowd:
            if user in (parcel.request.user, parcel.request.author):
                parcel.cancel()

    async def resume(self) -> int:
        """After a start, when the client is ready: deliver what was accepted and is still wanted. Returns how many.

        Returns once the journal is read, which is tried until it can be; each server's are then taken up in the
        background, in their order.
        """
        revival = Revival(self, self._client, self._speaker, self._wall)
        old = await revival.find(() if self._new is None else self._new)
        self._new = None
        for lane in old:
            self.spawn(revival.run(lane))
        return sum(map(len, old))

    async def conclude(self, parcel: Parcel) -> None:
        """Bring the message of a parcel that nobody waits for any more to its end, once that is known."""
        receipt = await parcel.delivered()
        await conclude(self._client, parcel.target, receipt)

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

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Do it in the background, until the courier is closed."""
        self._tasks.start(work, "courier_crashed")

    def _ours(self, target: Target, interaction: discord.Interaction | None) -> Target:
        """The target with this bot's name, and with the interaction's token where there is no other way to answer."""
        target = replace(target, application=self._client.application_id)
        if interaction is None or target.token is not None:
            return target
        guild, context = interaction.guild_id, interaction.context
        member = context.dm_channel if guild is None else self._client.get_guild(guild) is not None
        return target if member else replace(target, application=interaction.application_id, token=interaction.token)

    def _addressed(self, request: Request, target: Target) -> Request:
        seconds = self._settings.voice_seconds if target.where is Where.VOICE else self._settings.note_seconds
        deadline = self._wall() + seconds if request.deadline is None else request.deadline
        return replace(request, target=target.to_json(), deadline=deadline)

    async def _limits(self, guild: str) -> Limits:
        usual, settings = self._speaker.dispatcher.limits, self._speaker.store.settings
        own = Rules.of(await settings.guild(guild), await settings.guild(EVERY_GUILD), ())
        return Limits(own.per_user or usual.per_user, own.per_guild or usual.per_guild, usual.total)

    def _begin(self, parcel: Parcel, start: float, *, as_note: bool) -> Parcel:
        """Put it into its room, and see it delivered."""
        if self._closed:  # meanwhile; it is in the journal, and comes back
            self._crowd.leave(parcel.request)
            parcel.settle(restarting(parcel.target))
            return parcel
        self._crowd.take(parcel)
        delivery = Delivery(self._client, parcel, wall=self._wall, closing=self._is_closing, anothers=self._is_anothers)
        if parcel.target.where is Where.VOICE and not as_note:
            self._play(parcel, delivery, start)
        task = asyncio.create_task(self._deliver(parcel, delivery), name=f"delivery {parcel.request.id}")
        self._deliveries[task] = parcel
        # Not in the task's own `finally`: a task that is cancelled before its first step never reaches one.
        task.add_done_callback(self._over)
        return parcel

    def _play(self, parcel: Parcel, delivery: Delivery, start: float) -> None:
        """Here and not in the task: who comes first is heard first."""
        target, user = parcel.target, number(parcel.request.user)
        item = parcel.item = Item(parcel.said, target.voice or 0, user, start, delivery.heard)
        guild = None if target.guild is None else self._client.get_guild(target.guild)
        if guild is not None and target.voice is not None:
            self._rooms.room(guild).play(item)
        else:
            item.trouble = Trouble.GONE.value
            item.ended.set_result(Outcome.LOST)

    async def _deliver(self, parcel: Parcel, delivery: Delivery) -> Receipt:
        receipt = await contained(delivery.run(), "delivery_crashed", guild=parcel.target.guild)
        if receipt is not None:
            return receipt
        await delivery.mark(State.FAILED)
        return Receipt(False, why=word("delivery.crashed", parcel.target.locale))

    def _over(self, task: asyncio.Task[Receipt]) -> None:
        parcel = self._deliveries.pop(task)
        self._crowd.leave(parcel.request)
        over = not task.cancelled() and task.exception() is None
        parcel.settle(task.result() if over else restarting(parcel.target))

    async def _is_anothers(self, message: int) -> bool:
        return await self._speaker.store.journal.bears(str(message))

    def _is_closing(self) -> bool:
        return self._closed or self._speaker.dispatcher.closing


_NO_STORE = {"cause": "store"}
