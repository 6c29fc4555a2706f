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
    """A sleep of one sleeper that lasts until :meth:`one_round` ends it."""

    def __init__(self) -> None:
        self._begun = asyncio.Event()
        self._end = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self._end.clear()
        self._begun.set()
        await self._end.wait()

    async def one_round(self) -> None:
        """Wait for the sleeper to sleep, wake it, and return when it sleeps again."""
        await self._begun.wait()
        self._begun.clear()
        self._end.set()
        await self._begun.wait()


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
