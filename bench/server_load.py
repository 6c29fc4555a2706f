"""Clients that ask a speech server for one text after the other, and what that took them.

Over bare sockets and llhttp, so that a request costs this side a tenth of a millisecond and not what is measured.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

import httptools

VOICE = "en-US-AvaMultilingualNeural"
PATIENCE = 180.0
"""Seconds that any answer may take."""

_PLACES = """\
The A This That One Our My Your
old young quiet happy clever little friendly famous
teacher farmer doctor sailor painter baker writer driver
brought carried bought found forgot wanted promised borrowed
seven heavy fresh wooden yellow broken useful ancient
apples chairs letters bottles baskets candles windows blankets
near behind beside under
the
river station market garden harbour library kitchen bridge
yesterday. today. tonight. again.
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request: seconds until the first byte of its sound and until the last."""

    status: int
    body: bytes
    first: float
    whole: float


@dataclass(frozen=True, slots=True)
class Load:
    """How much is asked: by so many ``clients`` at once, ``count`` requests in all, none after ``seconds``."""

    clients: int
    count: int
    seconds: float = 10.0


def sentences() -> Iterator[str]:
    """English sentences of ten words, no two of which are the same; a million of them and more."""
    # Backwards, so that those next to each other differ from their beginning on, as what people ask for does.
    places = [line.split() for line in reversed(_PLACES.splitlines())]
    return (" ".join(reversed(words)) for words in itertools.product(*places))


async def ask(port: int, key: str, texts: Sequence[str], load: Load) -> tuple[list[Answer], float]:
    """The answers to the first of these texts, and the seconds that all of them took together."""
    waiting = iter(texts[: load.count])
    began = time.perf_counter()
    clients = [_client(port, key, waiting, began + load.seconds) for _ in range(load.clients)]
    answers = await asyncio.gather(*clients)
    return list(itertools.chain.from_iterable(answers)), time.perf_counter() - began


async def _client(port: int, key: str, texts: Iterator[str], until: float) -> list[Answer]:
    answers: list[Answer] = []
    line: _Line | None = None
    for text in texts:
        if line is None or line.closed:
            line = await _called(port)
        answers.append(await asyncio.wait_for(line.ask(_request(port, key, text)), PATIENCE))
        if time.perf_counter() > until:
            break
    if line is not None:
        line.close()
    return answers


async def _called(port: int) -> _Line:
    _, line = await asyncio.get_running_loop().create_connection(_Line, "127.0.0.1", port)
    return line


def _request(port: int, key: str, text: str) -> bytes:
    body = json.dumps({"model": "tts-1", "input": text, "voice": VOICE, "response_format": "mp3"}).encode()
    head = (
        f"POST /v1/audio/speech HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@dataclass(slots=True)
class _Coming:
    """An answer as it comes."""

    future: asyncio.Future[Answer]
    began: float
    first: float | None = None
    pieces: list[bytes] = field(default_factory=list)


class _Line(asyncio.Protocol):
    """A connection that is kept, with one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._coming: _Coming | None = None

    @property
    def closed(self) -> bool:
        return self._transport is None or self._transport.is_closing()

    async def ask(self, request: bytes) -> Answer:
        """Raises ConnectionError if it is broken off."""
        assert self._transport is not None
        self._coming = _Coming(asyncio.get_running_loop().create_future(), time.perf_counter())
        self._transport.write(request)
        return await self._coming.future

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are none by descent

    def connection_lost(self, error: Exception | None) -> None:
        if self._coming is not None and not self._coming.future.done():
            self._coming.future.set_exception(error or ConnectionResetError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        assert self._coming is not None
        if self._coming.first is None:
            self._coming.first = time.perf_counter()
        self._coming.pieces.append(body)

    def on_message_complete(self) -> None:
        assert self._transport is not None
        coming, now = self._coming, time.perf_counter()
        if coming is None or coming.future.done():
            return
        if not self._parser.should_keep_alive():
            self._transport.close()
        first = (coming.first or now) - coming.began
        coming.future.set_result(
            Answer(self._parser.get_status_code(), b"".join(coming.pieces), first, now - coming.began)
        )
