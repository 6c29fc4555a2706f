"""What the tests of sending share: time that passes as soon as somebody waits for it, and something to be heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
import telegram

from bot.adapters.telegram.messenger import Kind, Messenger, Place, Sound
from bot.adapters.telegram.post import Post
from bot.speech import Pcm, Utterance
from bot.tts.audio import Loudness, SpeechEncoder
from tests.doubles.telegram import FakeTelegram, Person
from tests.doubles.telegram.client import a_bot

RATE = 24_000


class Leap:
    """A clock that leaps over whatever is slept."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


@dataclass(slots=True)
class Desk:
    """A messenger at a loopback Telegram, whose waiting costs no time. ``moved`` is what it was told of migrations."""

    fake: FakeTelegram
    bot: telegram.Bot
    messenger: Messenger
    time: Leap
    moved: list[tuple[int, int]]

    @property
    def ann(self) -> Person:
        """Somebody to write to."""
        return next(one for one in self.fake.world.accounts.values() if isinstance(one, Person))

    @property
    def place(self) -> Place:
        """Her chat."""
        return Place(self.ann.id)


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    """A messenger with somebody to write to; all that it asks must be known to the loopback."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        fake.person("Ann")
        time, moved = Leap(), list[tuple[int, int]]()
        post = Post(clock=time, sleep=time.sleep)
        messenger = Messenger(bot, post, lambda old, new: moved.append((old, new)), clock=time, sleep=time.sleep)
        yield Desk(fake, bot, messenger, time, moved)
        await post.close()
        assert fake.unknown == []


def ogg(seconds: float = 1.0) -> bytes:
    """A tone, as the house encodes it."""
    encoder = SpeechEncoder(target_lufs=-16.0, bitrate=32_000, pause=0.1, loudness=Loudness())
    encoder.begin()
    times = np.arange(int(seconds * RATE)) / RATE
    tone = (0.3 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)
    encoder.feed(Pcm(tone, RATE, Utterance("Hello.", "offline", "heart", "en")))
    return encoder.finish()[1].ogg


OGG = ogg()
"""About a second."""


@dataclass(slots=True)
class Known:
    """What Telegram has of a sound: the file ids by form."""

    ids: dict[Kind, str] = field(default_factory=dict)

    async def find(self, kind: Kind) -> str | None:
        return self.ids.get(kind)

    @asynccontextmanager
    async def turn(self, kind: Kind, wrong: str | None) -> AsyncIterator[str | None]:
        yield None if self.ids.get(kind) == wrong else self.ids.get(kind)

    def keep(self, kind: Kind, id: str) -> None:
        self.ids[kind] = id


def sound(file_id: str | None = None, seconds: float = 1.2) -> Sound:
    """Something to send, that Telegram may have as a voice message already."""
    return Sound(lambda: OGG, seconds, Known({} if file_id is None else {Kind.VOICE: file_id}))
