"""How requests are read, as bytes on a connection."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response, StreamingResponse
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from bot import metrics
from bot.adapters.http import listen, protocol, serve
from bot.adapters.http.protocol import MAX_FIELDS, MAX_HEAD, MAX_QUEUED, Protocol
from tests.adapters.http.served import until
from tests.adapters.http.wire import CHUNKED, ECHO, GET, H2C, HEAD, refusal


@dataclass(slots=True)
class Server:
    """A server that repeats what it is told, and what has become of its requests."""

    port: int
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    held: int = 0
    left: int = 0

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection."""
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def tell(self, *pieces: bytes) -> bytes:
        """All that is answered, until the server hangs up."""
        reader, writer = await self.open()
        with closing(writer):
            async with asyncio.timeout(10):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                return await reader.read()

    async def hold(self) -> Response:
        """Answer when the gate opens."""
        self.held += 1
        await self.gate.wait()
        return PlainTextResponse("held")

    async def echo(self, request: Request) -> Response:
        """What was sent, and what came in its head."""
        try:
            body = await request.body()
        except Exception:
            self.left += 1
            raise
        return PlainTextResponse(body + b"|" + request.headers.get("x", "").encode())


async def pieces() -> AsyncGenerator[bytes, None]:
    """An answer of no known length."""
    yield b"one,"
    yield b"two"


def application(server: Server) -> FastAPI:
    """What is served."""
    api = FastAPI()
    api.add_api_route("/", lambda: PlainTextResponse("quick"), methods=["GET", "HEAD"])
    api.add_api_route("/held", server.hold)
    api.add_api_route("/echo", server.echo, methods=["POST"])
    api.add_api_route("/pieces", lambda: StreamingResponse(pieces()), methods=["GET", "HEAD"])
    return api


@asynccontextmanager
async def served() -> AsyncIterator[Server]:
    """A server on a port of its own."""
    stop, ready = asyncio.Event(), asyncio.Event()
    with listen("127.0.0.1", 0) as listener:
        server = Server(listener.getsockname()[1])
        serving = asyncio.create_task(serve(application(server), listener, stop, ready.set, drain=1))
        await ready.wait()
        try:
            yield server
        finally:
            server.gate.set()
            stop.set()
            await serving


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """The same as a fixture."""
    async with served() as server:
        yield server


def padded(size: int, start: bytes = GET) -> bytes:
    """A head of so many bytes."""
    return start + b"Connection: close\r\nX: " + b"a" * (size - len(start) - 26) + b"\r\n\r\n"


async def test_a_head_has_room_for_what_is_written_into_one(server: Server) -> None:
    """To the byte, and to the header."""
    fields = b"".join(b"X%d: a\r\n" % number for number in range(MAX_FIELDS - 2))
    for head in (padded(MAX_HEAD), GET + b"Connection: close\r\n" + fields + b"\r\n"):
        assert (await server.tell(head)).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "pieces",
    [
        [padded(MAX_HEAD + 1)],
        [padded(60_000)[:-4], b"a" * 8_000 + b"\r\n\r\n"],
        [b"GET /" + b"a" * MAX_HEAD],
        [b"\r\n" * MAX_HEAD],
        [GET + b"X: a\r\n" * MAX_FIELDS + b"\r\n"],
        [CHUNKED + b"1\r\na\r\n0\r\nX: " + b"a" * 2 * MAX_HEAD],
        [CHUNKED + b"1\r\na\r\n0\r\n" + b"X: a\r\n" * MAX_FIELDS],
        [CHUNKED + b"1\r\na\r\n1;x=" + b"a" * 2 * MAX_HEAD],
        [CHUNKED.replace(b"\r\n\r\n", b"\r\n" + H2C + b"\r\n") + b"0\r\nX: " + b"a" * 2 * MAX_HEAD],
    ],
    ids=["header", "pieces", "address", "nothing", "headers", "trailer", "trailers", "chunk", "upgrade"],
)
async def test_what_has_no_end_and_is_no_body_is_not_read(server: Server, pieces: list[bytes]) -> None:
    """Each byte of a header would cost as much as all before it, and all others would wait for that."""
    counted = metrics.HTTP.labels("other", "431")
    before = counted._value.get()
    assert refusal(await server.tell(*pieces)) == (431, "head_too_large")
    assert counted._value.get() == before + 1


async def test_who_still_sends_hears_why_nothing_more_is_read(server: Server) -> None:
    """Were the connection just closed, its own system would keep the answer from it."""
    reader, writer = await server.open()
    writer.write(padded(1 << 20)[:-4])
    await writer.drain()
    async with asyncio.timeout(10):
        told = await reader.readuntil(b"}}")
        for _ in range(10):
            writer.write(b"a" * 100_000)
            await writer.drain()
        told += await reader.read()
    assert refusal(told)[0] == 431
    writer.close()


async def test_each_request_of_a_connection_has_a_head_of_its_own(server: Server) -> None:
    """One after the other, or all at once; and a body is no head."""
    body = b"b" * 3 * MAX_HEAD
    start = ECHO + b"Content-Length: %d\r\n" % len(body) + b"Y: a\r\n" * 60
    post = padded(48_000, start).replace(b"close", b"keep-alive") + body
    last = padded(48_000)
    told = await server.tell(post * 3 + last)
    assert told.count(b"HTTP/1.1 200 ") == 4
    assert told.count(body) == 3
    reader, writer = await server.open()
    for _ in range(3):
        writer.write(post)
        await reader.readuntil(body + b"|")
    writer.close()


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 200,
        b"FROB / HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT localhost:80 HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"GET /\xe5\xb0\x8f HTTP/1.1\r\n" + HEAD + b"\r\n",
        GET + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        CHUNKED + b"zz\r\n",
    ],
    ids=["tls", "method", "http/2", "connect", "address", "lengths", "chunk"],
)
async def test_what_is_not_http_is_told_so(server: Server, data: bytes) -> None:
    """In the shape that all else is told in."""
    told = await server.tell(data)
    assert refusal(told) == (400, "invalid_http")
    assert b"\r\ndate: " in told


async def test_what_was_asked_before_is_answered_yet(server: Server) -> None:
    """And nothing is said into it, after which there is an end."""
    reader, writer = await server.open()
    writer.write(b"GET /held HTTP/1.1\r\n" + HEAD + b"\r\n")
    await until(lambda: server.held == 1)
    writer.write(b"\x00nonsense")
    writer.write(GET + b"\r\n")
    await server.tell(GET + b"Connection: close\r\n\r\n")  # by now it has been read
    server.gate.set()
    async with asyncio.timeout(10):
        told = await reader.read()
    assert (told.count(b"HTTP/1.1 "), told[-4:]) == (1, b"held")
    writer.close()


async def test_a_queue_of_requests_has_an_end(server: Server) -> None:
    """Who asks for more at once than anybody does gets as many answers, and may come again."""
    told = await server.tell((GET + b"\r\n") * 1_000)
    assert told.count(b"HTTP/1.1 200 ") == told.count(b"quick") == MAX_QUEUED + 1


@pytest.mark.parametrize(
    "body", [b"Content-Length: 5\r\n\r\nhello", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"]
)
async def test_another_protocol_that_is_offered_is_left_alone(server: Server, body: bytes) -> None:
    """Java and curl offer HTTP/2 with each request, and mean its body all the same; in pieces or not."""
    post = ECHO + b"X: \xc3\xa9\r\n" + H2C + body
    last = GET + b"Connection: close\r\n\r\n"
    told = await server.tell(post + post + GET + H2C + b"\r\n" + last)
    assert (told.count(b"HTTP/1.1 200 "), told.count(b"hello|"), told.count(b"quick")) == (4, 2, 2)
    whole = post + last
    assert (await server.tell(*(whole[at : at + 1] for at in range(len(whole))))).count(b"hello|") == 1


async def test_an_answer_of_no_known_length_to_the_old_protocol_ends_with_the_connection(server: Server) -> None:
    """Which knows no chunks, whereas the new one does."""
    head, _, body = (await server.tell(b"GET /pieces HTTP/1.0\r\n\r\n")).partition(b"\r\n\r\n")
    assert (b"transfer-encoding" in head, b"connection: close" in head, body) == (False, True, b"one,two")
    head, _, body = (await server.tell(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")).partition(b"\r\n\r\n")
    assert (b"content-length: 5" in head, body) == (True, b"quick")
    head, _, body = (await server.tell(b"HEAD /pieces HTTP/1.0\r\n\r\n")).partition(b"\r\n\r\n")
    assert (b" 200 " in head, body) == (True, b"")
    chunked = await server.tell(b"GET /pieces HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert b"4\r\none,\r\n3\r\ntwo\r\n0\r\n\r\n" in chunked


async def test_what_follows_a_body_is_none_of_its_headers(server: Server) -> None:
    """Who guards a server by what stands in a head has seen none of it."""
    told = await server.tell(CHUNKED + b"1\r\na\r\n0\r\nX: smuggled\r\n\r\n" + GET + b"Connection: close\r\n\r\n")
    assert b"a|" in told
    assert b"smuggled" not in told


async def test_no_more_are_served_than_there_is_room_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one hears so, and as soon as one has gone there is room again."""
    monkeypatch.setattr(protocol, "MAX_CONNECTIONS", 2)
    others = [await server.open() for _ in range(2)]
    for reader, writer in others:
        writer.write(GET + b"\r\n")
        await reader.readuntil(b"quick")
    told = await server.tell()
    assert refusal(told) == (503, "too_many_connections")
    assert b"retry-after: 1\r\n" in told
    others[0][1].close()
    async with asyncio.timeout(10):
        while (told := await server.tell(GET + b"Connection: close\r\n\r\n")).startswith(b"HTTP/1.1 503 "):
            pass
    assert told.startswith(b"HTTP/1.1 200 ")
    others[1][1].close()


def test_what_we_need_of_uvicorn_is_there() -> None:
    """That it is used as it was is held by all of the above; but a name of ours must not be one of its own."""
    ours = {name for name, value in vars(Protocol).items() if inspect.isfunction(value)}
    calls = {"connection_made", "connection_lost", "data_received", "on_message_begin", "on_header"}
    calls |= {"__init__", "on_headers_complete", "on_body", "on_message_complete"}
    assert {name for name in ours if hasattr(HttpToolsProtocol, name)} == calls
    assert hasattr(HttpToolsProtocol, "_unset_keepalive_if_required")

    async def main() -> tuple[set[str], set[str]]:
        config = Config(FastAPI(), log_config=None)
        theirs = HttpToolsProtocol(config, ServerState(), {})
        return set(vars(theirs)), set(vars(Protocol(config, ServerState(), {})))

    theirs, both = asyncio.run(main())
    assert {"connections", "cycle", "flow", "headers", "loop", "parser", "pipeline"} <= theirs
    assert {"server_state", "timeout_keep_alive"} <= theirs
    assert both - theirs == {"_at", "_steps", "_idle", "_fields", "_wrong", "_deaf", "_timer"}
    assert not hasattr(RequestResponseCycle, "_open")
