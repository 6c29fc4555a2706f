"""Where a speech server is, as people write that down."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote

import aiohttp
from yarl import URL

from bot.errors import ConfigError

_WRITTEN = re.compile(r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?:(?P<user>.*)@)?(?P<place>[^@]*)", re.I | re.DOTALL)
"""The user part is greedy: a password may itself hold a / or an @."""
_ENDINGS = ("/audio/speech", "/v1")


@dataclass(frozen=True, slots=True)
class Address:
    """The server under ``base``, which holds no credentials and no ``/v1``; ``auth`` is what stood before an @."""

    base: URL
    auth: aiohttp.BasicAuth | None = None

    @classmethod
    def of(cls, written: str) -> Self:
        """What is meant by ``10.0.0.5:8888``, ``http://host/``, ``https://name:password@host/tts/v1`` and the like.

        Raises ConfigError, which shows no credentials.
        """
        found = _WRITTEN.fullmatch(written.strip())
        assert found is not None  # anything is a place
        scheme, user, place = (found["scheme"] or "http").lower(), found["user"], found["place"]
        try:
            base = URL(f"{scheme}://{_bare(place)}")
            sound = scheme in ("http", "https") and base.host and not base.query_string and not base.fragment
        except ValueError:
            sound = False
        if not sound:
            shown = place.partition("?")[0]
            raise ConfigError(f"remote.servers: {shown!r} is no address of a server; write it as http://10.0.0.5:8888")
        return cls(base, _auth(user) if user else None)

    def at(self, path: str) -> URL:
        """The address of ``/v1/models`` and the like there."""
        return self.base.with_path(self.base.path.rstrip("/") + path)

    @property
    def label(self) -> str:
        """How it is called in messages: ``10.0.0.5:8888``."""
        return self.base.authority

    @property
    def loopback(self) -> bool:
        """Whether it is this machine."""
        host = self.base.host or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost" or host.endswith(".localhost")


def _bare(place: str) -> str:
    """Without the path of the API itself, which is added where it is needed."""
    for ending in _ENDINGS:
        place = place.rstrip("/").removesuffix(ending)
    return place.rstrip("/")


def _auth(user: str) -> aiohttp.BasicAuth:
    name, _, password = user.partition(":")
    return aiohttp.BasicAuth(unquote(name), unquote(password), "utf-8")
