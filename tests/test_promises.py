"""What was promised to be delivered."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from bot.promises import Promises
from bot.queue import Attempts, Entry, MemoryJournal, State
from bot.queue.journal import ATTEMPTS
from bot.speech import Request
from tests.doubles.store import Clock


def request(**how: object) -> Request:
    return Request("discord:1", "discord:42", "Hello.", **how)  # type: ignore[arg-type]


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture
def promises(journal: MemoryJournal, clock: Clock) -> Promises:
    return Promises(journal, Attempts(journal), clock)


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_what_has_a_target_is_handed_out_again(promises: Promises) -> None:
    """As it was asked for; what has none dies with its asker."""
    kept = request(target={"kind": "discord"})
    await promises.accept(kept)
    await promises.accept(request())
    assert [left.request for left in await promises.unfinished()] == [kept]


async def test_only_what_is_wanted_is_handed_out(promises: Promises) -> None:
    """The rest is another adapter's."""
    for kind in ("discord", "telegram"):
        await promises.accept(request(target={"kind": kind}))
    left = await promises.unfinished(lambda each: each.target["kind"] == "telegram")
    assert [each.request.target for each in left] == [{"kind": "telegram"}]


async def test_what_is_too_late_is_handed_out_as_such(promises: Promises, clock: Clock) -> None:
    """For who asked wants to know."""
    await promises.accept(request(target={"kind": "discord"}, deadline=clock.now + 10))
    clock.advance(11)
    assert [left.state for left in await promises.unfinished()] == [State.EXPIRED]


async def test_what_no_process_survived_is_given_up(promises: Promises, journal: MemoryJournal) -> None:
    """And the log says how many, not what."""
    one = request(target={"kind": "discord"})
    await promises.accept(one)
    await journal.count((one.id,), ATTEMPTS)
    with capture_logs() as logs:
        assert [left.state for left in await promises.unfinished()] == [State.FAILED]
    assert logs == [{"event": "journal_entries_given_up", "count": 1, "log_level": "warning"}]


async def test_what_another_version_wrote_is_left_to_it(promises: Promises, journal: MemoryJournal) -> None:
    """Nobody else is kept back by it."""
    await journal.accept(Entry("future", {"version": 99}, at=0.0, expires=None))
    mine = request(target={"kind": "discord"})
    await promises.accept(mine)
    with capture_logs() as logs:
        assert [left.request for left in await promises.unfinished()] == [mine]
    assert [line["event"] for line in logs] == ["journal_entry_unreadable"]
