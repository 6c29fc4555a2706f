"""How fair it is who had what: what Jain's index says of crowds whose fairness is known."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.queue import Dispatcher, Fairness, Job, Ticket
from bot.queue.shares import WINDOW, Shares, fairness, jain, max_min
from bot.speech import Priority
from tests.doubles.clock import now, run
from tests.doubles.crowd import (
    ENDLESS,
    Heard,
    Wish,
    hog_and_quiet,
    percentile,
    through_dispatcher,
    through_fifo,
)
from tests.doubles.crowd import jain as reference

SECONDS = st.floats(0.0, 1e4)
GUILDS = st.dictionaries(st.sampled_from("abcdefgh"), SECONDS)
WEIGHTS = st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0.01, 100.0))


class TestJain:
    """The index itself, as its authors describe it."""

    def test_all_alike_is_one(self) -> None:
        """However many there are, and however much they have."""
        assert jain([3.0] * 7) == pytest.approx(1.0)

    def test_one_who_has_everything_is_one_in_so_many(self) -> None:
        """The worst that can be."""
        assert jain([9.0, 0.0, 0.0, 0.0]) == pytest.approx(0.25)

    def test_the_authors_own_example(self) -> None:
        """Of parts of 1, 3 and 5 of what was due, the index is 0.77."""
        assert jain([1.0, 3.0, 5.0]) == pytest.approx(81 / 105)

    @given(st.lists(st.floats(0.001, 1e4), min_size=1), st.floats(0.01, 100.0))
    def test_it_is_bounded_and_knows_no_unit(self, values: list[float], unit: float) -> None:
        """From 1/n to 1, the same in minutes as in seconds, and as another hand has written it."""
        index = jain(values)
        assert 1 / len(values) - 1e-9 <= index <= 1 + 1e-9
        assert jain([value * unit for value in values]) == pytest.approx(index)
        assert index == pytest.approx(reference(values))

    def test_of_nothing_it_is_one(self) -> None:
        """Nobody has less than anybody."""
        assert jain([]) == jain([0.0, 0.0]) == 1.0


class TestMaxMin:
    """What is due to whom."""

    def test_who_wants_little_gets_it_and_the_others_share(self) -> None:
        """The textbook's case: ten for those who want 2, 2.6, 4 and 5."""
        due = max_min({"a": 2.0, "b": 2.6, "c": 4.0, "d": 5.0}, 10.0, {})
        assert due == pytest.approx({"a": 2.0, "b": 2.6, "c": 2.7, "d": 2.7})

    def test_a_heavy_guild_is_due_more_and_no_more_than_it_wants(self) -> None:
        """Weight counts where there is want."""
        assert max_min({"a": 9.0, "b": 9.0}, 8.0, {"a": 3.0}) == pytest.approx({"a": 6.0, "b": 2.0})
        assert max_min({"a": 3.0, "b": 9.0}, 8.0, {"a": 3.0}) == pytest.approx({"a": 3.0, "b": 5.0})

    @given(GUILDS, SECONDS, WEIGHTS)
    def test_nothing_is_given_twice_kept_back_or_forced_on_anybody(
        self, wanted: dict[str, float], total: float, weights: dict[str, float]
    ) -> None:
        """All of it goes to those who want it, up to what they want."""
        due = max_min(wanted, total, weights)
        assert all(0.0 <= due[guild] <= wanted[guild] for guild in wanted)
        assert sum(due.values()) == pytest.approx(min(total, sum(wanted.values())), abs=1e-6)

    @given(GUILDS, SECONDS, WEIGHTS)
    def test_nobody_could_have_more_but_from_who_has_less(
        self, wanted: dict[str, float], total: float, weights: dict[str, float]
    ) -> None:
        """Who did not get all has as much for their weight as anybody."""
        due = max_min(wanted, total, weights)
        level = {guild: due[guild] / weights.get(guild, 1.0) for guild in due}
        for guild in due:
            if due[guild] < wanted[guild] - 1e-6:
                assert level[guild] >= max(level.values()) - 1e-6 * (1 + max(level.values()))


class TestFairness:
    """What is made of what guilds had and wait for."""

    def test_who_talks_more_wrongs_nobody(self) -> None:
        """A thousand times as much as a neighbour who wanted no more is fair."""
        assert fairness({"hog": 1_000.0, "quiet": 1.0}, {}, {}) == Fairness(1.0, 2)

    def test_who_waits_in_vain_lowers_it(self) -> None:
        """Of two that want the same one had three parts and the other one: (1.5 + 0.5)² / 2 (1.5² + 0.5²)."""
        found = fairness({"a": 300.0, "b": 100.0}, {"a": 1e3, "b": 1e3}, {})
        assert found.index == pytest.approx(0.8)
        assert found.guilds == 2

    def test_who_got_nothing_at_all_counts(self) -> None:
        """One guild has everything, and nine wait."""
        overdue = {f"g{n}": 4.0 for n in range(9)}
        assert fairness({"hog": 1_000.0}, {"hog": 100.0, **overdue}, {}).index == pytest.approx(0.1, rel=0.01)

    def test_a_weight_is_no_privilege(self) -> None:
        """Three parts to one are fair where one weighs three."""
        had, overdue = {"a": 300.0, "b": 100.0}, {"a": 1e3, "b": 1e3}
        assert fairness(had, overdue, {"a": 3.0}).index == pytest.approx(1.0)
        assert fairness({"a": 200.0, "b": 200.0}, overdue, {"a": 3.0}).index < 0.9

    def test_where_nothing_was_made_nobody_is_preferred(self) -> None:
        """An engine that is down is no matter of fairness."""
        assert fairness({}, {"a": 4.0, "b": 8.0}, {}) == fairness({}, {}, {}) == Fairness(1.0, 0)

    @given(GUILDS, GUILDS, WEIGHTS)
    def test_it_is_bounded(self, had: dict[str, float], overdue: dict[str, float], weights: dict[str, float]) -> None:
        """From 1/n to 1 over as many guilds as were due anything."""
        found = fairness(had, overdue, weights)
        assert found.guilds <= len({*had, *overdue})
        assert 1 / max(1, found.guilds) - 1e-6 <= found.index <= 1 + 1e-6

    @given(st.dictionaries(st.sampled_from("abcdefgh"), st.floats(1.0, 1e4)), WEIGHTS)
    def test_where_nobody_is_overdue_all_is_well(self, had: dict[str, float], weights: dict[str, float]) -> None:
        """Whatever they had is what they wanted."""
        found = fairness(had, {}, weights)
        assert found.index == pytest.approx(1.0)
        assert found.guilds == len(had)


class TestShares:
    """A window that moves on."""

    def test_it_adds_up_and_forgets(self) -> None:
        """What was a window ago, and a step more, is gone; what is younger than a window is there."""
        shares = Shares(window=50.0)
        shares.add("a", 1.0, 0.0)
        shares.add("a", 2.0, 9.0)
        shares.add("b", 4.0, 45.0)
        assert shares.had(49.0) == {"a": 3.0, "b": 4.0}
        assert shares.had(59.0) == {"a": 3.0, "b": 4.0}
        assert shares.had(60.0) == {"b": 4.0}
        assert shares.had(1e6) == {}

    @given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.0, 9.0), st.floats(0.0, 40.0)), max_size=60))
    def test_it_holds_the_window_and_little_more(self, turns: list[tuple[str, float, float]]) -> None:
        """All of the last window, and nothing older than a fifth more, however the turns are spread."""
        shares, at, added = Shares(window=50.0), 0.0, list[tuple[str, float, float]]()
        for guild, seconds, pause in turns:
            at += pause
            shares.add(guild, seconds, at)
            added.append((guild, seconds, at))
        had = shares.had(at)
        for guild in "abc":
            least = sum(seconds for name, seconds, when in added if name == guild and when >= at - 50.0)
            most = sum(seconds for name, seconds, when in added if name == guild and when >= at - 60.0)
            assert least - 1e-6 <= had.get(guild, 0.0) <= most + 1e-6

    def test_memory_is_bounded(self) -> None:
        """Of a flood of guilds a sample is kept, and those in it are counted on."""
        shares = Shares(window=50.0, most=3)
        for number in range(1_000):
            shares.add(f"g{number}", 1.0, 1.0)
        shares.add("g0", 1.0, 2.0)
        assert shares.had(2.0) == {"g0": 2.0, "g1": 1.0, "g2": 1.0}
        for step in range(1_000):
            shares.add("g", 1.0, step * 50.0)
        assert len(shares._steps) <= 6

    def test_an_idle_engine_forgets_too(self) -> None:
        """Looking is enough, nobody need speak."""
        shares = Shares()
        shares.add("a", 1.0, 0.0)
        assert shares.had(2 * WINDOW) == {}


def watched(wishes: list[Wish], slots: int = 1, until: float = 200.0) -> list[float]:
    """The index every second while a crowd is served in fair turns."""
    found: list[float] = []

    async def crowd() -> None:
        dispatcher = Dispatcher({"e": slots}, limits=ENDLESS, clock=now, rtf={"e": 0.1})
        serving = asyncio.create_task(through_dispatcher(wishes, dispatcher=dispatcher))
        while not serving.done() and now() < until:
            await asyncio.sleep(1.0)
            found.append(dispatcher.fairness()["e"].index)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    run(crowd())
    return found


def plain(heard: list[Heard], at: float, asked_before: float) -> float:
    """The index at a time of a crowd that is served first come first served."""
    had, overdue = Shares(), dict[str, float]()
    for item in heard:
        guild, seconds = item.wish.guild, item.wish.sentences[item.number]
        if item.ended <= at:
            had.add(guild, seconds, item.ended)
        elif item.asked < asked_before:
            overdue[guild] = overdue.get(guild, 0.0) + seconds
    return fairness(had.had(at), overdue, {}).index


class TestCrowds:
    """What an operator sees."""

    @pytest.mark.parametrize("slots", [1, 3])
    def test_fair_turns_look_fair(self, slots: int) -> None:
        """Beside a guild with a thousand wishes fifty quiet ones come and go: the index stays where it belongs."""
        found = watched(hog_and_quiet(), slots)
        assert percentile(found, 0.05) >= 0.9
        assert min(found) >= 0.8

    @pytest.mark.parametrize("slots", [1, 4])
    def test_a_rush_is_not_unfair(self, slots: int) -> None:
        """Fifty guilds that come in one moment are served one after the other, and none of them is wronged by that."""
        rush = [Wish(f"g{n}", "u", 0.0, (4.0,)) for n in range(50)]
        assert min(watched(rush, slots)) >= 0.9

    def test_a_plain_line_looks_unfair(self) -> None:
        """The same crowd, first come first served: the hog has nearly all, and it shows at once and to the end."""
        wishes = hog_and_quiet()
        heard = through_fifo(wishes)
        assert all(plain(heard, at, at - 40.0) < 0.35 for at in (100.0, 150.0, 200.0, 300.0))

    def test_all_who_want_more_get_the_same(self) -> None:
        """Fifty-one guilds that all have more to say than they can: the index is what it is of their plain seconds."""
        wishes = [replace(wish, at=0.0) for wish in hog_and_quiet(each=40)]
        found = watched(wishes, until=100.0)
        assert found[-1] >= 0.95

    def test_who_is_given_weight_is_measured_by_it(self) -> None:
        """A guild of weight 3 has three parts, and that is fair."""
        wishes = [Wish(guild, "u", 0.0, (3.0,)) for guild in "abc" for _ in range(200)]
        indexes: list[float] = []

        async def crowd(dispatcher: Dispatcher) -> None:
            dispatcher.weigh("a", 3.0)
            serving = asyncio.create_task(through_dispatcher(wishes, dispatcher=dispatcher))
            await asyncio.sleep(60.0)
            desk = dispatcher._desks["e"]
            indexes.append(dispatcher.fairness()["e"].index)
            indexes.append(jain(desk.shares.had(now()).values()))
            await serving

        async def main() -> None:
            await crowd(Dispatcher({"e": 1}, limits=ENDLESS, clock=now, rtf={"e": 0.1}))

        run(main())
        fair, blind = indexes
        assert fair >= 0.99
        assert blind < 0.85


class TestDispatcher:
    """What the dispatcher tells of it."""

    def test_engines_are_no_rivals(self) -> None:
        """What a guild has of one engine takes nothing from a guild that wants another."""

        async def crowd() -> None:
            dispatcher = Dispatcher({"e": 1, "f": 0}, clock=now, rtf={"e": 0.1})
            await through_dispatcher([Wish("a", "u", 0.0, (3.0,) * 20)], dispatcher=dispatcher)
            held = dispatcher.admit(Job("held", "b", "u", Priority.HIGH, now()), "f", 3.0, 1)
            assert isinstance(held, Ticket)
            waiting = asyncio.create_task(held.turn(3.0).__aenter__())
            await asyncio.sleep(250.0)
            assert dispatcher.fairness() == {"e": Fairness(1.0, 1), "f": Fairness(1.0, 0)}
            waiting.cancel()

        run(crowd())

    def test_what_is_charged_is_what_is_counted(self) -> None:
        """Seconds that were made, not those of the estimate; and nothing for a turn that never began."""

        async def crowd() -> None:
            dispatcher = Dispatcher({"e": 1}, clock=now, rtf={"e": 0.1})
            await through_dispatcher([Wish("a", "u", 0.0, (3.0, 4.0))], dispatcher=dispatcher, guess=lambda _: 9.0)
            ticket = dispatcher.admit(Job("gone", "b", "u", Priority.HIGH, now()), "e")
            assert isinstance(ticket, Ticket)
            ticket.release()
            assert dispatcher._desks["e"].shares.had(now()) == {"a": pytest.approx(7.0)}

        run(crowd())
