"""Who goes next, among guilds and inside one."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.queue import FairQueue, Job, Place, Popped
from bot.speech import Priority

LONG_AGO = 0.0


def job(
    id: str,
    guild: str = "g",
    user: str = "u",
    priority: Priority = Priority.NORMAL,
    at: float = LONG_AGO,
    deadline: float | None = None,
) -> Job:
    """A job with the middling choices made."""
    return Job(id, guild, user, priority, at, deadline)


def order(queue: FairQueue, now: float = 0.0) -> list[str]:
    """The ids of all that wait, in the order of their turns."""
    return [popped.job.id for popped in popping(queue, now)]


def popping(queue: FairQueue, now: float = 0.0) -> Iterator[Popped]:
    """Every turn until nobody waits."""
    while (popped := queue.pop(now)) is not None:
        yield popped


def filled(jobs: Iterable[Job], cost: float = 1.0) -> FairQueue:
    """A queue in which these jobs wait, of the same cost each."""
    queue = FairQueue()
    for item in jobs:
        queue.push(item, cost)
    return queue


class TestGuilds:
    """Across guilds: seconds of audio, evenly."""

    def test_an_empty_queue_has_no_turn(self) -> None:
        """Nobody waits, nobody goes."""
        assert FairQueue().pop(0.0) is None

    def test_guilds_take_turns_however_many_jobs_each_has(self) -> None:
        """A guild with many jobs goes as often as one with few."""
        queue = filled([job(f"a{n}", "a") for n in range(4)] + [job(f"b{n}", "b") for n in range(2)])
        assert order(queue) == ["a0", "b0", "a1", "b1", "a2", "a3"]

    def test_turns_are_shared_by_seconds_of_audio(self) -> None:
        """Five short sentences weigh as much as one that is five times as long."""
        queue = FairQueue()
        for n in range(4):
            queue.push(job(f"long{n}", "long"), 5.0)
        for n in range(20):
            queue.push(job(f"short{n}", "short"), 1.0)
        seconds: Counter[str] = Counter()
        for _ in range(12):
            popped = queue.pop(0.0)
            assert popped is not None
            seconds[popped.job.guild] += int(popped.cost)
        assert abs(seconds["long"] - seconds["short"]) <= 5

    def test_a_weight_is_a_share(self) -> None:
        """A guild of weight 3 goes three times as often."""
        queue = FairQueue(weights={"patron": 3.0})
        for n in range(40):
            queue.push(job(f"p{n}", "patron"), 1.0)
            queue.push(job(f"o{n}", "other"), 1.0)
        first = [id[0] for id in order(queue)[:40]]
        assert Counter(first) == {"p": 30, "o": 10}

    def test_a_weight_may_change_while_the_guild_waits(self) -> None:
        """From the next turn on the new weight counts, and 1 is an ordinary guild's again."""
        queue = FairQueue()
        for n in range(40):
            queue.push(job(f"p{n}", "patron"), 1.0)
            queue.push(job(f"o{n}", "other"), 1.0)
        queue.weigh("patron", 4.0)
        assert dict(queue.weights) == {"patron": 4.0}
        assert Counter(id[0] for id in order(queue)[:25])["p"] == 20
        queue.weigh("patron", 1.0)
        assert dict(queue.weights) == {}

    @pytest.mark.parametrize("weight", [0.0, -1.0, float("inf"), float("nan")])
    def test_a_weight_is_above_nothing(self, weight: float) -> None:
        """A guild cannot be weighed away or beyond all others."""
        with pytest.raises(ValueError, match="above 0"):
            FairQueue().weigh("g", weight)

    def test_who_was_idle_gets_no_credit(self) -> None:
        """A guild that comes after long silence shares evenly from now on; it is not owed the past."""
        queue = filled([job(f"a{n}", "a") for n in range(100)])
        for _ in range(50):
            queue.pop(0.0)
        for n in range(20):
            queue.push(job(f"b{n}", "b"), 1.0)
        assert Counter(id[0] for id in order(queue)[:20]) == {"a": 10, "b": 10}

    def test_leaving_and_coming_back_gains_nothing(self) -> None:
        """A guild that asks for one turn at a time goes no more often than one that queues all of its jobs."""
        queue = filled([job(f"a{n}", "a") for n in range(100)])
        queue.push(job("b0", "b"), 1.0)
        turns: Counter[str] = Counter()
        for n in range(1, 60):
            popped = queue.pop(0.0)
            assert popped is not None
            turns[popped.job.guild] += 1
            if popped.job.guild == "b":
                queue.push(job(f"b{n}", "b"), 1.0)
        assert abs(turns["a"] - turns["b"]) <= 1

    def test_a_long_turn_is_not_forgotten_by_leaving(self) -> None:
        """Who had a long turn and comes back at once waits until the others have had as much."""
        queue = FairQueue()
        queue.push(job("long", "a"), 10.0)
        for n in range(30):
            queue.push(job(f"b{n}", "b"), 1.0)
        assert queue.pop(0.0) is not None
        queue.push(job("again", "a"), 1.0)
        assert order(queue).index("again") == 10

    def test_an_endless_train_of_new_guilds_holds_up_nobody(self) -> None:
        """A guild that was served before gets its next turn although fresh guilds never cease to come."""
        queue = filled([job("first", "old")], cost=3.0)
        assert queue.pop(0.0) is not None
        queue.push(job("new0", "new0"), 1.0)
        queue.push(job("second", "old"), 1.0)
        for n in range(1, 30):
            queue.push(job(f"new{n}", f"new{n}"), 1.0)
            popped = queue.pop(0.0)
            assert popped is not None
            if popped.job.id == "second":
                return
        pytest.fail("the old guild starves")

    def test_who_made_more_than_was_estimated_pays_for_it(self) -> None:
        """The difference between estimate and sound is settled with the guild's next turn."""
        queue = filled([job(f"a{n}", "a") for n in range(20)] + [job(f"b{n}", "b") for n in range(20)])
        popped = queue.pop(0.0)
        assert popped is not None
        assert popped.job.guild == "a"
        queue.settle(popped, 6.0, 0.0)
        assert [id[0] for id in order(queue)[:7]] == ["b"] * 6 + ["a"]

    def test_who_made_less_than_was_estimated_gets_it_back(self) -> None:
        """A turn that came to nothing costs nothing."""
        queue = filled([job(f"a{n}", "a") for n in range(20)] + [job(f"b{n}", "b") for n in range(20)], cost=4.0)
        popped = queue.pop(0.0)
        assert popped is not None
        queue.settle(popped, 0.0, 0.0)
        assert [id[0] for id in order(queue)[:2]] == ["a", "b"]

    def test_a_debt_is_not_shed_by_leaving(self) -> None:
        """A guild that went silent during its long turn still finds it on its bill."""
        queue = filled([job("a0", "a")] + [job(f"b{n}", "b") for n in range(30)])
        popped = queue.pop(0.0)
        assert popped is not None
        for _ in range(3):
            queue.pop(0.0)
        queue.settle(popped, 10.0, 0.0)
        queue.push(job("a1", "a"), 1.0)
        assert order(queue).index("a1") in (7, 8)

    def test_a_silent_queue_evens_everybody(self) -> None:
        """Once nobody waits and somebody was free to serve, the past is past."""
        queue = filled([job(f"a{n}", "a") for n in range(50)])
        assert len(order(queue)) == 50
        queue.push(job("a", "a"), 1.0)
        queue.push(job("b", "b"), 1.0)
        assert order(queue) == ["a", "b"]

    def test_a_turn_that_ends_after_the_reckoning_is_not_held_against_its_guild(self) -> None:
        """A guild that was speaking when everybody fell silent shares evenly with who comes next."""
        queue = filled([job("long", "a")], cost=100.0)
        popped = queue.pop(0.0)
        assert popped is not None
        assert queue.pop(0.0) is None
        queue.settle(popped, 100.0, 10.0)
        for n in range(6):
            queue.push(job(f"b{n}", "b"), 1.0)
            queue.push(job(f"a{n}", "a"), 1.0)
        assert Counter(id[0] for id in order(queue)[:6]) == {"a": 3, "b": 3}

    def test_who_comes_back_is_no_better_off_than_who_is_new(self) -> None:
        """The virtual time that passed while a guild was away is not its own to spend."""
        queue = FairQueue()
        queue.push(job("first", "back"), 1.0)
        for n in range(50):
            queue.push(job(f"other{n}", f"other{n}"), 10.0)
        for _ in range(11):
            queue.pop(0.0)
        queue.push(job("new", "new"), 1.0)
        for n in range(3):
            queue.push(job(f"back{n}", "back"), 0.3)
        said = [id for id in order(queue) if not id.startswith("other")]
        assert said == ["back0", "new", "back1", "back2"]

    def test_guilds_that_left_are_forgotten(self) -> None:
        """What is kept does not grow with the guilds that ever spoke."""
        queue = FairQueue()
        queue.push(job("stays", "busy"), 1.0)
        for n in range(5_000):
            queue.push(job(f"j{n}", f"g{n}"), 1.0)
            queue.push(job(f"busy{n}", "busy"), 1.0)
            queue.pop(0.0)
            queue.pop(0.0)
        assert len(queue._lanes) < 10
        assert len(queue._heap) < 200


class TestUsers:
    """Inside a guild: priority with ageing, users in turn, first come first served."""

    def test_users_take_turns(self) -> None:
        """A user with many jobs goes as often as one with few."""
        names = ["a0", "a1", "a2", "a3", "b0", "b1", "c0"]
        queue = filled([job(name, user=name[0], at=float(n)) for n, name in enumerate(names)])
        assert order(queue, now=10.0) == ["a0", "b0", "c0", "a1", "b1", "a2", "a3"]

    def test_users_take_turns_when_all_happens_in_one_moment(self) -> None:
        """Turns do not hang on a clock that moves."""
        queue = filled([job(f"{user}{n}", user=user) for user in "abc" for n in range(3)])
        assert order(queue) == ["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"]

    def test_first_come_first_served(self) -> None:
        """One user's jobs of one priority go in the order in which they were accepted, not pushed."""
        queue = filled([job("later", at=2.0), job("first", at=1.0), job("last", at=3.0)])
        assert order(queue, now=5.0) == ["first", "later", "last"]

    def test_who_waits_for_it_goes_before_a_reply_before_long_reading(self) -> None:
        """Priority decides among jobs of about the same age."""
        queue = filled([job(p.name, user=p.name, priority=p, at=2.0 - p) for p in sorted(Priority, reverse=True)])
        assert order(queue, now=3.0) == ["HIGH", "NORMAL", "LOW"]

    def test_priority_stays_inside_a_guild(self) -> None:
        """Nobody gets more of the engine by calling everything urgent."""
        urgent = [job(f"u{n}", "urgent", priority=Priority.HIGH) for n in range(20)]
        calm = [job(f"c{n}", "calm", priority=Priority.LOW) for n in range(20)]
        first = order(filled([*urgent, *calm]))[:20]
        assert Counter(id[0] for id in first) == {"u": 10, "c": 10}

    def test_long_reading_grows_as_urgent_as_anything_in_a_known_time(self) -> None:
        """A LOW job that has waited two ageing steps goes before every HIGH job that comes then."""
        queue = FairQueue(ageing=10.0)
        queue.push(job("low", user="reader", priority=Priority.LOW, at=0.0), 1.0)
        queue.push(job("before", user="x", priority=Priority.HIGH, at=19.0), 1.0)
        queue.push(job("after", user="y", priority=Priority.HIGH, at=21.0), 1.0)
        assert order(queue, now=21.0) == ["before", "low", "after"]

    def test_nothing_starves_under_a_flood_of_urgent_jobs(self) -> None:
        """With a fresh HIGH job of a new user every second, a LOW one still gets its turn after a minute."""
        queue = FairQueue(ageing=30.0)
        queue.push(job("low", user="reader", priority=Priority.LOW, at=0.0), 1.0)
        for second in range(100):
            queue.push(job(f"h{second}", user=f"u{second}", priority=Priority.HIGH, at=float(second)), 1.0)
            popped = queue.pop(float(second))
            assert popped is not None
            if popped.job.id == "low":
                assert second == 60
                return
        pytest.fail("the reading starves")

    def test_ones_own_urgent_job_goes_before_ones_own_reading(self) -> None:
        """Who listens to a long text can still have a word said."""
        queue = filled([job("long", priority=Priority.LOW, at=0.0), job("word", priority=Priority.HIGH, at=5.0)])
        assert order(queue, now=5.0) == ["word", "long"]

    def test_a_job_that_comes_again_stays_first_among_its_users_jobs(self) -> None:
        """The sentences of one answer are not torn apart by the same user's next question."""
        queue = FairQueue()
        queue.push(job("long", at=1.0), 1.0, order=1)
        queue.push(job("next", at=1.0), 1.0, order=2)
        said = []
        for now in range(2, 5):
            popped = queue.pop(float(now))
            assert popped is not None
            said.append(popped.job.id)
            if now < 4:
                queue.push(popped.job, 1.0, order=1)
        assert said == ["long", "long", "long"]

    def test_a_job_that_comes_again_lets_other_users_go_first(self) -> None:
        """A long answer cannot hold the lane: who waits goes between its sentences."""
        queue = FairQueue()
        queue.push(job("long", user="a", at=0.0), 1.0)
        popped = queue.pop(0.0)
        assert popped is not None
        queue.push(job("short", user="b", at=3.0), 1.0)
        queue.settle(popped, 1.0, 5.0)
        queue.push(popped.job, 1.0)
        assert order(queue, now=5.0) == ["short", "long"]

    def test_who_has_more_waiting_keeps_their_place_while_they_are_served(self) -> None:
        """A user stands in line again from their turn on, not only from its end."""
        queue = filled([job("a0", user="a"), job("a1", user="a")])
        popped = queue.pop(0.0)
        assert popped is not None
        queue.push(job("b", user="b", at=3.0), 1.0)
        queue.settle(popped, 1.0, 5.0)
        assert queue.position("a1") == Place(0, 0.0, 0)
        assert order(queue, now=5.0) == ["a1", "b"]

    def test_users_who_left_are_forgotten(self) -> None:
        """A lane that never empties does not grow with the users who ever spoke in it."""
        queue = filled([job("stays", user="reader", priority=Priority.LOW, at=1e9)])
        for n in range(2_000):
            queue.push(job(f"j{n}", user=f"u{n}", at=float(n)), 1.0)
            queue.pop(float(n))
        assert len(queue._lanes["g"].askers) < 100


class TestCancel:
    """Taking a job out again."""

    def test_a_cancelled_job_gets_no_turn(self) -> None:
        """It is gone, and a second time there is nothing to cancel."""
        queue = filled([job("a"), job("b"), job("c")])
        assert (queue.cancel("b"), queue.cancel("b"), queue.cancel("nobody")) == (True, False, False)
        assert order(queue) == ["a", "c"]

    def test_the_sums_follow(self) -> None:
        """Length, seconds and guilds count only who waits."""
        queue = filled([job("a", "x"), job("b", "y")], cost=2.5)
        assert (len(queue), queue.seconds, queue.guilds) == (2, 5.0, 2)
        queue.cancel("a")
        assert (len(queue), queue.seconds, queue.guilds) == (1, 2.5, 1)
        assert "b" in queue
        assert "a" not in queue

    def test_asking_and_cancelling_for_ever_leaves_nothing_behind(self) -> None:
        """A user who types and deletes a thousand times does not fill the memory."""
        queue = filled([job("other", "h"), job("stays", at=5.0)])
        for n in range(3_000):
            queue.push(job(f"j{n}", priority=Priority.HIGH, at=-float(n)), 1.0)
            queue.push(job(f"k{n}", f"guild{n % 7}"), 1.0)
            assert queue.cancel(f"j{n}")
            assert queue.cancel(f"k{n}")
        assert len(queue._lanes["g"]._heap) < 200
        assert len(queue._heap) < 200
        assert sorted(order(queue, now=9.0)) == ["other", "stays"]

    def test_a_job_waits_once(self) -> None:
        """The same id twice at once is a mistake of the caller."""
        queue = filled([job("a")])
        with pytest.raises(ValueError, match="already"):
            queue.push(job("a"), 1.0)

    @pytest.mark.parametrize("cost", [0.0, -1.0, float("nan"), float("inf")])
    def test_a_turn_costs_something(self, cost: float) -> None:
        """A free or endless turn would make nonsense of every share."""
        with pytest.raises(ValueError, match="above 0"):
            FairQueue().push(job("a"), cost)


PLACES = st.tuples(
    st.sampled_from("gh"), st.sampled_from("uv"), st.sampled_from(Priority), st.sampled_from([0.0, 10.0, 40.0, 90.0])
)


class TestPromotion:
    """A job that somebody more urgent wants too."""

    def test_a_promoted_job_goes_before_those_it_has_become_more_urgent_than(self) -> None:
        """Among users and among a user's own."""
        queue = filled([job("a", user="u", priority=Priority.LOW), job("b", user="v"), job("c", user="u")])
        queue.promote(job("a", user="u", priority=Priority.HIGH))
        assert order(queue) == ["a", "b", "c"]

    @given(st.lists(st.tuples(PLACES, st.none() | st.tuples(st.sampled_from(Priority), st.sampled_from([0.0, 20.0])))))
    def test_it_stands_as_if_it_had_come_so(
        self, wishes: list[tuple[tuple[str, str, Priority, float], tuple[Priority, float] | None]]
    ) -> None:
        """Whatever waits, and announced or not: the order is that of a queue which knew from the beginning."""
        jobs = [job(str(n), *place) for n, (place, _) in enumerate(wishes)]
        changed = [
            item if new is None else job(item.id, item.guild, item.user, *new)
            for item, (_, new) in zip(jobs, wishes, strict=True)
        ]
        queue, knew = FairQueue(), FairQueue()
        for number, (item, other) in enumerate(zip(jobs, changed, strict=True)):
            for each, house in ((item, queue), (other, knew)):
                if number % 2:
                    house.expect(each, 3.0, 3)
                house.push(each, 1.0, order=number)
        for item, other in zip(jobs, changed, strict=True):
            if item is not other:
                queue.promote(other)
        assert [queue.position(item.id, 0.0) for item in jobs] == [knew.position(item.id, 0.0) for item in jobs]
        assert (queue.seconds, queue.rest, queue.guilds) == (knew.seconds, knew.rest, knew.guilds)
        assert [popped.job for popped in popping(queue)] == [popped.job for popped in popping(knew)]

    def test_a_job_that_is_known_and_does_not_wait_is_promoted_for_its_next_turn(self) -> None:
        """Its position follows at once."""
        queue = FairQueue()
        low, other = job("low", user="u", priority=Priority.LOW), job("other", user="v")
        queue.expect(low, 5.0, 2)
        queue.push(other, 1.0)
        before = queue.position("low")
        queue.promote(job("low", user="u", priority=Priority.HIGH))
        after = queue.position("low")
        assert before is not None
        assert after is not None
        assert (before.ahead, after.ahead) == (1, 0)

    def test_a_later_deadline_holds(self) -> None:
        """It expires by the new one."""
        queue = filled([job("a", deadline=5.0)])
        queue.promote(job("a", deadline=50.0))
        popped = queue.pop(10.0)
        assert popped is not None
        assert not popped.expired

    def test_who_is_not_there_is_not_promoted(self) -> None:
        """And nothing comes of it."""
        queue = FairQueue()
        queue.promote(job("nobody"))
        assert queue.pop(0.0) is None


class TestDeadlines:
    """Jobs whose time has passed."""

    def test_an_expired_job_comes_out_as_such(self) -> None:
        """It is handed out once, to be told, and not silently lost."""
        queue = filled([job("late", deadline=5.0), job("fine", deadline=9.0)])
        popped = [queue.pop(5.0), queue.pop(5.0), queue.pop(5.0)]
        assert [item and (item.job.id, item.expired) for item in popped] == [("late", True), ("fine", False), None]

    def test_an_expired_job_costs_nothing(self) -> None:
        """Its guild and its user have their turn yet."""
        late = [job(f"late{n}", "a", deadline=1.0) for n in range(5)]
        queue = filled([*late, job("a", "a", at=1.0), job("b", "b", at=1.0)])
        assert order(queue, now=2.0)[-2:] == ["a", "b"]


COSTS = st.sampled_from([0.5, 1.0, 1.0, 2.0, 3.25])


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is done to a queue."""

    what: str
    guild: str
    user: str
    priority: Priority
    cost: float
    passes: float
    lives: float | None
    which: int


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from(["push"] * 5 + ["pop"] * 3 + ["look"] * 2 + ["cancel", "settle", "weigh"]),
        st.sampled_from("abcd"),
        st.sampled_from("xyz"),
        st.sampled_from(Priority),
        COSTS,
        st.sampled_from([0.0, 0.0, 1.0, 40.0]),
        st.sampled_from([None, None, None, 20.0]),
        st.integers(0, 1_000),
    ),
    max_size=80,
)


class Play:
    """Plays steps on a queue, and notes what became of each job."""

    def __init__(self, *, mortal: bool = True) -> None:
        self.queue = FairQueue(weights={"c": 2.0})
        self.now = 0.0
        self.pushed: list[Job] = []
        self.gone: Counter[str] = Counter()
        self.popped: list[Job] = []
        self.virtual = 0.0
        self._mortal = mortal
        self._running: list[tuple[Popped, float]] = []

    def play(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self.now += step.passes
            getattr(self, step.what)(step)

    def push(self, step: Step) -> None:
        deadline = None if step.lives is None or not self._mortal else self.now + step.lives
        item = Job(f"{len(self.pushed)}", step.guild, step.user, step.priority, self.now, deadline)
        self.pushed.append(item)
        self.queue.push(item, step.cost)

    def pop(self, step: Step) -> None:
        popped = self.queue.pop(self.now)
        if popped is None:
            assert len(self.queue) == 0
            return
        assert popped.expired == (popped.job.deadline is not None and popped.job.deadline <= self.now)
        self.gone[popped.job.id] += 1
        if not popped.expired:
            self.popped.append(popped.job)
            self._running.append((popped, step.cost))

    def cancel(self, step: Step) -> None:
        if self.pushed:
            id = self.pushed[step.which % len(self.pushed)].id
            here = id in self.queue
            assert self.queue.cancel(id) == here
            self.gone[id] += here

    def look(self, step: Step) -> None:
        if self.pushed:
            id = self.pushed[step.which % len(self.pushed)].id
            assert (self.queue.position(id) is not None) == (id in self.queue)

    def settle(self, step: Step) -> None:
        if self._running:
            popped, seconds = self._running.pop()
            self.queue.settle(popped, seconds, self.now)

    def weigh(self, step: Step) -> None:
        self.queue.weigh(step.guild, step.cost)


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_every_job_leaves_exactly_once(steps: list[Step]) -> None:
    """Whatever is pushed is popped, expired or cancelled once: none is lost and none is said twice."""
    play = Play()
    play.play(steps)
    waiting = sum(item.id in play.queue for item in play.pushed)
    assert len(play.queue) == waiting
    for popped in popping(play.queue, play.now):
        play.gone[popped.job.id] += 1
    assert play.gone == Counter(item.id for item in play.pushed)
    assert (len(play.queue), play.queue.seconds, play.queue.guilds) == (0, 0.0, 0)


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_a_users_jobs_of_one_priority_stay_in_order(steps: list[Step]) -> None:
    """Whatever else happens, nobody is overtaken by a later job of their own that is no more urgent."""
    play = Play()
    play.play(steps)
    play.popped += [popped.job for popped in popping(play.queue, play.now)]
    said: dict[tuple[str, str, Priority], list[int]] = defaultdict(list)
    for item in play.popped:
        said[item.guild, item.user, item.priority].append(int(item.id))
    assert all(ids == sorted(ids) for ids in said.values())


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_a_position_is_what_comes_before(steps: list[Step]) -> None:
    """The turns and the seconds that a job is told are ahead are those that go before it, to the slice."""
    play = Play(mortal=False)
    play.play(steps)
    play.queue.pop(play.now)
    waiting = [item.id for item in play.pushed if item.id in play.queue]
    told = {id: play.queue.position(id) for id in waiting}
    seconds = 0.0
    for ahead, popped in enumerate(popping(play.queue, play.now)):
        place = told.pop(popped.job.id)
        assert place is not None
        assert place.ahead == ahead
        assert place.seconds == pytest.approx(seconds)
        seconds += popped.cost
    assert not told


@settings(max_examples=100, deadline=None)
@given(STEPS, COSTS, COSTS)
def test_two_busy_guilds_never_drift_apart(steps: list[Step], one: float, other: float) -> None:
    """While two guilds both wait, what they got never comes to differ by more than a longest slice of each."""
    play = Play(mortal=False)
    play.play(step for step in steps if step.what not in ("weigh", "settle"))
    costs = {"a": one, "b": other}
    for n in range(60):
        for guild, cost in costs.items():
            play.queue.push(job(f"{guild}-{n}", guild, at=play.now), cost)
    drift, drifts = 0.0, [0.0]
    while "a-59" in play.queue and "b-59" in play.queue:
        popped = play.queue.pop(play.now)
        assert popped is not None
        drift += {"a": popped.cost, "b": -popped.cost}.get(popped.job.guild, 0.0)
        drifts.append(drift)
    assert max(drifts) - min(drifts) <= 2 * 3.25 + 1e-6


def test_nobody_is_ahead_of_who_does_not_wait() -> None:
    """A stranger has no position."""
    assert FairQueue().position("nobody") is None


def test_a_position_follows_the_queue() -> None:
    """Each turn, cancel and newcomer shows in the next answer."""
    queue = filled([job("a0", "a"), job("a1", "a"), job("b0", "b")], cost=2.0)
    assert queue.position("a1") == Place(2, 4.0, 2)
    queue.pop(0.0)
    assert queue.position("a1") == Place(1, 2.0, 1)
    queue.cancel("b0")
    assert queue.position("a1") == Place(0, 0.0, 0)
    queue.push(job("c0", "c"), 3.0)
    assert queue.position("a1") == Place(1, 3.0, 1)


def test_a_position_follows_its_own_lane() -> None:
    """A cancelled job of the same guild is ahead no more."""
    queue = filled([job("a0"), job("a1"), job("a2")], cost=2.0)
    assert queue.position("a2") == Place(2, 4.0, 2)
    queue.cancel("a0")
    assert queue.position("a2") == Place(1, 2.0, 1)


def test_a_position_follows_the_bill() -> None:
    """A guild whose turn was longer than estimated has fewer turns ahead of others, and a heavier one more."""
    queue = filled([job(f"{guild}{n}", guild) for guild in "ab" for n in range(4)])
    popped = queue.pop(0.0)
    assert popped is not None
    assert queue.position("b3") == Place(6, 6.0, 6)
    queue.settle(popped, 2.0, 0.0)
    assert queue.position("b3") == Place(5, 5.0, 5)
    queue.weigh("a", 2.0)
    assert queue.position("b3") == Place(6, 6.0, 6)


def test_a_position_follows_the_clock() -> None:
    """Where priorities age against each other, the answer is that of the time of the last turn, anywhere."""
    queue = filled([job("other0", "h"), job("other1", "h")])
    queue.push(job("a0", user="a"), 1.0)
    queue.push(job("a1", user="a"), 1.0)
    queue.push(job("low", user="b", priority=Priority.LOW), 1.0)
    assert queue.position("a1") == Place(3, 3.0, 3)
    queue.pop(100.0)
    assert queue.position("a1") == Place(3, 3.0, 3)
    assert order(queue, now=100.0) == ["a0", "other1", "low", "a1"]


def test_positions_hold_in_a_big_queue() -> None:
    """With guilds of very different lengths every position is still exact."""
    chance = random.Random(5)
    queue = FairQueue(weights={f"g{n}": 1.0 + n % 3 for n in range(40)})
    for n in range(1_500):
        guild = min(chance.randrange(40), chance.randrange(40))
        queue.push(job(f"{n}", f"g{guild}", f"u{n % 5}"), chance.uniform(0.5, 6.0))
    told = {f"{n}": queue.position(f"{n}") for n in range(1_500)}
    for ahead, id in enumerate(order(queue)):
        place = told[id]
        assert place is not None
        assert place.ahead == ahead
