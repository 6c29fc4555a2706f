"""A long text arrives whole, in pieces that Telegram takes, broken where it hurts least."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.telegram.pieces import fitting, pieces, shortened


def units(text: str) -> int:
    """As Telegram counts."""
    return len(text.encode("utf-16-le")) // 2


WORDS = st.text(st.sampled_from("ab. \n!？。，é\N{GRINNING FACE}\N{HIRAGANA LETTER A}"), max_size=300)


@given(WORDS, st.integers(2, 60))
def test_nothing_is_lost_and_everything_fits(text: str, limit: int) -> None:
    """Of any text only white space goes, and no piece is empty or too long."""
    found = list(pieces(text, limit))
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(0 < units(piece) <= limit for piece in found)


@given(WORDS, st.integers(1, 60))
def test_what_is_shortened_fits(text: str, limit: int) -> None:
    """It is the text, or its beginning with an ellipsis."""
    short = shortened(text, limit)
    assert units(short) <= limit
    assert short == text or text.startswith(short[:-1])
    assert (short == text) is (units(text) <= limit)


@given(WORDS, st.integers(0, 60))
def test_as_much_fits_as_there_is_room_for(text: str, limit: int) -> None:
    """And not one character less."""
    end = fitting(text, limit)
    assert units(text[:end]) <= limit
    assert end == len(text) or units(text[: end + 1]) > limit


def test_a_text_that_fits_is_one_piece() -> None:
    """Also if it fits exactly; of nothing there is none."""
    assert list(pieces("x" * 20, 20)) == ["x" * 20]
    assert list(pieces(" a\n\nb ", 20)) == ["a\n\nb"]
    assert list(pieces(" \n ", 20)) == []


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("one two\n\nthree\nfour. five", "one two"),
        ("one two three\nfour. five", "one two three"),
        ("One two. Three fourfive", "One two."),
        ("“One two!” Three fourfive", "“One two!”"),
        ("一二三四五六七。八九十十一十二", "一二三四五六七。"),
        ("「一二三四五六七。」八九十十一十二", "「一二三四五六七。」"),
        ("one two three four", "one two three"),
        ("一二三四五六七，八九十十一十二十三", "一二三四五六七，"),
        ("onetwothreefourfive", "onetwothreefo"),
        ("\N{GRINNING FACE}" * 10, "\N{GRINNING FACE}" * 6),
        ("a. bcdefghijklmnop", "a. bcdefghijk"),
    ],
)
def test_it_is_broken_where_it_hurts_least(text: str, first: str) -> None:
    """Between paragraphs, lines, sentences or words, if one of these ends in the second half; else anywhere."""
    assert next(pieces(text, 13)) == first
