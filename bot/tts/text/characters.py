r"""Characters: what is thrown away before anything else looks, and where one that people see ends.

The code points U+E000 to U+F8FF have no meaning of their own. None passes the :class:`Filter`, so the rooms behind it
use a few of them as marks (:mod:`bot.tts.text.marks`) that no one can type.
"""

from __future__ import annotations

import re
import unicodedata

CJK = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
"""Han and kana, for a regular expression's brackets: scripts written without blanks, where a character is a word."""

EMOJI = (
    "\u203c\u2049\u2139\u231a\u231b\u2328\u23cf\u23e9-\u23fa\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe"
    "\u2600-\u27bf\u2b1b\u2b1c\u2b50\u2b55\U0001f004\U0001f0cf\U0001f170-\U0001f19a\U0001f1e6-\U0001f265\U0001f300-\U0001faff"
)
"""Characters that begin an emoji, for a regular expression's brackets."""

_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u0e31\u0e34-\u0e3a"
    "\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u1ab0-\u1aff\u1dc0-\u1dff\u200c\u200d\u20d0-\u20ff\u302a-\u302f"
    "\u3099\u309a\ufe0e\ufe0f\ufe20-\ufe2f"
)
_BREAKS = "\x0b\x0c\x1c-\x1e\x85\u2028\u2029"
_BLANKS = "\t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
_GONE = (
    "\x00-\x08\r\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ud800-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0d\ufeff\uffa0\ufff0-\uffff"
    "\U0001fffe\U0001ffff\U000e0000-\U000e001f\U000e0080-\U0010ffff"
)
_STACK = 4
"""Marks that one character keeps: Thai and Hebrew need three, the longest emoji joint two."""

_ODD = re.compile(f"[{_BREAKS}{_BLANKS}{_GONE}]")
_BREAK = re.compile(f"[{_BREAKS}]")
_BLANK = re.compile(f"[{_BLANKS}]")
_STACKED = re.compile(f"[{_MARKS}]{{{_STACK + 1},}}")
_LEADING = re.compile(f"[{_MARKS}]*")
_TRAILING = re.compile(f"[{_MARKS}]{{1,{_STACK}}}\\Z")


class Filter:
    """Takes out what cannot be said, from text in pieces: controls, bidi and private characters, towers of marks.

    Every kind of line break becomes a newline, every kind of blank a space. How the text is cut into pieces makes no
    difference.
    """

    def __init__(self) -> None:
        self._stacked = 0

    def feed(self, piece: str) -> str:
        """The piece without what cannot be said."""
        if _ODD.search(piece):
            piece = _ODD.sub(_replaced, piece)
        if not piece.isascii():
            return self._lowered(piece)
        self._stacked = 0 if piece else self._stacked
        return piece

    def _lowered(self, piece: str) -> str:
        end = _leading(piece)
        kept = piece[: min(end, _STACK - self._stacked)]
        if end == len(piece):
            self._stacked += len(kept)
            return kept
        rest = _STACKED.sub(lambda tower: tower[0][:_STACK], piece[end:])
        trailing = _TRAILING.search(rest, max(0, len(rest) - _STACK))
        self._stacked = len(trailing[0]) if trailing else 0
        return kept + rest


def boundary(text: str, at: int) -> int:
    """The last place at or before ``at`` that does not cut through a character that people see; 0 if there is none."""
    while 0 < at < len(text) and _joined(text[at - 1], text[at]):
        at -= 1
    flags = 0
    while flags < at and _flag(text[at - 1 - flags]):
        flags += 1
    odd = flags % 2 and at < len(text) and _flag(text[at])
    return at - 1 if odd else at


def _leading(piece: str) -> int:
    found = _LEADING.match(piece)
    return found.end() if found else 0


def _replaced(found: re.Match[str]) -> str:
    character = found[0]
    if _BREAK.match(character):
        return "\n"
    return " " if _BLANK.match(character) else ""


def _joined(left: str, right: str) -> bool:
    if left == "\u200d" or right in "\u200c\u200d\ufe0e\ufe0f" or "\U0001f3fb" <= right <= "\U0001f3ff":
        return True
    if "\U000e0020" <= right <= "\U000e007f":
        return True
    return unicodedata.category(right)[0] == "M" or ("\u1160" <= right <= "\u11ff" and "\u1100" <= left <= "\u11ff")


def _flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
