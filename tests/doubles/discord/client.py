"""A bot of discord.py against the fake: started, ready, and ended; and a tone for it to play."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import av
import numpy as np

import discord
from tests.doubles.discord.fake import FakeDiscord
from tests.doubles.discord.rtp import RATE, Samples

Bot = TypeVar("Bot", bound=discord.Client)

INTENTS = discord.Intents(guilds=True, voice_states=True, guild_messages=True, message_content=True)


class Prompt(discord.Client):
    """A client that identifies anew at once, where the library waits 5 s."""

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        return None


def plain(fake: FakeDiscord, intents: discord.Intents = INTENTS) -> discord.Client:
    """A client that does nothing by itself."""
    return Prompt(intents=intents, connector=fake.connector(), guild_ready_timeout=0.05)


@asynccontextmanager
async def running(bot: Bot, fake: FakeDiscord) -> AsyncIterator[Bot]:
    """The bot from when it is ready until it is closed. What ends it before is raised."""
    task = asyncio.create_task(bot.start(fake.token))
    try:
        await fake.until(lambda: bot.is_ready() or task.done(), 10.0)
        if task.done():
            task.result()
        yield bot
    finally:
        await bot.close()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def started(fake: FakeDiscord, intents: discord.Intents = INTENTS) -> AsyncIterator[discord.Client]:
    """A plain client, running."""
    async with running(plain(fake, intents), fake) as bot:
        yield bot


class Tone(discord.AudioSource):
    """A sine as ready-made Opus packets of 20 ms; ``ended`` is set when all was taken."""

    def __init__(self, seconds: float = 0.5, hz: float = 440.0) -> None:
        self._packets = opus(sine(seconds, hz))
        self._at = 0

    def is_opus(self) -> bool:
        return True

    def read(self) -> bytes:
        self._at += 1
        return self._packets[self._at - 1] if self._at <= len(self._packets) else b""


def sine(seconds: float, hz: float = 440.0) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Mono at 48 kHz."""
    at = np.arange(int(seconds * RATE)) / RATE
    return (0.5 * np.sin(2 * np.pi * hz * at)).astype(np.float32)


def opus(sound: np.ndarray[tuple[int], np.dtype[np.float32]]) -> list[bytes]:
    """Stereo packets of 20 ms."""
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format, codec.bit_rate = RATE, "stereo", "s16", 64_000
    frame = av.AudioFrame.from_ndarray((np.repeat(sound, 2) * 32767).astype(np.int16)[None, :], "s16", "stereo")
    frame.sample_rate = RATE
    return [bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)]]


def loudest(sound: Samples) -> float:
    """The frequency that is heard, in Hz, after the codec's first 100 ms."""
    heard = sound[0][RATE // 10 :]
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    return float(np.argmax(spectrum) * RATE / len(heard))


async def play(voice: discord.VoiceClient, source: discord.AudioSource) -> None:
    """Until it has ended, as the library tells."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    voice.play(source, after=lambda error: loop.call_soon_threadsafe(ended.set))
    async with asyncio.timeout(10.0):
        await ended.wait()
