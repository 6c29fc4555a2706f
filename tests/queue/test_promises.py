"""Whether the waits that people are told are those that they have, in virtual time.

One slot: true to a tenth where all is known, and to a fifth where estimates are off. Several slots: see
:func:`test_on_several_slots_most_promises_are_kept`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import pytest

from bot.queue import Dispatcher, Job, Limits, Position, Ticket
from bot.speech import Priority, Refusal
from tests.doubles.clock import now, run
from tests.doubles.crowd import ENDLESS, Promise, Wish, percentile, promised

MEAN = 0.35
"""Seconds that a mean sentence takes at an RTF of 0.1."""


def long(count: int, seed: int = 0, *, least: float = 1.0, most: float = 6.0) -> tuple[float, ...]:
    """So many sentences, of so many seconds of audio each."""
    chance = random.Random(seed)
    return tuple(chance.uniform(least, most) for _ in range(count))


def asker(guild: str = "g", user: str = "u", at: float = 5.0, priority: Priority = Priority.NORMAL) -> Wish:
    """One who comes when the others speak already."""
    return Wish(guild, user, at, (3.0,), priority)


OWN = Wish("g", "u", 0.0, long(40))
OWNS = [Wish("g", "u", 0.0, long(40, n)) for n in range(3)]
OTHERS = [Wish("g", f"other{n}", 0.0, long(40, n)) for n in range(1, 4)]
LONG_WINDED = [Wish("g", f"other{n}", 0.0, long(40, n, least=8.0, most=12.0)) for n in range(1, 4)]
GUILDS = [Wish(f"guild{n}", "u", 0.0, long(40, n)) for n in range(20)]
CROWDED = [Wish(f"guild{n}", f"user{m}", 0.0, long(15, n)) for n in range(20) for m in range(3)]

CROWDS = {
    "own": [OWN],
    "three of one's own": OWNS,
    "three others'": OTHERS,
    "own and three others'": [OWN, *OTHERS],
    "own and three others' of long sentences": [OWN, *LONG_WINDED],
    "own and others' that end before": [OWN, *(Wish("g", f"other{n}", 0.0, long(15, n)) for n in range(3))],
    "20 guilds'": GUILDS,
    "own and 20 guilds'": [OWN, *GUILDS],
    "own and 20 guilds' that end before": [OWN, *(Wish(f"guild{n}", "u", 0.0, long(10, n)) for n in range(20))],
    "own and 20 guilds' of three users each": [OWN, *CROWDED],
    "own, three others' and 20 guilds'": [OWN, *OTHERS, *GUILDS],
}


@pytest.mark.parametrize("crowd", CROWDS)
def test_behind_long_answers_the_whole_wait_is_told(crowd: str) -> None:
    """Whoever they belong to, what of them comes first is in the promise: to a tenth, or a sentence."""
    promise = run(promised(CROWDS[crowd], asker()))
    assert promise.eta == pytest.approx(promise.wait, rel=0.1, abs=MEAN)
    assert promise.told[0][1].ahead == pytest.approx(promise.ahead, abs=1)


@pytest.mark.parametrize("crowd", CROWDS)
def test_a_promise_is_kept_all_the_way(crowd: str) -> None:
    """While nobody new comes, the moment that is told hardly moves, and never by much at once."""
    promise = run(promised(CROWDS[crowd], asker()))
    assert max(map(abs, promise.errors)) <= 0.1 * promise.wait + MEAN
    assert max(promise.rises, default=0.0) <= 0.02 * promise.wait + MEAN


@pytest.mark.parametrize("crowd", ["own", "own and three others'", "own and 20 guilds'"])
def test_unannounced_the_wait_is_told_far_too_short(crowd: str) -> None:
    """What these tests would see if nobody said how much they are going to say."""
    promise = run(promised(CROWDS[crowd], asker(), announced=False))
    assert promise.eta < 0.3 * promise.wait


@pytest.mark.parametrize("crowd", CROWDS)
def test_wrong_estimates_do_not_make_it_a_lie(crowd: str) -> None:
    """With every sentence estimated a third too long or too short, the promise holds to a fifth, or two sentences."""
    chance = random.Random(7)
    promise = run(promised(CROWDS[crowd], asker(), guess=lambda seconds: seconds * chance.uniform(0.67, 1.33)))
    assert promise.eta == pytest.approx(promise.wait, rel=0.2, abs=2 * MEAN)


def test_a_heavy_guild_is_told_its_shorter_wait() -> None:
    """Of five guilds beside one of three times their weight, only that part is told that comes first."""
    crowd = [OWN, *GUILDS[:5]]
    heavy = run(promised(crowd, asker(), weights={"g": 3.0}))
    plain = run(promised(crowd, asker()))
    assert heavy.eta == pytest.approx(heavy.wait, rel=0.1)
    assert heavy.eta < 0.6 * plain.eta


@pytest.mark.parametrize(("mine", "theirs"), [(Priority.LOW, Priority.NORMAL), (Priority.LOW, Priority.HIGH)])
def test_a_wait_for_ageing_is_told(mine: Priority, theirs: Priority) -> None:
    """Who waits behind an endless answer that is more urgent is told when the waiting will have made up for it."""
    promise = run(promised([Wish("g", "other", 0.0, long(1_000), theirs)], asker(priority=mine)))
    assert promise.wait == pytest.approx(30.0 * (mine - theirs), abs=MEAN * 2)
    assert promise.eta == pytest.approx(promise.wait, rel=0.05)


def test_what_is_less_urgent_does_not_lengthen_the_wait() -> None:
    """Who has a word to say while long texts are read, one's own too, is told that it is next."""
    reading = [Wish("g", user, 0.0, long(40), Priority.LOW) for user in ("u", "other")]
    promise = run(promised(reading, asker()))
    assert promise.told[0][1] == Position(0, pytest.approx(promise.wait))  # type: ignore[arg-type]
    assert promise.wait < 2 * MEAN


def random_crowd(seed: int) -> tuple[list[Wish], Wish]:
    """Some guilds of some users with short and long answers, and one more who comes."""
    chance = random.Random(seed)
    guilds, users, wishes = chance.choice([1, 2, 5, 12]), chance.choice([1, 2, 5]), []
    for guild in range(guilds):
        for user in range(chance.randint(1, users)):
            least, most = chance.choice([(1.0, 6.0), (3.0, 9.0), (1.0, 3.0)])
            count = chance.choice([1, 3, 10, 40])
            sentences = tuple(chance.uniform(least, most) for _ in range(count))
            wishes.append(Wish(f"g{guild}", f"u{user}", chance.uniform(0.0, 5.0), sentences))
    return wishes, asker(f"g{chance.randrange(guilds)}", f"u{chance.randrange(users)}")


def random_promises(slots: int) -> list[Promise]:
    """What was told in many crowds, wherever there was a wait worth telling."""
    promises = [run(promised(*random_crowd(seed), slots=slots, every=60.0)) for seed in range(100)]
    return [promise for promise in promises if promise.wait > 2 * MEAN]


def test_in_whatever_crowd_a_promise_is_kept() -> None:
    """Of many different crowds, three in four are told the wait to a tenth, nine in ten to a fifth, all to a third."""
    promises = random_promises(1)
    errors = [abs(promise.eta - promise.wait) / promise.wait for promise in promises]
    assert len(promises) > 50
    assert percentile(errors, 0.75) <= 0.1
    assert percentile(errors, 0.9) <= 0.2
    assert all(promise.eta == pytest.approx(promise.wait, rel=0.33, abs=2 * MEAN) for promise in promises)


@pytest.mark.parametrize("slots", [2, 4])
def test_on_several_slots_most_promises_are_kept(slots: int) -> None:
    """More than half are true to a fifth; the others tell too much, who has a long job of their own running above all.

    Who is between two turns when a slot is freed is chance there, and a user's next job then slips past the first.
    """
    promises = random_promises(slots)
    errors = [(promise.eta - promise.wait) / promise.wait for promise in promises]
    assert len(promises) > 15
    assert abs(median(errors)) <= 0.1
    assert percentile(map(abs, errors), 0.5) <= 0.2
    assert percentile(errors, 0.1) >= -0.3


@pytest.mark.parametrize("slots", [2, 4])
def test_who_would_be_served_at_once_is_told_so(slots: int) -> None:
    """One's own long answer takes one slot: where there is another, nobody need wait for it."""
    promise = run(promised([OWN], asker(), slots=slots))
    assert promise.told[0][1] == Position(0, 0.0)
    assert promise.wait == 0.0


def test_own_answers_that_run_side_by_side_are_not_added_up() -> None:
    """Behind three long answers of one's own on two slots the wait is for two of them, and both are made at once."""
    promise = run(promised(OWNS, asker(), slots=2))
    assert promise.eta == pytest.approx(promise.wait, rel=0.15)
    assert promise.told[0][1].ahead == promise.ahead == 3


@pytest.mark.parametrize("slots", [2, 4, 8])
@pytest.mark.parametrize("crowd", [crowd for crowd in CROWDS if "20 guilds'" in crowd])
def test_among_many_guilds_several_slots_only_shorten_the_wait(crowd: str, slots: int) -> None:
    """Where nobody's share is of a whole slot it is nearly as with one: true to a seventh, or two sentences."""
    promise = run(promised(CROWDS[crowd], asker(), slots=slots))
    assert promise.eta == pytest.approx(promise.wait, rel=0.15, abs=2 * MEAN)


def test_what_others_cannot_use_is_ones_own() -> None:
    """A guild with one long answer uses but one of three slots, which leaves another user's guild a slot for each."""
    crowd = [OWN, *(replace(other, user="v") for other in OTHERS[:2]), Wish("h", "w", 0.0, long(40))]
    promise = run(promised(crowd, asker(), slots=3))
    assert promise.eta == pytest.approx(promise.wait, abs=4 * MEAN)


class House:
    """A dispatcher of one slot, and jobs that speak by hand."""

    def __init__(self, slots: int = 1, limits: Limits = ENDLESS) -> None:
        self.dispatcher = Dispatcher({"e": slots}, limits=limits, clock=now, rtf={"e": 0.1})
        self.tasks: list[asyncio.Task[None]] = []
        self._count = 0

    def admit(self, guild: str, user: str, *sentences: float) -> Ticket:
        """A job that announces these sentences."""
        self._count += 1
        job = Job(f"{self._count}", guild, user, Priority.NORMAL, now())
        ticket = self.dispatcher.admit(job, "e", sum(sentences), len(sentences))
        assert isinstance(ticket, Ticket)
        return ticket

    def speak(self, ticket: Ticket, *sentences: float, pause: float = 0.0) -> Ticket:
        """Say sentences with a pause after each."""

        async def say() -> None:
            with ticket:
                for seconds in sentences:
                    async with ticket.turn(seconds):
                        await asyncio.sleep(seconds * 0.1)
                        ticket.made(seconds)
                    await asyncio.sleep(pause)

        task = asyncio.create_task(say())
        ticket.on_cancel(task.cancel)
        self.tasks.append(task)
        return ticket

    async def end(self) -> None:
        """Wait for all, whatever became of them."""
        await asyncio.gather(*self.tasks, return_exceptions=True)
        assert self.dispatcher.waiting() == self.dispatcher.running() == 0


def scene(test: Callable[[], object]) -> Callable[[], None]:
    """Run a test in virtual time."""

    def inner() -> None:
        run(test())  # type: ignore[arg-type]

    inner.__name__, inner.__doc__ = test.__name__, test.__doc__
    return inner


@scene
async def test_a_cancel_ahead_shows_at_once() -> None:
    """When a long answer ahead is cancelled, running or waiting, its rest is out of the promise that very moment."""
    house = House()
    running = house.speak(house.admit("g", "u", *[5.0] * 40), *[5.0] * 40)
    waiting = house.speak(house.admit("g", "u", *[5.0] * 40), *[5.0] * 40)
    await asyncio.sleep(0.2)
    last = house.admit("g", "u", 5.0)
    assert last.position == Position(2, pytest.approx(39.8))  # type: ignore[arg-type]
    waiting.cancel()
    assert last.position == Position(1, pytest.approx(19.8))  # type: ignore[arg-type]
    running.cancel()
    assert last.position.eta <= 0.3
    last.release()
    await house.end()


@scene
async def test_a_job_that_ends_early_takes_its_rest_with_it() -> None:
    """A job that fails after its first sentence is not waited for any more."""
    house = House()
    house.speak(house.admit("g", "u", *[5.0] * 40), 5.0)
    last = house.admit("g", "u", 5.0)
    await asyncio.sleep(0.1)
    assert last.position.eta == pytest.approx(19.9)
    await asyncio.sleep(0.5)
    assert last.position == Position(0, 0.0)
    last.release()
    await house.end()


@scene
async def test_a_streamed_answer_counts_for_what_it_has_asked_for() -> None:
    """Nobody knows how long a text will be that is still written: it counts sentence by sentence, and has a place."""
    house = House()
    streamed = house.speak(house.admit("g", "u"), *[5.0] * 10)
    await asyncio.sleep(0.2)
    with house.admit("h", "u", 5.0) as other:
        assert other.position == Position(0, pytest.approx(0.3))  # type: ignore[arg-type]
    behind = house.speak(house.admit("g", "u", *[5.0] * 4), *[5.0] * 4)
    mine = house.admit("g", "u", 5.0)
    assert mine.position == Position(1, pytest.approx(2.3))  # type: ignore[arg-type]
    assert streamed.position == Position(0, 0.0)
    assert behind.position.eta == pytest.approx(0.3)
    mine.release()
    await house.end()


@scene
async def test_a_job_between_its_turns_is_not_forgotten() -> None:
    """While the long answer ahead encodes what it made, with another speaking, its rest is still in the promise."""
    house = House()
    house.speak(house.admit("g", "u", *[5.0] * 20), *[5.0] * 20, pause=0.1)
    await asyncio.sleep(0.3)
    house.speak(house.admit("h", "u", *[5.0] * 20), *[5.0] * 20, pause=0.1)
    mine = house.speak(house.admit("g", "u", 5.0), 5.0)
    told = []
    for _ in range(40):
        await asyncio.sleep(0.05)
        told.append(now() + mine.position.eta)
    assert min(told) >= 0.8 * max(told)
    await house.end()


@scene
async def test_who_would_begin_now_is_told_so() -> None:
    """While the long answer of a silent house is between two sentences there is nothing to wait for."""
    house = House()
    house.speak(house.admit("g", "u", *[5.0] * 20), *[5.0] * 20, pause=0.1)
    await asyncio.sleep(0.55)
    with house.admit("g", "u", 5.0) as mine:
        assert house.dispatcher.running() == 0
        assert mine.position == Position(0, 0.0)
    await house.end()


@scene
async def test_a_snapshot_sees_what_was_announced() -> None:
    """An admin sees all the seconds that are still to be made, and until when that takes."""
    house = House()
    house.speak(house.admit("g", "u", *[5.0] * 20), *[5.0] * 20)
    house.speak(house.admit("h", "u", *[5.0] * 10), *[5.0] * 10)
    await asyncio.sleep(0.1)
    (snapshot,) = house.dispatcher.snapshot()
    assert snapshot.waiting == 1
    assert snapshot.seconds == pytest.approx(145.0)
    assert snapshot.eta == pytest.approx(14.9)
    await house.end()


@scene
async def test_asking_changes_nothing() -> None:
    """Asking for positions at any moment leaves the order of all turns as it is."""

    async def order(*, asking: bool) -> list[tuple[str, float]]:
        house, said = House(2), list[tuple[str, float]]()
        tickets = [house.admit(f"g{n % 4}", f"u{n % 3}", *long(n % 7 + 1, n)) for n in range(30)]
        house.dispatcher.observe(lambda seconds, priority: said.append((f"{now():.6f}", seconds)))
        for n, ticket in enumerate(tickets):
            house.speak(ticket, *long(n % 7 + 1, n))
        while not all(ticket.released for ticket in tickets):
            _ = [ticket.position for ticket in tickets] if asking else []
            await asyncio.sleep(0.1)
        await house.end()
        return said

    start = now()
    asked = await order(asking=True)
    offset = now() - start
    plain = await order(asking=False)
    assert [wait for _, wait in asked] == pytest.approx([wait for _, wait in plain])
    assert [float(at) for at, _ in asked] == pytest.approx([float(at) - offset for at, _ in plain], abs=1e-5)


@pytest.mark.parametrize(
    ("limits", "user"), [(Limits(3, 99, 99), "u0"), (Limits(99, 9, 99), "new"), (Limits(99, 99, 9), "new")]
)
def test_a_refusal_names_a_time_at_which_there_is_room(limits: Limits, user: str) -> None:
    """Behind long answers nobody is sent round the block for seconds, nor away for an hour: to a factor of three."""

    async def refused() -> tuple[float, float]:
        house = House(limits=limits)
        for n in range(9):
            house.speak(house.admit("g", f"u{n % 3}", *long(20, n)), *long(20, n))
        answer = house.dispatcher.admit(Job("more", "g", user, Priority.NORMAL, now()), "e")
        assert isinstance(answer, Refusal)
        there = 0.0
        while not there:
            await asyncio.sleep(0.5)
            again = house.dispatcher.admit(Job("more", "g", user, Priority.NORMAL, now()), "e")
            there = now() if isinstance(again, Ticket) else 0.0
        for task in house.tasks:
            task.cancel()
        await house.end()
        return answer.retry_after or 0.0, there

    told, true = run(refused())
    assert true / 3 <= told <= true * 3
