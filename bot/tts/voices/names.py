"""What people type when they mean a voice, and what they may have meant."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Container, Mapping
from functools import lru_cache
from heapq import nsmallest
from itertools import islice

_EDGE = re.compile(r"[a-z]{2,3}-(?:[A-Za-z]+-)*?([A-Z][A-Za-z]*)Neural")
_KOKORO = re.compile(r"[a-z]{2}_(\w+)")
_STYLE = re.compile(r"(Multilingual|Expressive)$")
_LONGEST = 40
_LIKELY = 40
_FAVOUR = 0.6
_TELLING = 2
"""Letters from which on a part of a name says something."""


def fold(name: str) -> str:
    """The name without case, width, spaces and dashes: ``"zh-CN Xiaoxiao"`` and ``"ZHCNXIAOXIAO"`` are the same."""
    return "".join(c for c in unicodedata.normalize("NFKC", name).casefold() if c.isalnum())


@lru_cache(maxsize=4096)
def nicknames(voice: str) -> tuple[str, ...]:
    """Folded names that a voice goes by, its full one first, the most clipped last."""
    found = [voice]
    if edge := _EDGE.fullmatch(voice):
        found += [edge[1], _STYLE.sub("", edge[1])]
    elif kokoro := _KOKORO.fullmatch(voice):
        found.append(kokoro[1])
    elif "." in voice:
        found.append(voice.rpartition(".")[0])
    return tuple(dict.fromkeys(fold(name) for name in found))


def nearest(name: str, known: Mapping[str, str], dear: Container[str] = (), count: int = 3) -> tuple[str, ...]:
    """Of ``known`` (folded name → what to show), the ``count`` that ``name`` comes nearest to, each shown once.

    Those that are ``dear`` go before others that come a little nearer.
    """
    key = fold(name)[:_LONGEST]

    def rank(candidate: str, distance: Callable[[str, str], int]) -> tuple[float, int, str]:
        favour = _FAVOUR if candidate in dear else 1.0
        return _strangeness(key, candidate, distance) * favour, len(candidate), candidate

    # Counting edits is slow, counting letters is quick and never more: it leaves few to be looked at closely.
    likely = nsmallest(_LIKELY, known, key=lambda candidate: rank(candidate, _strays))
    shown = dict.fromkeys(known[candidate] for candidate in sorted(likely, key=lambda one: rank(one, edits)))
    return tuple(islice(shown, count))


def _strangeness(key: str, candidate: str, distance: Callable[[str, str], int]) -> float:
    """0 for the same, 1 for nothing in common; a beginning or a part of a name counts for more than its letters."""
    short, long = sorted((key, candidate), key=len)
    if len(short) >= _TELLING and short in long:
        missing = 1 - len(short) / len(long)
        return missing * (0.3 if long.startswith(short) else 0.6)
    return distance(short, long) / max(len(long), 1)


def _strays(short: str, long: str) -> int:
    """How many letters of the longer word have no like in the shorter; never more than the edits between them."""
    return len(long) - sum(min(short.count(c), long.count(c)) for c in set(short))


def edits(one: str, other: str) -> int:
    """How many letters must be inserted, dropped, changed or swapped with their neighbour."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            best = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                best = min(best, before[j - 2] + 1)
            row.append(best)
        before, last = last, row
    return last[-1]
