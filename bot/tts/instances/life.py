"""When a child runs: from when it is wanted until it is idle, again after a crash, and never two at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import structlog

from bot.errors import EngineError, EngineTimeout, EngineUnavailable
from bot.log import where
from bot.metrics import STARTS
from bot.tts.instances.child import Child
from bot.tts.instances.probe import status
from bot.tts.instances.program import Program
from bot.tts.instances.rest import Rest

log = structlog.get_logger()

_GRACE = 5.0
"""Seconds that a child may take to end in order."""
_STUCK = 2
"""So many questions in a row that a running child which has spoken does not answer, and it is stuck."""


class InstanceState(StrEnum):
    """``FAILED`` is between a crash, or a start that came to nothing, and the next start."""

    DOWN = "down"
    STARTING = "starting"
    UP = "up"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Terms:
    """``keep``: started at once and always there. Else it is put down after ``idle_seconds`` without use. A start may
    take ``start_seconds``, the answer to whether it is there ``patience``."""

    keep: bool
    idle_seconds: float
    start_seconds: float
    patience: float


@dataclass(frozen=True, slots=True)
class _Failure:
    kind: type[EngineError]
    why: str


class Life:
    """One child at a time, of one program."""

    def __init__(
        self,
        engine: str,
        label: str,
        terms: Terms,
        rest: Rest,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.state = InstanceState.DOWN
        self.child: Child | None = None
        self.starts = 0
        self.since = 0.0
        self._engine = engine
        self._label = label
        self._terms = terms
        self._rest = rest
        self._clock = clock
        self._sleep = sleep
        self._program: Program | None = None
        self._change: asyncio.Task[_Failure | None] | None = None
        self._failure: _Failure | None = None
        self._idle: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._users = 0
        self._proven = False
        self._unanswered = 0
        self._silent_since = 0.0
        self._closing = False

    def open(self, program: Program) -> None:
        """From now on it may be started; what is to be kept is."""
        self._program = program
        if self._terms.keep:
            self._begin(self._start("least"))

    @asynccontextmanager
    async def used(self) -> AsyncIterator[Child]:
        """The running child, which is not put down meanwhile. Raises EngineError while it cannot be started."""
        child = await self._up()
        self._users += 1
        self._stay()
        try:
            yield child
        finally:
            self._users -= 1
            self._settle()

    def proven(self) -> None:
        """It has done what it is for: after the next crash it is started again soon."""
        self._proven = True
        self._rest.over()

    @property
    def closing(self) -> bool:
        """Whether its end is wanted, and no fault of its own."""
        return self._closing

    def error(self, kind: type[EngineError], why: str) -> EngineError:
        """An error of the engine that says when it is worth while to ask again."""
        return kind(self._engine, why, retry_after=self._rest.left or None)

    async def check(self) -> str:
        """Ask the child if it runs; one that does not is well, unless it has just failed. What is stuck is ended."""
        if self.child is not None and self.state is InstanceState.UP:
            return await self._asked(self.child)
        self._refuse_while_resting()
        return "starting" if self.state is InstanceState.STARTING else "asleep, and started when it is needed"

    async def close(self) -> None:
        """End it in order; who waits for its start is told that it is not to be had."""
        self._closing = True
        if self.child is not None:
            await self.child.put_down(_GRACE if self.state is InstanceState.UP else 0.0)
        if self._change is not None:
            await asyncio.wait({self._change})
        tasks = [*self._tasks, *filter(None, [self._idle])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.child, self.state = None, InstanceState.DOWN

    async def _up(self) -> Child:
        while True:
            if self._closing or self._program is None:
                raise EngineUnavailable(self._engine, f"{self._label} is closed.")
            if self.child is not None and self.state is InstanceState.UP:
                return self.child
            if self._change is None:
                self._refuse_while_resting()
                self._begin(self._start("crash" if self._failure else "demand"))
            assert self._change is not None
            # Shielded: who goes away while it starts takes it from nobody.
            if (failure := await asyncio.shield(self._change)) is not None:
                raise self.error(failure.kind, failure.why)

    def _refuse_while_resting(self) -> None:
        if self.state is InstanceState.FAILED and self._failure is not None and self._rest.left:
            seconds = max(1, round(self._rest.left))
            raise self.error(EngineUnavailable, f"{self._failure.why} It is started again in {seconds} s.")

    def _begin(self, change: Coroutine[Any, Any, _Failure | None]) -> None:
        async def changing() -> _Failure | None:
            try:
                return await change
            finally:
                self._change = None

        self._change = asyncio.create_task(changing())

    async def _start(self, because: str) -> _Failure | None:
        began = self._clock()
        self.state, self.since = InstanceState.STARTING, began
        self.starts += 1
        STARTS.labels(self._engine, because).inc()
        try:
            child = await self._ready()
        except EngineError as error:
            return self._failed(_Failure(type(error), str(error)))
        except Exception as error:  # noqa: BLE001 (whatever it was, it is started again after a rest)
            log.error("instance_start_crashed", instance=self._label, error=type(error).__name__, where=where(error))
            why = f"{self._label} could not be started ({type(error).__name__}); look into the log."
            return self._failed(_Failure(EngineUnavailable, why))
        self.state, self._failure = InstanceState.UP, None
        self._proven, self._unanswered = False, 0
        log.info("instance_started", instance=self._label, because=because, seconds=round(self._clock() - began, 2))
        self._see_to(self._watch(child))
        self._settle()
        return None

    async def _ready(self) -> Child:
        assert self._program is not None
        child = self.child = await Child.start(self._program, self._engine, self._label)
        try:
            if self._closing:
                raise EngineUnavailable(self._engine, f"{self._label} is closed.")
            await child.ready(self._engine, self._program.socket, self._terms.start_seconds)
        except BaseException:
            self.child = None
            await child.put_down(0.0)
            raise
        return child

    async def _watch(self, child: Child) -> None:
        await child.ended()
        if child is self.child:
            self.child = None
            self._failed(_Failure(EngineUnavailable, f"{self._label} has crashed ({child.how})."))

    def _failed(self, failure: _Failure) -> _Failure:
        self._stay()
        if self._closing:
            return failure
        self.state, self._failure = InstanceState.FAILED, failure
        seconds = self._rest.failed()
        log.warning("instance_failed", instance=self._label, error=failure.kind.__name__, pause=round(seconds, 1))
        if self._terms.keep:
            self._see_to(self._again(seconds))
        return failure

    async def _again(self, seconds: float) -> None:
        await self._sleep(seconds)
        if self.state is InstanceState.FAILED and self._change is None:
            self._begin(self._start("crash"))

    def _settle(self) -> None:
        """Where nobody uses it, the time runs until it is put down."""
        if self.state is InstanceState.UP and not (self._terms.keep or self._users or self._closing):
            self._idle = asyncio.create_task(self._idle_away())

    def _stay(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    async def _idle_away(self) -> None:
        await self._sleep(self._terms.idle_seconds)
        # From here on who comes does not call it off, but waits for the end and has another started.
        self._idle = None
        child, self.child = self.child, None
        if child is not None:
            self.state = InstanceState.DOWN
            self._begin(self._put_down(child))

    async def _put_down(self, child: Child) -> None:
        log.info("instance_put_down", instance=self._label)
        await child.put_down(_GRACE)

    async def _asked(self, child: Child) -> str:
        assert self._program is not None
        answer = await self._answer(self._program.socket)
        if answer is None:
            if self._stuck():
                log.warning("instance_stuck", instance=self._label)
                child.kill()
            raise EngineTimeout(self._engine, f"{self._label} does not answer; if it stays so, it is started again.")
        self._unanswered = 0
        if answer != 200:
            raise EngineUnavailable(self._engine, f"{self._label} runs, but cannot speak now.")
        return f"running for {self._clock() - self.since:.0f} s"

    def _stuck(self) -> bool:
        """Whether this question without an answer is one too many. What has not spoken yet may be loading a model by
        its first utterance, which can hold up all else: it is given the time of a start."""
        self._unanswered += 1
        if self._unanswered == 1:
            self._silent_since = self._clock()
        patient = not self._proven and self._clock() - self._silent_since < self._terms.start_seconds
        return self._unanswered >= _STUCK and not patient

    async def _answer(self, socket: Path) -> int | None:
        try:
            async with asyncio.timeout(self._terms.patience):
                return await status(socket)
        except TimeoutError:
            return None

    def _see_to(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
