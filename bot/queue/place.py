"""What comes before a job's next turn: reckoned in virtual time, lane by lane, without moving anything.

In its own lane it is what the lane's :class:`~bot.queue.line.Line` has before it; that is also when its turn is due in
virtual time, and of each other lane comes before what is due until then.

Several slots make it less. A job has one turn at a time, so that the long ones among those before run beside us in the
end, and we begin when they leave a slot free. And who may have several slots at once by their fair share does not wait
for as many of their own older jobs. On one slot, waits reckoned so are true to a few parts in a hundred. On several it
depends on who happens to be between two turns when a slot is freed: most are true to a fifth, but who has a share of
less than one slot and a long job of their own running may be told up to several times too much.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from heapq import heapreplace, nlargest
from typing import NamedTuple, TypeVar

from bot.queue.job import TYPICAL, Plan
from bot.queue.lane import Lane
from bot.queue.line import Before, Line

T = TypeVar("T")

_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Place:
    """What comes before: how many jobs have a turn, those turns' estimated seconds of audio, and how many turns.

    ``least`` is the seconds of audio that a slot makes before at any rate, though the others make none.
    """

    ahead: int
    seconds: float
    turns: int
    least: float = 0.0


class House(NamedTuple):
    """All lanes and how they stand.

    ``weight`` is that of those who want turns; ``pace`` is the seconds that go by for each second of audio of a lane
    that has a share of 1 of it, 0 to see everything as if it were to happen now.
    """

    lanes: Collection[Lane]
    virtual: float
    weight: float
    now: float
    slots: int
    pace: float

    def tag(self, lane: Lane) -> float:
        """The virtual time at which a lane's next turn is due."""
        return lane.tag if lane.size or lane.tag > self.virtual else self.virtual


def place(id: str, own: Lane, house: House) -> Place:
    """What comes before the job ``id``, which waits in ``own`` or was announced there."""
    older, least = _beside(own.plans.get(id), own, house)
    line = _line(id, own, house, older)
    (ahead, seconds, turns), start = line.find(id)
    ahead += len(older) if least else 0
    parts = [] if house.slots == 1 else [(1, part) for part in line.parts(id)]
    for lane in house.lanes:
        if lane is own or not (lane.size or lane.coming):
            continue
        tag, first = house.tag(lane), lane.number < own.number
        if tag < start or (tag == start and first):
            jobs, more, some = (_before if lane.rest else _waiting)(lane, tag, start, house, first)
            ahead += jobs
            seconds += more
            turns += some
            if house.slots > 1:
                parts.append((jobs, more))
    if house.slots == 1 or not turns:
        return Place(ahead, seconds, turns, least)
    share = 1.0 - _excess(parts, seconds / turns, house.slots) / seconds
    return Place(ahead, seconds * share, max(1, round(turns * share)), least)


def _line(id: str, own: Lane, house: House, without: frozenset[str]) -> Line:
    """The line in which the job stands; the lane keeps it where all others stand there too."""
    tag, stretch = house.tag(own), house.pace / own.weight
    plan = own.plans.get(id)
    if without or (plan is not None and not plan.left):
        return Line(own, tag, house.now, stretch, asking=plan, without=without)
    return own.line(tag, house.now, stretch)


def _waiting(lane: Lane, tag: float, start: float, house: House, first: bool) -> Before:
    """What of another lane, due at ``tag``, is due before the virtual time ``start``: at least one turn.

    What is due at ``start`` counts if the lane goes ``first``. Nobody announced more there than they wait for.
    """
    if tag + lane.seconds / lane.weight <= start:
        return lane.size, lane.seconds, lane.size
    cost = lane.head().cost
    if tag + cost / lane.weight > start:
        return 1, cost, 1
    return lane.line(tag, house.now, house.pace / lane.weight).before(start, including=first)


def _before(lane: Lane, tag: float, start: float, house: House, first: bool) -> Before:
    """The same of a lane where somebody did, by mean turns."""
    each = lane.seconds / lane.size if lane.size else TYPICAL
    jobs, seconds = lane.size + lane.coming, lane.seconds + lane.rest
    head = lane.head().cost if lane.size else each
    if tag + head / lane.weight > start:
        return 1, head, 1
    # The last turn before `start` begins anywhere before it: on average half of it reaches beyond.
    some = min(seconds, (start - tag) * lane.weight + each / 2)
    turns = max(1, round(some / each))
    users = min(jobs, lane.waiting + lane.coming)
    # First each user begins a job, and then another for each that is over.
    begun = turns if turns <= users else users + int((turns - users) * each * jobs / seconds)
    return min(jobs, begun), some, turns


def _excess(parts: Iterable[tuple[int, float]], least: float, slots: int) -> float:
    """Seconds of audio that are made beside us and not before us, by jobs that outlast all but ``slots - 1`` others.

    ``parts`` are jobs and their seconds together. All have a turn of ``least`` seconds before us at any rate.
    """
    longest = nlargest(slots, (seconds / jobs for jobs, seconds in parts for _ in range(min(jobs, slots))))
    level = max(least, longest[-1] if len(longest) == slots else 0.0)
    return sum(max(0.0, seconds - level) for seconds in longest)


def _beside(plan: Plan | None, own: Lane, house: House) -> tuple[frozenset[str], float]:
    """The asker's own older jobs, where those run beside us because our share is of a slot or more; and until when.

    Whose turn comes again while their first one runs has another slot for another job: with a share of one slot they
    have two now and then, unless nobody else is about.
    """
    older = _older(plan, own) if plan is not None and house.slots > 1 else []
    if plan is None or not older:
        return frozenset(), 0.0
    slots = min(int(_share(plan, own, house) + _TINY) + 1, house.slots)
    if slots == 1:
        return frozenset(), 0.0
    free = [0.0] * slots
    for job in older:
        heapreplace(free, free[0] + job.left)
    return frozenset(job.job.id for job in older), free[0]


def _older(plan: Plan, own: Lane) -> list[Plan]:
    """The announced jobs of the same user that go before, in their order."""
    mine = own.due(plan.job), plan.order
    jobs = [(own.due(job.job), job.order, job) for job in own.plans.values() if job.job.user == plan.job.user]
    return [job for due, order, job in sorted(jobs, key=lambda job: job[:2]) if (due, order) < mine]


def _share(plan: Plan, own: Lane, house: House) -> float:
    """Slots that the user of ``plan`` may have at once, of their guild's share."""
    slots = house.slots * own.weight / house.weight
    if len(house.lanes) < house.slots:
        slots = _fair(house.slots, own, {lane: (lane.weight, len(lane.plans)) for lane in house.lanes})
    users = Counter(plan.job.user for plan in own.plans.values())
    return _fair(slots, plan.job.user, {user: (1.0, jobs) for user, jobs in users.items()})


def _fair(slots: float, mine: T, wants: Mapping[T, tuple[float, int]]) -> float:
    """What ``mine`` may have of so many slots, by weight, after those who want less than their part of them."""
    weights = sum(weight for weight, _ in wants.values())
    for who, (weight, jobs) in sorted(wants.items(), key=lambda want: want[1][1] / want[1][0]):
        if who == mine:
            break
        some = min(jobs, slots * weight / weights)
        slots -= some
        weights -= weight
    return slots * wants[mine][0] / weights
