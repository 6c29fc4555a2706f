"""What is counted of a request that was handed out again, and what is forgiven."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from bot.errors import StoreError
from bot.queue import Attempts, MemoryJournal, State
from tests.doubles.journal import entry


class Counted(MemoryJournal):
    """A journal that remembers what it was asked to count, and may be away."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: list[tuple[list[str], int]] = []
        self.away = False

    async def count(self, ids: Collection[str], by: int) -> None:
        if self.away:
            raise StoreError("away")
        self.counts.append((sorted(ids), by))
        await super().count(ids, by)


@pytest.fixture
async def journal() -> Counted:
    journal = Counted()
    for id in "abc":
        await journal.accept(entry(id))
    return journal


@pytest.fixture
def attempts(journal: Counted) -> Attempts:
    attempts = Attempts(journal)
    attempts.hand_out("abc")
    return attempts


async def test_what_waits_is_not_counted(journal: Counted, attempts: Attempts) -> None:
    """Handing out costs no write, nor does an end without a beginning."""
    await attempts.forgive()
    assert journal.counts == []


async def test_what_is_new_is_not_counted(journal: Counted, attempts: Attempts) -> None:
    """The way of a request that was asked for in this process has no write more."""
    await attempts.begin(["new"])
    await attempts.mark("new", State.SENDING)
    assert journal.counts == []


async def test_what_begins_together_is_counted_together_and_once(journal: Counted, attempts: Attempts) -> None:
    """However many sentences and notes it has."""
    await attempts.begin(["a", "new", "b"])
    await attempts.begin(["a", "b"])
    await attempts.mark("a", State.SENDING, mark="there")
    assert journal.counts == [(["a", "b"], 1)]
    assert [journal.entries[id].attempts for id in "abc"] == [1, 1, 0]
    assert journal.entries["a"].mark == "there"


async def test_what_is_sent_has_begun_and_what_ends_has_not(journal: Counted, attempts: Attempts) -> None:
    """Sound that is kept is sent without being made."""
    await attempts.mark("a", State.SENDING)
    await attempts.mark("b", State.CANCELLED)
    assert journal.counts == [(["a"], 1)]
    assert [journal.entries[id].state for id in "ab"] == [State.SENDING, State.CANCELLED]


async def test_an_end_of_its_own_accord_forgives(journal: Counted, attempts: Attempts) -> None:
    """In one write, once; and what is still on its way after that counts nothing any more."""
    for id in "ab":
        await attempts.begin([id])
    for _ in range(2):
        await attempts.forgive()
    await attempts.begin("abc")
    assert journal.counts == [(["a"], 1), (["b"], 1), (["a", "b"], -1)]
    assert [journal.entries[id].attempts for id in "abc"] == [0, 0, 0]


async def test_what_is_made_waits_again_and_counts_anew_when_it_is_sent(journal: Counted, attempts: Attempts) -> None:
    """It has not ended the process; what comes after may."""
    await attempts.begin("ab")
    await attempts.survive(["a", "c", "new"])
    assert [journal.entries[id].attempts for id in "abc"] == [0, 1, 0]
    await attempts.mark("a", State.SENDING)
    assert [journal.entries[id].attempts for id in "abc"] == [1, 1, 0]
    assert journal.counts == [(["a", "b"], 1), (["a"], -1), (["a"], 1)]


async def test_what_cannot_be_counted_goes_on(journal: Counted, attempts: Attempts) -> None:
    """And is not forgiven what was never held against it; an end that cannot be written down is an end."""
    journal.away = True
    await attempts.begin(["a"])
    journal.away = False
    await attempts.begin(["b"])
    journal.away = True
    await attempts.forgive()
    assert journal.counts == [(["b"], 1)]
