"""Numbers in words: English and Chinese. Other languages keep their digits, which their engines read."""

from __future__ import annotations

from bot.tts.text.numbers import chinese, english

__all__ = ["spoken"]

_READERS = {"en": english.spoken, "zh": chinese.spoken}


def spoken(text: str, language: str) -> str:
    """The text with its numbers, dates, times, amounts and units in words, where the language is one we know."""
    reader = _READERS.get(language)
    return reader(text) if reader else text
