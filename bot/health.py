"""How each engine is doing, for whoever answers for the bot."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from bot.errors import EngineError
from bot.queue import Snapshot
from bot.script import Stage
from bot.tts.engine import Engine

PATIENCE = 2.0
"""Seconds that an engine has to say which voices it has: who asks how all are doing is not held up by one."""


@dataclass(frozen=True, slots=True)
class EngineHealth:
    """An engine that people may choose.

    ``breaker`` is ``closed``, ``open``, ``half_open``, or empty if it has none; ``opens_in`` the seconds until an open
    one is tried again. Of ``slots`` turns at once so many are ``running``, and ``waiting`` wait. ``speaks``: it has
    voices here and now.
    """

    name: str
    breaker: str
    opens_in: float | None
    slots: int
    running: int
    waiting: int
    speaks: bool


async def examine(stage: Stage, desks: Iterable[Snapshot], now: float) -> tuple[EngineHealth, ...]:
    """All engines of the stage, in its order; ``now`` by the clock of their breakers."""
    by_name = {desk.engine: desk for desk in desks}
    return tuple(await asyncio.gather(*(_examined(name, stage, by_name[name], now) for name in stage.engines)))


async def _examined(name: str, stage: Stage, desk: Snapshot, now: float) -> EngineHealth:
    breaker = stage.breakers.get(name)
    until = None if breaker is None else breaker.opens_until
    return EngineHealth(
        name=name,
        breaker="" if breaker is None else breaker.state.value,
        opens_in=None if until is None else max(0.0, until - now),
        slots=desk.slots,
        running=desk.running,
        waiting=desk.waiting,
        speaks=await _speaks(stage.engines[name]),
    )


async def _speaks(engine: Engine) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            return bool(await engine.voices())
    except (EngineError, TimeoutError):
        return False
