"""What whoever reads chats aloud does to people's words: what is too long is cut, what comes too often passed over."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable

from bot.adapters.memory import Memory
from bot.adapters.words import word

IN_A_ROW = 2
"""How often somebody's same words are read in a row."""

FORGOTTEN = 60.0
"""Seconds of silence after which nobody minds the same words."""

_MOST = 10_000


def shortened(text: str, most: int, locale: str) -> str:
    """At most so many characters of it, and a word that there was more. Never tears a spoiler open."""
    if len(text) <= most:
        return text
    more = word("reading.cut", locale)
    kept = text[: max(0, most - len(more) - 1)]
    kept = kept[: kept.rfind("||")] if kept.count("||") % 2 else kept
    blank = max(kept.rfind(" "), kept.rfind("\n"))
    return f"{kept[:blank] if blank >= len(kept) // 2 else kept}\n{more}"


class Repeats:
    """Knows what everybody said last in each place, by its hash, how often in a row, and when."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: Memory[tuple[Hashable, int], tuple[int, int, float]] = Memory(_MOST)

    def too_many(self, place: Hashable, speaker: int, text: str) -> bool:
        """Count it, and tell whether it was said often enough."""
        words, now = hash(" ".join(text.split()).casefold()), self._clock()
        before, times, at = self._last.get((place, speaker)) or (words, 0, now)
        times = times + 1 if before == words and now - at < FORGOTTEN else 1
        self._last.put((place, speaker), (words, times, now))
        return times > IN_A_ROW
