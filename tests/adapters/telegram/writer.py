"""An LLM whose words come when a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator


class Writer:
    """An LLM that writes when it is told to."""

    def __init__(self) -> None:
        self.pieces: asyncio.Queue[str | Exception | None] = asyncio.Queue()
        self.closed = asyncio.Event()

    def write(self, *pieces: str | Exception | None) -> None:
        """Add pieces; None is the end, an error breaks it off."""
        for piece in pieces:
            self.pieces.put_nowait(piece)

    async def __aiter__(self) -> AsyncIterator[str]:
        try:
            while (piece := await self.pieces.get()) is not None:
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            self.closed.set()
