"""What waits for its turn in a chat has not left, and others need not wait for it."""

from __future__ import annotations

import asyncio

import pytest

from bot.adapters.telegram.doors import LOOK, Doors
from bot.adapters.telegram.post import Post

HERE, GROUP = 5, -1005


class Jammed(Post):
    """A post that a note can leave after so many seconds, by a time that only sleeping moves on."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.left = {HERE: seconds, GROUP: 0.0}
        self.slept: list[float] = []

    def wait(self, chat: int) -> float:
        return self.left[chat]

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)
        self.left = {chat: max(0.0, left - seconds) for chat, left in self.left.items()}


def doors(seconds: float = 0.0) -> tuple[Doors, Jammed]:
    post = Jammed(seconds)
    return Doors(post, post.sleep), post


async def test_who_comes_first_goes_first() -> None:
    """And the next one when that is over."""
    held, _ = doors()
    through: list[str] = []
    over = asyncio.Event()

    async def go(name: str) -> None:
        async with held.turn(HERE):
            through.append(name)
            await over.wait()

    async with asyncio.TaskGroup() as tasks:
        for name in "abc":
            tasks.create_task(go(name))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert (through, held.ahead(HERE)) == (["a"], 3)
        over.set()
    assert (through, held.ahead(HERE)) == (["a", "b", "c"], 0)


async def test_a_turn_comes_when_the_post_lets_a_note_leave() -> None:
    """It is looked again now and then: what held the chat up may be over sooner."""
    held, post = doors(2.5)
    async with held.turn(HERE):
        assert post.slept == [LOOK, LOOK, 0.5]


async def test_no_chat_waits_for_another() -> None:
    """Each has its own door."""
    held, post = doors()
    async with held.turn(GROUP), held.turn(HERE):
        assert post.slept == []


async def test_who_gives_up_holds_up_nobody() -> None:
    """Before a turn, and in it; and nothing is left of a door that nobody stands at."""
    held, _ = doors()
    first = held.turn(HERE)
    await first.__aenter__()

    async def go() -> None:
        async with held.turn(HERE):
            raise RuntimeError("in its turn")

    given_up, next_one = asyncio.create_task(go()), asyncio.create_task(go())
    await asyncio.sleep(0)
    given_up.cancel()
    await first.__aexit__(None, None, None)
    with pytest.raises(RuntimeError, match="in its turn"):
        await next_one
    assert given_up.cancelled()
    assert held._doors == {}


def test_those_before_count_as_long_as_their_chat_takes() -> None:
    """A group takes twenty a minute."""
    held, _ = doors(0.5)
    assert held.wait(HERE, 0) == 0.5
    assert held.wait(HERE, 3) == 3.5
    assert held.wait(GROUP, 3) == 9.0
