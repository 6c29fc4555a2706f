"""One engine's desk: its slots, and the queue before it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import Expired
from bot.metrics import WAIT
from bot.queue.fair import FairQueue, Popped
from bot.queue.pace import Pace
from bot.queue.shares import Fairness, Shares, fairness
from bot.speech import Priority

if TYPE_CHECKING:
    from bot.queue.ticket import Turn

LATE = "It took too long for this to be its turn. Ask for it again."

OnWait = Callable[[float, Priority], None]

_ROUNDS = 2.0
"""Rounds, of a turn for each guild, that anybody may wait for theirs: in a fair queue the next turn is one away, by the
mean length of turns."""

_WAITS = {priority: WAIT.labels(priority.name.lower()) for priority in Priority}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An engine's desk as an admin may see it: numbers only.

    ``waiting`` turns of ``guilds`` guilds wait, ``seconds`` are the estimated seconds of audio of these and of all that
    was announced beyond them, ``eta`` the expected seconds until as much has begun, ``rtf`` the engine's real-time
    factor as measured.
    """

    engine: str
    slots: int
    running: int
    waiting: int
    guilds: int
    seconds: float
    eta: float
    rtf: float


@dataclass(frozen=True, slots=True)
class Position:
    """What comes before a job's next turn: how many jobs have one, and the expected seconds until ours."""

    ahead: int
    eta: float


class Desk:
    """Holds every turn that waits or runs; a slot is taken exactly while its turn stands in ``running``."""

    def __init__(
        self, slots: int, queue: FairQueue, pace: Pace, clock: Callable[[], float], on_wait: list[OnWait]
    ) -> None:
        self.slots = slots
        self.queue = queue
        self.pace = pace
        self.clock = clock
        self.shares = Shares()
        self.running: set[Turn] = set()
        self._waiting: dict[str, Turn] = {}
        self._on_wait = on_wait
        self._due = False

    def join(self, turn: Turn) -> None:
        """Let a turn wait; it begins at once if there is a free slot and nobody comes before it."""
        self.queue.push(turn.job, turn.cost, order=turn.order)
        self._waiting[turn.job.id] = turn
        turn.rivals = self.queue.guilds
        self.serve()

    def leave(self, turn: Turn) -> None:
        """Let a turn wait no longer; without effect if it does not."""
        if self._waiting.get(turn.job.id) is turn:
            del self._waiting[turn.job.id]
            self.queue.cancel(turn.job.id)

    def serve(self) -> None:
        """Give every free slot to whose turn it is."""
        while len(self.running) < self.slots:
            now = self.clock()
            popped = self.queue.pop(now)
            if popped is None:
                return
            turn = self._waiting.pop(popped.job.id)
            if popped.expired:
                turn.end(Expired(LATE))
            else:
                self.running.add(turn)
                turn.begin(popped, now)

    def free(self, turn: Turn, popped: Popped, seconds: float) -> None:
        """Take a slot back from a turn, and charge its guild ``seconds`` of audio in place of the estimate."""
        now = self.clock()
        self.running.discard(turn)
        self.queue.settle(popped, seconds, now)
        if seconds:
            self.shares.add(turn.job.guild, seconds, now)
        # Not at once: who just left comes back in this very step if they have another sentence, and only then do all
        # who want the slot stand in the queue, so that the fairest gets it and not whoever happened to wait.
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._serve_due)

    def _serve_due(self) -> None:
        self._due = False
        self.serve()

    def waited(self, seconds: float, priority: Priority) -> None:
        """Count the wait, and tell the observers."""
        _WAITS[priority].observe(seconds)
        for on_wait in self._on_wait:
            on_wait(seconds, priority)

    def position(self, id: str) -> Position:
        """What comes before the next turn of a job that the queue knows of."""
        now = self.clock()
        if len(self.running) < self.slots and not len(self.queue):
            return Position(0, 0.0)
        place = self.queue.position(id, now, slots=self.slots, rate=self.pace.rate)
        if place is None:
            raise AssertionError("whoever has a ticket has a position")
        eta = max(self.wait(place.turns, place.seconds), place.least * self.pace.rate)
        return Position(place.ahead, eta)

    def wait(self, ahead: int, seconds: float) -> float:
        """Expected seconds until who comes after ``ahead`` turns of ``seconds`` of audio gets a slot."""
        now = self.clock()
        running = [self.pace.remaining(turn.cost, now - turn.began) for turn in self.running]
        return self.pace.wait(self.slots, running, ahead, seconds)

    def spell(self, jobs: int, guild: str | None = None) -> float:
        """About how many seconds it takes until so many jobs, of a guild or of any, have had all their turns."""
        job = max(self.pace.turn, self.queue.mean(guild) * self.pace.rate)
        return job * jobs / max(1, self.slots)

    def depth(self) -> Mapping[Priority, int]:
        """How many turns of each priority wait. O(all that wait)."""
        depth = [0] * len(Priority)
        for turn in self._waiting.values():
            depth[turn.job.priority] += 1  # by number: to hash a member of an enum takes five times as long
        return {priority: depth[priority] for priority in Priority}

    def fairness(self) -> Fairness:
        """How fair it is who had what of the engine of late. O(all that wait + n log n of the guilds that had any).

        What has waited for longer than two rounds counts as withheld: who came just now is nobody's victim. A guild
        that wants more since lately is measured by what one that wanted it all the time had meanwhile, so that the
        index falls a little, for the length of the window, when a second great reader joins a first.
        """
        now = self.clock()
        return fairness(self.shares.had(now), self._overdue(now), self.queue.weights)

    def _overdue(self, now: float) -> Mapping[str, float]:
        """Seconds of audio by guild."""
        rivals, patience = self.queue.guilds, _ROUNDS * self.pace.turn / max(1, self.slots)
        overdue: dict[str, float] = {}
        for turn in self._waiting.values():
            if now - turn.asked > patience * max(turn.rivals, rivals):
                overdue[turn.job.guild] = overdue.get(turn.job.guild, 0.0) + turn.cost
        return overdue

    def snapshot(self, engine: str) -> Snapshot:
        """How it is doing, in numbers."""
        queue, rest = self.queue, self.queue.rest
        eta = self.wait(len(queue), queue.seconds) + rest * self.pace.rate / max(1, self.slots)
        seconds, running = queue.seconds + rest, len(self.running)
        return Snapshot(engine, self.slots, running, len(queue), queue.guilds, seconds, eta, self.pace.rtf)
