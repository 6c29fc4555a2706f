"""What goes wrong with the next requests: refusals, rate limits, cut connections, lost answers, long waits."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field

from aiohttp import web

from tests.doubles.discord.refusal import Json


@dataclass(slots=True, eq=False)
class Fault:
    """Strikes the next ``times`` requests of this method ("" is any) whose path ends so.

    With ``lost`` the request is carried out and only its answer never comes; ``gate`` holds it before anything is done
    until it is set; ``reset`` cuts the connection; else ``status`` and ``code`` are answered.
    """

    method: str
    suffix: str
    status: int = 0
    code: int = 0
    times: int = 1
    retry_after: float | None = None
    reset: bool = False
    lost: bool = False
    gate: asyncio.Event | None = None
    hits: int = 0
    """How often it struck."""
    met: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it has struck."""

    def strikes(self, method: str, path: str) -> bool:
        """Whether this request is hit; counts it."""
        if self.hits >= self.times or self.method not in ("", method) or not path.endswith(self.suffix):
            return False
        self.hits += 1
        self.met.set()
        return True

    def response(self) -> web.Response:
        """The answer in place of the right one."""
        if self.status == 429:
            return limited(1.0 if self.retry_after is None else self.retry_after)
        return reply({"message": f"{self.status}: made to fail", "code": self.code}, self.status)


def reply(body: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """JSON as Discord sends it: discord.py compares the content type exactly, so that there is no charset."""
    raw = json.dumps(body).encode()
    return web.Response(body=raw, status=status, headers=headers, content_type="application/json")


def limited(retry_after: float, *, everywhere: bool = False) -> web.Response:
    """429 ("Exceeding A Rate Limit", rate-limits.mdx). Without Via, discord.py takes it for Cloudflare's ban."""
    body: Json = {"message": "You are being rate limited.", "retry_after": retry_after, "global": everywhere}
    headers = {
        "Via": "1.1 google",
        "Retry-After": str(max(1, round(retry_after))),
        "X-RateLimit-Scope": "global" if everywhere else "user",
        "X-RateLimit-Limit": "5",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset-After": f"{retry_after:.3f}",
        "X-RateLimit-Bucket": "abcd1234",
    }
    return reply(body, 429, headers | ({"X-RateLimit-Global": "true"} if everywhere else {}))
