"""Which tables a database has, and bringing them up to date."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import Connection, inspect, text

from bot.errors import StoreError
from bot.resources import folder
from bot.store.tables import UPGRADE_LOCK, take_turn

HEAD = "0003"
"""The newest revision in ``migrations/versions``: what this code reads and writes."""

PAUSE = 0.02
"""Seconds until it is looked again whether something is free."""

_ALEMBIC = threading.Lock()
"""Alembic holds what it works on in module globals: in one process it can upgrade one database at a time."""


@asynccontextmanager
async def alone() -> AsyncIterator[None]:
    """Nobody else in this process upgrades a database, in this thread or another; to be held for :func:`upgrade`."""
    # Waiting for the lock itself would stop a holder in this very thread; and no event is one for several loops.
    while not _ALEMBIC.acquire(blocking=False):  # noqa: ASYNC110
        await asyncio.sleep(PAUSE)
    try:
        yield
    finally:
        _ALEMBIC.release()


def upgrade(connection: Connection, name: str) -> None:
    """Bring the database ``name`` to :data:`HEAD`, all or nothing; of several processes one does it, the rest wait.

    Raises StoreError for a database that a newer Sayso wrote, or that is none of Sayso's.
    """
    if _is_current(connection, name):
        return
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        # A migration rebuilds a table by dropping the old one; with keys enforced that would empty those that refer
        # to it. SQLite ignores this inside a transaction, hence before.
        _pragma(connection, "PRAGMA foreign_keys=OFF")
    with connection.begin():
        take_turn(connection, UPGRADE_LOCK)
        if not _is_at_head(connection, name):
            _migrate(connection)
    if sqlite:
        _pragma(connection, "PRAGMA foreign_keys=ON")


def _is_current(connection: Connection, name: str) -> bool:
    with connection.begin():
        return _is_at_head(connection, name)


def _is_at_head(connection: Connection, name: str) -> bool:
    """Whether nothing is to be done. Asked in SQL, for Alembic takes half a second to import."""
    found = _revision(connection)
    if found is None:
        _check_empty(connection, name)
    elif not (found.isdigit() and len(found) == len(HEAD)):
        raise StoreError(f"the database {name} belongs to another program; choose another path or database")
    elif found > HEAD:
        raise StoreError(
            f"the database {name} was written by a newer Sayso (its tables are version {found}, this one knows "
            f"{HEAD}): update Sayso, or put back the backup from before"
        )
    return found == HEAD


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _check_empty(connection: Connection, name: str) -> None:
    # A server's database may be shared with others; a file that holds other tables is somebody else's.
    if connection.dialect.name == "sqlite" and inspect(connection).get_table_names():
        raise StoreError(f"the database {name} belongs to another program; choose another path")


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise StoreError("the database cannot be upgraded: some rows refer to nothing; nothing was changed")


def _pragma(connection: Connection, pragma: str) -> None:
    cursor = connection.connection.cursor()
    cursor.execute(pragma)
    cursor.close()
