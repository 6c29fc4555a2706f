"""What a job announced of itself, and what of that is yet to come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.queue.line import Bout

if TYPE_CHECKING:
    from bot.queue.lane import Job, Lane, Slice

TYPICAL = 4.0
"""Seconds of audio that a turn is believed to be of where nothing is known."""

_NOTHING = 1e-6
"""Seconds of audio that are the error of adding up, and not a turn."""

_DOUBT = 2.0
"""Turns that what is believed counts for, against those that a job has asked for."""


class Plan:
    """A job that was announced: ``rest`` are the estimated seconds of audio of turns that it has not yet asked for.

    ``slice`` is what it waits for, if it waits; ``running`` is whether a turn of it runs. Where nobody knows how long
    a job will be its rest is 0; where nobody knows of how many turns, that is guessed by those it has asked for.
    """

    __slots__ = ("_asked", "_asks", "_drawn", "_turns", "job", "lane", "order", "rest", "running", "slice")

    def __init__(self, job: Job, lane: Lane, order: int, rest: float, turns: int) -> None:
        self.job = job
        self.lane = lane
        self.order = order
        self.rest = rest
        self.slice: Slice | None = None
        self.running = False
        self._turns = turns
        self._drawn = 0.0
        self._asked = TYPICAL * _DOUBT
        self._asks = _DOUBT

    @property
    def comes(self) -> bool:
        """Whether it does not wait and will again, as far as is known."""
        return self.slice is None and self.rest > 0.0

    @property
    def left(self) -> float:
        """Estimated seconds of audio of the turns that it has not had."""
        return self.rest + (self.slice.cost if self.slice is not None else 0.0)

    def bout(self) -> Bout:
        """The turns that it has to come, one if nobody knows."""
        more = self._more() if self.rest else 0
        each = self.rest / more if more else 0.0
        if self.slice is not None:
            return Bout(self.job, self.order, self.slice.cost, each, more + 1)
        return Bout(self.job, self.order, each, each, max(1, more))

    def _more(self) -> int:
        return self._turns if self._turns > 0 else max(1, round(self.rest * self._asks / self._asked))

    def ask(self, slice: Slice) -> float:
        """Let it wait for a turn, which is part of what it announced; answers how much of the rest that was."""
        self.slice = slice
        self._drawn = self.rest if slice.cost > self.rest - _NOTHING else slice.cost
        if self._drawn:
            self.rest -= self._drawn
            self._turns -= 1
            self._asked += slice.cost
            self._asks += 1.0
        return self._drawn

    def leave(self) -> float:
        """Let it wait no longer, though it had no turn; answers how much that adds to the rest."""
        self.slice = None
        if self._drawn:
            self.rest += self._drawn
            self._turns += 1
        return self._drawn
