"""wetext's grammars, one step at a time: a text in tokens, and each token as it is said.

A token is a word, a run of punctuation, or something that is said otherwise than it is written: a date, a sum of money,
an address. Upstream runs WeTextProcessing, which cannot be had on Windows; wetext holds the same grammars. Between
tagging and saying, the tokens are seen here, so that the few places where the two differ can be made equal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from threading import Lock
from types import ModuleType
from typing import Literal

Language = Literal["en", "zh"]

_TOKEN = re.compile(r'(\w+) \{((?: *\w+: "(?:[^"\\]|\\.)*")*) *\} *', re.DOTALL)
_FIELD = re.compile(r'(\w+): "((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CUTS = (re.compile(r"[.!?][ \n]+|[。！？\n]"), re.compile(r"\s|[，,]"))
"""Where a long text is cut: better after a sentence than after a word."""
_PORTION = 600
_one_at_a_time = Lock()
"""The transducers are shared; nothing says that they may be used by two threads at once."""


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` is the grammar's word (``w``, ``p``, ``cardinal``, ``date`` …), ``written`` how the tagger wrote it,
    ``fields`` its parts, unescaped."""

    kind: str
    written: str
    fields: dict[str, str]

    @property
    def value(self) -> str:
        """The only part of a word, a character or a run of punctuation."""
        return next(iter(self.fields.values()), "")


class NotInGrammar(ValueError):
    """The grammar has no way through this text."""


def tokens(text: str, language: Language) -> list[Token]:
    """The tokens of a text that is neither empty nor blank. Raises :class:`NotInGrammar`."""
    tagged = _call("tag", text, language, "tn")
    found = list(_parse(tagged))
    if not found or sum(len(token.written) for token in found) < len(tagged):
        raise NotInGrammar(language)
    return found


def say(token: Token, language: Language) -> str:
    """A token as it is said. Raises :class:`NotInGrammar`."""
    said = _call("verbalize", _call("reorder", token.written, language, "tn"), language, "tn")
    if not said:
        raise NotInGrammar(token.kind)
    return said


def portions(text: str) -> Iterator[str]:
    """A long text in parts, none of them longer than the grammars take in a moment: their time grows faster than their
    text. All of the text is in them."""
    while len(text) > _PORTION:
        ends = (found.end() for cut in _CUTS for found in cut.finditer(text, _PORTION // 4, _PORTION))
        end = next(ends, _PORTION)
        yield text[:end]
        text = text[end:]
    yield text


def simplified(text: str) -> str:
    """Traditional Chinese characters become simplified ones; white space around the text stays."""
    return _kept_around(text, lambda core: _call("preprocess", core, traditional_to_simple=True))


def halved(text: str) -> str:
    """Full-width characters become half-width ones; white space around the text stays."""
    return _kept_around(text, lambda core: _call("postprocess", core, full_to_half=True))


def _parse(tagged: str) -> Iterator[Token]:
    end = 0
    while found := _TOKEN.match(tagged, end):
        end = found.end()
        fields = {key: _ESCAPED.sub(r"\1", value) for key, value in _FIELD.findall(found[2])}
        yield Token(found[1], found[0], fields)


def _kept_around(text: str, change: Callable[[str], str]) -> str:
    core = text.strip()
    if not core:
        return text
    start = text.index(core)
    return text[:start] + (change(core) or core) + text[start + len(core) :]


def _call(step: str, *arguments: str, **options: bool) -> str:
    with _one_at_a_time:
        return str(getattr(_wetext(), step)(*arguments, **options))


@cache
def _wetext() -> ModuleType:
    """Imported by the first who has something to normalise: it reads 40 MB of grammars, half a second."""
    return import_module("wetext")
