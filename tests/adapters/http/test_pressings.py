"""What was encoded once is kept, within bounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.http.pressings import SHARE, Pressings, Shelf


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
