"""Who writes next."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.store.line import PASSED, Line


def _line(*joined: tuple[str, bool]) -> Line[str]:
    line: Line[str] = Line()
    for one, urgent in joined:
        line.join(one, urgent=urgent)
    return line


def test_the_urgent_go_first() -> None:
    """However long the line is that they find."""
    line = _line(*((f"clip {number}", False) for number in range(50)), ("mark", True))
    assert line.next() == "mark"
    assert line.next() == "clip 0"


def test_nobody_is_passed_for_long() -> None:
    """After some urgent ones in a row one of the others goes, and again after as many."""
    line = _line(*((f"mark {number}", True) for number in range(3 * PASSED)), ("clip 0", False), ("clip 1", False))
    called = [line.next() for _ in range(3 * PASSED + 2)]
    assert [called.index("clip 0"), called.index("clip 1")] == [PASSED, 2 * PASSED + 1]


def test_who_went_while_nobody_else_waited_passed_nobody() -> None:
    """The count begins with the first who is passed."""
    line = _line(*((f"mark {number}", True) for number in range(2 * PASSED)))
    for _ in range(PASSED):
        line.next()
    line.join("clip", urgent=False)
    assert [line.next() for _ in range(PASSED + 1)].index("clip") == PASSED


@given(st.lists(st.one_of(st.none(), st.booleans()), max_size=80))
def test_everybody_is_called_once_in_the_order_of_their_kind(steps: list[bool | None]) -> None:
    """Whatever comes when; None is a call."""
    line: Line[tuple[bool, int]] = Line()
    joined = 0
    called: list[tuple[bool, int]] = []
    for number, urgent in enumerate(steps):
        if urgent is not None:
            line.join((urgent, number), urgent=urgent)
            joined += 1
        elif len(called) < joined:
            called.append(line.next())
    called += [line.next() for _ in range(joined - len(called))]
    for kind in (True, False):
        assert [number for urgent, number in called if urgent is kind] == [n for n, u in enumerate(steps) if u is kind]
