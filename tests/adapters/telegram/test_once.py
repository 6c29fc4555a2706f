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
