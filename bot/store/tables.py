"""The tables as they are now; how they came to be is in ``migrations/versions``.

Ids of users and guilds are kept as the adapters say them (``discord:42``); where there is none, an empty text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    false,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from bot.store.records import frozen_json

S = TypeVar("S")


class Names(TypeDecorator[frozenset[str]]):
    """A set of texts, as a JSON list."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: frozenset[str] | None, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(sorted(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> frozenset[str] | None:
        return None if value is None else frozenset(json.loads(value))


class Json(TypeDecorator[Any]):
    """Any JSON value, as text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        return json.dumps(value, default=_plain)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class JsonObject(TypeDecorator[Mapping[str, Any]]):
    """A JSON object, as text; read-only when it is read."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, Any] | None, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, default=_plain)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Mapping[str, Any] | None:
        return None if value is None else frozen_json(value)


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else sorted(value)  # type: ignore[call-overload]


METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

PREFERENCES = Table(
    "preferences",
    METADATA,
    Column("user", Text, primary_key=True),
    Column("voice", Text),
    Column("engine", Text),
    Column("rate", Double),
    Column("language", Text),
    Column("opted_out", Boolean, nullable=False, server_default=false()),
)

FAVOURITES = Table(
    "favourites",
    METADATA,
    # Telegram gives a private chat the id of its user: the kind keeps the two apart.
    Column("kind", Text, primary_key=True),
    Column("owner", Text, primary_key=True),
    Column("voice", Text, primary_key=True),
    Column("uses", Integer, nullable=False),
    Column("at", Double, nullable=False),
    sqlite_with_rowid=False,
)

GUILDS = Table(
    "guilds",
    METADATA,
    Column("guild", Text, primary_key=True),
    Column("voice", Text),
    Column("engine", Text),
    Column("language", Text),
    Column("rate", Double),
    Column("locked", Boolean, nullable=False, server_default=false()),
    Column("banned_voices", Names, nullable=False, server_default="[]"),
    Column("allowed_engines", Names, nullable=False, server_default="[]"),
    Column("max_chars", Integer),
    Column("per_user", Integer),
    Column("per_guild", Integer),
    Column("blocked_users", Names, nullable=False, server_default="[]"),
    Column("extra", JsonObject, nullable=False, server_default="{}"),
)

CHANNELS = Table(
    "channels",
    METADATA,
    Column("guild", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("voice", Text),
    Column("engine", Text),
    Column("language", Text),
    Column("rate", Double),
    Column("extra", JsonObject, nullable=False, server_default="{}"),
    sqlite_with_rowid=False,
)

AUDIT = Table(
    "audit",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("guild", Text, nullable=False),
    Column("channel", Text),
    Column("at", Double, nullable=False),
    Column("by", Text, index=True),
    Column("name", Text, nullable=False),
    Column("old", Json, nullable=False),
    Column("new", Json, nullable=False),
    Index(None, "guild", "id"),
)

JOURNAL = Table(
    "journal",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("user", Text, nullable=False, index=True),
    Column("request", JsonObject, nullable=False),
    Column("state", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("expires", Double),
    Column("attempts", Integer, nullable=False),
    Column("mark", Text),
    Index(None, "state", "at"),
)

CLIPS = Table(
    "clips",
    METADATA,
    Column("key", Text, primary_key=True),
    # Whose words it holds, so that forgetting them finds it even when newer plays have crowded theirs out; empty where
    # that is not known, or no more.
    Column("owner", Text, nullable=False, index=True),
    Column("at", Double, nullable=False),
    Column("used", Double, nullable=False, index=True),
    Column("bytes", Integer, nullable=False),
    Column("seconds", Double, nullable=False),
    sqlite_with_rowid=False,
)
"""What is written at every use, apart from the sound: a row that carries a blob costs twice as much to touch."""

SOUNDS = Table(
    "sounds",
    METADATA,
    Column("key", ForeignKey(CLIPS.c.key, ondelete="CASCADE"), primary_key=True),
    Column("spoken", Text, nullable=False),
    Column("waveform", LargeBinary, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("codec", Text, nullable=False, server_default="opus"),
)

PLAYS = Table(
    "plays",
    METADATA,
    Column("user", Text, primary_key=True),
    Column("guild", Text, primary_key=True),
    Column("key", ForeignKey(CLIPS.c.key, ondelete="CASCADE"), primary_key=True, index=True),
    Column("at", Double, nullable=False),
    Index(None, "user", "at"),
    Index(None, "guild", "at"),
    sqlite_with_rowid=False,
)

ATTACHMENTS = Table(
    "attachments",
    METADATA,
    Column("key", ForeignKey(CLIPS.c.key, ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

KEPT = Table(
    "kept",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("value", JsonObject, nullable=False),
    sqlite_with_rowid=False,
)


AUDIO_LOCK, UPGRADE_LOCK = 0x5A150, 0x5A151
"""Sayso's numbers among PostgreSQL's advisory locks."""


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that knows ``on_conflict``, as the database at hand spells it."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def spelt(build: Callable[[Connection], S]) -> Callable[[Connection], S]:
    """A statement that is built once for each kind of database: that takes longer than executing it."""
    built: dict[str, S] = {}

    def statement(connection: Connection) -> S:
        kind = connection.dialect.name
        if kind not in built:
            built[kind] = build(connection)
        return built[kind]

    return statement


def take_turn(connection: Connection, lock: int) -> None:
    """Hold ``lock`` to the end of this transaction, once no other holds it; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(lock)))
