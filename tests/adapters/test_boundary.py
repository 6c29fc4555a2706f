"""What one piece of foreign code does is not another's trouble."""

from __future__ import annotations

import asyncio
import inspect

import pytest
from structlog.testing import capture_logs

from bot.adapters.boundary import Errands, contained


async def breaks() -> str:
    raise RuntimeError("secret")


async def works() -> str:
    return "done"


async def test_what_goes_well_is_handed_on() -> None:
    """And nothing is logged of it."""
    with capture_logs() as logs:
        assert await contained(works(), "it_crashed") == "done"
    assert logs == []


async def test_a_crash_is_logged_by_its_kind_and_place() -> None:
    """Never by its words, which may be a person's."""
    with capture_logs() as logs:
        assert await contained(breaks(), "it_crashed", guild="chat:1") is None
    [entry] = logs
    assert (entry["event"], entry["error"], entry["guild"]) == ("it_crashed", "RuntimeError", "chat:1")
    assert "breaks" in str(entry["where"])
    assert "secret" not in str(entry)


async def test_who_is_cancelled_ends() -> None:
    """That is no crash, but a wish."""

    async def waits() -> None:
        await asyncio.Event().wait()

    with capture_logs() as logs:
        task = asyncio.create_task(contained(waits(), "it_crashed"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert logs == []


async def test_errands_are_done_beside_each_other() -> None:
    """A crash of one is logged and does not touch the others; what is done is forgotten."""
    errands, gate, done = Errands(), asyncio.Event(), list[str]()

    async def waits() -> None:
        await gate.wait()
        done.append("done")

    with capture_logs() as logs:
        errands.start(waits(), "it_crashed")
        errands.start(breaks(), "it_crashed", guild="chat:1")
        errands.start(waits(), "it_crashed")
        assert len(errands) == 3
        gate.set()
        await asyncio.wait(errands._tasks)
    assert done == ["done", "done"]
    assert [(entry["event"], entry["guild"]) for entry in logs] == [("it_crashed", "chat:1")]
    assert len(errands) == 0


async def test_what_is_under_way_at_the_end_is_given_up() -> None:
    """It may still put its things away, and that is waited for."""
    errands, begun, put_away = Errands(), asyncio.Event(), list[str]()

    async def tidy() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            put_away.append("all")

    errands.start(tidy(), "it_crashed")
    await begun.wait()
    await errands.close()
    assert put_away == ["all"]
    assert len(errands) == 0


async def test_what_had_not_begun_at_the_end_is_left_with_nothing_open() -> None:
    """A coroutine that nobody awaits would be complained of by Python, long afterwards."""
    errands, coroutine = Errands(), works()
    errands.start(coroutine, "it_crashed")
    await errands.close()
    assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED


async def test_there_need_be_nothing_to_close() -> None:
    """Whoever never had an errand ends at once."""
    await Errands().close()
