"""The queue's journal in SQL: the entries that arrive together are committed together."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, Insert, Integer, Row, Text, bindparam, case, delete, func, or_, select, update

from bot.queue.journal import Entry, State, everything, handed_out
from bot.store.database import Database
from bot.store.tables import JOURNAL, insert, spelt

# Not an IN, which no batch of rows can be executed with.
_UNFINISHED = or_(*(JOURNAL.c.state == state.value for state in State if not state.finished))

_THIS = update(JOURNAL).where(JOURNAL.c.id == bindparam("b_id"), _UNFINISHED)
_MARK = _THIS.values(state=bindparam("b_state"), mark=func.coalesce(bindparam("b_mark", type_=Text), JOURNAL.c.mark))
_END = _MARK.values(request={})
_COUNT = _THIS.values(attempts=JOURNAL.c.attempts + bindparam("b_by", type_=Integer))
_KNOWN = select(JOURNAL.c.id).where(JOURNAL.c.id == bindparam("id"))


class SqlJournal:
    """Implements :class:`bot.queue.journal.Journal`; what fails raises StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._gathering: _Batch | None = None

    async def accept(self, entry: Entry) -> None:
        """Write an entry down, once."""
        row = _row(entry)
        await self._join(lambda batch: batch.entries.append(row))

    async def knows(self, id: str) -> bool:
        """Whether an entry of that id was accepted, finished or not, and is not forgotten yet."""
        return bool(await self._database.read(_KNOWN, {"id": id}))

    async def mark(self, id: str, state: State, *, mark: str | None = None) -> None:
        """Say how far an entry has come."""
        row: dict[str, object] = {"b_id": id, "b_state": state.value, "b_mark": mark}
        await self._join(lambda batch: (batch.ends if state.finished else batch.marks).append(row))

    async def pending(self, now: float, wanted: Callable[[Entry], bool] = everything) -> Sequence[Entry]:
        """The unfinished entries that are wanted, oldest first; those that are too late or given up as that, once."""
        return await self._database.write(partial(_pending, now=now, wanted=wanted))

    async def count(self, ids: Collection[str], by: int) -> None:
        """Add to the attempts of what is unfinished."""
        rows: list[dict[str, object]] = [{"b_id": id, "b_by": by} for id in ids]
        await self._join(lambda batch: batch.counts.extend(rows))

    async def forget(self, *, before: float) -> int:
        """Drop the finished entries from before, and what was to be over before."""
        return await self._database.write(partial(_forget, before=before))

    async def bears(self, mark: str) -> bool:
        """Whether something that was done bears that mark."""
        done = select(JOURNAL.c.id).where(JOURNAL.c.state == State.DONE.value, JOURNAL.c.mark == mark)
        return bool(await self._database.read(done.limit(1)))

    async def export(self, user: str) -> list[dict[str, object]]:
        """The entries of a user, newest first."""
        rows = await self._database.read(select(JOURNAL).where(JOURNAL.c.user == user).order_by(JOURNAL.c.at.desc()))
        return [
            {"at": row.at, "state": row.state, "expires": row.expires, "request": dict(row.request)} for row in rows
        ]

    async def forget_user(self, user: str) -> None:
        """Drop the entries of a user, finished or not."""
        await self._database.write(partial(_forget_user, user=user))

    async def settle(self) -> None:
        """Wait until everything that was handed in is committed."""
        await self._database.settle()

    async def _join(self, add: Callable[[_Batch], None]) -> None:
        batch = self._gathering
        # One that failed before its turn was never closed.
        if batch is None or batch.commit.done() or not batch.join(add):
            batch = _Batch()
            batch.join(add)
            batch.commit = self._database.hand_in(batch.write, urgent=True)
            self._gathering = batch
        # Others wait for the same commit: one who gives up must not take it from them.
        await asyncio.shield(batch.commit)


class _Batch:
    """What is committed together: first what is new, then how far the rest has come, and at last what is over.

    Each in the order in which it came. What is marked after its end is so marked before it; the end is the same. Who
    comes while the batch waits for its turn still joins it; the turn may come in another thread.
    """

    commit: asyncio.Future[None]

    def __init__(self) -> None:
        self.entries: list[dict[str, object]] = []
        self.counts: list[dict[str, object]] = []
        self.marks: list[dict[str, object]] = []
        self.ends: list[dict[str, object]] = []
        self._closing = threading.Lock()
        self._closed = False

    def join(self, add: Callable[[_Batch], None]) -> bool:
        """Do ``add``, unless what is here is being written already."""
        with self._closing:
            if not self._closed:
                add(self)
            return not self._closed

    def _close(self) -> None:
        with self._closing:
            self._closed = True

    def write(self, connection: Connection) -> None:
        """One transaction's work."""
        self._close()
        if self.entries:
            connection.execute(_accepted(connection), self.entries)
        for statement, rows in ((_COUNT, self.counts), (_MARK, self.marks), (_END, self.ends)):
            if rows:
                connection.execute(statement, rows)


@spelt
def _accepted(connection: Connection) -> Insert:
    return insert(connection, JOURNAL).on_conflict_do_nothing()


def _pending(connection: Connection, now: float, wanted: Callable[[Entry], bool]) -> Sequence[Entry]:
    rows = connection.execute(select(JOURNAL).where(_UNFINISHED).order_by(JOURNAL.c.at, JOURNAL.c.id))
    mine = [handed_out(entry, now) for entry in map(_entry, rows) if wanted(entry)]
    over = [{"b_id": entry.id, "b_state": entry.state.value, "b_mark": None} for entry in mine if entry.state.finished]
    if over:
        connection.execute(_END, over)
    return mine


def _forget(connection: Connection, before: float) -> int:
    last = case((_UNFINISHED, JOURNAL.c.expires), else_=JOURNAL.c.at)
    return connection.execute(delete(JOURNAL).where(last < before)).rowcount


def _forget_user(connection: Connection, user: str) -> None:
    connection.execute(delete(JOURNAL).where(JOURNAL.c.user == user))


def _row(entry: Entry) -> dict[str, object]:
    # Encoded here, so that a request which JSON cannot hold fails its own caller and not the whole batch.
    json.dumps(dict(entry.request))
    return {
        "id": entry.id,
        "user": str(entry.request.get("user", "")),
        "request": entry.request,
        "state": entry.state.value,
        "at": entry.at,
        "expires": entry.expires,
        "attempts": entry.attempts,
        "mark": entry.mark,
    }


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        id=row.id,
        request=row.request,
        state=State(row.state),
        at=row.at,
        expires=row.expires,
        attempts=row.attempts,
        mark=row.mark,
    )
