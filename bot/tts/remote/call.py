"""One utterance, from asking for it to its last sample."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

import aiohttp

from bot.errors import AudioError, EngineBroken, EngineError, EngineTimeout, EngineTruncated, EngineUnavailable
from bot.tts.remote.faults import FOREIGN, Complaint, Server, fault, refusal
from bot.tts.remote.line import Answer, Line, answer
from bot.tts.remote.sound import Cut, Piece, SoundStream

_PATH = "/v1/audio/speech"
_LONGEST = 3600.0
"""Seconds of sound after which a server has lost its mind."""
_READING = 2.0
"""Seconds for the rest of an answer that is not sound."""
_PAGES = ("text/html", "application/xhtml")
_WORDS = ("application/json", "text/", "application/problem", "application/xml")


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that may pass before the first sound, and then between one piece and the next."""

    first: float
    gap: float


class Call:
    """What :meth:`pieces` raises is an EngineError; however it ends, the connection is given back or cut."""

    def __init__(
        self,
        line: Line,
        server: Server,
        patience: Patience,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._line = line
        self._server = server
        self._patience = patience
        self._clock = clock
        self._deadline = clock() + patience.first
        self._heard = 0.0
        self.headers: Mapping[str, str] = {}
        """Those of the answer, once there is a piece."""

    async def pieces(self, body: Mapping[str, object]) -> AsyncGenerator[Piece, None]:
        """The sound as it comes. The time that the listener takes between two pieces is not the server's."""
        response = await self._response(body)
        self.headers = response.headers
        try:
            if response.status != 200:
                raise refusal(self._server, await self._words(response), str(body.get("voice", "")))
            async with aclosing(self._sound(response)) as sound:
                async for piece in sound:
                    yield piece
        finally:
            response.close()  # which gives a connection back if all of the answer was read, and else cuts it

    async def _response(self, body: Mapping[str, object]) -> aiohttp.ClientResponse:
        try:
            async with self._limit():
                return await self._line.post(_PATH, body)
        except FOREIGN as error:
            raise self._silent() if _late(error) else fault(self._server, error) from error

    async def _sound(self, response: aiohttp.ClientResponse) -> AsyncGenerator[Piece, None]:
        media_type = response.headers.get("Content-Type", "").casefold()
        if media_type.startswith((*_PAGES, *_WORDS)):
            raise await self._no_sound(response, media_type)
        stream = SoundStream(self._server.format, media_type)
        while data := await self._read(response):
            pieces = self._decoded(partial(stream.feed, data))
            for piece in pieces:
                yield piece
            if pieces:  # of bytes that are no sound nobody hears anything
                self._deadline = self._clock() + self._patience.gap
        # What was gathered is decoded all at once, which the event loop need not wait for.
        work = asyncio.to_thread(self._decoded, stream.finish) if stream.gathered else None
        for piece in await work if work else self._decoded(stream.finish):
            yield piece
        if not self._heard:
            raise EngineUnavailable(self._server.engine, f"{self._server} sent no sound.")

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        """Some bytes; none at the end."""
        try:
            async with self._limit():
                return await response.content.readany()
        except (*FOREIGN, RuntimeError) as error:  # the latter is what aiohttp makes of a closed session
            if _late(error):
                raise self._silent() from error
            message = f"{self._server} broke off after {self._heard:.1f} s of sound."
            raise EngineTruncated(self._server.engine, message) from error

    def _decoded(self, read: Callable[[], Iterable[Piece]]) -> Sequence[Piece]:
        server = self._server
        try:
            pieces = list(read())
        except Cut as error:
            message = f"{server} sent no more than {self._heard:.1f} s of the sound."
            raise EngineTruncated(server.engine, message) from error
        except AudioError as error:
            message = f"{server} sent something that is no {server.format} sound; see remote.format."
            raise EngineUnavailable(server.engine, message) from error
        self._heard += sum(piece.samples.size / piece.rate for piece in pieces)
        if self._heard > _LONGEST:
            raise EngineUnavailable(server.engine, f"{server} does not stop speaking.")
        return pieces

    async def _no_sound(self, response: aiohttp.ClientResponse, media_type: str) -> EngineError:
        """The error of words that came instead, as if all were well."""
        server = self._server
        if media_type.startswith(_PAGES):
            message = f"{server} answers with a web page; is it a speech server? See remote.servers."
            return EngineBroken(server.engine, message)
        told = Complaint.of(await self._words(response), server.key).told
        return EngineUnavailable(server.engine, f"{server} sent words in place of sound.{told}")

    async def _words(self, response: aiohttp.ClientResponse) -> Answer:
        """An answer that is not sound; its head says enough, if the rest does not come."""
        try:
            async with asyncio.timeout(_READING):
                return await answer(response)
        except FOREIGN:
            return Answer(response.status, response.headers, b"")

    def _limit(self) -> asyncio.Timeout:
        return asyncio.timeout(max(0.0, self._deadline - self._clock()))

    def _silent(self) -> EngineTimeout:
        patience, server = self._patience, self._server
        if self._heard:
            message = f"{server} fell silent for {patience.gap:g} s after {self._heard:.1f} s of sound."
        else:
            message = f"{server} sent no sound within {patience.first:g} s."
        return EngineTimeout(server.engine, message)


def _late(error: Exception) -> bool:
    """Whether it is our own limit that was reached; aiohttp has one for connections alone."""
    return isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ClientError)
