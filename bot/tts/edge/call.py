"""One piece of text on one web socket, as edge-tts speaks it, with the traps of that closed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from math import ceil

from edge_tts import Communicate

from bot.errors import EngineTimeout, EngineTruncated
from bot.tts.edge.line import Line

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
        proxy: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        # Seconds must be whole for edge-tts; shorter limits are kept by this class.
        whole = max(1, ceil(connect))
        self._communicate = Communicate(
            text, voice, rate=rate, connector=line, proxy=proxy, connect_timeout=whole, receive_timeout=whole
        )
        self._line = line
        self._gap = gap
        self._clock = clock
        self._received = 0
        self._claimed = 0.0
        self._pieces: list[bytes] = []
        self._waiting: asyncio.Future[bool] | None = None

    async def audio(self, first: float) -> AsyncGenerator[bytes, None]:
        """The sound, beginning within ``first`` seconds and never silent for longer than the gap.

        Raises EngineTimeout if it is silent for too long, EngineTruncated if it ends before it is whole, and whatever
        edge-tts and aiohttp raise. However it ends, the socket is closed.
        """
        # One task for the whole call: one for each message costs as much again as the message itself.
        reading = asyncio.create_task(self._read())
        reading.add_done_callback(lambda _: self._wake())
        deadline = self._clock() + first
        try:
            while await self._more(reading, deadline):
                pieces, self._pieces = self._pieces, []
                yield b"".join(pieces)
                deadline = self._clock() + self._gap
        finally:
            # The socket is cut before the task is cancelled: on its way out edge-tts would shake hands first.
            self._line.hang_up()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        self._check()

    async def _read(self) -> None:
        """Take in what the service sends, until it is at the end."""
        async with aclosing(self._communicate.stream()) as stream:
            async for message in stream:
                if message["type"] == "audio":
                    self._received += len(message["data"])
                    self._pieces.append(message["data"])
                else:
                    self._claimed = max(self._claimed, (message["offset"] + message["duration"]) / _TICKS)
                self._wake()

    async def _more(self, reading: asyncio.Task[None], deadline: float) -> bool:
        """Whether there is more sound, once that is known. edge-tts and aiohttp wait on a web socket without limit."""
        while not self._pieces:
            if reading.done():
                reading.result()
                return False
            left = deadline - self._clock()
            if left <= 0:
                raise EngineTimeout("edge", f"Edge fell silent after {self._received} bytes of sound.")
            if not await self._news(min(left, _LOOK)) and self._ended() and not self._pieces:
                # All is there; only the closing handshake is not answered.
                return False
        return True

    async def _news(self, seconds: float) -> bool:
        """Wait for news, at most for so many seconds; whether there is any."""
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        alarm = loop.call_later(seconds, partial(self._wake, news=False))
        try:
            return await self._waiting
        finally:
            alarm.cancel()

    def _wake(self, *, news: bool = True) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(news)

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
