"""Requests as they lie on a line, and a line in virtual time."""

from __future__ import annotations

import asyncio
import json

from starlette.types import ASGIApp
from uvicorn import Config
from uvicorn.server import ServerState

from bot.adapters.http.protocol import Protocol
from tests.doubles.clock import now

HEAD = b"Host: localhost\r\n"
GET = b"GET / HTTP/1.1\r\n" + HEAD
ECHO = b"POST /echo HTTP/1.1\r\n" + HEAD
CHUNKED = ECHO + b"Transfer-Encoding: chunked\r\n\r\n"
H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"


def refusal(told: bytes) -> tuple[int, str]:
    """The status and the code of the one answer in OpenAI's shape that this is."""
    assert told.count(b"HTTP/1.1 ") == 1
    head, _, body = told.partition(b"\r\n\r\n")
    fields = dict(line.split(": ") for line in head.decode().split("\r\n")[1:])
    assert (fields["connection"], fields["content-type"]) == ("close", "application/json")
    assert int(fields["content-length"]) == len(body)
    error = json.loads(body)["error"]
    assert error["message"].endswith(".")
    return int(head.split()[1]), error["code"]


class Wire(asyncio.Transport):
    """A connection in virtual time, which remembers what was said and when it ended."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__()
        self.said = b""
        self.ended: float | None = None
        self.whole: float | None = None
        self._protocol = Protocol(Config(app, timeout_keep_alive=75, log_config=None), ServerState(), {})
        self._protocol.connection_made(self)

    async def hear(self, *pieces: bytes, every: float = 0.0, until: float = 1_000.0) -> Wire:
        """Bytes that come one after the other; and what then becomes of it."""
        for piece in pieces:
            if not self.is_closing():
                self._protocol.data_received(piece)
                await asyncio.sleep(every)
        await asyncio.sleep(until)
        return self

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.is_closing():
            self.said += data

    def write_eof(self) -> None:
        self.whole = now()

    def is_closing(self) -> bool:
        return self.ended is not None

    def close(self) -> None:
        if not self.is_closing():
            self.ended = now()
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

    def pause_reading(self) -> None:
        """Nothing comes that is not told to."""

    def resume_reading(self) -> None:
        """As above."""
