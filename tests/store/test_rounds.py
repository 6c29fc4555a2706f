"""What is done again and again."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.errors import StoreError
from bot.store.rounds import Rounds
from tests.doubles.store import Sleep


@pytest.fixture
def sleep() -> Sleep:
    return Sleep(sleepers=1)


async def test_work_is_done_every_round(sleep: Sleep) -> None:
    """Not before the first has passed."""
    done: list[int] = []

    async def work() -> None:
        done.append(1)

    async with Rounds(work, 5.0, sleep, failure="failed"):
        for number in range(3):
            assert len(done) == number
            await sleep.one_round()
        assert len(done) == 3


async def test_a_failure_is_logged_and_the_next_round_comes(sleep: Sleep) -> None:
    """A database that fails for a while ends nothing."""
    outcomes: list[Exception | None] = [StoreError("the disk is full"), None]

    async def work() -> None:
        if (error := outcomes.pop(0)) is not None:
            raise error

    with capture_logs() as logs:
        async with Rounds(work, 5.0, sleep, failure="tidy_failed"):
            await sleep.one_round()
            await sleep.one_round()
    assert logs == [{"event": "tidy_failed", "error": "the disk is full", "log_level": "warning"}]
    assert outcomes == []


async def test_leaving_ends_it_in_the_middle(sleep: Sleep) -> None:
    """Work under way is cancelled and awaited."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with Rounds(work, 5.0, sleep, failure="failed"):
        round_ = asyncio.create_task(sleep.one_round())
        await begun.wait()
    assert ended.is_set()
    round_.cancel()
