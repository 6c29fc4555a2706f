"""One engine's desk: its slots, and the queue before it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import Expired
from bot.queue.fair import FairQueue, Popped
from bot.queue.pace import Pace
from bot.speech import Priority

if TYPE_CHECKING:
    from bot.queue.ticket import Turn

LATE = "It took too long for this to be its turn. Ask for it again."

OnWait = Callable[[float, Priority], None]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An engine's desk as an admin may see it: numbers only.

    ``seconds`` are the estimated seconds of audio that wait, ``guilds`` how many guilds wait for them, ``eta`` the
    expected seconds until the last of it begins, ``rtf`` the engine's real-time factor as measured.
    """

    engine: str
    slots: int
    running: int
    waiting: int
    guilds: int
    seconds: float
    eta: float
    rtf: float


class Desk:
    """Holds every turn that waits or runs; a slot is taken exactly while its turn stands in ``running``."""

    def __init__(
        self, slots: int, queue: FairQueue, pace: Pace, clock: Callable[[], float], on_wait: list[OnWait]
    ) -> None:
        self.slots = slots
        self.queue = queue
        self.pace = pace
        self.clock = clock
        self.running: set[Turn] = set()
        self._waiting: dict[str, Turn] = {}
        self._on_wait = on_wait
        self._due = False

    def join(self, turn: Turn) -> None:
        """Let a turn wait; it begins at once if there is a free slot and nobody comes before it."""
        self.queue.push(turn.job, turn.cost, order=turn.order)
        self._waiting[turn.job.id] = turn
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
        self.running.discard(turn)
        self.queue.settle(popped, seconds, self.clock())
        # Not at once: who just left comes back in this very step if they have another sentence, and only then do all
        # who want the slot stand in the queue, so that the fairest gets it and not whoever happened to wait.
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._serve_due)

    def _serve_due(self) -> None:
        self._due = False
        self.serve()

    def waited(self, seconds: float, priority: Priority) -> None:
        """Tell the observers."""
        for on_wait in self._on_wait:
            on_wait(seconds, priority)

    def wait(self, ahead: int, seconds: float) -> float:
        """Expected seconds until who comes after ``ahead`` turns of ``seconds`` of audio gets a slot."""
        now = self.clock()
        running = [self.pace.remaining(turn.cost, now - turn.began) for turn in self.running]
        return self.pace.wait(self.slots, running, ahead, seconds)

    def round(self, turns: int) -> float:
        """About how many seconds so many turns take."""
        return self.pace.turn * turns / max(1, self.slots)

    def snapshot(self, engine: str) -> Snapshot:
        """How it is doing, in numbers."""
        waiting, seconds = len(self.queue), self.queue.seconds
        eta = self.wait(waiting, seconds)
        running = len(self.running)
        return Snapshot(engine, self.slots, running, waiting, self.queue.guilds, seconds, eta, self.pace.rtf)
