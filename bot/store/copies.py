"""Copies of rows in memory, so that a read on the way of an utterance costs microseconds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

FRESH_SECONDS = 10.0
"""How long a copy is trusted: another process may have written to the same database."""


class Copies(Generic[K, V]):
    """The most recently used rows, at most ``limit``, each as it was read or written last."""

    def __init__(self, clock: Callable[[], float], limit: int = 10_000) -> None:
        self._clock = clock
        self._limit = limit
        self._held: OrderedDict[K, tuple[V, float]] = OrderedDict()
        self._writes = 0

    async def get(self, key: K, load: Callable[[K], Awaitable[V]]) -> V:
        """The copy, or what ``load`` reads."""
        held = self._held.get(key)
        if held is not None and 0 <= self._clock() - held[1] < FRESH_SECONDS:
            self._held.move_to_end(key)
            return held[0]
        writes = self._writes
        value = await load(key)
        # A write that ended while this was read may be newer than what was read; it put its own copy down.
        if writes == self._writes:
            self._hold(key, value)
        return value

    def put(self, key: K, value: V) -> None:
        """This was written just now."""
        self._writes += 1
        self._hold(key, value)

    def drop(self, *keys: K) -> None:
        """These were changed just now, into what is to be read."""
        self._writes += 1
        for key in keys:
            self._held.pop(key, None)

    def clear(self) -> None:
        """Rows were deleted just now."""
        self._writes += 1
        self._held.clear()

    def __len__(self) -> int:
        return len(self._held)

    def _hold(self, key: K, value: V) -> None:
        self._held[key] = value, self._clock()
        self._held.move_to_end(key)
        if len(self._held) > self._limit:
            self._held.popitem(last=False)
