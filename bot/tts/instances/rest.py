"""How long to leave alone what has just failed."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

_DOUBLINGS = 30
"""More would be beyond any longest rest, and at last beyond a float."""


class Rest:
    """``pause`` seconds after the first failure, doubled by each further one, up to ``longest``, and up to half as long
    again by chance, so that what failed together is not tried again together."""

    def __init__(
        self,
        pause: float,
        longest: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._pause = pause
        self._longest = longest
        self._clock = clock
        self._chance = chance
        self._failures = 0
        self._until = float("-inf")

    @property
    def left(self) -> float:
        """Seconds until the next try; 0 when it may be made."""
        return max(0.0, self._until - self._clock())

    def failed(self) -> float:
        """Begin a rest; how long it is."""
        growing = min(self._pause * 2.0 ** min(self._failures, _DOUBLINGS), self._longest)
        seconds = growing * (1.0 + 0.5 * self._chance())
        self._failures += 1
        self._until = self._clock() + seconds
        return seconds

    def over(self) -> None:
        """It does what it should: the next rest is a short one again."""
        self._failures = 0
