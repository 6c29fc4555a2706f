"""Digits as words, for the languages whose text arrives with digits in it (Spanish, French, Italian, Portuguese)."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_NUMBER = re.compile(r"((?<!\w)-)?(\d{1,3}(?:[. \u00a0\u202f]\d{3})+|\d+)(?:([.,])(\d+))?(?=(\s?%)?)")
_TIME = re.compile(r"\b(\d{1,2}):(\d{2})\b")

_POINT = {"es": "coma", "fr": "virgule", "it": "virgola", "pt": "vírgula"}
_MINUS = {"es": "menos", "fr": "moins", "it": "meno", "pt": "menos"}
_SIGNS = {
    "%": {"es": "por ciento", "fr": "pour cent", "it": "per cento", "pt": "por cento"},
    "€": {"es": "euros", "fr": "euros", "it": "euro", "pt": "euros"},
    "$": {"es": "dólares", "fr": "dollars", "it": "dollari", "pt": "dólares"},
    "£": {"es": "libras", "fr": "livres", "it": "sterline", "pt": "libras"},
    "&": {"es": "y", "fr": "et", "it": "e", "pt": "e"},
    "+": {"es": "más", "fr": "plus", "it": "più", "pt": "mais"},
    "=": {"es": "igual a", "fr": "égale", "it": "uguale a", "pt": "igual a"},
    "@": {"es": "arroba", "fr": "arobase", "it": "chiocciola", "pt": "arroba"},
}
_BEFORE = re.compile(r"([€$£])\s?(-?\d[\d.,]*\d|\d)")
_LONGEST = 15
"""Digits that are read as one number; longer ones are read one by one, as people do."""


def spelled(text: str, language: str) -> str:
    """The text with its numbers, times and money in words."""
    text = _BEFORE.sub(r"\2 \1", text)
    text = _TIME.sub(lambda time: f"{_cardinal(time[1], language)} {_cardinal(time[2], language)}", text)
    text = _NUMBER.sub(lambda number: _number(number, language), text)
    for sign, words in _SIGNS.items():
        text = text.replace(sign, f" {words[language]} ")
    return text


def _number(found: re.Match[str], language: str) -> str:
    minus, whole, point, fraction = found[1], re.sub(r"\D", "", found[2]), found[3], found[4]
    words = [_MINUS[language]] if minus else []
    words.append(_cardinal(whole, language))
    if point:
        words += [_POINT[language], _cardinal(fraction, language)]
    return " ".join(words)


def _cardinal(digits: str, language: str) -> str:
    if len(digits) > _LONGEST or (digits[0] == "0" and len(digits) > 1):
        return " ".join(_words(digit, language) for digit in digits)
    return _words(digits, language)


def _words(digits: str, language: str) -> str:
    words: str = _engine(language).format_number(int(digits)).text
    return words.replace("\u00ad", "").replace("-", " ")


@cache
def _engine(language: str) -> Any:
    from unicode_rbnf import RbnfEngine

    return RbnfEngine.for_language(language)
