"""Everything of Sayso that is alive for one Discord client, for the commands and listeners to work with."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import discord

from bot.adapters.discord.identity import channel_key, guild_key
from bot.adapters.discord.rules import ChannelRules, Rules, channel_rules_of, rules_of
from bot.adapters.pace import Pace
from bot.config import DiscordSettings
from bot.speaker import Speaker

if TYPE_CHECKING:
    from bot.adapters.discord.courier import Courier
    from bot.adapters.discord.reading import Reader
    from bot.adapters.discord.voice import Rooms


@dataclass(slots=True)
class Station:
    """One client's Sayso. The reader is put in last, for it works with all of the rest."""

    client: discord.Client
    speaker: Speaker
    settings: DiscordSettings
    rooms: Rooms
    courier: Courier
    reader: Reader = field(init=False)
    owners: frozenset[int] = frozenset()
    pace: Pace = field(default_factory=Pace)
    wall: Callable[[], float] = time.time

    async def rules(self, guild: int) -> Rules:
        """The rules of a server."""
        return rules_of(await self.speaker.store.settings.guild(guild_key(guild, 0)))

    async def channel_rules(self, guild: int, channel: int) -> ChannelRules:
        """The rules of a text channel."""
        return channel_rules_of(await self.speaker.store.settings.channel(guild_key(guild, 0), channel_key(channel)))

    def owns(self, user: int) -> bool:
        """Whether the person owns the bot, and so may change what holds everywhere."""
        return user in self.owners
