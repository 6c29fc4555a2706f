"""Which chat has the next turn, among all those whose turn is due. Pure: knows no clock, sends nothing."""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heappop, heappush
from itertools import count
from math import inf

from bot.adapters.telegram.lane import Lane, Urgency

SHARES: Mapping[Urgency, int] = {Urgency.NOTE: 3, Urgency.STATUS: 10}
"""Of so many turns at least one is theirs while they wait, however much there is that is more urgent."""


class Turns:
    """Chats by what they have to say first: the urgent before the others, alike in the order in which they were due.

    Whoever is passed over too often is not passed over again: see :data:`SHARES`.
    """

    def __init__(self) -> None:
        self._numbers = count()
        self._calendar: list[tuple[float, int, Lane]] = []
        self._due: dict[Urgency, dict[Lane, None]] = {urgency: {} for urgency in Urgency}
        self._passed = dict.fromkeys(Urgency, 0)

    def appoint(self, lane: Lane, now: float) -> None:
        """Write down when the lane's next call is due: whenever that, or what it says first, may have changed."""
        self._admit(now)
        due = lane.due()
        if due is None:
            return
        if due <= now:
            self._enter(lane)
        elif due != lane.appointment:
            lane.appointment = due
            heappush(self._calendar, (due, next(self._numbers), lane))

    def next(self) -> float:
        """When the next one is due; it may turn out then that nobody waits there any more."""
        if any(self._due.values()):
            return -inf
        while self._calendar and self._calendar[0][0] != self._calendar[0][2].appointment:  # it was given another
            heappop(self._calendar)
        return self._calendar[0][0] if self._calendar else inf

    def take(self, now: float) -> Lane | None:
        """The one whose turn it is; None if none is due."""
        self._admit(now)
        while (urgency := self._choice()) is not None:
            lane = next(iter(self._due[urgency]))
            del self._due[urgency][lane]
            due = lane.due()
            if due is not None and due <= now and lane.urgency is urgency:
                self._count(urgency)
                return lane
            self.appoint(lane, now)  # who waited there does not any more, and others may
        return None

    def ahead(self, urgency: Urgency, now: float) -> int:
        """How many lanes are due that go before one of this urgency."""
        self._admit(now)
        return sum(len(lanes) for each, lanes in self._due.items() if each <= urgency)

    def _admit(self, now: float) -> None:
        """Line up whose time has come."""
        while self._calendar and self._calendar[0][0] <= now:
            due, _, lane = heappop(self._calendar)
            if due == lane.appointment:
                self._enter(lane)

    def _enter(self, lane: Lane) -> None:
        """Line up; it keeps its place if it has one, and one that turned more urgent stands behind its like."""
        lane.appointment = None
        urgency = lane.urgency
        for each, lanes in self._due.items():
            if each is not urgency:
                lanes.pop(lane, None)
        self._due[urgency].setdefault(lane)

    def _choice(self) -> Urgency | None:
        """What has the next turn."""
        waiting = [urgency for urgency in Urgency if self._due[urgency]]
        owed = [urgency for urgency in waiting if self._passed[urgency] + 1 >= SHARES.get(urgency, inf)]
        return owed[-1] if owed else next(iter(waiting), None)

    def _count(self, taken: Urgency) -> None:
        """It has had a turn, and what waits and is less urgent was passed over."""
        self._passed[taken] = 0
        for urgency in Urgency:
            if urgency > taken and self._due[urgency]:
                self._passed[urgency] += 1
