"""One database: reads on a few connections, writes in turn, and every failure as a StoreError that says what to do."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import AsyncAdaptedQueuePool, Connection, Executable, Row, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.errors import StoreError
from bot.store.driver import connect
from bot.store.failures import busy, explained
from bot.store.place import Place, prepare
from bot.store.schema import PAUSE, alone, upgrade
from bot.store.writer import ServerWriter, SqliteWriter

T = TypeVar("T")

_BUSY_SECONDS = 15.0
"""How long a statement waits for another process that writes."""
_SQLITE_READERS = 3


class Database:
    """An async context manager: entering opens it and upgrades its tables, leaving ends what is being written first.

    SQLite knows one writer at a time, so there is one connection that writes and whoever writes waits for it here, in
    turn, and not in SQLite, by chance. PostgreSQL gets one small pool for both.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self._begun: set[asyncio.Task[Any]] = set()
        self._writer = SqliteWriter(place) if place.sqlite else ServerWriter(place)
        self._readers: AsyncEngine | None = None
        self._open = False

    async def __aenter__(self) -> Self:
        with explained(self.place):
            if self.place.file:
                prepare(self.place.file)
            await self._writer.open(patience=_BUSY_SECONDS)
            try:
                # To its end even when it is cancelled: what is upgraded in a thread cannot be left in the middle.
                await self.finish(self._prepare())
            except BaseException:
                await self.settle()
                await self._dispose()
                raise
        self._readers = _readers(self.place, self._writer)
        self._open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        await self.settle()
        with explained(self.place):
            try:
                await self._checkpoint()
            finally:
                await self._dispose()

    async def read(self, statement: Executable, values: Mapping[str, object] | None = None) -> Sequence[Row[Any]]:
        """The rows of one SELECT, as of one moment."""
        self._check_open()
        if self._readers is None:
            return await self.write(partial(_rows, statement=statement, values=values), urgent=True)
        # To its end even when the caller is cancelled: a connection that is left in the middle cannot be used again.
        return await self.finish(self._read(self._readers, statement, values))

    async def write(
        self, work: Callable[[Connection], T], then: Callable[[T], object] | None = None, *, urgent: bool = False
    ) -> T:
        """Do ``work`` in one transaction of its own, and then, on the event loop, ``then`` with its result.

        Once begun it is finished, even when the caller is cancelled. ``work`` changes nothing but the database, for it
        may be done again where PostgreSQL undid it; and it is done in another thread where that is SQLite's. What
        follows the transactions of one SQLite comes in their order. ``urgent``: somebody waits for this; it goes before
        what is not, within bounds, and after what is.
        """
        return await asyncio.shield(self.hand_in(work, then, urgent=urgent))

    def hand_in(
        self, work: Callable[[Connection], T], then: Callable[[T], object] | None = None, *, urgent: bool = False
    ) -> asyncio.Future[T]:
        """As :meth:`write`, without waiting for the end: that is the future's, to be shielded by who awaits it."""
        self._check_open()
        future = self._writer.begin(work, urgent=urgent)
        future.add_done_callback(partial(_follow, then=then))
        return future

    async def finish(self, work: Coroutine[Any, Any, T]) -> T:
        """Await ``work``, which goes on to its end even when the caller is cancelled; closing waits for it."""
        task = asyncio.create_task(work)
        self._begun.add(task)
        task.add_done_callback(self._over)
        return await asyncio.shield(task)

    async def settle(self) -> None:
        """Wait for everything that has begun, also that whose callers gave up."""
        await asyncio.gather(*self._begun, return_exceptions=True)
        await self._writer.settle()

    async def scrub(self) -> None:
        """See that what was deleted is not left in the write-ahead log either."""
        self._check_open()
        with explained(self.place):
            await self._checkpoint()

    async def shrink(self) -> None:
        """Give the pages that deleting freed back to the disk."""
        self._check_open()
        with explained(self.place):
            await self._writer.script("PRAGMA incremental_vacuum")

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._begun.discard(task)
        _follow(task, None)

    async def _read(
        self, readers: AsyncEngine, statement: Executable, values: Mapping[str, object] | None
    ) -> Sequence[Row[Any]]:
        with explained(self.place):
            async with readers.connect() as connection:
                return (await connection.execute(statement, values)).all()

    async def _prepare(self) -> None:
        """Upgrade the tables. Another process that opens or closes the file just now is waited for."""
        until = time.monotonic() + _BUSY_SECONDS
        while True:
            try:
                async with alone():
                    return await self._writer.prepare(partial(upgrade, name=str(self.place)))
            except (DBAPIError, sqlite3.Error) as error:
                # SQLite's own patience does not cover the change to a write-ahead log, nor the end of one.
                if not busy(error) or time.monotonic() >= until:
                    raise
            await asyncio.sleep(PAUSE)

    async def _checkpoint(self) -> None:
        if self.place.file:
            await self._writer.script("PRAGMA wal_checkpoint(TRUNCATE)")

    async def _dispose(self) -> None:
        if self._readers is not None:
            await self._readers.dispose()
        await self._writer.close()

    def _check_open(self) -> None:
        if not self._open:
            raise StoreError("the database is closed")


def _follow(future: asyncio.Future[T], then: Callable[[T], object] | None) -> None:
    # Looked at in any case, for a caller who gave up does not.
    if not future.cancelled() and future.exception() is None and then is not None:
        then(future.result())


def _rows(connection: Connection, statement: Executable, values: Mapping[str, object] | None) -> Sequence[Row[Any]]:
    return connection.execute(statement, values).all()


def _readers(place: Place, writer: SqliteWriter | ServerWriter) -> AsyncEngine | None:
    """What reads beside the writer; what is in memory has one connection for both."""
    if isinstance(writer, ServerWriter):
        return writer.engine.execution_options(isolation_level="AUTOCOMMIT")
    if place.memory:
        return None
    # The parameters stay hidden because they are what people said.
    readers = create_async_engine(
        place.url,
        async_creator=partial(connect, place.url.database or "", patience=_BUSY_SECONDS),
        poolclass=AsyncAdaptedQueuePool,
        pool_size=_SQLITE_READERS,
        max_overflow=0,
        pool_timeout=None,
        pool_reset_on_return=None,
        hide_parameters=True,
    )
    event.listen(readers.sync_engine, "connect", _tune_reader)
    return readers


def _tune_reader(connection: Any, record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA query_only=ON")
    cursor.close()
