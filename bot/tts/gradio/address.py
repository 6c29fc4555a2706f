"""Where a web UI is."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Self
from urllib.parse import unquote, urlsplit

from bot.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Address:
    """``url`` ends with a slash and holds no name and password; ``place`` is what people are told."""

    url: str
    place: str
    local: bool
    login: tuple[str, str] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, setting: str) -> Self:
        """The address that a setting means: ``http://`` may be left out, a name and password may stand before the host.

        Raises ConfigError if it is none.
        """
        try:
            parts = urlsplit(setting if "//" in setting else f"http://{setting}")
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            raise _unknown() from None
        if parts.scheme not in ("http", "https") or not host:
            raise _unknown()
        place = parts.netloc.rpartition("@")[2]
        login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        return cls(f"{parts.scheme}://{place}{parts.path.rstrip('/')}/", place, _local(host), login)


def _local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _unknown() -> ConfigError:
    # What it is now is not repeated: a password may stand in it.
    return ConfigError("gradio.url: this is no address of a web UI; write one such as http://127.0.0.1:7860")
