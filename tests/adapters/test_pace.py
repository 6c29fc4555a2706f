"""How often somebody may ask."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters import pace as module
from bot.adapters.pace import Pace


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_person_has_so_many_requests_a_minute_and_is_told_when_the_next_is_free() -> None:
    """The window slides: what was asked a minute ago no longer counts."""
    clock = Clock()
    pace = Pace(clock)
    assert pace.take("g", "u", 2) is None
    clock.now += 20
    assert pace.take("g", "u", 2) is None
    clock.now += 10
    assert pace.take("g", "u", 2) == pytest.approx(30)
    clock.now += 30
    assert pace.take("g", "u", 2) is None


def test_nobody_pays_for_another_or_for_another_server() -> None:
    """Each person is counted alone, in each server anew."""
    pace = Pace(Clock())
    assert [pace.take(*who, 1) for who in (("g", "u"), ("g", "v"), ("h", "u"))] == [None, None, None]
    assert pace.take("g", "u", 1) is not None


def test_a_refused_request_does_not_count() -> None:
    """Who asks too often need not wait the longer for it."""
    clock = Clock()
    pace = Pace(clock)
    pace.take("g", "u", 1)
    waits = [pace.take("g", "u", 1) for _ in range(5)]
    assert waits == [60.0] * 5


def test_without_a_limit_nothing_is_counted() -> None:
    """A limit that comes later begins with nothing."""
    pace = Pace(Clock())
    assert [pace.take("g", "u", None) for _ in range(100)] == [None] * 100
    assert pace.take("g", "u", 1) is None


def test_who_has_not_asked_for_long_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory of a bot with many users does not grow for ever."""
    monkeypatch.setattr(module, "CROWD", 10)
    clock = Clock()
    pace = Pace(clock)
    for number in range(10):
        pace.take("g", f"u{number}", 5)
    clock.now += 61
    pace.take("g", "new", 5)
    assert len(pace._asked) == 1


@given(st.lists(st.floats(0.1, 30), max_size=60), st.integers(1, 5))
def test_no_minute_holds_more_than_the_limit(gaps: list[float], limit: int) -> None:
    """Whatever the rhythm."""
    clock = Clock()
    pace = Pace(clock)
    allowed = []
    for gap in gaps:
        clock.now += gap
        if pace.take("g", "u", limit) is None:
            allowed.append(clock.now)
    for first in allowed:
        assert sum(first <= at < first + 60 for at in allowed) <= limit
