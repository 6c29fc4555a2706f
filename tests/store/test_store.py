"""The whole store."""

from __future__ import annotations

from pathlib import Path

import pytest

import bot.store
from bot.errors import StoreError
from bot.store import Store
from tests.doubles.store import clip


def test_the_seam_is_what_it_says() -> None:
    """Every name in ``__all__`` can be had, also those that are loaded late; others cannot."""
    for name in bot.store.__all__:
        assert getattr(bot.store, name).__module__.startswith("bot.store.")
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = bot.store.Nothing


async def test_audio_may_live_elsewhere(url: str, tmp_path: Path) -> None:
    """People and settings in one database, recent audio in a file of this machine; forgetting reaches both."""
    local = tmp_path / "audio.db"
    async with Store.open(url, cache=local) as store:
        await store.preferences.set("discord:1", voice="aria")
        await store.cache.put("key", clip(), user="discord:1")
    async with Store.open(url) as store:
        assert await store.cache.get("key") is None
    async with Store.open(url, cache=local) as store:
        assert await store.cache.get("key") == clip()
        assert (await store.preferences.get("discord:1")).voice == "aria"
        await store.preferences.forget("discord:1")
        assert await store.cache.get("key") is None


async def test_a_store_that_cannot_open_leaves_nothing_open(file: Path, tmp_path: Path) -> None:
    """When the second database fails the first is closed again: no file of it lies about."""
    (tmp_path / "broken").mkdir()
    with pytest.raises(StoreError):
        await Store.open(file, cache=tmp_path / "broken").__aenter__()
    assert [each.name for each in file.parent.iterdir()] == ["sayso.db"]


async def test_leaving_by_an_error_still_closes(file: Path) -> None:
    """The error comes through, and what was written is in the file."""

    async def put_and_fail() -> None:
        async with Store.open(file) as store:
            await store.cache.put("key", clip())
            raise RuntimeError("elsewhere")

    with pytest.raises(RuntimeError, match="elsewhere"):
        await put_and_fail()
    assert [each.name for each in file.parent.iterdir()] == ["sayso.db"]
    async with Store.open(file) as store:
        assert await store.cache.get("key") == clip()


async def test_a_guild_that_gets_another_id_keeps_all_that_is_its_own(url: str, tmp_path: Path) -> None:
    """Settings, the voices it likes and what it heard, in whichever database; twice does no harm."""
    async with Store.open(url, cache=tmp_path / "audio.db") as store:
        await store.settings.set_guild("telegram:-1", voice="aria")
        await store.preferences.remember("telegram:7", "emma", guild="telegram:-1")
        await store.cache.put("key", clip(), user="telegram:7", guild="telegram:-1")
        for _ in range(2):
            await store.move("telegram:-1", "telegram:-1001", by="telegram:7")
        assert (await store.settings.guild("telegram:-1001")).voice == "aria"
        assert await store.preferences.favourites("nobody", "telegram:-1001") == ["emma"]
        latest = await store.cache.latest("telegram:-1001")
        assert latest is not None
        assert latest.key == "key"
        assert await store.cache.latest("telegram:-1") is None
