"""What was encoded once is kept, within bounds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.http.pressings import SHARE, Pressings, Shelf
from bot.errors import AudioError
from bot.speaker import Speaker
from tests.adapters.http.served import SPEECH, client, until


def test_what_is_kept_is_found_by_key_and_format() -> None:
    """And by nothing less; what has no key yet is nowhere."""
    pressings = Pressings(1000)
    pressings.put("key", "mp3", b"sound")
    assert pressings.get("key", "mp3") == b"sound"
    assert pressings.get("key", "wav") is None
    assert pressings.get("other", "mp3") is None
    assert pressings.get(None, "mp3") is None
    assert pressings.shelf() == Shelf(entries=1, bytes=5, max_bytes=1000, hits=1, misses=2)


def test_what_was_used_least_lately_goes_first() -> None:
    """Using is looking up or putting down."""
    pressings = Pressings(SHARE * 10)
    for number in range(SHARE):
        pressings.put(str(number), "mp3", bytes(10))
    pressings.get("0", "mp3")
    pressings.put("new", "mp3", bytes(10))
    assert pressings.get("0", "mp3") is not None
    assert pressings.get("1", "mp3") is None


def test_what_is_too_large_is_not_kept() -> None:
    """It would put down everything else."""
    pressings = Pressings(SHARE * 10)
    pressings.put("small", "mp3", bytes(10))
    pressings.put("large", "wav", bytes(11))
    assert pressings.largest == 10
    assert pressings.get("small", "mp3") is not None
    assert pressings.get("large", "wav") is None


def test_what_is_put_twice_counts_once() -> None:
    """The later stays."""
    pressings = Pressings(100)
    pressings.put("key", "mp3", b"one")
    pressings.put("key", "mp3", b"other")
    assert pressings.get("key", "mp3") == b"other"
    assert pressings.shelf().bytes == 5


class Encoding:
    """Three pieces, each when it is let through; it may fail after them."""

    def __init__(self, error: Exception | None = None) -> None:
        self.begun = 0
        self.gate = asyncio.Semaphore(0)
        self._error = error

    async def __call__(self) -> AsyncGenerator[bytes, None]:
        self.begun += 1
        for piece in (b"one ", b"two ", b"three"):
            await self.gate.acquire()
            yield piece
        if self._error is not None:
            raise self._error

    def let(self, pieces: int) -> None:
        for _ in range(pieces):
            self.gate.release()


async def together(pieces: AsyncGenerator[bytes, None]) -> bytes:
    return b"".join([piece async for piece in pieces])


async def test_who_asks_for_what_is_being_encoded_hears_it_from_its_beginning() -> None:
    """As far as it is made already at once, and the rest as it comes; the next time it is begun anew."""
    pressings, encoding = Pressings(), Encoding()
    encoding.let(2)
    first = pressings.share("key", "mp3", encoding)
    assert [await anext(first) for _ in range(2)] == [b"one ", b"two "]
    second = pressings.share("key", "mp3", encoding)
    assert [await anext(second) for _ in range(2)] == [b"one ", b"two "]
    waiting = asyncio.gather(together(first), together(second))
    encoding.let(1)
    assert set(await waiting) == {b"three"}
    assert encoding.begun == 1
    encoding.let(3)
    assert await together(pressings.share("key", "mp3", encoding)) == b"one two three"
    assert encoding.begun == 2


async def test_another_format_is_another_encoding() -> None:
    """And so is another key."""
    pressings, encoding = Pressings(), Encoding()
    encoding.let(9)
    asked = [("key", "mp3"), ("key", "wav"), ("other", "mp3")]
    await asyncio.gather(*(together(pressings.share(key, format, encoding)) for key, format in asked))
    assert encoding.begun == 3


async def test_who_leaves_takes_nothing_from_the_others() -> None:
    """Not even who was the first, in the middle of waiting."""
    pressings, encoding = Pressings(), Encoding()
    first, second = [asyncio.create_task(together(pressings.share("key", "mp3", encoding))) for _ in range(2)]
    encoding.let(1)
    await asyncio.sleep(0)
    first.cancel()
    encoding.let(2)
    assert await second == b"one two three"
    assert first.cancelled()


async def test_what_goes_wrong_is_told_to_all_after_what_was_made() -> None:
    """And to the next who asks it is nothing: it may go better."""
    pressings, encoding = Pressings(), Encoding(AudioError("Damaged."))
    encoding.let(3)
    for sound in [pressings.share("key", "mp3", encoding) for _ in range(2)]:
        assert [await anext(sound) for _ in range(3)] == [b"one ", b"two ", b"three"]
        with pytest.raises(AudioError, match="Damaged"):
            await anext(sound)
    assert encoding.begun == 1


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40))))
def test_there_is_never_more_than_the_limit(puts: list[tuple[int, int]]) -> None:
    """And the count of bytes is that of what is there."""
    pressings = Pressings(100)
    for key, size in puts:
        pressings.put(str(key), "mp3", bytes(size))
        shelf = pressings.shelf()
        found = [data for other in range(10) if (data := pressings.get(str(other), "mp3")) is not None]
        assert shelf.bytes == sum(map(len, found)) <= 100
        assert shelf.entries == len(found)


async def test_what_was_forgotten_does_not_lie_on_the_shelf(speaker: Speaker) -> None:
    """Nobody would find it there, but it is somebody's words."""
    async with client(speaker) as http:
        await http.post(SPEECH, json={"input": "My words.", "response_format": "wav"})
        await until(lambda: speaker.store.cache.stats().entries == 1)
        assert (await http.get("/health")).json()["answers"]["entries"] == 1
        await speaker.forget("api:local")
        assert (await http.get("/health")).json()["answers"]["bytes"] == 0
