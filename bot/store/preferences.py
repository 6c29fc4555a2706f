"""What each user wants, which voices they choose, and everything else that is kept about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, delete, func, select

from bot.store.audio import AudioCache
from bot.store.copies import Copies
from bot.store.database import Database
from bot.store.journal import SqlJournal
from bot.store.records import Preference, checked
from bot.store.settings import Settings
from bot.store.tables import FAVOURITES, PREFERENCES, insert

VOICES_KEPT = 50
"""How many voices of a user or a guild are counted; beyond that the least used is dropped."""
_MOST = 2 * (VOICES_KEPT + 1)

_FIELDS = [PREFERENCES.c[item.name] for item in fields(Preference)]
_FIND = select(*_FIELDS).where(PREFERENCES.c.user == bindparam("user"))

_OWN = case((FAVOURITES.c.kind == "user", FAVOURITES.c.uses), else_=0)
_FAVOURITES = (
    select(FAVOURITES.c.voice)
    .where(
        ((FAVOURITES.c.kind == "user") & (FAVOURITES.c.owner == bindparam("user")))
        | ((FAVOURITES.c.kind == "guild") & (FAVOURITES.c.owner == bindparam("guild")))
    )
    .group_by(FAVOURITES.c.voice)
    .order_by(func.sum(_OWN).desc(), func.sum(FAVOURITES.c.uses).desc(), FAVOURITES.c.voice)
    .limit(bindparam("limit"))
)


class Preferences:
    """Preferences by user id (``discord:42``). Reads come from memory where they can; what fails raises StoreError."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        journal: SqlJournal,
        cache: AudioCache,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._settings = settings
        self._journal = journal
        self._cache = cache
        self._clock = clock
        self._copies: Copies[str, Preference] = Copies(clock)
        self._favourites: Copies[tuple[str, str], list[str]] = Copies(clock)

    async def get(self, user: str) -> Preference:
        """What the user wants; all defaults where nothing was said."""
        return await self._copies.get(user, self._load)

    async def set(self, user: str, **changes: object) -> Preference:
        """Change some fields and keep the rest; None sets one back. Raises ValueError naming what is allowed."""
        work = partial(_set, user=user, changes=checked(Preference, changes))
        return await self._database.write(work, partial(self._copies.put, user))

    async def reset(self, user: str) -> None:
        """Back to the defaults, all of it."""
        await self._database.write(partial(_reset, user=user), lambda _: self._copies.put(user, Preference()))

    async def remember(self, user: str, voice: str, *, guild: str | None = None) -> None:
        """The user spoke in that voice."""
        owners = [("user", user)] + ([("guild", guild)] if guild else [])
        work = partial(_remember, owners=owners, voice=voice, at=self._clock())
        # Others of the guild see it when their copies are old: an autocompletion is not worth more.
        await self._database.write(work, lambda _: self._favourites.drop((user, guild or ""), (user, "")))

    async def favourites(self, user: str, guild: str | None = None, limit: int = 25) -> list[str]:
        """The voices used most: the user's own first, then the guild's."""
        return (await self._favourites.get((user, guild or ""), self._load_favourites))[:limit]

    async def move(self, old: str, new: str) -> None:
        """Count the voices of a guild for the id that it has from now on."""
        await self._database.write(partial(_move, old=old, new=new), lambda _: self._favourites.clear())

    async def export(self, user: str) -> dict[str, object]:
        """Everything that is kept about the user, as JSON."""
        voices = await self._database.read(_VOICES, {"user": user})
        return {
            "user": user,
            "preference": asdict(await self.get(user)),
            "voices": {row.voice: row.uses for row in voices},
            "clips": await self._cache.export(user),
            "journal": await self._journal.export(user),
            "settings_changed": await self._settings.export(user),
        }

    async def forget(self, user: str) -> None:
        """Delete everything that is kept about the user, but that they opted out: this is what protects them.

        What a guild decided about them (a block) is the guild's, and stays; what somebody else heard too stays, without
        their id. Counts of a guild's voices name nobody.
        """
        await self._database.write(partial(_forget, user=user), partial(self._drop_copies, user))
        await self._journal.forget_user(user)
        await self._settings.forget(user)
        await self._cache.forget(user)
        await self._database.scrub()

    def _drop_copies(self, user: str, left: Preference) -> None:
        self._copies.put(user, left)
        self._favourites.clear()

    async def _load_favourites(self, key: tuple[str, str]) -> list[str]:
        rows = await self._database.read(_FAVOURITES, {"user": key[0], "guild": key[1], "limit": _MOST})
        return [row.voice for row in rows]

    async def _load(self, user: str) -> Preference:
        rows = await self._database.read(_FIND, {"user": user})
        return _preference(rows[0]) if rows else Preference()


_VOICES = (
    select(FAVOURITES.c.voice, FAVOURITES.c.uses)
    .where(FAVOURITES.c.kind == "user", FAVOURITES.c.owner == bindparam("user"))
    .order_by(FAVOURITES.c.uses.desc(), FAVOURITES.c.voice)
)


def _preference(row: Row[Any]) -> Preference:
    return Preference(**row._mapping)


def _set(connection: Connection, user: str, changes: Mapping[str, Any]) -> Preference:
    add = insert(connection, PREFERENCES).values(user=user, **changes)
    change = add.on_conflict_do_update(index_elements=["user"], set_={"user": user, **changes})
    return _preference(connection.execute(change.returning(*_FIELDS)).one())


def _reset(connection: Connection, user: str) -> None:
    connection.execute(delete(PREFERENCES).where(PREFERENCES.c.user == user))


def _remember(connection: Connection, owners: Sequence[tuple[str, str]], voice: str, at: float) -> None:
    for kind, owner in owners:
        _count(connection, {"kind": kind, "owner": owner, "voice": voice, "uses": 1, "at": at})
        _trim(connection, kind, owner, voice)


def _count(connection: Connection, row: Mapping[str, Any]) -> None:
    add = insert(connection, FAVOURITES).values(**row)
    latest = case((FAVOURITES.c.at < add.excluded.at, add.excluded.at), else_=FAVOURITES.c.at)
    more = {"uses": FAVOURITES.c.uses + add.excluded.uses, "at": latest}
    connection.execute(add.on_conflict_do_update(index_elements=["kind", "owner", "voice"], set_=more))


def _move(connection: Connection, old: str, new: str) -> None:
    theirs = delete(FAVOURITES).where(FAVOURITES.c.kind == "guild", FAVOURITES.c.owner == old)
    for row in connection.execute(theirs.returning(FAVOURITES)).all():
        _count(connection, {**row._mapping, "owner": new})
    _trim(connection, "guild", new, "")


def _trim(connection: Connection, kind: str, owner: str, spared: str) -> None:
    theirs = (FAVOURITES.c.kind == kind) & (FAVOURITES.c.owner == owner)
    rank = select(FAVOURITES.c.voice).where(theirs).order_by(FAVOURITES.c.uses.desc(), FAVOURITES.c.at.desc())
    kept = rank.limit(VOICES_KEPT).subquery()
    rest = FAVOURITES.c.voice.not_in(select(kept.c.voice)) & (FAVOURITES.c.voice != spared)
    connection.execute(delete(FAVOURITES).where(theirs, rest))


def _forget(connection: Connection, user: str) -> Preference:
    rows = connection.execute(_FIND, {"user": user}).all()
    _reset(connection, user)
    connection.execute(delete(FAVOURITES).where(FAVOURITES.c.kind == "user", FAVOURITES.c.owner == user))
    return _set(connection, user, {"opted_out": True}) if rows and rows[0].opted_out else Preference()
