"""Microsoft's read-aloud service on the loopback: TLS, the web socket that edge-tts speaks, real MP3, and every fault.

edge-tts itself is not patched: its connector resolves the service's name to this server, and trusts its authority.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import ssl
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum, auto
from functools import cache
from types import TracebackType
from typing import Self

import aiohttp
import av
import edge_tts.communicate
import edge_tts.voices
import numpy as np
import trustme
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from edge_tts.constants import SEC_MS_GEC_VERSION
from edge_tts.drm import DRM

_PATH = "/consumer/speech/synthesize/readaloud"
_RATE = 24_000
_FRAME = 144
"""Bytes of one MP3 frame of 24 ms at 48 kbit/s."""
_FRAME_SECONDS = 0.024
_TICKS = 10_000_000
_FRAMES_A_MESSAGE = 5
_WORD_FRAMES = 12
_JSON = "Content-Type:application/json; charset=utf-8\r\n"
_SSML = {"s": "http://www.w3.org/2001/10/synthesis"}


class Fault(StrEnum):
    """What goes wrong with one connection."""

    NONE = auto()
    FORBIDDEN = auto()
    """403, as after a change of the token."""
    SKEWED = auto()
    """403 once, from a server whose clock is three hours ahead."""
    THROTTLED = auto()
    """429, with the server's ``retry_after``."""
    BUSY = auto()
    """503, likewise."""
    FAILED = auto()
    """500."""
    DEAF = auto()
    """The handshake is never answered."""
    NO_AUDIO = auto()
    """The turn ends without sound."""
    NOISE = auto()
    """The sound is no MP3."""
    GARBAGE = auto()
    """A message that edge-tts does not know."""
    MALFORMED = auto()
    """Metadata that is not JSON."""
    CUT_EARLY = auto()
    """The connection is cut before a frame of sound is whole."""
    TRUNCATED = auto()
    """The connection is cut in the middle of the sound."""
    SHORT = auto()
    """The turn ends properly, but most of the sound is missing."""
    SILENT = auto()
    """Nothing is said for ever."""
    STALLED = auto()
    """Nothing more is said after the first half."""
    LINGERING = auto()
    """All is said, but the closing handshake is never answered."""


_REFUSALS = {Fault.FORBIDDEN: 403, Fault.SKEWED: 403, Fault.THROTTLED: 429, Fault.BUSY: 503, Fault.FAILED: 500}


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one SSML document asked for."""

    voice: str
    rate: str
    text: str
    ssml: str


@dataclass(slots=True)
class FakeEdge:
    """The service. ``faults`` are those of the next connections, in order; after them all goes well.

    ``spoken`` keeps what was asked for, ``connections`` counts those that were begun, ``open`` and ``peak`` those at
    once, ``listed`` the requests for the list of voices, ``refused`` the answers that were no.
    """

    faults: list[Fault] = field(default_factory=list)
    retry_after: str | None = None
    voices: Sequence[dict[str, str]] = ()
    check_token: bool = True
    gate: asyncio.Event | None = None
    """If set, no sound is sent before it is."""
    spoken: list[Spoken] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    peak: int = 0
    listed: int = 0
    refused: int = 0
    lookups: int = 0
    port: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _for_ever: asyncio.Event = field(default_factory=asyncio.Event)
    _runner: web.AppRunner | None = None
    _skew: float = 0.0

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.add_routes([web.get(f"{_PATH}/edge/v1", self._speak), web.get(f"{_PATH}/voices/list", self._list)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=_server_context())
        await site.start()
        self.port = self._runner.addresses[0][1]
        for context in (edge_tts.communicate._SSL_CTX, edge_tts.voices._SSL_CTX):
            _authority().configure_trust(context)
        self._skew = DRM.clock_skew_seconds
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        DRM.clock_skew_seconds = self._skew
        self._for_ever.set()
        if self._runner is not None:
            await self._runner.cleanup()

    def connector(self) -> aiohttp.BaseConnector:
        """What reaches this server under the service's name."""
        return aiohttp.TCPConnector(limit=0, ttl_dns_cache=300, resolver=_Loopback(self))

    async def until(self, reached: Callable[[FakeEdge], bool]) -> None:
        """Wait until this is so."""
        while not reached(self):
            self._changed.clear()
            await self._changed.wait()

    async def hung_up(self) -> None:
        """Wait until nobody is connected."""
        await self.until(lambda service: service.open == 0)

    async def asked(self, times: int = 1) -> None:
        """Wait until so many texts were asked for."""
        await self.until(lambda service: len(service.spoken) >= times)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        if (refusal := await self._refusal(request, self._fault())) is not None:
            return refusal
        self.listed += 1
        return web.json_response(list(self.voices))

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        fault = self._fault()
        self._count(begun=1, open=1)
        try:
            if (refusal := await self._refusal(request, fault)) is not None:
                return refusal
            return await self._talk(request, fault)
        finally:
            self._count(open=-1)

    def _fault(self) -> Fault:
        return self.faults.pop(0) if self.faults else Fault.NONE

    def _count(self, *, begun: int = 0, open: int = 0) -> None:
        self.connections += begun
        self.open += open
        self.peak = max(self.peak, self.open)
        self._changed.set()

    async def _refusal(self, request: web.Request, fault: Fault) -> web.Response | None:
        if fault is Fault.DEAF:
            await self._for_ever.wait()
        ahead = timedelta(hours=3 if fault is Fault.SKEWED else 0)
        if fault in _REFUSALS or (self.check_token and not _knows_us(request)):
            self.refused += 1
            headers = {"Date": format_datetime(datetime.now(UTC) + ahead, usegmt=True)}
            if self.retry_after is not None:
                headers["Retry-After"] = self.retry_after
            return web.Response(status=_REFUSALS.get(fault, 403), headers=headers)
        return None

    async def _talk(self, request: web.Request, fault: Fault) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoclose=fault is not Fault.LINGERING)
        await socket.prepare(request)
        turn: asyncio.Task[None] | None = None
        try:
            # It reads while it speaks, as the service does, so that a goodbye is answered at once.
            async for message in socket:
                head, _, body = message.data.partition("\r\n\r\n")
                if "Path:ssml" in head:
                    turn = asyncio.create_task(_Turn(self, socket, request, fault, head, body).run())
                    if fault is Fault.LINGERING:
                        await turn
                        await self._for_ever.wait()
        finally:
            if turn is not None:
                turn.cancel()
                await asyncio.gather(turn, return_exceptions=True)
        return socket


@dataclass(slots=True)
class _Turn:
    """One answer on a web socket."""

    service: FakeEdge
    socket: web.WebSocketResponse
    request: web.Request
    fault: Fault
    head: str
    body: str

    async def run(self) -> None:
        with contextlib.suppress(ConnectionError):
            await self._answer()

    async def _answer(self) -> None:
        spoken = _read(self.body)
        self.service.spoken.append(spoken)
        self.service._changed.set()
        await self._send("turn.start", {"context": {"serviceTag": "x"}})
        await self._send("response", {"audio": {"type": "inline"}})
        if self.service.gate is not None:
            await self.service.gate.wait()
        if self.fault is Fault.SILENT:
            await self.service._for_ever.wait()
        if self.fault is Fault.GARBAGE:
            await self._send("what.is.this", {})
        if self.fault is Fault.MALFORMED:
            await self.socket.send_str(f"{_JSON}Path:audio.metadata\r\n\r\n{{")
        if self.fault is not Fault.NO_AUDIO:
            await self._sound(spoken)
        await self._send("turn.end", {})

    async def _sound(self, spoken: Spoken) -> None:
        mp3 = bytes(range(256)) * 20 if self.fault is Fault.NOISE else speech(spoken.text, spoken.rate)
        seconds = len(mp3) / _FRAME * _FRAME_SECONDS
        if self.fault is not Fault.NOISE:
            await self._boundary(spoken.text, seconds)
        cut = {
            Fault.CUT_EARLY: _FRAME // 2,
            Fault.TRUNCATED: len(mp3) // 2,
            Fault.SHORT: len(mp3) // 4,
            Fault.STALLED: len(mp3) // 2,
        }.get(self.fault, len(mp3))
        step = _FRAMES_A_MESSAGE * _FRAME
        for at in range(0, cut, step):
            await self.socket.send_bytes(_binary(b"Content-Type:audio/mpeg\r\n", mp3[at : min(at + step, cut)]))
        if self.fault is Fault.STALLED:
            await self.service._for_ever.wait()
        if self.fault in (Fault.CUT_EARLY, Fault.TRUNCATED):
            await self._cut()
        await self.socket.send_bytes(_binary(b"", b""))

    async def _cut(self) -> None:
        # Closing lets through what was sent; an abort would take back what still lies in the buffers.
        assert self.request.transport is not None
        self.request.transport.close()
        raise ConnectionAbortedError

    async def _boundary(self, text: str, seconds: float) -> None:
        said = {"Text": text, "Length": len(text), "BoundaryType": "SentenceBoundary"}
        data = {"Offset": 0, "Duration": int(seconds * _TICKS), "text": said}
        await self._send("audio.metadata", {"Metadata": [{"Type": "SentenceBoundary", "Data": data}]})

    async def _send(self, path: str, body: object) -> None:
        await self.socket.send_str(f"{_JSON}Path:{path}\r\n\r\n{json.dumps(body)}")


class _Loopback(AbstractResolver):
    """Every name is this service."""

    def __init__(self, service: FakeEdge) -> None:
        self._service = service

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self._service.lookups += 1
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=self._service.port, family=socket.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        return None


def words(text: str) -> list[str]:
    """The words as they are voiced: one for each CJK character or run of others."""
    return re.findall(r"[一-鿿]|[^\s一-鿿]+", text)


def seconds(text: str) -> float:
    """How long the sound of a text is, at the rate +0%."""
    return len(words(text)) * _WORD_FRAMES * _FRAME_SECONDS


@cache
def speech(text: str, rate: str = "+0%") -> bytes:
    """MP3 as the service sends it: a tone for each word, its height by the word, shorter if the rate is higher."""
    frames = max(2, round(_WORD_FRAMES / (1 + int(rate.rstrip("%")) / 100)))
    heights = [200 + sum(word.encode()) % 1200 for word in words(text)]
    at = np.arange(round(frames * _FRAME_SECONDS * _RATE)) / _RATE
    return _mp3(np.concatenate([0.5 * np.sin(2 * np.pi * height * at) for height in heights]).astype(np.float32))


def _mp3(samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> bytes:
    codec = av.CodecContext.create("libmp3lame", "w")
    codec.sample_rate, codec.format, codec.layout, codec.bit_rate = _RATE, "fltp", "mono", 48_000
    codec.options = {"reservoir": "0"}
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="fltp", layout="mono")
    frame.sample_rate = _RATE
    fifo = av.AudioFifo()
    fifo.write(frame)
    packets = [packet for part in fifo.read_many(576) for packet in codec.encode(part)]
    if (rest := fifo.read()) is not None:
        packets += codec.encode(rest)
    mp3 = b"".join(bytes(packet) for packet in [*packets, *codec.encode(None)])
    assert len(mp3) % _FRAME == 0
    return mp3


def _binary(kind: bytes, data: bytes) -> bytes:
    head = b"X-RequestId:x\r\n" + kind + b"Path:audio\r\n"
    return len(head).to_bytes(2, "big") + head + data


def _read(ssml: str) -> Spoken:
    """What a document asks for. Raises ParseError if it is not well-formed, as the service would hang up."""
    root = ET.fromstring(ssml)
    voice = root.find("s:voice", _SSML)
    assert voice is not None
    prosody = voice.find("s:prosody", _SSML)
    assert prosody is not None
    return Spoken(voice.attrib["name"], prosody.attrib["rate"], prosody.text or "", ssml)


def _knows_us(request: web.Request) -> bool:
    given = (request.query.get("Sec-MS-GEC"), request.query.get("Sec-MS-GEC-Version"))
    return given == (DRM.generate_sec_ms_gec(), SEC_MS_GEC_VERSION)


@cache
def _authority() -> trustme.CA:
    return trustme.CA()


@cache
def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _authority().issue_cert("speech.platform.bing.com").configure_cert(context)
    return context
