"""A text that is still being written, for several readers: who shows it and who speaks it need not wait for another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from typing import Self

from bot.adapters.boundary import contained


class Stream:
    """What comes of ``source``, kept whole: any number of readers, each from its beginning and at its own pace.

    Once begun it is read as fast as it comes and to its end, whatever becomes of the readers. ``over`` is set when no
    more will come. All on one event loop.
    """

    def __init__(self, source: AsyncIterable[str]) -> None:
        self.over = asyncio.Event()
        self.pieces: list[str] = []
        self._source = aiter(source)
        self._grown = asyncio.Event()
        self._rest: asyncio.Task[None] | None = None

    @property
    def text(self) -> str:
        """All that has come so far."""
        return "".join(self.pieces)

    async def begin(self) -> bool:
        """Wait for the first word, and have the rest read in the background. False if it ends without any.

        Raises what the source raises before its first word; what it raises later ends it there, and is logged.
        """
        try:
            while not self.text.strip():
                self._add(await anext(self._source))
        except StopAsyncIteration:
            await self._finish()
            return False
        except BaseException:
            await self._finish()
            raise
        self._rest = asyncio.create_task(self._read())
        return True

    async def grown(self, pieces: int) -> bool:
        """Wait until more than so many pieces have come. False if no more will."""
        while len(self.pieces) <= pieces:
            if self.over.is_set():
                return False
            await self._grown.wait()
        return True

    async def close(self) -> None:
        """It ends here: its readers get what has come, its writer is told to stop."""
        if self._rest is not None and not self.over.is_set():
            self._rest.cancel()
            await asyncio.wait([self._rest])
            await self._finish()  # a task that is cancelled before its first step does nothing

    def __aiter__(self) -> Reader:
        return Reader(self)

    async def _read(self) -> None:
        await contained(self._all(), "answer_stream_failed")
        await self._finish()

    async def _all(self) -> None:
        async for piece in self._source:
            self._add(piece)

    def _add(self, piece: str) -> None:
        if piece:
            self.pieces.append(piece)
            self._wake()

    async def _finish(self) -> None:
        if not self.over.is_set():
            self.over.set()
            self._wake()
            if (close := getattr(self._source, "aclose", None)) is not None:
                await contained(close(), "answer_stream_not_closed")

    def _wake(self) -> None:
        # Who waits has looked at the pieces and taken the event in one step; a new one is there before they look again.
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()


class Reader:
    """One who reads a stream."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._at = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        if not await self._stream.grown(self._at):
            raise StopAsyncIteration
        self._at += 1
        return self._stream.pieces[self._at - 1]
