"""Fair turns among guilds: pure, synchronous, without a clock.

Across guilds it is start-time fair queueing: each guild has a virtual time that its turns move on by their seconds of
audio over its weight, and the guild that is least far goes next. Who comes (back) starts at the queue's own virtual
time, so that idling earns nothing and leaving saves nothing. Within a guild see :mod:`bot.queue.lane`.

The queue's virtual time is that of the last turn, but moves on by at least the turn's fair part: under plain
start-time queueing an endless train of fresh guilds, each with one job, would hold up one that was served before.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush, heapreplace
from itertools import count
from types import MappingProxyType

from bot.queue.job import Job, Plan, Slice
from bot.queue.lane import Lane
from bot.queue.place import House, Place, place

AGEING = 30.0
"""Seconds of waiting that make up for one step of priority."""

_SLACK = 64


@dataclass(frozen=True, slots=True)
class Popped:
    """Whose turn it is; an ``expired`` job is handed out once to be told so, and costs nothing."""

    job: Job
    cost: float
    expired: bool
    finish: float
    """The guild's virtual time after this turn; for :meth:`FairQueue.settle`."""


class FairQueue:
    """Jobs that wait for a turn, at most one turn each at a time.

    O(log guilds + log users + log jobs of the user) for a push and a pop. ``ageing`` is in seconds.
    """

    def __init__(self, *, weights: Mapping[str, float] | None = None, ageing: float = AGEING) -> None:
        self._ageing = ageing
        self._weights: dict[str, float] = {}
        self._slices: dict[str, Slice] = {}
        self._plans: dict[str, Plan] = {}
        self._lanes: dict[str, Lane] = {}
        self._heap: list[tuple[float, int, Lane]] = []
        self._virtual = 0.0
        self._now = 0.0
        self._guilds = 0
        self._active = 0
        self._weight = 0.0
        self._seconds = 0.0
        self._rest = 0.0
        self._count = count(1)
        for guild, weight in (weights or {}).items():
            self.weigh(guild, weight)

    def __len__(self) -> int:
        return len(self._slices)

    def __contains__(self, id: str) -> bool:
        return id in self._slices

    @property
    def ageing(self) -> float:
        """Seconds of waiting that make up for one step of priority."""
        return self._ageing

    @property
    def guilds(self) -> int:
        """Guilds that wait for anything."""
        return self._guilds

    @property
    def seconds(self) -> float:
        """Estimated seconds of audio that are waited for."""
        return self._seconds

    @property
    def rest(self) -> float:
        """Estimated seconds of audio that were announced beyond that."""
        return self._rest

    def mean(self, guild: str | None = None) -> float:
        """Estimated seconds of audio that a job of a guild, or of any, has yet to get, on average. O(1)."""
        if guild is None:
            return (self._seconds + self._rest) / max(1, len(self._plans))
        lane = self._lanes.get(guild)
        return 0.0 if lane is None else (lane.seconds + lane.rest) / max(1, len(lane.plans))

    @property
    def weights(self) -> Mapping[str, float]:
        """The guilds whose weight is not 1."""
        return MappingProxyType(self._weights)

    def weigh(self, guild: str, weight: float) -> None:
        """Give a guild ``weight`` times the share of an ordinary one, from its next turn on."""
        if not (math.isfinite(weight) and weight > 0):
            raise ValueError(f"a weight must be a number above 0, not {weight}")
        self._weights[guild] = weight
        if weight == 1.0:
            del self._weights[guild]
        if (lane := self._lanes.get(guild)) is not None:
            self._weight += (weight - lane.weight) if lane.size or lane.running else 0.0
            lane.weight = weight

    def expect(self, job: Job, seconds: float, turns: int = 0, *, order: int | None = None) -> None:
        """Know of a job from before it waits until it is forgotten, between its turns too.

        It has a position then, and its turns to come count before those of others: ``seconds`` of audio by estimate,
        and so many ``turns``, each 0 if nobody knows. ``order`` as for :meth:`push`. Raises ValueError if the job is
        known or waits already, or if ``seconds`` is not a number from 0 up.
        """
        if job.id in self._plans or job.id in self._slices:
            raise ValueError("the job is known already")
        if not 0.0 <= seconds < math.inf:
            raise ValueError(f"a job's cost must be a number and not below 0, not {seconds}")
        lane = self._lanes.get(job.guild) or self._open(job.guild, self._virtual)
        plan = Plan(job, lane, next(self._count) if order is None else order, seconds, turns)
        self._plans[job.id] = plan
        self._rest += plan.rest
        lane.expect(plan)

    def forget(self, id: str) -> None:
        """Expect nothing more of a job; one that waits goes on waiting. Without effect if it is not known."""
        plan = self._plans.pop(id, None)
        if plan is None:
            return
        lane = plan.lane
        self._rest = self._rest - plan.rest if self._plans else 0.0
        self._end(plan)
        lane.forget(plan)
        if lane.entry is None and not lane.size and not lane.plans:
            del self._lanes[lane.guild]

    def push(self, job: Job, cost: float, *, order: int | None = None) -> None:
        """Let a job wait for a turn of ``cost`` estimated seconds of audio.

        ``order`` decides between a user's jobs of one moment and must differ among them; by default who is expected or
        pushed first goes first. A job that comes again for its next slice is kept in its place by ``at`` and ``order``.
        Raises ValueError if it waits already or if ``cost`` is not above 0.
        """
        if job.id in self._slices:
            raise ValueError("the job waits already")
        if not 0.0 < cost < math.inf:
            raise ValueError(f"a cost must be a number above 0, not {cost}")
        lane = self._lanes.get(job.guild) or self._open(job.guild, self._virtual)
        plan = self._plans.get(job.id) if self._plans else None
        if order is None:
            order = next(self._count) if plan is None else plan.order
        if plan is not None:
            self._rest -= lane.ask(plan, cost)
        self._slices[job.id] = slice = Slice(job, cost, lane) if plan is None else plan
        lane.add(slice, order)
        self._seconds += cost
        if lane.size == 1:
            self._awake(lane)

    def pop(self, now: float) -> Popped | None:
        """The next turn; None if nobody waits, which ends the reckoning: all guilds are even again."""
        lane = self._first()
        if lane is None:
            return None
        self._now = now
        slice = lane.head()
        job = slice.job
        if job.deadline is not None and job.deadline <= now:
            self._remove(slice)
            return Popped(job, slice.cost, True, lane.tag)
        del self._slices[job.id]
        if isinstance(slice, Plan) and slice.known:
            lane.begin(slice)
        lane.take(slice, now, next(self._count))
        self._charge(lane, slice.cost)
        self._left(lane, slice.cost)
        return Popped(job, slice.cost, False, lane.tag)

    def settle(self, popped: Popped, seconds: float, now: float) -> None:
        """Say that a turn is over at ``now`` and was of ``seconds`` of audio: its guild pays or gets the difference."""
        job = popped.job
        lane = self._lanes.get(job.guild)
        if lane is None:
            lane = self._open(job.guild, popped.finish)
        if self._plans and (plan := self._plans.get(job.id)) is not None:
            self._end(plan)
        lane.tag += (seconds - popped.cost) / lane.weight
        lane.serve(job.user, now, next(self._count))
        self._place(lane)

    def promote(self, job: Job) -> None:
        """Put a job that waits or is known in the place of ``job``, the same with another time, priority or deadline.

        Its guild and user stay who pays and is served for it. Without effect if it is neither.
        """
        slice = self._slices.get(job.id) or self._plans.get(job.id)
        if slice is not None:
            slice.lane.promote(slice, job, waits=job.id in self._slices)

    def cancel(self, id: str) -> bool:
        """Take a job out; False if it does not wait."""
        slice = self._slices.get(id)
        if slice is None:
            return False
        self._remove(slice)
        return True

    def position(self, id: str, now: float | None = None, *, slots: int = 1, rate: float = 0.0) -> Place | None:
        """What comes before a job's next turn; None if it neither waits nor is known.

        ``now`` is by default the time of the last turn; ``rate`` is the seconds of time that each of ``slots`` takes
        for a second of audio, 0 to see it as if all were to happen now. Exact on one slot if nothing else comes, goes
        or grows old meanwhile and nobody announced more than the turn they wait for; otherwise an estimate, see
        :mod:`bot.queue.place`. O(guilds + own lane), and for each other lane that changed since it was last looked at,
        that has nothing but what waits and of which only a part comes before, O(that lane). Changes nothing.
        """
        waiting = self._slices.get(id) or self._plans.get(id)
        if waiting is None:
            return None
        own = waiting.lane
        weight = self._weight + (0.0 if own.size or own.running else own.weight)
        now, slots = self._now if now is None else now, max(1, slots)
        house = House(self._lanes.values(), self._virtual, weight, now, slots, rate * weight / slots)
        return place(id, own, house)

    def _first(self) -> Lane | None:
        """The lane that is least far, at the top of the heap; idle ones above it are forgotten."""
        heap = self._heap
        while heap:
            entry = heap[0]
            lane = entry[2]
            if entry is lane.entry:
                if lane.size:
                    return lane
                # All that wait are at least as far, so that it may come back as a new one without gaining by it.
                self._virtual = max(self._virtual, lane.tag)
                lane.entry = None
                if not lane.plans:
                    del self._lanes[lane.guild]
            heappop(heap)
        return None

    def _charge(self, lane: Lane, cost: float) -> None:
        """Move on the lane at the top of the heap."""
        self._virtual = max(lane.tag, self._virtual + cost / (self._weight + 1.0))
        lane.tag += cost / lane.weight
        lane.entry = entry = (lane.tag, lane.number, lane)
        heapreplace(self._heap, entry)

    def _open(self, guild: str, tag: float) -> Lane:
        lane = Lane(guild, next(self._count), tag, self._weights.get(guild, 1.0), self._ageing)
        self._lanes[guild] = lane
        return lane

    def _awake(self, lane: Lane) -> None:
        self._guilds += 1
        if not lane.running:
            self._join(lane)
        if lane.entry is None or lane.tag < self._virtual:
            lane.tag = max(lane.tag, self._virtual)
            self._place(lane)

    def _place(self, lane: Lane) -> None:
        lane.entry = entry = (lane.tag, lane.number, lane)
        heappush(self._heap, entry)
        if len(self._heap) > 2 * len(self._lanes) + _SLACK:
            self._heap = [lane.entry for lane in self._lanes.values() if lane.entry is not None]
            heapify(self._heap)

    def _remove(self, slice: Slice) -> None:
        lane = slice.lane
        del self._slices[slice.job.id]
        if isinstance(slice, Plan) and slice.known:
            self._rest += lane.leave(slice)
        lane.remove(slice)
        self._left(lane, slice.cost)

    def _left(self, lane: Lane, cost: float) -> None:
        self._seconds = self._seconds - cost if self._slices else 0.0
        if not lane.size:
            self._guilds -= 1
            if not lane.running:
                self._part(lane)

    def _end(self, plan: Plan) -> None:
        """Note that no turn of a job runs any more."""
        if plan.running:
            plan.running = False
            plan.lane.running -= 1
            if not plan.lane.running and not plan.lane.size:
                self._part(plan.lane)

    def _join(self, lane: Lane) -> None:
        """Count in a guild that waits or is served."""
        self._active += 1
        self._weight += lane.weight

    def _part(self, lane: Lane) -> None:
        self._active -= 1
        self._weight = self._weight - lane.weight if self._active else 0.0
