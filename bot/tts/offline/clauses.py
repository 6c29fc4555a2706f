"""Where a phoneme string may be cut, so that its beginning is heard while the rest is still being made."""

from __future__ import annotations

import re
from collections.abc import Iterator

PAUSES = ",;:.!?—…"
"""Phoneme symbols at which a speaker may breathe."""

_CLAUSE_END = re.compile(rf"(?<=[{PAUSES}])\s+|(?<=[{PAUSES}][”)\"])\s+")


def clauses(phonemes: str, *, limit: int, least: int, growth: float) -> list[str]:
    """Cut phonemes into chunks of at most ``limit`` symbols, at clause marks where there are any.

    The first chunk is the shortest of at least ``least`` symbols for which the next clause is at most ``growth`` times
    what was made before: a model whose real-time factor is below ``1 / growth`` then never leaves a gap between them.
    Later chunks grow, because a sentence cut seldom sounds better.
    """
    chunks: list[str] = []
    made, current = 0, ""
    for clause in _pieces(phonemes, limit):
        whole = f"{current} {clause}" if current else clause
        wanted = max(least, made)
        in_time = len(clause) <= growth * (made + len(current))
        if current and (len(whole) > limit or (len(current) >= wanted and in_time)):
            chunks.append(current)
            made += len(current)
            whole = clause
        current = whole
    return [*chunks, current] if current else chunks


def _pieces(phonemes: str, limit: int) -> Iterator[str]:
    for clause in _CLAUSE_END.split(phonemes.strip()):
        rest = clause.strip()
        while len(rest) > limit:
            at = rest.rfind(" ", 1, limit + 1)
            at = at if at > 0 else limit
            yield rest[:at].strip()
            rest = rest[at:].strip()
        if rest:
            yield rest
