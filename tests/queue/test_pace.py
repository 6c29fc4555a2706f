"""What is learned of an engine, and what it promises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.queue.pace import Pace


def test_before_anything_was_heard_it_is_as_announced() -> None:
    """The first promise rests on the engine's own word."""
    pace = Pace(0.25)
    assert (pace.rtf, pace.rate) == (0.25, 0.25)


def test_recent_turns_count_more() -> None:
    """An engine that becomes slow is known for it, not for its past."""
    pace = Pace(0.1)
    for _ in range(50):
        pace.learn(held=0.5, made=5.0, estimated=5.0)
    for _ in range(30):
        pace.learn(held=5.0, made=5.0, estimated=5.0)
    assert pace.rtf == pytest.approx(1.0, rel=0.1)


def test_a_short_utterance_does_not_weigh_as_a_long_one() -> None:
    """Half a second for one word between long sentences hardly moves the factor."""
    pace = Pace(0.1)
    for _ in range(30):
        pace.learn(held=1.0, made=10.0, estimated=10.0)
        pace.learn(held=0.5, made=0.5, estimated=0.5)
    assert pace.rtf == pytest.approx(0.143, rel=0.05)


def test_wrong_estimates_are_known() -> None:
    """Where twice as much is made as estimated, an estimated second takes twice the time."""
    pace = Pace(0.1)
    for _ in range(60):
        pace.learn(held=1.0, made=10.0, estimated=5.0)
    assert pace.rtf == pytest.approx(0.1, rel=0.01)
    assert pace.rate == pytest.approx(0.2, rel=0.01)


def test_one_slot_is_a_sum() -> None:
    """What runs, and then all that is ahead, one after the other."""
    assert Pace(0.1).wait(1, [2.0], 3, 60.0) == pytest.approx(8.0)


def test_a_free_slot_is_no_wait() -> None:
    """With a slot to spare and nobody ahead it begins at once."""
    assert Pace(0.1).wait(3, [2.0, 9.0], 0, 0.0) == 0.0


def test_the_first_free_slot_is_taken() -> None:
    """With all slots taken and nobody ahead, the shortest remainder is the wait."""
    assert Pace(0.1).wait(2, [7.0, 3.0], 0, 0.0) == 3.0


def test_without_slots_there_is_no_end_in_sight() -> None:
    """An engine that is held promises nothing."""
    assert Pace(0.1).wait(0, [1.0], 1, 1.0) == float("inf")


@given(
    st.integers(1, 8),
    st.lists(st.floats(0.0, 50.0), max_size=8),
    st.integers(0, 2_000),
    st.floats(0.1, 10.0),
)
def test_a_wait_lies_between_the_best_and_the_worst(slots: int, running: list[float], ahead: int, each: float) -> None:
    """Never sooner than if the work were split to the grain, less a slice; never later than the even split."""
    running = running[:slots]
    wait = Pace(0.1).wait(slots, running, ahead, each * ahead)
    work = sum(running) + 0.1 * each * ahead
    assert wait <= work / slots + 1e-6
    assert wait >= work / slots - max([*running, 0.1 * each]) - 1e-6


@given(st.integers(0, 600))
def test_more_ahead_is_never_sooner(ahead: int) -> None:
    """The promise grows with the line, also where it goes from counting turns to reckoning in bulk."""
    pace, each = Pace(0.1), 4.0
    waits = [pace.wait(3, [1.0, 2.0], n, n * each) for n in (ahead, ahead + 1)]
    assert waits[0] <= waits[1] + 1e-9
