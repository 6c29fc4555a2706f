"""The journal in SQL keeps the discipline of every journal, and commits together what comes together."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot.errors import StoreError
from bot.queue.journal import Journal, State
from bot.store import Store
from bot.store.database import Database
from bot.store.journal import SqlJournal
from bot.store.place import place
from tests.doubles.journal import JournalContract, entry, ids


@pytest.fixture
def journal(store: Store) -> Journal:
    return store.journal


class TestSqlJournal(JournalContract):
    """On each kind of database."""


async def test_what_is_over_holds_no_word(store: Store) -> None:
    """Neither what was said nor a token, however it ended; only whose it was, when, and what became of it."""
    for id, expires in (("a", None), ("b", 1.0), ("c", None)):
        await store.journal.accept(entry(id, expires=expires))
    await asyncio.gather(store.journal.mark("a", State.SENDING, mark="nonce"), store.journal.mark("a", State.DONE))
    await store.journal.pending(2.0)
    held = {(each["state"], bool(each["request"])) for each in await store.journal.export("u")}
    assert held == {("done", False), ("expired", False), ("accepted", True)}


async def test_a_mark_of_what_was_done_is_found(store: Store) -> None:
    """Not the mark of what is still on its way, nor of what failed."""
    for id, state in (("a", State.DONE), ("b", State.SENDING), ("c", State.FAILED)):
        await store.journal.accept(entry(id))
        await store.journal.mark(id, state, mark=f"message of {id}")
    assert [await store.journal.bears(f"message of {id}") for id in "abc"] == [True, False, False]


async def test_entries_survive_a_restart(url: str) -> None:
    """What was accepted before the end is pending after it, with the mark and the attempts it had."""
    async with Store.open(url) as store:
        await store.journal.accept(entry("a", 1.0))
        await store.journal.mark("a", State.SENDING, mark="nonce")
        await store.journal.count(["a"], 3)
    async with Store.open(url) as store:
        (found,) = await store.journal.pending(2.0)
    assert (found.id, found.state, found.mark, found.attempts) == ("a", State.SENDING, "nonce", 3)


async def test_what_was_accepted_is_known_to_the_next_process(url: str) -> None:
    """A platform that repeats after a crash what was done before it, is not obeyed twice."""
    async with Store.open(url) as store:
        await store.journal.accept(entry("telegram:1:2:3"))
        await store.journal.mark("telegram:1:2:3", State.DONE)
    async with Store.open(url) as store:
        assert await store.journal.knows("telegram:1:2:3")
        assert not await store.journal.knows("telegram:1:2:4")


async def test_a_burst_costs_a_few_commits(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is handed in while somebody else writes is written in one transaction."""
    async with Database(place(file)) as database:
        commits: list[object] = []
        hand_in = database.hand_in

        def counted(work: Callable[[Connection], object], *, urgent: bool) -> asyncio.Future[object]:
            commits.append(work)
            return hand_in(work, urgent=urgent)

        go_on = threading.Event()
        database.hand_in(lambda _: go_on.wait(10))
        monkeypatch.setattr(database, "hand_in", counted)
        journal = SqlJournal(database)
        accepts = [asyncio.create_task(journal.accept(entry(str(number), number))) for number in range(1000)]
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(*accepts)
        monkeypatch.undo()
        assert len(commits) == 1
        assert len(await ids(journal)) == 1000


async def test_who_comes_while_a_batch_is_written_is_in_the_next(file: Path) -> None:
    """Nobody joins what is being committed, and nobody is lost between the two."""
    async with Database(place(file)) as database:
        journal = SqlJournal(database)

        async def one(number: int) -> None:
            for _ in range(number % 50):
                await asyncio.sleep(0)
            await journal.accept(entry(str(number), number))
            await journal.mark(str(number), State.SENDING, mark=f"mark {number}")

        await asyncio.gather(*(one(number) for number in range(500)))
        found = await journal.pending(0.0)
        assert sorted((each.id, each.mark) for each in found) == sorted((str(n), f"mark {n}") for n in range(500))


async def test_one_that_gives_up_takes_nothing_from_the_others(store: Store) -> None:
    """A cancelled caller's neighbours in the same commit are still written."""
    first = asyncio.create_task(store.journal.accept(entry("a", 1.0)))
    second = asyncio.create_task(store.journal.accept(entry("b", 2.0)))
    await asyncio.sleep(0)
    first.cancel()
    await second
    assert "b" in await ids(store.journal)


async def test_a_request_that_json_cannot_hold_fails_alone(store: Store) -> None:
    """One caller's mistake is not the whole burst's."""
    wrong = replace(entry("a"), request={"user": "u", "text": object()})
    results = await asyncio.gather(
        store.journal.accept(wrong), store.journal.accept(entry("b")), return_exceptions=True
    )
    assert isinstance(results[0], TypeError)
    assert await ids(store.journal) == ["b"]


async def test_closing_waits_for_what_was_handed_in(file: Path) -> None:
    """An entry handed in just before the end is there at the next start."""
    async with Store.open(file) as store:
        handed_in = asyncio.create_task(store.journal.accept(entry("a")))
        await asyncio.sleep(0)
    await handed_in
    async with Store.open(file) as store:
        assert await ids(store.journal) == ["a"]


async def test_after_closing_nothing_is_promised(file: Path) -> None:
    """A journal that cannot write says so."""
    async with Store.open(file) as store:
        pass
    with pytest.raises(StoreError, match="closed"):
        await store.journal.accept(entry("a"))


async def test_half_an_emoji_survives(store: Store) -> None:
    """A lone surrogate or a NUL in a text, as chats do send it, is journalled like any other."""
    odd = replace(entry("a"), request={"user": "u", "text": "\ud83d \0"})
    await store.journal.accept(odd)
    (found,) = await store.journal.pending(0.0)
    assert found.request["text"] == "\ud83d \0"
