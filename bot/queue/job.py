"""What waits for turns, and what of it the queue knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.speech import Priority

if TYPE_CHECKING:
    from bot.queue.lane import Asker, Lane

TYPICAL = 4.0
"""Seconds of audio that a turn is believed to be of where nothing is known."""

NOTHING = 1e-6
"""Seconds of audio that are the error of adding up, and not a turn."""

_DOUBT = 2.0
"""Turns that what is believed counts for, against those that a job has asked for."""


@dataclass(frozen=True, slots=True)
class Job:
    """Somebody's speech that waits for turns; ``at`` (accepted) and ``deadline`` are on the same monotonic clock."""

    id: str
    guild: str
    user: str
    priority: Priority
    at: float
    deadline: float | None = None


class Slice:
    """One turn that a job waits for: ``cost`` in estimated seconds of audio."""

    __slots__ = ("asker", "cost", "job", "lane")

    asker: Asker

    def __init__(self, job: Job, cost: float, lane: Lane) -> None:
        self.job = job
        self.cost = cost
        self.lane = lane


class Plan(Slice):
    """A job that was announced, and is its own slice while it ``waits``; ``running`` while it has a turn.

    ``rest`` are the estimated seconds of audio of turns that it has not asked for yet. Where nobody knows how long a
    job will be that is 0; where nobody knows of how many turns, it is guessed by those it has asked for.
    """

    __slots__ = ("_asked", "_asks", "_drawn", "_turns", "known", "order", "rest", "running", "waits")

    def __init__(self, job: Job, lane: Lane, order: int, rest: float, turns: int) -> None:
        super().__init__(job, 0.0, lane)
        self.order = order
        self.rest = rest if rest > NOTHING else 0.0
        self.known = True
        self.waits = False
        self.running = False
        self._turns = turns
        self._drawn = 0.0
        self._asked = TYPICAL * _DOUBT
        self._asks = _DOUBT

    @property
    def comes(self) -> bool:
        """Whether it does not wait and will again, as far as is known."""
        return not self.waits and self.rest > 0.0

    @property
    def left(self) -> float:
        """Estimated seconds of audio of the turns that it has not had."""
        return self.rest + self.cost if self.waits else self.rest

    @property
    def more(self) -> int:
        """Turns that it has not asked for, as far as is known."""
        if not self.rest:
            return 0
        return self._turns if self._turns > 0 else max(1, round(self.rest * self._asks / self._asked))

    def ask(self, cost: float) -> float:
        """Let it wait for a turn, which is part of what it announced; answers how much of the rest that was."""
        self.cost = cost
        self.waits = True
        drawn = self._drawn = self.rest if cost > self.rest - NOTHING else cost
        if drawn:
            self.rest -= drawn
            self._turns -= 1
            self._asked += cost
            self._asks += 1.0
        return drawn

    def leave(self) -> float:
        """Let it wait no longer, though it had no turn; answers how much that adds to the rest."""
        self.waits = False
        if self._drawn:
            self.rest += self._drawn
            self._turns += 1
        return self._drawn
