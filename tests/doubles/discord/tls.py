"""TLS of the loopback: one throw-away authority, a certificate for Discord's names, and a resolver that leads here.

Nothing can leave the machine: a name that is not in the certificate fails the handshake.
"""

from __future__ import annotations

import socket
import ssl
from functools import cache

import aiohttp
import trustme
from aiohttp.abc import AbstractResolver, ResolveResult

NAMES = (
    "discord.com",
    "*.discord.com",
    "discord.gg",
    "*.discord.gg",
    "*.discord.media",
    "*.discordapp.com",
    "*.discordapp.net",
)


class Loopback(AbstractResolver):
    """Every name is 127.0.0.1 and this port; ``asked`` are the names that were looked up."""

    def __init__(self, port: int, asked: list[str]) -> None:
        self._port = port
        self._asked = asked

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self._asked.append(host)
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=self._port,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        return None


def connector(port: int, asked: list[str]) -> aiohttp.TCPConnector:
    """What reaches the loopback under Discord's names; must be made inside the running loop, one for each client."""
    context = ssl.create_default_context()
    # The default from Python 3.13 on; here the older ones are held to it as well.
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    _authority().configure_trust(context)
    return aiohttp.TCPConnector(ssl=context, resolver=Loopback(port, asked), use_dns_cache=False, limit=0)


@cache
def server_context() -> ssl.SSLContext:
    """What the loopback shows to its clients."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _authority().issue_cert(*NAMES).configure_cert(context)
    return context


@cache
def _authority() -> trustme.CA:
    return trustme.CA()
