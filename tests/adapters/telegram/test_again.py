"""What may be sent again, by the short name that stands in a button."""

from __future__ import annotations

from bot.adapters.telegram.again import Again
from bot.adapters.telegram.slips import Slips
from bot.adapters.telegram.wish import Wish
from bot.speaker import Speaker
from tests.adapters.telegram.held import held


def again(speaker: Speaker) -> Again:
    """As each process has its own."""
    return Again(Slips(speaker, 7, lambda: 1_700_000_000.0))


async def test_what_is_kept_is_sent_again_as_it_was(speaker: Speaker) -> None:
    """Also by the next process, and once."""
    name = await again(speaker).put(held(-1, key="abc", reply_to=3))
    assert name is not None
    assert await again(speaker).take(name) == Wish(replay="abc", reply_to=3)
    assert await again(speaker).take(name) is None


async def test_what_answers_nothing_is_sent_again_without_an_answer(speaker: Speaker) -> None:
    """There need not be a message that it answers."""
    name = await again(speaker).put(held(-1, key="abc"))
    assert name is not None
    assert await again(speaker).take(name) == Wish(replay="abc")


async def test_what_was_never_whole_is_asked_for_anew(speaker: Speaker) -> None:
    """By its words, which stay theirs who asked; they are not written down."""
    this = again(speaker)
    name = await this.put(held(-1, text="My words.", user="telegram:5", reply_to=3))
    assert name is not None
    assert not await speaker.store.keep.all("telegram:slip:")
    assert await again(speaker).take(name) is None
    assert await this.take(name) == Wish("My words.", reply_to=3, author="telegram:5")
    assert await this.take(name) is None


async def test_a_slip_that_another_version_wrote_is_none(speaker: Speaker) -> None:
    """It is not guessed at."""
    slips = Slips(speaker, 7, lambda: 1_700_000_000.0)
    await slips.put("again", "odd", {"replay": 5, "reply_to": "x"})
    assert await again(speaker).take("odd") is None
