"""What Telegram has of a sound is known in memory at once, and stays with the sound."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.adapters.telegram import uploads as rooms
from bot.adapters.telegram.note import Kind
from bot.adapters.telegram.parts import Part
from bot.adapters.telegram.uploads import File, Uploads
from bot.errors import StoreError
from bot.speaker import Speaker
from bot.speech import Clip
from tests.adapters.telegram.quick import Pauses
from tests.conftest import Opened

CLIP = Clip(b"OggS", 1.0, b"", ())


class Cache:
    """Keeps attachments with the clips that it has, like the real one; ``away``: it cannot be reached."""

    def __init__(self) -> None:
        self.clips = {"a", "b"}
        self.kept: dict[tuple[str, str], str] = {}
        self.away = False
        self.reads = 0

    async def attach(self, key: str, name: str, value: str) -> None:
        self._check()
        if key in self.clips:
            self.kept[key, name] = value

    async def attachment(self, key: str, name: str) -> str | None:
        self._check()
        self.reads += 1
        return self.kept.get((key, name))

    async def detach(self, key: str, name: str, value: str | None = None) -> None:
        self._check()
        if value in (None, self.kept.get((key, name))):
            self.kept.pop((key, name), None)

    def _check(self) -> None:
        if self.away:
            raise StoreError("away")


@pytest.fixture
def cache() -> Cache:
    return Cache()


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
async def uploads(opened: Opened, cache: Cache, pauses: Pauses) -> AsyncIterator[Uploads]:
    async with opened() as speaker:
        speaker.store.cache = cache  # type: ignore[assignment]
        yield uploads_of(speaker, pauses)


def uploads_of(speaker: Speaker, pauses: Pauses) -> Uploads:
    return Uploads(speaker, 7, sleep=pauses)


async def settled() -> None:
    """Whatever can go on has gone on."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_each_part_and_each_form_has_its_own(uploads: Uploads) -> None:
    """All of a sound is what inline mode offers; another bot has other files."""
    whole, part = Part(0, 9, None, 0.2, (), CLIP), Part(0, 9, None, 0.2, ())
    names = [uploads.part("a", each, kind) for each in (whole, part, Part(9, 12, None, 0.1, ())) for kind in Kind]
    assert names[0] == uploads.whole("a") == File("a", "telegram:7:1:0")
    assert [file.name for file in names[1:4]] == ["telegram:7:1:0:audio", "telegram:7:0-9", "telegram:7:0-9:audio"]
    assert len(set(names)) == 6


async def test_what_is_kept_is_known_at_once_and_written_down_soon(uploads: Uploads, cache: Cache) -> None:
    """Nobody waits for the store."""
    uploads.keep(uploads.whole("a"), "one")
    assert await uploads.find(uploads.whole("a")) == "one"
    assert (cache.kept, cache.reads) == ({}, 0)
    await settled()
    assert cache.kept == {("a", "telegram:7:1:0"): "one"}
    assert not uploads._errands


async def test_what_was_found_is_not_looked_for_again(uploads: Uploads, cache: Cache) -> None:
    """A second time it is in memory, where its turn finds it."""
    file = uploads.whole("a")
    cache.kept["a", file.name] = "one"
    async with uploads.turn(file) as known:
        assert known is None
    assert [await uploads.find(file) for _ in range(2)] == ["one", "one"]
    assert cache.reads == 1
    async with uploads.turn(file) as known:
        assert known == "one"
    async with uploads.turn(file, "one") as known:
        assert known is None, "Telegram has refused it"


async def test_a_newer_file_is_not_replaced_by_an_older_one_that_was_being_read(uploads: Uploads, cache: Cache) -> None:
    """The store is slower than Telegram now and then."""
    file, read = uploads.whole("a"), asyncio.Event()
    attachment = cache.attachment
    cache.kept["a", file.name] = "old"

    async def slowly(key: str, name: str) -> str | None:
        found = await attachment(key, name)
        await read.wait()
        return found

    cache.attachment = slowly  # type: ignore[method-assign]
    looking = asyncio.create_task(uploads.find(file))
    await settled()
    uploads.keep(file, "new")
    read.set()
    assert await looking == "new"
    await settled()
    assert cache.kept["a", file.name] == "new"


async def test_a_sound_that_is_not_in_the_cache_yet_is_waited_for(
    uploads: Uploads, cache: Cache, pauses: Pauses
) -> None:
    """Three times, and then nobody waits any more; also where the store is away."""
    file = uploads.whole("late")
    uploads.keep(file, "one")
    await settled()
    assert pauses.asked == [1.0]
    cache.away = True
    pauses.end()
    await settled()
    assert pauses.asked == [1.0, 5.0]
    cache.away = False
    cache.clips.add("late")
    pauses.end()
    await settled()
    assert cache.kept["late", file.name] == "one"
    for key in ("never", "later"):
        uploads.keep(uploads.whole(key), "two")
    for _ in rooms.PAUSES:
        await settled()
        cache.clips |= {"later"} if pauses.asked[-1] == rooms.PAUSES[-1] else set()
        pauses.end()
    await settled()
    assert cache.kept["later", file.name] == "two"
    assert not uploads._errands
    assert uploads._unkept == {}
    assert await uploads.find(uploads.whole("never")) == "two"


async def test_what_is_not_written_yet_is_so_at_the_end(uploads: Uploads, cache: Cache) -> None:
    """If the store can be reached and the sound is there."""
    uploads.keep(uploads.whole("a"), "one")
    uploads.keep(uploads.whole("gone"), "two")
    await uploads.close()
    assert cache.kept == {("a", "telegram:7:1:0"): "one"}
    cache.away = True
    uploads.keep(uploads.whole("b"), "three")
    await uploads.close()


async def test_what_telegram_has_forgotten_is_forgotten(uploads: Uploads, cache: Cache) -> None:
    """But not what was uploaded anew meanwhile."""
    file = uploads.whole("a")
    uploads.keep(file, "old")
    await settled()
    await uploads.forget(file, "another")
    assert await uploads.find(file) == "old"
    await uploads.forget(file, "old")
    assert await uploads.find(file) is None
    assert cache.kept == {}
    cache.away = True
    await uploads.forget(file, "old")
    assert await uploads.find(file) is None


async def test_one_uploads_and_the_others_have_it(uploads: Uploads) -> None:
    """However many want it; another sound's turn does not wait."""
    file, sent = uploads.whole("a"), asyncio.Event()
    had: list[str | None] = []

    async def want() -> None:
        async with uploads.turn(file) as known:
            had.append(known)
            if known is None:
                await sent.wait()
                uploads.keep(file, "one")

    tasks = [asyncio.create_task(want()) for _ in range(3)]
    await settled()
    assert had == [None]
    async with uploads.turn(uploads.whole("b")) as known:
        assert known is None
    sent.set()
    await asyncio.gather(*tasks)
    assert had == [None, "one", "one"]
    assert uploads._flights == {}


async def test_who_waited_for_one_that_failed_uploads_it(uploads: Uploads) -> None:
    """And is waited for in turn."""
    file, fails = uploads.whole("a"), asyncio.Event()

    async def fail() -> None:
        async with uploads.turn(file):
            await fails.wait()
            raise RuntimeError

    async def want() -> str | None:
        async with uploads.turn(file) as known:
            uploads.keep(file, "one")
            return known

    failing = asyncio.create_task(fail())
    await settled()
    waiting = asyncio.create_task(want())
    await settled()
    fails.set()
    assert await waiting is None
    with pytest.raises(RuntimeError):
        await failing
    assert await want() == "one"


async def test_nobody_waits_for_longer_than_an_upload_takes(uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of the same may be under way then; the end of the one is not the end of the other."""
    monkeypatch.setattr(rooms, "PATIENCE", 0.01)
    file = uploads.whole("a")
    async with uploads.turn(file) as first:
        async with uploads.turn(file) as second:
            assert first is second is None
            uploads.keep(file, "one")
        async with uploads.turn(file) as known:
            assert known == "one"
    assert uploads._flights == {}
