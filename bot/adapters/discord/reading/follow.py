"""A text stream that is fed by whoever watches a message being written, and read by who speaks it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Self


class Tail:
    """What is still to come of a text: an async iterator of pieces. One reader; all on one event loop.

    ``closed``: the reader wants no more of it.
    """

    def __init__(self, *pieces: str) -> None:
        self.closed = False
        self._pieces = deque(filter(None, pieces))
        self._ended = False
        self._changed = asyncio.Event()

    def feed(self, piece: str) -> None:
        """Add to it. Without effect once it has ended."""
        if piece and not self._ended:
            self._pieces.append(piece)
            self._changed.set()

    def end(self) -> None:
        """There is no more to come."""
        self._ended = True
        self._changed.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        while not self._pieces:
            if self._ended:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        return self._pieces.popleft()

    async def aclose(self) -> None:
        """Stop reading."""
        self.closed = True
        self._pieces.clear()
        self.end()
