"""What the next process must find again of the answers that people wait for: which message, which sound."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

import structlog

from bot.errors import StoreError
from bot.speaker import Speaker

log = structlog.get_logger()

KEPT_SECONDS = 48 * 3600.0
"""For longer nobody waits; and Telegram lets a bot delete its messages for as long."""


def short(id: str) -> str:
    """A short name for a request, in which no chat can be read: a private chat's id is its person's."""
    return hashlib.sha256(id.encode()).hexdigest()[:16]


class Slips:
    """Small JSON objects of one bot, by kind and short name. A store that is away costs comfort, never the speech."""

    def __init__(self, speaker: Speaker, bot: int, wall: Callable[[], float]) -> None:
        self._keep = speaker.store.keep
        self._prefix = f"telegram:slip:{bot}:"
        self._wall = wall
        self._swept = False

    async def put(self, kind: str, name: str, value: Mapping[str, object]) -> None:
        """Write it down, over what was there."""
        try:
            await self._sweep()
            await self._keep.put(self._key(kind, name), {**value, "at": self._wall()})
        except StoreError as error:
            log.warning("slip_not_written", error=type(error).__name__)

    async def get(self, kind: str, name: str) -> Mapping[str, object]:
        """What was written down; nothing if nothing was, or it is too long ago."""
        try:
            found = await self._keep.get(self._key(kind, name))
        except StoreError as error:
            log.warning("slip_not_read", error=type(error).__name__)
            return {}
        return found if found is not None and self._is_fresh(found) else {}

    async def drop(self, kind: str, name: str) -> None:
        """It is not needed any more."""
        try:
            await self._keep.drop(self._key(kind, name))
        except StoreError as error:
            log.warning("slip_not_dropped", error=type(error).__name__)

    async def _sweep(self) -> None:
        """Once a process: what earlier ones have left and nobody came back for."""
        if self._swept:
            return
        self._swept = True
        for key, held in (await self._keep.all(self._prefix)).items():
            if not self._is_fresh(held):
                await self._keep.drop(key)

    def _key(self, kind: str, name: str) -> str:
        return f"{self._prefix}{kind}:{name}"

    def _is_fresh(self, held: Mapping[str, object]) -> bool:
        at = held.get("at")
        return isinstance(at, int | float) and at > self._wall() - KEPT_SECONDS
