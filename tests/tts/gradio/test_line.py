"""The connection that there is, or the one attempt at it: over scripted connections."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.errors import EngineBroken, EngineError, EngineUnavailable
from bot.tts.gradio.layout import Layout
from bot.tts.gradio.line import Line
from tests.doubles.engine import at_once
from tests.tts.gradio.conftest import until


@dataclass(eq=False)
class Scripted:
    """A connection that does as it is told."""

    there: bool = True
    closed: int = 0
    gradio: str = "6.31"
    layout: Layout = field(default_factory=lambda: Layout("1.5", ()))

    def same(self) -> bool:
        return self.there

    def close(self) -> None:
        self.closed += 1


@dataclass
class Exchange:
    """Makes connections, or fails as scripted, each time when the gate is open."""

    script: list[EngineError] = field(default_factory=list)
    made: list[Any] = field(default_factory=list)
    asked: int = 0
    gate: threading.Event = field(default_factory=threading.Event)

    def connect(self) -> Any:
        self.asked += 1
        self.gate.wait(10)
        if self.script:
            raise self.script.pop(0)
        self.made.append(Scripted())
        return self.made[-1]


def away() -> EngineUnavailable:
    return EngineUnavailable("indextts", "away")


@pytest.fixture
def exchange() -> Exchange:
    made = Exchange()
    made.gate.set()
    return made


def lined(exchange: Exchange, *, attempts: int = 5, sleep: Any = at_once) -> Line:
    return Line("indextts", exchange.connect, attempts=attempts, pause=2.0, sleep=sleep)


async def test_one_connection_serves_everybody(exchange: Exchange) -> None:
    """One after the other and all at once."""
    line = lined(exchange)
    got = [await line.get(), *await asyncio.gather(line.get(), line.get()), await line.get()]
    assert len(set(map(id, got))) == exchange.asked == 1


async def test_many_wait_for_one_attempt(exchange: Exchange) -> None:
    """And who gives up takes it from nobody."""
    exchange.gate.clear()
    line = lined(exchange)
    waiting = [asyncio.create_task(line.get()) for _ in range(4)]
    await until(lambda: exchange.asked == 1)
    waiting[0].cancel()
    await asyncio.gather(waiting[0], return_exceptions=True)
    exchange.gate.set()
    got = await asyncio.gather(*waiting[1:])
    assert len(set(map(id, got))) == exchange.asked == 1


async def test_a_failure_is_everybodys_who_waited_and_the_next_tries_again(exchange: Exchange) -> None:
    """Nobody is told of an old one."""
    exchange.script = [away()]
    line = lined(exchange)
    got = await asyncio.gather(line.get(), line.get(), return_exceptions=True)
    assert [type(one) for one in got] == [EngineUnavailable] * 2
    assert line.connection is None
    assert await line.get() is exchange.made[0]
    assert exchange.asked == 2


async def test_what_is_not_the_same_is_closed_and_made_anew(exchange: Exchange) -> None:
    """The web UI was restarted, or is not there."""
    line = lined(exchange)
    first = await line.get()
    exchange.made[0].there = False
    second = await line.get()
    assert second is not first
    assert line.connection is second
    await until(lambda: exchange.made[0].closed == 1)


async def test_what_was_dropped_is_closed_and_another_is_not(exchange: Exchange) -> None:
    """Who drops what has been replaced already does no harm."""
    line = lined(exchange)
    first = await line.get()
    line.drop(first)
    second = await line.get()
    line.drop(first)
    assert line.connection is second
    await until(lambda: exchange.made[0].closed == 2)
    assert exchange.made[1].closed == 0


async def test_it_tries_in_the_background(exchange: Exchange) -> None:
    """So many times, so far apart, and stops when it is connected."""
    exchange.script = [away(), away()]
    paused: list[float] = []

    async def sleep(seconds: float) -> None:
        paused.append(seconds)

    line = lined(exchange, sleep=sleep)
    line.begin()
    await until(lambda: line.connection is not None)
    assert (exchange.asked, paused) == (3, [2.0, 2.0])
    await line.close()


async def test_what_cannot_be_is_not_tried_again(exchange: Exchange) -> None:
    """Waiting installs no library and turns no app into another."""
    exchange.script = [EngineBroken("indextts", "no")] * 3
    line = lined(exchange)
    line.begin()
    await until(lambda: len(exchange.script) == 2)
    await asyncio.sleep(0.05)
    assert exchange.asked == 1
    await line.close()


async def test_a_failure_that_nobody_waited_for_is_nobodys(exchange: Exchange) -> None:
    """The event loop is not left with an exception that was never looked at: pytest would tell."""
    exchange.script = [away()]
    exchange.gate.clear()
    line = lined(exchange)
    waiting = asyncio.create_task(line.get())
    await until(lambda: exchange.asked == 1)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    exchange.gate.set()
    await until(lambda: not exchange.script)
    assert await line.get() is exchange.made[0]


async def test_closing_hangs_up(exchange: Exchange) -> None:
    """Once, and on what there is."""
    line = lined(exchange)
    await line.get()
    await line.close()
    assert exchange.made[0].closed == 1
    assert line.connection is None


async def test_closing_while_it_connects_hangs_up_on_what_comes(exchange: Exchange) -> None:
    """It is not waited for, and not forgotten."""
    exchange.gate.clear()
    line = lined(exchange)
    line.begin()
    await until(lambda: exchange.asked == 1)
    async with asyncio.timeout(5):
        await line.close()
    exchange.gate.set()
    await until(lambda: bool(exchange.made) and exchange.made[0].closed == 1)


async def test_closing_does_not_wait_for_who_does_not_let_go(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A little politeness is enough."""
    monkeypatch.setattr("bot.tts.gradio.line._FAREWELL", 0.05)
    gate = threading.Event()
    line = lined(exchange)
    await line.get()
    monkeypatch.setattr(exchange.made[0], "close", lambda: gate.wait(10))
    async with asyncio.timeout(5):
        await line.close()
    gate.set()
