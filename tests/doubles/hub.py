"""The Hugging Face hub on the loopback: one repository, a store for its big files at another address, and every fault.

with Hub({"config.yaml": b"…", "gpt.pth": b"…"}) as hub:
    hub.faults = [Fault.CUT, Fault.NONE]     # of the next requests for a file's bytes; after them none
    hub.asking = [Fault.DOWN]                # of the next questions (HEAD) where a file is
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    ...
    assert hub.asked[0] == Asked("HEAD", "/IndexTeam/IndexTTS-1.5/resolve/main/config.yaml", {...})

As on the real one, small files come from the hub itself under git's checksum; big ones lie in a store elsewhere under
their SHA-256, at an address that is signed, and may be had by way of Xet too, which nobody has to take.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

COMMIT = "5a1e0f" * 6 + "beef"
REPOSITORY = "IndexTeam/IndexTTS-1.5"
BIG = 1000
"""Bytes from which on a file lies in the store."""


class Fault(StrEnum):
    """What goes wrong with one request."""

    NONE = auto()
    CUT = auto()
    """The connection is closed after half of what is left."""
    BARREN = auto()
    """The connection is closed after the headers."""
    HUNG_UP = auto()
    """The connection is closed without an answer."""
    DAMAGED = auto()
    """A byte of it is another."""
    WHOLE = auto()
    """All of it comes, whatever part was asked for."""
    LOCKED = auto()
    """401, as for a repository that is not for everybody."""
    FORBIDDEN = auto()
    """403."""
    MISSING = auto()
    """404."""
    THROTTLED = auto()
    """429, to be tried again after 90 seconds."""
    DOWN = auto()
    """503."""
    STRANGER = auto()
    """200, by a server that is no hub."""


_STATUS = {Fault.LOCKED: 401, Fault.FORBIDDEN: 403, Fault.MISSING: 404, Fault.THROTTLED: 429, Fault.DOWN: 503}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came; the names of its headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]

    @property
    def name(self) -> str:
        """Of the file."""
        return urlsplit(self.path).path.rpartition("/")[2]


@dataclass(slots=True)
class Hub:
    """Serves until it is left. ``asked`` are the questions put to the hub, ``stored`` those to its store."""

    files: Mapping[str, bytes]
    faults: Sequence[Fault] = ()
    asking: Sequence[Fault] = ()
    asked: list[Asked] = field(default_factory=list)
    stored: list[Asked] = field(default_factory=list)
    _servers: list[ThreadingHTTPServer] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self._address(0)

    @property
    def names(self) -> list[str]:
        """The files of which bytes were asked for, in order."""
        return [asked.name for asked in (*self.asked, *self.stored) if asked.method == "GET"]

    def _address(self, number: int) -> str:
        # The client tells another place by its name: by the port alone not in every version.
        return f"http://{('127.0.0.1', 'localhost')[number]}:{self._servers[number].server_port}"

    def next_fault(self, method: str) -> Fault:
        waiting = self.asking if method == "HEAD" else self.faults
        if not waiting:
            return Fault.NONE
        fault, *rest = waiting
        if method == "HEAD":
            self.asking = rest
        else:
            self.faults = rest
        return fault

    def described(self, name: str) -> dict[str, str]:
        """The headers by which the hub says what a file is."""
        data = self.files[name]
        if len(data) < BIG:
            blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            return {"etag": f'"{blob}"', "x-repo-commit": COMMIT, "content-length": str(len(data))}
        digest = hashlib.sha256(data).hexdigest()
        return {
            "location": f"{self._address(1)}/{digest}/{name}?X-Amz-Signature=secret",
            "x-linked-etag": f'"{digest}"',
            "x-linked-size": str(len(data)),
            "x-repo-commit": COMMIT,
            "x-xet-hash": digest,
            "link": f'<{self.url}/api/models/{REPOSITORY}/xet-read-token/{COMMIT}>; rel="xet-auth"',
            "content-length": "0",
        }

    def __enter__(self) -> Self:
        for store in (False, True):
            handler = type("Handler", (_Handler,), {"hub": self, "store": store})
            server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
            self._servers.append(server)
            threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    store: bool

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._note()
        self._send(405, {})

    def _note(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        (self.hub.stored if self.store else self.hub.asked).append(Asked(self.command, self.path, headers))

    def _answer(self) -> None:
        self._note()
        name = urlsplit(self.path).path.rpartition("/")[2]
        fault = self.hub.next_fault(self.command)
        if fault is Fault.HUNG_UP:
            return
        if fault is Fault.STRANGER:
            self._send(200, {"content-length": "5"}, b"hello")
        elif status := _STATUS.get(fault) or (404 if self._unknown(name) else 0):
            self._refuse(status)
        elif self.store or (len(self.hub.files[name]) < BIG and self.command == "GET"):
            self._give(self.hub.files[name], fault)
        else:
            headers = self.hub.described(name)
            self._send(302 if "location" in headers else 200, headers)

    def _unknown(self, name: str) -> bool:
        begins = "/" if self.store else f"/{REPOSITORY}/resolve/"
        revision = self.path.split("/")[-2]
        return (
            name not in self.hub.files
            or not self.path.startswith(begins)
            or not (self.store or revision in ("main", COMMIT))
        )

    def _refuse(self, status: int) -> None:
        codes = {401: "GatedRepo", 404: "EntryNotFound"}
        headers = {"retry-after": "90"} if status == 429 else {}
        self._send(status, headers | {"x-error-code": codes.get(status, ""), "content-length": "0"})

    def _give(self, data: bytes, fault: Fault) -> None:
        begin = 0
        if fault is not Fault.WHOLE and (span := self.headers.get("range")):
            begin = int(span.removeprefix("bytes=").removesuffix("-"))
        body = data[begin:]
        headers = {"content-length": str(len(body))}
        if begin:
            headers["content-range"] = f"bytes {begin}-{len(data) - 1}/{len(data)}"
        match fault:
            case Fault.CUT:
                body = body[: len(body) // 2]
            case Fault.BARREN:
                body = b""
            case Fault.DAMAGED:
                body = bytes([body[0] ^ 1]) + body[1:]
            case _:
                pass
        self._send(206 if begin else 200, headers, body)

    def _send(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on the terminal."""
