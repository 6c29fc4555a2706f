"""What stands in the journal can be read by the next start, and what cannot is not guessed at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.telegram.mark import Leaving, There, read
from bot.adapters.telegram.parts import Point

POINTS = st.builds(Point, st.integers(0, 10_000), st.integers(0, 100_000))
MARKS = st.builds(There, POINTS, st.booleans()) | st.builds(
    Leaving, st.none() | POINTS, st.none() | st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
)


@given(MARKS)
def test_a_mark_is_read_as_it_was_written(mark: There | Leaving) -> None:
    """Whatever it says."""
    assert read(str(mark)) == mark


@pytest.mark.parametrize(
    ("mark", "text"),
    [
        (There(Point(3)), "there 3"),
        (There(Point(3, 450)), "there 3+450"),
        (There(Point(3), sure=False), "unsure 3"),
        (Leaving(Point(2)), "leaving 2"),
        (Leaving(), "leaving all"),
        (Leaving(None, "ab12"), "leaving all ab12"),
    ],
)
def test_it_is_written_in_words(mark: There | Leaving, text: str) -> None:
    """For people who look into a journal, and for versions to come."""
    assert str(mark) == text


@pytest.mark.parametrize(
    "mark",
    [None, "", "-", "17", "note 1.0 5", "there", "there all", "there -1", "there 1+x", "leaving", "leaving 1 a b"],
)
def test_what_another_version_wrote_is_not_guessed_at(mark: str | None) -> None:
    """It says nothing."""
    assert read(mark) is None


@given(st.text(max_size=40))
def test_reading_never_fails(mark: str) -> None:
    """It is a mark, or it is none; and a mark says the same when it is written again."""
    found = read(mark)
    assert found is None or read(str(found)) == found
