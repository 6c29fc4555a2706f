"""Values are written so that Discord shows them as they are, and no more of them than it takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.discord.commands.admin_values import (
    WIDEST,
    chosen,
    counted,
    fitted,
    label,
    lines_of,
    literal,
    person,
    some,
    spoken_as,
)

LINES = st.lists(st.text(st.characters(exclude_characters="\n"), max_size=40), max_size=60)


@given(LINES, st.integers(60, 400))
def test_lines_never_take_more_room_than_there_is(lines: list[str], room: int) -> None:
    """As many whole lines as fit, in order; the rest is counted, and none is lost silently."""
    kept = fitted(lines, room, "en").split("\n") if lines else []
    assert len("\n".join(kept)) <= room
    if kept == lines:
        return
    *whole, more = kept
    assert whole == lines[: len(whole)]
    assert more == f"… and {len(lines) - len(whole)} more"


def test_what_fits_is_left_alone() -> None:
    """To the last character."""
    assert fitted(["ab", "cd"], 5, "en") == "ab\ncd"
    assert fitted(["ab", "c" * 50], 40, "en") == "ab\n… and 1 more"
    assert fitted([], 10, "en") == ""


@given(st.text())
def test_a_text_cannot_leave_its_frame(text: str) -> None:
    """Whatever is in it, it is shown literally: the only two backticks are its frame."""
    shown = literal(text)
    assert shown.count("`") == (2 if text else 0)
    assert len(shown) <= WIDEST + 2


def test_nothing_is_shown_as_nothing() -> None:
    """Neither None nor an empty text gets a frame; a zero is a value."""
    assert (literal(None), literal("")) == ("", "")
    assert literal(0) == "`0`"


def test_people_are_mentioned() -> None:
    """By their id; a key that has none is shown as it is."""
    assert person("discord:42") == "<@42>"
    assert person(42) == "<@42>"
    assert person("somebody") == "`somebody`"


def test_long_lists_are_counted() -> None:
    """The first are named, and how many there are besides; of none it is said what that means."""
    assert some([], "all", "en") == "all"
    assert some(["a", "b"], "none", "ja") == "a、b"
    assert some(map(str, range(99)), "none", "en").endswith("more")


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "default (4000)"), (0, "default (4000)"), (1.5, "1.5"), (2.0, "2"), (300, "300")]
)
def test_a_number_or_what_holds_without(value: float | None, shown: str) -> None:
    """Without needless decimals."""
    assert counted(value, 4000, "en") == shown


def test_a_choice_or_what_holds_without() -> None:
    """A choice stands alone, a default says what it is."""
    assert chosen("edge", "offline", "en") == "`edge`"
    assert chosen(None, "offline", "zh-CN") == "默认（`offline`）"
    assert spoken_as("ja", "en") == "Japanese"
    assert spoken_as(None, "en") == "as each text is written"


def test_settings_go_by_their_names() -> None:
    """A setting of another version by the name under which it is kept."""
    assert lines_of([("engine", "`edge`")], "ja") == ["・エンジン：`edge`"]
    assert label("of_tomorrow", "en") == "`of_tomorrow`"
