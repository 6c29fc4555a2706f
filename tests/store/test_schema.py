"""Making the tables, upgrading them, and refusing what cannot be used."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from bot.errors import StoreError
from bot.resources import folder
from bot.store import Store, schema
from bot.store.database import Database
from bot.store.place import place
from bot.store.tables import METADATA
from tests.doubles.store import Clock
from tests.store import released


def _revisions() -> list[str]:
    config = Config()
    config.set_main_option("script_location", str(folder("migrations")))
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]


def _execute(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_the_head_is_the_newest_migration() -> None:
    """The number that is compared without Alembic is the one that Alembic arrives at."""
    assert _revisions()[-1] == schema.HEAD


def test_revisions_are_numbers_in_a_row() -> None:
    """Newer is told from older by the number."""
    assert _revisions() == [f"{number:04}" for number in range(1, len(_revisions()) + 1)]


def test_every_revision_has_a_database_of_its_release() -> None:
    """A new migration cannot be merged without one to upgrade from next time."""
    assert [dump.stem for dump in released.old_databases()] == [f"v{revision}" for revision in _revisions()]


@pytest.mark.parametrize("dump", released.old_databases(), ids=lambda dump: dump.stem)
async def test_rows_survive_the_upgrade_from_every_release(dump: Path, file: Path, clock: Clock) -> None:
    """Whatever release somebody comes from, nothing they had is lost."""
    released.load(dump, file)
    async with Store.open(file, clock=clock) as store:
        await released.check(store, dump.stem.removeprefix("v"))


async def test_this_release_finds_what_it_wrote(url: str, clock: Clock) -> None:
    """The same on each kind of database, without an upgrade."""
    async with Store.open(url, clock=clock) as store:
        await released.fill(store)
    async with Store.open(url, clock=clock) as store:
        await released.check(store)


async def test_two_new_databases_are_made_at_once(tmp_path: Path) -> None:
    """Two bots of one process open each their own; Alembic knows only one at a time."""
    await asyncio.gather(*(_open(tmp_path / f"{number}.db") for number in range(3)))


def test_threads_make_new_databases_at_once(tmp_path: Path) -> None:
    """Each with a loop of its own."""
    with ThreadPoolExecutor(3) as threads:
        for made in [threads.submit(asyncio.run, _open(tmp_path / f"{number}.db")) for number in range(3)]:
            made.result()


async def _open(file: Path) -> None:
    async with Store.open(file) as store:
        await store.preferences.set("discord:1", voice="aria")


async def test_the_migrations_make_the_tables_that_the_code_uses(url: str) -> None:
    """Alembic finds nothing to change between the two."""

    def differences(connection: Connection) -> object:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": False})
        return compare_metadata(context, METADATA)

    async with Database(place(url)) as database:
        assert await database.write(differences) == []


async def test_defaults_are_the_same_in_both(file: Path, tmp_path: Path) -> None:
    """SQLite writes the same CREATE statements, defaults and all, whether made by migrations or from the tables."""

    def made(connection: Connection) -> list[str]:
        rows = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
        return ["".join(sql.split()) for (sql,) in rows if "alembic_version" not in sql]

    async with Database(place(file)) as database:
        migrated = await database.write(made)

        def make_anew(connection: Connection) -> None:
            METADATA.drop_all(connection)
            METADATA.create_all(connection)

        await database.write(make_anew)
        assert await database.write(made) == migrated


async def test_a_newer_database_is_refused(url: str) -> None:
    """It is not touched, and the message says what to do."""
    async with Database(place(url)) as database:

        def set_revision(connection: Connection, number: str) -> None:
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{number}'")

        await database.write(lambda connection: set_revision(connection, "9999"))
        with pytest.raises(
            StoreError, match=rf"newer Sayso \(its tables are version 9999, this one knows {schema.HEAD}\): update"
        ):
            await Store.open(url).__aenter__()
        await database.write(lambda connection: set_revision(connection, schema.HEAD))


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE photos (id INTEGER)"],
        ["CREATE TABLE alembic_version (version_num TEXT)", "INSERT INTO alembic_version VALUES ('3f2a9c1b7d')"],
    ],
)
async def test_the_database_of_another_program_is_left_alone(tmp_path: Path, statements: list[str]) -> None:
    """A wrong path does not put Sayso's tables into somebody's photo library."""
    file = tmp_path / "photos.db"
    _execute(file, *statements)
    with pytest.raises(StoreError, match="belongs to another program; choose another path"):
        await Store.open(file).__aenter__()
    with closing(sqlite3.connect(file)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert not {"preferences", "clips"} & {name for (name,) in names}


async def test_an_upgrade_that_fails_changes_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All or nothing: the next start, with a Sayso that works, begins where the last one did."""

    def fails(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE half (id INTEGER)")
        raise RuntimeError("in the middle")

    with monkeypatch.context() as patch:
        patch.setattr(schema, "_migrate", fails)
        with pytest.raises(RuntimeError):
            await Store.open(file).__aenter__()
    async with Store.open(file) as store:
        await released.fill(store)


_NEXT = f"{int(schema.HEAD) + 1:04}"
_REBUILD = f"""
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "{_NEXT}", "{schema.HEAD}", None, None


def upgrade():
    rebuild = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    with op.batch_alter_table("clips", recreate=rebuild) as batch:
        batch.add_column(sa.Column("codec", sa.Text, nullable=False, server_default="opus"))
"""


def _next_release(monkeypatch: pytest.MonkeyPatch, folder_of_it: Path, migration: str) -> None:
    """Pretend that there is one more migration."""
    shutil.copytree(folder("migrations"), folder_of_it)
    (folder_of_it / "versions" / f"{_NEXT}_next.py").write_text(migration)
    monkeypatch.setattr(schema, "folder", lambda name: folder_of_it)
    monkeypatch.setattr(schema, "HEAD", _NEXT)


async def test_a_migration_may_rebuild_a_table_that_others_refer_to(
    url: str, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite changes a table by dropping the old one, and what refers to its rows is not dropped with it."""
    async with Store.open(url, clock=clock) as store:
        await released.fill(store)
    _next_release(monkeypatch, tmp_path / "migrations", _REBUILD)
    async with Store.open(url, clock=clock) as store:
        await released.check(store)
        await store.cache.clear()
        assert await store.cache.attachment("key", "telegram:bot") is None
        await _back_to_nothing(store._databases[0])


async def test_a_migration_that_would_orphan_rows_is_undone(
    file: Path, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys are not enforced while tables are rebuilt; they are checked before the end."""
    async with Store.open(file, clock=clock) as store:
        await released.fill(store)
    with monkeypatch.context() as patch:
        _next_release(patch, tmp_path / "migrations", _REBUILD + '    op.execute("DELETE FROM clips")\n')
        with pytest.raises(StoreError, match="nothing was changed"):
            await Store.open(file, clock=clock).__aenter__()
    async with Store.open(file, clock=clock) as store:
        await released.check(store)


async def test_those_that_start_together_upgrade_once(url: str) -> None:
    """On each kind of database: one makes the tables while the others wait."""
    async with Database(place(url)) as database:
        await _back_to_nothing(database)

    async def one(number: int) -> None:
        async with Store.open(url) as store:
            await store.preferences.set(f"discord:{number}", voice="aria")

    await asyncio.gather(*(one(number) for number in range(5)))
    async with Store.open(url) as store:
        assert [(await store.preferences.get(f"discord:{number}")).voice for number in range(5)] == ["aria"] * 5


async def _back_to_nothing(database: Database) -> None:
    """As if Sayso had never been there."""

    def drop(connection: Connection) -> None:
        METADATA.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE alembic_version")

    await database.write(drop)


async def test_a_percent_sign_in_the_path_of_the_installation(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alembic's settings are a ConfigParser's, to which ``%`` means something."""
    odd = tmp_path / "100% sayso"
    shutil.copytree(folder("migrations"), odd)
    monkeypatch.setattr(schema, "folder", lambda name: odd)
    async with Store.open(file) as store:
        await released.fill(store)


async def test_foreign_keys_are_on_again_after_an_upgrade(file: Path) -> None:
    """They are off while tables are rebuilt, and only then."""
    async with Database(place(file)) as database:
        assert await database.write(lambda c: c.exec_driver_sql("PRAGMA foreign_keys").scalar()) == 1


def _loaded(code: str) -> set[str]:
    """The modules that are loaded after ``code`` in a fresh interpreter."""
    code += "\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_alembic_is_loaded_only_for_an_upgrade(file: Path) -> None:
    """It costs half a second, which the first start pays and no other."""
    code = f"""
import asyncio
from bot.store import Store

async def main():
    async with Store.open({str(file)!r}):
        pass

asyncio.run(main())
"""
    assert "alembic" in _loaded(code)
    assert "alembic" not in _loaded(code)


def test_importing_the_store_is_cheap() -> None:
    """Neither SQLAlchemy nor Alembic nor numpy is loaded by naming the store's values."""
    loaded = _loaded("from bot.store import GuildSettings, Preference, cache_key")
    assert not loaded & {"sqlalchemy", "alembic", "aiosqlite", "numpy"}
