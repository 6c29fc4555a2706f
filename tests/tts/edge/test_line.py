"""Lines: a connector that edge-tts cannot close, sockets that can be left at once, and the proxy that is meant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import edge_tts
import pytest
from edge_tts.drm import DRM

from bot.tts.edge import seams
from bot.tts.edge.line import Exchange, Lent, Line, connector, proxy
from tests.doubles.edge import FakeEdge, Fault

VOICE = "Microsoft Server Speech Text to Speech Voice (en-US, AvaNeural)"


@pytest.fixture
async def exchange(service: FakeEdge) -> AsyncIterator[Exchange]:
    async with service.connector() as shared:
        opened = Exchange(shared, connect=10.0)
        yield opened
        await opened.close()


async def asked(line: Line) -> None:
    await line.send_str(seams.settings())
    await line.send_str(seams.wish("Hello there.", VOICE, "+0%"))


async def test_a_plain_connector_does_not_survive_edge_tts(service: FakeEdge) -> None:
    """The trap itself, so that we notice when it is gone: the second use finds a closed session."""
    async with service.connector() as shared:
        await edge_tts.list_voices(connector=shared)
        with pytest.raises(RuntimeError, match="Session is closed"):
            await edge_tts.list_voices(connector=shared)


async def test_a_lent_connector_stays_open(service: FakeEdge) -> None:
    """Many requests, one after another and at once, share one connector and one look-up of the name."""
    async with service.connector() as shared:
        await edge_tts.list_voices(connector=Lent(shared))
        await asyncio.gather(*(edge_tts.list_voices(connector=Lent(shared)) for _ in range(4)))
        assert not shared.closed
    assert service.listed == 5
    assert service.lookups == 1


async def test_lines_share_one_connector(service: FakeEdge) -> None:
    """Each is a web socket of its own; the name is looked up once, and whose the connector is closes it."""
    async with service.connector() as shared:
        exchange = Exchange(shared, connect=10.0)
        lines = [await exchange.open(), *await asyncio.gather(*(exchange.open() for _ in range(3)))]
        for line in lines:
            line.hang_up()
        await exchange.close()
        assert not shared.closed
    assert (service.connections, service.lookups) == (4, 1)


async def test_a_line_offers_no_compression(service: FakeEdge, exchange: Exchange) -> None:
    """MP3 gets no smaller by it."""
    line = await exchange.open()
    assert not line.compress
    line.hang_up()


async def test_a_wrong_clock_is_set_by_the_service(service: FakeEdge, exchange: Exchange) -> None:
    """The second try has tokens of its time."""
    service.faults, service.check_token = [Fault.SKEWED], False
    line = await exchange.open()
    assert service.connections == 2
    line.hang_up()


async def test_a_lasting_refusal_is_believed_the_second_time(service: FakeEdge, exchange: Exchange) -> None:
    """Another token does not help."""
    service.faults = [Fault.FORBIDDEN] * 3
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await exchange.open()
    assert service.connections == 2


async def test_other_refusals_are_told_at_once(service: FakeEdge, exchange: Exchange) -> None:
    """To ask again would make them worse."""
    service.faults = [Fault.THROTTLED] * 2
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await exchange.open()
    assert service.connections == 1


async def test_a_proxy_that_forbids_is_not_the_service(service: FakeEdge) -> None:
    """Its time is none of our tokens' business, and it is not asked again."""
    asked_for: list[bytes] = []

    async def forbid(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked_for.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 403 Forbidden\r\nDate: Sat, 01 Jan 2000 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    skew = DRM.clock_skew_seconds
    async with await asyncio.start_server(forbid, "127.0.0.1", 0) as proxy, service.connector() as shared:
        exchange = Exchange(shared, f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}", connect=10.0)
        with pytest.raises(aiohttp.ClientHttpProxyError):
            await exchange.open()
        await exchange.close()
    assert len(asked_for) == 1
    assert skew == DRM.clock_skew_seconds


async def test_a_deaf_service_is_given_up(service: FakeEdge) -> None:
    """After the time that a connection may take, and the socket is closed."""
    service.faults = [Fault.DEAF]
    async with service.connector() as shared:
        exchange = Exchange(shared, connect=0.05)
        with pytest.raises(asyncio.TimeoutError):
            await exchange.open()
        await exchange.close()
        await service.hung_up()


async def test_a_line_says_nothing_of_its_own_accord(service: FakeEdge, exchange: Exchange) -> None:
    """It waits for an answer as long as it is let."""
    service.faults = [Fault.SILENT]
    line = await exchange.open()
    await asked(line)
    assert [(await line.receive()).type for _ in range(2)] == [aiohttp.WSMsgType.TEXT] * 2
    line.hang_up()
    await service.hung_up()


async def test_hanging_up_cuts_the_socket_at_once(service: FakeEdge, exchange: Exchange) -> None:
    """The service sees the end although nobody shook hands; twice is as good as once."""
    service.faults = [Fault.SILENT]
    line = await exchange.open()
    await asked(line)
    await service.asked()
    line.hang_up()
    line.hang_up()
    await service.hung_up()


async def test_who_hangs_up_does_not_even_wait_for_the_end_of_tls(exchange: Exchange) -> None:
    """The socket is closed before the service has had a chance to answer."""
    line = await exchange.open()
    socket = line.get_extra_info("socket")
    assert socket.fileno() >= 0
    line.hang_up()
    await asyncio.sleep(0)
    assert socket.fileno() == -1


async def test_a_goodbye_waits_for_nobody(service: FakeEdge, exchange: Exchange) -> None:
    """Not even for a service that never answers one; and hanging up after it is nothing."""
    service.faults = [Fault.LINGERING]
    line = await exchange.open()
    await asked(line)
    await asyncio.wait_for(line.goodbye(), 5.0)
    line.hang_up()
    await service.hung_up()


async def test_a_goodbye_to_who_has_left_is_quiet(service: FakeEdge, exchange: Exchange) -> None:
    """There is nobody to be told."""
    service.faults = [Fault.CUT_EARLY]
    line = await exchange.open()
    await asked(line)
    while (await line.receive()).type is not aiohttp.WSMsgType.CLOSED:
        pass
    await line.goodbye()


async def test_the_shared_connector_remembers_addresses_and_counts_nothing() -> None:
    """The engine has its own limit, and a name is not resolved for every sentence."""
    async with connector() as shared:
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
