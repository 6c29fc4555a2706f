"""A bot whose messages are read, on the loopback Discord; what its voice channels do, a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import discord
from discord.ext import commands

from bot.adapters.discord.courier import Courier
from bot.adapters.discord.reading import Reader
from bot.adapters.discord.rules import with_channel_rules, with_rules
from bot.adapters.discord.station import Station
from bot.adapters.discord.voice import Item, Outcome, Rooms
from bot.adapters.pace import Pace
from bot.config import DiscordSettings
from bot.speaker import Speaker
from tests.doubles.discord import FakeDiscord
from tests.doubles.discord.channels import Channel
from tests.doubles.discord.refusal import Json
from tests.doubles.room import ScriptedRoom, ScriptedRooms
from tests.doubles.store import Clock

INTENTS = discord.Intents(guilds=True, voice_states=True, guild_messages=True, dm_messages=True, message_content=True)
GUILD, TEXT, CLERKS, VOICE, STAGE, LLM = 5000, 6000, 6009, 7000, 7001, 3000
SETTLE = 0.1
"""Seconds after which a bot's message is whole."""


@dataclass(slots=True)
class Hall(ScriptedRoom):
    """A scripted room that comes to whoever is to be heard in it."""

    channel: Any = None
    removed_from: int | None = None

    def play(self, item: Item) -> None:
        ScriptedRoom.play(self, item)
        self.channel = self.channel or self.guild.get_channel(item.channel)

    def cancel(self, item: Item) -> bool:
        found = item in self.items
        if found:
            self.end(item, Outcome.CANCELLED)
        return found


class Halls(ScriptedRooms):
    """The rooms of a client."""

    def room(self, guild: Any) -> Hall:
        return cast(Hall, self.rooms.setdefault(guild.id, Hall(guild)))


class Bot(commands.Bot):
    """A host bot with a command prefix, which hands its events to reader and rooms as the plug-in does."""

    reader: Reader | None = None
    rooms: Rooms | None = None
    handed: frozenset[int] = frozenset()
    """The messages that were handed over."""

    async def on_voice_state_update(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        if self.rooms is not None:
            await self.rooms.on_voice_state_update(member, before, after)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        if self.reader is not None:
            await self.reader.on_interaction(interaction)

    async def on_message(self, message: discord.Message) -> None:
        if self.reader is not None:
            await self.reader.on_message(message)
        self.handed |= {message.id}

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        if self.reader is not None:
            await self.reader.on_raw_message_edit(payload)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        if self.reader is not None:
            await self.reader.on_raw_message_delete(payload)

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        if self.reader is not None:
            await self.reader.on_raw_bulk_message_delete(payload)


@dataclass(slots=True)
class Scene:
    """``ann`` sits in the voice channel 7000; the text channel 6000 is read. ``clock`` is the reader's."""

    fake: FakeDiscord
    bot: Bot
    station: Station
    halls: Halls
    clock: Clock

    @property
    def reader(self) -> Reader:
        return self.station.reader

    @property
    def hall(self) -> Hall:
        return self.halls.room(self.bot.get_guild(GUILD))

    @property
    def items(self) -> list[Item]:
        """What is in the playlist of guild 5000."""
        return self.hall.items

    @property
    def texts(self) -> list[str]:
        """The words of each, as they were given to the speaker; those of a stream are not known."""
        return [text if isinstance(text := item.said.request.text, str) else "…" for item in self.items]

    async def rule(self, **rules: object) -> None:
        """Change the server's rules."""
        settings = self.station.speaker.store.settings
        extra = with_rules(await settings.guild("discord:5000"), **rules)
        await settings.set_guild("discord:5000", extra=extra)

    async def rule_channel(self, channel: int | str = TEXT, **rules: object) -> None:
        """Change a channel's rules."""
        settings = self.station.speaker.store.settings
        extra = with_channel_rules(await settings.channel("discord:5000", str(channel)), **rules)
        await settings.set_channel("discord:5000", str(channel), extra=extra)

    async def hide(self, channel: int, *seen_by: str) -> None:
        """Only these people and the bot see a channel any more."""
        self.fake.deny("view_channel", channel=channel)
        for person in (self.fake.bot, *map(self.fake.world.user, seen_by)):
            self.fake.allow("view_channel", channel=channel, who=person)
        known = cast(discord.TextChannel, self.bot.get_channel(channel))
        await self.fake.until(lambda: len(known.overwrites) == len(seen_by) + 2)

    async def private_thread(self) -> Channel:
        """A private thread of the text channel, as Discord sends it."""
        thread = self.fake.add_thread("between us")
        await self.fake.until(lambda: self.bot.get_channel(int(thread.id)))
        tell = self.fake.gateway.sessions[-1].tell
        tell("THREAD_DELETE", thread.payload())
        tell("THREAD_CREATE", thread.payload() | {"type": discord.ChannelType.private_thread.value})
        await self.fake.until(lambda: getattr(self.bot.get_channel(int(thread.id)), "is_private", bool)())
        return thread

    async def read(self, text: str = "", **how: Any) -> str:
        """Somebody writes: what is said of it, "" if nothing is."""
        return (await self.all_read((text, how)))[0]

    async def all_read(self, *messages: tuple[str, Json]) -> list[str]:
        """What is said of each of these messages, written one after the other."""
        found = []
        for text, how in messages:
            before = list(self.items)
            await self.fake.say(text, **how)
            await self.handled()
            new = [words for item, words in zip(self.items, self.texts, strict=True) if item not in before]
            found.append(new[0] if new else "")
        return found

    async def message(self, text: str = "", **how: Any) -> discord.Message:
        """Somebody writes: the message as the library has it."""
        return await self.known(await self.fake.say(text, **how))

    async def posted(self, text: str = "", *, by: str = "ann", channel: int = TEXT, **extra: Any) -> discord.Message:
        """A message with anything in it that Discord may put there."""
        world = self.fake.world
        where = world.channel(channel)
        return await self.known(self.fake._messages.post(world.user(by), where, {"content": text}, extra=extra))

    async def known(self, message: Json) -> discord.Message:
        """The message of that payload, once the library has it."""
        return await self.fake.until(lambda: discord.utils.get(self.bot.cached_messages, id=int(message["id"])))

    async def handled(self) -> None:
        """Everything that has happened so far was dealt with."""
        mark = await self.fake.say("mark", by="clerk", channel=CLERKS)
        await self.fake.until(lambda: int(mark["id"]) in self.bot.handed)
        for lane in (GUILD, TEXT, CLERKS):
            await self._emptied(lane)

    async def _emptied(self, lane: int) -> None:
        """What the reader had in this lane is done."""
        done = asyncio.Event()

        async def tell() -> None:
            done.set()

        assert self.reader._intake.put(lane, tell, must=True)
        await asyncio.wait_for(done.wait(), 5)

    async def heard(self, item: Item) -> str:
        """What was made of it, once all of it is made."""
        await asyncio.wait_for(item.said.speech.clip(), 5)
        return " ".join(spoken.utterance.text for spoken in item.said.speech.spoken)

    async def all_heard(self, count: int) -> list[str]:
        """What was made of each, once there are so many."""
        await self.fake.until(lambda: len(self.items) >= count)
        return [await self.heard(item) for item in self.items]


@asynccontextmanager
async def scene(
    fake: FakeDiscord,
    speaker: Speaker,
    *,
    intents: discord.Intents = INTENTS,
    settings: DiscordSettings | None = None,
    halls: Halls | None = None,
) -> AsyncIterator[Scene]:
    """One run of the bot, with voice channels that do as the test says."""
    settings, halls = settings or DiscordSettings(settle_seconds=SETTLE), halls or Halls()
    async with connected(fake, intents) as bot, stationed(bot, speaker, cast(Rooms, halls), settings) as station:
        clock = Clock()
        await station.reader.close()
        station.pace = Pace(clock)
        station.reader = bot.reader = Reader(station, clock)
        yield Scene(fake, bot, station, halls, clock)


@asynccontextmanager
async def connected(fake: FakeDiscord, intents: discord.Intents = INTENTS) -> AsyncIterator[Bot]:
    """A bot that is ready."""
    bot = Bot("!", intents=intents, connector=fake.connector(), guild_ready_timeout=0.05, help_command=None)
    running = asyncio.create_task(bot.start(fake.token))
    try:
        await fake.until(bot.is_ready)
        yield bot
    finally:
        await bot.close()
        await running


@asynccontextmanager
async def stationed(bot: Bot, speaker: Speaker, rooms: Rooms, settings: DiscordSettings) -> AsyncIterator[Station]:
    """Sayso in it."""
    courier = Courier(bot, speaker, rooms, settings)
    station = Station(bot, speaker, settings, rooms, courier)
    station.reader = bot.reader = Reader(station)
    try:
        yield station
    finally:
        await station.reader.close()
        await courier.close()


async def prepare(fake: FakeDiscord) -> None:
    """People and channels that the tests share: ann and bob sit in the voice channel."""
    fake.add_channel("clerks", id=CLERKS)
    fake.add_user("clerk")
    fake.add_user("bob", nick="Bobby", voice=VOICE)
    fake.add_user("llm", bot=True, id=LLM)
    await fake.human_voice(VOICE)
