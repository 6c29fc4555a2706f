"""What each guild has had of an engine of late, and how fair that was.

The measure is Jain's index, (sum x)^2 / (n sum x^2), from 1 (all alike) down to 1/n (one has everything): Jain, Chiu
and Hawe, "A Quantitative Measure of Fairness and Discrimination for Resource Allocation in Shared Computer Systems",
DEC-TR-301, 1984. As they advise where not all want the same, x is not what a guild had but that over what it was due:
its max-min fair part of all that the engine made. Who asked for little and had it is as content as who asked for much
and had a fair part of it. Plain seconds of audio would call every house unfair in which one talks more than another.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

WINDOW = 300.0
"""Seconds that are looked back."""

_STEPS = 5

_MOST = 4096


@dataclass(frozen=True, slots=True)
class Fairness:
    """Jain's ``index`` over so many ``guilds`` that had something or are overdue; 1 over none: nobody is wronged."""

    index: float = 1.0
    guilds: int = 0


class Shares:
    """Seconds of audio by guild within the last ``window`` seconds, or up to a fifth more.

    O(1) for each turn. Of more than ``most`` guilds in a fifth of the window the rest are left out: so large a sample
    tells as much.
    """

    def __init__(self, window: float = WINDOW, *, most: int = _MOST) -> None:
        self._step = window / _STEPS
        self._most = most
        self._steps: deque[tuple[int, dict[str, float]]] = deque()

    def add(self, guild: str, seconds: float, now: float) -> None:
        """A guild had so many seconds of audio."""
        had = self._current(now)
        if guild in had or len(had) < self._most:
            had[guild] = had.get(guild, 0.0) + seconds

    def had(self, now: float) -> Mapping[str, float]:
        """What each guild had."""
        self._current(now)
        total: dict[str, float] = {}
        for _, had in self._steps:
            for guild, seconds in had.items():
                total[guild] = total.get(guild, 0.0) + seconds
        return total

    def _current(self, now: float) -> dict[str, float]:
        number = int(now // self._step)
        while self._steps and self._steps[0][0] < number - _STEPS:
            self._steps.popleft()
        if not self._steps or self._steps[-1][0] < number:
            self._steps.append((number, {}))
        return self._steps[-1][1]


def fairness(had: Mapping[str, float], overdue: Mapping[str, float], weights: Mapping[str, float]) -> Fairness:
    """How fair it is that guilds have what they ``had`` and wait in vain for what is ``overdue``, in seconds of audio.

    ``weights`` are those of the guilds whose weight is not 1. O(n log n).
    """
    wanted = {guild: had.get(guild, 0.0) + overdue.get(guild, 0.0) for guild in {*had, *overdue}}
    due = max_min(wanted, sum(had.values()), weights)
    parts = [had.get(guild, 0.0) / seconds for guild, seconds in due.items() if seconds > 0.0]
    return Fairness(jain(parts), len(parts))


def max_min(wanted: Mapping[str, float], total: float, weights: Mapping[str, float]) -> dict[str, float]:
    """How ``total`` is shared fairly: to nobody more than is wanted, and to all others the same for their weight."""
    left, weight = total, sum(weights.get(guild, 1.0) for guild in wanted)
    due: dict[str, float] = {}
    for guild in sorted(wanted, key=lambda guild: wanted[guild] / weights.get(guild, 1.0)):
        own = weights.get(guild, 1.0)
        due[guild] = min(wanted[guild], left * own / weight)
        left = max(0.0, left - due[guild])
        weight -= own
    return due


def jain(values: Iterable[float]) -> float:
    """Jain's index of values of 0 and more; 1 where there are none, or none above 0."""
    held = list(values)
    squares = sum(value * value for value in held)
    return sum(held) ** 2 / (len(held) * squares) if squares else 1.0
