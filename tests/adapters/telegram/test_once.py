"""Nobody is told the same twice in a row."""

from __future__ import annotations

from bot.adapters.telegram.once import Once


def test_the_same_is_told_once_within_some_seconds() -> None:
    """After them it may be told again; and something else at any time."""
    now = [0.0]
    once = Once(10.0, lambda: now[0])
    assert once.first("full")
    assert not once.first("full")
    assert once.first("too long")
    now[0] = 9.9
    assert not once.first("full")
    now[0] = 10.0
    assert once.first("full")
    assert not once.first("full")


def test_some_things_are_told_more_seldom() -> None:
    """As long as whoever tells them says."""
    now = [0.0]
    once = Once(10.0, lambda: now[0])
    assert once.first("as audio", 600.0)
    now[0] = 599.0
    assert not once.first("as audio", 600.0)
    now[0] = 600.0
    assert once.first("as audio", 600.0)
