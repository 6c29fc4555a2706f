"""Time and clips for tests of the store."""

from __future__ import annotations

import asyncio

from bot.speech import Clip, EngineVoice, Spoken, Utterance


class Clock:
    """Unix time, which moves only when it is told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


class Sleep:
    """A sleep of a store's housekeepers, of whom there are ``sleepers``, that lasts until :meth:`one_round` ends it."""

    def __init__(self, sleepers: int = 2) -> None:
        self._sleepers = sleepers
        self._asleep = 0
        self._all_asleep = asyncio.Event()
        self._end = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self._asleep += 1
        if self._asleep == self._sleepers:
            self._all_asleep.set()
        await self._end.wait()

    async def one_round(self) -> None:
        """Wait for all to sleep, wake them, and return when all sleep again."""
        await self._all_asleep.wait()
        self._all_asleep.clear()
        self._asleep = 0
        self._end.set()
        self._end = asyncio.Event()
        await self._all_asleep.wait()


def utterance(text: str = "Hello there.", **changes: object) -> Utterance:
    """A sentence with every field filled."""
    values: dict[str, object] = {
        "text": text,
        "engine": "edge",
        "voice": "en-US-AriaNeural",
        "language": "en",
        "rate": 1.25,
        "revision": "7",
        "alternatives": (EngineVoice("offline", "hibari", "2"),),
        "instead_of": "indextts",
    }
    return Utterance(**{**values, **changes})  # type: ignore[arg-type]


def clip(text: str = "Hello there.", size: int = 3000) -> Clip:
    """A clip of ``size`` bytes of something that says ``text``."""
    return Clip(b"OggS" + bytes(size - 4), 1.5, bytes(range(16)), (Spoken(utterance(text), 0.0),))
