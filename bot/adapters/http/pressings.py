"""Finished answers in the format that was asked for, so that the same again costs no encoding."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

LIMIT = 32 * 1024 * 1024
"""Bytes of memory for all of them."""

SHARE = 8
"""One of them takes at most this part of the room: a long WAV must not put down hundreds of short answers."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """How full it is, and how often something was found on it."""

    entries: int
    bytes: int
    max_bytes: int
    hits: int
    misses: int


class Pressings:
    """The last recently used are dropped when there are more than ``limit`` bytes.

    What is looked up here was found in the audio cache, or is being made, just before: what is forgotten there is
    found here by nobody.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._held: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._bytes = self._hits = self._misses = 0

    @property
    def largest(self) -> int:
        """Bytes that one of them may have."""
        return self._limit // SHARE

    def get(self, key: str | None, format: str) -> bytes | None:
        """The speech of that cache key in that format. A speech that has no key yet is nowhere."""
        if key is None:
            return None
        data = self._held.get((key, format))
        if data is None:
            self._misses += 1
            return None
        self._hits += 1
        self._held.move_to_end((key, format))
        return data

    def put(self, key: str, format: str, data: bytes) -> None:
        """Keep it, if it is not too large."""
        if len(data) > self.largest:
            return
        self._bytes += len(data) - len(self._held.pop((key, format), b""))
        self._held[key, format] = data
        while self._bytes > self._limit:
            self._bytes -= len(self._held.popitem(last=False)[1])

    def shelf(self) -> Shelf:
        """What it holds."""
        return Shelf(len(self._held), self._bytes, self._limit, self._hits, self._misses)
