"""The audio cache."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from structlog.testing import capture_logs

from bot.errors import StoreError
from bot.speech import Clip, Codec, EngineVoice, Spoken, Utterance
from bot.store import AudioCache, Recent, Store, clips
from bot.store.clips import ATTACHMENT, PLAYS_KEPT
from bot.store.memory import Keys
from bot.store.rounds import FLUSH_SECONDS
from tests.doubles.store import Clock, Sleep, clip

ANN, BOB, GUILD = "discord:1", "discord:2", "discord:42"
DAY = 86_400.0


@pytest.fixture
def cache(store: Store) -> AudioCache:
    return store.cache


@pytest.fixture
async def small(url: str, clock: Clock, sleep: Sleep) -> AsyncIterator[AudioCache]:
    """A cache with room for ten clips of 10,000 bytes, in memory for three."""
    async with Store.open(url, cache_bytes=115_000, memory_bytes=35_000, clock=clock, sleep=sleep) as store:
        yield store.cache


async def _keys(cache: AudioCache, keys: str) -> str:
    """Those of the one-letter ``keys`` that are in the database."""
    cache._memory.drop_all()
    return "".join([key for key in keys if await cache.attachment(key, "here")])


async def _put(cache: AudioCache, key: str, size: int = 10_000, user: str | None = None) -> None:
    await cache.put(key, clip(key, size), user=user)
    await cache.attach(key, "here", "yes")


async def test_what_was_put_is_got(cache: AudioCache) -> None:
    """The same clip comes back, from memory and from the database."""
    assert await cache.get("key") is None
    await cache.put("key", clip())
    assert await cache.get("key") == clip()
    cache._memory.drop_all()
    assert await cache.get("key") == clip()
    assert await cache.get("another") is None


async def test_clips_survive_a_restart(url: str) -> None:
    """A clip is there after closing and opening, with its recent index and what was attached to it."""
    async with Store.open(url) as store:
        await store.cache.put("key", clip(), user=ANN, guild=GUILD)
        await store.cache.attach("key", "telegram:bot", "file id")
    async with Store.open(url) as store:
        assert [recent.key for recent in await store.cache.recent(ANN)] == ["key"]
        assert await store.cache.attachment("key", "telegram:bot") == "file id"
        assert await store.cache.get("key") == clip()


TEXT = st.text(st.characters(), max_size=20)
VOICES = st.builds(EngineVoice, TEXT, TEXT, TEXT)
SENTENCES = st.builds(
    Utterance,
    text=TEXT,
    engine=TEXT,
    voice=TEXT,
    language=TEXT,
    rate=st.floats(0.1, 10),
    revision=TEXT,
    alternatives=st.lists(VOICES, max_size=2).map(tuple),
    instead_of=TEXT,
    codec=st.sampled_from(Codec),
)
CLIPS = st.builds(
    Clip,
    data=st.binary(max_size=100),
    seconds=st.floats(0, 1e6),
    waveform=st.binary(max_size=256),
    spoken=st.lists(st.builds(Spoken, SENTENCES, st.floats(0, 1e6)), max_size=3).map(tuple),
    codec=st.sampled_from(Codec),
)


@given(made=CLIPS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_nothing_of_a_clip_is_lost(cache: AudioCache, made: Clip) -> None:
    """Any clip comes back from the database bit for bit: its sound, its waveform, and who said what when."""
    await cache.clear()
    await cache.put("key", made)
    cache._memory.drop_all()
    assert await cache.get("key") == made


async def test_putting_twice_keeps_the_first(cache: AudioCache) -> None:
    """A key means one sound: a second put changes nothing but who heard it and when."""
    await cache.put("key", clip(), user=ANN)
    before = cache.stats()
    await cache.put("key", clip(), user=BOB)
    assert (cache.stats().entries, cache.stats().bytes) == (before.entries, before.bytes)
    assert [len(await cache.recent(user)) for user in (ANN, BOB)] == [1, 1]


async def test_the_least_recently_used_goes_first(small: AudioCache, clock: Clock) -> None:
    """A full cache drops what was not asked for the longest; being heard keeps a clip, even from memory only."""
    for key in "abcdefghij":
        await _put(small, key)
        clock.advance(1)
    await small.get("a")
    await small.get("j")
    clock.advance(1)
    await _put(small, "k")
    assert await _keys(small, "abcdefghijk") == "acdefghijk"


async def test_the_bound_of_bytes_holds(small: AudioCache, clock: Clock) -> None:
    """However many clips of whatever size come, the cache never exceeds its bytes, and its count is exact."""
    for number in range(60):
        await small.put(f"{number}", clip(f"{number}", 500 + 977 * number % 30_000))
        clock.advance(1)
        stats = small.stats()
        assert stats.bytes <= stats.max_bytes
        assert stats.memory_bytes <= stats.max_memory_bytes
    counted = small.stats()
    await small.prune()
    assert (small.stats().entries, small.stats().bytes) == (counted.entries, counted.bytes)
    assert counted.entries > 3


async def test_the_bound_of_clips_holds(url: str, clock: Clock, sleep: Sleep) -> None:
    """However small they are: the least recently used goes first, and its count is exact."""
    async with Store.open(url, cache_entries=5, clock=clock, sleep=sleep) as store:
        for key in "abcdefgh":
            await _put(store.cache, key, 100)
            clock.advance(1)
            assert store.cache.stats().entries <= store.cache.stats().max_entries == 5
        assert await _keys(store.cache, "abcdefgh") == "defgh"
        counted = store.cache.stats()
        await store.cache.prune()
        assert (store.cache.stats().entries, store.cache.stats().bytes) == (counted.entries, counted.bytes)


async def test_opening_keeps_a_smaller_bound_of_clips(file: Path, clock: Clock) -> None:
    """The setting was changed since."""
    async with Store.open(file, clock=clock) as store:
        for key in "abc":
            await _put(store.cache, key)
            clock.advance(1)
    async with Store.open(file, cache_entries=2, clock=clock) as store:
        assert await _keys(store.cache, "abc") == "bc"


async def test_a_cache_of_no_clips_keeps_nothing(file: Path) -> None:
    """``entries: 0`` turns it off as well."""
    async with Store.open(file, cache_entries=0) as store:
        await store.cache.put("key", clip(), user=ANN)
        assert await store.cache.get("key") is None
        assert store.cache.stats().entries == 0


async def test_clips_that_come_together_are_written_together(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first at once, and all that come meanwhile in one transaction; each is there when its put returns."""
    written: list[int] = []
    keep = clips.keep

    def counted(connection: Connection, rows: Sequence[Any], room: Any) -> Any:
        written.append(len(rows))
        return keep(connection, rows, room)

    monkeypatch.setattr("bot.store.clips.keep", counted)
    await asyncio.gather(*(store.cache.put(f"{number}", clip(f"{number}")) for number in range(20)))
    assert sum(written) == 20
    assert len(written) <= 3
    store.cache._memory.drop_all()
    for number in range(20):
        assert await store.cache.get(f"{number}") == clip(f"{number}")
    assert store.cache.stats().entries == 20


async def test_of_clips_that_come_together_those_that_are_there_stay(cache: AudioCache) -> None:
    """And the same key twice is one clip: the first."""
    await cache.put("a", clip("first"))
    before = cache.stats()
    await asyncio.gather(
        cache.put("b", clip("b")), cache.put("a", clip("later")), cache.put("c", clip("c")), cache.put("c", clip("d"))
    )
    cache._memory.drop_all()
    found = [await cache.get(key) for key in "abc"]
    assert found == [clip("first"), clip("b"), clip("c")]
    assert cache.stats().entries == before.entries + 2
    await cache.prune()
    assert cache.stats().entries == before.entries + 2


async def test_a_crowd_that_comes_together_keeps_the_bound(small: AudioCache) -> None:
    """Though it is written in one go."""
    await asyncio.gather(*(small.put(f"{number}", clip(f"{number}", 10_000)) for number in range(40)))
    stats = small.stats()
    assert 0 < stats.bytes <= stats.max_bytes
    await small.prune()
    assert small.stats().bytes == stats.bytes


async def test_a_put_that_fails_says_so_to_each_who_waits(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next is not held up by it."""

    async def fails(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(store.cache._database, "write", fails)
        puts = [store.cache.put(key, clip(key)) for key in "abc"]
        outcomes = await asyncio.gather(*puts, return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["the disk is full"] * 3
    await store.cache.put("d", clip("d"))
    assert await store.cache.get("d") == clip("d")
    assert await store.cache.get("a") is None


async def test_a_put_that_nobody_waits_for_is_finished(file: Path) -> None:
    """Whoever made the clip may be cancelled; closing waits for what has arrived."""
    async with Store.open(file) as store:
        putting = [asyncio.create_task(store.cache.put(key, clip(key))) for key in "abc"]
        await asyncio.sleep(0)
        for task in putting:
            task.cancel()
        await asyncio.gather(*putting, return_exceptions=True)
    async with Store.open(file) as store:
        assert [await store.cache.get(key) for key in "abc"] == [clip(key) for key in "abc"]


async def test_one_large_clip_makes_its_room(small: AudioCache, clock: Clock) -> None:
    """A clip that nearly fills the cache drops all others, but not itself."""
    for key in "abc":
        await _put(small, key)
        clock.advance(1)
    await _put(small, "L", 113_500)
    assert await _keys(small, "abcL") == "L"
    assert small.stats().entries == 1


async def test_a_clip_larger_than_the_cache_is_not_kept(small: AudioCache) -> None:
    """It would empty the cache and still not fit."""
    await _put(small, "a")
    await _put(small, "L", 200_000)
    assert await small.get("L") is None
    assert await _keys(small, "aL") == "a"


async def test_a_clip_larger_than_memory_leaves_memory_alone(small: AudioCache) -> None:
    """It is kept in the database only."""
    await small.put("a", clip("a", 10_000))
    await small.put("L", clip("L", 60_000))
    assert small.stats().memory_entries == 1
    assert await small.get("L") == clip("L", 60_000)
    assert small.stats().memory_entries == 1


async def test_a_cache_of_no_bytes_keeps_nothing(file: Path) -> None:
    """``megabytes: 0`` turns it off."""
    async with Store.open(file, cache_bytes=0) as store:
        await store.cache.put("key", clip(), user=ANN)
        assert await store.cache.get("key") is None
        assert await store.cache.recent(ANN) == []


async def test_what_was_not_heard_for_long_is_dropped(cache: AudioCache, clock: Clock) -> None:
    """After ``cache_age`` without use a clip is gone: not given out from that moment, and deleted by prune."""
    await cache.put("old", clip("old"), user=ANN)
    await cache.put("used", clip("used"))
    clock.advance(20 * DAY)
    assert await cache.get("used") is not None
    clock.advance(10.5 * DAY)
    assert await cache.get("old") is None
    assert await cache.recent(ANN) == []
    assert await cache.prune() == 1
    assert await cache.get("used") is not None
    assert cache.stats().entries == 1


async def test_opening_drops_what_grew_old_meanwhile(file: Path, clock: Clock) -> None:
    """A bot that was off for a month does not keep what people said before."""
    async with Store.open(file, clock=clock) as store:
        await store.cache.put("key", clip())
    clock.advance(31 * DAY)
    async with Store.open(file, clock=clock) as store:
        assert store.cache.stats().entries == 0


async def test_opening_keeps_a_smaller_bound(file: Path) -> None:
    """A bound that was lowered holds from the next start."""
    async with Store.open(file) as store:
        for number in range(20):
            await store.cache.put(f"{number}", clip(size=10_000))
    async with Store.open(file, cache_bytes=50_000) as store:
        assert 0 < store.cache.stats().bytes <= 50_000


async def test_somebody_may_hear_a_clip_without_its_being_read(cache: AudioCache, clock: Clock) -> None:
    """It counts as heard, last of all, and as used; what is not kept is not heard."""
    for key in "ab":
        await cache.put(key, clip(key), user=ANN, guild=GUILD)
        clock.advance(1)
    cache.heard("a", user=BOB, guild="discord:43")
    cache.heard("no such key", user=BOB, guild="discord:43")
    assert [recent.key for recent in await cache.recent(BOB)] == ["a"]
    latest = await cache.latest("discord:43")
    assert latest is not None
    assert (latest.key, latest.at) == ("a", clock.now)
    assert (cache.stats().hits, cache.stats().misses) == (0, 0)


async def test_recent_is_newest_first_and_each_clip_once(cache: AudioCache, clock: Clock) -> None:
    """What a user heard, by when they heard it last; other users and other guilds apart."""
    for key in "abc":
        await cache.put(key, clip(key), user=ANN, guild=GUILD)
        clock.advance(1)
    await cache.get("a", user=ANN, guild="discord:43")
    clock.advance(1)
    await cache.get("b", user=BOB, guild=GUILD)
    start = clock.now - 4
    assert await cache.recent(ANN) == [
        Recent("a", start + 3, 1.5),
        Recent("c", start + 2, 1.5),
        Recent("b", start + 1, 1.5),
    ]
    assert [recent.key for recent in await cache.recent(ANN, guild=GUILD)] == ["c", "b", "a"]
    assert [recent.key for recent in await cache.recent(ANN, limit=1)] == ["a"]
    assert [recent.key for recent in await cache.recent(BOB)] == ["b"]
    assert await cache.recent("nobody") == []


async def test_latest_is_the_guilds(cache: AudioCache, clock: Clock) -> None:
    """The clip heard last in a guild, whoever asked, also when nobody is known to have."""
    assert await cache.latest(GUILD) is None
    await cache.put("a", clip("a"), user=ANN, guild=GUILD)
    clock.advance(1)
    await cache.put("b", clip("b"), guild=GUILD)
    clock.advance(1)
    await cache.put("c", clip("c"), user=ANN, guild="discord:43")
    latest = await cache.latest(GUILD)
    assert latest == Recent("b", clock.now - 1, 1.5)


async def test_the_recent_index_is_bounded(cache: AudioCache, clock: Clock) -> None:
    """A user's index keeps the newest, and one who talks a lot does not push others out."""
    await cache.put("bobs", clip("bobs"), user=BOB, guild=GUILD)
    for number in range(PLAYS_KEPT + 20):
        clock.advance(1)
        await cache.put(f"{number}", clip(f"{number}", 50), user=ANN, guild=GUILD)
    recent = await cache.recent(ANN, limit=1000)
    assert [each.key for each in recent] == [f"{number}" for number in range(PLAYS_KEPT + 19, 19, -1)]
    assert len(await cache.recent(BOB)) == 1


async def test_an_attachment_lives_as_long_as_its_clip(cache: AudioCache) -> None:
    """It is replaced by the next of its name, and gone with the clip."""
    await cache.attach("key", "telegram:bot", "too early")
    assert await cache.attachment("key", "telegram:bot") is None
    await cache.put("key", clip())
    await cache.attach("key", "telegram:bot", "one")
    await cache.attach("key", "telegram:bot", "two")
    await cache.attach("key", "telegram:other", "three")
    assert await cache.attachment("key", "telegram:bot") == "two"
    await cache.clear()
    assert await cache.attachment("key", "telegram:bot") is None
    await cache.put("key", clip())
    assert await cache.attachment("key", "telegram:bot") is None


async def test_an_attachment_that_is_no_good_is_dropped(cache: AudioCache) -> None:
    """Only that one, and what replaced it meanwhile stays; to drop what is not there does no harm."""
    await cache.put("key", clip())
    for name in ("telegram:1:0", "telegram:1:1", "telegram:2:0"):
        await cache.attach("key", name, f"file of {name}")
    await cache.detach("key", "telegram:1:0", "an older file")
    assert await cache.attachment("key", "telegram:1:0") == "file of telegram:1:0"
    await cache.detach("key", "telegram:1:0", "file of telegram:1:0")
    await cache.detach("key", "telegram:1:1")
    await cache.detach("key", "telegram:1:1")
    await cache.detach("another", "telegram:2:0")
    held = [await cache.attachment("key", name) for name in ("telegram:1:0", "telegram:1:1", "telegram:2:0")]
    assert held == [None, None, "file of telegram:2:0"]
    await cache.attach("key", "telegram:1:0", "new")
    assert await cache.attachment("key", "telegram:1:0") == "new"


async def test_an_attachment_is_found_by_its_index(file: Path) -> None:
    """However many there are, it is one look into one table, for somebody waits for it."""
    explained = text(f"EXPLAIN QUERY PLAN {ATTACHMENT}")
    async with Store.open(file) as store:
        plan = await store.cache._database.read(explained, {"key": "k", "name": "n"})
    assert [row.detail for row in plan] == ["SEARCH attachments USING PRIMARY KEY (key=? AND name=?)"]


async def test_what_a_guild_heard_moves_with_it(cache: AudioCache, clock: Clock) -> None:
    """Under its new id it finds what was heard last, also what waits in memory; other guilds keep theirs."""
    for key in ("old", "both", "other"):
        await cache.put(key, clip(key))
    cache.heard("both", user=ANN, guild=GUILD)
    clock.advance(1)
    cache.heard("both", user=ANN, guild="new")
    cache.heard("old", user=BOB, guild=GUILD)
    clock.advance(1)
    cache.heard("other", user=ANN, guild="third")
    for _ in range(2):
        await cache.move(GUILD, "new")
    assert await cache.latest(GUILD) is None
    assert await cache.recent(ANN, guild="new") == [Recent("both", clock.now - 1, 1.5)]
    assert await cache.recent(BOB, guild="new") == [Recent("old", clock.now - 1, 1.5)]
    assert await cache.latest("third") == Recent("other", clock.now, 1.5)


async def test_uses_are_written_together_after_a_while(store: Store, sleep: Sleep, url: str) -> None:
    """A hit from memory writes nothing; some seconds later all uses are written in one transaction."""
    await store.cache.put("key", clip())
    await store.cache.get("key", user=ANN, guild=GUILD)
    async with Store.open(url) as other:
        assert await other.cache.recent(ANN) == []
        await sleep.one_round()
        assert [recent.key for recent in await other.cache.recent(ANN)] == ["key"]


async def test_closing_writes_the_uses_down(file: Path, clock: Clock) -> None:
    """The last uses before the end are not lost."""
    async with Store.open(file, clock=clock) as store:
        await store.cache.put("key", clip())
        await store.cache.get("key", user=ANN)
    async with Store.open(file, clock=clock) as store:
        assert len(await store.cache.recent(ANN)) == 1


async def test_housekeeping_prunes_every_hour(store: Store, sleep: Sleep, clock: Clock) -> None:
    """What grows old while the bot runs goes without anybody asking."""
    await store.cache.put("key", clip())
    clock.advance(31 * DAY)
    await sleep.one_round()
    assert store.cache.stats().entries == 0


async def test_housekeeping_survives_a_failure(store: Store, sleep: Sleep, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that fails for a while loses no use and stops nothing; the log says so without the words."""
    await store.cache.put("key", clip("a secret"), user=BOB)
    await store.cache.get("key", user=ANN)

    async def fails(*arguments: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch, capture_logs() as logs:
        patch.setattr(store.cache._database, "write", fails)
        await sleep.one_round()
    assert logs == [{"event": "cache_tidy_failed", "error": "the disk is full", "log_level": "warning"}]
    await sleep.one_round()
    assert len(await store.cache.recent(ANN)) == 1


async def test_what_is_put_while_it_is_looked_for_is_found(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database had nothing when it was asked, and its answer came after the put was over."""
    read = store.cache._database.read

    async def slow(*arguments: Any) -> object:
        rows = await read(*arguments)
        await store.cache.put("key", clip())
        return rows

    monkeypatch.setattr(store.cache._database, "read", slow)
    assert await store.cache.get("key") == clip()
    assert (store.cache.stats().hits, store.cache.stats().misses) == (1, 0)


class TestKnowing:
    """What nobody ever said is not looked for on disk."""

    @pytest.fixture
    def reads(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> list[object]:
        """The statements that are read, as they are."""
        read, seen = store.cache._database.read, list[object]()

        async def noted(statement: Any, values: Any = None) -> object:
            seen.append(statement)
            return await read(statement, values)

        monkeypatch.setattr(store.cache._database, "read", noted)
        return seen

    async def test_what_is_not_there_is_known_not_to_be(self, store: Store, sleep: Sleep, reads: list[object]) -> None:
        """Once it was looked at what is there, some seconds after the start."""
        await store.cache.put("a", clip())
        assert await store.cache.get("b") is None
        assert reads == [clips.FIND]
        await sleep.one_round()
        reads.clear()
        assert await store.cache.find("b", "c") is None
        assert reads == []
        store.cache._memory.drop_all()
        assert await store.cache.get("a") == clip()
        assert reads == [clips.FIND]

    async def test_what_was_put_or_dropped_since_is_known(
        self, store: Store, sleep: Sleep, reads: list[object]
    ) -> None:
        """By us: at once."""
        await sleep.one_round()
        reads.clear()
        await store.cache.put("a", clip())
        store.cache._memory.drop_all()
        assert await store.cache.get("a") == clip()
        await store.cache.drop("a")
        reads.clear()
        assert await store.cache.get("a") is None
        assert reads == []

    async def test_what_another_process_put_is_found_a_round_later(
        self, store: Store, sleep: Sleep, url: str, clock: Clock
    ) -> None:
        """And what it dropped is missed, however sure we were."""
        await sleep.one_round()
        async with Store.open(url, clock=clock) as other:
            await other.cache.put("a", clip())
            assert await store.cache.get("a") is None
            clock.advance(30)
            await sleep.one_round()
            assert await store.cache.get("a") == clip()
            await other.cache.drop("a")
            store.cache._memory.drop_all()
            assert await store.cache.get("a") is None

    async def test_many_clips_are_learnt_a_page_at_a_time(
        self, store: Store, sleep: Sleep, reads: list[object], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """All of them, and nobody waits for all at once."""
        page = clips.KEYS.limit(None).limit(4)
        monkeypatch.setattr(clips, "KEYS", page)
        await asyncio.gather(*(store.cache.put(f"{number}", clip(f"{number}")) for number in range(10)))
        store.cache._keys = Keys()
        await sleep.one_round()
        assert reads.count(page) == 4
        store.cache._memory.drop_all()
        assert [await store.cache.get(f"{number}") for number in range(10)] == [clip(f"{n}") for n in range(10)]

    async def test_of_two_the_first_is_preferred(self, cache: AudioCache) -> None:
        """In memory and on disk, and though only the other is in memory."""
        for key in "ab":
            await cache.put(key, clip(key))
        for forget in (False, True):
            if forget:
                cache._memory.drop(["a"])
            assert await cache.find("a", "b") == ("a", clip("a"))
            assert await cache.find("b", "a") == ("b", clip("b"))
            assert await cache.find("x", "b") == ("b", clip("b"))
        cache._memory.drop_all()
        assert await cache.find("x", "b") == ("b", clip("b"))
        assert await cache.find("x", "y") is None
        assert cache.stats().misses == 1


async def test_stats_count(cache: AudioCache) -> None:
    """Hits, misses, entries, bytes and limits."""
    await cache.put("a", clip())
    await cache.get("a")
    await cache.get("a")
    await cache.get("b")
    stats = cache.stats()
    assert (stats.entries, stats.hits, stats.misses, stats.memory_entries) == (1, 2, 1, 1)
    assert (stats.memory_hits, stats.max_entries) == (2, 100_000)
    cache._memory.drop_all()
    await cache.get("a")
    assert (cache.stats().hits, cache.stats().memory_hits, cache.stats().memory_bytes > 3000) == (3, 2, True)
    assert 3000 < stats.bytes < 4500
    assert (stats.max_bytes, stats.max_age, stats.max_memory_bytes) == (256 << 20, 30 * DAY, 16 << 20)


async def test_clear_drops_everything(cache: AudioCache) -> None:
    """From memory, from the database and from every index."""
    await cache.put("a", clip(), user=ANN, guild=GUILD)
    await cache.get("a", user=BOB)
    await cache.clear()
    assert await cache.get("a") is None
    assert await cache.recent(ANN) == await cache.recent(BOB) == []
    assert (cache.stats().entries, cache.stats().bytes, cache.stats().memory_bytes) == (0, 0, 0)


class TestForgetting:
    """Whose is a clip?"""

    async def test_a_clip_that_only_they_heard_goes(self, cache: AudioCache) -> None:
        """From memory too."""
        await cache.put("a", clip(), user=ANN, guild=GUILD)
        await cache.forget(ANN)
        assert await cache.get("a") is None
        assert await cache.latest(GUILD) is None

    async def test_a_clip_that_others_heard_stays_without_them(self, cache: AudioCache) -> None:
        """It is deleted when the last who heard it is forgotten."""
        await cache.put("a", clip(), user=ANN, guild=GUILD)
        await cache.get("a", user=BOB, guild=GUILD)
        await cache.forget(ANN)
        assert await cache.get("a") is not None
        assert await cache.recent(ANN) == []
        assert len(await cache.recent(BOB)) == 1
        await cache.forget(BOB)
        assert await cache.get("a") is None

    async def test_a_clip_of_unknown_origin_stays(self, cache: AudioCache) -> None:
        """What was said where no user is known is not theirs alone."""
        await cache.put("a", clip(), guild=GUILD)
        await cache.get("a", user=ANN, guild=GUILD)
        await cache.forget(ANN)
        assert await cache.get("a") is not None

    async def test_what_fell_out_of_the_index_goes_too(self, cache: AudioCache, clock: Clock) -> None:
        """The index is bounded, but what a user said long ago is still found when they are forgotten."""
        for number in range(PLAYS_KEPT + 5):
            clock.advance(1)
            await cache.put(f"{number}", clip(f"{number}", 50), user=ANN)
        await cache.forget(ANN)
        assert cache.stats().entries == 0
        assert await cache.get("0") is None

    async def test_uses_that_wait_in_memory_are_theirs_as_well(self, cache: AudioCache) -> None:
        """A use that was not written down yet does not come back afterwards."""
        await cache.put("a", clip(), user=BOB)
        await cache.get("a", user=ANN)
        await cache.forget(ANN)
        await cache.flush()
        assert await cache.recent(ANN) == []


async def test_a_clip_that_was_dropped_elsewhere_leaves_memory(url: str, clock: Clock) -> None:
    """Another process forgot a user: within a flush this one no longer gives their clip out."""
    async with Store.open(url, clock=clock) as one, Store.open(url, clock=clock) as other:
        await one.cache.put("a", clip(), user=ANN)
        await other.cache.forget(ANN)
        await one.cache.get("a")
        await one.cache.flush()
        assert await one.cache.get("a") is None


async def test_a_read_under_way_does_not_bring_back_what_is_forgotten(cache: AudioCache) -> None:
    """Getting and forgetting at the same moment, in whatever order they meet, ends with nothing in memory."""
    for turns in range(25):
        await cache.put("a", clip(), user=ANN)
        cache._memory.drop_all()
        getting = asyncio.create_task(cache.get("a"))
        for _ in range(turns):
            await asyncio.sleep(0)
        await cache.forget(ANN)
        await getting
        assert await cache.get("a") is None


async def test_many_tasks_and_two_processes_share_one_cache(url: str) -> None:
    """Two stores on one database, a crowd in each: every hit is the right clip and the bound holds."""
    async with (
        Store.open(url, cache_bytes=200_000, memory_bytes=30_000) as one,
        Store.open(url, cache_bytes=200_000, memory_bytes=30_000) as other,
    ):

        async def crowd(number: int) -> None:
            cache = (one, other)[number % 2].cache
            key = f"{number * 7 % 40}"
            found = await cache.get(key, user=f"u{number % 5}", guild=GUILD)
            if found is None:
                await cache.put(key, clip(key, 8000), user=f"u{number % 5}", guild=GUILD)
            else:
                assert found.spoken[0].utterance.text == key

        await asyncio.gather(*(crowd(number) for number in range(300)))
        await one.cache.prune()
        assert 0 < one.cache.stats().bytes <= 200_000
        assert await other.cache.latest(GUILD) is not None


def test_uses_wait_a_few_seconds_at_most() -> None:
    """What a crash can lose is small."""
    assert FLUSH_SECONDS <= 5
