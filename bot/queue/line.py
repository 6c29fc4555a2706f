"""A lane's turns to come, in their order: what :class:`~bot.queue.lane.Lane` would hand out, without handing it out.

Jobs that wait for one turn each are lined up one by one. Where jobs announced many turns, a user is lined up for
several at a stretch, the more of them the further down the line they are: so a line is laid in a time that hardly
grows with the length of its jobs, and is wrong by no more than a part of the wait.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from heapq import heapify, heappop, heapreplace
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING

from bot.queue.job import Job, Plan, Slice

if TYPE_CHECKING:
    from bot.queue.lane import Lane

_STEPS = 1_000
"""Turns of a lane that are laid one by one; from there on the steps grow with what lies behind."""

_FINE = 8
"""Turns of a user that are laid one by one at any rate."""

Before = tuple[int, float, int]
"""What comes before: how many jobs have a turn, their turns' estimated seconds of audio, and how many turns."""


class Bout:
    """A job's turns to come: one of ``first`` seconds of audio, then ``turns - 1`` of ``each``."""

    __slots__ = ("each", "first", "job", "new", "order", "turns")

    def __init__(self, job: Job, order: int, first: float, each: float = 0.0, turns: int = 1) -> None:
        self.job = job
        self.order = order
        self.first = first
        self.each = each
        self.turns = turns
        self.new = True


class Stander:
    """A user as they stand in line, ``bouts`` being what they wait for and ``laid`` how many turns of it lie behind."""

    __slots__ = ("bouts", "laid", "served", "turn")

    def __init__(self, served: float = -inf, turn: int = 0) -> None:
        self.bouts: list[Bout] = []
        self.served = served
        self.turn = turn
        self.laid = 0

    def rank(self, ageing: float) -> tuple[float, int, int, Stander]:
        """Where they stand: the time since when they wait, aged; then turn and order."""
        bout = self.bouts[-1]
        job = bout.job
        since = job.at if job.at > self.served else self.served
        return since + ageing * job.priority, self.turn, bout.order, self


class Line:
    """The order of a lane's turns: where each begins in virtual time, and what is before it.

    It begins at the virtual time ``tag``, and ``stretch`` is the seconds that go by for each second of the lane's
    audio. The jobs ``without`` are left out; one whose turns to come are unknown is in it only while it waits, and
    where it is ``asking``.
    """

    # Five lists and not one of tuples, of which a big house would have so many that collecting garbage took longer than
    # all else here.
    __slots__ = ("_ids", "_jobs", "_mixed", "_now", "_seconds", "_starts", "_stretch", "_tag", "_turns", "_weight")

    def __init__(
        self,
        lane: Lane,
        tag: float,
        now: float,
        stretch: float,
        *,
        asking: Plan | None = None,
        without: frozenset[str] = frozenset(),
    ) -> None:
        self._tag = tag
        self._weight = lane.weight
        self._now = now
        self._stretch = stretch
        self._ids: list[str] = []
        self._starts = [tag]
        self._jobs = [0]
        self._seconds = [0.0]
        self._turns = [0]
        standers = _standers(lane, now, asking, without)
        self._mixed = len({bout.job.priority for stander in standers for bout in stander.bouts}) > 1
        self._lay(standers, lane.ageing, max(_FINE, _STEPS // max(1, len(standers))) if lane.rest else 0)

    def holds(self, tag: float, weight: float, now: float, stretch: float) -> bool:
        """Whether it is still the order: time changes it only where priorities age against each other."""
        same = self._tag == tag and self._weight == weight
        return same and (not self._mixed or (self._now == now and self._stretch == stretch))

    def find(self, id: str) -> tuple[Before, float]:
        """What is before the first turn of a job, and that turn's virtual start time."""
        at = self._ids.index(id)
        return self._before(at), self._starts[at]

    def parts(self, id: str) -> Iterable[float]:
        """Seconds of audio that each job has before the first turn of ``id``."""
        parts: defaultdict[str, float] = defaultdict(float)
        for other, (since, until) in zip(self._ids, pairwise(self._seconds), strict=False):
            if other == id:
                break
            parts[other] += until - since
        return parts.values()

    def before(self, start: float, *, including: bool) -> Before:
        """What starts before ``start``, or at it."""
        bisect = bisect_right if including else bisect_left
        return self._before(bisect(self._starts, start, 0, len(self._ids)))

    def _before(self, at: int) -> Before:
        return self._jobs[at], self._seconds[at], self._turns[at]

    def _lay(self, standers: list[Stander], ageing: float, grain: int) -> None:
        """Lay down all turns: one by one, or with a ``grain`` by one more at a stretch for each so many behind."""
        heap = [stander.rank(ageing) for stander in standers]
        heapify(heap)
        turn = max((stander.turn for stander in standers), default=0)
        while heap:
            stander = heap[0][3]
            self._serve(stander, 1 + stander.laid // grain if grain else 1)
            if not stander.bouts:
                heappop(heap)
                continue
            turn += 1
            stander.turn = turn
            stander.served = self._now + self._seconds[-1] * self._stretch
            heapreplace(heap, stander.rank(ageing))

    def _serve(self, stander: Stander, turns: int) -> None:
        """Lay down the user's next ``turns``, of one job or of several."""
        stander.laid += turns
        while turns and stander.bouts:
            bout = stander.bouts[-1]
            some = turns if turns < bout.turns else bout.turns
            self._add(bout, some)
            turns -= some
            bout.turns -= some
            if not bout.turns:
                stander.bouts.pop()

    def _add(self, bout: Bout, turns: int) -> None:
        cost = bout.first + (turns - 1) * bout.each
        self._ids.append(bout.job.id)
        self._starts.append(self._starts[-1] + cost / self._weight)  # added as the queue does it: ties stay ties
        self._jobs.append(self._jobs[-1] + bout.new)
        self._seconds.append(self._seconds[-1] + cost)
        self._turns.append(self._turns[-1] + turns)
        bout.first = bout.each
        bout.new = False


def _standers(lane: Lane, now: float, asking: Plan | None, without: frozenset[str]) -> list[Stander]:
    users: dict[str, Stander] = {}
    for name, asker in lane.askers.items():
        if asker.slices:
            stander = users[name] = Stander(asker.served, asker.turn)
            stander.bouts = [_bout(slice, order) for _, order, slice in asker.slices]
    for plan in lane.plans.values():
        if plan.comes or (plan is asking and not plan.waits):
            _come(lane, plan, users, now)
    for stander in users.values():
        if without:
            stander.bouts = [bout for bout in stander.bouts if bout.job.id not in without]
        if len(stander.bouts) > 1:
            stander.bouts.sort(key=lambda bout: (lane.due(bout.job), bout.order), reverse=True)
    return [stander for stander in users.values() if stander.bouts]


def _bout(slice: Slice, order: int) -> Bout:
    """What a job is known to want: the turn it waits for and what it announced beyond; one turn if nothing is known."""
    if not isinstance(slice, Plan) or not slice.known:
        return Bout(slice.job, order, slice.cost)
    more = slice.more
    each = slice.rest / more if more else 0.0
    return (
        Bout(slice.job, order, slice.cost, each, more + 1)
        if slice.waits
        else Bout(slice.job, order, each, each, max(1, more))
    )


def _come(lane: Lane, plan: Plan, users: dict[str, Stander], now: float) -> None:
    """Put a job in line that does not wait just now."""
    stander = users.get(plan.job.user)
    if stander is None:
        asker = lane.askers.get(plan.job.user)
        stander = users[plan.job.user] = Stander(asker.served, asker.turn) if asker else Stander()
        # Who has nothing else waiting stands in line again when the turn that runs is over.
        if plan.running:
            stander.served = now
    stander.bouts.append(_bout(plan, plan.order))
