"""Once more, when an engine failed before its first sound and the same call may succeed a little later."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Self

import structlog

from bot import metrics
from bot.errors import EngineError
from bot.speech import Pcm, Utterance
from bot.tts.engine import Capabilities, Engine, Voice

_log = structlog.get_logger()


class Retry:
    """An engine over an engine: at most ``attempts`` calls, within ``within`` seconds of the first.

    Between them it pauses ``pause`` seconds, doubled each time, up to ``longest``, between half and one and a half of
    that by jitter; or longer if the engine asked for that (``retry_after``). A pause that does not fit is not begun,
    and the error is raised at once. Only what is ``retryable`` is tried again, and nothing of which a sound was heard.
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
        self._attempts = attempts
        self._within = within
        self._first = pause
        self._longest = longest
        self._clock = clock
        self._sleep = sleep
        self._chance = chance

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

    async def synthesize(self, utterance: Utterance) -> AsyncGenerator[Pcm, None]:
        """Speak, after as many attempts as that takes. Raises the error of the last."""
        deadline = self._clock() + self._within
        attempt = 0
        while True:
            attempt += 1
            begun = False
            try:
                async with aclosing(self._engine.synthesize(utterance)) as sound:
                    async for pcm in sound:
                        begun = True
                        yield pcm
                return
            except EngineError as error:
                pause = None if begun else self._pause(error, attempt)
                if pause is None or self._clock() + pause >= deadline:
                    raise
                metrics.RETRIES.labels(self.name).inc()
                _log.info("engine_tried_again", engine=self.name, attempt=attempt, error=type(error).__name__)
            # Here the call is over: neither a connection nor a slot of the engine is held through the pause.
            await self._sleep(pause)

    async def check(self) -> str:
        """What the engine says of itself; asked once."""
        return await self._engine.check()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def _pause(self, error: EngineError, attempt: int) -> float | None:
        """Seconds before the next attempt; None if there is none."""
        if not error.retryable or attempt >= self._attempts:
            return None
        own = min(self._first * 2.0 ** (attempt - 1), self._longest) * (0.5 + self._chance())
        return max(own, error.retry_after or 0.0)
