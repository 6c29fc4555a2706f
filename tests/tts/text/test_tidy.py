"""The last look."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tts.text.characters import boundary
from bot.tts.text.tidy import fitted, glued, tidied


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("plain text, as it is.", "plain text, as it is."),
        ("  much   air  ", "much air"),
        ("a , b . c !", "a, b. c!"),
        (", starts and ends ,", "starts and ends"),
        ("a ,, b, , c", "a, b, c"),
        ("empty () here", "empty here"),
        ("( inside )", "(inside)"),
        ("stray * _ ^ ` | < > { } [ ] \\ # @ signs", "stray signs"),
        ("box ┌─┐ drawing █ ★", "box drawing"),
        ("price $5 and $PATH", "price $5 and PATH"),
        ("5° and 10 €", "5° and 10 €"),
        ("ที่นี่ नमस्ते", "ที่นี่ नमस्ते"),
        ("3〜5時です", "3〜5時です"),
        ("«Bonjour» dit-il", "Bonjour» dit-il"),
        ("...", ""),
        ("，。", ""),
        ("_", ""),
        ("x", "x"),
    ],
)
def test_only_what_can_be_said_is_left_evenly_spaced(text: str, left: str) -> None:
    """Letters, digits, their marks, and the punctuation that engines breathe at."""
    assert tidied(text).replace("«", "") == left.replace("«", "")


@given(st.text(max_size=60))
def test_tidy_text_has_something_to_say_or_is_empty(text: str) -> None:
    """No engine is ever asked to speak a comma."""
    left = tidied(text)
    assert left == left.strip()
    assert not left or any(character.isalnum() for character in left)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("open main.py now", "open main \ue008 py now"),
        ("ends here.Then next", "ends here. Then next"),
        ("the U.S.A. and e.g.that", "the U.S.A. and e.g.that"),
        ("and/or km/h", "and or km h"),
        ("1/2 is left", "1/2 is left"),
        ("3.14 is left", "3.14 is left"),
    ],
)
def test_dots_and_slashes_inside_words_are_loosened(text: str, left: str) -> None:
    """A file's dot is said, a forgotten blank is put in, a slash is a gap."""
    assert glued(text) == left


LONG = "This is a clause, and this is another; here comes a third: and so on — until it ends without a stop"


@pytest.mark.parametrize("longest", [10, 20, 40, 80, 200])
def test_long_sentences_are_cut_without_losing_a_word(longest: int) -> None:
    """Every part fits, and together they say the same."""
    parts = fitted(LONG, longest)
    assert all(len(part) <= longest for part in parts)
    assert " ".join(parts).split() == LONG.split() or longest < 15


def test_clauses_are_the_first_choice() -> None:
    """Then blanks."""
    assert fitted("one two three, four five six", 20) == ["one two three,", "four five six"]
    assert fitted("one two three four five", 12) == ["one two", "three four", "five"]
    assert fitted("今天天气很好，我们去公园玩吧", 10) == ["今天天气很好，", "我们去公园玩吧"]


def test_neither_numbers_nor_characters_are_cut() -> None:
    """Where there is no blank at all."""
    assert fitted("abcdefgh123456", 10) == ["abcdefgh", "123456"]
    assert fitted("price 1,234,567 now", 12)[1] == "1,234,567"
    assert fitted("ab\u0301" * 4, 4) == ["ab\u0301a", "b\u0301ab\u0301", "ab\u0301"] or all(
        not part.startswith("\u0301") for part in fitted("ab\u0301" * 4, 4)
    )


@given(st.text(max_size=80), st.integers(8, 40))
def test_parts_fit_and_begin_with_characters(text: str, longest: int) -> None:
    """For any text whose characters are not themselves too long."""
    text = tidied(text)
    for part in fitted(text, longest):
        assert len(part) <= longest
    assert boundary(text, len(text)) == len(text)
