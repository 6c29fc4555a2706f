"""Clips on their way into the database, and what is forgotten or moved meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from functools import partial
from typing import Any

import pytest

from bot.errors import StoreError
from bot.store import AudioCache, Store
from bot.store.arrivals import Arrival, Arrivals
from tests.doubles.store import Clock, Sleep, clip

Work = Callable[[], Coroutine[Any, Any, object]]

ANN, BOB, GUILD = "discord:1", "discord:2", "discord:42"


class Desk:
    """Writes down what it is given when it is let, or fails as it is told."""

    def __init__(self) -> None:
        self.batches: list[str] = []
        self.fails: list[Exception] = []
        self.turns = asyncio.Semaphore(0)

    async def keep(self, arrivals: Sequence[Arrival]) -> None:
        self.batches.append("".join(arrival.key for arrival in arrivals))
        await self.turns.acquire()
        if self.fails:
            raise self.fails.pop(0)


@pytest.fixture
async def desk() -> Desk:
    return Desk()


def _arrival(key: str) -> Arrival:
    return Arrival(clip(key), {"key": key}, None)


async def _begin(*coming: Work) -> list[asyncio.Task[object]]:
    """Begin each as far as it goes by itself, one after the other."""
    tasks = []
    for come in coming:
        tasks.append(asyncio.create_task(come()))
        for _ in range(3):
            await asyncio.sleep(0)
    return tasks


async def test_what_comes_meanwhile_is_written_with_the_next(desk: Desk) -> None:
    """And nobody is told before it is there."""
    arrivals = Arrivals(desk.keep)
    puts = await _begin(*(partial(arrivals.put, _arrival(key)) for key in "abc"))
    assert desk.batches == ["a"]
    assert not any(put.done() for put in puts)
    desk.turns.release()
    await puts[0]
    assert not any(put.done() for put in puts[1:])
    desk.turns.release()
    await asyncio.gather(*puts)
    assert desk.batches == ["a", "bc"]


@pytest.mark.parametrize("error", [StoreError("the disk is full"), OverflowError("too large for an integer")])
async def test_whatever_fails_is_told_to_those_it_is_about_and_the_next_are_written(
    desk: Desk, error: Exception
) -> None:
    """Of whatever kind: nobody is left to wait for ever."""
    arrivals = Arrivals(desk.keep)
    desk.fails = [error]
    puts = await _begin(*(partial(arrivals.put, _arrival(key)) for key in "ab"))
    desk.turns.release()
    desk.turns.release()
    async with asyncio.timeout(10):
        assert await asyncio.gather(*puts, return_exceptions=True) == [error, None]


async def test_settling_waits_for_what_has_come_by_then(desk: Desk) -> None:
    """Also for what waits behind that which is being written, and whatever becomes of it; not for what comes later."""
    arrivals = Arrivals(desk.keep)
    await arrivals.settle()
    first, second, settled = await _begin(
        lambda: arrivals.put(_arrival("a")), lambda: arrivals.put(_arrival("b")), arrivals.settle
    )
    desk.turns.release()
    await first
    (later,) = await _begin(lambda: arrivals.put(_arrival("c")))
    assert not settled.done()
    desk.fails = [StoreError("the disk is full")]
    desk.turns.release()
    await settled
    assert second.done()
    assert isinstance(second.exception(), StoreError)
    assert not later.done()
    desk.turns.release()
    await later


@pytest.fixture
async def cache(url: str, clock: Clock, sleep: Sleep) -> AsyncIterator[AudioCache]:
    """A cache that is open and empty, and has just learnt which clips there are."""
    async with Store.open(url, clock=clock, sleep=sleep) as store:
        await sleep.one_round()
        yield store.cache


async def _crowded(cache: AudioCache, then: Work) -> None:
    """Begin ``then`` while clips are written, one more of ANN's waits behind them, and she hears one; see all through.

    The clip that waits is called ``secret``.
    """
    tasks = await _begin(
        *(partial(cache.put, f"o{number}", clip(), user=BOB, guild=GUILD) for number in range(3)),
        lambda: cache.put("secret", clip("My secret words."), user=ANN, guild="discord:43"),
        then,
    )
    await asyncio.gather(*tasks)


async def test_what_waits_to_be_written_is_forgotten_as_well(cache: AudioCache) -> None:
    """On disk and in memory, and it is known to be gone; what others said stays."""
    await _crowded(cache, lambda: cache.forget(ANN))
    assert await cache.export(ANN) == []
    assert await cache.get("secret") is None
    assert not cache._keys.may_have("secret")
    assert [await cache.get(f"o{number}") for number in range(3)] == [clip()] * 3
    await cache.prune()
    assert (cache.stats().entries, cache.stats().memory_entries) == (3, 3)


async def test_what_waits_to_be_written_is_cleared_as_well(cache: AudioCache) -> None:
    """It had come before."""
    await _crowded(cache, cache.clear)
    assert await cache.export(ANN) == []
    assert [await cache.get(key) for key in ("secret", "o0", "o1", "o2")] == [None] * 4
    assert not any(cache._keys.may_have(key) for key in ("secret", "o0", "o1", "o2"))
    assert (cache.stats().entries, cache.stats().memory_entries) == (0, 0)


async def test_what_waits_to_be_written_is_told_and_moves_as_well(cache: AudioCache) -> None:
    """For it is kept, only not yet."""
    told: list[list[dict[str, object]]] = []

    async def export() -> None:
        told.append(await cache.export(ANN))

    await _crowded(cache, export)
    assert [each["text"] for each in told[0]] == [["My secret words."]]
    await cache.clear()
    await _crowded(cache, lambda: cache.move("discord:43", "discord:44"))
    assert await cache.latest("discord:43") is None
    latest = await cache.latest("discord:44")
    assert latest is not None
    assert latest.key == "secret"


async def test_who_waits_does_not_outlast_the_writing(desk: Desk) -> None:
    """Where the loop ends everything, nobody is left behind: neither who is being written nor who is next."""
    arrivals = Arrivals(desk.keep)
    puts = await _begin(*(partial(arrivals.put, _arrival(key)) for key in "ab"))
    assert arrivals._writing is not None
    arrivals._writing.cancel()
    async with asyncio.timeout(10):
        outcomes = await asyncio.gather(*puts, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 2
