"""What stands before the API: who may come in, how much they may bring, and what they hear when it falls over."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import Sequence

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot import metrics
from bot.adapters.http.answers import Answer, closing, failed, rendered
from bot.errors import SaysoError
from bot.log import where

log = structlog.get_logger()

MAX_BODY = 1 << 20
"""Bytes of a request; the longest text that is ever spoken is far below that."""

SPEECH = "/v1/audio/speech"

OPEN = frozenset({"/", "/health", "/ready", "/openapi.json"})
"""What is shown without a key: nothing that speaks, and nothing of anybody's."""

COUNTED = OPEN | {SPEECH, "/metrics", "/v1/models", "/v1/audio/models", "/v1/audio/voices"}
"""The addresses that answers are counted by; there is one more, and all that do not exist are one."""

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::\d*)?", re.IGNORECASE)


LOCAL = "api:local"
"""The lane of who needs no key."""


def lanes(keys: Sequence[str]) -> tuple[str, ...]:
    """The lane of each key in the fair queue, or the only one where there are no keys."""
    return tuple(f"api:{number}" for number, _ in enumerate(keys, 1)) or (LOCAL,)


class Gate:
    """ASGI middleware that decides by the head of a request, before any of its body is read.

    With ``keys``, all but :data:`OPEN` needs one as a bearer token; the lane of the caller is left in the request's
    ``state.lane``. ``hosts`` are the Host headers that are answered, in lower case, ``*`` being any. What goes wrong
    further in is answered and logged here, by type and place and never by its words.
    """

    def __init__(self, app: ASGIApp, *, keys: Sequence[str] = (), hosts: Sequence[str] = ("*",)) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._lanes = dict(zip((_digest(key.encode()) for key in keys), lanes(keys), strict=False))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        out = _Out(send, scope["path"])
        try:
            scope.setdefault("state", {})["lane"] = self._admitted(scope["path"], Headers(scope=scope))
            await self._app(_as_get(scope), _limited(receive), out)
        except Answer as answer:
            await rendered(answer)(scope, receive, out)
        except ClientDisconnect:
            pass  # nobody is there to be answered
        except asyncio.CancelledError:  # the time for open answers is over
            if not out.began:
                await rendered(closing())(scope, receive, out)
            raise
        except Exception as error:  # noqa: BLE001 (the boundary: a surprise in one request must stay in it)
            _tell(error)
            if not out.began:  # else the server breaks the answer off, which is how the client learns of it
                await rendered(failed(error))(scope, receive, out)

    def _admitted(self, path: str, headers: Headers) -> str:
        """The lane of the caller."""
        if not self._known(headers.get("host", "")):
            raise Answer(400, "This name is not one that is answered to here; see http.host.", "invalid_host")
        lane = self._lane(headers.get("authorization", ""))
        if lane is None and path not in OPEN:
            message = "Send a valid key as 'Authorization: Bearer <key>'."
            raise Answer(401, message, "invalid_api_key", {"www-authenticate": "Bearer"})
        length = headers.get("content-length", "0")
        if not length.isdecimal():
            raise Answer(400, "Content-Length must be a whole number; leave it to the client.", "invalid_request")
        if len(length) > len(str(MAX_BODY)) or int(length) > MAX_BODY:  # Python reads no number of thousands of digits
            raise _too_large()
        return lane or ""

    def _known(self, host: str) -> bool:
        name = _HOST.fullmatch(host)
        return "*" in self._hosts or (name is not None and name[1].lower() in self._hosts)

    def _lane(self, authorization: str) -> str | None:
        if not self._lanes:
            return LOCAL
        scheme, _, key = authorization.encode("latin-1").partition(b" ")  # the bytes as they came
        given = _digest(key.strip())
        # All are compared, so that the time taken tells nothing.
        lanes = [lane for digest, lane in self._lanes.items() if hmac.compare_digest(digest, given)]
        return lanes[0] if lanes and scheme.lower() == b"bearer" else None


class _Out:
    """The way out, which counts answers, and remembers whether one was begun."""

    def __init__(self, send: Send, path: str) -> None:
        self._send = send
        self._path = path
        self.began = False

    async def __call__(self, message: Message) -> None:
        if not self.began:
            self.began = True
            metrics.HTTP.labels(_counted(self._path), str(message["status"])).inc()
        await self._send(message)


def _counted(path: str) -> str:
    """The address as a label, of which there are few."""
    if path in COUNTED:
        return path
    return "/v1/models/{model}" if path.startswith("/v1/models/") else "other"


def _as_get(scope: Scope) -> Scope:
    """HEAD as GET: what is the same but for the body, which the server leaves out."""
    return {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope


def _limited(receive: Receive) -> Receive:
    """``receive`` that refuses to bring in more than :data:`MAX_BODY`, whatever the head has promised."""
    brought = 0

    async def limited() -> Message:
        nonlocal brought
        message = await receive()
        brought += len(message.get("body", b""))
        if brought > MAX_BODY:
            raise _too_large()
        return message

    return limited


def _too_large() -> Answer:
    return Answer(413, f"A request has at most {MAX_BODY} bytes; shorten or split the text.", "request_too_large")


def _tell(error: Exception) -> None:
    level = log.warning if isinstance(error, SaysoError) else log.error
    level("request_failed", error=type(error).__name__, where=where(error))


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
