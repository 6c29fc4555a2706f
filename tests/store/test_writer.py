"""In which order what waits is written, in how many trips, and who is told what."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from bot.errors import StoreError
from bot.queue.journal import State
from bot.store import Store, database
from bot.store.database import Database
from bot.store.line import PASSED
from bot.store.place import place
from bot.store.tables import GUILDS
from bot.store.writer import SqliteWriter
from tests.doubles.journal import entry, ids
from tests.doubles.store import Clock, clip


def _add(name: str) -> Callable[[Connection], None]:
    """A write of one row."""

    def work(connection: Connection) -> None:
        connection.execute(insert(GUILDS).values(guild=name))

    return work


async def _names(database: Database) -> list[str]:
    return sorted(row.guild for row in await database.read(select(GUILDS.c.guild)))


@contextmanager
def _held_up(database: Database) -> Iterator[threading.Event]:
    """A write that lasts until the event is set, at the latest when this is left: whoever comes now waits in line."""
    begun, go_on = threading.Event(), threading.Event()

    def work(connection: Connection) -> None:
        begun.set()
        go_on.wait(10)

    database.hand_in(work)
    assert begun.wait(10)
    try:
        yield go_on
    finally:
        go_on.set()


def _begin_all(writes: list[Awaitable[Any]]) -> list[asyncio.Future[Any]]:
    return [asyncio.ensure_future(write) for write in writes]


async def test_a_journal_mark_goes_before_fifty_clips(file: Path) -> None:
    """Somebody waits for the mark; it was handed in last and is committed first."""
    async with Store.open(file) as store:
        await store.journal.accept(entry("a"))
        told: list[str] = []
        with _held_up(store.cache._database) as go_on:
            puts = _begin_all([store.cache.put(f"{number}", clip()) for number in range(50)])
            for put in puts:
                put.add_done_callback(lambda _: told.append("clip"))
            await asyncio.sleep(0)
            mark = asyncio.create_task(store.journal.mark("a", State.SENDING, mark="nonce"))
            mark.add_done_callback(lambda _: told.append("mark"))
            await asyncio.sleep(0)
            go_on.set()
            await asyncio.gather(mark, *puts)
        assert told[0] == "mark"
        assert told.count("clip") == 50


async def test_nothing_starves(file: Path) -> None:
    """What nobody waits for is written though urgent writes never end."""
    async with Database(place(file)) as database:
        order: list[str] = []
        with _held_up(database) as go_on:
            urgent = _begin_all(
                [database.write(lambda _: None, lambda _: order.append("urgent"), urgent=True) for _ in range(100)]
            )
            await asyncio.sleep(0)
            other = asyncio.create_task(database.write(_add("a"), lambda _: order.append("other")))
            await asyncio.sleep(0)
            go_on.set()
            await asyncio.gather(other, *urgent)
        assert order.index("other") == PASSED


async def test_urgent_writes_keep_their_order(url: str) -> None:
    """On a server as well, where others run beside them."""
    async with Database(place(url)) as database:
        order: list[int] = []
        await asyncio.gather(
            *(database.write(lambda _, n=n: n, order.append, urgent=True) for n in range(30)),  # type: ignore[misc]
            *(database.write(_add(f"{number}")) for number in range(30)),
        )
        assert order == list(range(30))


async def test_an_urgent_write_does_not_wait_for_a_lock_that_others_want(postgresql: str) -> None:
    """On a server, too: as many clips as there are connections wait for their turn, and the journal does not."""
    async with Store.open(postgresql) as store, Database(place(postgresql)) as other:
        await other.write(lambda connection: connection.execute(GUILDS.delete()) and None)
        held, go_on = asyncio.Event(), asyncio.Event()

        async def hold() -> None:
            async with other._writer.engine.begin() as connection:  # type: ignore[union-attr]
                await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({0x5A150})")
                held.set()
                await go_on.wait()

        holding = asyncio.create_task(hold())
        await held.wait()
        puts = _begin_all([store.cache.put(f"{number}", clip()) for number in range(20)])
        await asyncio.sleep(0)
        await asyncio.wait_for(store.journal.accept(entry("urgent")), 10)
        assert await store.cache.get("nothing") is None
        assert not any(put.done() for put in puts)
        go_on.set()
        await asyncio.gather(holding, *puts)


async def test_a_write_is_one_trip(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many statements it has, the beginning and the end included."""
    async with Store.open(file) as store:
        writer = store.cache._database._writer
        assert isinstance(writer, SqliteWriter)
        trips: list[object] = []
        queue = writer._connection._tx

        class Counted:
            def put_nowait(self, item: Any) -> None:
                trips.append(item)
                queue.put_nowait(item)

        monkeypatch.setattr(writer._connection, "_tx", Counted())
        for write in (
            partial(store.cache.put, "key", clip(), user="discord:1", guild="discord:42"),
            partial(store.settings.set_guild, "discord:42", by="discord:1", locked=True),
            partial(store.journal.accept, entry("a")),
            partial(store.cache.attach, "key", "telegram", "file id"),
        ):
            trips.clear()
            await write()
            assert len(trips) == 1
        monkeypatch.undo()


async def test_the_loop_is_not_asked_between_writes(file: Path) -> None:
    """While the event loop is busy, the thread goes through the whole line."""
    async with Database(place(file)) as database:
        written = threading.Semaphore(0)
        names = [f"{number:02}" for number in range(20)]

        def work(connection: Connection, name: str) -> None:
            _add(name)(connection)
            written.release()

        writes = [database.hand_in(partial(work, name=name)) for name in names]
        # All in one step of the loop.
        assert all(written.acquire(timeout=10) for _ in names)
        assert not any(write.done() for write in writes)
        await asyncio.gather(*writes)
        assert await _names(database) == names


async def test_a_failing_write_is_its_callers_alone(url: str) -> None:
    """Its neighbours in the line are written, and nobody else hears of it."""
    async with Database(place(url)) as database:
        await database.write(_add("taken"))
        results = await asyncio.gather(
            *(database.write(_add(name), urgent=urgent) for name in ("a", "taken", "b") for urgent in (False,)),
            database.write(_add("taken"), urgent=True),
            database.write(_add("c"), urgent=True),
            return_exceptions=True,
        )
        assert [type(result) for result in results] == [type(None), StoreError, type(None), StoreError, type(None)]
        assert await _names(database) == ["a", "b", "c", "taken"]


async def test_what_follows_a_failure_does_not_come(url: str) -> None:
    """Nothing is put in memory that is not in the database."""
    async with Database(place(url)) as database:
        seen: list[object] = []
        await database.write(_add("taken"), seen.append)
        with pytest.raises(StoreError):
            await database.write(_add("taken"), seen.append)
        assert seen == [None]


async def test_what_follows_comes_before_its_caller_goes_on(url: str) -> None:
    """Who was told of a write finds in memory what it left there, also when somebody else gave up waiting."""
    async with Database(place(url)) as database:
        seen: list[str] = []
        given_up = asyncio.create_task(database.write(_add("a"), lambda _: seen.append("a")))
        await asyncio.sleep(0)
        given_up.cancel()
        await database.write(_add("b"), lambda _: seen.append("b"))
        await database.settle()
        assert sorted(seen) == ["a", "b"]
        assert await _names(database) == ["a", "b"]


async def test_a_failure_that_nobody_waits_for_troubles_nobody(
    url: str, recwarn: pytest.WarningsRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    """A caller who gave up is not told by way of the log either."""
    async with Database(place(url)) as database:
        await database.write(_add("taken"))
        given_up = asyncio.create_task(database.write(_add("taken")))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        await database.settle()
    assert caplog.records == []
    assert list(recwarn) == []


async def test_a_write_waits_for_another_process(file: Path) -> None:
    """Somebody else holds the file for a moment: nothing fails, and who waits is written in turn."""
    async with Database(place(file)) as ours:
        with closing(sqlite3.connect(file, isolation_level=None)) as theirs:
            theirs.execute("BEGIN IMMEDIATE")
            writes = [asyncio.create_task(ours.write(_add(name))) for name in "abc"]
            _, waiting = await asyncio.wait(writes, timeout=0.1)
            assert len(waiting) == 3
            theirs.execute("ROLLBACK")
            await asyncio.gather(*writes)
        assert await _names(ours) == ["a", "b", "c"]


async def test_a_journal_that_could_not_begin_begins_anew(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that failed before its turn takes only those with it who were in it."""
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.01)
    async with Store.open(file, clock=Clock()) as store:
        with closing(sqlite3.connect(file, isolation_level=None)) as theirs:
            theirs.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="is held by another process"):
                await store.journal.accept(entry("a"))
            theirs.execute("ROLLBACK")
        await store.journal.accept(entry("b"))
        assert await ids(store.journal) == ["b"]


async def test_opening_that_is_given_up_leaves_nothing_open(file: Path) -> None:
    """Whenever it happens; the next one opens."""
    for turns in range(0, 40, 3):
        opening = asyncio.create_task(Store.open(file.with_name(f"{turns}.db")).__aenter__())
        for _ in range(turns):
            await asyncio.sleep(0)
        opening.cancel()
        (opened,) = await asyncio.gather(opening, return_exceptions=True)
        if isinstance(opened, Store):
            await opened.__aexit__(None, None, None)
    gc.collect()
    async with Store.open(file) as store:
        await store.journal.accept(entry("a"))
        assert await ids(store.journal) == ["a"]


async def test_an_upgrade_that_is_given_up_ends_before_another_begins(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on in its thread, and one process upgrades one database at a time."""
    begun, go_on = threading.Event(), threading.Event()

    def slow(connection: Connection, name: str) -> None:
        begun.set()
        go_on.wait(10)

    with monkeypatch.context() as patch:
        patch.setattr(database, "upgrade", slow)
        opening = asyncio.create_task(Database(place(file)).__aenter__())
        assert await asyncio.to_thread(begun.wait, 10)
    opening.cancel()
    following = asyncio.create_task(Store.open(file.with_name("next.db")).__aenter__())
    _, waiting = await asyncio.wait([opening, following], timeout=0.1)
    assert len(waiting) == 2
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await (await following).__aexit__(None, None, None)
