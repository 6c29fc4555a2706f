"""Statements as each database spells them."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from bot.store.database import Database
from bot.store.place import place
from bot.store.tables import spelt


async def test_a_statement_is_built_once_for_each_kind_of_database(file: Path) -> None:
    """Two databases of one kind share it."""
    built: list[str] = []

    @spelt
    def statement(connection: Connection) -> str:
        built.append(connection.dialect.name)
        return f"for {connection.dialect.name}"

    for name in ("one", "two"):
        async with Database(place(file.with_name(f"{name}.db"))) as database:
            for _ in range(2):
                assert await database.write(statement) == "for sqlite"
    assert built == ["sqlite"]


async def test_each_kind_of_database_has_its_own(url: str) -> None:
    """What is built for one is not handed to another."""
    kinds = spelt(lambda connection: connection.dialect.name)
    async with Database(place(url)) as database, Database(place(":memory:")) as memory:
        assert await memory.write(kinds) == "sqlite"
        assert await database.write(kinds) == ("sqlite" if place(url).sqlite else "postgresql")
