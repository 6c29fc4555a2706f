"""Screams, floods and towers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tts.text import Options, clean
from bot.tts.text.repeats import letters, marks, words

EN = Options(language="en")


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("sooooooo", "sooo"),
        ("NOOOO", "NOOO"),
        ("ああああああ", "あああ"),
        ("哈哈哈哈哈哈", "哈哈哈"),
        ("hahahahaha", "hahaha"),
        ("lolololol", "lololol"),
        ("jajajajaja", "jajaja"),
        ("хахахаха", "хахаха"),
        ("1000000", "1000000"),
        ("1010101010", "1010101010"),
        ("committee", "committee"),
        ("banana", "banana"),
    ],
)
def test_letters_and_syllables_are_said_at_most_three_times(typed: str, left: str) -> None:
    """Digits are not letters: a million stays one."""
    assert letters(typed, EN) == left


@pytest.mark.parametrize(("most", "left"), [(1, "so"), (2, "soo"), (5, "sooooo")])
def test_how_often_is_a_wish(most: int, left: str) -> None:
    """``max_repeat`` is what counts."""
    assert letters("soooooooo", Options(max_repeat=most)) == left


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("no!!!!!!", "no!"),
        ("what?????", "what?"),
        ("what?!?!?!", "what?!"),
        ("what!!??", "what?!"),
        ("wait......", "wait..."),
        ("wait……", "wait…"),
        ("天啊！！！！", "天啊！"),
        ("什么？！？！", "什么？！"),
        ("好。。。", "好。"),
        ("a,,,,b", "a,b"),
        ("3.14 ok.", "3.14 ok."),
    ],
)
def test_marks_are_said_once(typed: str, left: str) -> None:
    """An ellipsis stays one, a question that is shouted stays both."""
    assert marks(typed, EN) == left


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("spam " * 50, "spam spam spam"),
        ("\nspam spam spam spam", "spam spam spam"),
        ("no no no", "no no no"),
        ("the cat and the dog and the bird and the fish", "the cat and the dog and the bird and the fish"),
    ],
)
def test_words_are_said_at_most_three_times_in_a_row(typed: str, left: str) -> None:
    """But as often as one likes with others between."""
    assert words(typed, EN).strip() == left


@given(st.text(st.sampled_from("ab !?.哈x"), max_size=60))
def test_repeats_are_settled_at_once(text: str) -> None:
    """A second look finds no single letter and no mark left to take away."""
    once = marks(letters(text, EN), EN)
    assert marks(once, EN) == once


def test_the_same_line_three_times_is_said_twice() -> None:
    """Once more than once: one hears that it was repeated."""
    assert [sentence.text for sentence in clean("buy gold\n" * 30, EN)] == ["buy gold", "buy gold"]
    assert [sentence.text for sentence in clean("Hi there. " * 3, EN)] == ["Hi there.", "Hi there."]


def test_lines_that_differ_only_for_the_eye_are_the_same() -> None:
    """A flood in bold is a flood."""
    assert len(clean("buy gold\n**buy gold**\n_buy gold_\n`buy gold`", EN)) == 2


def test_another_line_between_ends_the_flood() -> None:
    """What is said again later is said."""
    assert len(clean("a cat\na cat\na dog\na cat\na cat", EN)) == 5
