"""Events are worked on in order, a lane at a time, and never by who brings them."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from bot.adapters.discord.reading.follow import Tail
from bot.adapters.intake import Intake, Work


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def noting(done: list[str], name: str, gate: asyncio.Event | None = None) -> Work:
    async def work() -> None:
        if gate is not None:
            await gate.wait()
        done.append(name)

    return work


async def test_a_lane_keeps_its_order() -> None:
    """What waits for something holds up its own lane, and no other."""
    intake, done, gate = Intake(), list[str](), asyncio.Event()
    intake.put(1, noting(done, "first", gate))
    intake.put(1, noting(done, "second"))
    intake.put(2, noting(done, "other"))
    await settle()
    assert done == ["other"]
    gate.set()
    await settle()
    assert done == ["other", "first", "second"]


async def test_nothing_is_done_by_who_brings_it() -> None:
    """The host's handler goes on at once."""
    intake, done = Intake(), list[str]()
    intake.put(1, noting(done, "first"))
    assert done == []


async def test_a_full_lane_takes_only_what_must_be() -> None:
    """And is open again when it is empty."""
    intake, done, gate = Intake(most=2), list[str](), asyncio.Event()
    intake.put(1, noting(done, "under way", gate))
    await settle()
    assert [intake.put(1, noting(done, name)) for name in "abc"] == [True, True, False]
    assert intake.put(1, noting(done, "deleted"), must=True)
    gate.set()
    await settle()
    assert done == ["under way", "a", "b", "deleted"]
    assert intake.put(1, noting(done, "again"))


async def test_a_failure_is_logged_without_words_and_the_lane_goes_on() -> None:
    """Its type and its place are what one needs."""
    intake, done = Intake(), list[str]()

    async def fail() -> None:
        raise ValueError("what somebody wrote")

    with capture_logs() as logs:
        intake.put(1, fail)
        intake.put(1, noting(done, "next"))
        await settle()
    assert done == ["next"]
    assert [(entry["event"], entry["error"], entry["guild"]) for entry in logs] == [("event_failed", "ValueError", 1)]
    assert "somebody" not in str(logs)


async def test_after_close_nothing_is_done() -> None:
    """Neither what waits nor what comes."""
    intake, done, gate = Intake(), list[str](), asyncio.Event()
    intake.put(1, noting(done, "first", gate))
    intake.put(1, noting(done, "second"))
    await settle()
    await intake.close()
    gate.set()
    assert not intake.put(1, noting(done, "late"), must=True)
    await settle()
    assert done == []


async def test_a_tail_is_read_as_it_is_fed() -> None:
    """To its end."""
    tail = Tail("", "one ")
    tail.feed("two ")
    reading = asyncio.ensure_future(_all(tail))
    await settle()
    tail.feed("three")
    tail.feed("")
    tail.end()
    tail.feed("not this")
    assert await reading == ["one ", "two ", "three"]


async def test_a_tail_whose_reader_leaves_is_closed() -> None:
    """Whoever feeds it can see that."""
    tail = Tail("one")
    await tail.aclose()
    tail.feed("two")
    assert tail.closed
    assert await _all(tail) == []


async def _all(tail: Tail) -> list[str]:
    return [piece async for piece in tail]


async def test_what_has_come_can_be_waited_for() -> None:
    """A drain ends when all is done, or when its time is over, and takes nothing away."""
    intake, done, gate = Intake(), list[str](), asyncio.Event()
    intake.put(1, noting(done, "first", gate))
    await intake.drain(0.01)
    assert done == []
    gate.set()
    await intake.drain(5.0)
    assert done == ["first"]
