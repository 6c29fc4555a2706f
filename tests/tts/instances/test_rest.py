"""Rests that grow, and their jitter."""

from __future__ import annotations

from bot.tts.instances.rest import Rest
from tests.tts.instances.stage import Time


def rest(time: Time, chance: float = 0.0) -> Rest:
    return Rest(1.0, 60.0, clock=time.clock, chance=lambda: chance)


def test_without_a_failure_there_is_none() -> None:
    """The first try may be made at once."""
    assert rest(Time()).left == 0.0


def test_each_failure_doubles_it_up_to_the_longest() -> None:
    """However many there were: a night of them overflows nothing."""
    growing = rest(Time())
    assert [growing.failed() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert {growing.failed() for _ in range(2000)} == {60.0}


def test_it_runs_out() -> None:
    """What is left of it goes by the clock, and not below nothing."""
    time = Time()
    running = rest(time)
    running.failed()
    time.now += 0.75
    assert running.left == 0.25
    time.now += 10
    assert running.left == 0.0


def test_success_makes_the_next_one_short() -> None:
    """Only the growth is forgotten; one that runs still runs."""
    well = rest(Time())
    well.failed(), well.failed()
    well.over()
    assert well.left == 2.0
    assert well.failed() == 1.0


def test_chance_parts_those_that_failed_together() -> None:
    """By up to half of it again, never less."""
    assert rest(Time(), chance=1.0).failed() == 1.5
    assert rest(Time(), chance=0.5).failed() == 1.25
