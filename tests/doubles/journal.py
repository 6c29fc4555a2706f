"""What every journal does, as tests: subclass :class:`JournalContract` and give it a ``journal`` fixture."""

from __future__ import annotations

import asyncio

from bot.queue.journal import ATTEMPTS, Entry, Journal, State


def entry(id: str, at: float = 0.0, *, expires: float | None = None) -> Entry:
    """An accepted entry of a small request."""
    request = {"guild": "g", "user": "u", "text": "hello", "id": id, "at": at}
    return Entry(id=id, request=request, state=State.ACCEPTED, at=at, expires=expires, attempts=0, mark=None)


async def ids(journal: Journal, now: float = 0.0) -> list[str]:
    """The ids that are pending at ``now``, in their order."""
    return [pending.id for pending in await journal.pending(now)]


class JournalContract:
    """The discipline of :class:`bot.queue.journal.Journal`, whatever keeps the entries."""

    async def test_what_was_accepted_is_pending_oldest_first(self, journal: Journal) -> None:
        """Accepted entries come back in the order in which they were asked for."""
        for id, at in (("b", 2.0), ("c", 3.0), ("a", 1.0)):
            await journal.accept(entry(id, at))
        assert await ids(journal) == ["a", "b", "c"]

    async def test_an_entry_comes_back_as_it_was_written(self, journal: Journal) -> None:
        """Nothing of an entry is lost on the way, and nothing was attempted yet."""
        wanted = entry("a", 1.5, expires=9.0)
        await journal.accept(wanted)
        (found,) = await journal.pending(2.0)
        assert (found.id, dict(found.request), found.state) == ("a", dict(wanted.request), State.ACCEPTED)
        assert (found.at, found.expires, found.attempts, found.mark) == (1.5, 9.0, 0, None)

    async def test_an_entry_that_waits_is_handed_out_as_often_as_one_likes(self, journal: Journal) -> None:
        """Nothing is counted by that."""
        await journal.accept(entry("a"))
        assert [(await journal.pending(0.0))[0].attempts for _ in range(20)] == [0] * 20

    async def test_attempts_are_counted_and_forgiven(self, journal: Journal) -> None:
        """Those of unfinished entries, and of no others."""
        for id in "abc":
            await journal.accept(entry(id))
        await journal.mark("b", State.SENDING, mark="nonce")
        await journal.mark("c", State.DONE)
        await journal.count(["a", "b", "c", "nobody"], 2)
        await journal.count({"b"}, -1)
        await journal.count([], 1)
        found = await journal.pending(0.0)
        assert [(each.id, each.attempts, each.mark) for each in found] == [("a", 2, None), ("b", 1, "nonce")]
        assert not await journal.knows("nobody")

    async def test_what_was_begun_too_often_is_given_up(self, journal: Journal) -> None:
        """It is handed out as that, whole and with its mark, and then never again."""
        for id in ("killer", "almost"):
            await journal.accept(entry(id))
            await journal.mark(id, State.SENDING, mark=f"mark of {id}")
        await journal.count(["killer"], ATTEMPTS)
        await journal.count(["almost"], ATTEMPTS - 1)
        almost, killer = sorted(await journal.pending(0.0), key=lambda entry: entry.id)
        assert (almost.state, killer.state) == (State.SENDING, State.FAILED)
        assert (killer.mark, dict(killer.request)) == ("mark of killer", dict(entry("killer").request))
        assert await ids(journal) == ["almost"]
        assert await journal.knows("killer")

    async def test_who_gives_up_gives_up_only_its_own(self, journal: Journal) -> None:
        """Another process's is told of by that one."""
        await journal.accept(entry("theirs"))
        await journal.count(["theirs"], ATTEMPTS)
        assert await journal.pending(0.0, lambda entry: entry.id == "mine") == []
        assert [found.state for found in await journal.pending(0.0)] == [State.FAILED]

    async def test_an_entry_on_its_way_is_pending_with_its_mark(self, journal: Journal) -> None:
        """What a crash left SENDING comes back as SENDING, with the adapter's mark."""
        await journal.accept(entry("a"))
        await journal.mark("a", State.SENDING, mark="nonce")
        (found,) = await journal.pending(0.0)
        assert (found.state, found.mark) == (State.SENDING, "nonce")

    async def test_a_mark_is_kept_when_none_is_given(self, journal: Journal) -> None:
        """Saying SENDING again does not forget the mark."""
        await journal.accept(entry("a"))
        await journal.mark("a", State.SENDING, mark="nonce")
        await journal.mark("a", State.SENDING)
        assert (await journal.pending(0.0))[0].mark == "nonce"

    async def test_finished_entries_are_not_pending(self, journal: Journal) -> None:
        """Done, failed, cancelled and expired entries are never handed out again."""
        for state in State:
            await journal.accept(entry(state.value))
            await journal.mark(state.value, state)
        assert sorted(await ids(journal)) == ["accepted", "sending"]

    async def test_a_finished_entry_stays_finished(self, journal: Journal) -> None:
        """What comes after the end is too late."""
        await journal.accept(entry("a"))
        await journal.mark("a", State.CANCELLED)
        await journal.mark("a", State.SENDING)
        assert await ids(journal) == []

    async def test_an_id_is_accepted_once(self, journal: Journal) -> None:
        """A repeated event does not bring a delivered request back."""
        await journal.accept(entry("a"))
        await journal.mark("a", State.DONE)
        await journal.accept(entry("a"))
        assert await ids(journal) == []

    async def test_what_was_accepted_is_known_until_it_is_forgotten(self, journal: Journal) -> None:
        """Whatever became of it, and only by its whole id."""
        for state in State:
            await journal.accept(entry(f"{state}:1", at=1.0))
            await journal.mark(f"{state}:1", state)
        assert [await journal.knows(f"{state}:1") for state in State] == [True] * len(State)
        assert not any([await journal.knows(id) for id in ("done", "done:", "done:11", "DONE:1", "%", "")])
        await journal.forget(before=2.0)
        assert {state for state in State if await journal.knows(f"{state}:1")} == {State.ACCEPTED, State.SENDING}

    async def test_what_was_never_accepted_is_not_known(self, journal: Journal) -> None:
        """Marking alone makes nothing known, nor does looking for it."""
        await journal.mark("a", State.DONE)
        assert not await journal.knows("a")
        assert not await journal.knows("a")

    async def test_an_unknown_id_may_be_marked(self, journal: Journal) -> None:
        """A request that was never written down can be marked without harm."""
        await journal.mark("nobody", State.DONE)
        assert await ids(journal) == []

    async def test_expired_entries_are_set_expired(self, journal: Journal) -> None:
        """An entry whose time has come is handed out as that, whole, and then never again."""
        await journal.accept(entry("late", 0.0, expires=10.0))
        await journal.accept(entry("soon", 1.0, expires=10.5))
        late, soon = await journal.pending(10.0)
        assert (late.id, late.state, dict(late.request)) == ("late", State.EXPIRED, dict(entry("late").request))
        assert (soon.id, soon.state) == ("soon", State.ACCEPTED)
        assert await ids(journal, now=5.0) == ["soon"]

    async def test_what_is_not_wanted_is_left_to_others(self, journal: Journal) -> None:
        """Not expired either: another adapter, or another process, asks for it itself."""
        for id, expires in (("mine", None), ("theirs", None), ("their late one", 5.0)):
            await journal.accept(entry(id, expires=expires))
        assert [found.id for found in await journal.pending(9.0, lambda entry: entry.id == "mine")] == ["mine"]
        theirs = await journal.pending(4.0, lambda entry: entry.id != "mine")
        states = {found.id: found.state for found in theirs}
        assert states == {"their late one": State.ACCEPTED, "theirs": State.ACCEPTED}

    async def test_each_takes_its_own_and_together_they_take_all(self, journal: Journal) -> None:
        """Two that share a journal and ask at the same time hand nothing out twice, and leave nothing."""
        for number in range(20):
            await journal.accept(entry(f"{number:02}", float(number)))
        even, odd = await asyncio.gather(
            journal.pending(0.0, lambda entry: int(entry.id) % 2 == 0),
            journal.pending(0.0, lambda entry: int(entry.id) % 2 == 1),
        )
        assert [int(found.id) for found in even] == list(range(0, 20, 2))
        assert [int(found.id) for found in odd] == list(range(1, 20, 2))

    async def test_what_is_wanted_may_depend_on_all_that_was_written(self, journal: Journal) -> None:
        """The predicate sees the entry as it stands, mark and all."""
        await journal.accept(entry("a"))
        await journal.mark("a", State.SENDING, mark="nonce")
        assert await journal.pending(0.0, lambda entry: entry.mark is None) == []
        assert [found.id for found in await journal.pending(0.0, lambda entry: entry.mark == "nonce")] == ["a"]

    async def test_forgetting_drops_only_old_finished_entries(self, journal: Journal) -> None:
        """Unfinished entries stay however old, finished ones until their day."""
        for id, at in (("old", 1.0), ("open", 2.0), ("new", 9.0)):
            await journal.accept(entry(id, at))
        await journal.mark("old", State.DONE)
        await journal.mark("new", State.FAILED)
        assert await journal.forget(before=9.0) == 1
        assert await journal.forget(before=9.0) == 0
        assert await journal.forget(before=9.5) == 1
        assert await ids(journal) == ["open"]

    async def test_what_nobody_took_up_is_forgotten_some_time_after_its_end(self, journal: Journal) -> None:
        """Another adapter's that is gone, or another version's; not what may be delivered whenever it can be."""
        for id, expires in (("theirs", 5.0), ("later", 9.0), ("whenever", None)):
            await journal.accept(entry(id, expires=expires))
        assert await journal.forget(before=9.0) == 1
        assert await ids(journal) == ["later", "whenever"]

    async def test_a_burst_loses_nothing(self, journal: Journal) -> None:
        """A hundred requests accepted and half of them finished at once are all accounted for."""
        await asyncio.gather(*(journal.accept(entry(f"{n:03}", float(n))) for n in range(100)))
        await asyncio.gather(*(journal.mark(f"{n:03}", State.DONE) for n in range(0, 100, 2)))
        assert await ids(journal) == [f"{n:03}" for n in range(1, 100, 2)]
