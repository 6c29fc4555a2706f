"""How a member is doing, asked again and again in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from bot.errors import EngineBroken, EngineError, EngineTimeout
from bot.log import where
from bot.tts.pool.seat import Seat

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a member is checked: every ``every`` seconds while it is well; else after ``first`` seconds, doubled each
    time up to ``longest``, between half and all of that by ``chance``; or when it has had the rest that it asked for.
    An answer may take ``patience`` seconds."""

    every: float
    first: float
    longest: float
    patience: float
    sleep: Callable[[float], Awaitable[None]]
    chance: Callable[[], float]

    def pause(self, seat: Seat) -> float:
        """Seconds until the next check."""
        if seat.rest > 0:
            return seat.rest + self.first * self.chance()
        if not seat.troubled:
            return self.every
        return min(self.longest, self.first * 2.0 ** min(seat.probes, 30)) * (0.5 + 0.5 * self.chance())


class Watch:
    """Checks one member in a task of its own, so that one that hangs holds up nobody else's."""

    def __init__(self, seat: Seat, rhythm: Rhythm) -> None:
        self._seat = seat
        self._rhythm = rhythm
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Check at once, and from then on."""
        self._seat.on_out = self._anew
        self._begin(0.0)

    async def stop(self) -> None:
        """Ask no more."""
        self._seat.on_out = _nothing
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def ask(self) -> EngineError | None:
        """Check now: None if it answered in time, else why not."""
        seat = self._seat
        state = seat.state
        error = await self._asked()
        if error is None:
            seat.answered(state)
        else:
            seat.missed(state, error)
        return error

    async def _asked(self) -> EngineError | None:
        engine = self._seat.engine
        try:
            async with asyncio.timeout(self._rhythm.patience):
                await engine.check()
                await self._seat.learn()
        except TimeoutError:
            return EngineTimeout(engine.name, f"No answer within {self._rhythm.patience:g} s.")
        except EngineError as error:
            return error
        except Exception as error:  # noqa: BLE001 (a surprise in one engine must not end that somebody looks after it)
            _log.error("member_check_crashed", member=self._seat.member.label, where=where(error))
            return EngineBroken(engine.name, f"The check of {engine.name} crashed ({type(error).__name__}).")
        return None

    def _anew(self) -> None:
        """It was left out just now: it is not the time of the next check that counts, nor one that is on its way."""
        for task in self._tasks:
            task.cancel()
        self._begin(self._rhythm.pause(self._seat))

    def _begin(self, pause: float) -> None:
        task = asyncio.create_task(self._look_after(pause), name=f"health of {self._seat.member.label}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look_after(self, pause: float) -> None:
        while True:
            await self._rhythm.sleep(pause)
            if self._seat.rest <= 0:  # what it asked for may have grown meanwhile
                self._seat.probes += self._seat.troubled
                await self.ask()
            pause = self._rhythm.pause(self._seat)


def _nothing() -> None:
    """Nobody looks after it any more."""
