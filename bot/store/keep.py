"""What an adapter must still know after a restart and nobody decided: where it was speaking, what is on its way."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select

from bot.store.database import Database
from bot.store.records import is_json_object
from bot.store.tables import KEPT, insert

_FIND = select(KEPT.c.value).where(KEPT.c.key == bindparam("key"))
# Not a LIKE, which is blind to case in SQLite.
_BEGINNING = (
    select(KEPT.c.key, KEPT.c.value)
    .where(func.substr(KEPT.c.key, 1, bindparam("length")) == bindparam("prefix"))
    .order_by(KEPT.c.key)
)


class Keep:
    """Small JSON objects by key (``discord:voice:42``). What fails raises StoreError.

    It is not audited, and forgetting a user does not reach it: keys and values hold ids of guilds, channels and
    messages, never a user's id, name or words.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, key: str, value: Mapping[str, Any]) -> None:
        """Keep a JSON object in place of what the key had. Raises ValueError if it is none."""
        if not is_json_object(value):
            raise ValueError("what is kept must be a JSON object")
        await self._database.write(partial(_put, key=key, value=value))

    async def get(self, key: str) -> Mapping[str, Any] | None:
        """What the key has, read-only."""
        rows = await self._database.read(_FIND, {"key": key})
        return rows[0].value if rows else None

    async def all(self, prefix: str) -> dict[str, Mapping[str, Any]]:
        """What all keys that begin like this have."""
        rows = await self._database.read(_BEGINNING, {"prefix": prefix, "length": len(prefix)})
        return {row.key: row.value for row in rows}

    async def drop(self, key: str) -> None:
        """Forget what the key has, if anything."""
        await self._database.write(partial(_drop, key=key))


def _put(connection: Connection, key: str, value: Mapping[str, Any]) -> None:
    add = insert(connection, KEPT).values(key=key, value=value)
    connection.execute(add.on_conflict_do_update(index_elements=["key"], set_={"value": add.excluded.value}))


def _drop(connection: Connection, key: str) -> None:
    connection.execute(delete(KEPT).where(KEPT.c.key == key))
