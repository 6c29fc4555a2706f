"""What a child writes to its standard error, as events of our own log."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from typing import Any

import structlog

log = structlog.get_logger()

_LONGEST = 16_384
"""Bytes of a line; what is more of it is left out."""
_SHOWN = 300
_LEVELS = frozenset({"debug", "info", "warning", "error"})
_REFUSED = "sayso: "
"""How the command begins what it tells before it ends with status 1."""
_PLACES = ("Fatal Python error", "Current thread", "Thread 0x", 'File "')
"""How lines begin that tell where something crashed, and nothing of what it was at."""


class Relay(asyncio.Protocol):
    """Reads one child's lines until there are no more, and logs each with the instance's label.

    Once it is ``spoken_to``, what it prints beside its log may hold what was said: of that only places are shown.
    ``words`` is the last thing that it said, in words for whoever wonders why it ended, and ``refused`` whether that
    was the command's own reason not to run.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._rest = b""
        self.spoken_to = False
        self.words = ""
        self.refused = False
        self.over = asyncio.Event()

    @classmethod
    async def on(cls, end: int, label: str) -> tuple[Relay, asyncio.BaseTransport]:
        """A relay on the reading end of a pipe, which it owns from now on."""
        file = os.fdopen(end, "rb", 0)
        try:
            loop = asyncio.get_running_loop()
            transport, relay = await loop.connect_read_pipe(lambda: cls(label), file)
        except BaseException:
            file.close()
            raise
        return relay, transport

    def data_received(self, data: bytes) -> None:
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[:_LONGEST]
        for line in lines:
            self._line(line[:_LONGEST].decode("utf-8", "replace").strip())

    def connection_lost(self, exc: Exception | None) -> None:
        self._line(self._rest.decode("utf-8", "replace").strip())
        self.over.set()

    def _line(self, line: str) -> None:
        if not line:
            return
        if (event := _event(line)) is not None:
            self._pass_on(event)
            return
        self.refused = line.startswith(_REFUSED)
        self.words = line.removeprefix(_REFUSED)[:_SHOWN]
        shown = not self.spoken_to or line.startswith(_PLACES)
        told = {"line": line[:_SHOWN]} if shown else {"characters": len(line)}
        # A setting that keeps it from starting is for whoever reads warnings only, too.
        write = log.warning if self.refused else log.info
        write("instance_printed", instance=self._label, **told)

    def _pass_on(self, event: Mapping[str, Any]) -> None:
        known = {"event", "level", "timestamp", "instance"}
        told = {name: value for name, value in event.items() if name not in known}
        level = event.get("level")
        name = str(event["event"])
        self.refused = False
        self.words = ": ".join(str(part) for part in (name, told.get("error")) if part)[:_SHOWN]
        write = getattr(log, level if level in _LEVELS else "info")
        write(name, **told, instance=self._label)


def _event(line: str) -> Mapping[str, Any] | None:
    """The line as what structlog wrote, or None."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None
