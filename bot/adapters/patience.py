"""How long those who wait go without a word."""

from __future__ import annotations

PATIENCE = 2.0
"""Seconds of waiting that are not worth one."""

LONG = 30.0
"""Seconds of waiting beyond which words are so much rarer: when many wait, most of them wait long."""


def pause_of(refresh: float, left: float) -> float:
    """Seconds until somebody is told again who waits for so many more; ``refresh`` at the soonest."""
    return refresh * max(1.0, left / LONG)
