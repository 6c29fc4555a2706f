"""Who writes next: what somebody waits for goes before the rest, but the rest is never passed for long."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")

PASSED = 8
"""How many urgent ones may go before another in a row."""


class Line(Generic[T]):
    """Two queues, each first come, first served. Any thread may join; one alone calls who is next."""

    def __init__(self) -> None:
        self._urgent: deque[T] = deque()
        self._others: deque[T] = deque()
        self._passed = 0

    def join(self, one: T, *, urgent: bool) -> None:
        """Wait behind those of the same urgency."""
        (self._urgent if urgent else self._others).append(one)

    def next(self) -> T:
        """Whose turn it is; to be called no more often than somebody joined.

        Others may join meanwhile, but nobody else leaves: who is seen here to wait is still there to be called.
        """
        if self._urgent and not (self._others and self._passed >= PASSED):
            self._passed = self._passed + 1 if self._others else 0
            return self._urgent.popleft()
        self._passed = 0
        return self._others.popleft()
