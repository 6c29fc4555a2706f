"""English as upstream's normaliser says it: dates, money, units, addresses and signs in words.

Upstream is WeTextProcessing 1.2.0 on Linux. wetext's grammar is a later one of the same family: it does not break words
apart (upstream reads ``5-10 minutes`` as *five to ten minutes inutes*), but has no way through some texts that upstream
has: those are made fit for it here. What it says otherwise is in :mod:`~bot.tts.indextts.text.readings`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import chain, pairwise

from bot.tts.indextts.text.grammar import NotInGrammar, Token, portions, tokens
from bot.tts.indextts.text.readings import said, with_marks_read, word

_BREAKS = re.compile(r"[\t\n\r\f\xa0]+")
"""White space that upstream's grammar passes over without a trace, where a space belongs to the punctuation it is at:
``Hi.`` and ``How?`` on two lines are ``Hi.How?``."""
_SPACES = re.compile(r"(?<=[^ ]) {2,}(?=[^ ])")
_SIGNS = frozenset("[]#%&*/@_§")
"""No symbols by Unicode, but signs to the grammar, and not punctuation."""
_MARKS = frozenset('"`<>\\')
"""Punctuation to the grammar, and not all of it by Unicode."""


def normalize(text: str) -> str:
    """The text in words; what the grammar does not know stays as it is."""
    parts = chain.from_iterable(map(portions, _BREAKS.split(text)))
    lines = (_tidied(line) for line in parts if line.strip(" "))
    found = [token for line in lines for token in _tokens(line)]
    return _joined(with_marks_read(found))


def _tidied(line: str) -> str:
    """wetext stops at two spaces between words. At punctuation they stay: there they belong to it."""

    def single(found: re.Match[str]) -> str:
        around = line[found.start() - 1], line[found.end()]
        return found[0] if any(map(_is_mark, around)) else " "

    return _SPACES.sub(single, line)


def _tokens(text: str) -> list[Token]:
    """Half by half where the whole does not go, so that an odd word costs the others nothing but their context."""
    if found := _found(text) or _found(_set_apart(text)):
        return found
    middle = _middle(text)
    return _tokens(text[:middle]) + _tokens(text[middle + 1 :]) if middle else [word(text)]


def _found(text: str) -> list[Token]:
    try:
        return tokens(text, "en")
    except NotInGrammar:
        return []


def _middle(text: str) -> int:
    """The space nearest to the middle, or 0."""
    half = len(text) // 2
    return min((found.start() for found in re.finditer(" ", text)), key=lambda at: abs(at - half), default=0)


def _set_apart(text: str) -> str:
    """A sign right at a number, as in ``50+`` or ``[1]``, stops wetext, where upstream reads both for themselves. Only
    in words that do not go alone: ``$5`` is a sum of money, not a dollar and a five."""
    return " ".join(part if not _has_seam(part) or _found(part) else _apart(part) for part in text.split(" "))


def _has_seam(text: str) -> bool:
    return any(_is_seam(a, b) for a, b in pairwise(text))


def _apart(text: str) -> str:
    return "".join(a + " " * _is_seam(a, b) for a, b in pairwise(text)) + text[-1:]


def _is_seam(a: str, b: str) -> bool:
    return (_is_digit(a) and _is_sign(b)) or (_is_sign(a) and _is_digit(b))


def _is_digit(char: str) -> bool:
    return "0" <= char <= "9"


def _is_sign(char: str) -> bool:
    if _is_mark(char):
        return False
    return char in _SIGNS or unicodedata.category(char)[0] == "S" or (not char.isascii() and char.isnumeric())


def _is_mark(char: str) -> bool:
    return char in _MARKS or (char not in _SIGNS and unicodedata.category(char)[0] == "P")


def _joined(found: Iterable[Token]) -> str:
    """Words are set apart by spaces, punctuation brings its own; but what opens the text gets one, as upstream has it:
    ``"Stop!"`` is ``" Stop!"``."""
    text, apart = "", False
    for token in found:
        is_mark = token.kind == "p"
        apart_after = not is_mark or not text
        text += " " * (apart and not is_mark) + said(token)
        apart = apart_after
    return text if apart else text.removesuffix(" ")
