"""Where a speech server is, as people write that down."""

from __future__ import annotations

import base64
import ipaddress
import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote

from yarl import URL

from bot.errors import ConfigError

_WRITTEN = re.compile(r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?:(?P<user>.*)@)?(?P<place>[^@]*)", re.I | re.DOTALL)
"""The user part is greedy: a password may itself hold a / or an @."""
_SPACE = re.compile(r"\s")
_ENDINGS = ("/audio/speech", "/v1")


@dataclass(frozen=True, slots=True)
class Address:
    """The server under ``base``, which holds no credentials and no ``/v1``; ``auth`` is the header for
    the name and the password that stood before an @, or empty."""

    base: URL
    auth: str = ""

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
            plain = not (base.query_string or base.fragment or _SPACE.search(place))
            sound = scheme in ("http", "https") and base.host and plain
        except ValueError:
            sound = False
        if not sound:
            shown = place.partition("?")[0]
            raise ConfigError(f"remote.servers: {shown!r} is no address of a server; write it as http://10.0.0.5:8888")
        return cls(base, _auth(user) if user else "")

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


def _auth(user: str) -> str:
    name, _, password = user.partition(":")
    return f"Basic {base64.b64encode(f'{unquote(name)}:{unquote(password)}'.encode()).decode()}"
