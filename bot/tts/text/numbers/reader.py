"""A reader: an ordered list of shapes that digits come in, and what to say for each, applied in one pass."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

NUMBER = r"\d{1,3}(?:,\d{3})++(?:\.\d++)?|\d++(?:\.\d++)?"
"""A number as typed: with or without thousands separators and decimals."""

ALONE = r"(?<![\w.,])"
"""Not in the middle of a word or a number."""

_MOST = 32
_RUN = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Rule:
    """A shape, and what to say for its groups (each a string, empty where it took no part).

    ``needs`` holds characters one of which must be in the text for the shape to occur at all, none if it may occur in
    any; ``begins`` those that it may begin with, where 0 stands for every digit.
    """

    pattern: str
    say: Callable[..., str]
    needs: str = ""
    begins: str = "0"


class Reader:
    """Puts words for numbers: at each place the first rule that fits speaks."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        begins = {character for rule in rules for character in rule.begins} - {"0"}
        self._begins = re.compile(f"[\\d{re.escape(''.join(sorted(begins)))}]")
        self._needed = frozenset(character for rule in rules for character in rule.needs)
        compiled = [(rule, re.compile(rule.pattern)) for rule in rules]

        @lru_cache(maxsize=1024)
        def candidates(first: str, present: frozenset[str]) -> list[tuple[re.Pattern[str], Callable[..., str]]]:
            possible = (pair for pair in compiled if first in pair[0].begins)
            return [(pattern, rule.say) for rule, pattern in possible if not rule.needs or present & set(rule.needs)]

        self._candidates = candidates

    def read(self, text: str) -> str:
        """The text with words for all that the rules know."""
        said: list[str] = []
        done = 0
        present = self._needed.intersection(text)
        for begin in self._begins.finditer(text):
            at = begin.start()
            if at < done:
                continue
            first = begin[0]
            for pattern, say in self._candidates("0" if first.isdecimal() else first, present):
                found = pattern.match(text, at)
                if found:
                    said += (text[done:at], say(*found.groups("")))
                    done = found.end()
                    break
        said.append(text[done:])
        return "".join(said)


def flooded(text: str) -> bool:
    """Whether there are more numbers in a sentence than anyone would want to hear as such."""
    return len(_RUN.findall(text)) > _MOST
