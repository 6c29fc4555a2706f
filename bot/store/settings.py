"""What guilds and channels decided, and who decided it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields
from functools import partial
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Row, Select, Table, delete, select, update

from bot.store.copies import Copies
from bot.store.database import Database
from bot.store.records import Change, ChannelSettings, GuildSettings, checked, plain
from bot.store.tables import AUDIT, CHANNELS, GUILDS, insert

AUDIT_KEPT = 1000
"""How many changes of a guild are remembered."""

R = TypeVar("R", bound=GuildSettings | ChannelSettings)


class Settings:
    """Settings by id of guild and channel. Reads come from memory where they can; what fails raises StoreError.

    ``by`` is the id of who asked for a change, for the audit.
    """

    def __init__(self, database: Database, *, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._guilds: _Room[GuildSettings] = _Room(database, GUILDS, GuildSettings, clock)
        self._channels: _Room[ChannelSettings] = _Room(database, CHANNELS, ChannelSettings, clock)

    async def guild(self, guild: str) -> GuildSettings:
        """What the guild decided; all defaults where nothing was said."""
        return await self._guilds.get((guild,))

    async def channel(self, guild: str, channel: str) -> ChannelSettings:
        """What was decided for the channel; all defaults where nothing was said."""
        return await self._channels.get((guild, channel))

    async def channels(self, guild: str) -> Mapping[str, ChannelSettings]:
        """What was decided for channels of the guild, by channel; those of which nothing was ever said are left out."""
        names = [item.name for item in fields(ChannelSettings)]
        columns = (CHANNELS.c.channel, *(CHANNELS.c[name] for name in names))
        rows = await self._database.read(select(*columns).where(CHANNELS.c.guild == guild).order_by(CHANNELS.c.channel))
        return {row.channel: ChannelSettings(**{name: row._mapping[name] for name in names}) for row in rows}

    async def set_guild(self, guild: str, *, by: str | None = None, **changes: object) -> GuildSettings:
        """Change some fields and keep the rest; None sets one back. Raises ValueError naming what is allowed."""
        return await self._guilds.set((guild,), by, changes)

    async def set_channel(
        self, guild: str, channel: str, *, by: str | None = None, **changes: object
    ) -> ChannelSettings:
        """As :meth:`set_guild`, for one channel."""
        return await self._channels.set((guild, channel), by, changes)

    async def reset(self, guild: str, channel: str | None = None, *, by: str | None = None) -> None:
        """Back to the defaults: one channel, or the guild with all its channels."""
        work = partial(_reset, guild=guild, channel=channel, by=by, at=self._clock())
        await self._database.write(work, self._drop_copies)

    async def move(self, old: str, new: str, *, by: str | None = None) -> bool:
        """Give all that was decided in a guild, and its audit, to the id that it has from now on.

        What was decided under the new id already stays. Returns whether there was anything to give; a second time there
        is nothing.
        """
        work = partial(_move, old=old, new=new, by=by, at=self._clock())
        return await self._database.write(work, self._drop_copies)

    async def audit(self, guild: str, limit: int = 50) -> Sequence[Change]:
        """The last changes in a guild, newest first."""
        rows = await self._database.read(
            select(*_CHANGE).where(AUDIT.c.guild == guild).order_by(AUDIT.c.id.desc()).limit(limit)
        )
        return [Change(**row._mapping) for row in rows]

    async def export(self, user: str) -> list[dict[str, object]]:
        """What the user changed, newest first."""
        columns = (AUDIT.c.guild, AUDIT.c.channel, AUDIT.c.at, AUDIT.c.name, AUDIT.c.old, AUDIT.c.new)
        rows = await self._database.read(select(*columns).where(AUDIT.c.by == user).order_by(AUDIT.c.id.desc()))
        return [dict(row._mapping) for row in rows]

    async def export_guild(self, guild: str) -> dict[str, object]:
        """All that was decided in a guild and who decided it, as JSON."""
        channels = await self.channels(guild)
        return {
            "settings": plain(await self.guild(guild)),
            "channels": {channel: plain(settings) for channel, settings in channels.items()},
            "changes": [plain(change) for change in await self.audit(guild, AUDIT_KEPT)],
        }

    async def forget(self, user: str, homes: Collection[str] = ()) -> None:
        """Take the user's id out of the audit: the changes are the guild's. Of ``homes`` all that was decided goes."""
        await self._database.write(partial(_forget, user=user, homes=homes), self._drop_copies)

    def _drop_copies(self, _: object) -> None:
        self._guilds.copies.clear()
        self._channels.copies.clear()


class _Room(Generic[R]):
    """The settings of one table, each under its whole primary key."""

    def __init__(self, database: Database, table: Table, kind: type[R], clock: Callable[[], float]) -> None:
        self._database = database
        self._table = table
        self._kind: type[R] = kind
        self._clock = clock
        self._names = [column.name for column in table.primary_key]
        self.copies: Copies[tuple[str, ...], R] = Copies(clock)

    async def get(self, key: tuple[str, ...]) -> R:
        return await self.copies.get(key, self._load)

    async def set(self, key: tuple[str, ...], by: str | None, changes: Mapping[str, object]) -> R:
        values = checked(self._kind, changes)
        work = partial(self._write, key=key, by=by, at=self._clock(), values=values)
        return await self._database.write(work, partial(self.copies.put, key))

    async def _load(self, key: tuple[str, ...]) -> R:
        return self._record(await self._database.read(self._find(key)))

    def _find(self, key: tuple[str, ...]) -> Select[Any]:
        columns = (self._table.c[item.name] for item in fields(self._kind))
        return select(*columns).where(
            *(self._table.c[name] == part for name, part in zip(self._names, key, strict=True))
        )

    def _record(self, rows: Sequence[Row[Any]]) -> R:
        return self._kind(**rows[0]._mapping) if rows else self._kind()

    def _write(
        self, connection: Connection, key: tuple[str, ...], by: str | None, at: float, values: Mapping[str, Any]
    ) -> R:
        old = self._record(connection.execute(self._find(key)).all())
        self._upsert(connection, dict(zip(self._names, key, strict=True)), values)
        new = self._record(connection.execute(self._find(key)).all())
        changed = [name for name in values if getattr(new, name) != getattr(old, name)]
        _note(connection, key, at, by, {name: (getattr(old, name), getattr(new, name)) for name in changed})
        return new

    def _upsert(self, connection: Connection, key: Mapping[str, str], values: Mapping[str, Any]) -> None:
        add = insert(connection, self._table).values(**key, **values)
        # Only what changes: two processes that change different fields do not undo each other.
        connection.execute(add.on_conflict_do_update(index_elements=self._names, set_={**key, **values}))


_CHANGE = [AUDIT.c[item.name] for item in fields(Change)]


def _note(
    connection: Connection, key: tuple[str, ...], at: float, by: str | None, changes: Mapping[str, tuple[Any, Any]]
) -> None:
    guild, channel = key[0], key[1] if len(key) > 1 else None
    about = {"guild": guild, "channel": channel, "at": at, "by": by}
    lines = [{**about, "name": name, "old": old, "new": new} for name, (old, new) in changes.items()]
    if lines:
        connection.execute(insert(connection, AUDIT), lines)
    last = select(AUDIT.c.id).where(AUDIT.c.guild == guild).order_by(AUDIT.c.id.desc()).offset(AUDIT_KEPT).limit(1)
    connection.execute(delete(AUDIT).where(AUDIT.c.guild == guild, AUDIT.c.id <= last.scalar_subquery()))


def _reset(connection: Connection, guild: str, channel: str | None, by: str | None, at: float) -> None:
    if channel is None:
        connection.execute(delete(GUILDS).where(GUILDS.c.guild == guild))
        connection.execute(delete(CHANNELS).where(CHANNELS.c.guild == guild))
    else:
        connection.execute(delete(CHANNELS).where(CHANNELS.c.guild == guild, CHANNELS.c.channel == channel))
    key = (guild,) if channel is None else (guild, channel)
    _note(connection, key, at, by, {"reset": (None, None)})


def _move(connection: Connection, old: str, new: str, by: str | None, at: float) -> bool:
    if old == new:
        return False
    moved = _take(connection, GUILDS, GuildSettings, old, new) + _take(connection, CHANNELS, ChannelSettings, old, new)
    moved += connection.execute(update(AUDIT).where(AUDIT.c.guild == old).values(guild=new)).rowcount
    if moved:
        _note(connection, (new,), at, by, {"moved": (old, new)})
    return moved > 0


def _take(connection: Connection, table: Table, kind: type[R], old: str, new: str) -> int:
    """Give the rows of a guild to another; returns how many."""
    names = [item.name for item in fields(kind)]
    rows = connection.execute(delete(table).where(table.c.guild == old).returning(table)).all()
    for row in rows:
        key = {column.name: row._mapping[column.name] for column in table.primary_key} | {"guild": new}
        there = connection.execute(select(table).filter_by(**key)).first()
        held = {name: row._mapping[name] for name in names}
        values = held if there is None else _filled(kind, {name: there._mapping[name] for name in names}, held)
        add = insert(connection, table).values(**key, **values)
        connection.execute(add.on_conflict_do_update(index_elements=list(key), set_=values))
    return len(rows)


def _filled(kind: type[R], values: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """``values``, and those of ``others`` where they are the default."""
    defaults = kind()
    filled = {name: others[name] if value == getattr(defaults, name) else value for name, value in values.items()}
    return filled | {"extra": _merged(values["extra"], others["extra"])}


def _merged(extra: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """What two guilds' adapters keep, rule by rule in each section."""
    both = (name for name in extra.keys() & other.keys() if isinstance(extra[name], dict))
    rules = {name: {**other[name], **extra[name]} for name in both if isinstance(other[name], dict)}
    return {**other, **extra, **rules}


def _forget(connection: Connection, user: str, homes: Collection[str]) -> None:
    for table in (GUILDS, CHANNELS, AUDIT):
        connection.execute(delete(table).where(table.c.guild.in_(homes)))
    connection.execute(update(AUDIT).where(AUDIT.c.by == user).values(by=None))
