"""One pass over the shapes that digits come in."""

from __future__ import annotations

from bot.tts.text.numbers import spoken
from bot.tts.text.numbers.reader import Reader, Rule, flooded

READER = Reader(
    [
        Rule(r"(\d)-(\d)", lambda low, high: f"{low} to {high}", needs="-"),
        Rule(r"v(\d)(\.\d)?", lambda major, minor: f"version {major}{minor}", begins="v"),
        Rule(r"(\d)", lambda digit: f"<{digit}>"),
    ]
)


def test_the_first_rule_that_fits_speaks() -> None:
    """And the others get what is left."""
    assert READER.read("1-2 and 3 and v4.5 v6") == "1 to 2 and <3> and version 4.5 version 6"


def test_a_group_that_took_no_part_is_empty() -> None:
    """So that what is said need not ask."""
    assert READER.read("v6") == "version 6"


def test_text_without_numbers_is_left() -> None:
    """All of it."""
    assert READER.read("nothing here") == "nothing here"
    assert READER.read("") == ""


def test_a_flood_of_numbers_is_seen() -> None:
    """A sentence with forty numbers is not one that anybody wants to hear word by word."""
    assert not flooded("1 " * 32)
    assert flooded("1 " * 33)


def test_a_flood_is_left_to_the_engine_or_read_digit_by_digit() -> None:
    """English engines read digits; the Chinese one needs characters."""
    assert spoken("1 " * 40, "en") == "1 " * 40
    assert spoken("1 " * 40, "zh") == "一 " * 40


def test_other_languages_keep_their_digits() -> None:
    """Their engines read them, and better than a table here could."""
    assert spoken("3 Äpfel für 5,50 €", "de") == "3 Äpfel für 5,50 €"
    assert spoken("3時に", "ja") == "3時に"
