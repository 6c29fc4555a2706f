"""Which voices are used how often: uses are gathered in memory, and written down together every few seconds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, Insert, bindparam, case, delete, func, select

from bot.errors import StoreError
from bot.store.copies import Copies
from bot.store.database import Database
from bot.store.rounds import FLUSH_SECONDS, Rounds
from bot.store.tables import FAVOURITES, insert, spelt

VOICES_KEPT = 50
"""How many voices of a user or a guild are counted; beyond that the least used is dropped."""

_MOST = 2 * (VOICES_KEPT + 1)

WAITING = 1000
"""How many counts may wait in memory; beyond that they are written down at once."""

Owner = tuple[str, str]
"""Whose voices are counted: ``user`` or ``guild``, and the id."""

_OWN = case((FAVOURITES.c.kind == "user", FAVOURITES.c.uses), else_=0)
_USED = (
    select(FAVOURITES.c.voice, func.sum(_OWN).label("own"), func.sum(FAVOURITES.c.uses).label("all"))
    .where(
        ((FAVOURITES.c.kind == "user") & (FAVOURITES.c.owner == bindparam("user")))
        | ((FAVOURITES.c.kind == "guild") & (FAVOURITES.c.owner == bindparam("guild")))
    )
    .group_by(FAVOURITES.c.voice)
)
_VOICES = (
    select(FAVOURITES.c.voice, FAVOURITES.c.uses)
    .where(FAVOURITES.c.kind == bindparam("kind"), FAVOURITES.c.owner == bindparam("owner"))
    .order_by(FAVOURITES.c.uses.desc(), FAVOURITES.c.voice)
)


class Favourites:
    """An async context manager over one database; leaving it writes down what is left. What fails raises StoreError.

    A crash loses the uses of the last seconds, and nothing else.
    """

    def __init__(
        self, database: Database, *, clock: Callable[[], float], sleep: Callable[[float], Awaitable[object]]
    ) -> None:
        self._database = database
        self._clock = clock
        self._rounds = Rounds(self.flush, FLUSH_SECONDS, sleep, failure="favourites_flush_failed")
        self._copies: Copies[tuple[str, str], list[str]] = Copies(clock)
        self._waiting, self._writing = _Counts(), _Counts()
        self._flushing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self._rounds.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._rounds.__aexit__(kind, error, trace)
        await self.flush()

    async def remember(self, user: str, voice: str, guild: str | None) -> None:
        """The user spoke in that voice."""
        if len(self._waiting) >= WAITING:
            await self.flush()
        for owner in [("user", user)] + ([("guild", guild)] if guild else []):
            self._waiting.add(owner, voice, 1, self._clock())
        # Others of the guild see it when their copies are old: an autocompletion is not worth more.
        self._copies.drop((user, guild or ""), (user, ""))

    async def of(self, user: str, guild: str | None) -> Sequence[str]:
        """The voices used most: the user's own first, then the guild's."""
        return await self._copies.get((user, guild or ""), self._load)

    async def export(self, owner: Owner) -> dict[str, int]:
        """How often which voice was used."""
        await self.flush()
        rows = await self._database.read(_VOICES, {"kind": owner[0], "owner": owner[1]})
        return {row.voice: row.uses for row in rows}

    async def move(self, old: str, new: str) -> None:
        """Count the voices of a guild for the id that it has from now on."""
        await self.flush()
        await self._database.write(lambda connection: _move(connection, old, new), lambda _: self._copies.clear())

    async def flush(self) -> None:
        """Write down the uses that wait in memory."""
        # To its end even when the caller is cancelled: a use that may be written already cannot be put back.
        await self._database.finish(self._write_down())

    @asynccontextmanager
    async def at_rest(self) -> AsyncIterator[None]:
        """Nothing is being written down meanwhile."""
        async with self._flushing:
            yield

    def forgotten(self, owners: Iterable[Owner]) -> None:
        """What is in the database of theirs was deleted, :meth:`at_rest`; what waits in memory goes too."""
        for owner in owners:
            self._waiting.drop(owner)
        self._copies.clear()

    async def _write_down(self) -> None:
        async with self._flushing:
            if not self._waiting:
                return
            self._writing, self._waiting = self._waiting, _Counts()
            try:
                await self._database.write(self._writing.write, self._written)
            except StoreError:
                self._waiting = self._writing.merged(self._waiting)
                self._writing = _Counts()
                raise

    def _written(self, _: object) -> None:
        self._writing = _Counts()
        self._copies.clear()

    async def _load(self, key: tuple[str, str]) -> list[str]:
        user, guild = key
        # Taken before the read: what is written down meanwhile is rather counted twice for once than not at all, and
        # no copy is kept of that.
        waiting = self._writing.merged(self._waiting)
        rows = await self._database.read(_USED, {"user": user, "guild": guild})
        used = {row.voice: (int(row.own), int(row.all)) for row in rows}
        _add(used, waiting.of(("user", user)), own=True)
        _add(used, waiting.of(("guild", guild)), own=False)
        return sorted(used, key=lambda voice: (-used[voice][0], -used[voice][1], voice))[:_MOST]


class _Counts:
    """How often voices were used and when last, by owner, those used last at the end."""

    def __init__(self) -> None:
        self._held: dict[tuple[Owner, str], tuple[int, float]] = {}

    def __len__(self) -> int:
        return len(self._held)

    def add(self, owner: Owner, voice: str, uses: int, at: float) -> None:
        before, last = self._held.pop((owner, voice), (0, at))
        self._held[owner, voice] = before + uses, max(last, at)

    def drop(self, owner: Owner) -> None:
        self._held = {key: held for key, held in self._held.items() if key[0] != owner}

    def of(self, owner: Owner) -> dict[str, int]:
        return {voice: uses for (whose, voice), (uses, _) in self._held.items() if whose == owner}

    def merged(self, later: _Counts) -> _Counts:
        both = _Counts()
        for counts in (self, later):
            for (owner, voice), (uses, at) in counts._held.items():
                both.add(owner, voice, uses, at)
        return both

    def write(self, connection: Connection) -> None:
        """One transaction's work; sorted, so that two processes do not wait for each other."""
        _count(connection, [_row(*key, *held) for key, held in sorted(self._held.items())])
        _trim(connection, dict(self._held.keys()))


def forget(connection: Connection, owners: Iterable[Owner]) -> None:
    """Drop the counts of their voices."""
    for kind, owner in owners:
        connection.execute(delete(FAVOURITES).where(FAVOURITES.c.kind == kind, FAVOURITES.c.owner == owner))


def _add(used: dict[str, tuple[int, int]], counts: Mapping[str, int], *, own: bool) -> None:
    for voice, uses in counts.items():
        before = used.get(voice, (0, 0))
        used[voice] = before[0] + uses * own, before[1] + uses


def _row(owner: Owner, voice: str, uses: int, at: float) -> dict[str, Any]:
    return {"kind": owner[0], "owner": owner[1], "voice": voice, "uses": uses, "at": at}


def _count(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    connection.execute(_counted(connection), rows)


@spelt
def _counted(connection: Connection) -> Insert:
    add = insert(connection, FAVOURITES)
    latest = case((FAVOURITES.c.at < add.excluded.at, add.excluded.at), else_=FAVOURITES.c.at)
    more = {"uses": FAVOURITES.c.uses + add.excluded.uses, "at": latest}
    return add.on_conflict_do_update(index_elements=["kind", "owner", "voice"], set_=more)


def _move(connection: Connection, old: str, new: str) -> None:
    theirs = delete(FAVOURITES).where(FAVOURITES.c.kind == "guild", FAVOURITES.c.owner == old)
    rows = [{**row._mapping, "owner": new} for row in connection.execute(theirs.returning(FAVOURITES))]
    if rows:
        _count(connection, rows)
    _trim(connection, {("guild", new): ""})


_THEIRS = (FAVOURITES.c.kind == bindparam("b_kind")) & (FAVOURITES.c.owner == bindparam("b_owner"))
_KEPT = (
    select(FAVOURITES.c.voice)
    .where(_THEIRS)
    .order_by(FAVOURITES.c.uses.desc(), FAVOURITES.c.at.desc())
    .limit(VOICES_KEPT)
    .subquery()
)
_BEYOND = delete(FAVOURITES).where(
    _THEIRS, FAVOURITES.c.voice.not_in(select(_KEPT.c.voice)), FAVOURITES.c.voice != bindparam("b_spared")
)


def _trim(connection: Connection, spared: Mapping[Owner, str]) -> None:
    """Drop what is used least of each owner's, but for one voice: the newest has its chance."""
    rows = [{"b_kind": kind, "b_owner": owner, "b_spared": voice} for (kind, owner), voice in sorted(spared.items())]
    connection.execute(_BEYOND, rows)
