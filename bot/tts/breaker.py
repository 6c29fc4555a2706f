"""An engine that keeps failing is left alone for a while."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from enum import StrEnum
from types import TracebackType
from typing import Self

import structlog

from bot.errors import EngineError, EngineUnavailable
from bot.metrics import BREAKER
from bot.speech import Pcm, Utterance
from bot.tts import failures as failing
from bot.tts.engine import Capabilities, Engine, Voice

_log = structlog.get_logger()

_LONGEST_OPEN = 300.0
_PROBE_BUSY = 1.0


class State(StrEnum):
    """Closed lets everyone through, open nobody, half-open a probe."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """An engine over an engine: after ``failures`` of them in ``window`` seconds it refuses at once for a while.

    * It opens when there were that many failures within the window and no fewer than successes, so that one failure in
      twenty does not silence a busy engine; and at once when the engine says how long to stay away (``retry_after``).
    * It stays open for ``open_seconds``, doubled each time that a probe fails, up to ``longest`` (a little more by
      jitter, so that many bots do not return in step); or for as long as the engine asked.
    * Half-open, ``probes`` calls go through at once and all others are refused; a success closes it.
    * Success is a *whole* utterance. An engine that begins and breaks off every time is not well, and a probe is one
      sentence, so little is lost by waiting for its end.
    * A call that is cancelled, or rejected because of its input (``trips`` false), says nothing: it counts neither way
      and gives its probe back.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        failures: int = 5,
        window: float = 60.0,
        open_seconds: float = 60.0,
        longest: float = _LONGEST_OPEN,
        probes: int = 1,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        on_change: Callable[[str, State], None] | None = None,
    ) -> None:
        self._engine = engine
        self._limit = failures
        self._window = window
        self._open_seconds = open_seconds
        self._longest = longest
        self._probes = probes
        self._clock = clock
        self._chance = chance
        self._on_change = on_change
        self._state = State.CLOSED
        self._until = 0.0
        self._reopened = 0
        self._probing = 0
        self._failed: deque[float] = deque()
        self._succeeded: deque[float] = deque()
        for state in State:  # what has not happened yet is counted as never
            BREAKER.labels(engine.name, state.value)

    @property
    def name(self) -> str:
        """The engine's name."""
        return self._engine.name

    @property
    def capabilities(self) -> Capabilities:
        """The engine's capabilities."""
        return self._engine.capabilities

    @property
    def state(self) -> State:
        """Whether calls go through now; an open one is half-open as soon as its time is over."""
        if self._state is State.OPEN and self._clock() >= self._until:
            return State.HALF_OPEN
        return self._state

    @property
    def opens_until(self) -> float | None:
        """Until when it refuses everything, by its clock; None when it does not."""
        return self._until if self.state is State.OPEN else None

    async def voices(self) -> Sequence[Voice]:
        """The engine's voices."""
        return await self._engine.voices()

    async def check(self) -> str:
        """What the engine says of itself; asked past the breaker, and not counted."""
        return await self._engine.check()

    async def synthesize(self, utterance: Utterance) -> AsyncGenerator[Pcm, None]:
        """Speak, or raise EngineUnavailable at once, with ``retry_after``, while the engine is left alone."""
        call = self._admit()
        try:
            async with aclosing(self._engine.synthesize(utterance)) as sound:
                async for pcm in sound:
                    yield pcm
            call.success()
        except EngineError as error:
            failing.count(self.name, error)
            if error.trips:
                call.failure(error.retry_after)
            raise
        finally:
            call.over()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def _admit(self) -> _Call:
        state = self.state
        if state is State.OPEN:
            raise self._refusal(self._until - self._clock())
        if state is State.CLOSED:
            return _Call(self, probe=False)
        if self._probing >= self._probes:
            raise self._refusal(_PROBE_BUSY)
        self._change(State.HALF_OPEN)
        self._probing += 1
        return _Call(self, probe=True)

    def _refusal(self, seconds: float) -> EngineUnavailable:
        message = f"{self.name} failed several times and is left alone for {max(1, round(seconds))} s."
        refusal = EngineUnavailable(self.name, message, retry_after=seconds)
        failing.excuse(refusal)
        return refusal

    def _success(self, probe: bool) -> None:
        if probe and self._state is State.HALF_OPEN:
            self._close()
        elif self._state is State.CLOSED:
            self._succeeded.append(self._clock())
            self._forget()

    def _failure(self, probe: bool, retry_after: float | None) -> None:
        # Calls that were let in before it opened may still fail while it is open or probing: they tell nothing new,
        # unless the engine says now how long to stay away.
        if retry_after is not None:
            self._open(retry_after)
        elif probe and self._state is State.HALF_OPEN:
            self._reopened += 1
            self._open(self._growing())
        elif self._state is State.CLOSED:
            self._failed.append(self._clock())
            self._forget()
            if len(self._failed) >= max(self._limit, len(self._succeeded)):
                self._open(self._growing())

    def _forget(self) -> None:
        horizon = self._clock() - self._window
        for times in (self._failed, self._succeeded):
            while times and times[0] <= horizon:
                times.popleft()

    def _growing(self) -> float:
        # A float overflows at 1,024 doublings, which an engine that stays away for days comes to.
        seconds = min(self._open_seconds * 2.0 ** min(self._reopened, 100), self._longest)
        return seconds * (1.0 + 0.1 * self._chance())

    def _open(self, seconds: float) -> None:
        until = self._clock() + seconds
        if self._state is State.OPEN and until <= self._until:
            return
        self._until = until
        self._failed.clear()
        self._succeeded.clear()
        self._change(State.OPEN)

    def _close(self) -> None:
        self._reopened = 0
        self._change(State.CLOSED)

    def _change(self, state: State) -> None:
        if state is self._state:
            return
        self._state = state
        BREAKER.labels(self.name, state.value).inc()
        _log.info("breaker_changed", engine=self.name, state=state.value)
        if self._on_change is not None:
            self._on_change(self.name, state)


class _Call:
    """One call that was let through: tells its breaker once how it went, and gives its probe back."""

    def __init__(self, breaker: Breaker, *, probe: bool) -> None:
        self._breaker = breaker
        self._probe = probe

    def success(self) -> None:
        self._breaker._success(self._probe)

    def failure(self, retry_after: float | None) -> None:
        self._breaker._failure(self._probe, retry_after)

    def over(self) -> None:
        if self._probe:
            self._breaker._probing -= 1
