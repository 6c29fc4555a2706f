"""The last of many things are remembered, and no more of them than there is room for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.memory import Memory

PUTS = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers()))


def of(most: int, *keys: str) -> Memory[str, str]:
    memory = Memory[str, str](most)
    for key in keys:
        memory.put(key, key.upper())
    return memory


def test_what_was_put_in_is_there() -> None:
    """By its key, once; the later value counts."""
    memory = of(3, "a", "b")
    memory.put("a", "again")
    assert (memory.get("a"), memory.get("b"), memory.get("c")) == ("again", "B", None)
    assert ("a" in memory, "c" in memory, len(memory)) == (True, False, 2)
    assert sorted(memory) == ["B", "again"]


def test_who_was_put_in_first_is_forgotten_first() -> None:
    """When there is no room for one more."""
    memory = of(2, "a", "b", "c")
    assert ("a" in memory, "b" in memory, "c" in memory, len(memory)) == (False, True, True, 2)


def test_who_is_asked_for_is_remembered_longer() -> None:
    """And who is put in again, too; but not who is only looked for."""
    memory = of(2, "a", "b")
    assert memory.get("a") == "A"
    memory.put("c", "C")
    assert list(memory) == ["A", "C"]
    memory.put("a", "A")
    assert "c" in memory
    memory.put("d", "D")
    assert list(memory) == ["A", "D"]


def test_who_asks_for_what_is_not_there_changes_nothing() -> None:
    """Nor does who drops it."""
    memory = of(2, "a", "b")
    assert memory.get("c") is None
    memory.drop("c")
    assert list(memory) == ["A", "B"]


def test_what_is_dropped_makes_room() -> None:
    """For another, without anybody being forgotten for it."""
    memory = of(2, "a", "b")
    memory.drop("a")
    memory.put("c", "C")
    assert list(memory) == ["B", "C"]


def test_it_may_change_while_it_is_gone_through() -> None:
    """Whoever goes through it goes through what there was."""
    memory = of(3, "a", "b", "c")
    for value in memory:
        memory.drop(value.lower())
        memory.put(f"{value} again", value)
    assert list(memory) == ["A", "B", "C"]


@given(PUTS, st.integers(1, 4))
def test_it_never_holds_more_than_it_may(puts: list[tuple[str, int]], most: int) -> None:
    """And always what was put in last, with its latest value."""
    memory = Memory[str, int](most)
    for key, value in puts:
        memory.put(key, value)
        assert len(memory) <= most
    latest = dict(puts)
    recent = list(dict.fromkeys(key for key, _ in reversed(puts)))[:most]
    assert list(memory) == [latest[key] for key in reversed(recent)]
