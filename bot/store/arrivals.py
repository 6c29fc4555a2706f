"""Clips on their way into the database: what comes while others are written down is written down with the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.speech import Clip
from bot.store.clips import Play


def _future() -> asyncio.Future[None]:
    return asyncio.get_running_loop().create_future()


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """A clip with its row and who is known to hear it; ``kept`` is for who waits until it is there."""

    clip: Clip
    row: Mapping[str, Any]
    play: Play | None
    kept: asyncio.Future[None] = field(default_factory=_future)

    @property
    def key(self) -> str:
        """The key of the clip."""
        return str(self.row["key"])

    def tell(self, error: Exception | None = None) -> None:
        """Whoever waits need not wait any longer."""
        if self.kept.done():
            return
        if error is None:
            self.kept.set_result(None)
        else:
            self.kept.set_exception(error)


class Arrivals:
    """Has what comes written down by ``keep``: one after the other, and together what came meanwhile.

    A transaction is most of what a clip costs.
    """

    def __init__(self, keep: Callable[[Sequence[Arrival]], Awaitable[None]]) -> None:
        self._keep = keep
        self._waiting: list[Arrival] = []
        self._leaving: Sequence[Arrival] = ()
        self._writing: asyncio.Task[None] | None = None

    async def put(self, arrival: Arrival) -> None:
        """Return when it is there, or raise what kept it from that. It gets there though its caller be cancelled."""
        self._waiting.append(arrival)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await asyncio.shield(arrival.kept)

    async def settle(self) -> None:
        """Wait until all that has come by now is there, or has failed to get there."""
        if coming := [arrival.kept for arrival in (*self._leaving, *self._waiting)]:
            await asyncio.wait(coming)

    async def _write(self) -> None:
        try:
            while self._waiting:
                self._leaving, self._waiting = self._waiting, []
                await self._write_down(self._leaving)
        finally:
            for arrival in (*self._leaving, *self._waiting):
                arrival.kept.cancel()  # where this was cancelled itself
            self._leaving, self._waiting, self._writing = (), [], None

    async def _write_down(self, arrivals: Sequence[Arrival]) -> None:
        failure: Exception | None = None
        try:
            await self._keep(arrivals)
        except Exception as error:  # noqa: BLE001 (the writing is everybody's; what fails is told to whom it belongs)
            failure = error
        for arrival in arrivals:
            arrival.tell(failure)
