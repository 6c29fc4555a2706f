"""Uses of voices are gathered in memory: seen at once, written down together, lost by nothing but a crash."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select
from structlog.testing import capture_logs

from bot.errors import StoreError
from bot.store import Store, favourites
from bot.store.favourites import VOICES_KEPT
from bot.store.tables import FAVOURITES
from tests.doubles.store import Clock, Sleep

ANN, BOB, GUILD = "discord:1", "discord:2", "discord:42"


async def _written(store: Store, owner: str = ANN) -> dict[str, int]:
    """What the database has of an owner's voices."""
    statement = select(FAVOURITES.c.voice, FAVOURITES.c.uses).where(FAVOURITES.c.owner == owner)
    return {row.voice: row.uses for row in await store._databases[0].read(statement)}


async def _fails(*arguments: object, **options: object) -> None:
    raise StoreError("the disk is full")


async def test_a_use_is_seen_at_once_and_written_after_a_while(store: Store, sleep: Sleep) -> None:
    """Remembering costs no write; some seconds later all uses are in the database, and count the same."""
    for voice in ("a", "b", "b"):
        await store.preferences.remember(ANN, voice, guild=GUILD)
    assert await _written(store) == {}
    assert await store.preferences.favourites(ANN, GUILD) == ["b", "a"]
    await sleep.one_round()
    assert await _written(store) == await _written(store, GUILD) == {"a": 1, "b": 2}
    assert await store.preferences.favourites(ANN, GUILD) == ["b", "a"]


async def test_what_waits_is_added_to_what_is_written(store: Store, sleep: Sleep) -> None:
    """The order is that of the sums, the user's own before the guild's."""
    for voice in ("a", "a", "b"):
        await store.preferences.remember(ANN, voice)
    await store.preferences.remember(BOB, "c", guild=GUILD)
    await sleep.one_round()
    for _ in range(2):
        await store.preferences.remember(ANN, "b", guild=GUILD)
    assert await store.preferences.favourites(ANN, GUILD) == ["b", "a", "c"]
    await sleep.one_round()
    assert await _written(store) == {"a": 2, "b": 3}
    assert await store.preferences.favourites(ANN, GUILD) == ["b", "a", "c"]


async def test_uses_are_one_transaction(store: Store, sleep: Sleep, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hundred people in one round cost one write, and the next round of nobody costs none."""
    writes: list[object] = []
    write = store.preferences._database.write

    async def counted(*arguments: object, **options: object) -> object:
        writes.append(arguments)
        return await write(*arguments, **options)  # type: ignore[arg-type]

    for number in range(200):
        await store.preferences.remember(f"telegram:{number}", "a", guild=GUILD)
    monkeypatch.setattr(store.preferences._database, "write", counted)
    await sleep.one_round()
    await sleep.one_round()
    assert len(writes) == 1
    assert await _written(store, GUILD) == {"a": 200}


async def test_closing_writes_the_uses_down(url: str) -> None:
    """The last uses before the end are there at the next start."""
    async with Store.open(url) as store:
        await store.preferences.remember(ANN, "a", guild=GUILD)
    async with Store.open(url) as store:
        assert await store.preferences.favourites(ANN) == ["a"]
        assert await store.preferences.favourites(BOB, GUILD) == ["a"]


async def test_closing_in_the_middle_of_a_round_counts_every_use_once(url: str) -> None:
    """A round that is cancelled while it writes is finished, and nothing of it is written again."""
    for turns in range(12):
        sleep = Sleep()
        async with Store.open(url, sleep=sleep) as store:
            await store.preferences.remember(ANN, "a")
            round_ = asyncio.create_task(sleep.one_round())
            for _ in range(turns):
                await asyncio.sleep(0)
        round_.cancel()
    async with Store.open(url) as store:
        assert await _written(store) == {"a": 12}


async def test_who_gives_up_on_a_flush_loses_no_use(store: Store) -> None:
    """Whenever it happens, each use is counted once."""
    for turns in range(15):
        await store.preferences.remember(ANN, "a")
        flush = asyncio.create_task(store.preferences._favourites.flush())
        for _ in range(turns):
            await asyncio.sleep(0)
        flush.cancel()
        await asyncio.gather(flush, return_exceptions=True)
    assert (await store.preferences.export(ANN))["voices"] == {"a": 15}


async def test_a_database_that_fails_for_a_while_loses_no_use(
    store: Store, sleep: Sleep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log says so without words; the uses are seen meanwhile, and written by the next round that can."""
    await store.preferences.remember(ANN, "a")
    with monkeypatch.context() as patch, capture_logs() as logs:
        patch.setattr(store.preferences._database, "write", _fails)
        await sleep.one_round()
    assert logs == [{"event": "favourites_flush_failed", "error": "the disk is full", "log_level": "warning"}]
    await store.preferences.remember(ANN, "a")
    assert await store.preferences.favourites(ANN) == ["a"]
    await sleep.one_round()
    assert await _written(store) == {"a": 2}


async def test_what_waits_is_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a number it is written down at once; where that fails, a use is refused and nothing more is held."""
    monkeypatch.setattr(favourites, "WAITING", 10)
    for number in range(25):
        await store.preferences.remember(ANN, f"v{number}")
        assert len(store.preferences._favourites._waiting) <= 10
    assert len(await _written(store)) == 20
    with monkeypatch.context() as patch:
        patch.setattr(store.preferences._database, "write", _fails)
        for number in range(5):
            await store.preferences.remember(BOB, f"v{number}")
        with pytest.raises(StoreError):
            await store.preferences.remember(BOB, "one too many")
        assert len(store.preferences._favourites._waiting) == 10
    assert (await store.preferences.export(BOB))["voices"] == {f"v{number}": 1 for number in range(5)}


async def test_a_read_while_uses_are_written_misses_none(store: Store) -> None:
    """Neither what is on its way to the database nor what comes meanwhile."""
    for turns in range(12):
        user = f"discord:{turns}"
        await store.preferences.remember(user, "a")
        flush = asyncio.create_task(store.preferences._favourites.flush())
        for _ in range(turns):
            await asyncio.sleep(0)
        await store.preferences.remember(user, "b")
        assert set(await store.preferences.favourites(user)) == {"a", "b"}
        await flush
        assert await store.preferences.favourites(user) == ["a", "b"]


async def test_an_export_shows_what_waits(store: Store) -> None:
    """What is only in memory is kept about somebody, too."""
    await store.preferences.remember(ANN, "a", guild=GUILD)
    assert (await store.preferences.export(ANN))["voices"] == {"a": 1}


async def test_forgetting_reaches_what_waits(store: Store, sleep: Sleep) -> None:
    """Nothing of it comes to the database later; others keep theirs, and the guild's counts name nobody."""
    await store.preferences.remember(ANN, "a", guild=GUILD)
    await store.preferences.remember(BOB, "b", guild=GUILD)
    await store.preferences.forget(ANN)
    assert await store.preferences.favourites(ANN) == []
    await sleep.one_round()
    assert await _written(store) == {}
    assert await _written(store, BOB) == {"b": 1}
    assert await _written(store, GUILD) == {"a": 1, "b": 1}


async def test_forgetting_reaches_what_is_being_written(store: Store, sleep: Sleep) -> None:
    """Whatever the moment at which somebody asks for it."""
    for turns in range(12):
        await store.preferences.remember(ANN, "a")
        flush = asyncio.create_task(store.preferences._favourites.flush())
        for _ in range(turns):
            await asyncio.sleep(0)
        await store.preferences.forget(ANN)
        await flush
        await sleep.one_round()
        assert await _written(store) == {}
        assert await store.preferences.favourites(ANN) == []


async def test_forgetting_that_fails_can_be_asked_for_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is half forgotten: what waits is still there."""
    await store.preferences.remember(ANN, "a")
    with monkeypatch.context() as patch:
        patch.setattr(store.preferences._database, "write", _fails)
        with pytest.raises(StoreError):
            await store.preferences.forget(ANN)
    assert await store.preferences.favourites(ANN) == ["a"]
    await store.preferences.forget(ANN)
    assert await store.preferences.favourites(ANN) == []


async def test_what_waits_moves_with_its_guild(store: Store) -> None:
    """A use just before the guild gets another id is counted for the new one."""
    await store.preferences.remember(ANN, "a", guild=GUILD)
    await store.preferences.move(GUILD, "new")
    assert await store.preferences.favourites(BOB, "new") == ["a"]
    assert await _written(store, GUILD) == {}


async def test_the_newest_voice_has_its_chance_among_loved_ones(store: Store, sleep: Sleep, clock: Clock) -> None:
    """Of what comes together the last is kept though all others are used more, and the least used one goes."""
    for number in range(VOICES_KEPT):
        for _ in range(3):
            await store.preferences.remember(ANN, f"loved {number}")
    await sleep.one_round()
    clock.advance(1)
    for voice in ("first", "second"):
        await store.preferences.remember(ANN, voice)
    await sleep.one_round()
    assert (await _written(store)).keys() == {"second", *(f"loved {number}" for number in range(VOICES_KEPT))}


async def test_two_processes_add_up(url: str, clock: Clock) -> None:
    """Counts are added to what is there, whoever wrote it."""
    async with Store.open(url, clock=clock) as one, Store.open(url, clock=clock) as other:
        for store in (one, other, other):
            await store.preferences.remember(ANN, "a", guild=GUILD)
    async with Store.open(url) as store:
        assert await _written(store) == await _written(store, GUILD) == {"a": 3}


async def test_a_crash_loses_seconds_of_uses_and_no_more(file: Path, sleep: Sleep) -> None:
    """What a round wrote is in the file for any other process, though this one never closes."""
    async with Store.open(file, sleep=sleep) as store:
        await store.preferences.remember(ANN, "a")
        await sleep.one_round()
        await store.preferences.remember(ANN, "b")
        async with Store.open(file) as survivor:
            assert await survivor.preferences.favourites(ANN) == ["a"]


async def test_the_time_of_a_use_is_that_of_the_last(store: Store, sleep: Sleep, clock: Clock) -> None:
    """Of two voices used as often the one used later is kept longer."""
    await store.preferences.remember(ANN, "a")
    clock.advance(5)
    await store.preferences.remember(ANN, "a")
    await sleep.one_round()

    def last(connection: Connection) -> float | None:
        return connection.execute(select(func.max(FAVOURITES.c.at))).scalar()

    assert await store._databases[0].write(last) == clock.now
