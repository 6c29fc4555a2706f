"""Writing: SQLite's one writer, a whole transaction in one trip to its thread, and a server's few."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.errors import StoreError
from bot.store.driver import SqliteConnection, connect
from bot.store.failures import explained
from bot.store.line import Line
from bot.store.place import Place

T = TypeVar("T")

SERVER_CONNECTIONS = 5
_SERVER_WRITERS = SERVER_CONNECTIONS - 2
"""How many transactions a server has at once from us, but for an urgent one; the last connection is for who reads."""

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


class SqliteWriter:
    """One connection and its thread, which goes from transaction to transaction without asking the event loop.

    The loop may be busy for long; a transaction that came back to it after each statement would wait for it each time,
    and whoever writes next would wait along.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._line: Line[_Job[Any]] = Line()

    async def open(self, *, patience: float) -> None:
        """Connect; ``patience`` is how many seconds a transaction waits for another process that writes."""
        self._connection = await connect(self._place.url.database or "", patience=patience)
        self._engine = _engine(self._connection)

    async def prepare(self, work: Callable[[Connection], object]) -> None:
        """Do ``work``, which begins its transactions itself, before anybody writes."""
        await self._connection.run(partial(self._prepare, work))

    def begin(self, work: Callable[[Connection], T], *, urgent: bool) -> asyncio.Future[T]:
        """Do ``work`` in a transaction of its own, whatever becomes of the future; what is done is told in order."""
        loop = asyncio.get_running_loop()
        job = _Job(work, loop, loop.create_future())
        self._line.join(job, urgent=urgent)
        # Once for each that joins, though it need not be the same that is done then.
        self._connection.later(self._write_next)
        return job.future

    async def settle(self) -> None:
        """Wait for all that has begun."""
        await self._connection.run(lambda _: None)

    async def script(self, script: str) -> None:
        """Run what is no transaction."""
        # As a script: of a statement without columns the driver would take one step, and this one takes many.
        await self._connection.run(lambda connection: connection.executescript(script))

    async def close(self) -> None:
        """Give the connection and its thread up."""
        await self._connection.close()

    def _prepare(self, work: Callable[[Connection], object], raw: sqlite3.Connection) -> None:
        # Here and not when the pool connects: it would give the connection up when another process is in the way.
        _tune(raw)
        with self._engine.connect() as connection:
            work(connection)

    def _write_next(self) -> None:
        job = self._line.next()
        try:
            with explained(self._place), self._engine.begin() as connection:
                result = job.work(connection)
        except BaseException as error:  # noqa: BLE001  the thread is everybody's; what fails is told to whom it belongs
            job.tell(partial(_fail, job.future, error))
        else:
            job.tell(partial(_finish, job.future, result))


class ServerWriter:
    """A small pool on a server. Urgent transactions have a connection to themselves and go one after the other."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._begun: set[asyncio.Task[Any]] = set()
        self._urgent, self._others = asyncio.Semaphore(1), asyncio.Semaphore(_SERVER_WRITERS)

    async def open(self, *, patience: float) -> None:
        """Make the pool; it connects when it must."""
        self.engine = _server_engine(self._place)

    async def prepare(self, work: Callable[[Connection], object]) -> None:
        """As :meth:`SqliteWriter.prepare`."""
        async with self.engine.connect() as connection:
            await connection.run_sync(work)

    def begin(self, work: Callable[[Connection], T], *, urgent: bool) -> asyncio.Future[T]:
        """As :meth:`SqliteWriter.begin`, if the future is shielded. ``work`` may be done again where it was undone."""
        task = asyncio.create_task(self._write(work, self._urgent if urgent else self._others))
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)
        return task

    async def settle(self) -> None:
        """Wait for all that has begun."""
        await asyncio.gather(*self._begun, return_exceptions=True)

    async def script(self, script: str) -> None:
        """Nothing: what is a script for SQLite a server looks after itself."""

    async def close(self) -> None:
        """Give the connections up."""
        await self.engine.dispose()

    async def _write(self, work: Callable[[Connection], T], lane: asyncio.Semaphore) -> T:
        with explained(self._place):
            async with lane:
                for _ in range(_DEADLOCKS):
                    try:
                        return await self._write_once(work)
                    except DBAPIError as error:
                        if getattr(error.orig, "sqlstate", None) not in _UNDONE:
                            raise
                return await self._write_once(work)

    async def _write_once(self, work: Callable[[Connection], T]) -> T:
        async with self.engine.begin() as connection:
            return await connection.run_sync(work)


@dataclass(frozen=True, slots=True, eq=False)
class _Job(Generic[T]):
    """A transaction's work, and who waits for it."""

    work: Callable[[Connection], T]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[T]

    def tell(self, news: Callable[[], None]) -> None:
        self.loop.call_soon_threadsafe(news)


def _finish(future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)


def _engine(connection: SqliteConnection) -> Engine:
    # The driver begins no transaction, _begin does. The parameters stay hidden because they are what people said.
    engine = create_engine(
        "sqlite://",
        creator=lambda: connection.raw,
        poolclass=StaticPool,
        pool_reset_on_return=None,
        hide_parameters=True,
    )
    event.listen(engine, "begin", _begin)
    return engine


def _tune(connection: sqlite3.Connection) -> None:
    for pragma in (*_CREATION, "PRAGMA journal_mode=WAL", *_TUNING):
        connection.execute(pragma).close()


def _begin(connection: Connection) -> None:
    # Not deferred: a transaction that reads first and then finds another writer before it could only start over.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _server_engine(place: Place) -> AsyncEngine:
    try:
        return create_async_engine(
            place.url, pool_size=SERVER_CONNECTIONS, max_overflow=0, pool_pre_ping=True, hide_parameters=True
        )
    except ModuleNotFoundError as error:
        raise StoreError("PostgreSQL needs one more package: pip install 'sayso[postgres]'") from error
