"""When a speaker's name is said."""

from __future__ import annotations

from collections.abc import Callable

from bot.adapters.memory import Memory

AGAIN = 60.0
"""Seconds after which a name is said again although nobody else spoke in between."""

_MOST = 10_000


class Announcer:
    """Knows for each server who was last announced."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last: Memory[int, tuple[int, float]] = Memory(_MOST)

    def due(self, guild: int, speaker: int) -> bool:
        """Whether the name is to be said before what comes now."""
        last = self._last.get(guild)
        return last is None or last[0] != speaker or self._clock() - last[1] >= AGAIN

    def announced(self, guild: int, speaker: int) -> None:
        """It will be."""
        self._last.put(guild, (speaker, self._clock()))

    def unheard(self, guild: int, speaker: int) -> None:
        """It was not, after all: what follows must say it."""
        last = self._last.get(guild)
        if last is not None and last[0] == speaker:
            self._last.drop(guild)
