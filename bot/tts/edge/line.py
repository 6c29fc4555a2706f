"""The way to the service: one shared connector, and for each call a line over it that can be cut."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from urllib.request import getproxies, proxy_bypass

import aiohttp
from aiohttp import hdrs
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

HOST = "speech.platform.bing.com"

_REMEMBERED = 300
"""Seconds for which an address of the service is remembered."""


def exchange() -> aiohttp.BaseConnector:
    """The connector that all lines share: resolves the name once for all, and leaves counting to the engine."""
    return aiohttp.TCPConnector(limit=0, ttl_dns_cache=_REMEMBERED)


def proxy() -> str | None:
    """The proxy that the environment asks for. aiohttp alone would look for ``WSS_PROXY`` only, which nobody sets."""
    if proxy_bypass(HOST):
        return None
    wanted = getproxies()
    found = wanted.get("wss") or wanted.get("https") or wanted.get("all")
    return found if found and found.startswith("http") else None


class Line(aiohttp.BaseConnector):
    """One call's view of the shared connector.

    edge-tts closes the connector that it is given with each session, even between two tries of its own; closing a line
    does nothing. Hanging up cuts its sockets at once, without the closing handshake, for which aiohttp would wait up to
    ten seconds for an answer from a server that has just proved to be silent.
    """

    def __init__(self, shared: aiohttp.BaseConnector) -> None:
        super().__init__()
        self._shared = shared
        self._transports: list[asyncio.Transport] = []

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 (aiohttp's signature)
    ) -> Connection:
        """A connection of the shared connector.

        It offers no compression, as edge-tts would: MP3 does not get smaller by it, and unpacking it again takes a
        third of the time that a call costs here.
        """
        req.headers.popall(hdrs.SEC_WEBSOCKET_EXTENSIONS, None)
        connection = await self._shared.connect(req, traces, timeout)
        if connection.transport is not None:
            self._transports.append(connection.transport)
        return connection

    def close(self, *, abort_ssl: bool = False) -> Awaitable[None]:
        """Nothing: the shared connector is closed with the engine."""
        done = self._loop.create_future()
        done.set_result(None)
        return done

    def hang_up(self) -> None:
        """Cut every socket of this line that is still open."""
        for transport in self._transports:
            if not transport.is_closing():
                transport.abort()
        self._transports.clear()
