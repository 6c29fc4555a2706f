"""Numbers in words: English and Chinese. Other languages keep their digits, which their engines read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.tts.text.block import Block
from bot.tts.text.numbers import chinese, english

__all__ = ["near_numbers", "spoken"]

_READERS = {"en": english.spoken, "zh": chinese.spoken}

_SIGN = re.compile(f"[\\d{re.escape(''.join(english.SIGNED | chinese.SIGNED))}]")
_COMMA = re.compile("[\u4e00-\u9fff],")


def spoken(text: str, language: str) -> str:
    """The text with its numbers, dates, times, amounts and units in words, where the language is one we know."""
    reader = _READERS.get(language)
    return reader(text) if reader else text


def near_numbers(block: Block) -> Iterator[int]:
    """The sentences that may hold a number, or a sign that stands between numbers."""
    yield from block.holding(_SIGN)
    yield from block.holding_any("/")
    yield from block.holding(_COMMA)  # a Western one, in Chinese
