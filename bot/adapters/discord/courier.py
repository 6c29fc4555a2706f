"""Says requests and brings them to where they are to be heard.

The way of a parcel, and what the journal knows of it::

    send ──► speaker.say ──► ACCEPTED ──► note:  made ──► SENDING "note <when> <bytes>" ──► posted ──► DONE <message>
                                     └──► voice: in the playlist ──► SENDING "<seconds heard>" … ──► heard ──► DONE

What stands at ACCEPTED or SENDING after a crash is taken up again by :meth:`Courier.resume`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace

import discord

from bot.adapters.boundary import contained
from bot.adapters.deliveries import Deliveries
from bot.adapters.discord.delivery import Delivery, restarting
from bot.adapters.discord.identity import number
from bot.adapters.discord.leftovers import conclude
from bot.adapters.discord.parcel import Parcel, Receipt
from bot.adapters.discord.revival import Revival
from bot.adapters.discord.target import Target, Where
from bot.adapters.discord.voice import Item, Outcome, Rooms, Trouble
from bot.adapters.words import word
from bot.config import DiscordSettings
from bot.queue import State
from bot.said import Said
from bot.speaker import Speaker
from bot.speech import Refusal, Request

__all__ = ["Courier", "Parcel", "Receipt"]


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
        self._deliveries: Deliveries[Parcel, Receipt] = Deliveries(speaker, lambda parcel: restarting(parcel.target))

    async def send(
        self, request: Request, target: Target, interaction: discord.Interaction | None = None
    ) -> Parcel | Refusal:
        """Say it and deliver it in the background. ``request.target`` is set from ``target`` here.

        A room whose playlist is full for this user or guild refuses like a full queue. ``interaction`` is used for
        notes where the bot itself may not write (a user-installed app).
        """
        target = self._ours(target, interaction)
        request = self._addressed(request, target)
        return await self._deliveries.admit(request, lambda: self.accept(request, target))

    async def accept(
        self, request: Request, target: Target, *, start: float = 0.0, as_note: bool = False
    ) -> Parcel | Refusal:
        """Say it and deliver it, whatever else is on its way; for what a restart brought back, and :meth:`send`."""

        def started(said: Said) -> Parcel:
            parcel = Parcel(request, target, said, _rooms=self._rooms)
            return self._deliveries.begin(parcel, lambda: self._begin(parcel, start, as_note=as_note))

        return await self._deliveries.accept(request, started)

    def find(self, id: str) -> Parcel | None:
        """The parcel of a request that is on its way."""
        return self._deliveries.find(id)

    def parcels(self, guild: str) -> Sequence[Parcel]:
        """What is on its way in a guild, in the order in which it will be heard; notes, which wait for none, last."""
        here = sorted((p for p in self._deliveries if p.request.guild == guild), key=lambda parcel: parcel.request.at)
        rooms = {p.target.guild: self._rooms.find(p.target.guild) for p in here if p.item and p.target.guild}
        order = {item: place for room in rooms.values() if room for place, item in enumerate(room.items)}
        return sorted(here, key=lambda p: order.get(p.item, len(order)) if p.item else len(order) + 1)

    def recall(self, user: str) -> None:
        """Take back whatever a person has on its way, wherever it is to be heard, and their words for others."""
        self._deliveries.recall(user)

    async def resume(self) -> int:
        """After a start, when the client is ready: deliver what was accepted and is still wanted. Returns how many.

        Returns once the journal is read, which is tried until it can be; each server's are then taken up in the
        background, in their order.
        """
        revival = Revival(self, self._client, self._speaker, self._wall)
        old = await revival.find(() if self._deliveries.new is None else self._deliveries.new)
        self._deliveries.new = None
        for lane in old:
            self.spawn(revival.run(lane))
        return sum(map(len, old))

    async def conclude(self, parcel: Parcel) -> None:
        """Bring the message of a parcel that nobody waits for any more to its end, once that is known."""
        receipt = await parcel.delivered()
        await conclude(self._client, parcel.target, receipt)

    async def close(self) -> None:
        """Stop delivering; what is not delivered stays in the journal. Notes on the wire have a moment to arrive."""
        await self._deliveries.close()

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Do it in the background, until the courier is closed."""
        self._deliveries.spawn(work)

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

    def _begin(self, parcel: Parcel, start: float, *, as_note: bool) -> Coroutine[object, object, Receipt]:
        """Put it into its room, and see it delivered."""
        delivery = Delivery(
            self._client,
            parcel,
            wall=self._wall,
            closing=lambda: self._deliveries.closing,
            anothers=self._is_anothers,
        )
        if parcel.target.where is Where.VOICE and not as_note:
            self._play(parcel, delivery, start)
        return self._deliver(parcel, delivery)

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

    async def _is_anothers(self, message: int) -> bool:
        return await self._speaker.store.journal.bears(str(message))
