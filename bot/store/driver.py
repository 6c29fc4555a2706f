"""aiosqlite with one trip to its thread for each statement, where SQLAlchemy would make four.

The trips are most of what a small statement costs: a cursor is opened, run, read out and closed in one of them.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Self, TypeVar

import aiosqlite

T = TypeVar("T")

# Both write the values of statements and rows, which are what people said, to their logs when asked for details.
for _name in ("aiosqlite", "sqlalchemy"):
    logging.getLogger(_name).setLevel(logging.WARNING)


async def connect(file: str, *, patience: float) -> SqliteConnection:
    """A connection that never begins a transaction by itself, and waits ``patience`` seconds for other processes."""
    connection = SqliteConnection(
        partial(sqlite3.connect, file, timeout=patience, isolation_level=None, check_same_thread=False),
        iter_chunk_size=64,
    )
    # A process that ends in the middle does not wait for this thread; a transaction under way is undone anyway.
    connection._thread.daemon = True
    opening = asyncio.create_task(_open(connection))
    try:
        await asyncio.shield(opening)
    except asyncio.CancelledError:
        # aiosqlite would leave to nobody what its thread is opening in this moment.
        await asyncio.gather(opening, return_exceptions=True)
        await connection.close()
        raise
    return connection


async def _open(connection: SqliteConnection) -> None:
    await connection


class SqliteConnection(aiosqlite.Connection):
    """A connection and its thread, which does what it is handed in the order in which it is handed in."""

    def cursor(self) -> _Cursor:  # type: ignore[override]
        return _Cursor(self)

    async def rollback(self) -> None:
        if self.in_transaction:
            await super().rollback()

    @property
    def raw(self) -> sqlite3.Connection:
        """What it is in the thread, and to be used there."""
        return self._conn

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do ``work`` in the thread."""
        result: T = await self._execute(partial(work, self.raw))  # type: ignore[no-untyped-call]
        return result

    def later(self, work: Callable[[], None]) -> None:
        """Do ``work`` in the thread; what becomes of it is its own business."""
        self._tx.put_nowait((None, work))

    async def at_once(self, work: Callable[[sqlite3.Cursor], sqlite3.Cursor], result: _Cursor) -> None:
        """Do ``work`` on a cursor of the thread's, and leave what came of it in ``result``."""
        await self._execute(partial(_take, self._conn, work, result))  # type: ignore[no-untyped-call]


class _Cursor:
    """What SQLAlchemy asks of a cursor, of which nothing is left to be done once it has executed."""

    description: Any = None
    rowcount = -1
    lastrowid: int | None = None
    arraysize = 1

    def __init__(self, connection: SqliteConnection) -> None:
        self._connection = connection
        self.rows: Sequence[Any] = ()

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, parameters: Any = ()) -> None:
        await self._connection.at_once(lambda cursor: cursor.execute(statement, parameters), self)

    async def executemany(self, statement: str, parameters: Any) -> None:
        await self._connection.at_once(lambda cursor: cursor.executemany(statement, parameters), self)

    async def fetchall(self) -> Sequence[Any]:
        return self.rows

    async def close(self) -> None:
        pass


def _take(connection: sqlite3.Connection, work: Callable[[sqlite3.Cursor], object], result: _Cursor) -> None:
    cursor = connection.cursor()
    try:
        work(cursor)
        result.rows = cursor.fetchall()
        result.description, result.rowcount, result.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
    finally:
        cursor.close()
