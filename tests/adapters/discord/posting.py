"""What the tests of the post share: a client that is ready, a courier at work, clips, and a look into the journal."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import discord
import numpy as np
from discord import app_commands

from bot.adapters.discord.courier import Courier, Parcel, Receipt
from bot.adapters.discord.target import Target, Where
from bot.adapters.discord.voice import Rooms
from bot.config import DiscordSettings
from bot.queue import State
from bot.speaker import Speaker
from bot.speech import Clip, Pcm, Refusal, Request, Utterance
from bot.tts.audio import Loudness, SpeechEncoder
from tests.conftest import Opened
from tests.doubles.discord import FakeDiscord
from tests.doubles.engine import RATE, tone
from tests.doubles.room import ScriptedRooms

INTENTS = discord.Intents(guilds=True, voice_states=True, guild_messages=True, dm_messages=True)
GUILD, CHANNEL, VOICE = 5000, 6000, 7000
TEXT = "Hello from Sayso. This is the second sentence."
NOTE = Target(Where.NOTE, CHANNEL, GUILD)
HEARD = Target(Where.VOICE, CHANNEL, GUILD, voice=VOICE)

Used = Callable[..., Coroutine[Any, Any, discord.Interaction]]


def request(text: Any = TEXT, **how: Any) -> Request:
    """Somebody wants something said."""
    return replace(Request(f"discord:{GUILD}", "discord:2000", text), **how)


@dataclass(frozen=True, slots=True)
class Row:
    """What the journal knows of a request."""

    state: State
    mark: str | None
    expires: float | None


@dataclass(slots=True)
class Office:
    """A courier and all it works with."""

    fake: FakeDiscord
    client: discord.Client
    speaker: Speaker
    rooms: ScriptedRooms
    courier: Courier
    database: Path

    async def send(self, target: Target = NOTE, text: Any = TEXT, **how: Any) -> Parcel:
        """A parcel that is on its way."""
        answer = await self.courier.send(request(text, **how), target)
        assert isinstance(answer, Parcel), answer
        return answer

    async def refused(self, target: Target = NOTE, text: Any = TEXT, **how: Any) -> Refusal:
        """A request that is refused."""
        answer = await self.courier.send(request(text, **how), target)
        assert isinstance(answer, Refusal)
        return answer

    async def delivered(self, target: Target = NOTE, text: Any = TEXT, **how: Any) -> Receipt:
        """What becomes of a note."""
        return await (await self.send(target, text, **how)).delivered()

    def row(self, parcel: Parcel | str) -> Row:
        """What the journal knows of it."""
        return rows(self.database)[parcel if isinstance(parcel, str) else parcel.request.id]


def rows(database: Path) -> dict[str, Row]:
    """The whole journal as it is on the disk."""
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute("select id, state, mark, expires from journal").fetchall()
    return {id: Row(State(state), mark, expires) for id, state, mark, expires in found}


@asynccontextmanager
async def at_work(
    fake: FakeDiscord,
    opened: Opened,
    folder: Path,
    *,
    settings: DiscordSettings | None = None,
    client: dict[str, Any] | None = None,
    real: bool = False,
    **how: Any,
) -> AsyncIterator[Office]:
    """One run of the process, over the database in the folder; it ends as a shutdown does.

    With ``real`` there are rooms in which something is heard, in place of the scripted ones.
    """
    settings = settings or DiscordSettings()
    async with opened(**how) as speaker, connected(fake, **(client or {})) as connection:
        scripted = ScriptedRooms()
        rooms = Rooms(connection, speaker, settings) if real else cast(Rooms, scripted)
        wall = {"wall": how["wall"]} if "wall" in how else {}
        courier = Courier(connection, speaker, rooms, settings, **wall)
        try:
            yield Office(fake, connection, speaker, scripted, courier, folder / "sayso.db")
        finally:
            await courier.close()
            if real:
                await rooms.close()


@asynccontextmanager
async def connected(fake: FakeDiscord, **options: Any) -> AsyncIterator[discord.Client]:
    """A client of the unpatched library that is ready."""
    client = discord.Client(intents=INTENTS, connector=fake.connector(), guild_ready_timeout=0.05, **options)
    running = asyncio.create_task(client.start(fake.token))
    try:
        await fake.until(client.is_ready)
        yield client
    finally:
        await client.close()
        await running


async def commanded(fake: FakeDiscord, client: discord.Client) -> Used:
    """A way to use a command of the client's, which is answered; what it gives is the interaction."""
    tree: app_commands.CommandTree[Any] = app_commands.CommandTree(client)
    got: asyncio.Queue[discord.Interaction] = asyncio.Queue()

    @tree.command(description="What is to be said")
    async def say(interaction: discord.Interaction) -> None:
        got.put_nowait(interaction)

    await tree.sync()

    async def use(*, ephemeral: bool = False, **where: Any) -> discord.Interaction:
        await fake.slash("say", **where)
        interaction = await got.get()
        await interaction.response.send_message("Making it …", ephemeral=ephemeral)
        return interaction

    return use


def clip(seconds: float = 1.0) -> Clip:
    """Two tones, one louder than the other, as the house encodes them."""
    encoder = SpeechEncoder(target_lufs=-16.0, bitrate=32_000, pause=0.1, loudness=Loudness())
    encoder.begin()
    sound = np.concatenate([tone(seconds / 2), 0.25 * tone(seconds / 2, hertz=500.0)]).astype(np.float32)
    encoder.feed(Pcm(sound, RATE, Utterance("Hello.", "offline", "heart", "en")))
    return encoder.finish()[1]
