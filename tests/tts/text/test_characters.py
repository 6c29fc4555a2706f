"""What is thrown away before anything else looks, and where a character that people see ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tts.text.characters import Filter, boundary

CUTS = st.lists(st.integers(1, 7), min_size=1, max_size=6)
MARKED = st.text(st.sampled_from("ab \u0301\u0302\u0e47\u200d\ufe0f\u200b\r\n\ue000😀\U000e0041"), max_size=60)


def filtered(pieces: list[str]) -> str:
    """What one filter leaves of these pieces, joined."""
    sieve = Filter()
    return "".join(sieve.feed(piece) for piece in pieces)


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("plain text, as it is\n", "plain text, as it is\n"),
        ("zero\u200bwidth\ufeff soft\xadhyphen", "zerowidth softhyphen"),
        ("\u202eright to left\u202c \u2066isolated\u2069", "right to left isolated"),
        ("bell\x07 nul\x00 delete\x7f c1\x9b", "bell nul delete c1"),
        ("tab\there no\xa0break wide\u3000blank", "tab here no break wide blank"),
        ("unix\nwindows\r\nvertical\x0bpage\x0cunicode\u2028end", "unix\nwindows\nvertical\npage\nunicode\nend"),
        ("private \ue000\uf8ff\U000f0000 use", "private  use"),
        ("half of a pair \ud83d", "half of a pair "),
        ("Persian می\u200cخواهم keeps its joiner", "Persian می\u200cخواهم keeps its joiner"),
        ("family 👨\u200d👩\u200d👧 stays together", "family 👨\u200d👩\u200d👧 stays together"),
        (
            "England 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
            "England 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        ),
    ],
)
def test_only_what_can_be_said_or_seen_is_left(typed: str, left: str) -> None:
    """Controls, bidi marks, private and broken code points go; every break is a newline, every blank a space."""
    assert Filter().feed(typed) == left


def test_towers_of_marks_are_lowered() -> None:
    """Zalgo's hundred marks on a letter become four; Thai's two and Hebrew's three are not touched."""
    assert Filter().feed("Z" + "\u0301" * 100 + "a") == "Z" + "\u0301" * 4 + "a"
    assert Filter().feed("ที่นี่ שָׁלוֹם") == "ที่นี่ שָׁלוֹם"


def test_a_tower_is_lowered_however_it_arrives() -> None:
    """A hundred marks one at a time are still one tower, and an empty piece does not end it."""
    assert filtered(["Z", *["\u0301", ""] * 100, "a"]) == "Z" + "\u0301" * 4 + "a"


def test_a_new_letter_may_carry_marks_again() -> None:
    """The count begins anew after each letter, ASCII or not."""
    assert filtered(["Z\u0301\u0301\u0301\u0301", "a", "\u0301"]) == "Z\u0301\u0301\u0301\u0301a\u0301"
    assert filtered(["Z\u0301\u0301\u0301\u0301é", "\u0301"]) == "Z\u0301\u0301\u0301\u0301é\u0301"


@given(MARKED, CUTS)
def test_pieces_make_no_difference_to_the_filter(text: str, cuts: list[int]) -> None:
    """Any partition leaves what the whole leaves."""
    pieces, at, turn = [], 0, 0
    while at < len(text):
        pieces.append(text[at : at + cuts[turn % len(cuts)]])
        at, turn = at + cuts[turn % len(cuts)], turn + 1
    assert filtered(pieces) == Filter().feed(text)


@given(st.text(max_size=40))
def test_nothing_is_filtered_twice(text: str) -> None:
    """What has passed passes again unchanged."""
    once = Filter().feed(text)
    assert Filter().feed(once) == once


@pytest.mark.parametrize(
    ("text", "at", "place"),
    [
        ("abc", 2, 2),
        ("ae\u0301b", 2, 1),
        ("a👍🏽b", 2, 1),
        ("a👨\u200d👩\u200d👧b", 4, 1),
        ("a❤\ufe0fb", 2, 1),
        ("🇯🇵🇫🇷", 1, 0),
        ("🇯🇵🇫🇷", 2, 2),
        ("🇯🇵🇫🇷", 3, 2),
        ("abc", 3, 3),
        ("abc", 0, 0),
        ("\u1112\u1161\u11ab", 2, 0),
    ],
)
def test_a_cut_goes_between_characters(text: str, at: int, place: int) -> None:
    """Never between a letter and its mark, in a joined emoji, or through a flag."""
    assert boundary(text, at) == place


@given(st.text(max_size=30), st.integers(0, 30))
def test_a_cut_is_never_later_than_asked(text: str, at: int) -> None:
    """The boundary is at or before the place asked for, and within the text."""
    at = min(at, len(text))
    assert 0 <= boundary(text, at) <= at
