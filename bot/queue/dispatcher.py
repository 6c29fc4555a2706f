"""Who may use an engine's slot now: a fair semaphore over every engine's slots.

A job is somebody's coroutine. It is admitted once, asks for a turn for each sentence, and is released at the end::

    ticket = dispatcher.admit(job, "edge", sum(map(estimate, sentences)), len(sentences))
    if isinstance(ticket, Refusal):
        return ticket
    with ticket:
        for sentence in sentences:
            async with ticket.turn(estimate(sentence)):
                ticket.made(await speak(sentence))

The queue never sees audio, engines or text. All on one event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.queue import bounds
from bot.queue.bounds import Bounds, Limits
from bot.queue.desk import Desk, OnWait, Snapshot
from bot.queue.fair import FairQueue
from bot.queue.job import Job
from bot.queue.pace import Pace
from bot.queue.shares import Fairness
from bot.queue.ticket import Ticket
from bot.speech import Priority, Reason, Refusal

RTF = 0.3
"""Real-time factor that an engine is believed to have until it was heard."""

GRACE = 5.0
"""Seconds that cancelled jobs have to clean up after themselves when the dispatcher is drained."""


class Dispatcher:
    """Admits jobs within bounds and hands out the slots of each engine in fair order.

    ``slots`` is each engine's parallelism, ``rtf`` its expected real-time factor; ``clock`` is monotonic, and the one
    that ``Job.at`` and ``Job.deadline`` are read from.
    """

    def __init__(
        self,
        slots: Mapping[str, int],
        *,
        limits: Limits = Limits(),  # noqa: B008 (frozen)
        clock: Callable[[], float] = time.monotonic,
        rtf: Mapping[str, float] | None = None,
    ) -> None:
        self._clock = clock
        self._bounds = Bounds(limits)
        self._weights: dict[str, float] = {}
        self._rtf = dict(rtf or {})
        self._desks: dict[str, Desk] = {}
        self._tickets: dict[str, Ticket] = {}
        self._admitted = 0
        self._closing = False
        self._empty = asyncio.Event()
        self._empty.set()
        self._on_wait: list[OnWait] = []
        for engine, n in slots.items():
            self.set_slots(engine, n)

    @property
    def closing(self) -> bool:
        """Whether :meth:`drain` was called."""
        return self._closing

    @property
    def limits(self) -> Limits:
        """The bounds in force; what is admitted already stays admitted when they are lowered."""
        return self._bounds.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._bounds.limits = limits

    def limit_guild(self, guild: str, limits: Limits | None) -> None:
        """Give a guild bounds of its own, or with None those of all; ``total`` is never a guild's own."""
        if limits is None:
            self._bounds.overrides.pop(guild, None)
        else:
            self._bounds.overrides[guild] = limits

    def weigh(self, guild: str, weight: float) -> None:
        """Give a guild ``weight`` times an ordinary share of every engine. Raises ValueError if not above 0."""
        for desk in self._desks.values():
            desk.queue.weigh(guild, weight)
        self._weights[guild] = weight

    def set_slots(self, engine: str, n: int) -> None:
        """Change how many turns an engine takes at once; 0 holds it. Turns that run are not broken off."""
        if n < 0:
            raise ValueError(f"an engine cannot have {n} slots")
        desk = self._desks.get(engine)
        if desk is None:
            queue = FairQueue(weights=self._weights)
            desk = Desk(n, queue, Pace(self._rtf.get(engine, RTF)), self._clock, self._on_wait)
            self._desks[engine] = desk
        desk.slots = n
        desk.serve()

    def observe(self, on_wait: OnWait) -> None:
        """Have ``on_wait(seconds, priority)`` called for each turn that begins; it must be quick and not raise."""
        self._on_wait.append(on_wait)

    def admit(
        self,
        job: Job,
        engine: str,
        cost: float = 0.0,
        turns: int = 0,
        *,
        per_user: int | None = None,
        per_guild: int | None = None,
    ) -> Ticket | Refusal:
        """A place for a job, or why there is none; the place is the job's until the ticket is released.

        ``cost`` is the estimated seconds of audio of all its ``turns`` together, by which others are told how long
        they wait; 0 where nobody knows. ``per_user`` and ``per_guild`` are what the guild has settled for itself, in
        place of the bounds in force: told with each job, for thousands of guilds would have to be remembered. Raises
        ValueError if a job of that id is here already.
        """
        if job.id in self._tickets:
            raise ValueError("the job is here already")
        limits = self._bounds.of(job.guild)
        limits = replace(limits, per_user=per_user or limits.per_user, per_guild=per_guild or limits.per_guild)
        refused = self._refusal(job, engine, limits)
        if refused is not None:
            return refused
        self._admitted += 1
        desk = self._desks[engine]
        desk.queue.expect(job, cost, turns, order=self._admitted)
        ticket = self._tickets[job.id] = Ticket(job, desk, self._admitted, self._leave)
        self._bounds.add(job)
        self._empty.clear()
        return ticket

    def ticket(self, id: str) -> Ticket | None:
        """The ticket of a job that is here."""
        return self._tickets.get(id)

    def waiting(self) -> int:
        """Jobs that wait for a turn."""
        return sum(len(desk.queue) for desk in self._desks.values())

    def running(self) -> int:
        """Turns that hold a slot."""
        return sum(len(desk.running) for desk in self._desks.values())

    def snapshot(self) -> tuple[Snapshot, ...]:
        """How each engine is doing."""
        return tuple(desk.snapshot(engine) for engine, desk in self._desks.items())

    def depth(self) -> Mapping[str, Mapping[Priority, int]]:
        """How many turns wait for each engine, by priority."""
        return {engine: desk.depth() for engine, desk in self._desks.items()}

    def fairness(self) -> Mapping[str, Fairness]:
        """How fair it is who had what of each engine of late: see :mod:`bot.queue.shares`."""
        return {engine: desk.fairness() for engine, desk in self._desks.items()}

    async def drain(self, timeout: float, *, grace: float = GRACE) -> int:  # noqa: ASYNC109
        """Admit nobody else, let who is here finish, cancel who is not done after ``timeout`` seconds.

        Waits at most ``grace`` seconds more for those to release their tickets. Returns how many were cancelled. May
        be called again, with a shorter time.
        """
        self._closing = True
        if await self._emptied(timeout):
            return 0
        late = list(self._tickets.values())
        for ticket in late:
            ticket.cancel()
        await self._emptied(grace)
        return len(late)

    async def _emptied(self, within: float) -> bool:
        try:
            async with asyncio.timeout(within):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True

    def _refusal(self, job: Job, engine: str, limits: Limits) -> Refusal | None:
        desk = self._desks.get(engine)
        if self._closing:
            return bounds.closing(60.0)
        if desk is None:
            return bounds.unknown(engine, tuple(self._desks))
        if job.deadline is not None and job.deadline <= self._clock():
            return bounds.expired()
        reason = self._bounds.full(job, limits)
        if reason is None:
            return None
        return bounds.refusal(reason, self._bounds.limit(reason, limits), self._room(reason, job, desk))

    def _room(self, reason: Reason, job: Job, desk: Desk) -> float:
        """About when a place is free again, from what is known in O(1): a flood of refusals must stay cheap."""
        if reason is Reason.QUEUE_FULL:
            return desk.spell(1)
        users = self._bounds.users(job.guild) if reason is Reason.USER_QUEUE_FULL else 1
        return desk.spell(max(1, desk.queue.guilds) * users, job.guild)

    def _leave(self, ticket: Ticket) -> None:
        del self._tickets[ticket.job.id]
        self._bounds.remove(ticket.job)
        if not self._tickets:
            self._empty.set()
