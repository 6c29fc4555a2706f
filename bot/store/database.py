"""One database: reads on a few connections, writes on one, and every failure as a StoreError that says what to do."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

import aiosqlite
from sqlalchemy import AsyncAdaptedQueuePool, Connection, Executable, Row, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.errors import StoreError
from bot.store.driver import connect
from bot.store.place import Place, prepare
from bot.store.schema import PAUSE, alone, upgrade

T = TypeVar("T")

_BUSY_SECONDS = 15.0
"""How long a statement waits for another process that writes."""
_SQLITE_READERS = 3
_SERVER_CONNECTIONS = 5

_DEADLOCKS = 4
"""How often a transaction is begun again that PostgreSQL undid in favour of another."""
_UNDONE = ("40P01", "40001")

_CREATION = ("PRAGMA page_size=16384", "PRAGMA auto_vacuum=INCREMENTAL")
_TUNING = (
    "PRAGMA synchronous=NORMAL",
    "PRAGMA foreign_keys=ON",
    # What somebody asked to have forgotten must not stay behind in a free page.
    "PRAGMA secure_delete=ON",
    "PRAGMA journal_size_limit=67108864",
)


class Database:
    """An async context manager: entering opens it and upgrades its tables, leaving ends what is being written first.

    SQLite knows one writer at a time, so there is one connection that writes and whoever writes waits for it here, in
    turn, and not in SQLite, by chance. PostgreSQL gets one small pool for both.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self._begun: set[asyncio.Task[Any]] = set()
        self._open = False

    async def __aenter__(self) -> Self:
        with self._explained():
            if self.place.file:
                prepare(self.place.file)
            self._writers, self._readers = _engines(self.place)
            try:
                await self._prepare()
            except BaseException:
                await self._dispose()
                raise
        self._open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        await self.settle()
        with self._explained():
            try:
                await self._checkpoint()
            finally:
                await self._dispose()

    async def read(self, statement: Executable, values: Mapping[str, object] | None = None) -> Sequence[Row[Any]]:
        """The rows of one SELECT, as of one moment."""
        self._check_open()
        # To its end even when the caller is cancelled: a connection that is left in the middle cannot be used again.
        return await self._finished(self._read(statement, values))

    async def write(self, work: Callable[[Connection], T], then: Callable[[T], object] | None = None) -> T:
        """Do ``work`` in one transaction of its own, and then, before anybody else writes, ``then`` with its result.

        Once begun it is finished, even when the caller is cancelled. ``work`` changes nothing but the database, for it
        may be done again where PostgreSQL undid it.
        """
        self._check_open()
        return await self._finished(self._write(work, then))

    async def settle(self) -> None:
        """Wait for everything that has begun, also that whose callers gave up."""
        await asyncio.gather(*self._begun, return_exceptions=True)

    async def scrub(self) -> None:
        """See that what was deleted is not left in the write-ahead log either."""
        self._check_open()
        with self._explained():
            await self._checkpoint()

    async def shrink(self) -> None:
        """Give the pages that deleting freed back to the disk."""
        self._check_open()
        if self.place.sqlite:
            with self._explained():
                await self._pragma("PRAGMA incremental_vacuum")

    async def _finished(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.create_task(work)
        self._begun.add(task)
        task.add_done_callback(self._over)
        return await asyncio.shield(task)

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._begun.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, for a caller who gave up does not

    async def _read(self, statement: Executable, values: Mapping[str, object] | None) -> Sequence[Row[Any]]:
        with self._explained():
            async with self._readers.connect() as connection:
                return (await connection.execute(statement, values)).all()

    async def _write(self, work: Callable[[Connection], T], then: Callable[[T], object] | None) -> T:
        with self._explained():
            for _ in range(_DEADLOCKS):
                try:
                    return await self._write_once(work, then)
                except DBAPIError as error:
                    if getattr(error.orig, "sqlstate", None) not in _UNDONE:
                        raise
            return await self._write_once(work, then)

    async def _write_once(self, work: Callable[[Connection], T], then: Callable[[T], object] | None) -> T:
        async with self._writers.connect() as connection:
            async with connection.begin():
                result = await connection.run_sync(work)
            if then is not None:
                then(result)
            return result

    async def _prepare(self) -> None:
        """Upgrade the tables. Another process that opens or closes the file just now is waited for."""
        until = time.monotonic() + _BUSY_SECONDS
        while True:
            try:
                async with alone(), self._writers.connect() as connection:
                    return await connection.run_sync(upgrade, str(self.place))
            except DBAPIError as error:
                # SQLite's own patience does not cover the change to a write-ahead log, nor the end of one.
                if not _busy(error) or time.monotonic() >= until:
                    raise
            await asyncio.sleep(PAUSE)

    async def _checkpoint(self) -> None:
        if self.place.file:
            await self._pragma("PRAGMA wal_checkpoint(TRUNCATE)")

    async def _pragma(self, pragma: str) -> None:
        async with self._writers.connect() as connection:
            driver: aiosqlite.Connection | None = (await connection.get_raw_connection()).driver_connection
            if driver is not None:
                # As a script: of a statement without columns the driver would take one step, and this one takes many.
                await driver.executescript(pragma)

    async def _dispose(self) -> None:
        await self._readers.dispose()
        await self._writers.dispose()

    def _check_open(self) -> None:
        if not self._open:
            raise StoreError("the database is closed")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            raise StoreError(f"the database {self.place} {_reason(error)}") from error


def _engines(place: Place) -> tuple[AsyncEngine, AsyncEngine]:
    """The engines that write and that read; what is in memory or on a server has one pool for both."""
    if not place.sqlite:
        writers = _server_engine(place)
        return writers, writers.execution_options(isolation_level="AUTOCOMMIT")
    writers = _sqlite_engine(place, connections=1)
    event.listen(writers.sync_engine, "connect", _tune_writer)
    event.listen(writers.sync_engine, "begin", _begin)
    if place.memory:
        return writers, writers
    readers = _sqlite_engine(place, connections=_SQLITE_READERS)
    event.listen(readers.sync_engine, "connect", _tune_reader)
    return writers, readers


def _server_engine(place: Place) -> AsyncEngine:
    try:
        return create_async_engine(
            place.url, pool_size=_SERVER_CONNECTIONS, max_overflow=0, pool_pre_ping=True, hide_parameters=True
        )
    except ModuleNotFoundError as error:
        raise StoreError("PostgreSQL needs one more package: pip install 'sayso[postgres]'") from error


def _sqlite_engine(place: Place, *, connections: int) -> AsyncEngine:
    # The driver begins no transaction: a SELECT is its own, and _begin begins those that write. The parameters stay
    # hidden because they are what people said.
    return create_async_engine(
        place.url,
        async_creator=partial(connect, place.url.database or "", patience=_BUSY_SECONDS),
        poolclass=AsyncAdaptedQueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=None,
        pool_reset_on_return=None,
        hide_parameters=True,
    )


def _tune_writer(connection: Any, record: object) -> None:
    _run(connection, *_CREATION, "PRAGMA journal_mode=WAL", *_TUNING)


def _tune_reader(connection: Any, record: object) -> None:
    _run(connection, "PRAGMA query_only=ON")


def _run(connection: Any, *statements: str) -> None:
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()


def _begin(connection: Connection) -> None:
    # Not deferred: a transaction that reads first and then finds another writer before it could only start over.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


_REASONS: tuple[tuple[tuple[int, ...], str], ...] = (
    (
        (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB),
        "is damaged: stop Sayso, move it away together with its -wal and -shm, and start again with an empty one, "
        "or put a backup in its place (`sqlite3 FILE .recover` may save what is in it)",
    ),
    (
        (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM),
        "cannot be written: give the user that runs Sayso the right to write it and its folder, or choose another path",
    ),
    ((sqlite3.SQLITE_FULL,), "has no room left: free some space on its disk"),
    (
        (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED),
        "is held by another process: end what has it open, for example a backup or another Sayso",
    ),
    ((sqlite3.SQLITE_IOERR,), "cannot be read or written: look after its disk"),
)


def _busy(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _reason(error: Exception) -> str:
    if isinstance(error, PermissionError | IsADirectoryError | NotADirectoryError | FileExistsError):
        return _REASONS[1][1]
    if isinstance(error, OSError):
        return f"cannot be reached: {error.strerror or error or type(error).__name__}"
    cause = (error.orig if isinstance(error, DBAPIError) else None) or error
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    # Not the message of a database, which may repeat values; behind SQLAlchemy's error stands the driver's own.
    known = (reason for codes, reason in _REASONS if code in codes)
    return next(known, f"failed: {type(cause.__cause__ or cause).__name__}")
