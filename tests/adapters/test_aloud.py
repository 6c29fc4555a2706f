"""What is too long is cut with a word, and what somebody says again and again is not read again and again."""

from __future__ import annotations

import pytest

from bot.adapters.aloud import FORGOTTEN, Repeats, shortened
from tests.doubles.store import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def repeats(clock: Clock) -> Repeats:
    return Repeats(clock)


def test_a_long_message_is_cut_with_a_word() -> None:
    """Who listens knows that there was more."""
    assert shortened("one two three four five six", 24, "en") == "one two\nand so on."
    assert shortened("one two", 7, "en") == "one two"
    assert len(shortened("a" * 500, 100, "en")) <= 100


def test_cutting_never_opens_a_spoiler() -> None:
    """What it hides must not be heard because its end was cut off."""
    assert shortened("Listen: ||he dies|| and ||he says so too|| ok", 44, "en") == "Listen: ||he dies|| and\nand so on."
    assert "dies" not in shortened("Listen up: ||he dies in the end of it||", 30, "en")


def test_the_third_time_in_a_row_is_too_much(repeats: Repeats) -> None:
    """Whatever its case and blanks."""
    said = ("spam", "Spam ", "SPAM", "ham", "spam")
    assert [repeats.too_many(5, 1, text) for text in said] == [False, False, True, False, False]


def test_everybody_repeats_for_themselves(repeats: Repeats) -> None:
    """Two people may say the same, and one may in two places."""
    assert not any(repeats.too_many(5, speaker, "hello") for speaker in (1, 1, 2, 2))
    assert not repeats.too_many(6, 1, "hello")


def test_after_a_minute_of_silence_the_same_words_are_new(repeats: Repeats, clock: Clock) -> None:
    """Who says good morning every day is heard every day; who goes on repeating is not."""
    assert [repeats.too_many(5, 1, "good morning") for _ in range(3)] == [False, False, True]
    clock.advance(FORGOTTEN - 1)
    assert repeats.too_many(5, 1, "good morning")
    clock.advance(FORGOTTEN)
    assert not repeats.too_many(5, 1, "good morning")
