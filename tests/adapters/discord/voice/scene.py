"""A guild with a bot in it that has rooms, over the loopback Discord; and speeches of tones to be heard in them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import discord
import numpy as np

from bot.adapters.discord.places import VoiceChannel
from bot.adapters.discord.voice import Item, Outcome, Room, Rooms
from bot.adapters.discord.voice.house import Timing
from bot.config import DiscordSettings
from bot.said import Figures, Said
from bot.speaker import Speaker
from bot.speech import PACKET_SECONDS, SAMPLE_RATE, Clip, Request, Speech, Spoken, Utterance
from tests.doubles.discord import FakeDiscord, Kind
from tests.doubles.discord.channels import Channel
from tests.doubles.discord.client import opus, running, sine
from tests.doubles.discord.rtp import RtpPacket

QUICK = Timing(
    grace=0.15,
    pauses=(0.0, 0.05, 0.1),
    again=(0.1, 0.1, 0.1),
    quiet=0.2,
    stage=0.2,
    audible=0.4,
    lent=3.0,
    hang_up=0.5,
    stuck=1.0,
    rest=0.4,
)
"""As patient as the loopback needs it."""

INTENTS = discord.Intents(guilds=True, voice_states=True)
UTTERANCE = Utterance("Hello.", "offline", "heart", "en")


class Memory:
    """Keeps what rooms keep, in plain sight; ``staying`` are the guilds in which the bot remains alone.

    Whoever has ``asked`` for that waits for ``answer``, if there is one.
    """

    def __init__(self) -> None:
        self.held: dict[str, Mapping[str, Any]] = {}
        self.staying: set[int] = set()
        self.answer: asyncio.Event | None = None
        self.asked = False

    async def stays(self, guild: int) -> bool:
        self.asked = True
        if self.answer is not None:
            await self.answer.wait()
        return guild in self.staying

    async def put(self, key: str, value: Mapping[str, Any], /) -> None:
        self.held[key] = value

    async def all(self, prefix: str, /) -> Mapping[str, Mapping[str, Any]]:
        return {key: value for key, value in self.held.items() if key.startswith(prefix)}

    async def drop(self, key: str, /) -> None:
        self.held.pop(key, None)


@cache
def tone(seconds: float, hertz: float = 440.0) -> tuple[bytes, ...]:
    """A sine."""
    return tuple(opus(sine(seconds, hertz))[: round(seconds / PACKET_SECONDS)])


@cache
def siren(seconds: float) -> tuple[bytes, ...]:
    """A rising tone, of which no two packets are alike: what was heard can be told packet by packet."""
    at = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    packets = tuple(opus((0.5 * np.sin(2 * np.pi * (200 * at + 400 * at**2))).astype(np.float32)))
    assert len(set(packets)) == len(packets)
    return packets[: round(seconds / PACKET_SECONDS)]  # the encoder adds one, for its own delay


def places(heard: Sequence[RtpPacket], packets: Sequence[bytes]) -> list[int]:
    """Which packet each of those heard is."""
    index = {packet: at for at, packet in enumerate(packets)}
    return [index[packet.opus] for packet in heard]


def speech(packets: Sequence[bytes], starts: Sequence[float] = (0.0,)) -> Speech:
    """A finished speech with utterances that start there."""
    spoken = tuple(Spoken(UTTERANCE, start) for start in starts)
    return Speech.finished(Clip(b"", len(packets) * PACKET_SECONDS, b"", spoken), packets)


def said(speech: Speech, text: str = "Hello.", deadline: float | None = None) -> Said:
    """What an asker holds of it."""
    return Said(Request("discord:5000", "discord:2000", text, deadline=deadline), speech, Figures(0.0))


def clip(packets: int) -> Clip:
    return Clip(b"", packets * PACKET_SECONDS, b"", ())


class Bot(discord.Client):
    """A client that tells its rooms of voice states, as the plug-in does."""

    rooms: Rooms | None = None

    async def on_voice_state_update(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        if self.rooms is not None:
            await self.rooms.on_voice_state_update(member, before, after)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        if self.rooms is not None:
            await self.rooms.on_guild_available(guild)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """At once; the library would wait five seconds before each further session."""


class Sharded(Bot, discord.AutoShardedClient):
    """The kind of client that `sayso run` has, which forgets less between two sessions."""


@dataclass(eq=False)
class Scene:
    """``room`` is that of guild 5000, ``talk`` its voice channel, in which ann sits."""

    fake: FakeDiscord
    bot: Bot
    rooms: Rooms
    memory: Memory

    @property
    def guild(self) -> discord.Guild:
        guild = self.bot.get_guild(int(self.fake.guild_id))
        assert guild is not None
        return guild

    @property
    def room(self) -> Room:
        return self.rooms.room(self.guild)

    @property
    def talk(self) -> discord.VoiceChannel:
        return cast(discord.VoiceChannel, self.channel(self.fake.voice_channel))

    def channel(self, id: str | int) -> VoiceChannel:
        channel = self.bot.get_channel(int(id))
        assert isinstance(channel, VoiceChannel)
        return channel

    def item(self, packets: Sequence[bytes] | Speech, channel: str | int | None = None, **more: Any) -> Item:
        """Put on the playlist of the channel's guild."""
        where = self.channel(channel or self.fake.voice_channel)
        request = {name: more.pop(name) for name in ("deadline", "text") if name in more}
        held = packets if isinstance(packets, Speech) else speech(packets)
        item = Item(said(held, **request), where.id, more.pop("user", int(self.fake.user_id)), **more)
        self.rooms.room(where.guild).play(item)
        return item

    async def den(self, *, people: bool = True, kind: Kind = Kind.VOICE) -> Channel:
        """A second voice channel, which the bot knows of; with bo in it."""
        channel = self.fake.add_channel("Den", kind)
        if people:
            await self.fake.human_voice(channel, by=self.fake.add_user("bo"))
        await self.fake.until(lambda: self.known(channel) is not None and len(self.people(channel)) == people)
        return channel

    def known(self, channel: Channel) -> VoiceChannel | None:
        """The channel as the bot knows it."""
        return cast(VoiceChannel | None, self.bot.get_channel(int(channel.id)))

    def people(self, channel: Channel) -> set[int]:
        """Who is there, as far as the bot knows."""
        known = self.known(channel)
        return set() if known is None else set(known.voice_states) - {int(self.fake.bot_id)}

    async def gone(self, channel: Channel) -> None:
        """The channel is deleted, and whoever was in it is nowhere."""
        guild = self.fake.world.guild(channel.guild_id or "")
        session = self.fake.voice.get(guild.id)
        del guild.channels[channel.id], self.fake.world.channels[channel.id]
        self.fake.world.channel_event("CHANNEL_DELETE", channel)
        for member in guild.in_voice(channel.id):
            member.voice.channel_id = None
            self.fake.world.voice_event(guild, member)
        if session is not None and session.channel_id == channel.id:
            await session.drop(4014)

    async def end(self, item: Item) -> Outcome:
        """How the item ended, once it has."""
        return await asyncio.wait_for(item.ended, 5)

    async def heard(self, packets: int) -> list[RtpPacket]:
        """What people heard, once it is that many packets."""
        await self.fake.until(lambda: len(self.fake.heard()) >= packets)
        return self.fake.heard()


@asynccontextmanager
async def scene(
    *,
    settings: Mapping[str, Any] | None = None,
    timing: Timing = QUICK,
    memory: Memory | None = None,
    kind: type[Bot] = Bot,
    **fake: Any,
) -> AsyncIterator[Scene]:
    """A bot that is connected; what is left at the end is closed, and nothing may be left of it."""
    before = asyncio.all_tasks()
    memory = memory or Memory()
    wanted = DiscordSettings(**{"connect_seconds": 1.0, **(settings or {})})
    async with FakeDiscord(**fake) as discord_:
        bot = kind(intents=INTENTS, connector=discord_.connector(), guild_ready_timeout=0.02)
        async with running(bot, discord_):
            bot.rooms = Rooms(bot, cast(Speaker, None), wanted, keep=memory, timing=timing, stay=memory.stays)
            try:
                yield Scene(discord_, bot, bot.rooms, memory)
            finally:
                await bot.rooms.close()
        assert discord_.errors == []
    left = [one.get_name() for one in asyncio.all_tasks() - before if one.get_name().startswith("voice")]
    assert left == []
