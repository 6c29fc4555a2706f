"""In how many processes a request was begun that did not live to its end: one that ends them all is given up."""

from __future__ import annotations

from collections.abc import Iterable, Set

import structlog

from bot.errors import StoreError
from bot.queue.journal import Journal, State

log = structlog.get_logger()


class Attempts:
    """What this process was handed out of the journal, and what of that it has begun.

    Only that is counted, when it begins, and no longer when it is made: what merely waits can have ended no process,
    and what is new is written down often enough.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._waiting: set[str] = set()
        self._begun: set[str] = set()

    def hand_out(self, ids: Iterable[str]) -> None:
        """They are this process's to begin."""
        self._waiting.update(ids)

    async def begin(self, ids: Iterable[str]) -> None:
        """Something is about to be done for them: they are counted, durably when this returns, if they can be."""
        begun = self._waiting.intersection(ids)
        if not begun:
            return
        self._waiting -= begun
        self._begun |= begun
        if not await self._counted(begun, 1):
            self._begun -= begun

    async def survive(self, ids: Iterable[str]) -> None:
        """What was begun for them is done, and the process is alive: they wait again, to be sent."""
        done = self._begun.intersection(ids)
        if done:
            self._begun -= done
            self._waiting |= done
            await self._counted(done, -1)

    async def mark(self, id: str, state: State, *, mark: str | None = None) -> None:
        """As :meth:`Journal.mark`; what is being sent has begun."""
        if state is State.SENDING:
            await self.begin((id,))
        await self._journal.mark(id, state, mark=mark)

    async def forgive(self) -> None:
        """The process ends of its own accord: what it began and did not finish is not to blame. Then none begins."""
        begun, self._begun = self._begun, set()
        self._waiting.clear()
        if begun:
            await self._counted(begun, -1)

    async def _counted(self, ids: Set[str], by: int) -> bool:
        try:
            await self._journal.count(ids, by)
        except StoreError as error:
            log.warning("attempts_not_counted", by=by, error=type(error).__name__)
            return False
        return True
