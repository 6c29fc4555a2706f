"""``python -m bench.discord_hear``: ``/say`` on the loopback Discord, and what a speech recogniser makes of the result.

The whole adapter with the embedded engine and the unpatched discord.py; the voice note is the attachment that was
posted, the voice channel what came over UDP, decrypted (DAVE and transport) and decoded. ``make hear`` runs it too.
"""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np

from bench.chat import LANGUAGES, Spoken, hear
from bench.hear import SENTENCES
from bot.adapters.discord import serve
from bot.app import opened
from bot.config import load
from tests.doubles.discord import FakeDiscord
from tests.doubles.discord.rtp import pcm

WAYS = ("note", "channel")


def main() -> None:
    hear(_spoken)


async def _spoken(folder: Path) -> Sequence[Spoken]:
    sounds = []
    async with FakeDiscord(dave="bot_joins") as fake, _sayso(fake, folder):
        for way in WAYS:
            for language in LANGUAGES:
                for number, text in enumerate(SENTENCES[language]):
                    sound = folder / f"{way}-{language}-{number}.{'ogg' if way == 'note' else 'wav'}"
                    await (_note if way == "note" else _channel)(fake, text, sound)
                    sounds.append(Spoken(way, language, text, sound))
        if fake.errors:
            raise SystemExit(fake.errors[0])
    return sounds


@asynccontextmanager
async def _sayso(fake: FakeDiscord, folder: Path) -> AsyncIterator[None]:
    """Sayso's own bot, connected to the loopback."""
    loaded = load(environ={}, overrides=[f"data_dir={folder / 'data'}"], folder=folder)
    stop = asyncio.Event()
    async with opened(loaded) as app:
        options = {"guild_ready_timeout": 0.05}
        serving = asyncio.create_task(
            serve(app.speaker, loaded.settings.discord, fake.token, stop, options=lambda: options | _connector(fake))
        )
        await fake.until(lambda: "global" in fake.commands and any(g.identify for g in fake.gateways), timeout=30)
        yield
        stop.set()
        await serving


def _connector(fake: FakeDiscord) -> dict[str, object]:
    return {"connector": fake.connector()}


async def _note(fake: FakeDiscord, text: str, sound: Path) -> None:
    before = len(fake.notes())
    await fake.slash("say", text=text, where="note")
    await fake.until(lambda: len(fake.notes()) > before, timeout=60)
    await asyncio.to_thread(sound.write_bytes, fake.notes()[-1].data)


async def _channel(fake: FakeDiscord, text: str, sound: Path) -> None:
    before = len(fake.voice[fake.guild_id].audio_packets()) if fake.guild_id in fake.voice else 0
    ix = await fake.slash("say", text=text, where="channel")
    await ix.wait(lambda ix: "sayso:replay" in str(ix.original), 60)
    samples = pcm(fake.voice[fake.guild_id].audio_packets()[before:])[0]
    with wave.open(str(sound), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


if __name__ == "__main__":
    main()
