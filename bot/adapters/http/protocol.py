"""How requests are read off a connection, within bounds that uvicorn leaves to others.

All that is used of uvicorn's connection beyond its documented interface is used here, and held by a test.
"""

from __future__ import annotations

import asyncio
from enum import Enum, auto
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from bot import metrics
from bot.adapters.http.answers import Answer, rendered

MAX_HEAD = 64 * 1024
"""Bytes of a request's head, and of anything else that is no body: each of them may cost as much as all before it."""

MAX_FIELDS = 100
"""Headers of a request."""

MAX_QUEUED = 16
"""Requests that are taken from one connection while another of it is answered."""

MAX_CONNECTIONS = 512
"""How many are served at once. All of this process share the files that it may open, often 1024."""

PATIENCE = 30.0
"""Seconds that a request has for its head, and then for each further piece of its body."""

LINGERING = 2.0
"""Seconds that are left to a client to hear that it was refused, while it still sends."""

PIECE = 16 * 1024
"""Bytes that are read before it is looked at what they were."""

MALFORMED = Answer(400, "This is not HTTP/1.1; use a client of HTTP, and http:// rather than https://.", "invalid_http")
TOO_MUCH = Answer(
    431, f"A head has at most {MAX_HEAD} bytes and {MAX_FIELDS} headers; send less of both.", "head_too_large"
)
TOO_SLOW = Answer(408, "The request did not come; send it again, in one go.", "request_timeout")
TOO_MANY = Answer(503, "Too many connections are open; ask again in a moment.", "too_many_connections", retry_after=1)


class At(Enum):
    """How far the reading of a request is."""

    START = auto()
    HEAD = auto()
    BODY = auto()


class Protocol(HttpToolsProtocol):
    """A connection.

    Who brings a head without end, none in time or none at all is told in OpenAI's shape, and the connection is closed.
    Another protocol that is offered is left alone, and its request answered like any; answers of no known length to
    HTTP/1.0 end with the connection.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._at = At.START
        self._steps = 0
        """How often a request has got on."""
        self._idle = 0
        """Bytes since that was last so."""
        self._fields = 0
        self._wrong = MALFORMED
        self._deaf = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            self.connections.discard(self)  # it is none that others would have to wait for
            self._refuse(TOO_MANY)
        else:
            self._wait(got_on=False)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        before = self._steps
        rest = memoryview(data)
        while rest and not self._deaf:
            rest = rest[self._read(rest[: min(PIECE, MAX_HEAD - self._idle)]) :]
        if not self._deaf:
            self._wait(got_on=self._steps != before)

    def _read(self, piece: memoryview) -> int:
        """How much of it was read."""
        before, read = self._steps, len(piece)
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            read = upgrade.args[0]
            self._read(memoryview(self._without_upgrade()))
        except httptools.HttpParserError:
            self._refuse(self._wrong)
        self._idle = read if self._steps != before else self._idle + read
        if self._idle >= MAX_HEAD and not self._deaf:
            self._refuse(TOO_MUCH)
        return read

    def _without_upgrade(self) -> bytes:
        """The head that was just read, as it were without the offer of another protocol: its body is not read else."""
        first = b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        fields = [b"%b: %b" % field for field in self.headers if field[0] != b"upgrade"]
        return b"\r\n".join([first, *fields, b"", b""])

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= MAX_QUEUED:
            raise ValueError
        self._reach(At.HEAD)
        self._fields = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields += 1
        if self._fields > MAX_FIELDS:
            self._wrong = TOO_MUCH
            raise ValueError
        if self._at is At.HEAD:  # what comes after a body would be taken for what stood before it
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self.parser.get_method() == b"CONNECT":
            raise ValueError
        if self.parser.should_upgrade():  # it comes again
            return
        self._reach(At.BODY)
        super().on_headers_complete()
        if self.parser.get_http_version() == "1.0":
            self.cycle.__class__ = _Unmeasured

    def on_body(self, body: bytes) -> None:
        self._reach(At.BODY)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self._at is At.BODY:
            self._reach(At.START)
            super().on_message_complete()

    def _reach(self, at: At) -> None:
        self._at = at
        self._steps += 1

    def _wait(self, *, got_on: bool) -> None:
        """Give the client its time, if it is the one that is waited for."""
        waiting = self._at is not At.START or not self._answering()
        if got_on:
            self._stop_waiting()
        if waiting and self._timer is None:
            seconds = self.timeout_keep_alive if self._at is At.START else PATIENCE
            self._timer = self.loop.call_later(seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        if self.flow.read_paused:  # it is we who do not get on
            self._wait(got_on=False)
        elif self._at is At.START:
            self.transport.close()
        else:
            self._refuse(TOO_SLOW)

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, answer: Answer) -> None:
        """Read no more, and say why, unless there are words on their way that it would be taken for."""
        self._deaf = True
        self._stop_waiting()
        if self._at is not At.BODY and self._answering():  # what was asked before is answered yet
            self.cycle.keep_alive = False
        elif self._at is At.BODY and (self.cycle.response_started or self.pipeline):
            self.transport.close()
        else:
            self._say(answer)

    def _say(self, answer: Answer) -> None:
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        metrics.HTTP.labels("other", str(answer.status_code)).inc()
        self.transport.write(self._written(answer))
        # Closed now, what is still being sent would make the client's system throw the answer away.
        self.transport.write_eof()
        self._timer = self.loop.call_later(LINGERING, self.transport.close)

    def _written(self, answer: Answer) -> bytes:
        response = rendered(answer)
        fields = [*self.server_state.default_headers, *response.raw_headers, (b"connection", b"close")]
        status = f"HTTP/1.1 {answer.status_code} {HTTPStatus(answer.status_code).phrase}".encode()
        return b"\r\n".join([status, *(b"%b: %b" % field for field in fields), b"", bytes(response.body)])


class _Unmeasured(RequestResponseCycle):
    """An answer to HTTP/1.0, which knows no chunks: one that does not say how long it is ends with the connection."""

    _open = False

    async def send(self, message: Any) -> None:
        if not self.response_started:
            self._open = not any(name.lower() == b"content-length" for name, _ in message.get("headers", ()))
            if self._open:
                self.chunked_encoding = False
        elif self._open:
            self.expected_content_length = len(message.get("body", b""))
        await super().send(message)
