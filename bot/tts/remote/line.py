"""The way to one server: connections that are kept, and what is asked over them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

import bot
from bot.tts.remote.address import Address

MAX_ANSWER = 1 << 20
"""Bytes of an answer that is not sound."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a status, headers, and a body that is cut at :data:`MAX_ANSWER`."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> object:
        """The body as JSON; None if it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class Line:
    """The connections to a server. Redirects are not followed: they would carry the key to wherever they lead."""

    def __init__(self, address: Address, socket: Path | None, key: str, connect: float) -> None:
        self._address = address
        self._socket = socket
        self._key = key
        self._timeout = aiohttp.ClientTimeout(total=None, connect=connect)
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Make ready; nothing is sent."""
        tracing = aiohttp.TraceConfig()
        tracing.on_connection_reuseconn.append(_note_reuse)
        self._session = aiohttp.ClientSession(
            connector=self._connector(),
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            proxy=self._proxy(),
            trace_configs=[tracing],
        )

    async def close(self) -> None:
        """Close every connection."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def post(self, path: str, body: Mapping[str, object]) -> aiohttp.ClientResponse:
        """The head of the answer. Whoever takes it closes it.

        A connection that was kept may have been closed by the server while the request was on its way. That is no
        failure: another is used, until it happens to a new one.
        """
        while True:
            kept = SimpleNamespace(reused=False)
            try:
                return await self._ask("POST", path, kept, json=body)
            except aiohttp.ClientConnectionError:
                if not kept.reused:
                    raise

    async def get(self, path: str) -> Answer:
        """A short answer."""
        async with await self._ask("GET", path, SimpleNamespace()) as response:
            return await answer(response)

    async def _ask(self, method: str, path: str, kept: object, **more: object) -> aiohttp.ClientResponse:
        if self._session is None:
            raise RuntimeError("enter the engine before it speaks")
        return await self._session.request(
            method,
            self._address.at(path),
            headers=self._headers(),
            allow_redirects=False,
            trace_request_ctx=kept,
            **more,  # type: ignore[arg-type]
        )

    def _connector(self) -> aiohttp.BaseConnector:
        if self._socket is not None:
            return aiohttp.UnixConnector(str(self._socket), limit=0)
        return aiohttp.TCPConnector(limit=0, ttl_dns_cache=60)

    def _headers(self) -> dict[str, str]:
        # Not among the session's own headers: those aiohttp tells to a proxy, too. Sound is hardly made smaller by
        # gzip, but held back by it.
        headers = {"User-Agent": f"Sayso/{bot.__version__}", "Accept-Encoding": "identity"}
        if known := self._address.auth or (self._key and f"Bearer {self._key}"):
            headers["Authorization"] = known
        return headers

    def _proxy(self) -> URL | None:
        """The proxy of the environment, for servers elsewhere. aiohttp's own way would bring .netrc along."""
        host = self._address.base.host or ""
        if self._socket is not None or self._address.loopback or proxy_bypass(host):
            return None
        wanted = getproxies()
        found = wanted.get(self._address.base.scheme) or wanted.get("all") or ""
        return URL(found) if found.startswith("http") else None


async def answer(response: aiohttp.ClientResponse) -> Answer:
    """All of an answer that is not sound."""
    body = bytearray()
    while len(body) < MAX_ANSWER and (data := await response.content.readany()):
        body += data
    return Answer(response.status, response.headers, bytes(body[:MAX_ANSWER]))


async def _note_reuse(_session: object, context: SimpleNamespace, _: object) -> None:
    if context.trace_request_ctx is not None:
        context.trace_request_ctx.reused = True
