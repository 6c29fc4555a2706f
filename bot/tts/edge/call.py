"""One piece of text on one web socket, as edge-tts speaks it, with the traps of that closed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from math import ceil

from edge_tts import Communicate
from edge_tts.typing import TTSChunk

from bot.errors import EngineTimeout, EngineTruncated
from bot.tts.edge.line import Line, proxy

_BYTES_PER_SECOND = 6_000
"""The service sends 48 kbit/s, whatever is said."""

_TICKS = 10_000_000
"""Ticks a second in what the service says of boundaries."""

_LOOK = 0.25
"""Seconds after which a waiting call looks whether it is whole already."""


class Call:
    """The MP3 of a piece as it comes, and a failure where edge-tts would end as if nothing had happened."""

    def __init__(
        self,
        text: str,
        voice: str,
        rate: str,
        line: Line,
        *,
        connect: float,
        gap: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        # Seconds must be whole for edge-tts; shorter limits are kept by this class.
        whole = max(1, ceil(connect))
        self._communicate = Communicate(
            text, voice, rate=rate, connector=line, proxy=proxy(), connect_timeout=whole, receive_timeout=whole
        )
        self._line = line
        self._gap = gap
        self._clock = clock
        self._received = 0
        self._claimed = 0.0

    async def audio(self, first: float) -> AsyncGenerator[bytes, None]:
        """The sound, beginning within ``first`` seconds and never silent for longer than the gap.

        Raises EngineTimeout if it is silent for too long, EngineTruncated if it ends before it is whole, and whatever
        edge-tts and aiohttp raise. However it ends, the socket is closed.
        """
        stream = self._communicate.stream()
        deadline = self._clock() + first
        try:
            while (message := await self._next(stream, deadline)) is not None:
                if message["type"] == "audio":
                    self._received += len(message["data"])
                    yield message["data"]
                    deadline = self._clock() + self._gap
                else:
                    self._claimed = max(self._claimed, (message["offset"] + message["duration"]) / _TICKS)
        finally:
            self._line.hang_up()
            await stream.aclose()
        self._check()

    async def _next(self, stream: AsyncGenerator[TTSChunk, None], deadline: float) -> TTSChunk | None:
        """The next message, or None at the end. edge-tts and aiohttp set no limit to waiting on a web socket."""
        step = asyncio.ensure_future(_step(stream))
        try:
            while not step.done():
                left = deadline - self._clock()
                if left <= 0:
                    raise EngineTimeout("edge", f"Edge fell silent after {self._received} bytes of sound.")
                await asyncio.wait({step}, timeout=min(left, _LOOK))
                if self._ended() and not step.done():
                    # All is there; only the closing handshake is not answered.
                    return None
            return step.result()
        finally:
            if not step.done():
                # The socket is cut before the task is cancelled: on its way out edge-tts would shake hands first.
                self._line.hang_up()
                step.cancel()
                await asyncio.gather(step, return_exceptions=True)

    def _ended(self) -> bool:
        """Whether the service has said that it is at the end; edge-tts adds the bytes up when it does."""
        return 0 < self._received == self._counted()

    def _counted(self) -> int | None:
        return self._communicate.state.get("cumulative_audio_bytes")

    def _check(self) -> None:
        counted = self._counted()
        if counted is not None and counted != self._received:
            raise EngineTruncated("edge", f"Edge broke off after {self._received} bytes of sound.")
        # What the service says of the sentences is rough, so only a lot of missing sound tells.
        seconds = self._received / _BYTES_PER_SECOND
        if seconds < 0.8 * self._claimed - 0.5:
            raise EngineTruncated("edge", f"Edge sent {seconds:.1f} of {self._claimed:.1f} seconds of sound.")


async def _step(stream: AsyncGenerator[TTSChunk, None]) -> TTSChunk | None:
    return await anext(stream, None)
