"""Laughter as it is typed in different languages, made to sound like laughter."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from bot.tts.text.block import Block

_GRASS = re.compile(r"(?<![A-Za-z.])[wW]{2,}(?![A-Za-z.])")
_HANGUL = re.compile("ㅋ{2,}|ㅎ{2,}|[ㅠㅜ]{2,}")
_HANGUL_SAID = {"ㅋ": "크크크", "ㅎ": "하하하"}
_LATIN_CHINESE = re.compile(r"(?<![A-Za-z0-9])(?:[hH]{3,}|[wW]{3,}|23{3,})(?![A-Za-z0-9.])")
_FIVES = re.compile(r"(?<![\d.,])(?:5{4,}(?![\d.,])|5{3}(?=\+*\s*(?:[.!?]|\Z)))\+*")
_LATIN = re.compile(r"(?<![^\W_])(?:[wW]{3,}|[kK]{3,}|[hH]{3,})(?![\w.])")

_SIGNS = {
    "ja": ("ww",),
    "zh": ("hhh", "www", "233"),
    "ko": ("ㅋㅋ", "ㅎㅎ", "ㅠ", "ㅜ"),
    "th": ("555",),
    "en": ("www", "kkk", "hhh"),
}
"""What any laughter of a language holds: most text has none, and is told so quickly."""
_ALL = frozenset(sign for signs in _SIGNS.values() for sign in signs)


def laughed(text: str, language: str) -> str:
    """The text with its laughter spelled so that an engine laughs."""
    if language not in _SIGNS:
        language = "en"
    low = text.lower()
    if not any(sign in low for sign in _SIGNS[language]):
        return text
    if language == "ja":
        return _GRASS.sub("ワラ", text)
    if language == "zh":
        return _LATIN_CHINESE.sub("哈哈哈", text)
    if language == "ko":
        return _HANGUL.sub(lambda run: _HANGUL_SAID.get(run[0][0], ""), text)
    if language == "th":
        return _FIVES.sub("ฮ่าฮ่าฮ่า", text)
    return _LATIN.sub("haha", text)


def near_laughter(block: Block) -> Iterable[int]:
    """The sentences in which somebody may laugh, in any language."""
    low = block.text.lower()
    if len(low) != len(block.text):  # a few capitals have longer small letters
        return block.everywhere()
    return replace(block, text=low).holding_any(_ALL)
