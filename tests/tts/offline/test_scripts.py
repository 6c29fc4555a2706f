"""A reader is never given letters that it would drop or spell without anyone noticing."""

from __future__ import annotations

import pytest

from bot.tts.offline.scripts import unread


@pytest.mark.parametrize(
    ("text", "language", "script"),
    [
        ("Привет", "en", "Cyrillic"),
        ("hello мир", "en", "Cyrillic"),
        ("你", "en", "Chinese"),
        ("你好", "es", "Chinese"),
        ("ひらがな", "zh", "Japanese"),
        ("カタカナ", "zh", "Japanese"),
        ("ｶﾀｶﾅ", "en", "Japanese"),
        ("한국어", "ja", "Korean"),
        ("مرحبا", "fr", "Arabic"),
        ("שלום", "it", "Hebrew"),
        ("नमस्ते", "pt", "Devanagari"),
        ("สวัสดี", "en", "Thai"),
        ("Καλημέρα", "en", "Greek"),
    ],
)
def test_a_word_in_a_foreign_script_is_named(text: str, language: str, script: str) -> None:
    """The script that the reader does not know is named."""
    assert unread(text, language) == script


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello, world! 3.14", "en"),
        ("The value of π is known.", "en"),
        ("naïve café, São Paulo, Łódź", "en"),
        ("你好，Python 世界", "zh"),
        ("优の良品", "zh"),
        ("今日はPythonのクラスです", "ja"),
        ("𝓗𝓮𝓵𝓵𝓸", "en"),
        ("5 µm, 20 Ω", "en"),
        ("1ª vez, nº 3", "es"),
        ("", "en"),
        ("😀 … —", "en"),
    ],
)
def test_what_the_reader_knows_passes(text: str, language: str) -> None:
    """Its own letters, Latin ones, symbols and a single letter from elsewhere are no reason to refuse."""
    assert unread(text, language) == ""
