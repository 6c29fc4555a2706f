"""The whole store: one database (or two) and the rooms in it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from bot.store.audio import AudioCache
from bot.store.bounds import Limits
from bot.store.database import Database
from bot.store.journal import SqlJournal
from bot.store.keep import Keep
from bot.store.place import place
from bot.store.preferences import Preferences
from bot.store.settings import Settings

DAY = 86_400.0
MEBIBYTE = 1 << 20


class Store:
    """An async context manager: entering opens the database and upgrades its tables, leaving writes down the rest."""

    preferences: Preferences
    settings: Settings
    journal: SqlJournal
    cache: AudioCache
    keep: Keep

    def __init__(
        self,
        database: Database,
        cache: Database,
        limits: Limits,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self._databases = [database] if cache is database else [database, cache]
        self.settings = Settings(database, clock=clock)
        self.journal = SqlJournal(database)
        self.keep = Keep(database)
        self.cache = AudioCache(cache, limits, clock=clock, sleep=sleep)
        self.preferences = Preferences(database, self.settings, self.journal, self.cache, clock=clock, sleep=sleep)

    @classmethod
    def open(
        cls,
        url_or_path: str | os.PathLike[str],
        *,
        cache: str | os.PathLike[str] | None = None,
        cache_bytes: int = 256 * MEBIBYTE,
        cache_age: float = 30 * DAY,
        memory_bytes: int = 16 * MEBIBYTE,
        cache_entries: int = 100_000,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> Store:
        """The store at a path, ``:memory:``, or a ``sqlite:`` or ``postgresql:`` URL; to be entered.

        ``cache`` puts recent audio elsewhere, for a machine that shares a PostgreSQL server with others but keeps its
        audio to itself. ``cache_age`` is in seconds since a clip was last used. Raises StoreError, here or on entering.
        """
        database = Database(place(url_or_path))
        limits = Limits(cache_bytes, memory_bytes, cache_age, cache_entries)
        return cls(database, database if cache is None else Database(place(cache)), limits, clock=clock, sleep=sleep)

    async def move(self, old: str, new: str, *, by: str | None = None) -> None:
        """Give what is kept of a guild to the id that it has from now on; once this is done, again does no harm.

        What waits in the journal stays as it was written, and in :class:`Keep` what adapters wrote there themselves.
        """
        await self.settings.move(old, new, by=by)
        await self.preferences.move(old, new)
        await self.cache.move(old, new)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for database in self._databases:
                await stack.enter_async_context(database)
            await stack.enter_async_context(self.cache)
            await stack.enter_async_context(self.preferences)
            stack.push_async_callback(self.journal.settle)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)
