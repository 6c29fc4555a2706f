"""Marks of every script become the few that the model was taught."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tts.offline.phonemes.marks import MARKS, plain, tidy


@pytest.mark.parametrize(
    ("text", "normal"),
    [("ＡＢＣ１２", "ABC12"), ("你好，", "你好,"), ("wait...", "wait…"), ("……", "…"), ("ﾊﾝ", "ハン"), ("ﬁn", "fin")],
)
def test_one_form_of_each_letter_and_mark(text: str, normal: str) -> None:
    """Full width, half width and ligatures are one; an ellipsis stays one mark."""
    assert plain(text) == normal


@pytest.mark.parametrize(
    ("phonemes", "clean"),
    [("a ,  b", "a, b"), ("“ a ” b", "“a” b"), ("  a  ", "a"), ("a \n b", "a b"), ("( a ) .", "(a).")],
)
def test_one_space_between_words(phonemes: str, clean: str) -> None:
    """No space before a pause or inside quotes."""
    assert tidy(phonemes) == clean


@given(st.text(alphabet="ab ,.!?“”()…\n", max_size=40))
def test_tidying_twice_changes_nothing(phonemes: str) -> None:
    """Tidy is tidy."""
    assert tidy(tidy(phonemes)) == tidy(phonemes)


def test_every_mark_is_one_the_model_knows() -> None:
    """No mark is mapped to a symbol that would be dropped."""
    assert {symbol for mark in MARKS.values() for symbol in mark} <= set(" ,.!?:;—…“”()")
