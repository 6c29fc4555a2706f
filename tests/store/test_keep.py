"""What adapters keep."""

from __future__ import annotations

import asyncio

import pytest

from bot.store import Store


async def test_what_is_kept_is_there_after_a_restart(url: str) -> None:
    """Whole, and in place of what was kept before."""
    async with Store.open(url) as store:
        assert await store.keep.get("discord:voice:42") is None
        await store.keep.put("discord:voice:42", {"channel": 1})
        await store.keep.put("discord:voice:42", {"channel": 420, "deep": {"list": [1, None, "好"]}})
    async with Store.open(url) as store:
        assert await store.keep.get("discord:voice:42") == {"channel": 420, "deep": {"list": [1, None, "好"]}}


async def test_keys_are_found_by_how_they_begin(store: Store) -> None:
    """To the letter and to the case; no sign in them means anything."""
    for key in ("discord:voice:7", "discord:voice:42", "discord:voic", "Discord:voice:1", "discord%voice:1", "好:1"):
        await store.keep.put(key, {"key": key})
    found = await store.keep.all("discord:voice:")
    assert found == {key: {"key": key} for key in ("discord:voice:7", "discord:voice:42")}
    assert (await store.keep.all("discord%")).keys() == {"discord%voice:1"}
    assert (await store.keep.all("好")).keys() == {"好:1"}
    assert len(await store.keep.all("")) == 6
    assert await store.keep.all("telegram:") == {}


async def test_what_is_dropped_is_gone(store: Store) -> None:
    """And dropping what is not there is nothing."""
    await store.keep.put("a", {"x": 1})
    await store.keep.put("b", {})
    await store.keep.drop("a")
    await store.keep.drop("a")
    assert await store.keep.all("") == {"b": {}}


@pytest.mark.parametrize(
    "value", [["list"], "text", None, {"x": object()}, {"x": float("nan")}, {1: "x"}, {"x": {1, 2}}]
)
async def test_only_json_objects_are_kept(store: Store, value: object) -> None:
    """What cannot be read back is not written."""
    with pytest.raises(ValueError, match="JSON object"):
        await store.keep.put("a", value)  # type: ignore[arg-type]
    assert await store.keep.get("a") is None


async def test_what_is_read_cannot_be_changed_in_place(store: Store) -> None:
    """Nor does it change what is kept."""
    await store.keep.put("a", {"x": 1})
    kept = await store.keep.get("a")
    with pytest.raises(TypeError):
        kept["x"] = 2  # type: ignore[index]


async def test_many_at_once(store: Store) -> None:
    """Each key has, whole, one of the values that were put there at the same moment."""
    await asyncio.gather(*(store.keep.put(f"k{number % 10}", {"n": number}) for number in range(100)))
    kept = await store.keep.all("k")
    assert {key: value["n"] % 10 for key, value in kept.items()} == {f"k{number}": number for number in range(10)}


async def test_forgetting_a_user_leaves_it(store: Store) -> None:
    """It holds nothing of them."""
    await store.keep.put("discord:voice:42", {"channel": 420})
    await store.preferences.forget("discord:1")
    assert await store.keep.get("discord:voice:42") == {"channel": 420}
