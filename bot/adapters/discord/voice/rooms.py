"""The rooms of one client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import discord
import structlog

from bot.adapters.discord.places import VoiceChannel, has_listeners
from bot.adapters.discord.voice.house import PREFIX, House, Keep, Stay, Timing, goes, key_of
from bot.adapters.discord.voice.room import Room
from bot.config import DiscordSettings
from bot.speaker import Speaker

log = structlog.get_logger()

_AT_ONCE = 5
"""How many channels are rejoined at the same time after a restart."""


class Rooms:
    """A room for each guild. ``restore`` brings the bot back to its channels after a restart.

    ``stay`` says of a guild whether the bot remains in its channel though nobody is there.
    """

    def __init__(
        self,
        client: discord.Client,
        speaker: Speaker,
        settings: DiscordSettings,
        *,
        stay: Stay = goes,
        keep: Keep | None = None,
        timing: Timing | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._house = House(client, settings, keep or speaker.store.keep, stay, timing or Timing(), wall)
        self._rooms: dict[int, Room] = {}
        self._owed: dict[int, Mapping[str, Any]] = {}
        self._some = asyncio.Semaphore(_AT_ONCE)

    def room(self, guild: discord.Guild) -> Room:
        """The room of a guild, made when it is first asked for."""
        room = self._rooms.get(guild.id)
        if room is None:
            room = self._rooms[guild.id] = Room(guild.id, self._house)
        return room

    def __iter__(self) -> Iterator[Room]:
        return iter(list(self._rooms.values()))

    def find(self, guild: int) -> Room | None:
        """The room of a guild that has one."""
        return self._rooms.get(guild)

    async def restore(self) -> None:
        """Rejoin the channels that the bot was in, if somebody still listens there; after an outage, when it ends."""
        kept = await self._house.keep.all(PREFIX)
        await asyncio.gather(*(self._return(int(key.removeprefix(PREFIX)), held) for key, held in kept.items()))

    async def close(self) -> None:
        """Leave every channel, keeping in the store where it was, and come into none any more."""
        self._house.closed = True
        await asyncio.gather(*(room.close() for room in self), return_exceptions=True)

    async def on_voice_state_update(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        """Somebody moved, or was muted; leaves (after ``settings.leave_seconds``) where nobody is left to hear it."""
        room = self.find(member.guild.id)
        if room is not None:
            room.attend()

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """A session has begun, or an outage is over."""
        room = self.find(guild.id)
        if room is not None:
            room.review()
        if (held := self._owed.pop(guild.id, None)) is not None:
            await self._return(guild.id, held)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was removed from a guild."""
        room = self._rooms.pop(guild.id, None)
        if room is not None:
            await room.leave()

    async def _return(self, id: int, held: Mapping[str, Any]) -> None:
        guild = self._client.get_guild(id)
        if guild is None or guild.unavailable:
            self._owed[id] = held  # it is not there just now, or another process's
            return
        channel = guild.get_channel(int(held.get("channel", 0)))
        if not isinstance(channel, VoiceChannel) or not await self._wanted(channel):
            await self._house.keep.drop(key_of(guild.id))
            return
        async with self._some:
            trouble = await self.room(guild).join(channel, move=False)
        log.info("voice_restored", guild=guild.id, trouble=trouble)

    async def _wanted(self, channel: VoiceChannel) -> bool:
        return has_listeners(channel) or await self._house.stay(channel.guild.id)
