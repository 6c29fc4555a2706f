"""One guild's lane: whose turn it is among the guild's users.

A user stands in the lane by the time since which they wait: since their first job was accepted or since they were
last served, whichever is later, plus ``ageing`` seconds for each step of priority below HIGH. The least goes first.
That is round-robin (whoever was served goes behind all who wait) and first come first served for newcomers, and it
ages: the key never grows while a user waits, so that after ``2 * ageing`` seconds a LOW job stands before every HIGH
one that comes anew. A user's own jobs are ordered by ``at`` with the same ageing: those of one priority stay in order.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush, heapreplace

from bot.queue.job import NOTHING, Job, Plan, Slice
from bot.queue.line import Line

_SLACK = 64
"""Outdated things a lane may carry before it is tidied."""


class Asker:
    """A user in a lane: what they wait for, and when they were last served (``turn`` orders the same moment)."""

    __slots__ = ("entry", "served", "slices", "turn")

    def __init__(self) -> None:
        self.slices: list[Due] = []
        self.served = float("-inf")
        self.turn = 0
        self.entry: Standing | None = None


Due = tuple[float, int, Slice]
Standing = tuple[float, int, int, Asker]


class Lane:
    """The waiting slices of one guild; ``tag`` is the virtual time at which its next slice is due.

    ``askers`` are its users, ``waiting`` of them for something now. ``plans`` are the jobs that were announced,
    whether they wait or not: ``running`` of them have a turn, ``coming`` of them will wait again, and ``rest`` is the
    seconds of audio of the turns that they have not asked for yet.
    """

    __slots__ = (
        "_heap",
        "_line",
        "ageing",
        "askers",
        "coming",
        "entry",
        "guild",
        "number",
        "plans",
        "rest",
        "running",
        "seconds",
        "size",
        "tag",
        "waiting",
        "weight",
    )

    def __init__(self, guild: str, number: int, tag: float, weight: float, ageing: float) -> None:
        self.guild = guild
        self.number = number
        self.tag = tag
        self.weight = weight
        self.size = 0
        self.seconds = 0.0
        self.plans: dict[str, Plan] = {}
        self.running = 0
        self.coming = 0
        self.rest = 0.0
        self.entry: tuple[float, int, Lane] | None = None
        self.ageing = ageing
        self.askers: dict[str, Asker] = {}
        self.waiting = 0
        self._heap: list[Standing] = []
        self._line: Line | None = None

    def add(self, slice: Slice, order: int) -> None:
        """Let a slice wait; ``order`` (unique among those waiting) decides between jobs of one moment."""
        job = slice.job
        slice.asker = asker = self.askers.get(job.user) or self._welcome(job.user)
        slices = asker.slices
        if not slices:
            self.waiting += 1
        heappush(slices, (job.at + self.ageing * job.priority, order, slice))
        self.size += 1
        self.seconds += slice.cost
        self._line = None
        if slices[0][2] is slice:
            self._stand(asker)

    def head(self) -> Slice:
        """The slice whose turn it is; the lane must not be empty."""
        heap = self._heap
        while True:
            entry = heap[0]
            asker = entry[3]
            if entry is asker.entry:
                return asker.slices[0][2]
            heappop(heap)

    def take(self, slice: Slice, now: float, turn: int) -> None:
        """Take out what :meth:`head` answered, as served at ``now``."""
        asker = slice.asker
        heappop(asker.slices)
        asker.served = now
        asker.turn = turn
        self._left(slice)
        if asker.slices:
            asker.entry = entry = self._standing(asker)
            heapreplace(self._heap, entry)
        else:
            asker.entry = None
            heappop(self._heap)
            self.waiting -= 1
        self._line = None

    def remove(self, slice: Slice) -> None:
        """Take a slice out without a turn."""
        asker = slice.asker
        first = asker.slices[0][2] is slice
        asker.slices = [place for place in asker.slices if place[2] is not slice]
        heapify(asker.slices)
        self._left(slice)
        self._line = None
        if not asker.slices:
            asker.entry = None
            self.waiting -= 1
        elif first:
            self._stand(asker)

    def promote(self, slice: Slice, job: Job, *, waits: bool) -> None:
        """Let a slice be of ``job`` from now on, and stand where that belongs."""
        if waits:
            order = next(order for _, order, other in slice.asker.slices if other is slice)
            self.remove(slice)
            slice.job = job
            self.add(slice, order)
        else:
            slice.job = job
            self._line = None

    def serve(self, user: str, now: float, turn: int) -> None:
        """Note that a user was being served until ``now``.

        Who has nothing else waiting comes back, if at all, behind all who came meanwhile; who has kept their place.
        """
        asker = self.askers.get(user) or self._welcome(user)
        if not asker.slices:
            asker.served = now
            asker.turn = turn
        self._line = None

    def expect(self, plan: Plan) -> None:
        """Know of a job that is going to wait."""
        self.plans[plan.job.id] = plan
        self.coming += plan.comes
        self._more(plan.rest)

    def forget(self, plan: Plan) -> None:
        """Expect nothing more of a job."""
        plan.known = False
        del self.plans[plan.job.id]
        self.coming -= plan.comes
        self._more(-plan.rest)

    def ask(self, plan: Plan, cost: float) -> float:
        """Let an announced job, which must be added next, ask for a turn; see :meth:`Plan.ask`."""
        self.coming -= plan.rest > 0.0
        drawn = plan.ask(cost)
        rest = self.rest - drawn
        self.rest = rest if rest > NOTHING else 0.0
        return drawn

    def leave(self, plan: Plan) -> float:
        """Let an announced job wait no longer, though it had no turn; see :meth:`Plan.leave`."""
        drawn = plan.leave()
        self._more(drawn)
        self.coming += plan.comes
        return drawn

    def begin(self, plan: Plan) -> None:
        """Let an announced job have its turn."""
        plan.waits = False
        plan.running = True
        self.running += 1
        self.coming += plan.rest > 0.0

    def _more(self, seconds: float) -> None:
        rest = self.rest + seconds
        self.rest = rest if rest > NOTHING else 0.0
        self._line = None

    def line(self, tag: float, now: float, stretch: float) -> Line:
        """All turns that are waited for or will be, in their order; see :class:`~bot.queue.line.Line`."""
        line = self._line
        if line is None or not line.holds(tag, self.weight, now, stretch):
            line = self._line = Line(self, tag, now, stretch)
        return line

    def due(self, job: Job) -> float:
        """By what a user's own jobs are ordered."""
        return job.at + self.ageing * job.priority

    def _rank(self, place: Due, served: float, turn: int) -> tuple[float, int, int, Slice]:
        """Where a user stands whose next slice is this: the time since when they wait, aged; then turn and order."""
        _, order, slice = place
        job = slice.job
        since = job.at if job.at > served else served
        return since + self.ageing * job.priority, turn, order, slice

    def _standing(self, asker: Asker) -> Standing:
        since, turn, order, _ = self._rank(asker.slices[0], asker.served, asker.turn)
        return since, turn, order, asker

    def _stand(self, asker: Asker) -> None:
        asker.entry = entry = self._standing(asker)
        heappush(self._heap, entry)
        if len(self._heap) > 2 * self.waiting + _SLACK:
            self._heap = [asker.entry for asker in self.askers.values() if asker.entry is not None]
            heapify(self._heap)

    def _welcome(self, user: str) -> Asker:
        # Who waits for nothing is kept for the memory of when they were served; a few of them, not all there ever were.
        if len(self.askers) > 2 * self.waiting + _SLACK:
            self.askers = {name: asker for name, asker in self.askers.items() if asker.slices}
        asker = self.askers[user] = Asker()
        return asker

    def _left(self, slice: Slice) -> None:
        self.size -= 1
        self.seconds = self.seconds - slice.cost if self.size else 0.0
