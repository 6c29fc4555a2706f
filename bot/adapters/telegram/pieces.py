"""A text in pieces that Telegram takes, which counts UTF-16 code units: an emoji is two."""

from __future__ import annotations

import re
from collections.abc import Iterator

_BREAKS = tuple(map(re.compile, (r"\n\s*\n", r"\n", r"[.!?…][\"'”’»)]*\s|[。！？…][”’」』）]*", r"\s|[,;:，、；：]")))
"""Where a text is best broken, then where second best: paragraph, line, sentence, word."""


def pieces(text: str, limit: int) -> Iterator[str]:
    """The text in pieces of at most ``limit`` units, broken where it hurts least; no white space at their edges."""
    rest = text.strip()
    while rest:
        end = _end(rest, limit)
        yield rest[:end].rstrip()
        rest = rest[end:].lstrip()


def shortened(text: str, limit: int) -> str:
    """The text, or as much of it as there is room for, with an ellipsis."""
    if fitting(text, limit) == len(text):
        return text
    return text[: fitting(text, limit - 1)].rstrip() + "…"


def fitting(text: str, limit: int) -> int:
    """How many of its characters are at most ``limit`` units."""
    if len(text) * 2 <= limit:
        return len(text)
    units = 0
    for place, character in enumerate(text):
        units += 1 if character <= "\uffff" else 2
        if units > limit:
            return place
    return len(text)


def _end(text: str, limit: int) -> int:
    """Where its first piece ends."""
    most = fitting(text, limit)
    if most == len(text):
        return most
    for pattern in _BREAKS:
        ends = (found.end() for found in pattern.finditer(text, most // 2, most + 1))  # one more, if that is a blank
        if fit := [end for end in ends if len(text[:end].rstrip()) <= most]:
            return fit[-1]
    return most
