"""Who waits is told as often as it is worth."""

from __future__ import annotations

import pytest

from bot.adapters.patience import pause_of


@pytest.mark.parametrize(("left", "pause"), [(0, 5), (30, 5), (60, 10), (600, 100)])
def test_who_waits_long_is_told_less_often(left: float, pause: float) -> None:
    """What is far away changes little."""
    assert pause_of(5.0, left) == pause


def test_many_who_wait_do_not_use_up_what_a_platform_allows() -> None:
    """A hundred in line for something that takes ten seconds each are told so four times a second, not twenty."""
    assert sum(1 / pause_of(5.0, 10 * place) for place in range(100)) < 4
