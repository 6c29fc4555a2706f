"""Repeats: a scream, a laugh or a flood is said once, and still sounds like one."""

from __future__ import annotations

import re
from functools import cache

from bot.tts.text.sentence import Options

_MARKS = re.compile(r"([!?！？‼⁇⁈⁉])[!?！？‼⁇⁈⁉]+|([。，,、…~])\2+|\.{4,}|…{2,}")


_PAIR = re.compile("[!?！？‼⁇⁈⁉。，,、…~.][!?！？‼⁇⁈⁉。，,、…~.]")
_SYLLABLE = 4
"""Letters in the longest syllable that is laughed or stammered."""


def marks(text: str, options: Options) -> str:
    """Many exclamation marks are one; question and exclamation keep both."""
    return _MARKS.sub(_mark, text) if _PAIR.search(text) else text


def letters(text: str, options: Options) -> str:
    """A letter, then a syllable, is said at most ``max_repeat`` times in a row."""
    most = options.max_repeat
    text = re.sub(rf"([^\W\d_])\1{{{most},}}", lambda run: run[1] * most, text) if _stuck(most).search(text) else text
    words = text.split()
    if max(map(len, words), default=0) <= 2 * most:
        return text
    if all(len(set(word)) > _SYLLABLE for word in words if len(word) > 2 * most):
        return text
    return re.sub(rf"([^\W\d_]{{2,{_SYLLABLE}}}?)\1{{{most},}}", lambda run: run[1] * most, text)


@cache
def _stuck(most: int) -> re.Pattern[str]:
    """A quicker look than the search proper: most text has no such run."""
    return re.compile(r"(.)\1" + r"\1" * (most - 1))


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
