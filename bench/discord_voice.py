"""What a minute in a Discord voice channel costs the bot: ``python -m bench.discord_voice [--json]``.

The same sound, as long as a spoken message, is played in real time to the loopback Discord, end-to-end encrypted, in
turn by a room of Sayso's and by discord.py's three ways of playing a file. Counted is the processor time of this
process, in which the bot is, and of the ffmpeg processes it starts; the loopback is in a process of its own. The floor
is what discord.py's player takes for packets that lie ready: waking 50 times a second, encrypting twice, sending.
Medians of :data:`RUNS` runs each.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import cast

import av
import discord
import numpy as np
from discord import opus

from bench.report import main
from bot.adapters.discord.voice import Item, Outcome, Rooms
from bot.config import DiscordSettings, LogSettings
from bot.log import configure
from bot.said import Figures, Said
from bot.speaker import Speaker
from bot.speech import Clip, Pcm, Request, Speech, Utterance
from bot.tts.audio import SpeechEncoder, decode, packets
from tests.adapters.discord.voice.scene import Memory
from tests.doubles.discord import FakeDiscord, tls

SENTENCE = Path(__file__).parents[1] / "tests" / "data" / "sea-shells.flac"
SECONDS = 8.0
RUNS = 3
PATIENCE = 10.0

PCM, OPUS, COPY = "FFmpegPCMAudio", "FFmpegOpusAudio", "FFmpegOpusAudio, codec=copy"
OURS, FLOOR = "Sayso", "the floor"


class Ready(discord.AudioSource):
    """The packets of an Ogg file, read beforehand."""

    def __init__(self, path: str) -> None:
        self._packets = iter(packets(Path(path).read_bytes()))

    def is_opus(self) -> bool:
        return True

    def read(self) -> bytes:
        return next(self._packets, b"")


SOURCES: dict[str, Callable[[str], discord.AudioSource]] = {
    FLOOR: Ready,
    PCM: discord.FFmpegPCMAudio,
    OPUS: discord.FFmpegOpusAudio,
    COPY: lambda path: discord.FFmpegOpusAudio(path, codec="copy"),
}

Play = Callable[[], Awaitable[None]]


def measure() -> dict[str, float]:
    """Processor seconds for each minute of playback."""
    tls.server_context()  # before the fork: both sides then trust the same throw-away authority
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_discord, args=(theirs,))
    process.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            return asyncio.run(_measure(ours, _spoken(Path(folder))))
    finally:
        process.kill()


# The other process


def _discord(pipe: Connection) -> None:
    configure(LogSettings(level="error"))
    asyncio.run(_serve(pipe))


async def _serve(pipe: Connection) -> None:
    async with FakeDiscord(dave="bot_joins") as fake:
        pipe.send((fake.port, fake.token))
        await asyncio.to_thread(pipe.recv)


# This process


def _spoken(folder: Path) -> tuple[Clip, Path]:
    """Speech of the wanted length as Sayso makes it, and as a file."""
    sound, rate = decode(SENTENCE)
    whole = np.tile(sound, round(SECONDS * rate / sound.size + 0.5))[: round(SECONDS * rate)]
    encoder = SpeechEncoder()
    encoder.feed(Pcm(whole, rate, Utterance("Sea shells.", "offline", "heart", "en")))
    _, clip = encoder.finish()
    path = folder / "speech.ogg"
    path.write_bytes(clip.ogg)
    return clip, path


async def _measure(pipe: Connection, spoken: tuple[Clip, Path]) -> dict[str, float]:
    clip, path = spoken
    port, token = await asyncio.to_thread(pipe.recv)
    spent: dict[str, list[float]] = {}
    async with _bot(port, token) as channel:
        for _ in range(RUNS):
            for way in (OURS, *_rivals()):
                work = _room(channel, clip) if way is OURS else _player(channel, SOURCES[way], path)
                async with work as play:
                    spent.setdefault(way, []).append(await _cost(play) / clip.seconds * 60)
    pipe.send("enough")
    figures = {f"{way}, s of processor a minute": median(runs) for way, runs in spent.items()}
    shares = {f"{OURS} / {way}": median(spent[OURS]) / median(runs) for way, runs in spent.items() if way != OURS}
    return figures | shares


def _rivals() -> list[str]:
    """Those that can play here."""
    if shutil.which("ffmpeg") is None:
        print("ffmpeg is not installed: discord.py's ways of playing a file are left out", file=sys.stderr)
        return [FLOOR]
    if opus.is_loaded() or _loaded():
        return [FLOOR, PCM, OPUS, COPY]
    print("there is no libopus: FFmpegPCMAudio, which encodes in this process, is left out", file=sys.stderr)
    return [FLOOR, OPUS, COPY]


def _loaded() -> bool:
    """The system's libopus as discord.py finds it, or the one that comes with PyAV."""
    if opus._load_default():
        return True
    for library in Path(av.__file__).parents[1].glob("av.libs/libopus-*"):
        opus.load_opus(str(library))
    return opus.is_loaded()


async def _cost(play: Play) -> float:
    """Processor seconds of one run."""
    before = _spent()
    await play()
    return _spent() - before


def _spent() -> float:
    """Of this process and of those children that have ended and were waited for."""
    uses = (resource.getrusage(whom) for whom in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in uses)


@asynccontextmanager
async def _bot(port: int, token: str) -> AsyncIterator[discord.VoiceChannel]:
    """The voice channel in which somebody waits for the bot."""
    intents = discord.Intents(guilds=True, voice_states=True)
    bot = discord.Client(intents=intents, connector=tls.connector(port, []), guild_ready_timeout=0.05)
    running = asyncio.create_task(bot.start(token))
    try:
        async with asyncio.timeout(PATIENCE):
            await _until(bot.is_ready)
        channel = bot.get_channel(int(FakeDiscord.voice_channel))
        assert isinstance(channel, discord.VoiceChannel)
        yield channel
    finally:
        await bot.close()
        await asyncio.wait([running])


@asynccontextmanager
async def _room(channel: discord.VoiceChannel, clip: Clip) -> AsyncIterator[Play]:
    """A room of Sayso's that has joined; what it plays was made before."""
    client = channel.guild.me._state._get_client()
    rooms = Rooms(client, cast(Speaker, None), DiscordSettings(), keep=Memory())
    room = rooms.room(channel.guild)
    assert await room.join(channel) is None

    async def play() -> None:
        said = Said(Request("discord:1", "discord:2", ""), Speech.finished(clip, packets(clip.ogg)), Figures(0.0))
        item = Item(said, channel.id, 2)
        room.play(item)
        assert await item.ended is Outcome.HEARD

    try:
        yield play
    finally:
        await rooms.close()


@asynccontextmanager
async def _player(
    channel: discord.VoiceChannel, source: Callable[[str], discord.AudioSource], path: Path
) -> AsyncIterator[Play]:
    """The library's client, which has joined, playing a file."""
    async with AsyncExitStack() as stack:
        client: discord.VoiceClient = await channel.connect(self_deaf=True)
        stack.push_async_callback(client.disconnect, force=True)
        async with asyncio.timeout(PATIENCE):
            await _until(lambda: client.voice_privacy_code is not None)

        async def play() -> None:
            loop, over = asyncio.get_running_loop(), asyncio.Event()
            made = source(str(path))
            client.play(made, after=lambda error: loop.call_soon_threadsafe(over.set))
            await over.wait()
            await asyncio.to_thread(made.cleanup)  # which waits for its process, so that it is counted

        yield play


async def _until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110 (the library tells nobody)
        await asyncio.sleep(0.01)


if __name__ == "__main__":
    main(measure)
