"""Which letters a reader knows: what it does not know it would drop or spell, and nobody would notice."""

from __future__ import annotations

import unicodedata
from itertools import groupby

_NAMES = {
    "ARABIC": "Arabic",
    "ARMENIAN": "Armenian",
    "BENGALI": "Bengali",
    "CJK": "Chinese",
    "CYRILLIC": "Cyrillic",
    "DEVANAGARI": "Devanagari",
    "ETHIOPIC": "Ethiopic",
    "GEORGIAN": "Georgian",
    "GREEK": "Greek",
    "GUJARATI": "Gujarati",
    "HANGUL": "Korean",
    "HEBREW": "Hebrew",
    "HIRAGANA": "Japanese",
    "KANNADA": "Kannada",
    "KATAKANA": "Japanese",
    "KHMER": "Khmer",
    "LAO": "Lao",
    "MALAYALAM": "Malayalam",
    "MYANMAR": "Burmese",
    "SINHALA": "Sinhala",
    "TAMIL": "Tamil",
    "TELUGU": "Telugu",
    "THAI": "Thai",
    "TIBETAN": "Tibetan",
}
_READ = {"zh": frozenset({"CJK"}), "ja": frozenset({"CJK", "HIRAGANA", "KATAKANA"})}
_SYLLABIC = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL"})
"""Scripts in which one letter is already a word."""


def unread(text: str, language: str) -> str:
    """The name of a script in the text that a reader of the language does not know; empty if it knows all.

    A single letter of another alphabet (a π in a sentence) is no reason to refuse; a word of it is.
    """
    known = _READ.get(language, frozenset())
    for script, letters in groupby(unicodedata.normalize("NFKC", text), key=_script):
        foreign = script in _NAMES and script not in known
        if foreign and (script in _SYLLABIC or sum(1 for _ in letters) > 1):
            return _NAMES[script]
    return ""


def _script(letter: str) -> str:
    if letter == "の":
        # Chinese writers use it for 的, and it is read so.
        return "CJK"
    return unicodedata.name(letter, "").partition(" ")[0] if letter.isalpha() else ""
