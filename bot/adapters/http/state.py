"""How the server is doing: ``/health`` (alive, and how), ``/ready`` (can speak), ``/metrics``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from fastapi.responses import JSONResponse, Response

import bot
from bot.adapters.http.pressings import Pressings, Shelf
from bot.gauges import Gauges, exposition
from bot.health import EngineHealth
from bot.selftest import Outcome, Result, SelfTest
from bot.speaker import Speaker

AGAIN = 30.0
"""Seconds after which a self-test that failed is done again, if somebody asks how the server is: who is not ready is
sent no requests by which it could find out that it is, and an alarm ends only with one that passes."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Turns that ``wait``, and those that have a slot of an engine."""

    waiting: int
    running: int


@dataclass(frozen=True, slots=True)
class Health:
    """That the process is alive, and how it is doing. ``uptime`` is in seconds; ``cache`` is the audio cache,
    ``answers`` what is kept in the format that it was asked for in; ``self_test`` is null where there is none."""

    status: str
    version: str
    uptime: float
    engines: dict[str, EngineHealth]
    queue: Waiting
    cache: dict[str, int | float]
    answers: Shelf
    self_test: Result | None


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether it can speak, and if not, why."""

    ready: bool
    because: str


class State:
    """What is known of a speaker. With a ``test`` it is ready once that has spoken, or an engine has since."""

    def __init__(
        self,
        speaker: Speaker,
        pressings: Pressings,
        test: SelfTest | None = None,
        gauges: Gauges | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._speaker = speaker
        self._pressings = pressings
        self._test = test
        self._gauges = gauges or Gauges(speaker, passed=self._passed)
        self._clock = clock
        self._began = self._tested = clock()
        self._testing: asyncio.Task[Result] | None = None
        self._spoken = False

    def spoke(self) -> None:
        """An engine was heard."""
        self._spoken = True

    async def health(self) -> Health:
        """How everything is."""
        self._test_again()
        dispatcher = self._speaker.dispatcher
        return Health(
            status="ok",
            version=bot.__version__,
            uptime=round(self._clock() - self._began, 3),
            engines={engine.name: engine for engine in await self._speaker.engines()},
            queue=Waiting(dispatcher.waiting(), dispatcher.running()),
            cache=asdict(self._speaker.store.cache.stats()),
            answers=self._pressings.shelf(),
            self_test=None if self._test is None else self._test.result,
        )

    async def ready(self) -> JSONResponse:
        """200 once it can speak, else 503."""
        self._test_again()
        because = await self._unready()
        body = {"ready": not because, "because": because}
        return JSONResponse(body, 503, {"retry-after": "1"}) if because else JSONResponse(body)

    async def metrics(self) -> Response:
        """Everything that is counted."""
        self._test_again()
        text, kind = await exposition(self._gauges)
        return Response(text, headers={"content-type": kind})

    async def _unready(self) -> str:
        """Why it cannot speak; empty if it can."""
        if self._speaker.dispatcher.closing:
            return "Sayso is closing."
        engines = await self._speaker.engines()
        if not any(map(_able, engines)):
            return "No engine can speak now: " + "; ".join(map(_inability, engines)) + "."
        if self._test is None or self._spoken or self._test.result.turns:
            return ""
        if self._test.result.outcome is Outcome.FAILED:
            return f"The self-test failed: {self._test.result.wrong}"
        return "The self-test is still going on."

    def _passed(self) -> bool | None:
        """The verdict of the self-test, where there is one."""
        outcomes = {Outcome.PASSED: True, Outcome.FAILED: False}
        return None if self._test is None else outcomes.get(self._test.result.outcome)

    def _test_again(self) -> None:
        """Do the self-test once more where it has failed; who asks does not wait for it."""
        if self._test is None or self._test.result.outcome is not Outcome.FAILED or self._speaker.dispatcher.closing:
            return
        if self._clock() - self._tested >= AGAIN and (self._testing is None or self._testing.done()):
            self._tested = self._clock()
            self._testing = asyncio.create_task(self._test.run())


def _able(engine: EngineHealth) -> bool:
    return engine.speaks and engine.breaker != "open"


def _inability(engine: EngineHealth) -> str:
    if not engine.speaks:
        return f"{engine.name} has no voices"
    return f"{engine.name} failed several times and is left alone for {max(1, round(engine.opens_in or 0.0))} s"
