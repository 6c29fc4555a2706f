"""A bot with the commands in it, on the loopback Discord; what its voice channel does, a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import discord
from discord.ext import commands

from bot.adapters.discord import install, uninstall
from bot.adapters.discord.commands.control import Control
from bot.adapters.discord.commands.say import Say
from bot.adapters.discord.commands.voice import VoiceCommands
from bot.adapters.discord.courier import Courier
from bot.adapters.discord.station import Station
from bot.adapters.discord.translator import Translator
from bot.adapters.discord.voice import Item, Outcome, Rooms, Trouble
from bot.config import DiscordSettings
from bot.speaker import Speaker
from tests.doubles.discord import FakeDiscord, Interaction
from tests.doubles.discord.channels import Channel
from tests.doubles.discord.commands import invocation
from tests.doubles.discord.interaction import COMMAND
from tests.doubles.room import ScriptedRoom, ScriptedRooms

INTENTS = discord.Intents(guilds=True, voice_states=True, guild_messages=True, dm_messages=True)


@dataclass(slots=True)
class Parlour(ScriptedRoom):
    """A scripted room that also comes and goes; ``trouble`` is what keeps it out."""

    channel: Any = None
    trouble: Trouble | None = None
    moves: list[bool] = field(default_factory=list)

    def play(self, item: Item) -> None:
        ScriptedRoom.play(self, item)
        self.channel = self.channel or self.guild.get_channel(item.channel)

    async def join(self, channel: Any, *, move: bool = True) -> Trouble | None:
        self.moves.append(move)
        if self.trouble is None:
            self.channel = channel
        return self.trouble

    async def leave(self) -> None:
        self.stop()
        self.channel = None

    def stop(self) -> int:
        ended = [self.end(item, Outcome.SKIPPED) for item in list(self.items)]
        return len(ended)


class Parlours(ScriptedRooms):
    """The rooms of a client."""

    def room(self, guild: Any) -> Parlour:
        return cast(Parlour, self.rooms.setdefault(guild.id, Parlour(guild)))

    def __getitem__(self, guild: int) -> Parlour:
        return cast(Parlour, self.rooms[guild])

    async def close(self) -> None:
        for room in self.rooms.values():
            await cast(Parlour, room).leave()


@dataclass(slots=True)
class Online:
    """The bot and its parts."""

    bot: commands.Bot
    station: Station
    rooms: Parlours
    say: Say

    @property
    def room(self) -> Parlour:
        """The room of the guild that is there from the beginning."""
        guild = self.bot.get_guild(int(FakeDiscord.guild_id))
        assert guild is not None
        return self.rooms.room(guild)


@asynccontextmanager
async def online(
    fake: FakeDiscord, speaker: Speaker, *, settings: DiscordSettings | None = None
) -> AsyncIterator[Online]:
    """Connected, ready and synced while it is open."""
    bot = commands.Bot("!", intents=INTENTS, connector=fake.connector(), guild_ready_timeout=0.05)
    here = await _equipped(bot, speaker, settings or DiscordSettings())
    async with _connected(bot, fake):
        try:
            yield here
        finally:
            await here.station.courier.close()
            for name in list(bot.cogs):
                await bot.remove_cog(name)


@asynccontextmanager
async def whole(fake: FakeDiscord, speaker: Speaker) -> AsyncIterator[commands.Bot]:
    """A bot with all of Sayso in it, its voice channels too."""
    bot = commands.Bot("!", intents=INTENTS, connector=fake.connector(), guild_ready_timeout=0.05)
    await install(bot, speaker)
    async with _connected(bot, fake):
        try:
            yield bot
        finally:
            await uninstall(bot)


def brought_along(fake: FakeDiscord, channel: Channel, name: str, **options: Any) -> Interaction:
    """Ann uses the app, which she has installed for herself alone, where the bot is no member."""
    world = fake.world
    ann = world.user(fake.user_id)
    command = next(command for command in fake.commands["global"] if command["name"] == name)
    data = invocation(world, command, [], options, None)
    context = 2 if channel.guild_id is None else 0
    owners = {"1": ann.id}
    return fake._answers.put(
        COMMAND, data, ann, channel, "en-US", context=context, authorizing_integration_owners=owners
    )


def quiet() -> bool:
    """Whether no speech is being made, or put into the cache, any more."""
    return not [task for task in asyncio.all_tasks() if task.get_name().startswith("speech ")]


@asynccontextmanager
async def _connected(bot: commands.Bot, fake: FakeDiscord) -> AsyncIterator[None]:
    """Ready and synced while it is open."""
    running = asyncio.create_task(bot.start(fake.token))
    try:
        await fake.until(lambda: bot.is_ready() or running.done())
        if running.done():
            running.result()
        await bot.tree.sync()
        yield
    finally:
        await bot.close()
        await asyncio.wait([running])


async def _equipped(bot: commands.Bot, speaker: Speaker, settings: DiscordSettings) -> Online:
    rooms = Parlours()
    courier = Courier(bot, speaker, cast(Rooms, rooms), settings)
    station = Station(bot, speaker, settings, cast(Rooms, rooms), courier)
    await bot.tree.set_translator(Translator())
    say = Say(station)
    for cog in (say, VoiceCommands(station), Control(station)):
        await bot.add_cog(cog)
    return Online(bot, station, rooms, say)
