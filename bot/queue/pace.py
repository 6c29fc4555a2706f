"""How fast an engine really is: learned from its turns, the recent ones more than the old."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapify, heapreplace

_MEMORY = 0.9
"""What one turn leaves of the weight of those before it."""

_PRIOR = 10.0
"""Seconds of audio that the first guess counts for."""

_LATE = 0.1
"""What a turn that outlasts its estimate is expected to take yet, as a part of what it has taken."""

_STEPS = 256


class Pace:
    """``rtf``: seconds that a slot is held for one second of audio made; ``rate``: the same for one second estimated.

    They differ where the estimates are off; a wait is foretold by ``rate``, for it is made of estimates. Both are
    ratios of decaying sums, so that a short utterance, whose time is mostly overhead, does not count as a long one.
    """

    def __init__(self, rtf: float) -> None:
        self._held = self._worked = rtf * _PRIOR
        self._made = self._estimated = _PRIOR
        self._turn = rtf * 3.0

    @property
    def rtf(self) -> float:
        """Real-time factor."""
        return self._held / self._made

    @property
    def rate(self) -> float:
        """Seconds in a slot for one estimated second of audio."""
        return self._worked / self._estimated

    @property
    def turn(self) -> float:
        """Seconds that a turn takes."""
        return self._turn

    def learn(self, held: float, made: float, estimated: float) -> None:
        """A turn held its slot for ``held`` seconds; one that made nothing says nothing of the engine's speed."""
        self._worked = self._worked * _MEMORY + held
        self._estimated = self._estimated * _MEMORY + estimated
        self._turn = self._turn * _MEMORY + held * (1.0 - _MEMORY)
        if made > 0.0:
            self._held = self._held * _MEMORY + held
            self._made = self._made * _MEMORY + made

    def remaining(self, cost: float, held: float) -> float:
        """Seconds that a running turn will yet take."""
        return max(cost * self.rate - held, held * _LATE)

    def wait(self, slots: int, running: Iterable[float], ahead: int, seconds: float) -> float:
        """Seconds until a slot is free for who comes after ``ahead`` turns of ``seconds`` of audio in all.

        ``running`` are the remainders of the turns that hold slots; infinite where there is no slot at all.
        """
        if slots < 1:
            return float("inf")
        free = sorted(running)
        free = free[len(free) - slots :] if len(free) > slots else [0.0] * (slots - len(free)) + free
        if not ahead:
            return free[0]
        each = seconds * self.rate / ahead
        bulk = max(0, ahead - max(_STEPS, 4 * slots))
        return _assigned(free, ahead - bulk, each) + bulk * each / slots


def _assigned(free: list[float], turns: int, each: float) -> float:
    """When the next slot is free after ``turns`` turns of ``each`` seconds took the first free slot one by one."""
    heapify(free)
    for _ in range(turns):
        heapreplace(free, free[0] + each)
    return free[0]
