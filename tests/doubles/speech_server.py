"""A speech server on the loopback that speaks OpenAI's API as servers in the wild do, with every fault.

async with SpeechServer() as server:                  # or SpeechServer(path=folder / "s.sock") for a unix socket
    server.faults = [Fault.BUSY, Fault.NONE]          # of the next requests for speech; after them ``always``
    engine = Remote(server.url, socket=server.socket)
    ...
    assert server.spoken[0].voice == "alloy"
    await server.stop()                               # cuts whoever is connected; the port is kept
    await server.start()                              # and is listened on again
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from enum import StrEnum, auto
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from aiohttp import web

from bot.speech import Samples

RATE = 24_000
"""Hz of what it says, in every format but Opus, which has 48,000."""

WORD_SECONDS = 0.2
"""Seconds of sound for each word, at speed 1."""

TYPES = {"wav": "audio/wav", "pcm": "audio/pcm", "mp3": "audio/mpeg", "opus": "audio/ogg", "flac": "audio/flac"}
VOICES = ("alloy", "ash", "nova")


class Fault(StrEnum):
    """What goes wrong with one request for speech."""

    NONE = auto()
    BAD_REQUEST = auto()
    """400 in OpenAI's shape."""
    INVALID = auto()
    """422 in FastAPI's shape."""
    BLANK = auto()
    """400, as a Sayso answers a text without words."""
    NO_LANGUAGE = auto()
    """400, as a Sayso answers a language that nobody there speaks."""
    UNAUTHORIZED = auto()
    """401."""
    FORBIDDEN = auto()
    """403."""
    NO_PATH = auto()
    """404 of a server that has nothing at this address."""
    NO_MODEL = auto()
    """404, ``model_not_found``."""
    NO_VOICE = auto()
    """404, ``unknown_voice``."""
    BAD_VOICE = auto()
    """400 with ``param`` voice, as OpenAI answers."""
    TOO_LONG = auto()
    """413."""
    LATE = auto()
    """408."""
    THROTTLED = auto()
    """429, with the server's ``retry_after``."""
    FAILED = auto()
    """500, not in JSON."""
    BAD_GATEWAY = auto()
    """502, a page of HTML."""
    BUSY = auto()
    """503, with the server's ``retry_after``."""
    GATEWAY_LATE = auto()
    """504."""
    REDIRECTED = auto()
    """307 to another address."""
    DEAF = auto()
    """The request is never answered."""
    SILENT = auto()
    """It is answered, but no sound ever comes."""
    STALLED = auto()
    """Nothing more comes after the first half."""
    HUNG_UP = auto()
    """The connection is closed without an answer."""
    CUT_EARLY = auto()
    """It is answered, and the connection is closed before any sound."""
    TRUNCATED = auto()
    """The connection is cut in the middle of the sound."""
    SHORT = auto()
    """The connection is cut in the middle of a body of known length."""
    HALF = auto()
    """The answer ends properly, but in the middle of the sound."""
    ODD = auto()
    """The answer ends properly, but its last byte is missing."""
    EMPTY = auto()
    """200, and nothing."""
    JSON = auto()
    """200, and an error in JSON."""
    HTML = auto()
    """200, and a page."""
    NOISE = auto()
    """200, and what is no sound, under the type of one."""


def _openai(message: str, code: str | None = None, param: str | None = None) -> str:
    return json.dumps({"error": {"message": message, "type": "error", "param": param, "code": code}})


_REFUSALS: dict[Fault, tuple[int, str, str]] = {
    fault: (
        status,
        "text/html" if body.startswith("<") else "application/json" if body[:1] in "{[" else "text/plain",
        body,
    )
    for fault, status, body in (
        (Fault.BAD_REQUEST, 400, _openai("Speech is out of style.")),
        (Fault.INVALID, 422, json.dumps({"detail": [{"loc": ["body", "speed"], "msg": "must be less", "type": "x"}]})),
        (Fault.BLANK, 400, _openai("Nothing pronounceable is left of that; write some words.", "nothing_to_say")),
        (Fault.NO_LANGUAGE, 400, _openai("No offline voice speaks it.", "language_not_spoken")),
        (Fault.UNAUTHORIZED, 401, _openai("Send a valid key.", "invalid_api_key")),
        (Fault.FORBIDDEN, 403, _openai("Not for you.")),
        (Fault.NO_PATH, 404, json.dumps({"detail": "Not Found"})),
        (Fault.NO_MODEL, 404, _openai("The model does not exist.", "model_not_found", "model")),
        (Fault.NO_VOICE, 404, _openai("There is no voice 'x'; the nearest are alloy.", "unknown_voice")),
        (Fault.BAD_VOICE, 400, _openai("Input should be 'alloy' or 'ash'", None, "voice")),
        (Fault.TOO_LONG, 413, _openai("Too long; at most 10 characters.", "too_long")),
        (Fault.LATE, 408, _openai("Too slow.")),
        (Fault.THROTTLED, 429, _openai("Slow down.", "rate_limit_exceeded")),
        (Fault.FAILED, 500, "Internal Server Error"),
        (Fault.BAD_GATEWAY, 502, "<html><body><h1>502 Bad Gateway</h1></body></html>"),
        (Fault.BUSY, 503, _openai("No engine can speak now.", "engine_error")),
        (Fault.GATEWAY_LATE, 504, _openai("No answer in time.")),
    )
}


@dataclass(frozen=True, slots=True)
class Spoken:
    """One request for speech: its text, voice and format, the whole body, and the headers by their names in lower
    case."""

    text: str
    voice: str
    format: str
    body: dict[str, object]
    headers: dict[str, str]


@dataclass(slots=True)
class SpeechServer:
    """The server. ``faults`` are those of the next requests for speech, in order; ``always`` that of all after them.

    ``spoken`` keeps those requests, ``paths`` every other ``GET``; ``outstanding`` and ``peak`` are requests for speech
    at once, ``connections`` counts those that were made. ``sayso`` makes it answer ``/health`` and name itself as the
    owner of its models. ``voices`` and ``models`` are what it answers when asked for them, None that it has no such
    address. With ``key`` it wants that as a bearer token. ``sound`` is said instead of its own, under ``media_type``.
    """

    path: Path | None = None
    faults: list[Fault] = field(default_factory=list)
    always: Fault = Fault.NONE
    retry_after: str | None = None
    key: str = ""
    sayso: bool = False
    ready: bool | None = None
    """What ``/ready`` says; None that there is no such address."""
    voices: object = field(default_factory=lambda: {"voices": list(VOICES)})
    models: object = field(default_factory=lambda: {"object": "list", "data": [{"id": "tts-1", "owned_by": "openai"}]})
    only_post: bool = False
    """Whether it says of ``/v1/audio/speech`` that it cannot be got (405), as most do; else nothing is there."""
    mute: bool = False
    """Whether everything but speech is never answered."""
    sound: bytes | None = None
    media_type: str | None = None
    piece: int = 4096
    """Bytes that are sent at a time."""
    gate: asyncio.Event | None = None
    """If set, no sound is sent before it is."""
    middle: asyncio.Event | None = None
    """If set, the second half is not sent before it is."""
    spoken: list[Spoken] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    outstanding: int = 0
    peak: int = 0
    connections: int = 0
    port: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _for_ever: asyncio.Event = field(default_factory=asyncio.Event)
    _runner: web.AppRunner | None = None
    _transports: set[asyncio.BaseTransport] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Where it is; over a unix socket any name would do."""
        return f"http://127.0.0.1:{self.port}" if self.path is None else "http://localhost"

    @property
    def socket(self) -> Path | None:
        """Its unix socket, if it listens on one."""
        return self.path

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._for_ever.set()
        await self.stop()

    async def start(self) -> None:
        """Listen, on the port of the last time if there was one."""
        app = web.Application()
        app.add_routes([web.post("/v1/audio/speech", self._speech), web.get("/{path:.*}", self._tell)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.0, handler_cancellation=True)
        await self._runner.setup()
        site: web.BaseSite
        if self.path is not None:
            self.path.unlink(missing_ok=True)
            site = web.UnixSite(self._runner, self.path)
        else:
            site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        if self.path is None:
            self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Die: nothing is listened on, and whoever is connected is cut."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        for site in list(runner.sites):
            await site.stop()
        for transport in self._transports:
            transport.close()
        self._transports.clear()
        await runner.cleanup()

    async def until(self, reached: Callable[[SpeechServer], bool]) -> None:
        """Wait until this is so."""
        while not reached(self):
            self._changed.clear()
            await self._changed.wait()

    async def asked(self, times: int = 1) -> None:
        """Wait until speech was asked for so often."""
        await self.until(lambda server: len(server.spoken) >= times)

    async def idle(self) -> None:
        """Wait until nobody waits for speech."""
        await self.until(lambda server: server.outstanding == 0)

    def _meet(self, request: web.Request) -> None:
        """Count a connection when it is first seen."""
        transport = request.transport
        if transport is not None and transport not in self._transports:
            self._transports = {one for one in self._transports if not one.is_closing()} | {transport}
            self.connections += 1

    async def _tell(self, request: web.Request) -> web.StreamResponse:
        """Everything that is not speech."""
        self._meet(request)
        self.paths.append(request.path)
        self._changed.set()
        if self.mute:
            await self._for_ever.wait()
        if request.path == "/v1/audio/speech" and self.only_post:
            return web.Response(status=405)
        if request.path == "/health" and self.sayso:
            return web.json_response({"status": "ok", "version": "1", "engines": ["offline"], "cache": {}})
        if request.path == "/ready" and self.ready is not None:
            because = "" if self.ready else "The self-test is still going on."
            return web.json_response({"ready": self.ready, "because": because}, status=200 if self.ready else 503)
        known = {"/v1/models": self.models, "/v1/audio/voices": self.voices}.get(request.path)
        if known is None:
            return _refused(Fault.NO_PATH)
        return web.json_response(known) if self._knows(request) else _refused(Fault.UNAUTHORIZED)

    def _knows(self, request: web.Request) -> bool:
        return not self.key or request.headers.get("Authorization") == f"Bearer {self.key}"

    async def _speech(self, request: web.Request) -> web.StreamResponse:
        self._meet(request)
        body = json.loads(await request.text())
        headers = {name.lower(): value for name, value in request.headers.items()}
        format = body.get("response_format", "mp3")
        asked = Spoken(body["input"], body.get("voice", ""), format, body, headers)
        self.spoken.append(asked)
        fault = self.faults.pop(0) if self.faults else self.always
        self._count(1)
        try:
            with contextlib.suppress(ConnectionError):
                fault = fault if self._knows(request) else Fault.UNAUTHORIZED
                return await _Answer(self, request, asked, fault).give()
            return web.Response()
        finally:
            self._count(-1)

    def _count(self, more: int) -> None:
        self.outstanding += more
        self.peak = max(self.peak, self.outstanding)
        self._changed.set()


@dataclass(frozen=True, slots=True)
class _Answer:
    """One answer to a request for speech."""

    server: SpeechServer
    request: web.Request
    asked: Spoken
    fault: Fault

    async def give(self) -> web.StreamResponse:
        match self.fault:
            case Fault.DEAF:
                await self.server._for_ever.wait()
            case Fault.HUNG_UP:
                await self._cut()
            case Fault.REDIRECTED:
                return web.Response(status=307, headers={"Location": f"{self.server.url}/elsewhere"})
            case Fault.EMPTY:
                return web.Response(content_type=self._type())
            case Fault.JSON:
                return web.json_response({"error": "the model is still loading"})
            case Fault.HTML:
                return web.Response(text="<!doctype html><title>Sign in</title>", content_type="text/html")
            case Fault.NOISE:
                return web.Response(body=b"this is no sound at all, " * 200, content_type=self._type())
            case refusal if refusal in _REFUSALS:
                return _refused(refusal, self.server.retry_after)
        return await self._stream()

    async def _stream(self) -> web.StreamResponse:
        sound = self._sound()
        response = web.StreamResponse(headers={"Content-Type": self._type()})
        if self.fault is Fault.SHORT:
            response.content_length = len(sound)
        await response.prepare(self.request)
        if self.server.gate is not None:
            await self.server.gate.wait()
        if self.fault is Fault.SILENT:
            await self.server._for_ever.wait()
        if self.fault is Fault.CUT_EARLY:
            await self._cut()
        async for piece in self._pieces(sound):
            await response.write(piece)
        await response.write_eof()
        return response

    async def _pieces(self, sound: bytes) -> AsyncIterator[bytes]:
        half = len(sound) // 2 // 4 * 4
        for at in range(0, half, self.server.piece):
            yield sound[at : min(at + self.server.piece, half)]
        if self.server.middle is not None:
            await self.server.middle.wait()
        if self.fault is Fault.STALLED:
            await self.server._for_ever.wait()
        if self.fault in (Fault.TRUNCATED, Fault.SHORT):
            await self._cut()
        end = {Fault.HALF: half, Fault.ODD: len(sound) - 1}.get(self.fault, len(sound))
        for at in range(half, end, self.server.piece):
            yield sound[at : min(at + self.server.piece, end)]

    async def _cut(self) -> None:
        # Closing lets through what was sent; an abort would take back what still lies in the buffers.
        assert self.request.transport is not None
        self.request.transport.close()
        raise ConnectionAbortedError

    def _sound(self) -> bytes:
        if self.server.sound is not None:
            return self.server.sound
        return encoded(self.asked.text, float(str(self.asked.body.get("speed", 1.0))), self.asked.format)

    def _type(self) -> str:
        return self.server.media_type or TYPES[self.asked.format]


def _refused(fault: Fault, retry_after: str | None = None) -> web.Response:
    status, type, body = _REFUSALS[fault]
    headers = {"Retry-After": retry_after} if retry_after is not None and status in (429, 503) else {}
    return web.Response(status=status, text=body, content_type=type, headers=headers)


def said(text: str, speed: float = 1.0) -> Samples:
    """The sound of a text, at 24 kHz: a tone for each word, its height by the word."""
    at = np.arange(round(WORD_SECONDS * RATE / speed)) / RATE
    heights = [200 + sum(word.encode()) % 1200 for word in text.split()]
    return np.concatenate([0.5 * np.sin(2 * np.pi * height * at) for height in heights]).astype(np.float32)


@cache
def encoded(text: str, speed: float, format: str) -> bytes:
    """That sound in a format."""
    samples = said(text, speed)
    if format == "pcm":
        return integers(samples)
    return wav(integers(samples)) if format == "wav" else compressed(samples, format)


def integers(samples: Samples) -> bytes:
    """Samples as 16 bits, little-endian."""
    return np.round(samples * 32_767).astype("<i2").tobytes()


def wav(body: bytes, *, rate: int = RATE, channels: int = 1, bits: int = 16, kind: int = 1, length: int = -1) -> bytes:
    """A WAV file. ``kind`` is 1 for integers and 3 for floats; ``length`` is what the header says, if not the truth."""
    width = channels * bits // 8
    said = len(body) if length < 0 else length
    form = struct.pack("<HHIIHH", kind, channels, rate, rate * width, width, bits)
    head = struct.pack("<4sI4s4sI", b"RIFF", min(said + 36, 0xFFFFFFFF), b"WAVE", b"fmt ", len(form))
    return head + form + struct.pack("<4sI", b"data", said) + body


def compressed(samples: Samples, format: str, *, rate: int = RATE, layout: str = "mono") -> bytes:
    """Samples, one row for each channel, as MP3, Ogg/Opus or FLAC."""
    container, codec = {"mp3": ("mp3", "libmp3lame"), "opus": ("ogg", "libopus"), "flac": ("flac", "flac")}[format]
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=48_000 if format == "opus" else rate, layout=layout)
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame.from_ndarray(np.atleast_2d(samples), format="fltp", layout=layout)
        frame.sample_rate = rate
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()
