"""The service on the loopback, and engines that reach it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Protocol

import pytest
from aiohttp import WSMsgType, web

from bot.tts.edge import Edge
from tests.doubles.edge import FakeEdge, speech
from tests.doubles.engine import at_once

PROXIES = ("http_proxy", "https_proxy", "ws_proxy", "wss_proxy", "all_proxy", "no_proxy")


class Enter(Protocol):
    """Make an engine that reaches the fake service, and enter it until the test is over."""

    async def __call__(self, **settings: object) -> Edge: ...


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test leaves this machine by a proxy of the developer's."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
async def service() -> AsyncIterator[FakeEdge]:
    async with FakeEdge() as fake:
        yield fake


@pytest.fixture
async def enter(service: FakeEdge) -> AsyncIterator[Enter]:
    async with AsyncExitStack() as stack:

        async def make(**settings: object) -> Edge:
            given = {"connector_factory": service.connector, "sleep": at_once, "chance": lambda: 0.5} | settings
            return await stack.enter_async_context(Edge(**given))  # type: ignore[arg-type]

        yield make


@dataclass(slots=True)
class Visit:
    """What came over one web socket, from the first line to the last."""

    target: str
    headers: list[tuple[str, str]]
    said: list[str] = field(default_factory=list)
    goodbye: int | None = None


@dataclass(slots=True)
class Wire:
    """A service that writes down all that it is sent, and answers every text alike.

    Whatever is led by the address in edge_tts.communicate arrives here. ``ending`` is the path of its last message.
    """

    ending: str = "turn.end"
    visits: list[Visit] = field(default_factory=list)
    _over: asyncio.Queue[None] = field(default_factory=asyncio.Queue)

    async def left(self, times: int) -> None:
        """Wait until so many have said goodbye."""
        for _ in range(times):
            await self._over.get()

    async def answer(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        socket.set_cookie("seen", "before")
        await socket.prepare(request)
        visit = Visit(request.path_qs, sorted(request.headers.items()))
        self.visits.append(visit)
        async for message in socket:
            assert message.type is WSMsgType.TEXT
            visit.said.append(message.data)
            if "Path:ssml" in message.data:
                head = b"X-RequestId:x\r\nContent-Type:audio/mpeg\r\nX-StreamId:x\r\nPath:audio\r\n"
                await socket.send_bytes(len(head).to_bytes(2, "big") + head + speech("Hello."))
                await socket.send_str(f"X-RequestId:x\r\nPath:{self.ending}\r\n\r\n{json.dumps({})}")
        visit.goodbye = socket.close_code
        self._over.put_nowait(None)
        return socket


@pytest.fixture
async def wire(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Wire]:
    wire, app = Wire(), web.Application()
    app.add_routes([web.get("/edge/v1", wire.answer)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    at = f"ws://localhost:{runner.addresses[0][1]}/edge/v1?TrustedClientToken=us"
    monkeypatch.setattr("edge_tts.communicate.WSS_URL", at)
    yield wire
    await runner.cleanup()
