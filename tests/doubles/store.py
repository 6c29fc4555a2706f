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
    """A sleep that lasts until :meth:`wake`."""

    def __init__(self) -> None:
        self._sleepers: list[asyncio.Future[None]] = []

    async def __call__(self, seconds: float) -> None:
        sleeper = asyncio.get_running_loop().create_future()
        self._sleepers.append(sleeper)
        await sleeper

    def wake(self) -> None:
        """End every sleep that has begun."""
        for sleeper in self._sleepers:
            if not sleeper.done():
                sleeper.set_result(None)
        self._sleepers.clear()


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
