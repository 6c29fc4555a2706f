"""Copies in memory."""

from __future__ import annotations

import asyncio

from bot.store.copies import FRESH_SECONDS, Copies
from tests.doubles.store import Clock


class Rows:
    """A table that counts how often it is read, and can be made to wait."""

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}
        self.reads = 0
        self.answer = asyncio.Event()
        self.answer.set()

    async def load(self, key: str) -> str:
        self.reads += 1
        found = self.rows.get(key, "")
        await self.answer.wait()
        return found


async def test_a_row_is_read_once(clock: Clock) -> None:
    """A second read is answered from memory."""
    rows, copies = Rows(), Copies[str, str](clock)
    assert [await copies.get("a", rows.load) for _ in range(3)] == ["", "", ""]
    assert rows.reads == 1


async def test_what_was_written_is_read_without_asking(clock: Clock) -> None:
    """A write leaves its copy."""
    rows, copies = Rows(), Copies[str, str](clock)
    copies.put("a", "new")
    assert await copies.get("a", rows.load) == "new"
    assert rows.reads == 0


async def test_another_process_is_noticed_after_a_while(clock: Clock) -> None:
    """A copy is trusted for some seconds, not for ever."""
    rows, copies = Rows(), Copies[str, str](clock)
    await copies.get("a", rows.load)
    rows.rows["a"] = "from elsewhere"
    clock.advance(FRESH_SECONDS - 0.1)
    assert await copies.get("a", rows.load) == ""
    clock.advance(0.2)
    assert await copies.get("a", rows.load) == "from elsewhere"


async def test_a_clock_set_back_does_not_keep_a_copy_for_ever(clock: Clock) -> None:
    """A copy from the future is not trusted."""
    rows, copies = Rows(), Copies[str, str](clock)
    copies.put("a", "old")
    clock.advance(-3600)
    assert await copies.get("a", rows.load) == ""


async def test_a_slow_read_does_not_undo_a_write(clock: Clock) -> None:
    """What was read before a write ended is not kept after it."""
    rows, copies = Rows(), Copies[str, str](clock)
    rows.answer.clear()
    reading = asyncio.create_task(copies.get("a", rows.load))
    await asyncio.sleep(0)
    copies.put("a", "new")
    rows.answer.set()
    assert await reading == ""
    assert await copies.get("a", rows.load) == "new"


async def test_a_slow_read_does_not_bring_back_what_was_deleted(clock: Clock) -> None:
    """The same for deletions."""
    rows, copies = Rows(), Copies[str, str](clock)
    rows.rows["a"] = "old"
    rows.answer.clear()
    reading = asyncio.create_task(copies.get("a", rows.load))
    await asyncio.sleep(0)
    rows.rows.clear()
    copies.clear()
    rows.answer.set()
    await reading
    assert await copies.get("a", rows.load) == ""


async def test_memory_is_bounded_and_keeps_what_is_used(clock: Clock) -> None:
    """The least recently used copy goes first."""
    rows, copies = Rows(), Copies[str, str](clock, limit=2)
    copies.put("a", "1")
    copies.put("b", "2")
    await copies.get("a", rows.load)
    copies.put("c", "3")
    assert len(copies) == 2
    await copies.get("a", rows.load)
    assert rows.reads == 0
    await copies.get("b", rows.load)
    assert rows.reads == 1


async def test_a_dropped_copy_is_read_again_and_the_others_are_not(clock: Clock) -> None:
    """A read that began before does not bring the old row back."""
    rows, copies = Rows(), Copies[str, str](clock)
    for key in ("a", "b"):
        copies.put(key, "old")
    rows.rows["a"] = "new"
    copies.drop("a", "never held")
    assert [await copies.get(key, rows.load) for key in ("a", "b")] == ["new", "old"]
    rows.answer.clear()
    copies.drop("a")
    reading = asyncio.create_task(copies.get("a", rows.load))
    await asyncio.sleep(0)
    rows.rows["a"] = "newer"
    copies.drop("a")
    rows.answer.set()
    assert await reading == "new"
    assert await copies.get("a", rows.load) == "newer"
