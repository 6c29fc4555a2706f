"""A sentence that changes its script changes its voice: the words in it that a reader of its language cannot read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from bot.tts.text.characters import CJK
from bot.tts.text.language import SCRIPTS, SHARED, language_of

Run = tuple[str, str]

_WIDE = "zh"
"""Han and kana under one name: which of the two languages it is, is decided for each run."""
_SYLLABIC = re.compile(f"[{CJK}\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
"""Scripts in which one letter may be a word. A single one of an alphabet (a π) is read by who reads the rest."""
_LATIN = "A-Za-z\u00aa\u00b5\u00ba\u00c0-\u02af\u1e00-\u1eff"


def runs(text: str, language: str) -> list[Run]:
    """The sentence in parts with a language each, in order and without blanks at their ends; most often one part.

    Latin words stay where they are: readers of every other script read them.
    """
    if text.isascii():
        return [(text, language)]
    if not _letter(_script(language)).search(text):
        return [(text, language)]
    found = [match for match in _foreign(_script(language)).finditer(text) if _is_word(match[0])]
    if not found:
        return [(text, language)]
    return [(part, tongue) for part, tongue in _cut(text, language, found) if any(map(str.isalnum, part))]


def _cut(text: str, language: str, found: list[re.Match[str]]) -> Iterator[Run]:
    at = 0
    for match in found:
        yield text[at : match.start()].strip(), language
        yield match[0].strip(), language_of(match[0])
        at = match.end()
    yield text[at:].strip(), language


def _is_word(run: str) -> bool:
    return _SYLLABIC.search(run) is not None or sum(map(str.isalpha, run)) > 1


@cache
def _letter(script: str) -> re.Pattern[str]:
    """A letter that the readers of a script cannot read: most sentences have none, and are told so quickly."""
    return re.compile(f"[{''.join(letters for name, letters in _classes().items() if name != script)}]")


@cache
def _foreign(script: str) -> re.Pattern[str]:
    """What the readers of a script cannot read: from its first such letter, with the digits before it, to the last one
    before a letter of theirs, with the marks after it."""
    classes = _classes()
    own = _LATIN + classes.pop(script, "")
    foreign = "".join(classes.values())
    return re.compile(rf"(?<!\d)\d*[{foreign}](?:[^{own}]*[{foreign}])?[^\w\s]*")


def _classes() -> dict[str, str]:
    """The letters of each script but Latin, for a regular expression's brackets."""
    classes = {_WIDE: CJK}
    for low, high, language, *_ in (*SCRIPTS, *SHARED):
        classes[language] = classes.get(language, "") + f"{chr(low)}-{chr(high)}"
    return classes


@cache
def _script(language: str) -> str:
    """The script that a language is written in, by the name of the first language that writes it."""
    if language in ("zh", "ja"):
        return _WIDE
    return next((first for _, _, first, languages in SHARED if language in languages), language)
