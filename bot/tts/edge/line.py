"""The way to the service: what is shared by all calls, and for each a web socket that can be cut."""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import suppress
from typing import Any, cast
from urllib.request import getproxies, proxy_bypass

import aiohttp
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from bot.tts.edge import seams

HOST = "speech.platform.bing.com"

_REMEMBERED = 300
"""Seconds for which an address of the service is remembered."""

_FORBIDDEN = 403
_FAREWELL = (1000).to_bytes(2, "big")


def connector() -> aiohttp.BaseConnector:
    """What resolves the name once for all, and leaves counting to the engine."""
    return aiohttp.TCPConnector(limit=0, ttl_dns_cache=_REMEMBERED)


def proxy() -> str | None:
    """The proxy that the environment asks for. aiohttp alone would look for ``WSS_PROXY`` only, which nobody sets."""
    if proxy_bypass(HOST):
        return None
    wanted = getproxies()
    found = wanted.get("wss") or wanted.get("https") or wanted.get("all")
    return found if found and found.startswith("http") else None


class Line(aiohttp.ClientWebSocketResponse):
    """A web socket that is left without waiting for anybody.

    aiohttp would wait up to ten seconds for the answer to a goodbye, and that from a server that may just have proved
    to be silent.
    """

    def __init__(
        self, reader: Any, writer: Any, protocol: str | None, response: aiohttp.ClientResponse, *rest: Any, **named: Any
    ) -> None:
        super().__init__(reader, writer, protocol, response, *rest, **named)
        self._answer = response
        self._transport = response.connection.transport if response.connection else None

    async def goodbye(self) -> None:
        """Say that this was all, and leave."""
        with suppress(ConnectionError):
            await self.send_frame(_FAREWELL, aiohttp.WSMsgType.CLOSE)
        self._answer.close()

    def hang_up(self) -> None:
        """Cut it at once, if it is still open."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.abort()
        self._answer.close()


class Exchange:
    """Opens a line for every piece of text: the service does not allow a second one on the same web socket.

    No compression is offered, as edge-tts would: MP3 does not get smaller by it, and unpacking it again takes a third
    of the time that a call costs here. The environment is not asked for each call what it was asked once.
    """

    def __init__(self, shared: aiohttp.BaseConnector, proxy: str | None = None, *, connect: float) -> None:
        self._proxy = proxy
        self._session = aiohttp.ClientSession(
            connector=shared,
            connector_owner=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect, sock_read=connect),
            ws_response_class=Line,
        )

    async def open(self) -> Line:
        """A fresh line; if our clock is wrong for the service, with its own time at the second try.

        Raises what aiohttp does, and SkewAdjustmentError.
        """
        try:
            return await self._dial()
        except aiohttp.WSServerHandshakeError as refusal:
            if refusal.status != _FORBIDDEN:
                raise
            seams.correct_clock(refusal)
        return await self._dial()

    async def close(self) -> None:
        """No line can be opened any more; the connector stays as it is."""
        await self._session.close()

    async def _dial(self) -> Line:
        line = await self._session.ws_connect(
            seams.address(), headers=seams.headers(), proxy=self._proxy, ssl=seams.trust()
        )
        return cast(Line, line)


class Lent(aiohttp.BaseConnector):
    """The shared connector for who closes what he is given, as edge-tts does: that closes nothing."""

    def __init__(self, shared: aiohttp.BaseConnector) -> None:
        super().__init__()
        self._shared = shared

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 (aiohttp's signature)
    ) -> Connection:
        """A connection of the shared connector."""
        return await self._shared.connect(req, traces, timeout)

    def close(self, *, abort_ssl: bool = False) -> Awaitable[None]:
        """Nothing: the shared connector is closed with the engine."""
        done = self._loop.create_future()
        done.set_result(None)
        return done
