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
    any; ``begins`` those that it may begin with, where 0 stands for every digit; ``follows`` those that may stand
    behind the digits it begins with, where a blank stands for every kind of blank, none if anything may.
    """

    pattern: str
    say: Callable[..., str]
    needs: str = ""
    begins: str = "0"
    follows: str = ""

    def may_fit(self, first: str, following: str, present: frozenset[str]) -> bool:
        """Whether it may fit in a text with these of the needs present, where ``following`` stands behind digits."""
        if first not in self.begins or (self.needs and present.isdisjoint(self.needs)):
            return False
        return not self.follows or first != "0" or (following != "" and following in self.follows)


class Reader:
    """Puts words for numbers: at each place the first rule that fits speaks."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        begins = {character for rule in rules for character in rule.begins} - {"0"}
        self._begins = re.compile(f"\\d+|[{re.escape(''.join(sorted(begins)))}]")
        self._needed = frozenset(character for rule in rules for character in rule.needs)
        self._known = frozenset(character for rule in rules for character in rule.follows)
        compiled = [(rule, re.compile(rule.pattern)) for rule in rules]

        @lru_cache(maxsize=4096)
        def candidates(
            first: str, following: str, present: frozenset[str]
        ) -> list[tuple[Callable[[str, int], re.Match[str] | None], Callable[..., str]]]:
            return [(shape.match, rule.say) for rule, shape in compiled if rule.may_fit(first, following, present)]

        self._candidates = candidates

    def read(self, text: str) -> str:
        """The text with words for all that the rules know."""
        said: list[str] = []
        done = at = 0
        present = self._needed.intersection(text)
        while begin := self._begins.search(text, at):
            at = begin.start() + 1
            first, following = self._kind(begin[0][0], text[begin.end() : begin.end() + 1])
            for match, say in self._candidates(first, following, present):
                found = match(text, begin.start())
                if found:
                    said += (text[done : begin.start()], say(*found.groups("")))
                    done = at = found.end()
                    break
        said.append(text[done:])
        return "".join(said)

    def _kind(self, first: str, following: str) -> tuple[str, str]:
        if not first.isdecimal():
            return first, ""
        if following in self._known:
            return "0", following
        return "0", " " if following.isspace() else ""


def flooded(text: str) -> bool:
    """Whether there are more numbers in a sentence than anyone would want to hear as such."""
    return len(text) > 2 * _MOST and len(_RUN.findall(text)) > _MOST
