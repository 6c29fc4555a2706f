"""What of a text the service can be sent at once. edge-tts splits nothing that has no blanks, such as Chinese."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import accumulate
from xml.sax.saxutils import escape

LIMIT = 3000
"""Bytes of escaped text in one request; well below the 4,096 at which edge-tts would split by itself."""

_UNSPEAKABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NAMED = frozenset("&%@#*/\\§")
_ENDS = (frozenset(".!?;…。！？；\n"), frozenset(",:，、：)]）】」』"), frozenset(" \t\u3000"))
_JOINERS = frozenset("\u200d\ufe0e\ufe0f")


def clean(text: str) -> str:
    """The text without what cannot stand in XML: controls, lone surrogates and the two that are no characters."""
    return _UNSPEAKABLE.sub(" ", text)


def pronounceable(text: str) -> bool:
    """Whether there is anything in it that a voice could say: a letter, a digit, or a sign that has a name."""
    return any(c.isalnum() or c in _NAMED or unicodedata.category(c)[0] == "S" for c in text)


def pieces(text: str, limit: int = LIMIT) -> Iterator[str]:
    """The text in pieces of at most ``limit`` bytes once escaped, cut where a speaker would breathe.

    Never inside a grapheme, unless one alone is longer than that.
    """
    if 5 * len(text) <= limit or len(escape(text).encode()) <= limit:  # no character gets longer than &amp;
        yield text
        return
    start = 0
    sizes = [0, *accumulate(len(escape(c).encode()) for c in text)]
    while sizes[-1] - sizes[start] > limit:
        end = start
        while sizes[end + 1] - sizes[start] <= limit:
            end += 1
        end = _breath(text, start, end)
        yield text[start:end]
        start = end
    yield text[start:]


def _breath(text: str, start: int, end: int) -> int:
    """Where to cut at the latest at ``end``: after a sentence, a clause or a word in the second half, or anywhere."""
    half = start + (end - start) // 2
    for ends in _ENDS:
        for at in range(end, half, -1):
            if text[at - 1] in ends and not _joined(text, at):
                return at
    for at in range(end, half, -1):
        if not _joined(text, at):
            return at
    return end


def _joined(text: str, at: int) -> bool:
    """Whether the characters before and after this place are one grapheme."""
    after = text[at]
    return (
        after in _JOINERS
        or text[at - 1] == "\u200d"
        or unicodedata.category(after).startswith("M")
        or "\U0001f3fb" <= after <= "\U0001f3ff"
    )
