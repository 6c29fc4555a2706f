"""Finished answers in the format that was asked for, so that the same again costs no encoding."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
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


class Pressing:
    """An answer that is being encoded, once for all who ask for it meanwhile, and to its end although they leave."""

    def __init__(self, source: AsyncGenerator[bytes, None]) -> None:
        self._made: list[bytes] = []
        self._grown = asyncio.Event()
        self.task = asyncio.create_task(self._make(source))
        self.task.add_done_callback(self._over)

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """All of it from the beginning, at the listener's own pace. Raises what went wrong, after what was made."""
        at = 0
        while True:
            grown, ended = self._grown, self.task.done()
            while at < len(self._made):
                yield self._made[at]
                at += 1
            if ended:
                self.task.result()
                return
            await grown.wait()

    async def _make(self, source: AsyncGenerator[bytes, None]) -> None:
        async with aclosing(source):
            async for piece in source:
                self._made.append(piece)
                self._wake()

    def _over(self, task: asyncio.Task[None]) -> None:
        self._wake()
        if not task.cancelled():
            task.exception()  # which is nobody's if nobody listens any more

    def _wake(self) -> None:
        # Who waits has taken the event before looking at what there is, so that none can miss what comes in between.
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()


class Pressings:
    """The last recently used are dropped when there are more than ``limit`` bytes.

    What is looked up here was found in the audio cache, or is being made, just before: what is forgotten there is
    found here by nobody, and :meth:`clear` sees that it does not lie here either.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._held: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._making: dict[tuple[str, str], Pressing] = {}
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

    def clear(self) -> None:
        """Keep nothing of what there is."""
        self._held.clear()
        self._bytes = 0

    def share(
        self, key: str, format: str, encode: Callable[[], AsyncGenerator[bytes, None]]
    ) -> AsyncGenerator[bytes, None]:
        """What ``encode`` gives, or what it is giving already to somebody else who asked for the same."""
        making = self._making.get((key, format))
        if making is None:
            making = self._making[key, format] = Pressing(encode())
            making.task.add_done_callback(lambda _: self._making.pop((key, format)))
        return making.pieces()

    def shelf(self) -> Shelf:
        """What it holds."""
        return Shelf(len(self._held), self._bytes, self._limit, self._hits, self._misses)
