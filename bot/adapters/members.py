"""The members of a list as people read them."""

from __future__ import annotations

from collections.abc import Iterable

from bot.adapters.words import listed, word

SHOWN = 15
"""Members that are named; the others are counted."""


def named(members: Iterable[str], locale: str, *, none: str, more: str) -> str:
    """The first of them, and how many others there are. ``none`` and ``more`` are the keys of what is said of these."""
    held = list(members)
    if not held:
        return word(none, locale)
    others = [word(more, locale, count=len(held) - SHOWN)] if len(held) > SHOWN else []
    return listed([*held[:SHOWN], *others], locale)
