"""Admission, turns, cancelling, deadlines and closing, in virtual time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from functools import wraps
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from bot.errors import Cancelled, Expired
from bot.queue import Dispatcher, Job, Limits, Position, Ticket
from bot.speech import Priority, Reason, Refusal
from tests.doubles.clock import now, run

IDS = count()
RTF = 0.1


def virtual(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test in virtual time."""

    @wraps(test)
    def inner(*args: Any, **kwargs: Any) -> None:
        run(test(*args, **kwargs))

    return inner


def desk(slots: int = 1, **kwargs: Any) -> Dispatcher:
    """A dispatcher of one engine, ``e``, on the virtual clock."""
    return Dispatcher({"e": slots}, clock=now, rtf={"e": RTF}, **kwargs)


def job(
    guild: str = "g",
    user: str = "u",
    priority: Priority = Priority.NORMAL,
    *,
    at: float | None = None,
    deadline: float | None = None,
) -> Job:
    """A job that came just now."""
    return Job(f"{next(IDS)}", guild, user, priority, now() if at is None else at, deadline)


def admitted(dispatcher: Dispatcher, item: Job, engine: str = "e") -> Ticket:
    """The ticket of a job that is sure to be admitted."""
    ticket = dispatcher.admit(item, engine)
    assert isinstance(ticket, Ticket), ticket
    return ticket


def refused(dispatcher: Dispatcher, item: Job, engine: str = "e") -> Refusal:
    """The refusal of a job that is sure to be refused."""
    refusal = dispatcher.admit(item, engine)
    assert isinstance(refusal, Refusal)
    return refusal


async def say(ticket: Ticket, *sentences: float, said: list[str] | None = None) -> None:
    """Speak sentences of so many seconds of audio each, and release."""
    with ticket:
        for seconds in sentences:
            async with ticket.turn(seconds):
                if said is not None:
                    said.append(ticket.job.id)
                await asyncio.sleep(seconds * RTF)
                ticket.made(seconds)


async def settled() -> None:
    """Let everything happen that needs no time."""
    for _ in range(10):
        await asyncio.sleep(0)


async def assert_free(dispatcher: Dispatcher, slots: int) -> None:
    """Nobody is left in the house, and every slot can be had at once."""
    assert (dispatcher.running(), dispatcher.waiting()) == (0, 0)
    before = now()
    tickets = [admitted(dispatcher, job(f"fresh{n}")) for n in range(slots)]
    async with asyncio.timeout(1.0):
        for ticket in tickets:
            await ticket.turn(1.0).__aenter__()
    assert now() == before
    assert dispatcher.running() == slots
    for ticket in tickets:
        ticket.release()
    await settled()
    assert (dispatcher.running(), dispatcher.waiting()) == (0, 0)


def waited(priority: Priority, what: str) -> float:
    """The ``count`` or the ``sum`` of the waits that were counted for a priority."""
    name, labels = f"tts_queue_wait_seconds_{what}", {"priority": priority.name.lower()}
    return REGISTRY.get_sample_value(name, labels) or 0.0


class TestTurns:
    """Slots, and who gets them."""

    @virtual
    async def test_a_free_slot_is_had_at_once(self) -> None:
        """Nobody waits before an idle engine, not even for one turn of the loop."""
        ticket = admitted(desk(), job())
        entering = ticket.turn(1.0).__aenter__()
        with pytest.raises(StopIteration):
            entering.send(None)
        ticket.release()

    @virtual
    async def test_an_engine_works_on_as_much_as_it_has_slots(self) -> None:
        """Three slots take three turns at once, and the fourth when one is done."""
        dispatcher = desk(3)
        most = 0

        async def watched(ticket: Ticket) -> None:
            nonlocal most
            async with ticket.turn(10.0):
                most = max(most, dispatcher.running())
                await asyncio.sleep(1.0)
            ticket.release()

        await asyncio.gather(*(watched(admitted(dispatcher, job(f"g{n}"))) for n in range(9)))
        assert (most, now()) == (3, 3.0)

    @virtual
    async def test_engines_do_not_wait_for_each_other(self) -> None:
        """Each engine has slots and a queue of its own."""
        dispatcher = Dispatcher({"slow": 1, "fast": 1}, clock=now)
        slow = [admitted(dispatcher, job(), "slow") for _ in range(3)]
        fast = admitted(dispatcher, job(), "fast")
        tasks = [asyncio.create_task(say(ticket, 100.0)) for ticket in slow]
        await say(fast, 10.0)
        assert now() == 1.0
        await asyncio.gather(*tasks)

    @virtual
    async def test_who_hurries_through_leaves_no_trail(self) -> None:
        """A job of very many sentences that take no time does not fill the loop with wishes to be served."""
        loop, dispatcher = asyncio.get_running_loop(), desk()
        with admitted(dispatcher, job()) as ticket:
            for _ in range(1_000):
                async with ticket.turn(1.0):
                    pass
        assert len(loop._ready) < 10  # type: ignore[attr-defined]

    @virtual
    async def test_turns_go_in_fair_order(self) -> None:
        """Guilds take turns, whoever came first."""
        dispatcher, said = desk(), list[str]()
        a = [admitted(dispatcher, job("a")) for _ in range(4)]
        b = [admitted(dispatcher, job("b")) for _ in range(2)]
        await asyncio.gather(*(say(ticket, 5.0, said=said) for ticket in [*a, *b]))
        names = {ticket.job.id: ticket.job.guild for ticket in [*a, *b]}
        assert [names[id] for id in said] == ["a", "b", "a", "b", "a", "a"]

    @virtual
    async def test_jobs_of_one_moment_keep_the_order_of_their_admission(self) -> None:
        """Between sentences a job stays before its user's next one though both were accepted at once."""
        dispatcher, said = desk(), list[str]()
        first, second = admitted(dispatcher, job(at=0.0)), admitted(dispatcher, job(at=0.0))
        await asyncio.gather(say(first, 2.0, 2.0, 2.0, said=said), say(second, 2.0, 2.0, said=said))
        assert said == [first.job.id] * 3 + [second.job.id] * 2

    @virtual
    async def test_a_weight_reaches_every_engine(self) -> None:
        """A guild of weight 3 has three turns for one of another's, also on an engine that came later."""
        dispatcher, said = desk(), list[str]()
        dispatcher.weigh("a", 3.0)
        dispatcher.set_slots("late", 1)
        for engine in ("e", "late"):
            said.clear()
            tickets = [admitted(dispatcher, job(guild), engine) for _ in range(8) for guild in "ab"]
            await asyncio.gather(*(say(ticket, 5.0, said=said) for ticket in tickets))
            names = {ticket.job.id: ticket.job.guild for ticket in tickets}
            assert [names[id] for id in said[:8]].count("a") == 6

    @virtual
    async def test_one_turn_at_a_time(self) -> None:
        """A job that asks for a second turn inside the first is told so, and keeps the first."""
        dispatcher = desk(2)
        with admitted(dispatcher, job()) as ticket:
            async with ticket.turn(1.0):
                with pytest.raises(RuntimeError, match="one turn"):
                    await ticket.turn(1.0).__aenter__()
                assert dispatcher.running() == 1
        with pytest.raises(RuntimeError, match="released"):
            await ticket.turn(1.0).__aenter__()
        await assert_free(dispatcher, 2)

    @virtual
    async def test_a_turn_may_cost_nothing_by_estimate(self) -> None:
        """An estimate of zero is charged as a breath."""
        dispatcher = desk()
        await say(admitted(dispatcher, job()), 0.0)
        await assert_free(dispatcher, 1)

    @virtual
    async def test_an_error_inside_a_turn_gives_the_slot_back(self) -> None:
        """An engine that fails fails alone."""
        dispatcher = desk()
        with pytest.raises(OSError), admitted(dispatcher, job()) as ticket:
            async with ticket.turn(1.0):
                raise OSError
        await assert_free(dispatcher, 1)

    @virtual
    async def test_a_guild_whose_job_died_can_speak_again(self) -> None:
        """No flag stays behind a job that was killed while it spoke or waited (lenlino#14)."""
        dispatcher = desk(limits=Limits(per_user=2))
        for _ in range(20):
            tasks = [asyncio.create_task(say(admitted(dispatcher, job()), 50.0, 50.0)) for _ in range(2)]
            await asyncio.sleep(1.0)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await say(admitted(dispatcher, job()), 10.0)
        await assert_free(dispatcher, 1)

    @virtual
    async def test_a_failed_turn_is_charged_its_estimate(self) -> None:
        """A guild whose sentences all fail does not get the engine for nothing."""
        dispatcher, said = desk(), list[str]()

        async def failing(ticket: Ticket) -> None:
            with ticket:
                for _ in range(40):
                    async with ticket.turn(5.0):
                        said.append("failing")
                        await asyncio.sleep(0.5)

        async def speaking(ticket: Ticket) -> None:
            with ticket:
                for _ in range(40):
                    async with ticket.turn(5.0):
                        said.append("speaking")
                        await asyncio.sleep(0.5)
                        ticket.made(5.0)

        await asyncio.gather(failing(admitted(dispatcher, job("f"))), speaking(admitted(dispatcher, job("s"))))
        assert said[:40].count("failing") == 20

    @virtual
    async def test_what_was_made_outside_a_turn_is_nobodys(self) -> None:
        """A late report is ignored."""
        ticket = admitted(desk(), job())
        ticket.made(5.0)
        ticket.release()


class TestSlots:
    """Changing how much an engine does at once."""

    @virtual
    async def test_more_slots_are_used_at_once(self) -> None:
        """Who waits gets a new slot without waiting for an old one."""
        dispatcher = desk(1)
        tasks = [asyncio.create_task(say(admitted(dispatcher, job()), 10.0)) for _ in range(4)]
        await settled()
        dispatcher.set_slots("e", 4)
        await asyncio.gather(*tasks)
        assert now() == 1.0

    @virtual
    async def test_fewer_slots_break_nothing_off(self) -> None:
        """Turns that run go on, and no other begins until there is room again."""
        dispatcher = desk(2)
        tasks = [asyncio.create_task(say(admitted(dispatcher, job()), 10.0)) for _ in range(4)]
        await settled()
        dispatcher.set_slots("e", 1)
        assert dispatcher.running() == 2
        await asyncio.gather(*tasks)
        assert now() == 3.0

    @virtual
    async def test_an_engine_may_be_held(self) -> None:
        """With no slots everybody waits, without an end in sight, until there are some."""
        dispatcher = desk(0)
        ticket = admitted(dispatcher, job())
        task = asyncio.create_task(say(ticket, 10.0))
        await asyncio.sleep(60.0)
        assert ticket.position == Position(0, float("inf"))
        dispatcher.set_slots("e", 1)
        await task
        assert now() == 61.0

    def test_slots_are_counted(self) -> None:
        """Fewer than none is a mistake."""
        with pytest.raises(ValueError, match="-1"):
            desk(-1)


class TestCancelling:
    """Somebody asked for it to stop."""

    @virtual
    async def test_who_waits_is_woken(self) -> None:
        """A cancelled job leaves the queue at once, and its turn raises Cancelled."""
        dispatcher = desk()
        speaking = asyncio.create_task(say(admitted(dispatcher, job()), 100.0))
        ticket = admitted(dispatcher, job())
        waiting = asyncio.create_task(say(ticket, 10.0))
        await settled()
        assert dispatcher.waiting() == 1
        ticket.cancel()
        assert dispatcher.waiting() == 0
        with pytest.raises(Cancelled):
            await waiting
        assert (now(), ticket.released) == (0.0, True)
        await speaking

    @virtual
    async def test_who_speaks_is_told(self) -> None:
        """A running turn is left to its owner, who is called back once; the next turn does not begin."""
        dispatcher, called = desk(), list[float]()
        ticket = admitted(dispatcher, job())
        ticket.on_cancel(lambda: called.append(now()))
        task = asyncio.create_task(say(ticket, 50.0, 50.0))
        await asyncio.sleep(1.0)
        ticket.cancel()
        ticket.cancel()
        assert (called, ticket.cancelled, dispatcher.running()) == ([1.0], True, 1)
        with pytest.raises(Cancelled):
            await task
        assert now() == 5.0
        await assert_free(dispatcher, 1)

    @virtual
    async def test_the_owner_may_cancel_the_runner(self) -> None:
        """With the task's own cancel as callback, a running turn ends at once."""
        dispatcher = desk()
        ticket = admitted(dispatcher, job())
        task = asyncio.create_task(say(ticket, 500.0))
        ticket.on_cancel(lambda: task.cancel())
        await asyncio.sleep(1.0)
        ticket.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert now() == 1.0
        await assert_free(dispatcher, 1)

    @virtual
    async def test_who_asks_after_the_fact_is_told_at_once(self) -> None:
        """A callback for a job that was cancelled is called there and then; for one that is over, never."""
        dispatcher, called = desk(), list[str]()
        ticket = admitted(dispatcher, job())
        ticket.cancel()
        ticket.on_cancel(lambda: called.append("cancelled"))
        ticket.release()
        over = admitted(dispatcher, job())
        over.release()
        over.on_cancel(lambda: called.append("over"))
        over.cancel()
        assert (called, over.cancelled) == (["cancelled"], False)

    @virtual
    async def test_a_cancel_between_sentences_stops_the_next(self) -> None:
        """A job that holds nothing at the moment gets no further turn."""
        dispatcher = desk()
        with admitted(dispatcher, job()) as ticket:
            async with ticket.turn(1.0):
                pass
            ticket.cancel()
            with pytest.raises(Cancelled):
                await ticket.turn(1.0).__aenter__()
        await assert_free(dispatcher, 1)

    @virtual
    async def test_a_cancel_in_the_step_of_the_hand_over_gives_the_slot_back(self) -> None:
        """Who is cancelled when they have a slot but do not know it yet does not begin, and the next one does."""
        dispatcher, said = desk(), list[str]()
        holder = admitted(dispatcher, job())
        async with holder.turn(1.0):
            unlucky, lucky = admitted(dispatcher, job()), admitted(dispatcher, job())
            tasks = [asyncio.create_task(say(ticket, 10.0, said=said)) for ticket in (unlucky, lucky)]
            await settled()
        asyncio.get_running_loop().call_soon(unlucky.cancel)  # runs right after the dispatch, before the waiter
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(results[0], Cancelled)
        assert said == [lucky.job.id]
        holder.release()
        await assert_free(dispatcher, 1)

    @pytest.mark.parametrize("what", ["task", "ticket", "release", "both"])
    @pytest.mark.parametrize("steps", range(6))
    @virtual
    async def test_a_cancel_at_any_step_of_the_hand_over_loses_no_slot(self, what: str, steps: int) -> None:
        """However many steps after the slot was freed it comes, and whoever it comes from."""
        dispatcher = desk()
        holder = admitted(dispatcher, job())
        async with holder.turn(1.0):
            ticket = admitted(dispatcher, job())
            task = asyncio.create_task(say(ticket, 10.0))
            await settled()
        for _ in range(steps):
            await asyncio.sleep(0)
        if what in ("ticket", "both"):
            ticket.cancel()
        if what in ("task", "both"):
            task.cancel()
        if what == "release":
            ticket.release()
        await asyncio.gather(task, return_exceptions=True)
        holder.release()
        await assert_free(dispatcher, 1)

    @virtual
    async def test_a_task_that_is_cancelled_while_it_waits_leaves_the_queue(self) -> None:
        """Even if its ticket is kept, for another try."""
        dispatcher, said = desk(), list[str]()
        holder, ticket = admitted(dispatcher, job()), admitted(dispatcher, job())
        async with holder.turn(1.0):
            for _ in range(3):
                task = asyncio.ensure_future(ticket.turn(1.0).__aenter__())
                await settled()
                assert dispatcher.waiting() == 1
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                assert dispatcher.waiting() == 0
        await say(ticket, 1.0, said=said)
        holder.release()
        assert said == [ticket.job.id]
        await assert_free(dispatcher, 1)

    @virtual
    async def test_a_turn_that_never_began_costs_nothing(self) -> None:
        """A guild whose wait is cancelled in the step of the hand-over still has its share."""
        dispatcher = desk()
        holder = admitted(dispatcher, job("h"))
        async with holder.turn(1.0):
            tasks = [asyncio.create_task(say(admitted(dispatcher, job("a", user="x")), 30.0))]
            await settled()
            tasks += [asyncio.create_task(say(admitted(dispatcher, job("b")), 5.0)) for _ in range(10)]
            await settled()
        await asyncio.sleep(0)
        assert dispatcher.waiting() == 10  # the first has its slot, and does not know it yet
        tasks[0].cancel()
        ticket = admitted(dispatcher, job("a"))
        tasks.append(asyncio.create_task(say(ticket, 5.0)))
        await settled()
        assert ticket.position.ahead <= 1
        await asyncio.gather(*tasks, return_exceptions=True)
        holder.release()
        await assert_free(dispatcher, 1)

    @virtual
    async def test_an_old_ticket_does_not_disturb_a_new_one_of_the_same_id(self) -> None:
        """A job that was released from outside and admitted again waits on, whatever its old task does."""
        dispatcher = desk()
        holder, item = admitted(dispatcher, job()), job()
        old = admitted(dispatcher, item)

        async def again() -> None:
            old.release()
            await say(admitted(dispatcher, item), 1.0)

        async with holder.turn(1.0):
            tasks = [asyncio.create_task(say(old, 1.0))]
            await settled()
            tasks.append(asyncio.create_task(again()))
            await settled()
            assert (tasks[0].done(), dispatcher.waiting()) == (True, 1)
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert (type(results[0]), results[1]) == (Cancelled, None)
        holder.release()
        await assert_free(dispatcher, 1)

    @virtual
    async def test_a_release_gives_back_what_the_job_still_holds(self) -> None:
        """Whoever owns the ticket can end the job from outside: waiting or running, nothing stays behind."""
        dispatcher = desk()
        running, waiting = admitted(dispatcher, job()), admitted(dispatcher, job())
        tasks = [asyncio.create_task(say(ticket, 10.0)) for ticket in (running, waiting)]
        await settled()
        waiting.release()
        running.release()
        waiting.release()
        await settled()
        await assert_free(dispatcher, 1)
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert (results[0], type(results[1])) == (None, Cancelled)
        await assert_free(dispatcher, 1)


class TestDeadlines:
    """Too late is worthless."""

    @virtual
    async def test_a_deadline_wakes_who_waits(self) -> None:
        """At its deadline a waiting turn raises Expired by itself, though nothing else happens."""
        dispatcher = desk()
        speaking = asyncio.create_task(say(admitted(dispatcher, job()), 1_000.0))
        await settled()
        with pytest.raises(Expired):
            await say(admitted(dispatcher, job(deadline=7.5)), 1.0)
        assert (now(), dispatcher.waiting()) == (7.5, 0)
        await speaking
        await assert_free(dispatcher, 1)

    @virtual
    async def test_a_deadline_does_not_break_off_a_turn(self) -> None:
        """What began in time is finished."""
        dispatcher = desk()
        await say(admitted(dispatcher, job(deadline=1.0)), 100.0)
        assert now() == 10.0

    @virtual
    @pytest.mark.parametrize("known", [True, False])
    async def test_what_has_begun_has_its_other_turns_after_the_deadline_too(self, known: bool) -> None:
        """Half an answer helps nobody: the deadline is for the first sentence, the rest being announced or not."""
        dispatcher = desk()
        costs = (100.0, 1.0)
        first = dispatcher.admit(job(deadline=1.0), "e", sum(costs) if known else 0.0, len(costs) if known else 0)
        assert isinstance(first, Ticket)
        other = asyncio.create_task(say(admitted(dispatcher, job("h")), 50.0))
        await say(first, *costs)
        assert now() == 15.1
        await other
        await assert_free(dispatcher, 1)

    @virtual
    async def test_what_comes_too_late_is_refused(self) -> None:
        """A job whose deadline has passed is not admitted."""
        await asyncio.sleep(5.0)
        assert refused(desk(), job(deadline=5.0)).reason is Reason.EXPIRED

    @virtual
    async def test_no_timer_outlives_its_wait(self) -> None:
        """A turn that began in time leaves no timer behind to go off."""
        dispatcher = desk()
        await say(admitted(dispatcher, job(deadline=1_000.0)), 1.0, 1.0)
        live = [timer for timer in asyncio.get_running_loop()._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]
        assert live == []

    @virtual
    async def test_a_turn_at_the_very_deadline_costs_no_slot(self) -> None:
        """When the slot is freed in the moment of the deadline, the job expires and the next one speaks."""
        dispatcher, said = desk(), list[str]()
        holder = asyncio.create_task(say(admitted(dispatcher, job()), 10.0))
        late, fine = admitted(dispatcher, job(deadline=1.0)), admitted(dispatcher, job())
        tasks = [asyncio.create_task(say(ticket, 1.0, said=said)) for ticket in (late, fine)]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert (type(results[0]), said) == (Expired, [fine.job.id])
        await holder
        await assert_free(dispatcher, 1)


class TestPromotion:
    """A job that somebody else wants too."""

    @virtual
    async def test_a_job_goes_when_the_more_urgent_asker_would_have_gone(self) -> None:
        """Before those who wait longer for less, and not before who was as urgent earlier."""
        dispatcher, said = desk(), list[str]()
        busy = asyncio.create_task(say(admitted(dispatcher, job("g", "x")), 50.0))
        await settled()
        names = {}
        for name, user, priority in (
            ("reading", "a", Priority.LOW),
            ("reply", "b", Priority.NORMAL),
            ("urgent", "c", Priority.HIGH),
        ):
            ticket = admitted(dispatcher, job("g", user, priority))
            names[ticket.job.id] = name
            if name == "reading":
                low = ticket
            asyncio.create_task(say(ticket, 1.0, 1.0, said=said))  # noqa: RUF006 (waited for by what it says)
            await settled()
        await asyncio.sleep(1.0)
        assert low.position.ahead == 2
        assert low.promote(now(), Priority.HIGH, None)
        assert low.position.ahead == 1
        await busy
        await asyncio.sleep(10.0)
        assert [names[id] for id in said] == ["urgent", "reading", "urgent", "reading", "reply", "reply"]
        await assert_free(dispatcher, 1)

    @virtual
    async def test_who_is_less_urgent_changes_nothing(self) -> None:
        """Nor does who comes later and is as urgent."""
        dispatcher = desk()
        ticket = admitted(dispatcher, job(priority=Priority.NORMAL))
        before = ticket.job
        assert ticket.promote(now() + 5.0, Priority.NORMAL, None)
        assert ticket.promote(now(), Priority.LOW, None)
        assert ticket.job == before

    @virtual
    async def test_the_later_deadline_holds(self) -> None:
        """For a turn that waits already too; who has none wants it for ever."""
        dispatcher = desk(0)
        for later, given_up in ((8.0, 8.0), (3.0, 5.0), (None, None)):
            began = now()
            ticket = admitted(dispatcher, job(deadline=began + 5.0))
            waiting = asyncio.create_task(say(ticket, 1.0))
            await asyncio.sleep(1.0)
            assert ticket.promote(now(), Priority.NORMAL, None if later is None else began + later)
            await asyncio.wait([waiting], timeout=100.0)
            if given_up is None:
                assert not waiting.done()
                ticket.cancel()
                await asyncio.wait([waiting])
            else:
                assert isinstance(waiting.exception(), Expired)
                assert now() == began + given_up

    @virtual
    async def test_what_is_over_or_given_up_is_not_promoted(self) -> None:
        """Whoever comes then needs a job of their own."""
        dispatcher = desk(0)
        cancelled, released = admitted(dispatcher, job()), admitted(dispatcher, job())
        cancelled.cancel()
        released.release()
        late = admitted(dispatcher, job(deadline=now() + 1.0))
        asyncio.create_task(say(late, 1.0)).add_done_callback(lambda task: task.exception())
        turn = None
        while turn is None:
            await asyncio.sleep(0)
            turn = late._turn
        turn.end(Expired("Too late."))
        for ticket in (cancelled, released, late):
            assert not ticket.promote(now(), Priority.HIGH, None)

    @virtual
    async def test_a_promoted_job_is_still_one_of_who_asked_first(self) -> None:
        """It counts for them, once, and is counted out."""
        dispatcher = desk(limits=Limits(per_user=1))
        ticket = admitted(dispatcher, job("g", "u"))
        ticket.promote(now(), Priority.HIGH, None)
        assert refused(dispatcher, job("g", "u")).reason is Reason.USER_QUEUE_FULL
        await say(ticket, 1.0)
        await assert_free(dispatcher, 1)


class TestBounds:
    """How much may wait, and the friendly no."""

    @virtual
    async def test_a_user_may_have_so_many(self) -> None:
        """The next one is refused to this user in this guild, and to nobody else."""
        dispatcher = desk(limits=Limits(per_user=2))
        tickets = [admitted(dispatcher, job()) for _ in range(2)]
        refusal = refused(dispatcher, job())
        assert (refusal.reason, refusal.details["limit"]) == (Reason.USER_QUEUE_FULL, 2)
        assert isinstance(dispatcher.admit(job(user="v"), "e"), Ticket)
        assert isinstance(dispatcher.admit(job("h"), "e"), Ticket)
        tickets[0].release()
        assert isinstance(dispatcher.admit(job(), "e"), Ticket)

    @virtual
    async def test_a_guild_may_have_so_many(self) -> None:
        """A full guild refuses its next user, and other guilds do not notice."""
        dispatcher = desk(limits=Limits(per_guild=3))
        for n in range(3):
            admitted(dispatcher, job(user=f"u{n}"))
        refusal = refused(dispatcher, job(user="u9"))
        assert (refusal.reason, refusal.details["limit"]) == (Reason.GUILD_QUEUE_FULL, 3)
        admitted(dispatcher, job("h"))

    @virtual
    async def test_the_house_holds_so_many(self) -> None:
        """When all of it is full everybody is refused."""
        dispatcher = desk(limits=Limits(total=2))
        for n in range(2):
            admitted(dispatcher, job(f"g{n}"))
        refusal = refused(dispatcher, job("h"))
        assert (refusal.reason, refusal.details["limit"]) == (Reason.QUEUE_FULL, 2)

    @virtual
    async def test_a_released_ticket_frees_its_place_once(self) -> None:
        """Releasing twice does not make room for two."""
        dispatcher = desk(limits=Limits(per_user=1))
        ticket = admitted(dispatcher, job())
        ticket.release()
        ticket.release()
        admitted(dispatcher, job())
        assert refused(dispatcher, job()).reason is Reason.USER_QUEUE_FULL

    @virtual
    async def test_bounds_change_while_it_runs(self) -> None:
        """Lower bounds let who is here stay, and a guild may have its own."""
        dispatcher = desk()
        tickets = [admitted(dispatcher, job()) for _ in range(5)]
        dispatcher.limits = Limits(per_user=3)
        assert (dispatcher.limits.per_user, len(tickets)) == (3, 5)
        assert refused(dispatcher, job()).details["limit"] == 3
        dispatcher.limit_guild("g", Limits(per_user=6))
        admitted(dispatcher, job())
        assert refused(dispatcher, job()).details["limit"] == 6
        dispatcher.limit_guild("g", None)
        assert refused(dispatcher, job()).details["limit"] == 3

    @virtual
    async def test_a_guilds_own_bounds_may_come_with_each_job(self) -> None:
        """They hold for that job alone, whether narrower or wider, and never widen the house."""
        dispatcher = desk(limits=Limits(per_user=2, per_guild=3, total=5))
        for _ in range(2):
            admitted(dispatcher, job())
        assert refused(dispatcher, job()).details["limit"] == 2
        for narrow in ({"per_user": 1}, {"per_user": 9, "per_guild": 2}):
            no = dispatcher.admit(job(), "e", **narrow)
            assert isinstance(no, Refusal)
            assert no.details["limit"] == min(narrow.values())
        for _ in range(3):
            assert isinstance(dispatcher.admit(job(), "e", per_user=9, per_guild=9), Ticket)
        no = dispatcher.admit(job(), "e", per_user=9, per_guild=9)
        assert isinstance(no, Refusal)
        assert no.reason is Reason.QUEUE_FULL

    @virtual
    async def test_a_refusal_says_what_to_do_and_when(self) -> None:
        """Each ends with an instruction, and the time it names grows with what waits."""
        dispatcher = desk(limits=Limits(per_user=1, per_guild=2, total=60))
        tasks = [asyncio.create_task(say(admitted(dispatcher, job(f"g{n}")), 30.0, 30.0)) for n in range(50)]
        await asyncio.sleep(20.0)
        user = refused(dispatcher, job("g0"))
        assert user.retry_after is not None
        assert 5.0 <= user.retry_after <= 150.0
        assert user.message.endswith(f"try again in about {user.retry_after:.0f} seconds.") or "minutes" in user.message
        await asyncio.gather(*tasks)
        admitted(dispatcher, job("g0"))
        quiet = refused(dispatcher, job("g0"))
        assert quiet.retry_after is not None
        assert quiet.retry_after < user.retry_after

    @virtual
    async def test_an_unknown_engine_is_refused_by_name(self) -> None:
        """The refusal names the engines that there are."""
        refusal = refused(desk(), job(), "hal9000")
        assert refusal.reason is Reason.UNKNOWN_ENGINE
        assert "hal9000" in refusal.message
        assert refusal.message.endswith("Choose one of these: e.")

    @virtual
    async def test_a_job_is_admitted_once(self) -> None:
        """The same id twice at once is a mistake of the caller."""
        dispatcher = desk()
        item = job()
        ticket = admitted(dispatcher, item)
        with pytest.raises(ValueError, match="already"):
            dispatcher.admit(item, "e")
        assert dispatcher.ticket(item.id) is ticket
        ticket.release()
        assert dispatcher.ticket(item.id) is None
        admitted(dispatcher, item)


class TestDraining:
    """Closing: stop intake, let them finish, then stop them."""

    @virtual
    async def test_who_is_in_may_finish(self) -> None:
        """All sentences of admitted jobs are said, nobody else comes in, and drain ends with the last."""
        dispatcher, said = desk(), list[str]()
        tasks = [asyncio.create_task(say(admitted(dispatcher, job(f"g{n}")), 10.0, 10.0, said=said)) for n in range(3)]
        await settled()
        draining = asyncio.create_task(dispatcher.drain(60.0))
        await settled()
        refusal = refused(dispatcher, job())
        assert (refusal.reason, dispatcher.closing) == (Reason.CLOSING, True)
        assert refusal.retry_after is not None
        assert await draining == 0
        assert (len(said), now()) == (6, 6.0)
        await asyncio.gather(*tasks)

    @virtual
    async def test_who_takes_too_long_is_cancelled(self) -> None:
        """After the timeout the waiting are woken, the running are told, and drain waits for them to leave."""
        dispatcher = desk()
        tickets = [admitted(dispatcher, job(f"g{n}")) for n in range(3)]
        tasks = [asyncio.create_task(say(ticket, 100.0)) for ticket in tickets]
        for ticket, task in zip(tickets, tasks, strict=True):
            ticket.on_cancel(task.cancel)
        assert await dispatcher.drain(5.0) == 3
        assert now() == 5.0
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(result) for result in results] == [asyncio.CancelledError, Cancelled, Cancelled]
        assert (dispatcher.running(), dispatcher.waiting()) == (0, 0)

    @virtual
    async def test_a_deaf_job_does_not_hold_the_door(self) -> None:
        """A job that does not end when cancelled is waited for only so long."""
        dispatcher = desk()
        task = asyncio.create_task(say(admitted(dispatcher, job()), 1_000.0))
        await settled()
        assert await dispatcher.drain(1.0, grace=2.0) == 1
        assert now() == 3.0
        await task

    @virtual
    async def test_an_empty_house_closes_at_once(self) -> None:
        """There is nothing to wait for, and closing again does no harm."""
        dispatcher = desk()
        assert await dispatcher.drain(60.0) == 0
        assert await dispatcher.drain(0.0) == 0
        assert now() == 0.0


class TestPositions:
    """What is ahead, and until when."""

    @virtual
    async def test_who_speaks_waits_for_nothing(self) -> None:
        """Inside a turn, and after the end, there is nothing ahead."""
        with admitted(desk(), job()) as ticket:
            async with ticket.turn(5.0):
                assert ticket.position == Position(0, 0.0)
        assert ticket.position == Position(0, 0.0)

    @virtual
    async def test_the_remainder_of_what_runs_counts(self) -> None:
        """The next in line waits for what is left of the running turn, and less as time goes by."""
        dispatcher = desk()
        tasks = [asyncio.create_task(say(admitted(dispatcher, job()), 100.0))]
        await settled()
        ticket = admitted(dispatcher, job())
        tasks.append(asyncio.create_task(say(ticket, 10.0)))
        await settled()
        assert ticket.position == Position(0, pytest.approx(10.0))  # type: ignore[arg-type]
        await asyncio.sleep(4.0)
        assert ticket.position == Position(0, pytest.approx(6.0))  # type: ignore[arg-type]
        await asyncio.gather(*tasks)

    @virtual
    async def test_turns_beyond_the_slots_count_too(self) -> None:
        """After slots were taken away, the next begins when enough of those that run are done."""
        dispatcher = desk(3)
        tasks = [asyncio.create_task(say(admitted(dispatcher, job()), cost)) for cost in (10.0, 30.0, 20.0)]
        await settled()
        dispatcher.set_slots("e", 2)
        ticket = admitted(dispatcher, job())
        tasks.append(asyncio.create_task(say(ticket, 10.0)))
        await settled()
        assert ticket.position == Position(0, pytest.approx(2.0))  # type: ignore[arg-type]
        await asyncio.gather(*tasks)
        assert now() == 3.0

    @virtual
    async def test_a_position_can_be_had_before_the_first_turn_is_asked_for(self) -> None:
        """Right after admission it is that of a turn asked for now, and asking leaves no trace."""
        dispatcher = desk()
        tasks = [asyncio.create_task(say(admitted(dispatcher, job()), 20.0)) for _ in range(3)]
        await settled()
        ticket = admitted(dispatcher, job())
        assert ticket.position == Position(2, pytest.approx(6.0))  # type: ignore[arg-type]
        assert dispatcher.waiting() == 2
        await asyncio.gather(*tasks)
        ticket.release()

    @virtual
    async def test_a_turn_that_outlasts_its_estimate_is_not_called_done(self) -> None:
        """Behind an engine that hangs, nobody is told that it is their turn in no time."""
        dispatcher = desk()
        stuck = asyncio.create_task(say(admitted(dispatcher, job()), 1_000.0))
        await settled()
        ticket = admitted(dispatcher, job())
        dispatcher_eta = ticket.position.eta
        assert dispatcher_eta == pytest.approx(100.0)
        stuck.cancel()
        await asyncio.gather(stuck, return_exceptions=True)
        async with ticket.turn(1.0):
            other = admitted(dispatcher, job())
            await asyncio.sleep(50.0)
            assert other.position.eta >= 5.0
        ticket.release()

    @virtual
    async def test_the_real_time_factor_is_learned(self) -> None:
        """An engine that is ten times slower than announced is known for it after some turns."""
        dispatcher = Dispatcher({"e": 1}, clock=now, rtf={"e": 0.01})
        await say(admitted(dispatcher, job()), *[5.0] * 30)
        (snapshot,) = dispatcher.snapshot()
        assert snapshot.rtf == pytest.approx(RTF, rel=0.1)

    @virtual
    async def test_a_turn_that_made_nothing_teaches_nothing_of_the_engine(self) -> None:
        """Failures do not change the real-time factor."""
        dispatcher = desk()
        with admitted(dispatcher, job()) as ticket:
            for _ in range(20):
                async with ticket.turn(5.0):
                    await asyncio.sleep(9.0)
        assert dispatcher.snapshot()[0].rtf == pytest.approx(RTF)


class TestWatching:
    """What admins and metrics see."""

    @virtual
    async def test_a_snapshot_is_numbers(self) -> None:
        """It counts who waits and runs, and names nobody."""
        dispatcher = desk(2)
        tasks = [asyncio.create_task(say(admitted(dispatcher, job(f"secret{n % 3}")), 10.0)) for n in range(6)]
        await settled()
        (snapshot,) = dispatcher.snapshot()
        assert (snapshot.engine, snapshot.slots, snapshot.running, snapshot.waiting) == ("e", 2, 2, 4)
        assert (snapshot.guilds, snapshot.seconds) == (3, 40.0)
        assert snapshot.eta == pytest.approx(3.0)
        assert "secret" not in repr(snapshot)
        assert (dispatcher.running(), dispatcher.waiting()) == (2, 4)
        await asyncio.gather(*tasks)

    @virtual
    async def test_observers_hear_of_every_wait(self) -> None:
        """Each turn that begins reports how long it waited, and how urgent it was."""
        dispatcher, waits = desk(), list[tuple[float, Priority]]()
        dispatcher.observe(lambda seconds, priority: waits.append((seconds, priority)))
        tickets = [admitted(dispatcher, job(priority=priority)) for priority in Priority]
        await asyncio.gather(*(say(ticket, 10.0) for ticket in tickets))
        assert waits == [(0.0, Priority.HIGH), (1.0, Priority.NORMAL), (2.0, Priority.LOW)]

    @virtual
    async def test_every_wait_is_counted_by_its_priority(self) -> None:
        """In the histogram that Prometheus reads, and only what has begun."""
        kinds = [(priority, what) for priority in Priority for what in ("count", "sum")]
        dispatcher, before = desk(), [waited(*kind) for kind in kinds]
        tickets = [admitted(dispatcher, job(priority=priority)) for priority in Priority]
        speaking = asyncio.gather(*(say(ticket, 10.0) for ticket in tickets))
        await asyncio.sleep(1.5)
        tickets[-1].cancel()
        with pytest.raises(Cancelled):
            await speaking
        found = [waited(*kind) - earlier for kind, earlier in zip(kinds, before, strict=True)]
        assert found == pytest.approx([1, 0.0, 1, 1.0, 0, 0.0])

    @virtual
    async def test_the_depth_is_told_by_engine_and_priority(self) -> None:
        """What waits now, as urgent as it is now; what runs does not wait."""
        dispatcher = Dispatcher({"e": 1, "f": 1}, clock=now)
        low = [admitted(dispatcher, job(user=f"u{n}", priority=Priority.LOW)) for n in range(4)]
        tasks = [asyncio.create_task(say(ticket, 10.0)) for ticket in low]
        await settled()
        nothing = dict.fromkeys(Priority, 0)
        assert dispatcher.depth() == {"e": nothing | {Priority.LOW: 3}, "f": nothing}
        low[-1].promote(now(), Priority.HIGH, None)
        low[-2].cancel()
        await asyncio.gather(tasks[-2], return_exceptions=True)
        assert dispatcher.depth()["e"] == nothing | {Priority.LOW: 1, Priority.HIGH: 1}
        await asyncio.gather(*tasks, return_exceptions=True)
        assert dispatcher.depth()["e"] == nothing

    @virtual
    async def test_an_observer_that_fails_costs_no_slot(self) -> None:
        """Its error is the turn's, but the slot is given back."""
        dispatcher = desk()
        broken = True

        def observer(seconds: float, priority: Priority) -> None:
            if broken:
                raise OSError

        dispatcher.observe(observer)
        with pytest.raises(OSError):
            await say(admitted(dispatcher, job()), 1.0)
        broken = False
        await assert_free(dispatcher, 1)


class Storm:
    """Jobs that come, go, are cancelled in every way and die at any moment."""

    def __init__(self, seed: int, slots: int) -> None:
        self.chance = random.Random(seed)
        self.slots = slots
        self.dispatcher = desk(slots, limits=Limits(1_000, 1_000, 1_000))
        self.inside = 0
        self.ends: list[BaseException | None] = []

    async def blow(self, jobs: int) -> None:
        tasks = [asyncio.create_task(self.live()) for _ in range(jobs)]
        tasks.append(asyncio.create_task(self.shake()))
        self.ends = await asyncio.gather(*tasks, return_exceptions=True)

    async def live(self) -> None:
        chance = self.chance
        await asyncio.sleep(chance.choice([0.0, chance.uniform(0.0, 20.0)]))
        deadline = now() + chance.uniform(0.0, 8.0) if chance.random() < 0.3 else None
        item = job(
            f"g{chance.randrange(4)}", f"u{chance.randrange(3)}", chance.choice(list(Priority)), deadline=deadline
        )
        ticket = self.dispatcher.admit(item, "e")
        if isinstance(ticket, Refusal):
            return
        task = asyncio.current_task()
        assert task is not None
        self.meddle(ticket, task)
        with ticket:
            for _ in range(chance.randrange(1, 5)):
                async with ticket.turn(chance.uniform(0.1, 20.0)):
                    self.inside += 1
                    try:
                        assert self.inside <= self.slots
                        await asyncio.sleep(chance.choice([0.0, 0.5, chance.uniform(0.0, 3.0)]))
                        if chance.random() < 0.1:
                            raise OSError
                        ticket.made(chance.uniform(0.0, 30.0))
                    finally:
                        self.inside -= 1

    def meddle(self, ticket: Ticket, task: asyncio.Task[Any]) -> None:
        """Set up trouble, most of it for a moment at which slots change hands."""
        chance, loop = self.chance, asyncio.get_running_loop()
        moment = chance.choice([0.0, 0.5, 1.0, 1.5, 2.0, chance.uniform(0.0, 10.0)])
        if chance.random() < 0.35:
            loop.call_later(moment, task.cancel)
        if chance.random() < 0.35:
            loop.call_later(moment, ticket.cancel)
        if chance.random() < 0.2:
            ticket.on_cancel(lambda: loop.call_soon(task.cancel))

    async def shake(self) -> None:
        """Change slots and weights while it blows."""
        for _ in range(10):
            await asyncio.sleep(self.chance.uniform(0.0, 3.0))
            self.dispatcher.weigh(f"g{self.chance.randrange(4)}", self.chance.choice([0.5, 1.0, 3.0]))
            self.dispatcher.set_slots("e", self.chance.randrange(self.slots + 1))
        self.dispatcher.set_slots("e", self.slots)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(1, 40))
def test_no_storm_leaks_a_slot_or_a_place(seed: int, slots: int, jobs: int) -> None:
    """Whatever is cancelled, expires or dies at whatever moment, in the end every slot and every place is free."""

    async def storm() -> None:
        weather = Storm(seed, slots)
        await weather.blow(jobs)
        expected = (type(None), OSError, Cancelled, Expired, asyncio.CancelledError)
        assert all(isinstance(end, expected) for end in weather.ends), weather.ends
        await assert_free(weather.dispatcher, slots)
        assert await weather.dispatcher.drain(0.0) == 0

    run(storm())
