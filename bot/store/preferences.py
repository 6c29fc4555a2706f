"""What each user wants, which voices they choose, and everything else that is kept about them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import asdict, fields
from functools import partial
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, Row, bindparam, delete, select

from bot.store import favourites
from bot.store.audio import AudioCache
from bot.store.copies import Copies
from bot.store.database import Database
from bot.store.favourites import Favourites, Owner
from bot.store.journal import SqlJournal
from bot.store.records import Preference, checked
from bot.store.settings import Settings
from bot.store.tables import PREFERENCES, insert

_FIELDS = [PREFERENCES.c[item.name] for item in fields(Preference)]
_FIND = select(*_FIELDS).where(PREFERENCES.c.user == bindparam("user"))


class Preferences:
    """Preferences by user id (``discord:42``). Reads come from memory where they can; what fails raises StoreError.

    An async context manager; leaving it writes down what waits in memory.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        journal: SqlJournal,
        cache: AudioCache,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._settings = settings
        self._journal = journal
        self._cache = cache
        self._copies: Copies[str, Preference] = Copies(clock)
        self._favourites = Favourites(database, clock=clock, sleep=sleep)

    async def __aenter__(self) -> Self:
        await self._favourites.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._favourites.__aexit__(kind, error, trace)

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
        """The user spoke in that voice. A few seconds may pass until it is written down; favourites show it at once."""
        await self._favourites.remember(user, voice, guild)

    async def favourites(self, user: str, guild: str | None = None, limit: int = 25) -> list[str]:
        """The voices used most: the user's own first, then the guild's."""
        return list(await self._favourites.of(user, guild))[:limit]

    async def move(self, old: str, new: str) -> None:
        """Count the voices of a guild for the id that it has from now on."""
        await self._favourites.move(old, new)

    async def export(self, user: str, homes: Collection[str] = ()) -> dict[str, object]:
        """Everything that is kept about the user, as JSON; ``homes`` as for :meth:`forget`."""
        return {
            "user": user,
            "preference": asdict(await self.get(user)),
            "voices": await self._favourites.export(("user", user)),
            "clips": await self._cache.export(user, homes),
            "journal": await self._journal.export(user),
            "settings_changed": await self._settings.export(user),
            "homes": {home: await self._export_home(home) for home in homes},
        }

    async def forget(self, user: str, homes: Collection[str] = ()) -> None:
        """Delete everything that is kept about the user, but that they opted out: this is what protects them.

        ``homes`` are the guilds that are the user's alone (a private chat): all that is kept of them goes too. What
        another guild decided about the user (a block) is that guild's, and stays; what somebody else heard too stays,
        without their id. Counts of a guild's voices name nobody.
        """
        await self._database.finish(self._forget(user, homes))
        await self._journal.forget_user(user)
        await self._settings.forget(user, homes)
        await self._cache.forget(user, homes)
        await self._database.scrub()

    async def _export_home(self, home: str) -> dict[str, object]:
        voices = await self._favourites.export(("guild", home))
        return {**await self._settings.export_guild(home), "voices": voices}

    async def _forget(self, user: str, homes: Collection[str]) -> None:
        owners = [("user", user), *(("guild", home) for home in homes)]
        async with self._favourites.at_rest():
            work = partial(_forget, user=user, owners=owners)
            await self._database.write(work, partial(self._forgotten, user, owners))

    def _forgotten(self, user: str, owners: Collection[Owner], left: Preference) -> None:
        self._copies.put(user, left)
        self._favourites.forgotten(owners)

    async def _load(self, user: str) -> Preference:
        rows = await self._database.read(_FIND, {"user": user})
        return _preference(rows[0]) if rows else Preference()


def _preference(row: Row[Any]) -> Preference:
    return Preference(**row._mapping)


def _set(connection: Connection, user: str, changes: Mapping[str, Any]) -> Preference:
    add = insert(connection, PREFERENCES).values(user=user, **changes)
    change = add.on_conflict_do_update(index_elements=["user"], set_={"user": user, **changes})
    return _preference(connection.execute(change.returning(*_FIELDS)).one())


def _reset(connection: Connection, user: str) -> None:
    connection.execute(delete(PREFERENCES).where(PREFERENCES.c.user == user))


def _forget(connection: Connection, user: str, owners: Collection[Owner]) -> Preference:
    rows = connection.execute(_FIND, {"user": user}).all()
    _reset(connection, user)
    favourites.forget(connection, owners)
    return _set(connection, user, {"opted_out": True}) if rows and rows[0].opted_out else Preference()
