"""What may be sent again, by the short name that stands in a button."""

from __future__ import annotations

from dataclasses import replace

from bot.adapters.telegram.again import Again
from bot.adapters.telegram.slips import Slips
from bot.adapters.telegram.wish import Wish
from bot.speaker import Speaker
from tests.adapters.telegram.held import held

HERE = "telegram:-1"
"""The lane of the chat that it was meant for."""


def again(speaker: Speaker) -> Again:
    """As each process has its own."""
    return Again(Slips(speaker, 7, lambda: 1_700_000_000.0))


async def test_what_is_kept_is_sent_again_as_it_was(speaker: Speaker) -> None:
    """Also by the next process, and until that was done once."""
    name = await again(speaker).put(held(-1, key="abc", reply_to=3))
    assert name is not None
    for _ in range(2):
        assert await again(speaker).find(name, HERE) == Wish(replay="abc", reply_to=3)
    await again(speaker).drop(name)
    assert await again(speaker).find(name, HERE) is None


async def test_what_answers_nothing_is_sent_again_without_an_answer(speaker: Speaker) -> None:
    """There need not be a message that it answers."""
    name = await again(speaker).put(held(-1, key="abc"))
    assert name is not None
    assert await again(speaker).find(name, HERE) == Wish(replay="abc")


async def test_what_was_never_whole_is_asked_for_anew(speaker: Speaker) -> None:
    """By its words, which stay theirs who asked; they are not written down."""
    this = again(speaker)
    name = await this.put(held(-1, text="My words.", user="telegram:5", reply_to=3))
    assert name is not None
    assert not await speaker.store.keep.all("telegram:slip:")
    assert await again(speaker).find(name, HERE) is None
    assert await this.find(name, HERE) == Wish("My words.", reply_to=3, author="telegram:5")
    await this.drop(name)
    assert await this.find(name, HERE) is None


async def test_who_is_forgotten_leaves_no_words(speaker: Speaker) -> None:
    """Neither those that they asked for nor those that another asked for; the others' stay."""
    this = again(speaker)
    parcels = [
        held(-1, text="Mine.", user="telegram:5"),
        held(-1, text="Hers.", user="telegram:5"),
        held(-1, text="Mine, for her.", user="telegram:6"),
        held(-1, text="Hers alone.", user="telegram:6"),
    ]
    for parcel, author in zip(parcels[1:3], ("telegram:6", "telegram:5"), strict=True):
        parcel.request = replace(parcel.request, author=author)
    names = [await this.put(parcel) or "" for parcel in parcels]
    this.forget("telegram:5")
    left = [await this.find(name, HERE) for name in names]
    assert [wish and wish.text for wish in left] == [None, None, None, "Hers alone."]


async def test_a_slip_that_another_version_wrote_is_none(speaker: Speaker) -> None:
    """It is not guessed at."""
    slips = Slips(speaker, 7, lambda: 1_700_000_000.0)
    await slips.put("again", "odd", {"replay": 5, "reply_to": "x"})
    assert await again(speaker).find("odd", HERE) is None
