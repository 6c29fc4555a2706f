"""The client's events that concern Sayso, and what is done once when it is ready."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import count

import aiohttp
import discord
import structlog
from discord.ext import commands

from bot.adapters.boundary import contained
from bot.adapters.discord.station import Station
from bot.errors import StoreError

log = structlog.get_logger()

PAUSES = (1.0, 5.0, 15.0, 60.0)
"""Seconds before each further try of what could not be done at the start, the last one again and again."""

_PASSING = (StoreError, discord.DiscordServerError, aiohttp.ClientError, OSError)
"""What may be over at the next try."""


class Events(commands.Cog, name="Sayso events"):
    """Hands each event to the room that it concerns."""

    def __init__(self, station: Station) -> None:
        self.station = station
        self._begun = False
        self._start: asyncio.Task[None] | None = None

    async def cog_load(self) -> None:
        """A client that is ready already will not say so again."""
        if self.station.client.is_ready():
            self._begin()

    async def cog_unload(self) -> None:
        """Begin nothing more."""
        if self._start is not None:
            self._start.cancel()
            await asyncio.wait([self._start])

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Comes again after every lost session; the start is made once."""
        self._begin()

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        await self.station.reader.on_message(message)

    @commands.Cog.listener()
    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        await self.station.reader.on_raw_message_edit(payload)

    @commands.Cog.listener()
    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        await self.station.reader.on_raw_message_delete(payload)

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        await self.station.reader.on_raw_bulk_message_delete(payload)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction) -> None:
        await self.station.reader.on_interaction(interaction)

    @commands.Cog.listener()
    async def on_voice_state_update(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        await self.station.rooms.on_voice_state_update(member, before, after)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        await self.station.rooms.on_guild_available(guild)

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        await self.station.rooms.on_guild_remove(guild)

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            self._start = asyncio.create_task(self._wake(), name="discord start")

    async def _wake(self) -> None:
        """Back into the channels, and on with what was still wanted; none of it waits for another."""
        steps = (self._learn_owners, self.station.rooms.restore, self._resume)
        await asyncio.gather(*(contained(_persist(step), "discord_start_failed", step=step.__name__) for step in steps))

    async def _resume(self) -> None:
        if count := await self.station.courier.resume():
            log.info("discord_resumed", count=count)

    async def _learn_owners(self) -> None:
        application = await self.station.client.application_info()
        self.station.owners |= {person.id for person in _owners(application)}


async def _persist(step: Callable[[], Awaitable[None]]) -> None:
    """Take the step until it succeeds."""
    for tried in count():
        try:
            await step()
            break
        except _PASSING as error:
            log.warning("discord_start_delayed", step=step.__name__, error=type(error).__name__)
        await asyncio.sleep(PAUSES[min(tried, len(PAUSES) - 1)])


def _owners(application: discord.AppInfo) -> Sequence[discord.User | discord.TeamMember]:
    if application.team is None:
        return [application.owner]
    return [member for member in application.team.members if _belongs(member)]


def _belongs(member: discord.TeamMember) -> bool:
    """Whoever was only invited has not agreed to anything."""
    joined = member.membership_state is discord.TeamMembershipState.accepted
    return joined and member.role is not discord.TeamMemberRole.read_only
