"""Portions: few hands on the way, and never at the price of a gap."""

from __future__ import annotations

import pytest

from bot.tts.edge.portions import Portions


def played(arrivals: list[tuple[float, float]]) -> tuple[list[float], float]:
    """When portions are handed on of sounds that come at a time, in seconds; and the longest gap for who plays them."""
    portions, handed, held, gap = Portions(), list[float](), 0.0, 0.0
    began, supply = arrivals[0][0], 0.0
    for number, (at, seconds) in enumerate(arrivals):
        held += seconds
        following = arrivals[number + 1][0] if number + 1 < len(arrivals) else at
        now = max(at, portions.due if number + 1 < len(arrivals) else at)  # the end is handed on at once
        if now < following or number + 1 == len(arrivals):
            gap = max(gap, now - (began + supply)) if handed else 0.0
            portions.passed_on(held, now)
            handed.append(now)
            supply, held = supply + held, 0.0
    return handed, gap


def test_the_first_sound_is_due_at_once() -> None:
    """Nobody waits for more before anything is heard."""
    assert Portions().due == 0.0


def test_a_fast_service_is_handed_on_in_few_portions() -> None:
    """Fifty messages of 120 ms, 20 ms apart, in a third of as many portions."""
    handed, gap = played([(1.0 + 0.02 * number, 0.12) for number in range(50)])
    assert handed[0] == 1.0
    assert len(handed) <= 18
    assert gap <= 0.0


@pytest.mark.parametrize("seconds", [0.024, 0.06, 0.12, 0.5])
@pytest.mark.parametrize("speed", [1.0, 1.1, 1.5, 2.0, 6.0, 50.0])
def test_a_listener_never_runs_dry_by_it(seconds: float, speed: float) -> None:
    """Whoever plays what is handed on hears no gap that would not have been there without it, at any pace."""
    _, gap = played([(seconds / speed * number, seconds) for number in range(400)])
    assert gap <= 1e-9


def test_what_comes_too_late_is_handed_on_at_once() -> None:
    """Who has waited too long already does not wait for more."""
    portions = Portions()
    portions.passed_on(0.12, 10.0)
    assert 10.0 < portions.due < 10.12
    portions.passed_on(0.12, 12.0)
    assert portions.due < 12.0
