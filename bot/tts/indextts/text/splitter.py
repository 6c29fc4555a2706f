"""The pieces of a text in sentences that the model can take: as upstream cuts them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

_ENDS = frozenset({".", "!", "?", "▁.", "▁?", "▁..."})
_COMMAS = frozenset({",", "▁,"})
_DASHES = frozenset({"-"})
_QUOTES = frozenset({"'", "▁'"})
_SHORTEST = 3
"""Pieces that a sentence has at least where a mark ends it."""

Sentences = list[list[str]]


def split(pieces: Sequence[str], limit: int, *, repeat_quotes: bool = True) -> Sentences:
    """Sentences of at most ``limit`` pieces, neighbours together where they fit.

    Cut where sentences end; what is still too long, at commas, then at dashes, then anywhere. A quote after a mark
    belongs to the sentence before it. Upstream has it open the next one, too, and gives the sentence before it one
    piece more than ``limit`` where the mark was the last to fit; without ``repeat_quotes`` it is there once, and
    ``limit`` holds. Raises ValueError for a ``limit`` below 1.
    """
    if limit < 1:
        raise ValueError(f"a sentence needs room for at least 1 token, not {limit}")
    return _Splitter(limit, repeat_quotes).cut(pieces, _ENDS)


@dataclass(frozen=True, slots=True)
class _Splitter:
    limit: int
    repeat_quotes: bool

    def cut(self, pieces: Sequence[str], marks: frozenset[str]) -> Sentences:
        sentences: Sentences = []
        current: list[str] = []
        taken = False
        for piece, following in zip_longest(pieces, pieces[1:]):
            if taken:
                taken = False
                continue
            current.append(piece)
            if len(current) > self.limit:
                sentences += self._shortened(current, marks)
            elif piece in marks and len(current) >= _SHORTEST:
                taken = self._close(current, following)
                sentences.append(current)
            else:
                continue
            current = []
        return self._merged([*sentences, current])

    def _close(self, sentence: list[str], following: str | None) -> bool:
        """Let a quote that follows into the sentence; whether it is not to open the next one."""
        if following in _QUOTES and (self.repeat_quotes or len(sentence) < self.limit):
            sentence.append(following)
            return not self.repeat_quotes
        return False

    def _shortened(self, pieces: Sequence[str], marks: frozenset[str]) -> Sentences:
        if marks is _ENDS and not _COMMAS.isdisjoint(pieces):
            return self.cut(pieces, _COMMAS)
        if marks is not _DASHES and not _DASHES.isdisjoint(pieces):
            return self.cut(pieces, _DASHES)
        return [list(pieces[at : at + self.limit]) for at in range(0, len(pieces), self.limit)]

    def _merged(self, sentences: Iterable[list[str]]) -> Sentences:
        merged: Sentences = []
        for sentence in filter(None, sentences):
            if merged and len(merged[-1]) + len(sentence) <= self.limit:
                merged[-1] = merged[-1] + sentence
            else:
                merged.append(sentence)
        return merged
