"""What the audio cache may take, and what it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.store.clips import Kept, Room


@dataclass(frozen=True, slots=True)
class Limits:
    """What the cache may take: bytes on disk, bytes in memory, seconds since a clip was last used, and clips."""

    bytes: int
    memory_bytes: int
    age: float
    entries: int = 100_000

    @property
    def room(self) -> Room:
        """What of it is the database's."""
        return Room(self.bytes, self.entries)


class Totals:
    """How many clips there are, of how many bytes, as far as this process knows: others fill the same cache unseen."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.entries = self.bytes = 0
        self._unseen_entries = self._unseen = 0

    def allow(self, sizes: Sequence[int]) -> bool:
        """Whether so many bytes more, each of a clip, surely fit. It is looked again after every sixty-fourth."""
        size, count, limits = sum(sizes), len(sizes), self._limits
        return (
            self.bytes + size <= limits.bytes
            and self.entries + count <= limits.entries
            and self._unseen + size <= limits.bytes // 64
            and self._unseen_entries + count <= max(1, limits.entries // 64)
        )

    def grow(self, kept: Kept) -> None:
        """So much was added by us."""
        self.entries += kept.entries
        self._unseen_entries += kept.entries
        self.bytes += kept.bytes
        self._unseen += kept.bytes

    def settle(self, kept: Kept) -> None:
        """So much there is, of everybody's."""
        self.entries, self.bytes = kept.entries, kept.bytes
        self._unseen_entries = self._unseen = 0
