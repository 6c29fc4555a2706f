"""REST: from HTTP to a table of routes, and back (reference.mdx "HTTP API")."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from aiohttp import BodyPartReader, web

from tests.doubles.discord.faults import Fault, reply
from tests.doubles.discord.refusal import Refusal, unauthorized
from tests.doubles.discord.upload import Recorded, Upload

API = "/api/v10"
_OPEN = ("/interactions/", "/webhooks/")
"""Paths that carry a token of their own."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request on its way to its handler; ``ids`` are the variable parts of its path."""

    recorded: Recorded
    ids: dict[str, str]

    @property
    def body(self) -> Any:
        return self.recorded.json if self.recorded.json is not None else {}

    @property
    def files(self) -> list[Upload]:
        return self.recorded.files

    @property
    def query(self) -> dict[str, str]:
        return self.recorded.query


Handler = Callable[[Call], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """What answers to a method and a path like ``/channels/{channel}``. None is answered as 204."""

    method: str
    path: str
    handle: Handler

    def match(self, method: str, path: str) -> dict[str, str] | None:
        if method != self.method:
            return None
        found = _pattern(self.path).fullmatch(path)
        return None if found is None else found.groupdict()


@dataclass(slots=True, eq=False)
class Rest:
    """The HTTP API. ``requests`` is everything the bot did, ``errors`` what the fake did not know."""

    token: str
    routes: Sequence[Route]
    requests: list[Recorded] = field(default_factory=list)
    answers: list[Callable[[str, str], web.Response | None]] = field(default_factory=list)
    """Asked first of all, with method and path; what they answer is the answer."""
    faults: list[Fault] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One request."""
        for answer in list(self.answers):
            if (response := answer(request.method, request.path)) is not None:
                return response
        fault = next((f for f in self.faults if f.strikes(request.method, request.path)), None)
        recorded = await self._record(request)
        if fault is not None and fault.gate is not None:
            await fault.gate.wait()
        elif fault is not None and not fault.lost:
            return _struck(request, fault)
        response = await asyncio.shield(self._answer(request, recorded))
        return _cut(request) if fault is not None and fault.lost else response

    async def _record(self, request: web.Request) -> Recorded:
        body, files = await _read(request)
        at, headers, query = time.monotonic(), dict(request.headers), dict(request.query)
        recorded = Recorded(request.method, request.path, body, files, headers, at, query)
        self.requests.append(recorded)
        return recorded

    async def _answer(self, request: web.Request, recorded: Recorded) -> web.Response:
        try:
            recorded.result = self._route(request, recorded)
        except Refusal as refusal:
            recorded.status = refusal.status
            return reply(refusal.payload(), refusal.status)
        except Exception as error:  # noqa: BLE001  a mistake of the fake's or of the bot's: told to the test
            self.errors.append(f"{recorded.method} {recorded.path}: {type(error).__name__}: {error}")
            # Not 500: discord.py would try again, and again.
            recorded.status = 400
            return reply({"message": "the fake failed", "code": 0}, 400)
        recorded.status = 204 if recorded.result is None else 200
        return web.Response(status=204) if recorded.result is None else reply(recorded.result)

    def _route(self, request: web.Request, recorded: Recorded) -> Any:
        path = recorded.path.removeprefix(API)
        if not path.startswith(_OPEN) and request.headers.get("Authorization") != f"Bot {self.token}":
            raise unauthorized()
        for route in self.routes:
            if (ids := route.match(recorded.method, path)) is not None:
                return route.handle(Call(recorded, ids))
        self.errors.append(f"no route {recorded.method} {recorded.path}")
        raise Refusal(404, 0, "404: Not Found")


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path)))


def _struck(request: web.Request, fault: Fault) -> web.StreamResponse:
    return _cut(request) if fault.reset else fault.response()


def _cut(request: web.Request) -> web.Response:
    """The client sees its connection die."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _read(request: web.Request) -> tuple[Any, list[Upload]]:
    """JSON, or multipart with ``payload_json`` and files ("Uploading Files")."""
    if not request.can_read_body:
        return None, []
    if not request.content_type.startswith("multipart/"):
        raw = await request.read()
        return (json.loads(raw) if raw else None), []
    body: Any = {}
    files: list[Upload] = []
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        raw_part = bytes(await part.read(decode=False))
        name = part.name or ""
        if name == "payload_json":
            body = json.loads(raw_part)
        else:
            files.append(Upload(name, part.filename or "", part.headers.get("Content-Type"), raw_part))
    return body, files
