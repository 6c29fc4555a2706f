"""One piece of text on one web socket, from the first byte to the last, or to the fault that ended it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable

from edge_tts.exceptions import NoAudioReceived

from bot.errors import EngineTimeout, EngineTruncated
from bot.tts.edge import seams
from bot.tts.edge.answer import Answer
from bot.tts.edge.line import Exchange, Line
from bot.tts.edge.portions import Portions

_BYTES_PER_SECOND = 6_000
"""The service sends 48 kbit/s, whatever is said."""


class Call:
    """The MP3 of a piece as it comes, and a failure where edge-tts would end as if nothing had happened."""

    def __init__(
        self,
        text: str,
        voice: str,
        rate: str,
        exchange: Exchange,
        *,
        gap: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wish = (text, voice, rate)
        self._exchange = exchange
        self._gap = gap
        self._clock = clock
        self._answer = Answer()
        self._portions = Portions()
        self._line: Line | None = None
        self._pieces: list[bytes] = []
        self._waiting: asyncio.Future[None] | None = None
        self._gathering = False

    async def audio(self, first: float) -> AsyncGenerator[bytes, None]:
        """The sound, beginning within ``first`` seconds and never silent for longer than the gap.

        Raises EngineTimeout if it is silent for too long, EngineTruncated if it ends before it is whole, and whatever
        edge-tts and aiohttp raise. However it ends, the socket is closed.
        """
        # One task for the whole call: one for each message costs as much again as the message itself.
        reading = asyncio.create_task(self._read())
        reading.add_done_callback(self._over)
        deadline = self._clock() + first
        try:
            while await self._more(reading, deadline):
                yield self._portion()
                deadline = self._clock() + self._gap
        finally:
            if self._line is not None:
                self._line.hang_up()
            if not reading.done():
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
        self._check()

    async def _read(self) -> None:
        """Say what is wanted, and take in what the service sends until it is at the end."""
        self._line = line = await self._exchange.open()
        await line.send_str(seams.settings())
        await line.send_str(seams.wish(*self._wish))
        while (sound := self._answer.take(await line.receive())) is not None:
            if sound:
                self._pieces.append(sound)
                if not self._gathering:
                    self._wake()
        if self._answer.ended:
            await line.goodbye()
        if not self._answer.received:
            raise NoAudioReceived("the service sent no sound")

    async def _more(self, reading: asyncio.Task[None], deadline: float) -> bool:
        """Whether there is more sound, once that is known and due."""
        self._gathering = True
        while not reading.done() and (left := self._portions.due - self._clock()) > 0:
            await self._news(left)
        self._gathering = False
        while not self._pieces:
            if reading.done():
                reading.result()
                return False
            left = deadline - self._clock()
            if left <= 0:
                raise EngineTimeout("edge", f"Edge fell silent after {self._answer.received} bytes of sound.")
            await self._news(left)
        return True

    def _portion(self) -> bytes:
        """What has come by now."""
        portion = b"".join(self._pieces)
        self._pieces.clear()
        self._portions.passed_on(len(portion) / _BYTES_PER_SECOND, self._clock())
        return portion

    async def _news(self, seconds: float) -> None:
        """Wait for news, at most for so many seconds."""
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        alarm = loop.call_later(seconds, self._wake)
        try:
            await self._waiting
        finally:
            alarm.cancel()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _over(self, reading: asyncio.Task[None]) -> None:
        if not reading.cancelled():
            reading.exception()  # whoever left before it is not told, and asyncio need not complain of that
        self._wake()

    def _check(self) -> None:
        received = self._answer.received
        if not self._answer.ended:
            raise EngineTruncated("edge", f"Edge broke off after {received} bytes of sound.")
        # What the service says of the sentences is rough, so only a lot of missing sound tells.
        seconds = received / _BYTES_PER_SECOND
        if seconds < 0.8 * self._answer.claimed - 0.5:
            raise EngineTruncated("edge", f"Edge sent {seconds:.1f} of {self._answer.claimed:.1f} seconds of sound.")
