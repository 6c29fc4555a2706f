"""The order in which a text becomes what is said: upstream's, down to its quirks."""

from __future__ import annotations

import re

from bot.tts.indextts.text import chinese, english, pinyin, punctuation

_IDEOGRAPH = re.compile(r"[\u4e00-\u9fff]")
_LETTER = re.compile(r"[a-zA-Z]")
_EMAIL = re.compile(r"[a-zA-Z0-9]+@[a-zA-Z0-9]+\.[a-zA-Z]+\n?")
_IS = re.compile(r"(what|where|who|which|how|t?here|it|s?he|that|this)'s", re.IGNORECASE)
_HUMS = str.maketrans({"嗯": "恩", "呣": "母"})
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def is_chinese(text: str) -> bool:
    """By which grammar a text is read: an ideograph, no Latin letter at all, an address alone, or pinyin with a tone
    make it Chinese; anything else is English."""
    if _IDEOGRAPH.search(text) or not _LETTER.search(text):
        return True
    return bool(_EMAIL.fullmatch(text) or pinyin.SYLLABLE.search(text))


def normalize(text: str) -> str:
    """A text as upstream's normaliser leaves it. Never raises: what the grammar cannot read stays as it is."""
    text = _IS.sub(r"\1 is", legible(text).translate(_HUMS))
    return _chinese(text) if is_chinese(text) else _english(text)


def legible(text: str) -> str:
    """Halves of characters, which no encoding can hold, become the replacement character; NUL becomes nothing."""
    return _SURROGATE.sub("\ufffd", text).replace("\0", "")


def _chinese(text: str) -> str:
    text, stand_ins = pinyin.protected(text.rstrip())
    return punctuation.mapped(pinyin.restored(chinese.normalize(text), stand_ins), chinese=True)


def _english(text: str) -> str:
    return punctuation.mapped(english.normalize(text), chinese=False)
