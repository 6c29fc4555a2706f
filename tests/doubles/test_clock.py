"""Virtual time."""

from __future__ import annotations

import asyncio

import pytest

from tests.doubles.clock import Deadlock, now, run


def test_time_jumps_to_the_next_timer() -> None:
    """A day of sleeping takes no time, and wakes at the times that were set."""

    async def day() -> list[float]:
        woken: list[float] = []

        async def sleeper(hours: int) -> None:
            await asyncio.sleep(3_600.0 * hours)
            woken.append(now() / 3_600.0)

        await asyncio.gather(*(sleeper(hours) for hours in (24, 1, 7)))
        return woken

    assert run(day()) == [1.0, 7.0, 24.0]


def test_time_stands_while_anybody_works() -> None:
    """Turning over the loop costs no time."""

    async def busy() -> float:
        for _ in range(1_000):
            await asyncio.sleep(0)
        return now()

    assert run(busy(), start=5.0) == 5.0


def test_timeouts_are_virtual() -> None:
    """What waits for something with a timeout gets the timeout, at once and on time."""

    async def late() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60.0):
                await asyncio.Event().wait()
        return now()

    assert run(late()) == 60.0


def test_a_wait_without_end_is_a_deadlock() -> None:
    """A program that nothing can wake fails instead of hanging."""

    async def stuck() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Deadlock):
        run(stuck())
