"""A list of words as one writes it: between blanks."""

from __future__ import annotations


def wordlist(words: str) -> tuple[str, ...]:
    """The words, in order."""
    return tuple(words.split())
