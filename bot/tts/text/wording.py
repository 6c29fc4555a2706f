"""The wording: words for all that is not words yet, once the language of a sentence is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set

from bot.tts.text import emojis, laughter, marks, numbers, tidy
from bot.tts.text.block import Block
from bot.tts.text.dictionary import Dictionary
from bot.tts.text.sentence import Options

_TIDY = "tidy"

_Step = tuple[str, Callable[[str, str], str], Callable[[Block], Iterable[int]]]
"""Its name, what it makes of a text in a language, and which sentences of a block it may change."""


class Wording:
    """The last steps, in their order, which all depend on the language or on what is said in it."""

    def __init__(self, options: Options) -> None:
        dictionary = Dictionary(options.dictionary)
        # In this order: an entry of the dictionary may hold anything, and a name of an emoji or a mark no markup.
        # Laughter before numbers, which would read 555; numbers before joints, which would part km/h.
        self._steps: tuple[_Step, ...] = (
            ("dictionary", lambda text, language: dictionary.applied(text), dictionary.near),
            ("emoji", lambda text, language: emojis.read(text, language, options), emojis.near_emoji),
            ("laughter", laughter.laughed, laughter.near_laughter),
            ("numbers", numbers.spoken, numbers.near_numbers),
            ("joints", lambda text, language: tidy.glued(text), tidy.near_joints),
            ("marks", marks.said, marks.near_marks),
        )

        self._all = {_TIDY, *(name for name, _, _ in self._steps)}

    def due(self, block: Block) -> list[set[str]]:
        """The names of the steps that may change it, for each sentence of the block."""
        if len(block.sentences) == 1:
            return [self._all]
        found: list[set[str]] = [set() for _ in block.everywhere()]
        for name, _, near in self._steps:
            for place in near(block):
                found[place].add(name)
        for place in tidy.near_untidy(block):
            found[place].add(_TIDY)
        return found

    def worded(self, text: str, language: str, rules: list[str], due: Set[str]) -> str:
        """The text in words, tidy; empty if nothing is left. Adds to ``rules`` the names of the steps that changed it.

        No step but those in ``due`` is tried, until one of them has brought in something new.
        """
        changed = False
        for name, step, _ in self._steps if due else ():
            if changed or name in due:
                after = step(text, language)
                if after != text:
                    rules.append(name)
                    text, changed = after, True
        plain = not changed and _TIDY not in due and text.find("\n", 1) < 0
        return tidy.trimmed(text) if plain else tidy.tidied(text)
