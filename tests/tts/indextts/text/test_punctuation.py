"""The punctuation that the model knows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tts.indextts.text.punctuation import mapped


@pytest.mark.parametrize(
    ("marks", "known"),
    [
        ("，、：；:;", ",,,,,,"),
        ("。！？", ".!?"),
        ('“”‘’"（）()《》【】[]「」', "'" * 17),
        ("—～~·", "----"),
        ("...", "…"),
        ("......", "……"),
        ("……", "…"),
        ("…", "…"),
        (",,,", "…"),
        ("，，，", ",,,"),
        ("。。。", "..."),
        ("\n", " "),
        ("{}|<>@#%", "{}|<>@#%"),
    ],
)
def test_marks_become_marks_that_the_model_knows(marks: str, known: str) -> None:
    """In one pass: what a mark has become is not looked at again."""
    assert mapped(marks, chinese=False) == mapped(marks, chinese=True) == known


def test_the_dollar_sign_is_a_stop_in_chinese() -> None:
    """What the grammar has left of it."""
    assert mapped("$", chinese=True) == "."
    assert mapped("$", chinese=False) == "$"


@given(text=st.text(), chinese=st.booleans())
def test_letters_stay(text: str, chinese: bool) -> None:
    """Whatever stands between them."""
    letters = [char for char in text if char.isalnum()]
    assert [char for char in mapped(text, chinese=chinese) if char.isalnum()] == letters
