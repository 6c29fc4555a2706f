"""The audio cache: what was said lately, in memory before the database, so that nothing is synthesised twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self

from bot.speech import Clip
from bot.store import clips
from bot.store.arrivals import Arrival, Arrivals
from bot.store.bounds import Limits, Totals
from bot.store.clips import Kept, Play
from bot.store.database import Database
from bot.store.memory import Keys, Memory, Uses
from bot.store.records import Recent, Stats
from bot.store.rounds import FLUSH_SECONDS, Rounds
from bot.store.tables import PLAYS

_PRUNE_SECONDS = 3600.0
_OVERLAP = 60.0
"""Seconds by which it is looked back for what others put: clocks and transactions are not of one moment."""


class AudioCache:
    """An async context manager over one database; entering drops what grew too old, leaving writes down what is left.

    A clip that is touched lives on; otherwise the least recently used goes first. Any number of processes may share
    the database; what another has put is found some seconds later. What fails raises StoreError.
    """

    def __init__(
        self,
        database: Database,
        limits: Limits,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._limits = limits
        self._clock = clock
        self._rounds = Rounds(self._tidy, FLUSH_SECONDS, sleep, failure="cache_tidy_failed")
        self._memory = Memory(limits.memory_bytes)
        self._uses = Uses()
        self._flushing = asyncio.Lock()
        self._keys = Keys()
        self._learnt = 0.0
        self._arrivals = Arrivals(self._keep)
        self._totals = Totals(limits)
        self._hits = self._misses = self._memory_hits = 0
        self._pruned = 0.0

    async def __aenter__(self) -> Self:
        await self.prune()
        await self._rounds.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._rounds.__aexit__(kind, error, trace)
        await self._come_to_rest()

    async def get(self, key: str, *, user: str | None = None, guild: str | None = None) -> Clip | None:
        """The clip of that key if there is one, noting who hears it."""
        found = await self.find(key, user=user, guild=guild)
        return found[1] if found else None

    async def find(
        self, key: str, other: str | None = None, *, user: str | None = None, guild: str | None = None
    ) -> tuple[str, Clip] | None:
        """The clip of a key, or else of the other, and which of them it is; noting who hears it."""
        now = self._clock()
        found = await self._found(key, other or key, now)
        if found is None:
            self._misses += 1
            return None
        self._hits += 1
        self._memory.use(found[0], now)
        self._uses.add(found[0], _play(found[0], user, guild), now)
        return found

    def heard(self, key: str, *, user: str, guild: str) -> None:
        """Note that somebody hears that clip, without a look at it; nothing comes of it if it is not kept."""
        self._uses.add(key, _play(key, user, guild), self._clock())

    async def put(
        self, key: str, clip: Clip, *, user: str | None = None, guild: str | None = None, owner: str | None = None
    ) -> None:
        """Keep a clip; one that is there already is left as it is. One larger than the whole cache is not kept.

        ``owner`` is whose words these are, if not the words of ``user``, who hears it.
        """
        row = clips.encoded(key, clip, owner=owner or user or "", at=self._clock())
        if row["bytes"] > self._limits.bytes or not self._limits.entries:
            return
        await self._arrivals.put(Arrival(clip, row, _play(key, user, guild)))

    async def owner(self, key: str) -> str | None:
        """Whose words they first were; None where that is not known: then they are nobody's own."""
        rows = await self._database.read(clips.OWNER, {"key": key})
        return rows[0].owner or None if rows else None

    async def drop(self, key: str) -> None:
        """Drop one clip, with all that is known of it."""
        await self._database.write(partial(clips.drop, key=key), self._settle)

    async def recent(self, user: str, *, guild: str | None = None, limit: int = 10) -> Sequence[Recent]:
        """What the user heard last (in that guild), newest first, each clip once."""
        where = [PLAYS.c.user == user] if guild is None else [PLAYS.c.user == user, PLAYS.c.guild == guild]
        return await self._recent(where, limit)

    async def latest(self, guild: str) -> Recent | None:
        """What was heard last in a guild, whoever asked for it."""
        found = await self._recent([PLAYS.c.guild == guild], 1)
        return found[0] if found else None

    async def move(self, old: str, new: str) -> None:
        """What was heard in a guild was heard under the id that it has from now on."""
        await self._come_to_rest()
        await self._database.write(partial(clips.move, old=old, new=new))

    async def attach(self, key: str, name: str, value: str) -> None:
        """Keep a small text with a clip, dropped with it (a platform's id of the file); nothing if the clip is gone."""
        await self._database.write(partial(clips.attach, key=key, name=name, value=value))

    async def detach(self, key: str, name: str, value: str | None = None) -> None:
        """Forget the text that was kept with a clip under that name; with ``value``, only if it is still that one."""
        await self._database.write(partial(clips.detach, key=key, name=name, value=value))

    async def attachment(self, key: str, name: str) -> str | None:
        """The text that was kept with a clip under that name."""
        rows = await self._database.read(clips.ATTACHMENT, {"key": key, "name": name})
        return str(rows[0].value) if rows else None

    def stats(self) -> Stats:
        """Counts and limits; what other processes added or dropped is seen after a while."""
        return Stats(
            entries=self._totals.entries,
            bytes=self._totals.bytes,
            max_bytes=self._limits.bytes,
            max_age=self._limits.age,
            memory_entries=len(self._memory),
            memory_bytes=self._memory.bytes,
            max_memory_bytes=self._limits.memory_bytes,
            hits=self._hits,
            misses=self._misses,
            max_entries=self._limits.entries,
            memory_hits=self._memory_hits,
        )

    async def prune(self) -> int:
        """Drop what is too old or too much; returns how many clips that were."""
        await self.flush()
        self._pruned = now = self._clock()
        work = partial(clips.make_room, room=self._limits.room, before=now - self._limits.age)
        return len((await self._database.write(work, self._settle)).gone)

    async def clear(self) -> None:
        """Drop everything, and give the room back to the disk."""
        await self._arrivals.settle()
        self._uses = Uses()
        await self._database.write(clips.clear, self._settle)
        self._memory.drop_all()
        await self._database.shrink()
        await self._database.scrub()

    async def flush(self) -> None:
        """Write down the uses that wait in memory."""
        async with self._flushing:
            uses, self._uses = self._uses, Uses()
            if not uses.used:
                return
            try:
                await self._database.write(partial(clips.touch, used=uses.used, plays=uses.plays), self._memory.drop)
            except BaseException:
                self._uses = uses.merged(self._uses)
                raise

    async def export(self, user: str, homes: Collection[str] = ()) -> list[dict[str, object]]:
        """What is known of the clips that the user or their homes heard, or whose words they hold, newest first."""
        await self._come_to_rest()
        rows = await self._database.read(clips.TEXTS, {"user": user, "homes": list(homes)})
        return [
            {"key": row.key, "guild": row.guild, "at": row.at, "seconds": row.seconds, "text": clips.texts(row.spoken)}
            for row in rows
        ]

    async def forget(self, user: str, homes: Collection[str] = ()) -> None:
        """Drop what the user heard, but for the clips that somebody else heard too; those no longer name the user.

        What was heard in ``homes`` was heard by the user alone.
        """
        await self._come_to_rest()
        await self._database.write(partial(clips.forget, user=user, homes=homes), self._settle)
        await self._database.scrub()

    async def _come_to_rest(self) -> None:
        """See that what has come by now, and who heard it, is in the database, to be found there."""
        await self._arrivals.settle()
        await self.flush()

    async def _keep(self, arrivals: Sequence[Arrival]) -> None:
        full = not self._totals.allow([arrival.row["bytes"] for arrival in arrivals])
        if full:
            await self.flush()
        removals = self._memory.removals
        rows = [arrival.row for arrival in arrivals]
        work = partial(clips.keep, rows=rows, room=self._limits.room if full else None)
        await self._database.write(work, partial(self._kept, arrivals, removals, full=full))

    def _kept(self, arrivals: Sequence[Arrival], removals: int, kept: Kept, *, full: bool) -> None:
        firsts: dict[str, Arrival] = {}
        for arrival in arrivals:
            firsts.setdefault(arrival.key, arrival)
            self._uses.add(arrival.key, arrival.play, arrival.row["at"])
        self._keys.add(firsts)
        if removals == self._memory.removals:
            for arrival in firsts.values():
                self._memory.put(arrival.key, arrival.clip, arrival.row["at"])
        self._settle(kept) if full else self._totals.grow(kept)

    async def _found(self, key: str, other: str, now: float) -> tuple[str, Clip] | None:
        if (found := self._remembered(key, now)) is not None:
            return found
        if self._keys.may_have(key):
            return await self._load(key, other, now) or self._remembered(other, now)
        if (found := self._remembered(other, now)) is not None:
            return found
        return await self._load(other, other, now) if self._keys.may_have(other) else None

    def _remembered(self, key: str, now: float) -> tuple[str, Clip] | None:
        clip = self._memory.get(key, now - self._limits.age)
        if clip is None:
            return None
        self._memory_hits += 1
        return key, clip

    async def _load(self, key: str, other: str, now: float) -> tuple[str, Clip] | None:
        removals = self._memory.removals
        values = {"key": key, "other": other, "since": now - self._limits.age}
        rows = {row.key: row for row in await self._database.read(clips.FIND, values)}
        if not rows:
            # Put down while it was looked for: who made it is through with it, and nobody else has it.
            return self._remembered(key, now)
        found = key if key in rows else other
        clip = clips.decoded(rows[found])
        # What was dropped while it was read must not come back.
        if removals == self._memory.removals:
            self._memory.put(found, clip, now)
        return found, clip

    async def _recent(self, where: Collection[Any], limit: int) -> Sequence[Recent]:
        await self.flush()
        since = self._clock() - self._limits.age
        rows = await self._database.read(clips.RECENT.where(*where), {"since": since, "limit": limit})
        return [Recent(row.key, row.at, row.seconds) for row in rows]

    def _settle(self, kept: Kept) -> None:
        self._memory.drop(kept.gone)
        self._keys.drop(kept.gone)
        self._totals.settle(kept)

    async def _learn(self) -> None:
        """Learn which clips there are: once of all, then of those that were used of late, by whichever process."""
        since, now = self._learnt - _OVERLAP, self._clock()
        if self._keys.complete:
            self._keys.add(row.key for row in await self._database.read(clips.LATE_KEYS, {"since": since}))
        else:
            await self._learn_all()
        self._learnt = now

    async def _learn_all(self) -> None:
        after = ""
        while rows := await self._database.read(clips.KEYS, {"after": after}):
            self._keys.add(row.key for row in rows)
            after = rows[-1].key
        self._keys.complete = True

    async def _tidy(self) -> None:
        if abs(self._clock() - self._pruned) >= _PRUNE_SECONDS:
            await self.prune()
        else:
            await self.flush()
        await self._learn()


def _play(key: str, user: str | None, guild: str | None) -> Play | None:
    return (user or "", guild or "", key) if user or guild else None
