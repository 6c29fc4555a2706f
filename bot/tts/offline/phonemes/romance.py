"""What the readers of Spanish, Italian, Portuguese and French share: words and marks, vowels in a row, stress."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.tts.offline.phonemes import marks

Rules = Sequence[tuple[re.Pattern[str], str]]
"""Spelling to sound, in the order to apply: each finds and replaces in what the ones before it left."""

_FOREIGN = {"ß": "ss", "ł": "l", "ø": "o", "æ": "e", "œ": "e", "đ": "d", "ð": "d", "þ": "t", "ı": "i"}
"""Letters that are not another with an accent."""

Binds = Callable[[str, str], str]

_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*['’]?|\d+|[^\w\s]|\s+")


def rules(*pairs: tuple[str, str]) -> Rules:
    """Compile ``(pattern, replacement)`` pairs."""
    return [(re.compile(pattern), replacement) for pattern, replacement in pairs]


def applied(rewriting: Rules, word: str) -> str:
    """The word after every rule."""
    for pattern, replacement in rewriting:
        word = pattern.sub(replacement, word)
    return word


def read(text: str, sounds: Callable[[str], str], letters: Mapping[str, str], binds: Binds | None = None) -> str:
    """Phonemes of a text word by word; ``letters`` names those of an abbreviation that cannot be said as a word.

    ``binds`` is the sound with which a word joins the one after it.
    """
    tokens = _TOKEN.findall(marks.plain(text).replace("’", "'"))
    said = [_token(token, sounds, letters) for token in tokens]
    if binds:
        for at, (word, space, after) in enumerate(zip(tokens, tokens[1:], tokens[2:], strict=False)):
            if space.isspace() or space == "-":
                said[at] += binds(word.lower(), after.lower())
    return marks.tidy("".join(said))


def named(names: str) -> dict[str, str]:
    """The names of the letters a to z, given in order."""
    return dict(zip("abcdefghijklmnopqrstuvwxyz", names.split(), strict=True))


@dataclass(frozen=True, slots=True)
class Scan:
    """Rules read from left to right: at each place the first that fits says the sound and how far it goes."""

    rules: tuple[tuple[re.Pattern[str], str], ...]

    def read(self, word: str) -> str:
        """The sounds of a word; letters that no rule knows are silent."""
        said, at = "", 0
        while at < len(word):
            sound, at = self._at(word, at)
            said += sound
        return said

    def _at(self, word: str, at: int) -> tuple[str, int]:
        for pattern, sound in self.rules:
            if found := pattern.match(word, at):
                return found.expand(sound), found.end()
        return "", at + 1


def scanned(listed: str) -> Scan:
    """Rules, one a line: a pattern and its sound, ``-`` where it is silent."""
    lines = (line.split() for line in listed.strip().splitlines())
    return Scan(tuple((re.compile(pattern), "" if sound == "-" else sound) for pattern, sound in lines))


def words(listed: str) -> frozenset[str]:
    """The words of a list."""
    return frozenset(listed.split())


def lexicon(listed: str) -> dict[str, str]:
    """Words and their sounds, by turns."""
    turns = iter(listed.split())
    return dict(zip(turns, turns, strict=True))


def native(word: str, accented: str) -> str:
    """The word with only the accents its language has (``accented``); a foreign letter loses its own."""
    return "".join(letter if letter in accented else bare(_FOREIGN.get(letter, letter)) for letter in word)


def bare(word: str) -> str:
    """The word without accents."""
    return "".join(letter for letter in unicodedata.normalize("NFD", word) if not unicodedata.combining(letter))


def _token(token: str, sounds: Callable[[str], str], letters: Mapping[str, str]) -> str:
    if not token[0].isalpha():
        return marks.MARKS.get(token[0], " ")
    if _spelled(token):
        return " ".join(sounds(letters[letter]) for letter in bare(token).lower() if letter in letters)
    return sounds(token.lower()).replace("'", "")


def _spelled(token: str) -> bool:
    """Whether it is an abbreviation that is said letter by letter: PDF, USB, but not NASA."""
    return token.isupper() and 1 < len(token) < 6 and bool(re.search(r"^[^AEIOU]+$|[^AEIOU]{2}$", bare(token)))
