"""The two values of the text room: what it is told, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Sentence:
    """One clean, speakable sentence.

    ``text`` is what an engine is told, numbers and dates already words where its language is English or Chinese;
    ``language`` a primary BCP-47 subtag (``en``, ``zh``); ``rules`` names the steps that changed something, in order,
    each once.
    """

    text: str
    language: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """How to read.

    ``emoji``, ``links``, ``code`` and ``spoilers``: read, say only what was there, or pass over in silence.
    ``max_repeat`` bounds how often a letter, a syllable or a word is said in a row. ``language`` is the one the speaker
    is known to use; it decides for short and ambiguous text, as do the languages ``spoken`` here, if that is known:
    a few Latin letters are no evidence for one that is not. ``names`` puts a name to a mention as it was typed
    (``"<@42>"``, ``"<#7>"``, ``"<@&9>"``, ``"@handle"``). ``dictionary`` says how to pronounce whole words, longest
    first, in any case; it also applies to names. A sentence longer than ``max_sentence_chars`` is split.
    """

    emoji: Literal["read", "skip"] = "read"
    links: Literal["domain", "say", "skip"] = "domain"
    code: Literal["say", "skip"] = "say"
    spoilers: Literal["say", "skip"] = "say"
    max_repeat: int = 3
    language: str | None = None
    spoken: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)
    dictionary: Mapping[str, str] = field(default_factory=dict)
    max_sentence_chars: int = 300

    def __post_init__(self) -> None:
        if self.max_repeat < 1:
            raise ValueError(f"max_repeat is {self.max_repeat}; it must be at least 1")
        if self.max_sentence_chars < 1:
            raise ValueError(f"max_sentence_chars is {self.max_sentence_chars}; it must be at least 1")


DEFAULT = Options()
