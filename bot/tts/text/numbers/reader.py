"""A reader: an ordered list of shapes that digits come in, and what to say for each, applied in one pass."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Rule = tuple[str, Callable[..., str]]
"""A pattern, and what to say for its groups (each a string, empty where it did not take part)."""

NUMBER = r"\d{1,3}(?:,\d{3})++(?:\.\d++)?|\d++(?:\.\d++)?"
"""A number as typed: with or without thousands separators and decimals."""

ALONE = r"(?<![\w.,])"
"""Not in the middle of a word or a number."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Puts words for numbers: at each place the first rule that fits speaks."""

    begins: re.Pattern[str]
    pattern: re.Pattern[str]
    rules: dict[int, tuple[tuple[int, ...], Callable[..., str]]]

    @classmethod
    def of(cls, rules: Sequence[Rule], begins: str) -> Reader:
        """A reader of these rules; ``begins`` are the characters that any of them begins with, for brackets."""
        placed: dict[int, tuple[tuple[int, ...], Callable[..., str]]] = {}
        at = 1
        for pattern, say in rules:
            count = re.compile(pattern).groups
            placed[at] = (tuple(range(at + 1, at + 1 + count)), say)
            at += count + 1
        return cls(re.compile(f"[{begins}]"), re.compile("|".join(f"({pattern})" for pattern, _ in rules)), placed)

    def read(self, text: str) -> str:
        """The text with words for all that the rules know."""
        said: list[str] = []
        done = 0
        # Jumping to where a rule may begin is ten times faster than trying the rules at every character.
        for begin in self.begins.finditer(text):
            at = begin.start()
            found = self.pattern.match(text, at) if at >= done else None
            if found:
                said += (text[done:at], self._say(found))
                done = found.end()
        said.append(text[done:])
        return "".join(said)

    def _say(self, found: re.Match[str]) -> str:
        rule = found.lastindex
        assert rule is not None  # every rule is a group of its own, closed last
        groups, say = self.rules[rule]
        return say(*[found[group] or "" for group in groups])


def flooded(text: str) -> bool:
    """Whether there are more numbers in a sentence than anyone would want to hear as such."""
    return len(_RUN.findall(text)) > _MOST


_RUN = re.compile(r"\d+")
_MOST = 32
