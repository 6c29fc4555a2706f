"""``POST /v1/audio/speech`` as OpenAI has it, streamed from the first sentence on."""

from __future__ import annotations

import asyncio
import string
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote

from fastapi import Request as HttpRequest
from fastapi.responses import Response, StreamingResponse
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from bot.adapters.http import sse
from bot.adapters.http.answers import Answer, failed, refused
from bot.adapters.http.body import SpeechRequest, parsed
from bot.adapters.http.catalogue import Catalogue
from bot.adapters.http.pressings import Pressings
from bot.adapters.http.sound import pressed, whole
from bot.errors import SaysoError
from bot.said import Said
from bot.speaker import Speaker
from bot.speech import Codec, Priority, Refusal, Request
from bot.tts.audio import FORMATS

PLAIN = string.punctuation.replace("%", "") + " "
"""What besides letters and digits stands in a header as it is."""

PRIORITIES = {"high": Priority.HIGH, "normal": Priority.NORMAL, "low": Priority.LOW}
"""What ``X-Priority`` may be."""

TOLD = {
    "x-sayso-cache": "hit, or miss if it had to be made.",
    "x-sayso-engine": "The engine that speaks.",
    "x-sayso-voice": "The engine's name for the voice.",
    "x-sayso-caption": "Who spoke instead of whom, where that is so.",
    "x-sayso-speed": "The speed that it is spoken at, where that is not the one asked for.",
}
"""The headers of an answer that are our own. Their values are written as in an address."""


@dataclass(frozen=True, slots=True)
class Counter:
    """Where speech is asked for. A request waits at most ``wait`` seconds for its turn; ``spoke`` is called whenever
    an engine has been heard."""

    speaker: Speaker
    catalogue: Catalogue
    wait: float
    spoke: Callable[[], None]
    pressings: Pressings = field(default_factory=Pressings)
    wall: Callable[[], float] = time.time

    async def answer(self, http: HttpRequest) -> Response:
        """Speak what the body asks for. Raises an Answer instead."""
        body = parsed(http.headers.get("content-type", ""), await http.body())
        said = await self.speaker.say(self._request(body, http))
        if isinstance(said, Refusal):
            raise refused(said)
        if (sound := await whole(said, body.format, self.pressings)) is not None:
            return _at_once(sound, said, body)
        return await self._streamed(said, body, http)

    def _request(self, body: SpeechRequest, http: HttpRequest) -> Request:
        lane, cast = http.state.lane, self.catalogue.cast(body.model)
        return Request(
            guild=lane,
            user=lane,
            text=body.input,
            voice=cast.voice or body.voice or None,
            engine=cast.engine,
            rate=body.rate,
            language=body.language,
            priority=_priority(http.headers.get("x-priority")),
            deadline=self.wall() + self.wait,
            codec=Codec.MP3 if body.format == "mp3" else Codec.OPUS,
        )

    async def _streamed(self, said: Said, body: SpeechRequest, http: HttpRequest) -> Response:
        """The answer as it comes: until there is some sound, a failure is still an answer with a status of its own."""
        stream = pressed(said, body.format, self.pressings)
        with _listener(http.receive, said) as listener:
            try:
                first = await anext(stream, b"")
            except SaysoError as error:
                if listener.done():
                    raise ClientDisconnect from error
                raise failed(error) from error
        if not said.cached:
            self.spoke()
        if (sound := await whole(said, body.format, self.pressings)) is not None:  # by now, and so said at once
            listener.cancel()
            await stream.aclose()
            return _at_once(sound, said, body)
        pieces = _while_heard(first, stream, listener)
        if not body.streamed:
            return _Spoken(pieces, FORMATS[body.format], _about(said, body), said, listener)
        headers = _about(said, body) | sse.HEADERS
        return _Spoken(sse.events(pieces, said, body.input), sse.TYPE, headers, said, listener)


def _priority(wanted: str | None) -> Priority:
    if wanted is None:
        return Priority.NORMAL
    try:
        return PRIORITIES[wanted.strip().lower()]
    except KeyError:
        message = f"X-Priority: {', '.join(PRIORITIES)} are what there is; leave it out for normal."
        raise Answer(400, message, "invalid_request", param="X-Priority") from None


@contextmanager
def _listener(receive: Receive, said: Said) -> Iterator[asyncio.Task[None]]:
    """Watches whether the client is still there, from now until the answer is over; given up with it if that fails."""
    listener = asyncio.create_task(_leave(receive, said))
    try:
        yield listener
    except BaseException:
        listener.cancel()
        said.cancel()
        raise


async def _leave(receive: Receive, said: Said) -> None:
    """Give the speech up when the client goes. One that is for nobody else fails by that, and so ends the wait."""
    while (await receive())["type"] != "http.disconnect":
        pass
    said.cancel()


async def _while_heard(
    first: bytes, stream: AsyncGenerator[bytes, None], listener: asyncio.Task[None]
) -> AsyncGenerator[bytes, None]:
    """The pieces, as long as the client is there: what is from the cache does not end by being cancelled."""
    async with aclosing(stream):
        yield first
        async for piece in stream:
            if listener.done():
                return
            yield piece


class _Spoken(StreamingResponse):
    """The speech as it comes; it is given up if the client goes."""

    def __init__(
        self,
        pieces: AsyncGenerator[bytes, None],
        media_type: str,
        headers: dict[str, str],
        said: Said,
        listener: asyncio.Task[None],
    ) -> None:
        super().__init__(pieces, media_type=media_type, headers=headers)
        self._pieces = pieces
        self._said = said
        self._listener = listener

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.stream_response(send)
        except SaysoError as error:
            if self._listener.done():
                raise ClientDisconnect from error
            raise
        finally:
            self._listener.cancel()
            self._said.cancel()  # a finished speech does not mind
            await self._pieces.aclose()


def _at_once(sound: bytes, said: Said, body: SpeechRequest) -> Response:
    """What needs not be waited for."""
    if body.streamed:
        pieces = sse.events(_only(sound), said, body.input)
        return StreamingResponse(pieces, media_type=sse.TYPE, headers=_about(said, body) | sse.HEADERS)
    return Response(sound, media_type=FORMATS[body.format], headers=_about(said, body))


async def _only(sound: bytes) -> AsyncGenerator[bytes, None]:
    yield sound


def _about(said: Said, body: SpeechRequest) -> dict[str, str]:
    """Who spoke; what is not ASCII as in an address, because a header holds nothing else."""
    about = {"x-sayso-cache": "hit" if said.cached else "miss"}
    if spoken := said.speech.spoken:
        about |= {"x-sayso-engine": spoken[0].utterance.engine, "x-sayso-voice": spoken[0].utterance.voice}
    if caption := said.caption:
        about["x-sayso-caption"] = caption
    if body.rate is not None and body.rate != body.speed:
        about["x-sayso-speed"] = f"{body.rate:g}"
    return {name: quote(words, safe=PLAIN) for name, words in about.items()}
