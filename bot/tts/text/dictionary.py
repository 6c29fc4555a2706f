"""The pronunciation dictionary: whole words, longest first, in any case, and never twice over the same text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from bot.tts.text.block import Block
from bot.tts.text.characters import CJK

_SPACED = re.compile(f"[^\\W{CJK}]")


class Dictionary:
    """Says words as their entries want them said."""

    def __init__(self, entries: Mapping[str, str]) -> None:
        self._said = {word.casefold(): said for word, said in entries.items() if word.strip()}

    def near(self, block: Block) -> Iterable[int]:
        """The sentences that may hold an entry's word."""
        return block.everywhere() if self._said else ()

    def applied(self, text: str) -> str:
        """The text with every entry's word replaced. An entry's own words are not looked up again."""
        if not self._said:
            return text
        folded = text.casefold()
        present = sorted((word for word in self._said if word in folded), key=len, reverse=True)
        if not present:
            return text
        pattern = re.compile("|".join(map(_whole, present)), re.IGNORECASE)
        return pattern.sub(lambda found: self._said.get(found[0].casefold(), found[0]), text)


def _whole(word: str) -> str:
    """A pattern for the word; in scripts without blanks there is nothing that would make it whole."""
    before = r"(?<![^\W_])" if _SPACED.match(word[0]) else ""
    after = r"(?![^\W_])" if _SPACED.match(word[-1]) else ""
    wide = f"(?:(?<=[{CJK}])|{before})" if before else ""
    return f"{wide}{re.escape(word)}{f'(?:(?=[{CJK}])|{after})' if after else ''}"
