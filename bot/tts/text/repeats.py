"""Repeats: a scream, a laugh or a flood is said once, and still sounds like one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from operator import eq

from bot.tts.text.block import Block
from bot.tts.text.sentence import Options

_MARKS = re.compile(r"([!?！？‼⁇⁈⁉])[!?！？‼⁇⁈⁉]+|([。，,、…~])\2+|\.{4,}|…{2,}")


_PAIR = re.compile("[!?！？‼⁇⁈⁉。，,、…~.][!?！？‼⁇⁈⁉。，,、…~.]")
_SYLLABLE = 4
"""Letters in the longest syllable that is laughed or stammered."""


def marks(text: str, options: Options) -> str:
    """Many exclamation marks are one; question and exclamation keep both."""
    return _MARKS.sub(_mark, text) if _PAIR.search(text) else text


def near_marks(block: Block, options: Options) -> Iterable[int]:
    """The sentences in which a mark may be there twice in a row."""
    return block.holding(_PAIR)


def letters(text: str, options: Options) -> str:
    """A letter, then a syllable, is said at most ``max_repeat`` times in a row."""
    most = options.max_repeat
    for run in filter(text.__contains__, _runs(set(text), most)):
        while run in text:
            text = text.replace(run, run[1:])
    if any(len(set(word)) <= _SYLLABLE for word in _long(most).findall(text)):
        text = _syllable(most).sub(lambda run: run[1] * most, text)
    return text


def near_letters(block: Block, options: Options) -> Iterator[int]:
    """The sentences in which a letter or a syllable may be there too often."""
    most = options.max_repeat
    yield from block.holding_any(_runs(block.characters, most))
    for word in _long(most).finditer(block.text):
        if len(set(word[0])) <= _SYLLABLE:
            yield block.place(word.start())


def _runs(characters: Iterable[str], most: int) -> list[str]:
    """Each letter of these, once more than it may be said."""
    return [character * (most + 1) for character in characters if character.isalnum() and not character.isdecimal()]


@cache
def _long(most: int) -> re.Pattern[str]:
    return re.compile(rf"\S{{{2 * most + 1},}}")


@cache
def _syllable(most: int) -> re.Pattern[str]:
    return re.compile(rf"([^\W\d_]{{2,{_SYLLABLE}}}?)\1{{{most},}}")


def words(text: str, options: Options) -> str:
    """A word is said at most ``max_repeat`` times in a row."""
    said = text.replace("\n", " ").split(" ")
    if len(said) - len(set(said)) < options.max_repeat:
        return text
    kept: list[str] = []
    run, last = 0, ""
    for word in said:
        run, last = (run + 1, last) if word and word == last else (1, word)
        if run <= options.max_repeat:
            kept.append(word)
    return text if len(kept) == len(said) else " ".join(kept)


def near_words(block: Block, options: Options) -> Iterable[int]:
    """The sentences in which a word may be there twice in a row: all, if it is so in any."""
    said = block.text.split()
    return block.holding_any(" ") if any(map(eq, said, said[1:])) else ()


def _mark(run: re.Match[str]) -> str:
    found = run[0]
    if found[0] == ".":
        return "..."
    if run[2]:
        return run[2]
    wide = any(mark in "！？" for mark in found)
    asks, shouts = any(mark in "?？⁇⁈⁉" for mark in found), any(mark in "!！‼⁈⁉" for mark in found)
    said = ("?" if asks else "") + ("!" if shouts else "")
    return said.translate({0x3F: "？", 0x21: "！"}) if wide else said
