"""A job's place, and its turns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Self

from bot.errors import Abandoned, Cancelled, Expired
from bot.queue.desk import LATE, Desk, Position
from bot.queue.fair import Popped
from bot.queue.job import Job
from bot.speech import Priority

LEAST = 0.05
"""Estimated seconds of audio that a turn costs at least."""


class Ticket:
    """A job's place. Release it when the job is over, however it ended; as a context manager it does so itself."""

    def __init__(self, job: Job, desk: Desk, number: int, leave: Callable[[Ticket], None]) -> None:
        self.job = job
        self._desk = desk
        self._number = number
        self._leave = leave
        self._turn: Turn | None = None
        self._cancelled = False
        self._released = False
        self._on_cancel: list[Callable[[], object]] = []

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked for the job to stop."""
        return self._cancelled

    @property
    def released(self) -> bool:
        """Whether the job is over."""
        return self._released

    def turn(self, cost: float) -> Turn:
        """Position, in ``async with``, for a slot to make about ``cost`` seconds of audio in; it is held inside.

        Entering raises :class:`~bot.errors.Cancelled` or :class:`~bot.errors.Expired`, and then no slot was taken.
        One turn at a time: RuntimeError otherwise, and after the ticket was released.
        """
        return Turn(self, self._desk, max(cost, LEAST), self._number)

    def made(self, seconds: float) -> None:
        """Inside a turn: so many (more) seconds of audio were made. The guild pays for these, not for the estimate.

        A turn that says nothing pays the estimate, so that an utterance which fails is not free.
        """
        if self._turn is not None:
            self._turn.made += seconds

    def promote(self, at: float, priority: Priority, deadline: float | None) -> bool:
        """Let somebody else want the job too, since ``at``: it goes when the sooner of the two would have gone.

        It is given up at the later of both deadlines. False, and without effect, if it is over or being given up.
        """
        if self._cancelled or self._released or (self._turn is not None and self._turn.ended):
            return False
        job, ageing = self.job, self._desk.queue.ageing
        if at + ageing * priority >= job.at + ageing * job.priority:
            at, priority = job.at, job.priority
        both = [until for until in (job.deadline, deadline) if until is not None]
        self.job = replace(job, at=at, priority=priority, deadline=max(both) if len(both) == 2 else None)
        self._desk.queue.promote(self.job)
        if self._turn is not None:
            self._turn.job = self.job
        return True

    def on_cancel(self, callback: Callable[[], object]) -> None:
        """Have ``callback`` called if the job is cancelled while no turn of it waits, at once if it was already.

        A turn that waits tells its runner by raising. The callback (a task's ``cancel``, say) must not raise.
        """
        if self._cancelled:
            callback()
        elif not self._released:
            self._on_cancel.append(callback)

    def cancel(self) -> None:
        """Stop the job: a turn that waits raises Cancelled, and no further turn begins.

        A turn that runs is not broken off here: whoever owns the runner does that, told by :meth:`on_cancel`.
        """
        if self._cancelled or self._released:
            return
        self._cancelled = True
        self._desk.queue.forget(self.job.id)
        if self._turn is not None and self._turn.end(Cancelled("It was cancelled.")):
            return
        callbacks, self._on_cancel = self._on_cancel, []
        for callback in callbacks:
            callback()

    def release(self) -> None:
        """The job is over: its place is free for another, and so is its slot, should it hold one. Idempotent."""
        if self._released:
            return
        self._released = True
        self._on_cancel.clear()
        if self._turn is not None:
            self._turn.end(Cancelled("It is over."))
            self._turn.leave()
        self._desk.queue.forget(self.job.id)
        self._leave(self)

    @property
    def position(self) -> Position:
        """What comes before the next turn, counted as if it were asked for now; nothing for who has a turn."""
        if self._released or self._cancelled or self._turn in self._desk.running:
            return Position(0, 0.0)
        return self._desk.position(self.job.id)

    def enter(self, turn: Turn) -> None:
        """Note that ``turn`` is this job's turn now; for Turn alone."""
        if self._released:
            raise RuntimeError("the ticket was released")
        if self._turn is not None:
            raise RuntimeError("a job has one turn at a time")
        if self._cancelled:
            raise Cancelled("It was cancelled.")
        self._turn = turn

    def begin(self) -> None:
        """Note that it has begun; for Turn alone. What has begun is said to its end: half of it would help nobody."""
        if self.job.deadline is not None:
            self.job = replace(self.job, deadline=None)
            self._desk.queue.promote(self.job)

    def exit(self, turn: Turn) -> None:
        """Note that ``turn`` is over; for Turn alone."""
        if self._turn is turn:
            self._turn = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class Turn:
    """One wait for a slot, and the holding of it. Used once.

    It waits on a future that is only ever resolved with a plain None; what happened is written in the turn before.
    So a task that is cancelled in the very step in which it is given a slot, or told to end, still sees both here:
    ``_popped`` is a slot that must be handed back, ``_end`` says that nobody need be told any more. ``rivals`` are the
    guilds that waited when it was asked for, its own among them.
    """

    __slots__ = (
        "_desk",
        "_end",
        "_popped",
        "_ticket",
        "_timer",
        "_woken",
        "asked",
        "began",
        "cost",
        "inside",
        "job",
        "made",
        "order",
        "rivals",
    )

    def __init__(self, ticket: Ticket, desk: Desk, cost: float, order: int) -> None:
        self.job = ticket.job
        self.cost = cost
        self.order = order
        self.made = 0.0
        self.asked = 0.0
        self.rivals = 0
        self.began = 0.0
        self.inside = False
        self._ticket = ticket
        self._desk = desk
        self._popped: Popped | None = None
        self._end: Abandoned | None = None
        self._woken: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def ended(self) -> bool:
        """Whether its wait was ended without a slot."""
        return self._end is not None

    async def __aenter__(self) -> None:
        self._ticket.enter(self)
        try:
            self._woken = asyncio.get_running_loop().create_future()
            self.asked = self._desk.clock()
            self._desk.join(self)
            self._watch()
            await self._woken
            if self._end is not None:
                raise self._end
            self._desk.waited(self.began - self.asked, self.job.priority)
        except BaseException:  # a task's cancellation too: whatever it has by now goes back
            self.leave()
            raise
        self.inside = True
        self._ticket.begin()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Nothing is awaited here, so that no cancellation can come between.
        self.leave()

    def begin(self, popped: Popped, now: float) -> None:
        """It has a slot since ``now``."""
        self._popped = popped
        self.began = now
        self._wake()

    def end(self, reason: Abandoned) -> bool:
        """Have the wait end by raising ``reason``; False, and without effect, once it is over."""
        if self.inside or self._end is not None:
            return False
        self._end = reason
        self._desk.leave(self)
        self._wake()
        return True

    def leave(self) -> None:
        """Give back what it has, a slot or a place in the queue. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
        self._ticket.exit(self)
        popped, self._popped = self._popped, None
        if popped is None:
            self._desk.leave(self)
        elif self.inside:
            self._desk.pace.learn(self._desk.clock() - self.began, self.made, self.cost)
            self._desk.free(self, popped, self.made or self.cost)
        else:
            self._desk.free(self, popped, 0.0)

    def _wake(self) -> None:
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)

    def _watch(self) -> None:
        """Wake by itself when the deadline passes; one that was put off meanwhile is waited for anew."""
        deadline = self.job.deadline
        if deadline is None or self._popped is not None or self._end is not None:
            return
        remaining = deadline - self._desk.clock()
        if remaining > 0.0:
            self._timer = asyncio.get_running_loop().call_later(remaining, self._watch)
        else:
            self.end(Expired(LATE))
