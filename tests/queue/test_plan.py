"""Jobs that announce what they will say: what the queue knows of them, at whatever moment."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.queue import FairQueue, Job, Place, Popped
from bot.speech import Priority


def job(id: str, guild: str = "g", user: str = "u", priority: Priority = Priority.NORMAL) -> Job:
    """A job of long ago."""
    return Job(id, guild, user, priority, 0.0)


def announced(*costs: float, turns: int = 0) -> FairQueue:
    """A queue that expects jobs ``0``, ``1``, ... of one user, of so many seconds of audio each."""
    queue = FairQueue()
    for number, seconds in enumerate(costs):
        queue.expect(job(f"{number}"), seconds, turns)
    return queue


class TestRest:
    """What a job has yet to get."""

    def test_a_turn_is_part_of_what_was_announced(self) -> None:
        """What is asked for counts as waiting, and no longer as the rest; when it was had it counts no more."""
        queue = announced(10.0)
        assert (queue.seconds, queue.rest) == (0.0, 10.0)
        queue.push(job("0"), 4.0)
        assert (queue.seconds, queue.rest) == (4.0, 6.0)
        queue.pop(0.0)
        assert (queue.seconds, queue.rest) == (0.0, 6.0)

    def test_a_wait_that_is_given_up_is_still_to_come(self) -> None:
        """A turn that was asked for and not had is announced again, whole."""
        queue = announced(12.0, 1.0, turns=6)
        for _ in range(4):
            queue.push(job("0"), 2.0)
            queue.cancel("0")
        assert (queue.seconds, queue.rest) == (0.0, 13.0)
        assert queue.position("1") == Place(1, 12.0, 6)

    def test_who_asks_for_more_than_was_announced_has_no_rest(self) -> None:
        """The announcement was too small: what is asked for counts, and nothing below it."""
        queue = announced(3.0, 5.0)
        queue.push(job("0"), 4.0)
        assert queue.rest == 5.0
        assert queue.position("1") == Place(1, 4.0, 1)
        queue.cancel("0")
        assert queue.rest == 8.0

    def test_sums_that_do_not_come_out_leave_no_turn_behind(self) -> None:
        """A rest that is but the error of adding up tenths is none."""
        queue = announced(sum([0.1] * 10), 1.0, turns=10)
        for _ in range(10):
            queue.push(job("0"), 0.1)
            queue.pop(0.0)
        assert queue.position("1") == Place(0, 0.0, 0)

    def test_what_is_forgotten_counts_no_more(self) -> None:
        """Whatever a job was doing; one that waits goes on waiting, for that one turn."""
        queue = announced(10.0, 10.0)
        queue.push(job("0"), 2.0)
        queue.forget("0")
        queue.forget("0")
        assert queue.position("1") == Place(1, 2.0, 1)
        assert queue.pop(0.0) is not None
        assert queue.position("1") == Place(0, 0.0, 0)
        assert queue.position("0") is None

    def test_the_mean_is_that_of_who_is_there(self) -> None:
        """What a job of the guild, or any, has left on average."""
        queue = announced(10.0, 20.0)
        queue.expect(job("other", "h"), 60.0)
        queue.push(job("0"), 4.0)
        assert (queue.mean("g"), queue.mean("h"), queue.mean(), queue.mean("nobody")) == (15.0, 60.0, 30.0, 0.0)

    def test_next_to_nothing_is_nothing(self) -> None:
        """An announcement of no length that anybody could hear is none."""
        queue = announced(1e-9, 1.0)
        queue.expect(job("other", "h"), 1e-9)
        assert queue.position("1") == Place(0, 0.0, 0)

    def test_a_job_is_known_once(self) -> None:
        """The same id twice is a mistake of the caller, and so is to announce what waits already."""
        queue = announced(1.0)
        queue.push(job("waits"), 1.0)
        for id in ("0", "waits"):
            with pytest.raises(ValueError, match="already"):
                queue.expect(job(id), 1.0)

    @pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
    def test_an_announcement_is_a_number(self, seconds: float) -> None:
        """An endless announcement would make nonsense of every promise."""
        with pytest.raises(ValueError, match="not below 0"):
            announced(seconds)


class TestPlaces:
    """What comes before, when not all of it waits yet."""

    def test_ones_own_older_job_goes_first_with_all_its_turns(self) -> None:
        """Whether it waits, has its turn or is between two."""
        queue = announced(10.0, 5.0, turns=5)
        assert queue.position("1") == Place(1, 10.0, 5)
        queue.push(job("0"), 2.0)
        assert queue.position("1") == Place(1, 10.0, 5)
        popped = queue.pop(0.0)
        assert popped is not None
        assert queue.position("1") == Place(1, 8.0, 4)
        queue.settle(popped, 2.0, 1.0)
        assert queue.position("1") == Place(1, 8.0, 4)

    def test_other_users_have_as_many_turns_as_oneself(self) -> None:
        """Behind three turns of one's own another user's long answer comes with three of its turns, or four."""
        queue = announced(6.0, 5.0, turns=3)
        queue.expect(job("other", user="v"), 100.0, 20)
        place = queue.position("1")
        assert place is not None
        assert place.ahead == 2
        assert place.seconds in (6.0 + 15.0, 6.0 + 20.0)

    def test_another_guild_has_as_many_seconds_as_ones_own(self) -> None:
        """Another guild's long answer comes first for as long as one's own does, by weight."""
        queue = announced(20.0, 5.0, turns=10)
        queue.expect(job("other", "h"), 500.0, 250)
        place = queue.position("1")
        assert place is not None
        assert place.seconds == pytest.approx(40.0, abs=4.0)
        queue.weigh("h", 3.0)
        place = queue.position("1")
        assert place is not None
        assert place.seconds == pytest.approx(80.0, abs=6.0)

    def test_another_guild_has_no_more_than_it_announced(self) -> None:
        """A short answer elsewhere is counted whole, and once."""
        queue = announced(100.0, 5.0, turns=10)
        queue.expect(job("other", "h"), 7.0, 2)
        assert queue.position("1") == Place(2, 107.0, 12)

    def test_of_one_users_long_answers_elsewhere_only_the_first_comes_before(self) -> None:
        """Five answers that wait in another guild are one job ahead while the first of them lasts."""
        queue = announced(20.0, 5.0, turns=10)
        for number in range(5):
            item = job(f"other{number}", "h")
            queue.expect(item, 100.0, 50)
            queue.push(item, 2.0)
        place = queue.position("1")
        assert place is not None
        assert place.ahead == 2

    def test_a_guild_that_pauses_does_not_save_up_turns(self) -> None:
        """What is to come of a guild between two turns counts from now on, however long the pause."""
        queue = FairQueue()
        queue.expect(job("pauses", "p"), 500.0, 100)
        queue.push(job("pauses", "p"), 5.0)
        for n in range(60):
            queue.push(job(f"busy{n}", "busy"), 5.0)
        for _ in range(61):
            popped = queue.pop(0.0)
            assert popped is not None
            queue.settle(popped, 5.0, 0.0)
        queue.expect(job("long"), 10.0, 2)
        queue.expect(job("mine"), 1.0)
        place = queue.position("mine")
        assert place is not None
        assert place.seconds <= 10.0 + 15.0

    def test_an_unknown_length_has_a_place_but_no_weight(self) -> None:
        """A job that announced nothing is not before anybody until it asks, and can be told what is before it."""
        queue = announced(10.0, 0.0, 5.0, turns=5)
        assert queue.position("1") == Place(1, 10.0, 5)
        assert queue.position("2") == Place(1, 10.0, 5)

    def test_turns_are_guessed_by_those_that_were_asked_for(self) -> None:
        """Where nobody says how many turns, a job of short ones has many, and others come between as often."""
        queue = announced(40.0, 5.0)
        queue.expect(job("other", user="v"), 1_000.0, 1_000)
        before = queue.position("1")
        for _ in range(10):
            queue.push(job("0"), 1.0)
            queue.pop(0.0)
        after = queue.position("1")
        assert before is not None
        assert after is not None
        assert before.turns == pytest.approx(20, abs=1)
        assert after.turns == pytest.approx(40, abs=2)

    def test_long_lines_are_laid_in_strides_that_are_true_on_the_whole(self) -> None:
        """With very many long jobs in one guild what comes before is right to a tenth."""
        queue = FairQueue()
        for user in range(200):
            queue.expect(job(f"{user}", user=f"u{user}"), 400.0, 100)
        queue.expect(job("last", user="u7"), 1.0)
        place = queue.position("last")
        assert place is not None
        assert place.seconds == pytest.approx(200 * 400.0, rel=0.1)
        line = queue._lanes["g"]._line
        assert line is not None
        assert len(line._ids) < 200 * 100 / 3


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is done to a queue of announced jobs."""

    what: str
    guild: str
    user: str
    cost: float
    which: int


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from(["expect"] * 3 + ["ask"] * 5 + ["pop"] * 3 + ["settle"] * 2 + ["cancel", "forget", "weigh"]),
        st.sampled_from("abc"),
        st.sampled_from("xyz"),
        st.sampled_from([1e-9, 0.1, 0.7, 1.0, 3.25]),
        st.integers(0, 1_000),
    ),
    max_size=100,
)


class Play:
    """Plays steps on a queue, as a dispatcher would."""

    def __init__(self) -> None:
        self.queue = FairQueue()
        self.known: dict[str, Job] = {}
        self.running: dict[str, Popped] = {}
        self.now = 0.0

    def play(self, steps: list[Step]) -> None:
        for step in steps:
            self.now += 0.5
            getattr(self, step.what)(step)
            self.check()

    def any(self, step: Step) -> str | None:
        return list(self.known)[step.which % len(self.known)] if self.known else None

    def expect(self, step: Step) -> None:
        id = f"{step.which}-{self.now}"
        self.known[id] = Job(id, step.guild, step.user, Priority(step.which % 3), self.now)
        self.queue.expect(self.known[id], step.cost * (step.which % 5), step.which % 4)

    def ask(self, step: Step) -> None:
        id = self.any(step)
        if id is not None and id not in self.queue and id not in self.running:
            self.queue.push(self.known[id], step.cost)

    def pop(self, step: Step) -> None:
        if (popped := self.queue.pop(self.now)) is not None:
            self.running[popped.job.id] = popped

    def settle(self, step: Step) -> None:
        for id in list(self.running)[:1]:
            self.queue.settle(self.running.pop(id), step.cost, self.now)

    def cancel(self, step: Step) -> None:
        self.queue.cancel(self.any(step) or "nobody")

    def forget(self, step: Step) -> None:
        id = self.any(step)
        if id is not None:
            del self.known[id]
            self.queue.forget(id)
            self.queue.cancel(id)

    def weigh(self, step: Step) -> None:
        self.queue.weigh(step.guild, step.cost)

    def check(self) -> None:
        """The sums are those of the parts, and looking changes none of them."""
        queue, before = self.queue, self.state()
        for id in self.known:
            for slots in (1, 3):
                place = queue.position(id, self.now, slots=slots, rate=0.1)
                assert place is not None
                assert min(place.ahead, place.turns, place.seconds, place.least) >= 0
                assert (place.seconds > 0.0) == (place.turns > 0)
        assert self.state() == before
        plans = list(queue._plans.values())
        assert queue.rest == pytest.approx(sum(plan.rest for plan in plans), abs=1e-4)
        coming = Counter(plan.job.guild for plan in plans if plan.comes)
        running = Counter(plan.job.guild for plan in plans if plan.running)
        for guild, lane in queue._lanes.items():
            assert (lane.coming, lane.running) == (coming[guild], running[guild])
            assert lane.rest == pytest.approx(sum(plan.rest for plan in lane.plans.values()), abs=1e-4)
        busy = [lane.weight for lane in queue._lanes.values() if lane.size or lane.running]
        assert queue._active == len(busy)
        assert queue._weight == pytest.approx(sum(busy))

    def state(self) -> tuple[object, ...]:
        """All that decides who goes next."""
        queue = self.queue
        lanes = tuple((lane.guild, lane.tag, lane.size, lane.coming, lane.rest) for lane in queue._lanes.values())
        return queue._virtual, len(queue._heap), len(queue), queue.seconds, queue.rest, lanes


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_the_books_balance_whatever_happens(steps: list[Step]) -> None:
    """At every moment the sums are those of the jobs that are there, and when all have gone nothing is left of them."""
    play = Play()
    play.play(steps)
    for id in list(play.known):
        play.queue.forget(id)
        play.queue.cancel(id)
    for popped in play.running.values():
        play.queue.settle(popped, 1.0, play.now)
    assert play.queue.pop(play.now) is None
    assert (len(play.queue), play.queue.rest, play.queue._lanes, play.queue._plans) == (0, 0.0, {}, {})
    assert (play.queue._active, play.queue._weight) == (0, 0.0)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 12), st.sampled_from([1.0, 2.0, 3.5])), min_size=1, max_size=8),
    st.lists(st.tuples(st.sampled_from("gh"), st.sampled_from("uv")), min_size=8, max_size=8),
)
def test_a_place_is_what_really_comes_before(jobs: list[tuple[int, float]], people: list[tuple[str, str]]) -> None:
    """One after the other on one slot, what has its turn before the last comer is what was told: to some turns."""
    queue, left = FairQueue(), dict[str, int]()
    for number, ((turns, each), (guild, user)) in enumerate(zip(jobs, people, strict=False)):
        item = job(f"{number}", guild, user)
        queue.expect(item, turns * each, turns, order=number)
        queue.push(item, each, order=number)
        left[item.id] = turns
    last = job("last")
    queue.expect(last, 1.0, order=99)
    queue.push(last, 1.0, order=99)
    told, came = queue.position("last"), 0.0
    while (popped := queue.pop(0.0)) is not None and popped.job.id != "last":
        came += popped.cost
        queue.settle(popped, popped.cost, 0.0)
        left[popped.job.id] -= 1
        if left[popped.job.id]:
            queue.push(popped.job, popped.cost, order=int(popped.job.id))
    assert told is not None
    assert told.seconds == pytest.approx(came, abs=2 * 3.5 + 0.1 * came)
