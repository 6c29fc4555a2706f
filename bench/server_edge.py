"""Microsoft's read-aloud service for a load: in a process of its own, no TLS, and hardly any work for an answer.

What it says is what ``tests.doubles.edge`` says, in the same messages, but every text gets the same sound, whose web
socket frames lie ready. Compression is offered by edge-tts and not taken up.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import multiprocessing
import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import cast

import psutil
import uvloop

from tests.doubles.edge import speech

WORDS = "one two three four five six seven eight nine ten"
CHUNK = 720
"""Bytes of a message with sound: 120 ms."""

SOUND = speech(WORDS)
"""The MP3 that every text is answered with: 2.9 seconds."""

_KEY = re.compile(rb"^sec-websocket-key: *(\S+)", re.IGNORECASE | re.MULTILINE)
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _BINARY, _CLOSE = 1, 2, 8


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds until the first sound, and from each message to the next."""

    name: str
    first: float
    step: float


class Edge:
    """The other end of the process."""

    def __init__(self, pipe: Connection, port: int, process: psutil.Process) -> None:
        self._pipe = pipe
        self.port = port
        self.process = process

    def pace(self, pace: Pace) -> int:
        """Speak at this pace from now on; how many texts were spoken since the last call."""
        self._pipe.send(pace)
        return int(self._pipe.recv())


@contextmanager
def edge() -> Iterator[Edge]:
    """The service while it runs."""
    ours, theirs = multiprocessing.Pipe()
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        process = multiprocessing.get_context("fork").Process(target=_serve, args=(listener, theirs), daemon=True)
        process.start()
        try:
            yield Edge(ours, listener.getsockname()[1], psutil.Process(process.pid))
        finally:
            process.kill()
            process.join()


# The other process


def _serve(listener: socket.socket, pipe: Connection) -> None:
    uvloop.run(_answer(listener, pipe))


async def _answer(listener: socket.socket, pipe: Connection) -> None:
    service = _Service()
    loop = asyncio.get_running_loop()

    def told() -> None:
        service.pace = pipe.recv()
        pipe.send(service.spoken)
        service.spoken = 0

    loop.add_reader(pipe.fileno(), told)
    server = await loop.create_server(lambda: _Talk(service), sock=listener)
    await server.serve_forever()


@dataclass(slots=True)
class _Service:
    pace: Pace = Pace("at once", 0, 0)
    spoken: int = 0


class _Talk(asyncio.Protocol):
    """One connection: a handshake, the settings, one text, its sound."""

    def __init__(self, service: _Service) -> None:
        self._service = service
        self._transport: asyncio.Transport | None = None
        self._held = b""
        self._talking = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are none by descent

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._held += data
        if not self._talking:
            self._shake_hands()
        while self._talking and (message := self._message()) is not None:
            self._heard(*message)

    def _shake_hands(self) -> None:
        head, end, rest = self._held.partition(b"\r\n\r\n")
        if end:
            self._held, self._talking = rest, True
            self._write(_accepted(head))

    def _message(self) -> tuple[int, bytes] | None:
        """The next message of the client, which are all short and masked."""
        held = self._held
        at = 4 if len(held) > 1 and held[1] & 127 == 126 else 2
        if len(held) < at:
            return None
        size = int.from_bytes(held[2:4], "big") if at == 4 else held[1] & 127
        end = at + 4 + size
        if len(held) < end:
            return None
        self._held = held[end:]
        return held[0] & 15, _unmasked(held[at : at + 4], held[at + 4 : end])

    def _heard(self, kind: int, message: bytes) -> None:
        if kind == _CLOSE:
            self._write(_frame(_CLOSE, message[:2]))
            assert self._transport is not None
            self._transport.close()
        elif b"Path:ssml" in message:
            self._speak()

    def _speak(self) -> None:
        self._service.spoken += 1
        pace = self._service.pace
        if not pace.first:
            self._write(b"".join((_BEGIN, *_PIECES)))
            return
        self._write(_BEGIN)
        self._say(iter(_PIECES), asyncio.get_running_loop().time() + pace.first)

    def _say(self, pieces: Iterator[bytes], at: float) -> None:
        """Send the next piece when it is time. One timer sets the next: several may be late in another order."""
        piece = next(pieces, None)
        if piece is not None:
            self._timer = asyncio.get_running_loop().call_at(at, self._said, piece, pieces, at)

    def _said(self, piece: bytes, pieces: Iterator[bytes], at: float) -> None:
        self._write(piece)
        self._say(pieces, at + self._service.pace.step)

    def _write(self, data: bytes) -> None:
        assert self._transport is not None
        if not self._transport.is_closing():
            self._transport.write(data)


def _accepted(head: bytes) -> bytes:
    key = _KEY.search(head)
    if key is None:
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    proof = base64.b64encode(hashlib.sha1(key[1] + _GUID).digest())
    lines = (b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket", b"Connection: Upgrade")
    return b"\r\n".join((*lines, b"Sec-WebSocket-Accept: " + proof, b"", b""))


def _unmasked(mask: bytes, data: bytes) -> bytes:
    repeated = (mask * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(repeated, "big")).to_bytes(len(data), "big")


def _frame(kind: int, data: bytes) -> bytes:
    size = len(data)
    head = bytes((128 | kind, size)) if size < 126 else bytes((128 | kind, 126)) + size.to_bytes(2, "big")
    return head + data


def _said(path: str, body: object) -> bytes:
    head = f"X-RequestId:x\r\nContent-Type:application/json; charset=utf-8\r\nPath:{path}\r\n\r\n"
    return _frame(_TEXT, (head + json.dumps(body)).encode())


def _sounded(kind: bytes, data: bytes) -> bytes:
    head = b"X-RequestId:x\r\n" + kind + b"X-StreamId:x\r\nPath:audio\r\n"
    return _frame(_BINARY, len(head).to_bytes(2, "big") + head + data)


def _pieces() -> Sequence[bytes]:
    """What is sent at one go: the sound in messages of 120 ms, then the end."""
    said = {"Text": WORDS, "Length": len(WORDS), "BoundaryType": "SentenceBoundary"}
    data = {"Offset": 1_000_000, "Duration": round(len(SOUND) / 6_000 * 10_000_000), "text": said}
    boundary = _said("audio.metadata", {"Metadata": [{"Type": "SentenceBoundary", "Data": data}]})
    chunks = [SOUND[at : at + CHUNK] for at in range(0, len(SOUND), CHUNK)]
    first, *rest = [_sounded(b"Content-Type:audio/mpeg\r\n", chunk) for chunk in chunks]
    return (boundary + first, *rest, _sounded(b"", b"") + _said("turn.end", {}))


_BEGIN = _said("turn.start", {"context": {"serviceTag": "x"}}) + _said("response", {"audio": {"type": "inline"}})
_PIECES = _pieces()
