"""What was promised to be delivered: written down before it is acknowledged, and handed out again after a crash."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from bot.queue import Attempts, Entry, Journal, State, Unfinished, everything, to_json
from bot.speech import Request

log = structlog.get_logger()


class Promises:
    """The requests with a target, in the journal."""

    def __init__(self, journal: Journal, attempts: Attempts, wall: Callable[[], float]) -> None:
        self._journal = journal
        self._attempts = attempts
        self._wall = wall

    async def accept(self, request: Request) -> None:
        """Journal what is to be delivered; what has no target dies with its asker."""
        if request.target and (data := to_json(request)) is not None:
            await self._journal.accept(Entry(request.id, data, at=request.at, expires=request.deadline))

    async def unfinished(self, wanted: Callable[[Request], bool] = everything) -> Sequence[Unfinished]:
        """The requests that a crash or a shutdown left undelivered, to be said again by the adapter of their target.

        Only those that are ``wanted`` are handed out; the rest belongs to other adapters, and to other processes on the
        same database, of which one may be newer and have written what cannot be read here. ``wanted`` must be pure.
        Call it once after a start, before anything new of the kind is asked for. What is too late by now is handed out
        once, as EXPIRED; and as FAILED what was begun in too many processes that did not survive it.
        """
        entries = await self._journal.pending(self._wall(), lambda entry: _is_wanted(entry, wanted))
        if given_up := sum(entry.state is State.FAILED for entry in entries):
            log.warning("journal_entries_given_up", count=given_up)
        self._attempts.hand_out(entry.id for entry in entries if not entry.state.finished)
        return [Unfinished.of(entry) for entry in entries]


def _is_wanted(entry: Entry, wanted: Callable[[Request], bool]) -> bool:
    """Whether it is; what another version wrote is that version's, and must not keep the others back."""
    try:
        return wanted(Unfinished.of(entry).request)
    except ValueError:
        log.warning("journal_entry_unreadable")
        return False
