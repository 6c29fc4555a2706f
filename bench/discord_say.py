"""``/say`` on Discord: from the interaction to the deferred answer and to the first RTP packet, and autocompletion.

The loopback Discord is in this process and stamps what arrives; the bot, with the unpatched library, the whole adapter
and the embedded engine, is in another. So the figures hold what TLS, JSON and the loopback take on both sides, but no
network; what this side takes of a processor for each command is among them.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median, quantiles

import discord
from discord.ext import commands

from bench.report import main
from bot.adapters.discord import install, uninstall
from bot.app import opened
from bot.config import LogSettings, load
from bot.log import configure
from tests.doubles.discord import FakeDiscord, Interaction, tls
from tests.doubles.discord.rtp import SILENCE

TEXT = "Hello there."
ROUNDS = 60
TYPED = ("", "h", "he", "heart", "ja", "xiao", "female", "en-US", "nobody")
PATIENCE = 30.0
"""Seconds for one round, in which the engine may have to start."""

INTENTS = discord.Intents(guilds=True, voice_states=True, guild_messages=True)


def measure() -> dict[str, float]:
    """Milliseconds: medians, and what 95 of 100 stay below."""
    tls.server_context()  # before the fork: both sides then trust the same throw-away authority
    ours, theirs = multiprocessing.Pipe()
    with tempfile.TemporaryDirectory() as data:
        process = multiprocessing.get_context("fork").Process(target=_bot, args=(theirs, Path(data)))
        process.start()
        try:
            figures = asyncio.run(_measure(ours))
            process.join(PATIENCE)
            return figures
        finally:
            process.kill()


# The other process


def _bot(pipe: Connection, data: Path) -> None:
    configure(LogSettings(level="error"))
    asyncio.run(_serve(pipe, data))


async def _serve(pipe: Connection, data: Path) -> None:
    """A bot on the loopback at the port that comes through the pipe, until something else does."""
    port, token = await asyncio.to_thread(pipe.recv)
    loaded = load(environ={}, overrides=[f"data_dir={data}", "log.level=error"], folder=data)
    async with opened(loaded) as app:
        bot = commands.Bot("!", intents=INTENTS, connector=tls.connector(port, []), guild_ready_timeout=0.05)
        ready = asyncio.Event()

        async def on_ready() -> None:
            ready.set()

        bot.add_listener(on_ready)
        await install(bot, app.speaker)
        running = asyncio.create_task(bot.start(token))
        await ready.wait()
        await bot.tree.sync()
        pipe.send("ready")
        await asyncio.to_thread(pipe.recv)
        await uninstall(bot)
        await bot.close()
        await asyncio.wait([running])
        pipe.send("gone")


# This process


async def _measure(pipe: Connection) -> dict[str, float]:
    async with FakeDiscord(dave="bot_joins") as fake:
        pipe.send((fake.port, fake.token))
        await asyncio.to_thread(pipe.recv)
        for _ in range(3):
            await _say(fake)  # comes into the channel, makes it, keeps it
        began = time.process_time()
        rounds = [await _say(fake) for _ in range(ROUNDS)]
        spent = (time.process_time() - began) / ROUNDS
        typed = [await _type(fake, TYPED[number % len(TYPED)]) for number in range(ROUNDS * 2)]
        pipe.send("enough")
        await asyncio.to_thread(pipe.recv)
        if fake.errors:
            raise SystemExit(fake.errors[0])
    figures = {name: [one[name] for one in rounds] for name in rounds[0]}
    return _summed(figures | {"autocomplete": typed}) | {
        "the loopback's processor time for each /say, ms": spent * 1000
    }


async def _say(fake: FakeDiscord) -> Mapping[str, float]:
    """Seconds from the interaction to what came of it; returns when it was heard to its end."""
    session = fake.voice.get(fake.guild_id)
    before = len(session.packets) if session else 0
    ix = await fake.slash("say", text=TEXT)
    await ix.wait(lambda ix: (ix.content or "").startswith("🔊 Spoken"), PATIENCE)
    packets = fake.voice[fake.guild_id].packets[before:]
    speech = next(packet for packet in packets if packet.opus != SILENCE)
    assert ix.acked is not None
    return {
        "/say to deferred answer": ix.acked - ix.created,
        "/say to first RTP packet, cache hit": packets[0].at - ix.created,
        "/say to first packet of speech, cache hit": speech.at - ix.created,
    }


async def _type(fake: FakeDiscord, typed: str) -> float:
    """Seconds until the choices are there."""
    await fake.autocomplete("say", "voice", text=TEXT, voice=typed)
    ix: Interaction = list(fake.interactions.values())[-1]
    assert ix.acked is not None
    return ix.acked - ix.created


def _summed(figures: Mapping[str, list[float]]) -> dict[str, float]:
    ways: Mapping[str, Callable[[list[float]], float]] = {"p50": median, "p95": lambda all: quantiles(all, n=20)[-1]}
    return {f"{name}, {how}, ms": way(all) * 1000 for name, all in figures.items() for how, way in ways.items()}


if __name__ == "__main__":
    main(measure)
