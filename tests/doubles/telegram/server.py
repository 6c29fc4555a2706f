"""The Bot API over HTTP on 127.0.0.1: calls are read, struck by faults, carried out, recorded, answered."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from tests.doubles.telegram.call import Call, Upload, parsed
from tests.doubles.telegram.faults import Fault, Faults
from tests.doubles.telegram.files import Files
from tests.doubles.telegram.limits import Limits
from tests.doubles.telegram.methods import Handler
from tests.doubles.telegram.refusal import Refusal

_MOST = 64 << 20


@dataclass(slots=True, eq=False)
class Server:
    """One port. ``calls`` is everything the bot did but polling, ``unknown`` what the fake did not know."""

    token: str
    handlers: Mapping[str, Handler]
    files: Files
    faults: Faults
    limits: Limits
    calls: list[Call] = field(default_factory=list)
    polls: int = 0
    unknown: list[str] = field(default_factory=list)
    port: int = 0
    _runner: web.AppRunner | None = None

    async def open(self) -> None:
        app = web.Application(client_max_size=_MOST)
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        app.router.add_get("/file/bot{token}/{path:.+}", self._download)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _download(self, request: web.Request) -> web.Response:
        stored = self.files.at(request.match_info["path"]) if request.match_info["token"] == self.token else None
        return web.Response(status=404) if stored is None else web.Response(body=stored.data)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            return _refused(Refusal(401, "Unauthorized"))
        method, at = request.match_info["method"], time.perf_counter()
        if (fault := self.faults.blind(method)) is not None:
            return await self._struck(request, self._recorded(Call(method, {}, {}, at)), fault)
        call = self._recorded(Call(method, *await _read(request), at))
        if (fault := self.faults.strike(method, call.params.get("chat_id"))) is not None:
            return await self._struck(request, call, fault)
        return await self._answer(call)

    def _recorded(self, call: Call) -> Call:
        if call.method.lower() == "getupdates":
            self.polls += 1
        else:
            self.calls.append(call)
        return call

    async def _struck(self, request: web.Request, call: Call, fault: Fault) -> web.StreamResponse:
        if fault.gate is not None:
            await fault.wait()
            return await self._answer(call)
        if fault.refusal is not None:
            return self._done(call, _refused(fault.refusal), fault.refusal)
        if fault.status:
            return self._done(call, web.Response(status=fault.status, text=_PAGE, content_type="text/html"))
        if fault.lost:
            await self._answer(call)
        return self._done(call, _cut(request), call.error)

    async def _answer(self, call: Call) -> web.Response:
        try:
            result = await self._result(call)
        except Refusal as refusal:
            return self._done(call, _refused(refusal), refusal)
        call.result = result
        return self._done(call, _reply({"ok": True, "result": result}))

    async def _result(self, call: Call) -> Any:
        handler = self.handlers.get(call.method.lower())
        if handler is None:
            self.unknown.append(call.method)
            raise Refusal(404, "Not Found: method not found")
        self.limits.check(call)
        result = handler(call)
        if inspect.isawaitable(result):
            result = await result
        self.unknown.extend(f"{call.method}({name})" for name in call.params if name not in call.asked)
        return result

    def _done(self, call: Call, response: web.Response, error: Refusal | None = None) -> web.Response:
        call.error, call.answered = error, time.perf_counter()
        return response


_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


def _reply(body: object, status: int = 200) -> web.Response:
    return web.Response(body=json.dumps(body).encode(), status=status, content_type="application/json")


def _refused(refusal: Refusal) -> web.Response:
    return _reply(refusal.payload(), refusal.code)


def _cut(request: web.Request) -> web.Response:
    """The client sees its connection die."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _read(request: web.Request) -> tuple[dict[str, Any], dict[str, Upload]]:
    """Parameters and files, however they were sent: in the URL, as a form, as JSON, or in several parts."""
    fields: dict[str, Any] = dict(request.query)
    files: dict[str, Upload] = {}
    if request.content_type.startswith("multipart/"):
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            raw, name = bytes(await part.read(decode=False)), part.name or ""
            if part.filename is None:
                fields[name] = raw.decode()
            else:
                files[name] = Upload(part.filename, part.headers.get("Content-Type", ""), raw)
    elif request.content_type == "application/json":
        fields |= await request.json()
    elif request.can_read_body:
        fields |= dict(await request.post())
    return {name: parsed(name, value) for name, value in fields.items()}, files
