"""Reading, writing, failing, closing."""

from __future__ import annotations

import asyncio
import gc
import os
import sqlite3
import traceback
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, text, update
from sqlalchemy.util import await_only

from bot.errors import StoreError
from bot.store import Store, database
from bot.store.database import Database
from bot.store.place import place
from bot.store.tables import GUILDS
from tests.doubles.store import clip


def _add(name: str) -> Callable[[Connection], None]:
    """A write of one row."""

    def work(connection: Connection) -> None:
        connection.execute(insert(GUILDS).values(guild=name))

    return work


def _number(connection: Connection, number: int) -> int:
    return number


async def _names(database: Database) -> list[str]:
    return sorted(row.guild for row in await database.read(select(GUILDS.c.guild)))


def _write(file: Path, data: bytes) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(data)


def _damage(file: Path, *, after: int) -> None:
    data = file.read_bytes()
    file.write_bytes(data[:after] + os.urandom(len(data) - after))


def _make_folder(folder: Path, rights: int = 0o700) -> None:
    folder.mkdir(rights, parents=True)


def _size(file: Path) -> int:
    return file.stat().st_size


async def _read_clips(file: Path, count: int) -> None:
    async with Store.open(file) as store:
        for number in range(count):
            await store.cache.get(f"{number}")


@pytest.fixture(params=["file", "memory"])
def either(request: pytest.FixtureRequest, file: Path) -> str:
    """A database in a file, and one in memory."""
    return str(file) if request.param == "file" else ":memory:"


async def test_a_write_is_whole_or_not_at_all(url: str) -> None:
    """What was done before a failure is undone, and the next write is none the worse."""
    async with Database(place(url)) as database:

        def work(connection: Connection) -> None:
            connection.execute(insert(GUILDS).values(guild="a"))
            raise RuntimeError("in the middle")

        with pytest.raises(RuntimeError, match="in the middle"):
            await database.write(work)
        await database.write(_add("b"))
        assert await _names(database) == ["b"]


async def test_writers_take_turns_and_readers_do_not_wait(either: str) -> None:
    """Two hundred writes and reads at once all succeed."""
    async with Database(place(either)) as database:

        async def one(number: int) -> None:
            await database.write(_add(f"{number}"))
            assert f"{number}" in await _names(database)

        await asyncio.gather(*(one(number) for number in range(200)))
        assert len(await _names(database)) == 200


async def test_a_write_that_began_is_finished(url: str) -> None:
    """A caller who is cancelled leaves no half write and no stuck connection, at whatever moment it happens."""
    async with Database(place(url)) as database:
        for turns in range(15):
            name = f"{turns:02}"
            task = asyncio.create_task(database.write(_add(name)))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await database.settle()
        assert await _names(database) == [f"{turns:02}" for turns in range(1, 15)]
        await asyncio.gather(*(database.write(_add(f"after {number}")) for number in range(10)))


async def test_a_read_that_is_given_up_leaves_its_connection(url: str) -> None:
    """Cancelling reads at any moment exhausts nothing."""
    async with Database(place(url)) as database:
        for turns in range(40):
            task = asyncio.create_task(_names(database))
            for _ in range(turns % 12):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert await asyncio.gather(*(_names(database) for _ in range(10))) == [[]] * 10
    gc.collect()


async def test_what_follows_a_write_comes_before_the_next(url: str) -> None:
    """The callback runs after the commit and in the order of the commits."""
    async with Database(place(url)) as database:
        seen: list[int] = []
        await asyncio.gather(*(database.write(partial(_number, number=number), seen.append) for number in range(50)))
        assert sorted(seen) == list(range(50))
        if place(url).sqlite:
            assert seen == list(range(50))


async def test_readers_cannot_write(file: Path) -> None:
    """A statement that would write through a reader is refused by SQLite itself."""
    async with Database(place(file)) as database:
        with pytest.raises(StoreError):
            await database.read(insert(GUILDS).values(guild="a"))


async def test_the_file_is_tuned(file: Path) -> None:
    """Large pages, a write-ahead log, foreign keys, and nothing left in free pages."""
    wanted = {
        "page_size": 16384,
        "journal_mode": "wal",
        "synchronous": 1,
        "foreign_keys": 1,
        "secure_delete": 1,
        "auto_vacuum": 2,
    }
    async with Database(place(file)) as database:

        def pragmas(connection: Connection) -> dict[str, object]:
            return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted}

        assert await database.write(pragmas) == wanted


async def test_closing_waits_for_writes(file: Path) -> None:
    """A write under way at the end is in the file."""
    async with Database(place(file)) as database:
        tasks = [asyncio.create_task(database.write(_add(f"{n}"))) for n in range(20)]
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    async with Database(place(file)) as database:
        assert len(await _names(database)) == 20


async def test_a_closed_database_says_so(either: str) -> None:
    """Nothing opens it again by accident."""
    database = Database(place(either))
    with pytest.raises(StoreError, match="closed"):
        await _names(database)
    async with database:
        pass
    with pytest.raises(StoreError, match="closed"):
        await database.write(lambda connection: None)


async def test_closing_leaves_one_file(file: Path) -> None:
    """Copying the file of a Sayso that is not running is a whole backup."""
    async with Store.open(file) as store:
        await store.cache.put("key", clip())
    assert [each.name for each in file.parent.iterdir()] == ["sayso.db"]


async def test_a_damaged_file_says_what_to_do(file: Path) -> None:
    """Not a traceback, but: move it away or restore a backup."""
    _write(file, b"This was a database once. " * 1000)
    with pytest.raises(StoreError, match=r"sayso\.db is damaged: stop Sayso, move it away"):
        await Store.open(file).__aenter__()


async def test_a_page_that_is_damaged_later_says_so_too(file: Path) -> None:
    """The head of the file is well, a table is not."""
    async with Store.open(file) as store:
        for number in range(30):
            await store.cache.put(f"{number}", clip(f"{number}", 30_000))
    _damage(file, after=2 * 16384)
    with pytest.raises(StoreError, match="damaged"):
        await _read_clips(file, 30)


async def test_a_folder_in_its_place_says_what_to_do(file: Path) -> None:
    """A path that is a folder cannot be a database."""
    _make_folder(file)
    with pytest.raises(StoreError, match="cannot be written: give the user that runs Sayso the right"):
        await Store.open(file).__aenter__()


async def test_a_file_in_the_place_of_its_folder(tmp_path: Path) -> None:
    """The parent of the path is a file."""
    (tmp_path / "data").touch()
    with pytest.raises(StoreError, match="choose another path"):
        await Store.open(tmp_path / "data" / "sayso.db").__aenter__()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
async def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    """The message names the rights."""
    _make_folder(tmp_path / "data", 0o500)
    with pytest.raises(StoreError, match="cannot be written"):
        await Store.open(tmp_path / "data" / "sayso.db").__aenter__()


async def test_a_database_without_room(file: Path) -> None:
    """A full disk is named, and what was there can still be read."""
    async with Database(place(file)) as database:
        await database.write(_add("a"))

        def fill(connection: Connection) -> None:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
            connection.execute(insert(GUILDS).values(guild="b", extra={"big": "x" * 100_000}))

        with pytest.raises(StoreError, match="has no room left: free some space"):
            await database.write(fill)
        assert await _names(database) == ["a"]


async def test_a_database_that_another_process_holds(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody has it locked for longer than one waits: the message says who it may be."""
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.01)
    async with Database(place(file)) as ours:
        with closing(sqlite3.connect(file, isolation_level=None)) as theirs:
            theirs.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="is held by another process: end what has it open"):
                await ours.write(_add("a"))
            theirs.execute("ROLLBACK")
        await ours.write(_add("a"))
        assert await _names(ours) == ["a"]


async def test_what_people_said_is_not_in_the_traceback(file: Path) -> None:
    """A failing statement does not carry its values into a log."""
    said = "".join(("a ", "sec", "ret"))
    async with Database(place(file)) as database:

        def twice(connection: Connection) -> None:
            for _ in range(2):
                connection.execute(insert(GUILDS).values(guild=said))

        with pytest.raises(StoreError) as caught:
            await database.write(twice)
    assert said not in "".join(traceback.format_exception(caught.value))


async def test_a_server_that_is_not_there() -> None:
    """An address where nobody listens is named, without its password."""
    pytest.importorskip("asyncpg")
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:1/name cannot be reached") as caught:
        await Store.open("postgresql://u:secret@127.0.0.1:1/name").__aenter__()
    assert "secret" not in str(caught.value)


async def test_a_server_that_has_no_such_database(postgresql: str) -> None:
    """The server answers, but not with what was asked for."""
    with pytest.raises(StoreError, match=r"/nothing failed: InvalidCatalogNameError"):
        await Store.open(postgresql.rpartition("/")[0] + "/nothing").__aenter__()


async def test_what_was_deleted_is_not_in_the_file(file: Path) -> None:
    """Forgetting leaves neither the words nor the sound in free pages or in the log."""
    async with Store.open(file) as store:
        for number in range(20):
            await store.cache.put(f"{number}", clip(f"unmistakable words {number}", 40_000), user="discord:1")
        await store.preferences.forget("discord:1")
        for each in file.parent.iterdir():
            assert b"unmistakable" not in each.read_bytes()
            assert b"OggS" not in each.read_bytes()


async def test_clearing_gives_the_room_back(file: Path) -> None:
    """After clear the file is small again."""
    async with Store.open(file) as store:
        for number in range(50):
            await store.cache.put(f"{number}", clip(size=50_000))
        await store.cache.clear()
        assert _size(file) < 500_000


async def test_memory_is_a_database_too() -> None:
    """``:memory:`` holds everything until it is closed."""
    async with Store.open(":memory:") as store:
        await store.preferences.set("discord:1", voice="aria")
        await store.cache.put("key", clip(), user="discord:1")
        assert len(await store.cache.recent("discord:1")) == 1
        assert await store._databases[0].read(text("SELECT count(*) FROM clips"))


async def test_a_deadlock_is_begun_again(postgresql: str) -> None:
    """Two transactions that wait for each other both succeed: PostgreSQL undoes one, and it is done again."""
    async with Database(place(postgresql)) as database:
        await database.write(lambda connection: connection.execute(GUILDS.delete()) and None)
        await database.write(_add("a"))
        await database.write(_add("b"))
        both_hold_one = asyncio.Barrier(2)
        attempts: list[str] = []

        def work(connection: Connection, first: str, second: str) -> None:
            attempts.append(first)
            connection.execute(update(GUILDS).where(GUILDS.c.guild == first).values(voice=first))
            if attempts.count(first) == 1:
                await_only(both_hold_one.wait())
            connection.execute(update(GUILDS).where(GUILDS.c.guild == second).values(voice=first))

        await asyncio.gather(
            database.write(partial(work, first="a", second="b")), database.write(partial(work, first="b", second="a"))
        )
        assert len(attempts) > 2
        assert len({row.voice for row in await database.read(select(GUILDS.c.voice))}) == 1
