"""One guild's lane: whose turn it is among the guild's users.

A user stands in the lane by the time since which they wait: since their first job was accepted or since they were
last served, whichever is later, plus ``ageing`` seconds for each step of priority below HIGH. The least goes first.
That is round-robin (whoever was served goes behind all who wait) and first come first served for newcomers, and it
ages: the key never grows while a user waits, so that after ``2 * ageing`` seconds a LOW job stands before every HIGH
one that comes anew. A user's own jobs are ordered by ``at`` with the same ageing: those of one priority stay in order.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush, heapreplace

from bot.speech import Priority

_SLACK = 64
"""Outdated things a lane may carry before it is tidied."""


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

    def __init__(self, job: Job, cost: float, lane: Lane, asker: Asker) -> None:
        self.job = job
        self.cost = cost
        self.lane = lane
        self.asker = asker


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
    """The waiting slices of one guild; ``tag`` is the virtual time at which its next slice is due."""

    __slots__ = (
        "_ageing",
        "_askers",
        "_heap",
        "_line",
        "_waiting",
        "entry",
        "guild",
        "number",
        "seconds",
        "size",
        "tag",
        "weight",
    )

    def __init__(self, guild: str, number: int, tag: float, weight: float, ageing: float) -> None:
        self.guild = guild
        self.number = number
        self.tag = tag
        self.weight = weight
        self.size = 0
        self.seconds = 0.0
        self.entry: tuple[float, int, Lane] | None = None
        self._ageing = ageing
        self._askers: dict[str, Asker] = {}
        self._waiting = 0
        self._heap: list[Standing] = []
        self._line: Line | None = None

    def add(self, job: Job, cost: float, order: int) -> Slice:
        """Let a job wait for a turn; ``order`` (unique among those waiting) decides between jobs of one moment."""
        asker = self._askers.get(job.user) or self._welcome(job.user)
        slices = asker.slices
        slice = Slice(job, cost, self, asker)
        if not slices:
            self._waiting += 1
        heappush(slices, (job.at + self._ageing * job.priority, order, slice))
        self.size += 1
        self.seconds += cost
        self._line = None
        if slices[0][2] is slice:
            self._stand(asker)
        return slice

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
            self._waiting -= 1
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
            self._waiting -= 1
        elif first:
            self._stand(asker)

    def serve(self, user: str, now: float, turn: int) -> None:
        """Note that a user was being served until ``now``.

        Who has nothing else waiting comes back, if at all, behind all who came meanwhile; who has kept their place.
        """
        asker = self._askers.get(user) or self._welcome(user)
        if not asker.slices:
            asker.served = now
            asker.turn = turn

    def moved(self) -> None:
        """Note that ``tag`` or ``weight`` was changed."""
        self._line = None

    def line(self, now: float) -> Line:
        """All waiting slices in the order of their turns, were they all to begin at ``now``."""
        if self._line is None or not self._line.holds(now):
            self._line = Line(self._lined_up(now), now, self.tag, self.weight)
        return self._line

    def before(self, start: float, number: int, now: float) -> tuple[int, float]:
        """How many slices, of how many seconds, are due before the virtual time ``start`` of lane ``number``."""
        first = self.number < number
        if self.tag > start or (self.tag == start and not first):
            return 0, 0.0
        if self.tag + self.seconds / self.weight <= start:
            return self.size, self.seconds
        head = self.head()
        if self.tag + head.cost / self.weight > start:
            return 1, head.cost
        return self.line(now).before(start, including=first)

    def _lined_up(self, now: float) -> Iterator[Slice]:
        """What :meth:`take` would give, one after the other, without taking."""
        askers = [asker for asker in self._askers.values() if asker.slices]
        rests = {asker: iter(sorted(asker.slices)) for asker in askers}
        heap = [self._rank(next(rests[asker]), asker.served, asker.turn) for asker in askers]
        heapify(heap)
        turn = max((asker.turn for asker in askers), default=0)
        while heap:
            slice = heap[0][3]
            yield slice
            turn += 1
            following = next(rests[slice.asker], None)
            if following is None:
                heappop(heap)
            else:
                heapreplace(heap, self._rank(following, now, turn))

    def _rank(self, place: Due, served: float, turn: int) -> tuple[float, int, int, Slice]:
        """Where a user stands whose next slice is this: the time since when they wait, aged; then turn and order."""
        _, order, slice = place
        job = slice.job
        since = job.at if job.at > served else served
        return since + self._ageing * job.priority, turn, order, slice

    def _standing(self, asker: Asker) -> Standing:
        since, turn, order, _ = self._rank(asker.slices[0], asker.served, asker.turn)
        return since, turn, order, asker

    def _stand(self, asker: Asker) -> None:
        asker.entry = entry = self._standing(asker)
        heappush(self._heap, entry)
        if len(self._heap) > 2 * self._waiting + _SLACK:
            self._heap = [asker.entry for asker in self._askers.values() if asker.entry is not None]
            heapify(self._heap)

    def _welcome(self, user: str) -> Asker:
        # Who waits for nothing is kept for the memory of when they were served; a few of them, not all there ever were.
        if len(self._askers) > 2 * self._waiting + _SLACK:
            self._askers = {name: asker for name, asker in self._askers.items() if asker.slices}
        asker = self._askers[user] = Asker()
        return asker

    def _left(self, slice: Slice) -> None:
        self.size -= 1
        self.seconds = self.seconds - slice.cost if self.size else 0.0


class Line:
    """A lane's slices in order: their virtual start times, and the seconds of audio before each."""

    __slots__ = ("_ids", "_mixed", "_now", "_starts", "_sums")

    def __init__(self, slices: Iterator[Slice], now: float, tag: float, weight: float) -> None:
        self._now = now
        self._ids: list[str] = []
        self._starts: list[float] = []
        self._sums = [0.0]
        priorities = set()
        for slice in slices:
            priorities.add(slice.job.priority)
            self._ids.append(slice.job.id)
            self._starts.append(tag)
            self._sums.append(self._sums[-1] + slice.cost)
            tag += slice.cost / weight  # added up as the queue itself does it, so that ties stay ties
        self._mixed = len(priorities) > 1

    def holds(self, now: float) -> bool:
        """Whether it is still the order at ``now``: time changes it only where priorities age against each other."""
        return now == self._now or not self._mixed

    def find(self, id: str) -> tuple[int, float, float]:
        """Slices before ``id``, their seconds, and its own virtual start time."""
        place = self._ids.index(id)
        return place, self._sums[place], self._starts[place]

    def before(self, start: float, *, including: bool) -> tuple[int, float]:
        """Slices that start before ``start`` (or at it), and their seconds."""
        place = (bisect_right if including else bisect_left)(self._starts, start)
        return place, self._sums[place]
