"""A block: raw sentences that came at once. Which of them a step concerns is found out for all of them in one look."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Block:
    """``text`` is the sentences, each between newlines; ``characters`` holds at least each character of them.

    ``starts`` says where in the text each sentence begins, and at last where another would.
    """

    sentences: Sequence[str]
    text: str
    characters: frozenset[str]
    ascii_only: bool
    starts: Sequence[int]

    @staticmethod
    def of(sentences: Sequence[str]) -> Block:
        """The block of these sentences."""
        text = _joined(sentences)
        return Block(sentences, text, frozenset(text), text.isascii(), _starts(sentences))

    def with_changed(self, changed: Mapping[int, str]) -> Block:
        """The block with other sentences at these places."""
        sentences = list(self.sentences)
        for place, sentence in changed.items():
            sentences[place] = sentence
        text = _joined(sentences)
        characters = self.characters.union(*changed.values())
        return Block(sentences, text, characters, text.isascii(), _starts(sentences))

    def having(self, sign: re.Pattern[str]) -> list[str]:
        """The characters of it that are such a sign."""
        return [] if self.ascii_only else sign.findall("".join(self.characters))

    def holding(self, sign: re.Pattern[str]) -> Iterator[int]:
        """The places of the sentences that hold the sign, which must take their edges for newlines."""
        at = 0
        while found := sign.search(self.text, at):
            place = self.place(found.end() - 1)
            yield place
            at = self.starts[place + 1] - 1  # from the newline before the next

    def holding_any(self, signs: Iterable[str]) -> Iterator[int]:
        """The places of the sentences that hold one of these strings, some of them perhaps more than once."""
        for sign in signs:
            at = self.text.find(sign)
            while at >= 0:
                place = self.place(at)
                yield place
                at = self.text.find(sign, self.starts[place + 1])

    def place(self, at: int) -> int:
        """The place of the sentence that holds what is there in the text."""
        return bisect_right(self.starts, at) - 1

    def everywhere(self) -> range:
        """The places of all sentences."""
        return range(len(self.sentences))


def _joined(sentences: Sequence[str]) -> str:
    return "\n".join(("", *sentences, ""))


def _starts(sentences: Sequence[str]) -> list[int]:
    return [at + more for more, at in enumerate(accumulate(map(len, sentences), initial=0), 1)]
