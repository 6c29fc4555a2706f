"""Lines: a shared connector that edge-tts cannot close, sockets that can be cut, and the proxy that is meant."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import edge_tts
import pytest
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection

from bot.tts.edge.line import Line, exchange, proxy
from tests.doubles.edge import FakeEdge, Fault, speech

VOICE = "en-US-AvaNeural"


async def drain(line: aiohttp.BaseConnector, text: str = "Hello there.") -> int:
    """Bytes of sound that edge-tts itself gets over this line."""
    stream = edge_tts.Communicate(text, VOICE, connector=line).stream()
    return sum([len(message["data"]) async for message in stream if message["type"] == "audio"])


async def test_a_plain_connector_does_not_survive_edge_tts(service: FakeEdge) -> None:
    """The trap itself, so that we notice when it is gone: the second use finds a closed session."""
    async with service.connector() as shared:
        assert await drain(shared)
        with pytest.raises(RuntimeError, match="Session is closed"):
            await drain(shared)


async def test_a_line_leaves_the_connector_open(service: FakeEdge) -> None:
    """Many calls, one after another and at once, share one connector and one look-up of the name."""
    async with service.connector() as shared:
        await drain(Line(shared))
        assert all(await asyncio.gather(*(drain(Line(shared)) for _ in range(4))))
        assert not shared.closed
    assert service.connections == 5
    assert service.lookups == 1


async def test_edge_tts_may_try_twice_over_one_line(service: FakeEdge) -> None:
    """Its own second try after a 403 for a wrong clock opens another session on the same line."""
    service.faults = [Fault.SKEWED]
    service.check_token = False
    async with service.connector() as shared:
        assert await drain(Line(shared))
    assert service.connections == 2


async def test_hanging_up_cuts_the_socket_at_once(service: FakeEdge) -> None:
    """The service sees the end although nobody shook hands."""
    service.faults = [Fault.SILENT]
    async with service.connector() as shared:
        line = Line(shared)
        call = asyncio.create_task(drain(line))
        await service.asked()
        line.hang_up()
        line.hang_up()
        with pytest.raises(edge_tts.exceptions.NoAudioReceived):
            await call
        await service.hung_up()


async def test_a_line_offers_no_compression(service: FakeEdge, monkeypatch: pytest.MonkeyPatch) -> None:
    """edge-tts would, though MP3 gets no smaller by it; all is there without."""
    offered: list[str | None] = []
    async with service.connector() as shared:
        connect = shared.connect

        async def seen(req: ClientRequest, *rest: Any, **named: Any) -> Connection:
            offered.append(req.headers.get("Sec-WebSocket-Extensions"))
            return await connect(req, *rest, **named)

        monkeypatch.setattr(shared, "connect", seen)
        assert await drain(Line(shared)) == len(speech("Hello there."))
        assert offered == [None]
        await drain(shared)
    assert offered[1:] == ["permessage-deflate; client_max_window_bits"]


async def test_the_shared_connector_remembers_addresses_and_counts_nothing() -> None:
    """The engine has its own limit, and a name is not resolved for every sentence."""
    async with exchange() as shared:
        assert shared.limit == 0
        assert isinstance(shared, aiohttp.TCPConnector)
        assert shared.use_dns_cache


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "http://proxy:3128"),
        ({"ALL_PROXY": "http://all:1"}, "http://all:1"),
        ({"WSS_PROXY": "http://wss:1", "HTTPS_PROXY": "http://https:1"}, "http://wss:1"),
        ({"ALL_PROXY": "socks5://socks:1080"}, None),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "speech.platform.bing.com"}, None),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "127.0.0.1,localhost"}, "http://proxy:3128"),
    ],
)
def test_the_proxy_of_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: str | None
) -> None:
    """HTTPS_PROXY is what people set, also for web sockets; NO_PROXY is respected."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy() == expected
