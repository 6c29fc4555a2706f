"""``POST /v1/audio/speech`` as OpenAI has it, streamed from the first sentence on."""

import asyncio
import string
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Literal
from urllib.parse import quote

from fastapi import FastAPI
from fastapi import Request as HttpRequest
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, StreamingResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

import bot
from bot.adapters.http.answers import failed, http_error, invalid, refused
from bot.adapters.http.gate import Gate, lanes
from bot.adapters.http.page import PAGE
from bot.errors import SaysoError
from bot.said import Said
from bot.selftest import SelfTest
from bot.speaker import Speaker
from bot.speech import PACKET_SECONDS, Priority, Refusal, Request, Speech
from bot.tts.audio import FORMATS, FormatStream

Format = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]

BATCH = 50
"""Packets that are encoded in one go: a second of sound, some 20 ms of work."""

PLAIN = string.punctuation.replace("%", "") + " "
"""What besides letters and digits stands in a header as it is."""

OWN_MODELS = {"tts-1", "tts-1-hd", "gpt-4o-mini-tts"}
"""OpenAI's model names, which mean the configured engine."""


class SpeechRequest(BaseModel):
    """The body of ``POST /v1/audio/speech``."""

    input: str = Field(description="What to say.", examples=["Hello from Sayso."])
    model: str = Field("tts-1", description="An engine (offline, edge), or OpenAI's names for the configured one.")
    voice: str | None = Field(None, description="A persona, an alias such as `alloy`, or an engine's own voice.")
    response_format: Format = "mp3"
    speed: float | None = Field(None, ge=0.25, le=4.0, description="Left out: as fast as the settings say.")
    instructions: str | None = Field(None, description="Accepted and ignored.")


def create_api(
    speaker: Speaker,
    *,
    keys: Sequence[str] = (),
    hosts: Sequence[str] = ("*",),
    cors: Sequence[str] = (),
    wait: float = 300.0,
    test: SelfTest | None = None,
) -> FastAPI:
    """The ASGI application. With ``keys``, each request needs one as a bearer token; ``hosts`` are the Host headers
    that are answered (a page on the web must not reach a keyless server on loopback by a name of its own); ``cors`` the
    origins whose pages may use it. A request waits at most ``wait`` seconds for its turn. Where there is a ``test``,
    the server is ready once that has passed, or an engine has spoken since."""
    api = FastAPI(title="Sayso", version=bot.__version__, description="Text to speech, OpenAI-compatible.")
    api.add_middleware(Gate, keys=keys, hosts=hosts)
    limits = speaker.dispatcher.limits
    for lane in lanes(keys):  # a program behind a key is one user and many people
        speaker.dispatcher.limit_guild(lane, replace(limits, per_user=limits.per_guild))
    api.add_exception_handler(HTTPException, http_error)
    api.add_exception_handler(RequestValidationError, invalid)

    @api.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def page() -> str:
        return PAGE

    @api.get("/health")
    async def health() -> dict[str, object]:
        """Whether the process is alive, and what it can speak with."""
        cache = speaker.store.cache.stats()
        return {
            "status": "ok",
            "version": bot.__version__,
            "engines": sorted(speaker.stage.engines),
            "cache": {"entries": cache.entries, "bytes": cache.bytes},
        }

    @api.get("/v1/audio/voices")
    async def voices() -> dict[str, object]:
        """The personas, and the voices of each engine that can be used here and now."""
        available = await speaker.stage.available()
        return {
            "voices": [persona.name for persona in speaker.stage.voices.personas()],
            "engines": {
                engine: [{"name": v.name, "language": v.language, "gender": v.gender} for v in voices]
                for engine, voices in available.items()
            },
        }

    @api.post("/v1/audio/speech", response_class=StreamingResponse)
    async def speech(request: HttpRequest, body: SpeechRequest) -> StreamingResponse:
        """Speak ``input``; the sound is streamed from its first sentence on."""
        said = await speaker.say(_request(body, request.state.lane))
        if isinstance(said, Refusal):
            raise refused(said)
        stream = _encoded(said, body.response_format)
        first = await _first(stream, said, request)
        return _Spoken(said, first, stream, FORMATS[body.response_format])

    return api


def _request(body: SpeechRequest, lane: str) -> Request:
    return Request(
        guild=lane,
        user=lane,
        text=body.input,
        voice=body.voice,
        engine=None if body.model in OWN_MODELS else body.model,
        rate=None if body.speed is None else min(2.0, max(0.5, body.speed)),
        priority=Priority.HIGH,
    )


async def _encoded(said: Said, name: str) -> AsyncIterator[bytes]:
    """The speech in a format, piece by piece. Encoding is done beside the event loop."""
    stream = FormatStream(name)
    async for packets in _batches(said.speech):
        if ready := await asyncio.to_thread(stream.write, packets):
            yield ready
    yield await asyncio.to_thread(stream.close)


async def _batches(speech: Speech) -> AsyncIterator[Sequence[bytes]]:
    """The packets, as many at a time as are there without waiting, but at most a second of them."""
    batch: list[bytes] = []
    taken = 0
    async for packet in speech:
        batch.append(packet)
        taken += 1
        if len(batch) == BATCH or taken * PACKET_SECONDS >= speech.seconds:
            yield batch
            batch = []
    if batch:
        yield batch


async def _first(stream: AsyncIterator[bytes], said: Said, request: HttpRequest) -> bytes:
    """The first bytes: until there are some, a failure is still an answer with a status of its own."""
    leaving = asyncio.create_task(_leave(request, said))
    try:
        return await anext(stream, b"")
    except SaysoError as error:
        raise failed(error) from error
    except BaseException:
        said.cancel()
        raise
    finally:
        leaving.cancel()


async def _leave(request: HttpRequest, said: Said) -> None:
    """Give the speech up when the client goes. One that is for nobody else fails by that, and so ends the wait."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    said.cancel()


class _Spoken(StreamingResponse):
    """The speech as it comes; it is given up if the client goes."""

    def __init__(self, said: Said, first: bytes, stream: AsyncIterator[bytes], media_type: str) -> None:
        super().__init__(_rest(first, stream), media_type=media_type, headers=_about(said))
        self._said = said

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._said.cancel()  # the client may have gone, even before the first byte; a finished speech does not mind


async def _rest(first: bytes, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in stream:
        yield piece


def _about(said: Said) -> dict[str, str]:
    """Who spoke; what is not ASCII as in an address, because a header holds nothing else."""
    about = {"x-sayso-cache": "hit" if said.cached else "miss"}
    if spoken := said.speech.spoken:
        about |= {"x-sayso-engine": spoken[0].utterance.engine, "x-sayso-voice": spoken[0].utterance.voice}
    if said.caption:
        about["x-sayso-caption"] = said.caption
    return {name: quote(words, safe=PLAIN) for name, words in about.items()}
