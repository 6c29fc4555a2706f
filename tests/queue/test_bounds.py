"""How much may wait, counted."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.queue import Job, Limits
from bot.queue.bounds import Bounds, refusal, spoken
from bot.speech import Priority, Reason


def job(guild: str = "g", user: str = "u") -> Job:
    """A job of somebody."""
    return Job("id", guild, user, Priority.NORMAL, 0.0)


def bounds(limits: Limits, *jobs: Job) -> Bounds:
    """Bounds within which these jobs were admitted."""
    counted = Bounds(limits)
    for item in jobs:
        counted.add(item)
    return counted


def test_the_nearest_bound_is_named_first() -> None:
    """Who is at every bound at once hears of their own, for that is the one they can do something about."""
    full = Limits(per_user=1, per_guild=1, total=1)
    assert bounds(full, job()).full(job(), full) is Reason.USER_QUEUE_FULL
    assert bounds(full, job()).full(job(user="v"), full) is Reason.GUILD_QUEUE_FULL
    assert bounds(full, job()).full(job("h"), full) is Reason.QUEUE_FULL
    assert bounds(full).full(job(), full) is None


def test_a_guilds_own_bounds_do_not_widen_the_house() -> None:
    """An override's total is not the guild's to have."""
    counted = bounds(Limits(total=2), job(), job())
    counted.overrides["g"] = Limits(total=1_000)
    limits = counted.of("g")
    assert counted.full(job(), limits) is Reason.QUEUE_FULL
    assert counted.limit(Reason.QUEUE_FULL, limits) == 2


@given(st.lists(st.tuples(st.sampled_from("gh"), st.sampled_from("uvw"))))
def test_everybody_who_left_is_forgotten(people: list[tuple[str, str]]) -> None:
    """Counts follow who is there, and nothing is kept of who is not."""
    counted = bounds(Limits(), *(job(*person) for person in people))
    for person, number in Counter(people).items():
        assert counted.users(*person) == number
    for person in people:
        counted.remove(job(*person))
    assert (counted.total, counted.users("g"), counted.users("g", "u")) == (0, 0, 0)
    assert not counted._users
    assert not counted._guilds


@pytest.mark.parametrize("reason", [Reason.USER_QUEUE_FULL, Reason.GUILD_QUEUE_FULL, Reason.QUEUE_FULL])
def test_a_refusal_ends_with_what_to_do(reason: Reason) -> None:
    """The words and the number for machines name the same time, and never less than a second."""
    answer = refusal(reason, 7, 41.2)
    assert (answer.reason, answer.retry_after) == (reason, 42.0)
    assert answer.message.lower().endswith("try again in about 42 seconds.")
    assert refusal(reason, 7, 0.0).retry_after == 1.0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1.0, "a second"), (2.0, "2 seconds"), (99.0, "99 seconds"), (100.0, "2 minutes"), (3_601.0, "61 minutes")],
)
def test_a_wait_is_said_as_people_say_it(seconds: float, words: str) -> None:
    """Seconds while they can be counted, then minutes."""
    assert spoken(seconds) == words
