"""What the audio cache takes."""

from __future__ import annotations

from bot.store.bounds import Limits, Totals
from bot.store.clips import Kept, Room

LIMITS = Limits(bytes=6400, memory_bytes=0, age=1.0, entries=128)


def test_the_room_is_the_databases_share_of_the_limits() -> None:
    """Memory and age are looked after elsewhere."""
    assert LIMITS.room == Room(6400, 128)


def test_what_surely_fits_is_allowed() -> None:
    """Until a sixty-fourth of it has come, of bytes or of clips: then others may have filled it."""
    totals = Totals(LIMITS)
    assert totals.allow([50, 50])
    assert not totals.allow([50, 51])
    assert not totals.allow([1, 1, 1])
    totals.grow(Kept((), 1, 60))
    assert totals.allow([40])
    assert not totals.allow([41])
    totals.grow(Kept((), 1, 1))
    assert not totals.allow([1])


def test_whoever_has_looked_goes_on_from_there() -> None:
    """What others put and dropped is known by then, and the bounds hold for all of it."""
    totals = Totals(LIMITS)
    totals.grow(Kept((), 2, 100))
    assert not totals.allow([1])
    totals.settle(Kept((), 100, 6350))
    assert (totals.entries, totals.bytes) == (100, 6350)
    assert totals.allow([50])
    assert not totals.allow([51])
    totals.settle(Kept((), 127, 0))
    assert totals.allow([1])
    assert not totals.allow([1, 1])


def test_one_clip_is_allowed_in_however_small_a_cache() -> None:
    """A sixty-fourth of three is none."""
    assert Totals(Limits(6400, 0, 1.0, entries=3)).allow([100])
