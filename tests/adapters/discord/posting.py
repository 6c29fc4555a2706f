"""What the tests of the post share: a client that is ready, a command to be used, and clips of many lengths."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import discord
import numpy as np
from discord import app_commands

from bot.speech import Clip, Pcm, Utterance
from bot.tts.audio import Loudness, SpeechEncoder
from tests.doubles.discord import FakeDiscord
from tests.doubles.engine import RATE, tone

INTENTS = discord.Intents(guilds=True, voice_states=True, guild_messages=True, dm_messages=True)

Used = Callable[..., Coroutine[Any, Any, discord.Interaction]]


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
    """A way to use a command of the client's, which is deferred; what it gives is the interaction."""
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
