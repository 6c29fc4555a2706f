"""An engine that does as it is told: scripted sound, scripted failures, no time of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import TracebackType
from typing import Self

import numpy as np

from bot.errors import EngineError
from bot.speech import SAMPLE_RATE, Pcm, Samples, Utterance
from bot.tts.audio.mp3 import FrameEncoder
from bot.tts.engine import Capabilities, Voice

RATE = 24_000
PIECE = 0.1
"""Seconds of sound in one piece."""


async def at_once(_seconds: float) -> None:
    """No time passes."""


def tone(seconds: float = PIECE, hertz: float = 330.0, rate: int = RATE) -> Samples:
    """A sine at half scale."""
    at = np.arange(int(seconds * rate), dtype=np.float32) / rate
    return (0.5 * np.sin(2 * np.pi * hertz * at)).astype(np.float32)


@cache
def mp3(seconds: float = PIECE) -> tuple[bytes, ...]:
    """The same sine as the frames of an MP3."""
    encoder = FrameEncoder()
    return (*encoder.encode(tone(seconds, rate=SAMPLE_RATE)), *encoder.finish()[0])


@dataclass(frozen=True, slots=True)
class Script:
    """How one utterance goes: ``pieces`` of sound, each after ``delay`` seconds, and then perhaps an error."""

    pieces: int = 3
    delay: float = 0.0
    error: EngineError | None = None


@dataclass(slots=True)
class FakeEngine:
    """Speaks by its scripts, one for each utterance in turn, the last of them for ever after.

    Where its capabilities name a codec it has its sound in that, for who wants it so.

    ``asked`` keeps the utterances in the order in which they were begun, ``finished`` those that became whole;
    ``active`` and ``peak`` count those spoken at once.
    """

    name: str = "fake"
    scripts: Sequence[Script] = (Script(),)
    capabilities: Capabilities = field(
        default_factory=lambda: Capabilities(
            languages=frozenset({"en"}), sample_rate=RATE, max_chars=500, slots=4, streaming=True
        )
    )
    installed: Sequence[Voice] = ()
    sleep: Callable[[float], Awaitable[None]] = at_once
    report: str | EngineError = "1 voice"
    asked: list[Utterance] = field(default_factory=list)
    finished: list[Utterance] = field(default_factory=list)
    active: int = 0
    peak: int = 0
    entered: int = 0

    async def voices(self) -> Sequence[Voice]:
        return self.installed

    async def synthesize(self, utterance: Utterance) -> AsyncGenerator[Pcm, None]:
        script = self.scripts[min(len(self.asked), len(self.scripts) - 1)]
        self.asked.append(utterance)
        self.active += 1
        self.peak = max(self.peak, self.active)
        try:
            for _ in range(script.pieces):
                await self.sleep(script.delay)
                yield self._piece(utterance)
            if script.error is not None:
                await self.sleep(script.delay)
                raise script.error
            self.finished.append(utterance)
        finally:
            self.active -= 1

    def _piece(self, utterance: Utterance) -> Pcm:
        if utterance.codec is self.capabilities.codec:
            return Pcm(tone(0.0), RATE, utterance, mp3())
        return Pcm(tone(), RATE, utterance)

    async def check(self) -> str:
        if isinstance(self.report, EngineError):
            raise self.report
        return self.report

    async def __aenter__(self) -> Self:
        self.entered += 1
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.entered -= 1
