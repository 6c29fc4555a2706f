"""Digits in Spanish, French, Italian and Portuguese become the words people say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tts.offline.phonemes.numbers import spelled


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("21", "es", "veintiuno"),
        ("3.000", "es", "tres mil"),
        ("3,5", "es", "tres coma cinco"),
        ("12 %", "es", "doce por ciento"),
        ("$5", "es", "cinco dólares"),
        ("-4", "es", "menos cuatro"),
        ("9:30", "it", "nove trenta"),
        ("1999", "fr", "mille neuf cent quatre vingt dix neuf"),
        ("2,50 €", "fr", "deux virgule cinquante euros"),
        ("15", "pt", "quinze"),
        ("007", "pt", "zero zero sete"),
        (
            "1234567890123456",
            "it",
            "uno due tre quattro cinque sei sette otto nove zero uno due tre quattro cinque sei",
        ),
        ("a & b", "es", "a y b"),
    ],
)
def test_numbers_in_words(text: str, language: str, words: str) -> None:
    """Whole numbers, decimals, money, shares, times, and codes digit by digit."""
    assert " ".join(spelled(text, language).split()) == words


@given(st.text(max_size=60), st.sampled_from(["es", "fr", "it", "pt"]))
def test_no_digit_is_left(text: str, language: str) -> None:
    """Every ASCII digit becomes a word, whatever stands around it."""
    assert not set(spelled(text, language)) & set("0123456789")
