"""aiosqlite, one trip a statement."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.store import Store
from bot.store.driver import SqliteConnection, connect
from tests.doubles.store import clip


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[SqliteConnection]:
    connection = await connect(str(tmp_path / "x.db"), patience=1.0)
    await connection.execute_fetchall("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)")
    yield connection
    await connection.close()


async def _cursor(connection: aiosqlite.Connection) -> Any:
    """A cursor as SQLAlchemy opens it."""
    return await connection.cursor().__aenter__()


@contextmanager
def _counted(connection: aiosqlite.Connection) -> Iterator[list[object]]:
    """Counts the trips to the connection's thread."""
    trips: list[object] = []
    send = connection._tx

    class Counted:
        def put_nowait(self, item: object) -> None:
            trips.append(item)
            send.put_nowait(item)  # type: ignore[arg-type]

    connection._tx = Counted()  # type: ignore[assignment]
    yield trips
    connection._tx = send


async def test_a_select_is_one_trip(connection: aiosqlite.Connection) -> None:
    """Opening the cursor, running, reading and closing it included."""
    await connection.execute_fetchall("INSERT INTO t VALUES (1, 'one'), (2, 'two')")
    with _counted(connection) as trips:
        cursor = await _cursor(connection)
        await cursor.execute("SELECT a, b FROM t WHERE a > ? ORDER BY a", (0,))
        rows = await cursor.fetchall()
        await cursor.close()
    assert rows == [(1, "one"), (2, "two")]
    assert [column[0] for column in cursor.description] == ["a", "b"]
    assert len(trips) == 1


async def test_a_write_tells_what_it_did(connection: aiosqlite.Connection) -> None:
    """Counts and ids are those of the statement, and rows that it returns are all there."""
    cursor = await _cursor(connection)
    await cursor.executemany("INSERT INTO t (b) VALUES (?)", [("x",), ("y",)])
    assert cursor.rowcount == 2
    await cursor.execute("INSERT INTO t (b) VALUES ('z') RETURNING a")
    assert (await cursor.fetchall(), cursor.lastrowid) == ([(3,)], 3)
    await cursor.execute("DELETE FROM t")
    assert (cursor.rowcount, cursor.description) == (3, None)


async def test_an_error_leaves_the_connection_usable(connection: aiosqlite.Connection) -> None:
    """The driver's own exception comes through."""
    cursor = await _cursor(connection)
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await cursor.execute("SELECT * FROM missing")
    await cursor.execute("SELECT 1")
    assert await cursor.fetchall() == [(1,)]


async def test_nothing_to_roll_back_is_no_trip(connection: aiosqlite.Connection) -> None:
    """SQLAlchemy rolls back after every read; only a transaction is worth the way."""
    with _counted(connection) as trips:
        await connection.rollback()
    assert trips == []
    await connection.execute_fetchall("BEGIN")
    await connection.execute_fetchall("INSERT INTO t (b) VALUES ('x')")
    await connection.rollback()
    assert await connection.execute_fetchall("SELECT * FROM t") == []


async def test_work_in_the_thread_is_one_trip(connection: SqliteConnection) -> None:
    """However many statements it has; what comes of it, or fails in it, comes back."""

    def work(raw: sqlite3.Connection) -> list[Any]:
        raw.execute("INSERT INTO t (b) VALUES ('x')")
        return raw.execute("SELECT * FROM t").fetchall()

    with _counted(connection) as trips:
        assert await connection.run(work) == [(1, "x")]
    assert len(trips) == 1
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await connection.run(lambda raw: raw.execute("SELECT * FROM missing"))


async def test_what_is_done_later_is_done_in_order(connection: SqliteConnection) -> None:
    """Before what comes after it; a failure of its own stops nothing."""
    done: list[int] = []
    connection.later(lambda: done.append(1))
    connection.later(lambda: done.append(1 // 0))
    connection.later(lambda: done.append(2))
    await connection.run(lambda _: done.append(3))
    assert done == [1, 2, 3]


async def test_a_read_through_sqlalchemy_is_one_trip(connection: aiosqlite.Connection) -> None:
    """The whole way of a SELECT, from the pool and back to it."""

    async def ours() -> aiosqlite.Connection:
        return connection

    engine = create_async_engine("sqlite+aiosqlite://", async_creator=ours, pool_reset_on_return=None)
    async with engine.connect() as warm:
        await warm.execute(text("SELECT 1"))
    with _counted(connection) as trips:
        async with engine.connect() as reader:
            assert (await reader.execute(text("SELECT a FROM t"))).all() == []
    assert len(trips) == 1


async def test_words_never_reach_a_log(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not even at the finest level of every logger: the libraries below would write values of statements and rows."""
    with caplog.at_level(logging.DEBUG):
        async with Store.open(file) as store:
            await store.cache.put("key", clip("a secret"), user="discord:1")
            store.cache._memory.drop_all()
            await store.cache.get("key")
            await store.preferences.set("discord:1", voice="a secret")
            await store.preferences.export("discord:1")
    assert "secret" not in caplog.text
